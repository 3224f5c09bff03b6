"""Junk: put aside, learned by its sender, brought back; never deleted, and never unseen."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from audit.actions import record
from audit.verbs import Verb
from directory.models import Desk, User
from helpdesk.errors import DomainError
from tickets.actions.working import junk_ticket, locked, unjunk_ticket
from tickets.models import JunkSender, Ticket
from tickets.queries import is_known_client, sender_of


class ClientKnown(DomainError):
    code = "client_known"
    words = _("%(name)s is a client whom the desk knows. Confirm that the letter is junk all the same.")


@dataclass(frozen=True)
class Junking:
    """What was chosen: `is_later_too` for the sender's later mail, `is_sure` although the client is known."""

    is_later_too: bool = False
    is_sure: bool = False


@transaction.atomic
def put_among_junk(ticket: Ticket, chosen: Junking, *, by: User, at: datetime) -> Ticket:
    """Put the ticket among the junk and, if so chosen, the sender's later mail. Raises ClientKnown, NotAllowedInState."""
    if is_known_client(ticket.client) and not chosen.is_sure:
        raise ClientKnown(name=ticket.client.name)
    ticket = junk_ticket(ticket, by=by, at=at)
    if chosen.is_later_too and (address := sender_of(ticket)):
        _, is_new = JunkSender.objects.get_or_create(
            desk=ticket.desk, email=address, defaults={"at": at, "by": by.employee}
        )
        if is_new:
            record(ticket, Verb.SENDER_JUNKED, by=by, at=at, sender=address)
    return ticket


@transaction.atomic
def bring_back(ticket: Ticket, *, by: User, at: datetime) -> Ticket:
    """Bring the ticket back, its deadlines counted from the receipt as ever, and forget its sender as junk.

    Raises NotAllowedInState.
    """
    ticket = locked(ticket)
    address = sender_of(ticket)
    if JunkSender.objects.filter(desk=ticket.desk, email=address).delete()[0]:
        record(ticket, Verb.SENDER_FORGIVEN, by=by, at=at, sender=address)
    return unjunk_ticket(ticket, by=by, at=at)


@transaction.atomic
def look_through(junk: QuerySet[Ticket], *, by: User, at: datetime) -> int:
    """Note that a person has looked at these junk tickets; return how many nobody had seen."""
    unseen = list(junk.filter(is_junk_unseen=True).select_for_update(of=("self",), no_key=True))
    Ticket.objects.filter(pk__in=[one.pk for one in unseen]).update(is_junk_unseen=False)
    for one in unseen:
        record(one, Verb.JUNK_SEEN, by=by, at=at)
    return len(unseen)


def junk_senders(desk: Desk, addresses: Collection[str]) -> set[str]:
    """Return which of the addresses the desk has learned as junk; all lower case."""
    lowered = {address.strip().lower() for address in addresses}
    return set(JunkSender.objects.filter(desk=desk, email__in=lowered).values_list("email", flat=True))


def note_junk(ticket: Ticket) -> None:
    """Have a person look at a junk ticket to which something has come by itself."""
    Ticket.objects.filter(pk=ticket.pk, state=Ticket.State.JUNK).update(is_junk_unseen=True)

"""Tickets that belong together without being one: linked, and shown on both sides."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit.actions import record
from audit.verbs import Verb
from directory.models import User
from helpdesk.errors import DomainError
from tickets.actions.joining import both_locked
from tickets.models import Link, Ticket
from tickets.transitions import Act, next_state


class CannotLink(DomainError):
    code = "cannot_link"
    words = _("A ticket can be linked to another ticket of its own desk only.")


@transaction.atomic
def link_tickets(ticket: Ticket, other: Ticket, *, by: User, at: datetime) -> Link:
    """Note that two tickets are related; a no-op if they are linked already. Raises NotAllowedInState, CannotLink."""
    ticket, other = both_locked(ticket, other)
    if ticket.pk == other.pk or ticket.desk_id != other.desk_id:
        raise CannotLink
    for one in (ticket, other):
        next_state(one.state, Act.LINK)
    earlier, later = sorted((ticket, other), key=lambda one: one.pk)
    known = {"earlier": earlier, "later": later, "undone_at": None}
    facts = {"kind": Link.Kind.RELATED, "at": at, "by": by.employee}
    link, is_new = Link.objects.get_or_create(**known, defaults=facts)
    if is_new:
        _record(link, Verb.TICKET_LINKED, by=by, at=at)
    return link


@transaction.atomic
def undo_link(link: Link, *, by: User, at: datetime) -> Link:
    """Note that two tickets are not related after all; a no-op if that was done."""
    link = Link.objects.select_for_update(of=("self",)).select_related("earlier", "later").get(pk=link.pk)
    if link.undone_at is None:
        link.undone_at = at
        link.save(update_fields=["undone_at"])
        _record(link, Verb.TICKET_UNLINKED, by=by, at=at)
    return link


def _record(link: Link, verb: Verb, *, by: User, at: datetime) -> None:
    record(link.earlier, verb, by=by, at=at, other=link.later.number)
    record(link.later, verb, by=by, at=at, other=link.earlier.number)

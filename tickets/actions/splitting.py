"""A ticket that is two: some of its messages become a ticket of their own, and come back if that was wrong."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Max, Min
from django.utils.translation import gettext_lazy as _

from audit.actions import record
from audit.verbs import Verb
from directory.models import User
from helpdesk.errors import DomainError
from sla.actions import resume_deadlines
from sla.models import Deadline
from sla.queries import deadlines_of
from tickets.actions.joining import both_locked, join_ticket, refuse_in_doubt, state_by_marks
from tickets.actions.numbering import take_number
from tickets.actions.working import complete_if_nothing_waits, locked
from tickets.models import Link, Message, Note, Ticket
from tickets.queries import survivor_of, unfinished_messages
from tickets.transitions import Act, next_state

State, Kind = Ticket.State, Message.Kind


class NothingToSplit(DomainError):
    code = "nothing_to_split"
    words = _("Choose at least one message of the client for the new ticket, and leave at least one here.")


class MovedMeanwhile(DomainError):
    code = "moved_meanwhile"
    words = _("Something that was chosen is on this ticket no longer. Open the ticket anew and choose again.")


class StillOwed(DomainError):
    code = "still_owed"
    words = _("A promise or a colleague's draft is open on this ticket: leave the message here that it is to answer.")


class NotSplit(DomainError):
    code = "not_split"
    words = _("This ticket was not split off from another, or that was undone already.")


@dataclass(frozen=True)
class Chosen:
    """What goes to the new ticket, by ids; `subject` is its subject, that of its first message if empty."""

    messages: frozenset[int]
    notes: frozenset[int] = frozenset()
    subject: str = ""


def split_ticket(ticket: Ticket, chosen: Chosen, *, by: User, at: datetime) -> Ticket:
    """Make a ticket of the chosen messages and notes and return it; files and deadlines go along, times stay.

    The new ticket has the same owner, and the client who wrote its first message. A no-op if the same was split off
    before. Raises NotAllowedInState, NothingToSplit, MovedMeanwhile, StillOwed, ReplyUnderWay.
    """
    if (done := _split_before(ticket, chosen)) is not None:
        return done
    _check(ticket, chosen)
    # In a transaction of its own: who receives mail may hold the counter and wait for the ticket.
    number = take_number(ticket.desk, at=at)
    with transaction.atomic():
        ticket = locked(ticket)
        _check(ticket, chosen)
        made = _open(ticket, chosen, number)
        _move(ticket, made, chosen, by=by, at=at)
        Link.objects.create(earlier=ticket, later=made, kind=Link.Kind.SPLIT, at=at, by=by.employee)
        record(ticket, Verb.TICKET_SPLIT, by=by, at=at, off=made.number, messages=sorted(chosen.messages))
        record(made, Verb.TICKET_SPLIT, by=by, at=at, source=ticket.number)
    return made


@transaction.atomic
def undo_split(ticket: Ticket, *, by: User, at: datetime) -> Ticket:
    """Join a ticket that was split off to where it came from; return that. Raises NotSplit and as `join_ticket`."""
    ticket, into = both_locked(ticket, survivor_of(_split_link(ticket).earlier))
    link = _split_link(ticket)
    into = join_ticket(ticket, into, by=by, at=at)
    link.undone_at = at
    link.save(update_fields=["undone_at"])
    return into


def _split_link(ticket: Ticket) -> Link:
    split_off = Link.objects.filter(later=ticket, kind=Link.Kind.SPLIT, undone_at=None).select_related("earlier")
    link = split_off.first()
    if link is None:
        raise NotSplit
    return link


def _split_before(ticket: Ticket, chosen: Chosen) -> Ticket | None:
    """Return the ticket that holds all of these messages because they were split off: a form that was sent twice."""
    made = Ticket.objects.filter(links_earlier__earlier=ticket, links_earlier__undone_at=None)
    first = made.filter(messages__in=chosen.messages).first()
    if first is None or first.messages.filter(pk__in=chosen.messages).count() != len(chosen.messages):
        return None
    return first


def _check(ticket: Ticket, chosen: Chosen) -> None:
    next_state(ticket.state, Act.SPLIT)
    letters = Message.objects.filter(ticket=ticket)
    theirs = letters.filter(kind=Kind.INCOMING)
    if letters.filter(pk__in=chosen.messages).count() != len(chosen.messages):
        raise MovedMeanwhile
    if Note.objects.filter(ticket=ticket, pk__in=chosen.notes).count() != len(chosen.notes):
        raise MovedMeanwhile
    goes, stays = theirs.filter(pk__in=chosen.messages), theirs.exclude(pk__in=chosen.messages)
    if not goes.exists() or not stays.exists():
        raise NothingToSplit
    refuse_in_doubt(ticket)
    owed = deadlines_of(ticket).filter(message=None, state__in=Deadline.OPEN)
    if owed.exists() and not unfinished_messages(ticket).exclude(pk__in=chosen.messages).exists():
        raise StillOwed


def _open(ticket: Ticket, chosen: Chosen, number: str) -> Ticket:
    theirs = Message.objects.filter(pk__in=chosen.messages, kind=Kind.INCOMING)
    first = theirs.select_related("client").order_by("at", "pk")[0]
    waiting = theirs.exclude(mark=Message.Mark.COMPLETE).aggregate(at=Min("at"))["at"]
    return Ticket.objects.create(
        desk=ticket.desk,
        number=number,
        subject=(chosen.subject.strip() or first.subject or ticket.subject)[:300],
        client=first.client or ticket.client,
        owner=ticket.owner,
        topic=ticket.topic,
        channel=first.channel,
        received_at=first.at,
        queued_at=waiting or theirs.aggregate(at=Max("at"))["at"],
    )


def _move(ticket: Ticket, made: Ticket, chosen: Chosen, *, by: User, at: datetime) -> None:
    Deadline.objects.filter(message__in=chosen.messages, ticket=ticket).update(ticket=made)
    Message.objects.filter(pk__in=chosen.messages).update(ticket=made)
    Note.objects.filter(pk__in=chosen.notes).update(ticket=made)
    # What stays may wait for the client; what went was not what they were asked about.
    resume_deadlines(made, resumed_at=at, by=by, at=at)
    made.state = state_by_marks(made, State.UNPROCESSED)
    made.completed_at = at if made.state == State.COMPLETE else None
    made.save(update_fields=["state", "completed_at"])
    _queue_anew(ticket)
    complete_if_nothing_waits(ticket, by=by, at=at)


def _queue_anew(ticket: Ticket) -> None:
    """Queue the ticket by the oldest message that it still owes an answer, if what queued it went.  (S-21)"""
    oldest = unfinished_messages(ticket).aggregate(at=Min("at"))["at"]
    if ticket.is_open and oldest is not None and oldest > ticket.queued_at:
        ticket.queued_at = oldest
        ticket.save(update_fields=["queued_at"])

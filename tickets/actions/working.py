"""What the administrator does with a ticket short of answering it."""

from collections.abc import Iterable
from datetime import datetime

from django.db import models, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from audit.actions import record
from audit.verbs import Verb
from directory.models import User
from helpdesk import nudge
from helpdesk.errors import DomainError
from sla.actions import (
    cancel_deadlines,
    meet_deadlines,
    own_deadlines,
    restore_deadlines,
    resume_deadlines,
    start_deadlines,
)
from sla.models import Deadline, Kind
from sla.queries import deadlines_of
from tickets.actions.draft_states import lay_aside
from tickets.models import Message, Note, Ticket
from tickets.queries import older_unprocessed, unfinished_messages
from tickets.transitions import Act, next_state


class OutOfOrder(models.TextChoices):
    """Why somebody starts on a ticket while an older unprocessed one waits.  (S-21)"""

    URGENT = "urgent", _("it is urgent")
    QUICK = "quick", _("it takes a minute")
    RELATED = "related", _("it belongs to work in hand")
    OLDER_BLOCKED = "older_blocked", _("the older one cannot be started on")


class OlderWaiting(DomainError):
    code = "older_waiting"
    words = _("An older message waits unprocessed (%(number)s). Choose why this one goes first, or start on that one.")


class RepliesOpen(DomainError):
    code = "replies_open"
    words = _("A message of the client still waits for its answer. Reply, or note that no answer is needed and why.")


class ReasonMissing(DomainError):
    code = "reason_missing"
    words = _("Write the reason.")


def locked(ticket: Ticket) -> Ticket:
    """Lock the ticket. Not its key: rows that point at it are written under other locks, and the two would cross."""
    related = ("desk", "owner", "client", "topic")
    return Ticket.objects.select_for_update(of=("self",), no_key=True).select_related(*related).get(pk=ticket.pk)


def check_order(ticket: Ticket, reason: str, *, by: User, at: datetime) -> None:
    """Refuse to start on a ticket while an older unprocessed one waits, unless a reason is given; record the reason."""
    if ticket.state != Ticket.State.UNPROCESSED:
        return
    older = older_unprocessed(ticket).first()
    if older is None:
        return
    if reason not in OutOfOrder.values:
        raise OlderWaiting(number=older.number)
    record(ticket, Verb.OLDER_PASSED_OVER, by=by, at=at, older=older.number, reason=reason)


def set_state(ticket: Ticket, state: str, *, at: datetime) -> None:
    """Move the ticket to `state`; the caller holds its lock and has asked the table."""
    ticket.state = state
    ticket.completed_at = at if state == Ticket.State.COMPLETE else None
    ticket.resume_on = ticket.resume_on if state == Ticket.State.WAITING else None
    ticket.is_junk_unseen = ticket.is_junk_unseen and state == Ticket.State.JUNK
    ticket.save(update_fields=["state", "completed_at", "resume_on", "is_junk_unseen"])


def set_marks(messages: QuerySet[Message], mark: str) -> None:
    """Give client's messages their mark, to be written back to the mailbox after the commit.  (E-II.5)"""
    changed = messages.filter(kind=Message.Kind.INCOMING).exclude(mark=mark)
    if changed.update(mark=mark, is_mark_written=False):
        nudge.after_commit("contact.email.write_marks")


def handle(ticket: Ticket, state: str, *, by: User, at: datetime) -> None:
    """Note the first handling: unmarked messages become incomplete and their `mark` deadlines are met.  (E-II.5a)"""
    set_marks(Message.objects.filter(ticket=ticket, mark=Message.Mark.NONE), Message.Mark.INCOMPLETE)
    meet_deadlines(deadlines_of(ticket, kind=Kind.MARK), met_at=at, by=by, at=at)
    if ticket.state != state:
        set_state(ticket, state, at=at)


def complete_if_nothing_waits(ticket: Ticket, *, by: User | None, at: datetime) -> None:
    """Complete the ticket once every message of the client is; its mark is the least finished of theirs."""
    if ticket.is_open and not unfinished_messages(ticket).exists():
        # Whatever else was owed, a promise say, was owed for an answer.
        cancel_deadlines(deadlines_of(ticket), Deadline.CancelReason.NOT_NEEDED, by=by, at=at)
        lay_aside(ticket, at=at)
        set_state(ticket, Ticket.State.COMPLETE, at=at)
        record(ticket, Verb.TICKET_COMPLETED, by=by, at=at)


@transaction.atomic
def take_ticket(ticket: Ticket, *, order_reason: str = "", by: User, at: datetime) -> Ticket:
    """Take the ticket in hand: it and its open deadlines are `by`'s; a no-op if they are already.  (E-II.5a)

    Raises NotAllowedInState, OlderWaiting.
    """
    ticket = locked(ticket)
    state = next_state(ticket.state, Act.TAKE)
    if ticket.owner_id == by.employee.pk and ticket.state == state and not ticket.messages.filter(mark="none").exists():
        return ticket
    check_order(ticket, order_reason, by=by, at=at)
    set_owner(ticket, by=by, at=at)
    handle(ticket, state, by=by, at=at)
    return ticket


def set_owner(ticket: Ticket, *, by: User, at: datetime) -> None:
    """Make `by` the ticket's owner; a no-op if they are."""
    if ticket.owner_id == by.employee.pk:
        return
    before, ticket.owner = ticket.owner_id, by.employee
    ticket.save(update_fields=["owner"])
    own_deadlines(ticket, by.employee)
    record(ticket, Verb.TICKET_TAKEN, by=by, at=at, owner=[before, by.employee.pk])


@transaction.atomic
def add_note(ticket: Ticket, text: str, *, by: User, at: datetime) -> Note:
    """Write an internal note. On an open ticket it counts as handling. Raises NotAllowedInState, ReasonMissing."""
    ticket = locked(ticket)
    state = next_state(ticket.state, Act.NOTE)
    if not text.strip():
        raise ReasonMissing
    note = Note.objects.create(ticket=ticket, author=by.employee, at=at, text=text.strip())
    record(note, Verb.NOTE_ADDED, by=by, at=at)
    if ticket.is_open:
        handle(ticket, state, by=by, at=at)
    return note


@transaction.atomic
def answer_not_needed(message: Message, reason: str, *, by: User, at: datetime) -> Ticket:
    """Note that a message needs no answer, and why: its `reply` is cancelled.  (E-II.3)

    Raises NotAllowedInState, ReasonMissing. A no-op on a message that is complete.
    """
    ticket = locked(message.ticket)
    next_state(ticket.state, Act.NOT_NEEDED)
    if not reason.strip():
        raise ReasonMissing
    message = Message.objects.select_for_update().get(pk=message.pk)
    if message.mark == Message.Mark.COMPLETE:
        return ticket
    message.no_answer_reason = reason.strip()[:300]
    message.save(update_fields=["no_answer_reason"])
    _close_messages(ticket, [message], Deadline.CancelReason.NOT_NEEDED, by=by, at=at)
    record(message, Verb.ANSWER_NOT_NEEDED, by=by, at=at, reason=message.no_answer_reason)
    if ticket.owner_id is None:
        set_owner(ticket, by=by, at=at)
    complete_if_nothing_waits(ticket, by=by, at=at)
    return ticket


@transaction.atomic
def complete_ticket(ticket: Ticket, *, by: User, at: datetime) -> Ticket:
    """Complete the ticket; a no-op if it is. Raises NotAllowedInState, RepliesOpen."""
    ticket = locked(ticket)
    state = next_state(ticket.state, Act.COMPLETE)
    if ticket.state == state:
        return ticket
    if deadlines_of(ticket, kind=Kind.REPLY).filter(state__in=Deadline.OPEN).exists():
        raise RepliesOpen
    meet_deadlines(deadlines_of(ticket, kind=Kind.MARK), met_at=at, by=by, at=at)
    cancel_deadlines(deadlines_of(ticket), Deadline.CancelReason.NOT_NEEDED, by=by, at=at)
    set_marks(Message.objects.filter(ticket=ticket), Message.Mark.COMPLETE)
    lay_aside(ticket, at=at)
    set_state(ticket, state, at=at)
    record(ticket, Verb.TICKET_COMPLETED, by=by, at=at)
    return ticket


@transaction.atomic
def junk_ticket(ticket: Ticket, *, by: User, at: datetime) -> Ticket:
    """Put the ticket among the junk: nothing is owed on it. Undone by `unjunk_ticket`. Raises NotAllowedInState.

    A pause ends with it: brought back, the deadlines run from here and are not broken for the time of the pause.
    """
    ticket = locked(ticket)
    before, state = ticket.state, next_state(ticket.state, Act.JUNK)
    resume_deadlines(ticket, resumed_at=at, by=by, at=at)
    cancel_deadlines(deadlines_of(ticket), Deadline.CancelReason.JUNK, by=by, at=at)
    set_state(ticket, state, at=at)
    record(ticket, Verb.TICKET_JUNKED, by=by, at=at, state=[before, state])
    return ticket


@transaction.atomic
def unjunk_ticket(ticket: Ticket, *, by: User, at: datetime) -> Ticket:
    """Bring the ticket back as it was; its deadlines run again to their original due times.

    Raises NotAllowedInState.
    """
    ticket = locked(ticket)
    state = next_state(ticket.state, Act.UNDO_JUNK)
    restore_deadlines(deadlines_of(ticket), Deadline.CancelReason.JUNK, by=by, at=at)
    # Letters that came meanwhile started nothing; they are owed an answer like the others.
    for message in Message.objects.filter(ticket=ticket, kind=Message.Kind.INCOMING, deadlines=None):
        message.ticket = ticket
        start_deadlines(message, (Kind.MARK, Kind.REPLY), received_at=message.at, at=at)
        set_marks(Message.objects.filter(pk=message.pk), Message.Mark.NONE)
    if not Message.objects.filter(ticket=ticket, mark=Message.Mark.NONE).exists():
        state = Ticket.State.INCOMPLETE
    set_state(ticket, state, at=at)
    record(ticket, Verb.TICKET_UNJUNKED, by=by, at=at, state=[Ticket.State.JUNK, state])
    return ticket


def _close_messages(ticket: Ticket, messages: Iterable[Message], reason: str, *, by: User, at: datetime) -> None:
    deadlines = Deadline.objects.filter(ticket=ticket, message__in=list(messages))
    meet_deadlines(deadlines.filter(kind=Kind.MARK), met_at=at, by=by, at=at)
    cancel_deadlines(deadlines.filter(kind=Kind.REPLY), reason, by=by, at=at)
    set_marks(Message.objects.filter(pk__in=[one.pk for one in messages]), Message.Mark.COMPLETE)

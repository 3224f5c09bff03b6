"""A ticket that belongs to another one: its messages move there, or it is said not to belong."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit.actions import record
from audit.verbs import Verb
from directory.models import User
from helpdesk.errors import DomainError
from sla.actions import own_deadlines, restore_deadlines
from sla.models import Deadline
from sla.queries import deadlines_of
from tickets.actions import draft_states
from tickets.actions.pausing import resume_ticket
from tickets.actions.receiving import reopen
from tickets.actions.registering import move_number
from tickets.actions.working import complete_if_nothing_waits, locked
from tickets.models import Delivery, Joining, Message, Note, Ticket
from tickets.queries import survivor_of, unfinished_messages
from tickets.transitions import Act, next_state

State = Ticket.State


class CannotJoin(DomainError):
    code = "cannot_join"
    words = _("These two tickets cannot be joined: one of them is junk, or belongs to another desk.")


class ReplyUnderWay(DomainError):
    code = "reply_under_way"
    words = _("A reply is on its way, so it is not known yet what it answers. Try again when it has been sent.")


class PromiseOpen(DomainError):
    code = "promise_open"
    words = _("The client was promised a time on this ticket. Answer it here first.")


@transaction.atomic
def join_ticket(ticket: Ticket, into: Ticket, *, by: User, at: datetime) -> Ticket:
    """Move the ticket's messages, notes and their deadlines to `into`; return that. Times stay as they were.

    The emptied ticket is *merged*: later mail of it goes to the survivor, and the number that waited for its reply
    waits there. Words that waited for approval are withdrawn. A no-op if it is merged already. Raises
    NotAllowedInState, CannotJoin, ReplyUnderWay, PromiseOpen, TwoNumbers.
    """
    ticket, into = both_locked(ticket, into)
    state = next_state(ticket.state, Act.JOIN)
    if ticket.state == state:
        return survivor_of(ticket)
    if ticket.pk == into.pk or ticket.desk_id != into.desk_id or into.state in (State.JUNK, State.MERGED):
        raise CannotJoin
    refuse_in_doubt(ticket, into)
    if deadlines_of(ticket).filter(message=None, state__in=Deadline.OPEN).exists():
        raise PromiseOpen
    if ticket.state == State.WAITING:
        resume_ticket(ticket, resumed_at=at, by=by, at=at)
    number = move_number(ticket, into, by=by, at=at)
    draft_states.withdraw_approval(ticket, at=at)
    moved = {"messages": _ids(Message, ticket), "notes": _ids(Note, ticket)}
    _move(Joining.objects.create(ticket=ticket, into=into, at=at, registration=number, **moved), ticket, into)
    _put(ticket, state, into, at=at)
    _open_for_client(into, ticket, at=at)
    record(ticket, Verb.TICKET_JOINED, by=by, at=at, into=into.number)
    record(into, Verb.TICKET_JOINED, by=by, at=at, joined=ticket.number)
    return into


@transaction.atomic
def undo_joining(ticket: Ticket, *, by: User, at: datetime) -> Ticket:
    """Give a merged ticket back what moved: messages, notes, deadlines, the number that still waits.

    Raises NotAllowedInState, ReplyUnderWay.
    """
    ticket, into = both_locked(ticket, survivor_of(ticket))
    state = next_state(ticket.state, Act.UNDO_JOIN)
    refuse_in_doubt(ticket, into)
    joining = Joining.objects.get(ticket=ticket, undone_at=None)
    _move(joining, into, ticket)
    # The survivor may have been put among the junk meanwhile: what is owed here was not.
    restore_deadlines(deadlines_of(ticket), Deadline.CancelReason.JUNK, by=by, at=at)
    joining.undone_at = at
    joining.save(update_fields=["undone_at"])
    _put(ticket, state_by_marks(ticket, state), None, at=at)
    if joining.registration is not None and joining.registration.ticket_id == into.pk:
        move_number(into, ticket, by=by, at=at)
    if ticket.is_open:
        draft_states.ask_again(ticket, withdrawn_at=joining.at)
    complete_if_nothing_waits(into, by=by, at=at)
    record(ticket, Verb.TICKET_UNJOINED, by=by, at=at, into=into.number)
    record(into, Verb.TICKET_UNJOINED, by=by, at=at, joined=ticket.number)
    return ticket


@transaction.atomic
def decline_suggestion(ticket: Ticket, *, by: User, at: datetime) -> Ticket:
    """Say that the ticket does not belong to the one that was suggested; a no-op if none is."""
    ticket = locked(ticket)
    if ticket.suggested is not None:
        suggested, ticket.suggested = ticket.suggested, None
        ticket.save(update_fields=["suggested"])
        record(ticket, Verb.SUGGESTION_DECLINED, by=by, at=at, suggested=suggested.number)
    return ticket


def both_locked(first: Ticket, second: Ticket) -> tuple[Ticket, Ticket]:
    """Lock both, in the order of their ids: two people joining them crosswise must not wait for each other."""
    found = {pk: locked(one) for pk, one in sorted({first.pk: first, second.pk: second}.items())}
    return found[first.pk], found[second.pk]


def refuse_in_doubt(*tickets: Ticket) -> None:
    """Refuse to move messages while a reply of these tickets is on its way. Raises ReplyUnderWay."""
    in_doubt = Delivery.objects.filter(message__ticket__in=tickets, state__in=["queued", "sending", "unknown"])
    if in_doubt.exists():
        raise ReplyUnderWay


def _ids(model: type[Message] | type[Note], ticket: Ticket) -> list[int]:
    return list(model.objects.filter(ticket=ticket).order_by("pk").values_list("pk", flat=True))


def _move(joining: Joining, source: Ticket, target: Ticket) -> None:
    """Move what the joining names and `source` still has, with its deadlines, whatever became of them."""
    Deadline.objects.filter(message__in=joining.messages, ticket=source).update(ticket=target)
    Message.objects.filter(pk__in=joining.messages, ticket=source).update(ticket=target)
    Note.objects.filter(pk__in=joining.notes, ticket=source).update(ticket=target)
    own_deadlines(target, target.owner)


def _put(ticket: Ticket, state: str, into: Ticket | None, *, at: datetime) -> None:
    """Write the state and what hangs on it at once: the database allows neither without the other."""
    ticket.state, ticket.merged_into, ticket.suggested, ticket.resume_on = state, into, None, None
    ticket.completed_at = at if state == State.COMPLETE else None
    ticket.save(update_fields=["state", "merged_into", "suggested", "resume_on", "completed_at"])


def _open_for_client(into: Ticket, joined: Ticket, *, at: datetime) -> None:
    """Open the survivor for what came with the joining as for a new message; it is queued by the older of both."""
    waiting = unfinished_messages(into)
    if into.state == State.WAITING and waiting.exclude(deadlines=None).exists():
        resume_ticket(into, resumed_at=at, by=None, at=at)
    elif into.state == State.COMPLETE and waiting.exists():
        reopen(into, next_state(into.state, Act.CLIENT_WRITES), received_at=joined.queued_at, at=at)
    elif into.is_open and joined.queued_at < into.queued_at:
        into.queued_at = joined.queued_at
        into.save(update_fields=["queued_at"])


def state_by_marks(ticket: Ticket, unprocessed: str) -> str:
    """Return the state that the marks of the ticket's messages tell; `unprocessed` if one has none."""
    marks = set(Message.objects.filter(ticket=ticket, kind=Message.Kind.INCOMING).values_list("mark", flat=True))
    if Message.Mark.NONE in marks:
        return unprocessed
    return State.INCOMPLETE if Message.Mark.INCOMPLETE in marks else State.COMPLETE

"""What the office wrote by hand in the mailbox: a reply like any other, save that nobody can tell who wrote it."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from audit.actions import record
from audit.verbs import Verb
from directory.queries import client_by_address
from sla.actions import meet_deadlines
from sla.models import Deadline, Kind
from sla.queries import deadlines_of
from sla.settings import withdraw_breach
from tickets.actions.delivering import settle
from tickets.actions.pausing import resume_ticket
from tickets.actions.receiving import Letter, store_message
from tickets.actions.working import locked, set_marks, set_state
from tickets.models import Delivery, Message, Ticket
from tickets.people import folded
from tickets.queries import client_addresses, survivor_of
from tickets.transitions import Act, next_state

# Why a breach is withdrawn that was none: the reply had left in time, and was read late.
IN_TIME = "answered_in_mailbox"


@transaction.atomic
def receive_own_reply(ticket: Ticket, letter: Letter, *, written_at: datetime, at: datetime) -> Message:
    """Take in a letter that left from the desk's mailbox at `written_at`.  (E-II.3)

    One that went to the client counts as an answer until a person says that it was none: it meets what lay before it,
    dated then, and a breach is withdrawn of what was met in time. One that went to others only, a question to a
    colleague say, is handling (E-II.5a) and answers nothing. What the client wrote later stays open.
    """
    ticket = locked(survivor_of(ticket))
    clients = client_addresses(ticket)
    is_answer = any(folded(one) in clients for one in (*letter.to, *letter.cc))
    ours = {"kind": Message.Kind.OUTGOING, "is_by_hand": True, "is_substantive": is_answer, "mark": "complete"}
    client = next((found for one in letter.to if (found := client_by_address(one))), None)
    message = store_message(ticket, letter, stored_at=at, at=written_at, client=client, **ours)
    times = {"queued_at": written_at, "accepted_at": written_at}
    Delivery.objects.create(desk=ticket.desk, message=message, state="sent", is_filed=True, **times)
    facts = {"written_at": written_at.isoformat(), "is_substantive": is_answer}
    record(message, Verb.REPLY_BY_HAND, by=None, at=at, **facts)
    answered = Message.objects.filter(ticket=ticket, kind=Message.Kind.INCOMING, at__lte=written_at)
    state = next_state(ticket.state, Act.OFFICE_WRITES)
    if ticket.is_open and answered.exists():
        if is_answer:
            _answer(ticket, state, message, answered, at=at)
        else:
            _handle(ticket, state, message, answered, at=at)
    return message


def _answer(ticket: Ticket, state: str, message: Message, answered: QuerySet[Message], *, at: datetime) -> None:
    if ticket.state == Ticket.State.WAITING:
        resume_ticket(ticket, resumed_at=message.at, by=None, at=at)
    set_state(ticket, state, at=at)
    _meet_marks(ticket, message, answered, at=at)
    kept = Q(message=None, started_at__lte=message.at)
    _withdraw_late(settle(message, answered, kept, met_at=message.at, by=None, at=at), at=at)


def _handle(ticket: Ticket, state: str, message: Message, answered: QuerySet[Message], *, at: datetime) -> None:
    """The client is waited for as before; else the ticket is in hand."""
    if ticket.state != Ticket.State.WAITING:
        set_state(ticket, state, at=at)
    set_marks(answered.filter(mark=Message.Mark.NONE), Message.Mark.INCOMPLETE)
    _meet_marks(ticket, message, answered, at=at)


def _meet_marks(ticket: Ticket, message: Message, answered: QuerySet[Message], *, at: datetime) -> None:
    marks = deadlines_of(ticket, kind=Kind.MARK).filter(message__in=answered)
    _withdraw_late(meet_deadlines(marks, met_at=message.at, by=None, at=at), at=at)


def _withdraw_late(met: list[Deadline], *, at: datetime) -> None:
    """Withdraw the breaches of what was met in time: the sweep could not know of the letter yet."""
    for deadline in met:
        if deadline.breached_at is not None and deadline.met_at is not None and deadline.met_at <= deadline.due_at:
            withdraw_breach(deadline, IN_TIME, by=None, at=at)

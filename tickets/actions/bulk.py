"""The same act on many tickets: each is one transaction, and what one refuses does not hold up the others."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from directory.models import Employee, Topic, User
from helpdesk.errors import DomainError
from tickets.actions.handing_over import hand_over_tickets
from tickets.actions.junking import Junking, put_among_junk
from tickets.actions.noting import Noted, write_note
from tickets.actions.replying import NotSeenYet
from tickets.actions.sorting import choose_topic
from tickets.actions.working import ReasonMissing, answer_not_needed, locked, take_ticket
from tickets.models import Ticket
from tickets.queries import last_from_client, unfinished_messages
from tickets.transitions import Act, next_state


class BulkAct(models.TextChoices):
    TAKE = "take", _("take in hand")
    HAND_OVER = "hand_over", _("hand over to a colleague")
    NOT_NEEDED = "not_needed", _("answer not needed")
    TOPIC = "topic", _("set the topic")
    NOTE = "note", _("add a note")
    JUNK = "junk", _("put among the junk")


class NothingWaits(DomainError):
    code = "nothing_waits"
    words = _("No message of this ticket waits for an answer. Complete it instead.")


class WrittenSince(NotSeenYet):
    words = _("The client has written again since the list was shown. Open the ticket and read the new message first.")


@dataclass(frozen=True)
class Choice:
    """What is to be done to all of them: `words` is the reason or the note, `is_sure` although a client is known.

    `seen` has, by the ticket's number, the client's last message that the list showed when the ticket was ticked.
    """

    act: str
    words: str = ""
    taker: Employee | None = None
    order_reason: str = ""
    is_sure: bool = False
    topic: Topic | None = None
    seen: Mapping[str, int | None] = field(default_factory=dict)


@dataclass
class Outcome:
    done: list[Ticket] = field(default_factory=list)
    refused: list[tuple[Ticket, DomainError]] = field(default_factory=list)
    # What became of the names in the notes, where notes were written.
    noted: list[Noted] = field(default_factory=list)


def act_on_tickets(tickets: Iterable[Ticket], choice: Choice, *, by: User, at: datetime) -> Outcome:
    """Do it to each ticket, the longest waiting first; return what was done, and what was refused and why."""
    ordered = sorted(tickets, key=lambda one: (one.queued_at, one.pk))
    if choice.act == BulkAct.HAND_OVER and choice.taker is not None:
        return _hand_over(ordered, choice.taker, by=by, at=at)
    outcome = Outcome()
    for one in ordered:
        try:
            noted = _act_on(one, choice, by=by, at=at)
        except DomainError as refused:
            outcome.refused.append((one, refused))
        else:
            outcome.done.append(one)
            outcome.noted += [noted] if noted else []
    return outcome


def _act_on(ticket: Ticket, choice: Choice, *, by: User, at: datetime) -> Noted | None:
    match choice.act:
        case BulkAct.TAKE:
            take_ticket(ticket, order_reason=choice.order_reason, by=by, at=at)
        case BulkAct.NOTE:
            return write_note(ticket, choice.words, by=by, at=at)
        case BulkAct.JUNK:
            _put_among_junk(ticket, choice, by=by, at=at)
        case BulkAct.NOT_NEEDED:
            no_answer_needed(ticket, choice.words, seen=choice.seen.get(ticket.number), by=by, at=at)
        case BulkAct.TOPIC if choice.topic is not None:
            choose_topic(ticket, choice.topic, by=by, at=at)
        case _:
            raise ValueError(choice.act)
    return None


@transaction.atomic
def no_answer_needed(ticket: Ticket, reason: str, *, seen: int | None = None, by: User, at: datetime) -> Ticket:
    """Note of every message that waits on the ticket that it needs no answer, and why.  (E-II.3)

    `seen` is the client's last message that was read. Raises NotAllowedInState, WrittenSince, ReasonMissing,
    NothingWaits.
    """
    ticket = locked(ticket)
    next_state(ticket.state, Act.NOT_NEEDED)
    _refuse_unread(ticket, seen)
    if not reason.strip():
        raise ReasonMissing
    waiting = list(unfinished_messages(ticket).order_by("at", "pk"))
    if not waiting:
        raise NothingWaits
    for message in waiting:
        ticket = answer_not_needed(message, reason, by=by, at=at)
    return ticket


@transaction.atomic
def _put_among_junk(ticket: Ticket, choice: Choice, *, by: User, at: datetime) -> None:
    ticket = locked(ticket)
    _refuse_unread(ticket, choice.seen.get(ticket.number))
    put_among_junk(ticket, Junking(is_sure=choice.is_sure), by=by, at=at)


def _refuse_unread(ticket: Ticket, seen: int | None) -> None:
    """Refuse to close a ticket on which the client has written since the list was read. Raises WrittenSince."""
    last = last_from_client(ticket)
    if seen is not None and last is not None and last.pk > seen:
        raise WrittenSince


def _hand_over(tickets: list[Ticket], taker: Employee, *, by: User, at: datetime) -> Outcome:
    """Hand over the tickets of each desk in one transaction: the colleague is told once of all of them."""
    outcome = Outcome()
    for desk in {one.desk_id: one.desk for one in tickets}.values():
        theirs = [one for one in tickets if one.desk_id == desk.pk]
        try:
            handed = hand_over_tickets(desk, [one.pk for one in theirs], taker, by=by, at=at)
        except DomainError as refused:
            outcome.refused += [(one, refused) for one in theirs]
        else:
            outcome.done += handed.done
            outcome.refused += handed.refused
    return outcome

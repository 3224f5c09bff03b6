"""What became of a reply on its way out. `contact` carries it and reports here; nothing else writes `Delivery`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from audit.actions import record
from audit.verbs import Verb
from directory.models import Desk, User
from escalation.actions import raise_alert
from escalation.models import Alert
from helpdesk import nudge
from helpdesk.errors import DomainError
from sla.actions import cancel_deadlines, hold_for_sending, meet_deadlines, own_deadlines, release_from_sending
from sla.models import Deadline
from sla.queries import deadlines_of
from tickets.actions.pausing import resume_ticket
from tickets.actions.replying import ANSWERED, NOTICED, kinds_met_by
from tickets.actions.working import complete_if_nothing_waits, locked, set_marks, set_state
from tickets.models import Delivery, Draft, Joining, Message, Ticket
from tickets.people import folded, recipients_of
from tickets.queries import client_addresses, messages_that_left

# How long a claimed attempt has before another worker may take it up.
TRY_LEASE = timedelta(minutes=2)
HOLD = timedelta(minutes=1)
State = Delivery.State


# Nobody in particular: the default of those who did not get a reply.
NOBODY: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Failure:
    """A way in which a reply fails: the state it leads to, how it is recorded, and as what it is told."""

    state: str
    verb: Verb
    trigger: str


REFUSED = Failure(State.REFUSED, Verb.REPLY_REFUSED, Alert.Trigger.REPLY_REFUSED)
GIVEN_UP = Failure(State.GIVEN_UP, Verb.REPLY_GIVEN_UP, Alert.Trigger.REPLY_GIVEN_UP)
BOUNCED = Failure(State.BOUNCED, Verb.REPLY_BOUNCED, Alert.Trigger.REPLY_BOUNCED)


class NotWaiting(DomainError):
    code = "not_waiting"
    words = _("This reply no longer waits for a decision. Reload the page to see what became of it.")


def claim_try(message_pk: int, *, at: datetime) -> datetime | None:
    """Take the next attempt of a queued reply for this worker; return the lease, None if it is not to be had."""
    lease = at + TRY_LEASE
    due = Delivery.objects.filter(message_id=message_pk, state=State.QUEUED, try_at__lte=at)
    return lease if due.update(try_at=lease, tries=F("tries") + 1) else None


def begin_sending(message_pk: int, lease: datetime, *, at: datetime) -> bool:
    """Note, just before the mail goes out, that from here on the outcome is open; False if the lease was lost."""
    mine = Delivery.objects.filter(message_id=message_pk, state=State.QUEUED, try_at=lease)
    return bool(mine.update(state=State.SENDING, try_at=None, sending_at=at))


def postpone(message_pk: int, error: str, *, try_at: datetime, at: datetime) -> None:
    """Put a reply that certainly did not leave at the attempt of `at` back into the queue, to be tried at `try_at`.

    A no-op if another worker has taken the reply up since: it may be sending it at this moment.
    """
    mine = Q(state=State.QUEUED, try_at=at + TRY_LEASE) | Q(state=State.SENDING, sending_at=at)
    Delivery.objects.filter(mine, message_id=message_pk).update(
        state=State.QUEUED, try_at=try_at, sending_at=None, error=error[:500]
    )


def claim_recall(message: Message) -> dict[str, Any] | None:
    """Take a queued reply out of the queue for good; return what stood before it, None if it is being sent or was.

    Whoever has claimed the attempt meanwhile finds at `begin_sending` that there is nothing to send.
    """
    waiting = Delivery.objects.filter(message=message, state=State.QUEUED, before__isnull=False)
    before: dict[str, Any] | None = waiting.values_list("before", flat=True).first()
    return before if waiting.update(state=State.RECALLED, try_at=None, error="", before=None) else None


def hold_queue(*, at: datetime) -> None:
    """Let the replies that are due wait a minute: the mail server does not answer, and each would wait for it."""
    Delivery.objects.filter(state=State.QUEUED, try_at__lte=at).update(try_at=at + HOLD)


def try_now(desk: Desk, *, at: datetime) -> None:
    """Let the desk's replies that wait for another try be tried at `at`: the mail server answers again."""
    waiting = Delivery.objects.filter(message__ticket__desk=desk, state=State.QUEUED, tries__gt=0, try_at__gt=at)
    waiting.update(try_at=at)


@transaction.atomic
def accept(message: Message, *, failed: Mapping[str, str] = NOBODY, by: User | None = None, at: datetime) -> None:
    """Note that the mail server took the reply: the deadlines it answers are met, dated when it was queued.

    Marks of the answered messages become complete, and the ticket with them. `failed` are the recipients that the
    server did not take while it took others, each with its words; a reply that reaches no client answers nothing.
    A no-op if it was accepted before.
    """
    ticket, delivery = _locked(message)
    if delivery.state in (State.SENT, State.RECALLED):
        return
    delivery.accepted_at, delivery.failed, delivery.asks_at = at, {}, None
    _move(delivery, State.SENT)
    _settle_earlier(message)
    record(message, Verb.REPLY_CONFIRMED if by else Verb.REPLY_ACCEPTED, by=by, at=at, message_id=message.message_id)
    nudge.after_commit("contact.email.file_copies")
    if failed:
        _fail(ticket, delivery, REFUSED, failed, at=at)
    if delivery.state != State.SENT:
        return
    if message.is_substantive:
        _answer(ticket, message, delivery, by=by, at=at)
    elif message.is_interim:
        _tell(ticket, message, delivery, by=by, at=at)


def _tell(ticket: Ticket, message: Message, delivery: Delivery, *, by: User | None, at: datetime) -> None:
    """Meet what the interim notice meets: the client knows the further course; the answer itself is owed.  (E-II.4a)"""
    author = message.author.user if message.author else by
    owed = deadlines_of(ticket).filter(message__in=_answered_by(message), kind__in=NOTICED)
    met = meet_deadlines(owed, met_at=delivery.queued_at, answer=message, by=author, at=at)
    if any(one.breached_at for one in met):
        nudge.after_commit("escalation.sweep")


def _answer(ticket: Ticket, message: Message, delivery: Delivery, *, by: User | None, at: datetime) -> None:
    """Meet what the reply answers, in the name of who wrote it."""
    author = message.author.user if message.author else by
    # A promise belongs to no message: it is met if this reply, or one before it, was to keep it.
    kept = Q(message=None, state=Deadline.State.ANSWERING, answer__lte=message.pk)
    # Also those that still wait for an earlier reply: one answer meets all that were open when it was written.
    message.ticket = ticket
    settle(message, _answered_by(message), kept, met_at=delivery.queued_at, by=author, at=at)


def settle(
    message: Message, answered: QuerySet[Message], kept: Q, *, met_at: datetime, by: User | None, at: datetime
) -> list[Deadline]:
    """Meet what a reply of ours answers: the client's messages `answered`, and the promises that it `kept`.

    Marks become complete, and the ticket with them: `message.ticket`, which the caller has locked. Return the
    deadlines met.
    """
    ticket = message.ticket
    owed = deadlines_of(ticket).filter(Q(message__in=answered) | kept, kind__in=ANSWERED)
    met = meet_deadlines(owed, met_at=met_at, answer=message, by=by, at=at)
    set_marks(answered, Message.Mark.COMPLETE)
    complete_if_nothing_waits(ticket, by=by, at=at)
    if any(one.breached_at for one in met):
        nudge.after_commit("escalation.sweep")
    return met


@transaction.atomic
def refuse(message: Message, error: str, *, at: datetime) -> None:
    """Note that the reply was refused for good: what it answered is owed again, and the administrator is told."""
    _refuse(message, REFUSED, error, at=at)


@transaction.atomic
def give_up(message: Message, error: str, *, at: datetime) -> None:
    """Note that the reply could not be sent for a day, and is not tried any more: otherwise as `refuse`."""
    _refuse(message, GIVEN_UP, error, at=at)


def _refuse(message: Message, failure: Failure, error: str, *, at: datetime) -> None:
    ticket, delivery = _locked(message)
    if delivery.state in (State.QUEUED, State.SENDING):
        delivery.error = error[:500]
        _fail(ticket, delivery, failure, dict.fromkeys(addressed(message, delivery), error), at=at)


@transaction.atomic
def bounce(message: Message, error: str, *, failed: Mapping[str, str] = NOBODY, at: datetime) -> None:
    """Note that the reply came back from these recipients, or from all of them where none is named.

    The administrator is told. If no client is left whom it reached, what it answered is owed again and the ticket is
    open. A no-op for recipients that it had come back from before.
    """
    _lock_answered(message)
    if _locked(message)[1].state in (State.UNKNOWN, State.SENDING):
        accept(message, at=at)  # what comes back did leave
    ticket, delivery = _locked(message)
    recipients = recipients_of(message)
    # A server names the last of the addresses that a mail was passed on to; with one recipient there is no doubt whose.
    named = failed if len(recipients) > 1 and failed else dict.fromkeys(recipients, error)
    fresh = {one: words for one, words in named.items() if folded(one) not in _folded(delivery.failed)}
    if fresh:
        delivery.error = error[:500]
        _fail(ticket, delivery, BOUNCED, fresh, at=at)


def addressed(message: Message, delivery: Delivery) -> list[str]:
    """Return whom the next attempt is for: the recipients not reached yet, or everybody."""
    recipients, failed = recipients_of(message), _folded(delivery.failed)
    return [one for one in recipients if folded(one) in failed] or recipients


def _fail(ticket: Ticket, delivery: Delivery, failure: Failure, failed: Mapping[str, str], *, at: datetime) -> None:
    """Note whom a reply did not reach, and tell of it. If that leaves no client, what it answered is owed again."""
    message = delivery.message
    delivery.failed = {**delivery.failed, **{one: words[:500] for one, words in failed.items()}}
    delivery.asks_at = at
    reached = _folded(recipients_of(message)) - _folded(delivery.failed)
    is_answered = delivery.accepted_at is not None and not reached.isdisjoint(client_addresses(ticket))
    _move(delivery, State.SENT if is_answered else failure.state)
    record(message, failure.verb, by=None, at=at, error=delivery.error, failed=list(failed))
    if not is_answered:
        _owe_again(ticket, message, at=at)
    _alert(failure.trigger, ticket, message, at=at)


@transaction.atomic
def lose(message: Message, *, at: datetime) -> None:
    """Note that nobody can tell whether the reply left: it waits for a person, and is not sent by itself again."""
    ticket, delivery = _locked(message)
    if delivery.state != State.SENDING:
        return
    delivery.error, delivery.asks_at = "", at
    _move(delivery, State.UNKNOWN)
    record(message, Verb.REPLY_UNKNOWN, by=None, at=at, message_id=message.message_id)
    _alert(Alert.Trigger.OUTCOME_UNKNOWN, ticket, message, at=at)


@transaction.atomic
def confirm_sent(message: Message, *, by: User, at: datetime) -> None:
    """A person says that the reply did leave. Raises NotWaiting."""
    _, delivery = _locked(message)
    if delivery.state != State.UNKNOWN:
        raise NotWaiting
    accept(message, by=by, at=at)


@transaction.atomic
def send_again(message: Message, *, by: User, at: datetime) -> None:
    """A person has a reply tried again whose outcome is unknown, or that failed. Raises NotWaiting.

    One that reached some of its recipients goes to the others only.
    """
    ticket, delivery = _locked(message)
    is_partial = delivery.state == State.SENT
    if not may_send_again(message, delivery):
        raise NotWaiting
    # It leaves now, not when it was first written: that is the instant that counts.
    delivery.queued_at, delivery.tries, delivery.asks_at, delivery.error = at, 0, None, ""
    if not is_partial:
        delivery.accepted_at, delivery.failed = None, {}
    _move(delivery, State.QUEUED, try_at=at)
    record(message, Verb.REPLY_REQUEUED, by=by, at=at, message_id=message.message_id)
    if kinds_met_by(message) and not is_partial:
        hold_for_sending(Deadline.objects.filter(answer=message), message, at=at)
    nudge.after_commit("contact.email.deliver", message.pk)


def may_send_again(message: Message, delivery: Delivery) -> bool:
    """Tell whether the reply can be sent once more; what was written by hand is for its writer to send again."""
    if message.is_by_hand:
        return False
    is_partial = delivery.state == State.SENT and addressed(message, delivery) != recipients_of(message)
    return is_partial or delivery.state in (State.UNKNOWN, *Delivery.FAILED)


@transaction.atomic
def note_seen(message: Message, *, by: User, at: datetime) -> None:
    """A person knows of a reply that failed and does no more about it: it no longer asks. Raises NotWaiting."""
    _, delivery = _locked(message)
    if delivery.asks_at is None or delivery.state == State.UNKNOWN:
        raise NotWaiting
    delivery.asks_at = None
    delivery.save(update_fields=["asks_at"])
    record(message, Verb.REPLY_FAILURE_SEEN, by=by, at=at, message_id=message.message_id)


@transaction.atomic
def note_no_answer(message: Message, *, by: User, at: datetime) -> None:
    """A person says that what the office wrote by hand was no answer: what it met is owed again. Raises NotWaiting."""
    _lock_answered(message)
    ticket, _ = _locked(message)
    message = Message.objects.select_for_update().get(pk=message.pk)
    if not message.is_by_hand:
        raise NotWaiting
    if message.is_substantive:
        _owe_again(ticket, message, at=at)
        Message.objects.filter(pk=message.pk).update(is_substantive=False)
        record(message, Verb.REPLY_NO_ANSWER, by=by, at=at)


def note_filed(message: Message) -> None:
    """Note that a copy of the reply lies in the mailbox's Sent folder."""
    Delivery.objects.filter(message=message).update(is_filed=True)


def _locked(message: Message) -> tuple[Ticket, Delivery]:
    """Lock in the order that every action keeps: the ticket, then what hangs on it. Raises NotWaiting."""
    ticket = locked(message.ticket)
    delivery = Delivery.objects.select_for_update().filter(message=message).first()
    if delivery is None:
        raise NotWaiting  # a client's letter
    delivery.message = message
    return ticket, delivery


def _lock_answered(message: Message) -> None:
    """Lock, in the order of their ids, the reply's ticket and those where something is that it met: split off since."""
    met = Deadline.objects.filter(answer=message).values_list("ticket_id", flat=True)
    tickets = Ticket.objects.filter(pk__in={message.ticket_id, *met}).order_by("pk")
    list(tickets.select_for_update(of=("self",), no_key=True).values_list("pk"))


def _move(delivery: Delivery, state: str, *, try_at: datetime | None = None) -> None:
    """Save the delivery in its new state, with what the caller has set; once settled it cannot be taken back."""
    delivery.state, delivery.try_at, delivery.before = state, try_at, None
    if state == State.SENT and not delivery.failed:
        delivery.error = ""
    fields = ["state", "try_at", "queued_at", "tries", "accepted_at", "error", "failed", "before", "asks_at"]
    delivery.save(update_fields=fields)


def _settle_earlier(message: Message) -> None:
    """What became of the ticket's earlier replies needs no person any more: this one went out."""
    earlier = Delivery.objects.filter(message__ticket=message.ticket_id, message__lt=message.pk)
    earlier.exclude(state=State.UNKNOWN).filter(asks_at__isnull=False).update(asks_at=None)


def _folded(addresses: Iterable[str]) -> set[str]:
    return {folded(one) for one in addresses}


def _answered_by(message: Message) -> QuerySet[Message]:
    """Return the client's messages that lay before the writer: stored, and on this ticket, before the reply was."""
    joined = Joining.objects.filter(into_id=message.ticket_id, at__gt=message.at, undone_at=None)
    later = [pk for moved in joined.values_list("messages", flat=True) for pk in moved]
    before = Message.objects.filter(ticket_id=message.ticket_id, kind=Message.Kind.INCOMING, pk__lt=message.pk)
    return before.exclude(pk__in=later)


def _owe_again(ticket: Ticket, message: Message, *, at: datetime) -> None:
    if not kinds_met_by(message):
        if ticket.state == Ticket.State.WAITING and _is_last_of_ours(message):
            # The client was never asked, so there is nothing to wait for.
            resume_ticket(ticket, resumed_at=at, by=None, at=at)
        return
    if message.is_interim and _is_answered_since(message):
        return  # what it told of, the client has
    released = release_from_sending(message, at=at)
    set_marks(Message.objects.filter(pk__in=[one.message_id for one in released]), Message.Mark.INCOMPLETE)
    _open_again(ticket, at=at)
    for other in Ticket.objects.filter(pk__in={one.ticket_id for one in released} - {ticket.pk}).order_by("pk"):
        # Split off since, with letters that the reply had answered: they are owed there, by whoever has that ticket.
        split = locked(other)
        own_deadlines(split, split.owner)
        _open_again(split, at=at)
    nudge.after_commit("escalation.sweep")


def _open_again(ticket: Ticket, *, at: datetime) -> None:
    if ticket.state == Ticket.State.COMPLETE:
        set_state(ticket, Ticket.State.INCOMPLETE, at=at)
    elif ticket.state == Ticket.State.JUNK:
        cancel_deadlines(deadlines_of(ticket), Deadline.CancelReason.JUNK, by=None, at=at)


def _is_answered_since(message: Message) -> bool:
    later = Message.objects.filter(ticket=message.ticket_id, is_substantive=True, pk__gt=message.pk)
    consulted = Draft.objects.filter(ticket=message.ticket_id, state=Draft.State.CONSULTED, closed_at__gte=message.at)
    return later.filter(delivery__state=State.SENT).exists() or consulted.exists()


def _is_last_of_ours(message: Message) -> bool:
    later = messages_that_left(message.ticket).filter(kind=Message.Kind.OUTGOING, pk__gt=message.pk)
    return not later.exists()


def _alert(trigger: str, ticket: Ticket, message: Message, *, at: datetime) -> None:
    raise_alert(
        trigger, ticket_id=ticket.pk, message_id=message.pk, desk_id=ticket.desk_id, owner_id=ticket.owner_id, at=at
    )

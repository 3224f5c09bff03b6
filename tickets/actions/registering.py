"""The number and date under which the office's records hold a reply of ours."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit.actions import record
from audit.verbs import Verb
from directory.models import Desk, User
from helpdesk.errors import DomainError
from sla.words import day_words
from tickets.actions.working import locked
from tickets.models import Delivery, Message, Registration, Ticket
from tickets.transitions import Act, next_state


class NumberMissing(DomainError):
    code = "record_number_missing"
    words = _("Write the number under which the reply is registered.")


class RecordDateWrong(DomainError):
    code = "record_date_wrong"
    words = _("A reply is registered between the day on which the client wrote (%(first)s) and today.")


class NumberTaken(DomainError):
    code = "record_number_taken"
    words = _("The number %(number)s is given to a reply on ticket %(ticket)s already. Look it up in the records.")


class NotOurReply(DomainError):
    code = "not_our_reply"
    words = _("Only a reply of ours that has left, or is about to, can be registered.")


class TwoNumbers(DomainError):
    code = "two_record_numbers"
    words = _("A number of the records waits for the next reply on both tickets. Remove one of them, then try again.")


@dataclass(frozen=True)
class RecordEntry:
    """What stands in the office's records."""

    number: str
    dated_on: date


@transaction.atomic
def register_reply(message: Message, entry: RecordEntry, *, by: User, at: datetime) -> Registration:
    """Note under which number and date a reply is registered; entering others corrects them.

    A no-op if it stands so already. Raises NotOurReply, NumberMissing, RecordDateWrong, NumberTaken.
    """
    ticket = locked(message.ticket)
    is_recalled = Delivery.objects.filter(message=message, state=Delivery.State.RECALLED).exists()
    if message.kind != Message.Kind.OUTGOING or is_recalled:
        raise NotOurReply
    earlier = Registration.objects.filter(message=message).first()
    return _enter(earlier or Registration(message=message), message, _checked(ticket, entry, at=at), by=by, at=at)


@transaction.atomic
def register_next(ticket: Ticket, entry: RecordEntry, *, by: User, at: datetime) -> Registration:
    """Note the number and date that the next reply on the ticket goes out under; entering others corrects them.

    A no-op if it stands so already. Raises NotAllowedInState, NumberMissing, RecordDateWrong, NumberTaken.
    """
    ticket = locked(ticket)
    next_state(ticket.state, Act.REPLY)
    earlier = Registration.objects.filter(ticket=ticket).first()
    return _enter(earlier or Registration(ticket=ticket), ticket, _checked(ticket, entry, at=at), by=by, at=at)


@transaction.atomic
def unregister(registration: Registration, *, by: User, at: datetime) -> None:
    """Take a number off the reply, or off the ticket, that got it by mistake; a no-op if it is gone already."""
    found = Registration.objects.select_for_update(of=("self",)).filter(pk=registration.pk).first()
    if found is not None:
        _remove(found, by=by, at=at)


def take_number(ticket: Ticket, message: Message, *, by: User, at: datetime) -> None:
    """Give the number that waits on the ticket to the answer just written; a question, or another letter that answers
    nothing, leaves it. The caller holds the ticket's lock.
    """
    waiting = Registration.objects.filter(ticket=ticket).first()
    if waiting is None or message.is_interim or not message.is_substantive:
        return
    waiting.ticket, waiting.message = None, message
    waiting.save(update_fields=["ticket", "message"])
    _record(message, Verb.REPLY_REGISTERED, None, waiting, by=by, at=at)


def move_number(source: Ticket, target: Ticket, *, by: User, at: datetime) -> Registration | None:
    """Have the number that waits on `source` wait on `target`; return it. The caller holds the locks of both.

    Raises TwoNumbers if one waits there already.
    """
    waiting = Registration.objects.filter(ticket=source).first()
    if waiting is None:
        return None
    if Registration.objects.filter(ticket=target).exists():
        raise TwoNumbers
    waiting.ticket = target
    waiting.save(update_fields=["ticket"])
    facts = {"number": [waiting.number, None], "dated_on": [waiting.dated_on.isoformat(), None]}
    record(source, Verb.REPLY_UNREGISTERED, by=by, at=at, **facts)
    _record(target, Verb.NEXT_REPLY_REGISTERED, None, waiting, by=by, at=at)
    return waiting


def give_number_back(ticket: Ticket, message: Message, *, by: User, at: datetime) -> None:
    """Let the number of a reply that was taken back wait for the next one. The caller holds the ticket's lock."""
    taken = Registration.objects.filter(message=message).first()
    if taken is None:
        return
    if Registration.objects.filter(ticket=ticket).exists():
        _remove(taken, by=by, at=at)
        return
    taken.ticket, taken.message = ticket, None
    taken.save(update_fields=["ticket", "message"])
    _record(ticket, Verb.NEXT_REPLY_REGISTERED, None, taken, by=by, at=at)


def _checked(ticket: Ticket, entry: RecordEntry, *, at: datetime) -> RecordEntry:
    number = " ".join(entry.number.split())
    if not number:
        raise NumberMissing
    tz = ticket.desk.tz
    first = ticket.received_at.astimezone(tz).date()
    if not first <= entry.dated_on <= at.astimezone(tz).date():
        raise RecordDateWrong(first=day_words(first, with_year=True))
    return RecordEntry(number, entry.dated_on)


def _enter(row: Registration, target: Ticket | Message, entry: RecordEntry, *, by: User, at: datetime) -> Registration:
    ticket = target if isinstance(target, Ticket) else target.ticket
    before = None if row.pk is None else RecordEntry(row.number, row.dated_on)
    if before == entry:
        return row
    _refuse_taken(ticket.desk, entry, except_for=row)
    row.desk, row.number, row.dated_on, row.year = ticket.desk, entry.number, entry.dated_on, entry.dated_on.year
    row.by, row.at = by.employee, at
    row.save()
    verb = Verb.NEXT_REPLY_REGISTERED if isinstance(target, Ticket) else Verb.REPLY_REGISTERED
    _record(target, verb, before, row, by=by, at=at)
    return row


def _refuse_taken(desk: Desk, entry: RecordEntry, *, except_for: Registration) -> None:
    # One at a time at a desk, so that of two who enter the same number the later is told.
    Desk.objects.select_for_update(of=("self",), no_key=True).get(pk=desk.pk)
    same = Registration.objects.filter(desk=desk, year=entry.dated_on.year, number=entry.number)
    other = same.exclude(pk=except_for.pk).select_related("ticket", "message__ticket").first()
    if other is not None:
        raise NumberTaken(number=entry.number, ticket=ticket_of(other).short_number)


def ticket_of(registration: Registration) -> Ticket:
    """Return the ticket on which a number waits, or on which the reply stands that has it."""
    if registration.ticket is not None:
        return registration.ticket
    assert registration.message is not None  # the constraint: one of the two
    return registration.message.ticket


def _remove(found: Registration, *, by: User, at: datetime) -> None:
    target = found.message or ticket_of(found)
    facts = {"number": [found.number, None], "dated_on": [found.dated_on.isoformat(), None]}
    record(target, Verb.REPLY_UNREGISTERED, by=by, at=at, **facts)
    found.delete()


def _record(
    target: Ticket | Message, verb: Verb, before: RecordEntry | None, row: Registration, *, by: User, at: datetime
) -> None:
    numbers = [before.number if before else None, row.number]
    days = [before.dated_on.isoformat() if before else None, row.dated_on.isoformat()]
    record(target, verb, by=by, at=at, number=numbers, dated_on=days)

"""What became of replies, as the ticket page and the outbox show it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from zoneinfo import ZoneInfo

from django.utils.text import capfirst

from directory.models import User
from directory.queries import is_allowed
from directory.rights import Right
from sla.words import moment
from tickets.actions.delivering import may_send_again
from tickets.models import Delivery, Message
from tickets.people import recipients_of
from tickets.words import delivery_words, failure_words


@dataclass(frozen=True)
class DeliveryFacts:
    """What became of a reply, in words, and what a person may do about it.

    `why` is what the mail servers meant, `said` their own words. `seconds` is how long it still waits to be taken back.
    """

    state: str
    words: str
    why: list[str]
    said: list[str]
    seconds: int
    asks: bool
    may_recall: bool
    may_confirm: bool
    may_send_again: bool
    may_note_seen: bool


def delivery_facts(message: Message, delivery: Delivery, tz: ZoneInfo, *, at: datetime) -> DeliveryFacts:
    """Return the facts of one reply's way; no query, if the caller has read both rows."""
    accepted = moment(delivery.accepted_at, at, tz) if delivery.accepted_at else ""
    is_waiting = delivery.state == Delivery.State.QUEUED and delivery.tries == 0 and delivery.try_at is not None
    seconds = (delivery.try_at - at).total_seconds() if is_waiting and delivery.try_at else 0
    errors = delivery.failed or ({"": delivery.error} if delivery.error else {})
    told = [(address, failure_words(error)) for address, error in errors.items()]
    asks = delivery.asks_at is not None
    return DeliveryFacts(
        state=delivery.state,
        words=delivery_words(delivery, accepted),
        why=[f"{address}: {words}" if address else capfirst(words) for address, words in told if words],
        said=list(dict.fromkeys(one for one in (*errors.values(), delivery.error) if one)),
        seconds=max(0, ceil(seconds)),
        asks=asks,
        may_recall=delivery.state == Delivery.State.QUEUED and delivery.before is not None,
        may_confirm=delivery.state == Delivery.State.UNKNOWN,
        may_send_again=may_send_again(message, delivery),
        may_note_seen=asks and delivery.state != Delivery.State.UNKNOWN,
    )


@dataclass(frozen=True)
class Sending:
    """A reply in the outbox."""

    message: Message
    to: str
    queued: str
    # When it is tried next, and how often it was tried.
    next: str
    tries: int
    delivery: DeliveryFacts
    can_work: bool


def sendings(deliveries: Iterable[Delivery], user: User, *, at: datetime) -> list[Sending]:
    """Return the rows of the outbox for deliveries read by `outbox_of`."""
    return [_sending(one, user, at=at) for one in deliveries]


def _sending(delivery: Delivery, user: User, *, at: datetime) -> Sending:
    message, ticket = delivery.message, delivery.message.ticket
    tz = ticket.desk.tz
    return Sending(
        message=message,
        to=", ".join(recipients_of(message)),
        queued=moment(delivery.queued_at, at, tz),
        next=moment(delivery.try_at, at, tz) if delivery.try_at and delivery.tries else "",
        tries=delivery.tries,
        delivery=delivery_facts(message, delivery, tz, at=at),
        can_work=is_allowed(user, Right.WORK, ticket.desk_id),
    )

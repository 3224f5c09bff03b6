"""What a person sent a moment ago and may still take back: kept in their session, shown on whatever page they are."""

from dataclasses import dataclass
from datetime import datetime
from math import ceil

from django.contrib.sessions.backends.base import SessionBase

from tickets.models import Message

KEY = "undo"


@dataclass(frozen=True)
class Undo:
    """A reply that leaves in so many seconds."""

    number: str
    short_number: str
    message_pk: int
    seconds: int


def offer(session: SessionBase, message: Message) -> None:
    """Remember a reply that was just queued; the one before it can be taken back on its ticket."""
    leaves_at = message.delivery.try_at
    if leaves_at is not None:
        session[KEY] = [message.ticket.number, message.ticket.short_number, message.pk, leaves_at.isoformat()]


def withdraw(session: SessionBase) -> None:
    session.pop(KEY, None)


def undo_of(session: SessionBase, *, at: datetime) -> Undo | None:
    """Return what may be taken back at `at`."""
    if KEY not in session:
        return None
    number, short_number, message_pk, leaves_at = session[KEY]
    seconds = ceil((datetime.fromisoformat(leaves_at) - at).total_seconds())
    return Undo(number, short_number, message_pk, seconds) if seconds > 0 else None

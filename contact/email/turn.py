"""One worker at a time writes into a desk's mailbox: two at once would file a copy twice, or put an older mark back."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from time import monotonic
from uuid import uuid4

from django.db.models.functions import Now

from contact.models import MailboxTurn
from directory.models import Desk

# After a crash the next turn comes when the lease is over. Half of it is used: the last step has the other half.
LEASE = timedelta(minutes=6)


@contextmanager
def turn(desk: Desk) -> Iterator[Callable[[], bool]]:
    """Yield a function to ask before each step: whether the turn is ours, and still is.

    The clock is the database's, one for the workers of all machines.
    """
    holder, began = uuid4().hex, monotonic()
    MailboxTurn.objects.get_or_create(desk=desk, defaults={"until": Now()})
    free = MailboxTurn.objects.filter(desk=desk, until__lte=Now())
    is_ours = bool(free.update(holder=holder, until=Now() + LEASE))
    try:
        yield lambda: is_ours and monotonic() - began < LEASE.total_seconds() / 2
    finally:
        MailboxTurn.objects.filter(desk=desk, holder=holder).update(until=Now())

"""Numbers of tickets: EMUS-2026-04179, counted by desk and year."""

from datetime import datetime

from django.db import transaction

from directory.models import Desk
from tickets.models import TicketCounter


def locked_counter(desk: Desk, year: int) -> TicketCounter:
    """Return the desk's counter of the year, locked to the end of the transaction; the caller saves it."""
    TicketCounter.objects.get_or_create(desk=desk, year=year)
    return TicketCounter.objects.select_for_update(of=("self",)).select_related("desk").get(desk=desk, year=year)


def next_number(counter: TicketCounter) -> str:
    """Count on; return the number."""
    counter.last += 1
    return f"{counter.desk.prefix}-{counter.year}-{counter.last:05d}"


@transaction.atomic
def take_number(desk: Desk, *, at: datetime) -> str:
    """Take the desk's next number, for a ticket that is written in a later transaction."""
    counter = locked_counter(desk, at.astimezone(desk.tz).year)
    number = next_number(counter)
    counter.save(update_fields=["last"])
    return number

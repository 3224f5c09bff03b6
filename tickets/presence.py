"""Two people on one ticket see each other.  A reply past one another is refused elsewhere: see `replying`."""

from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from directory.models import Employee
from tickets.models import Presence, Ticket

# The page says every 15 seconds (`_presence.html`) that it is open; three missed ones mean that it is not.
STALE = timedelta(seconds=45)


def note_presence(ticket: Ticket, *, is_writing: bool, by: Employee, at: datetime) -> None:
    """Note that somebody has the ticket open. One statement for as long as they stay; an older one changes nothing."""
    mine = Presence.objects.filter(ticket=ticket, employee=by)
    if not mine.filter(seen_at__lte=at).update(seen_at=at, is_writing=is_writing):
        row = Presence(ticket=ticket, employee=by, seen_at=at, is_writing=is_writing)
        Presence.objects.bulk_create([row], ignore_conflicts=True)


def others_there(ticket: Ticket, employee: Employee | None, *, at: datetime) -> list[str]:
    """Return in words who else has the ticket open, those who are writing first."""
    there = Presence.objects.filter(ticket=ticket, seen_at__gt=at - STALE).exclude(employee=employee)
    rows = there.select_related("employee").order_by("-is_writing", "employee__last_name", "pk")
    return [_words(one) for one in rows]


def _words(presence: Presence) -> str:
    words = _("%(name)s is writing here just now") if presence.is_writing else _("%(name)s has this ticket open too")
    return words % {"name": presence.employee}

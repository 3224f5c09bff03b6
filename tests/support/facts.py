"""What tests look up again and again: rows as they are now, and what was recorded of them."""

from datetime import timedelta

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def fresh(row):
    """Return the row as the database has it."""
    return type(row).objects.get(pk=row.pk)


def deadline(message, kind):
    return message.deadlines.get(kind=kind)


def events(ticket, verb=None):
    from audit.models import Event

    found = Event.objects.filter(ticket=ticket).order_by("pk")
    return list(found if verb is None else found.filter(verb=verb))


def last_event(ticket, verb):
    """Return the last event of that kind on the ticket."""
    return events(ticket, verb)[-1]

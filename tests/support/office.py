"""Plain builders for tests: instants of Riga, desks, employees, letters."""

from datetime import datetime
from zoneinfo import ZoneInfo

RIGA = ZoneInfo("Europe/Riga")


def riga(text: str) -> datetime:
    """Return an instant of Riga's clock: riga("2025-11-14 16:40")."""
    return datetime.fromisoformat(text).replace(tzinfo=RIGA)


OPENED = riga("2025-11-03 08:30")


def make_desk(code: str = "emus", *, round_the_clock: bool = False, starts_at: datetime = OPENED):
    from directory.models import Desk
    from sla.shipped import DEMONSTRATION_WEEK, ROUND_THE_CLOCK, load_calendar, load_policies

    desk = Desk.objects.create(
        code=code,
        name=f"{code.upper()} atbalsts",
        office="Maksātnespējas kontroles dienests",
        prefix=code.upper(),
        address=f"{code}@desk.example",
        starts_at=starts_at,
    )
    week = ROUND_THE_CLOCK if round_the_clock else DEMONSTRATION_WEEK
    load_calendar(desk, week, with_holidays=not round_the_clock, by=None, at=starts_at)
    load_policies(desk, by=None, at=starts_at)
    return Desk.objects.select_related("calendar").get(pk=desk.pk)


def make_employee(name: str, *roles: str, desk, position: str = "darbinieks", phone: str = "+371 2000 0001"):
    from directory.actions import create_employee, grant_role

    first, last = name.split()
    address = f"{first}.{last}@office.example".lower().encode("ascii", "ignore").decode()
    employee = create_employee(
        address, "parole", first_name=first, last_name=last, position=position, phone=phone, by=None, at=OPENED
    )
    for role in roles:
        grant_role(employee, desk, role, by=None, at=OPENED)
    return employee


def letter(**changes):
    """Return a client's letter; any field may be given."""
    from tickets.actions.receiving import Letter

    fields = {
        "sender_name": "Pēteris Krūmiņš",
        "sender_address": "peteris@krumins.example",
        "subject": "Pārskatā nesakrīt kopsumma",
        "text": "Labdien! Kopsumma nesakrīt. Ko darīt?",
        "reply": "Labdien! Kopsumma nesakrīt. Ko darīt?",
        "message_id": "<first@krumins.example>",
    }
    return Letter(**{**fields, **changes})


def recognised(email: str, name: str, *, at):
    """Return the client whom a letter from this address is taken for, as mail comes in."""
    from directory.models import Desk
    from tickets.actions.receiving import receive_message

    desk = Desk.objects.select_related("calendar").first() or make_desk()
    written = letter(sender_address=email, sender_name=name)
    return receive_message(desk, written, ticket=None, received_at=at, at=at).client

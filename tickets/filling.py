"""What stands in the place of a template's placeholders on a ticket, in Latvian: it goes to a client.  (S-5.2)"""

from datetime import date, datetime

from directory.models import Employee
from sla.models import Deadline, Kind
from sla.queries import deadlines_of
from tickets.interim import IN_MONTH, time_named
from tickets.models import Ticket
from tickets.queries import last_from_client, waiting_registration


def values_for(ticket: Ticket, sender: Employee, *, at: datetime) -> dict[str, str]:
    """Return the values of `knowledge.placeholders` that are known on the ticket; what is not known is left out."""
    desk, tz = ticket.desk, ticket.desk.tz
    about = last_from_client(ticket)
    received = (about.at if about else ticket.received_at).astimezone(tz)
    values = {
        "client.name": ticket.client.name,
        "ticket.number": ticket.number,
        "ticket.subject": ticket.subject,
        "ticket.received_on": f"{received.day}. {IN_MONTH[received.month - 1]}",
        "sender.name": str(sender),
        "sender.position": sender.position,
        "sender.phone": sender.phone,
        "desk.name": desk.name,
        "desk.office": desk.office,
        "desk.address": desk.address,
        "desk.phone": desk.phone,
        "today": day_named(at.astimezone(tz).date()),
    }
    if ticket.expert is not None:
        expert = ticket.expert
        values |= {"expert.name": str(expert), "expert.position": expert.position, "expert.unit": expert.unit}
    promised = deadlines_of(ticket, kind=Kind.PROMISED).filter(state__in=Deadline.OPEN).first()
    if promised is not None:
        values["promise.due_on"] = time_named(promised.due_at, tz)
    registered = waiting_registration(ticket)
    if registered is not None:
        values |= {"record.number": registered.number, "record.dated_on": day_named(registered.dated_on)}
    return values


def day_named(day: date) -> str:
    """Return a date as the office writes it: "10.11.2025."."""
    return f"{day:%d.%m.%Y}."

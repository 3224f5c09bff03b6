"""What stands beside a ticket about its people: the client's other tickets, and the colleague who was asked."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from directory.models import Absence, Employee, User
from sla.words import day_words
from tickets.models import Ticket
from tickets.queries import tickets_of_client


@dataclass(frozen=True)
class ClientFacts:
    """How many other tickets of the client the reader may see, and how many of those are open.  (S-5.5)"""

    others: int
    opened: int


@dataclass(frozen=True)
class ColleagueFacts:
    """Who was asked for a draft; `away` says until when they are absent and who stands in, "" if they are there."""

    person: Employee
    away: str


def client_facts(ticket: Ticket, user: User) -> ClientFacts:
    others = tickets_of_client(user, ticket.client_id).exclude(pk=ticket.pk).order_by()
    return ClientFacts(**others.aggregate(others=Count("pk"), opened=Count("pk", filter=Q(state__in=Ticket.OPEN))))


def colleague_facts(ticket: Ticket, *, at: datetime) -> ColleagueFacts | None:
    """Return the colleague of a forwarded ticket, None if it was forwarded to nobody.  (E-II.4b)"""
    if ticket.expert is None:
        return None
    today = at.astimezone(ticket.desk.tz).date()
    absences = Absence.objects.filter(employee=ticket.expert, first_on__lte=today, last_on__gte=today)
    absence = absences.select_related("stand_in").first()
    if absence is None:
        return ColleagueFacts(ticket.expert, "")
    facts = {"day": day_words(absence.last_on), "name": absence.stand_in}
    words = _("away until %(day)s; %(name)s stands in") if absence.stand_in else _("away until %(day)s")
    return ColleagueFacts(ticket.expert, words % facts)

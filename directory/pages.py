"""The facts of the pages about people: competences, orders, absences."""

import calendar
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from directory.models import Absence, CompetenceOrder, Desk, Employee, Role, Topic, User
from directory.orders import in_force
from directory.queries import away_between, colleagues_of, competences_of, order_in_force
from directory.standins import who_is_asked, who_stands_in

DAY = timedelta(days=1)


@dataclass(frozen=True)
class TopicRow:
    """A topic and who answers for it; `asked` is who would be asked today, who may be another."""

    topic: Topic
    main: Employee | None
    substitutes: tuple[Employee, ...]
    asked: Employee | None

    @property
    def is_gap(self) -> bool:
        return self.main is None


def topic_rows(desk: Desk, on: date) -> list[TopicRow]:
    """Return the desk's topics by name, those in use first. A fixed number of queries."""
    competent, away = competences_of(desk, on), away_between(on, on)
    people = Employee.objects.filter(user__is_active=True).select_related("user").in_bulk()
    rows = []
    for topic in desk.topics.order_by("is_retired", "name"):
        found = competent.get(topic.pk)
        pk = who_is_asked([one.pk for one in found.people], on, away) if found else None
        rows.append(
            TopicRow(topic, found.main if found else None, found.substitutes if found else (), people.get(pk or 0))
        )
    return rows


@dataclass(frozen=True)
class OrderRow:
    order: CompetenceOrder
    state: str
    words: str


def order_rows(desk: Desk, on: date) -> list[OrderRow]:
    """Return the desk's orders, the latest first, each with whether it binds."""
    orders = list(desk.orders.order_by("-valid_from"))
    bound = in_force(orders, on)
    return [order_row(one, bound, on) for one in orders]


def order_row(order: CompetenceOrder, bound: CompetenceOrder | None, on: date) -> OrderRow:
    if bound is not None and order.pk == bound.pk:
        return OrderRow(order, "in_force", _("in force"))
    if order.valid_from > on:
        return OrderRow(order, "coming", _("not in force yet"))
    return OrderRow(order, "past", _("no longer in force"))


def order_facts(order: CompetenceOrder, on: date) -> dict[str, Any]:
    """Return an order as it is read: its state, and a line a topic."""
    lines: dict[Topic, list[Employee]] = {}
    for line in order.lines.select_related("topic", "employee__user").order_by("topic__name", "place"):
        lines.setdefault(line.topic, []).append(line.employee)
    missing = order.desk.topics.filter(is_retired=False).exclude(pk__in=[topic.pk for topic in lines])
    return {
        "row": order_row(order, order_in_force(order.desk, on), on),
        "lines": [(topic, people[0], people[1:]) for topic, people in lines.items()],
        "gaps": list(missing.order_by("name")),
    }


@dataclass(frozen=True)
class PersonRow:
    """A person of the desk today; `stand_in` is who acts while they are away."""

    employee: Employee
    roles: str
    languages: str
    absent_until: date | None
    stand_in: Employee | None


def person_rows(desk: Desk, on: date) -> list[PersonRow]:
    people = list(colleagues_of(desk))
    known = {one.pk: one for one in people}
    away = away_between(on, on)
    until = {one.employee: one.last_on for one in away}
    known |= Employee.objects.select_related("user").in_bulk([one.stand_in for one in away if one.stand_in])
    roles: dict[int, list[str]] = {}
    for pk, name in Role.objects.filter(desk=desk).order_by("pk").values_list("employee_id", "name"):
        roles.setdefault(pk, []).append(str(Role.Name(name).label))
    rows = []
    for one in people:
        acting = who_stands_in(one.pk, on, away) if one.pk in until else None
        told = ", ".join(roles.get(one.pk, ()))
        rows.append(PersonRow(one, told, languages_words(one), until.get(one.pk), known.get(acting or 0)))
    return rows


def languages_words(employee: Employee) -> str:
    names = dict(Employee.LANGUAGES)
    return ", ".join(str(names[code]) for code in employee.languages if code in names)


# --- Absences --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cell:
    """A day of somebody: away or not, at a weekend or not, the first of a run or not."""

    on: date
    absence: Absence | None
    is_weekend: bool
    is_today: bool


@dataclass(frozen=True)
class StripRow:
    employee: Employee
    cells: list[Cell]


@dataclass(frozen=True)
class AbsenceRow:
    """An absence as one may see it: the reason only by the person, the manager and the director."""

    absence: Absence
    kind: str
    can_change: bool
    # The first day on which nobody would act, because the stand-in is away as well or nobody was named.
    open_on: date | None


def month_facts(desk: Desk, user: User, month: date, *, today: date, manages: bool) -> dict[str, Any]:
    """Return who is away in the month that begins with `month`, as a strip of days and as a list."""
    last = month.replace(day=calendar.monthrange(month.year, month.month)[1])
    people = list(colleagues_of(desk))
    rows = Absence.objects.filter(employee__in=people, last_on__gte=month, first_on__lte=last)
    found = list(rows.select_related("employee__user", "stand_in__user").order_by("first_on", "pk"))
    days = [month + DAY * number for number in range(last.day)]
    return {
        "month": month,
        "previous": (month - DAY).replace(day=1),
        "next": last + DAY,
        "days": days,
        "today": today,
        "strip": [StripRow(one, [_cell(one, day, found, today) for day in days]) for one in people],
        "rows": _absence_rows(found, user, manages),
    }


def _cell(employee: Employee, on: date, found: list[Absence], today: date) -> Cell:
    absence = next((one for one in found if one.employee_id == employee.pk and one.first_on <= on <= one.last_on), None)
    return Cell(on, absence, on.weekday() > 4, on == today)


def _absence_rows(found: list[Absence], user: User, manages: bool) -> list[AbsenceRow]:
    if not found:
        return []
    away = away_between(min(one.first_on for one in found), max(one.last_on for one in found))
    rows = []
    for one in found:
        is_own = one.employee.user_id == user.pk
        days = [one.first_on + DAY * number for number in range((one.last_on - one.first_on).days + 1)]
        open_on = next((day for day in days if who_stands_in(one.employee_id, day, away) is None), None)
        kind = str(Absence.Kind(one.kind).label) if manages or is_own else ""
        rows.append(AbsenceRow(one, kind, manages or is_own, open_on))
    return rows


def month_of(text: str, at: datetime) -> date:
    """Return the first day of the month "2026-11"; of the month of `at` if it is none."""
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        return at.date().replace(day=1)

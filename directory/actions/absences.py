"""Who is away, and who was named to stand in.  (E-II.4b, E-III.4)"""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from audit.actions import record
from audit.verbs import Verb
from directory.models import Absence, Employee, Role, User
from directory.queries import away_between
from directory.standins import Away, first_loop
from helpdesk.errors import DomainError


class AbsenceOverlaps(DomainError):
    code = "absence_overlaps"
    words = _("These days overlap with an absence entered already: %(first)s – %(last)s.")


class StandInLoop(DomainError):
    code = "stand_in_loop"
    words = _("%(person)s cannot stand in: on %(day)s the chain of stand-ins would lead back to who is away.")


class NamedByDirector(DomainError):
    code = "named_by_director"
    words = _("Who stands in for the deputy director is named by the director.")


@dataclass(frozen=True)
class AbsenceFacts:
    """Both days are included; `stand_in` is an employee's id."""

    first_on: date
    last_on: date
    kind: str
    stand_in: int | None


@transaction.atomic
def enter_absence(employee: Employee, facts: AbsenceFacts, *, by: User | None, at: datetime) -> Absence:
    """Enter days on which `employee` is away. Raises AbsenceOverlaps, StandInLoop, NamedByDirector."""
    _check(employee, facts, None, by)
    absence = Absence.objects.create(employee=employee, **_columns(facts))
    record(absence, Verb.ABSENCE_ENTERED, by=by, at=at, employee=employee.pk, **_raw(_columns(facts)))
    return absence


@transaction.atomic
def change_absence(absence: Absence, facts: AbsenceFacts, *, by: User | None, at: datetime) -> Absence:
    """Change days, reason or stand-in; a no-op without changes. Raises as `enter_absence`."""
    absence = Absence.objects.select_for_update(of=("self",)).select_related("employee").get(pk=absence.pk)
    before, after = {name: getattr(absence, name) for name in _columns(facts)}, _columns(facts)
    if before == after:
        return absence
    _check(absence.employee, facts, absence, by)
    for name, value in after.items():
        setattr(absence, name, value)
    absence.save(update_fields=list(after))
    old, new = _raw(before), _raw(after)
    changed = {name: [old[name], new[name]] for name in new if old[name] != new[name]}
    record(absence, Verb.ABSENCE_CHANGED, by=by, at=at, employee=absence.employee_id, **changed)
    return absence


@transaction.atomic
def cancel_absence(absence: Absence, *, by: User, at: datetime) -> None:
    """Take an absence back: the person is present after all. A no-op if that was done."""
    found = Absence.objects.select_for_update().filter(pk=absence.pk).first()
    if found is None:
        return
    columns = {name: getattr(found, name) for name in ("first_on", "last_on", "kind", "stand_in_id")}
    record(found, Verb.ABSENCE_CANCELLED, by=by, at=at, employee=found.employee_id, **_raw(columns))
    found.delete()


def _check(employee: Employee, facts: AbsenceFacts, absence: Absence | None, by: User | None) -> None:
    """Refuse what must not be. Both people are locked in one order: two who name each other at once come in turn."""
    pair = [employee.pk, *([facts.stand_in] if facts.stand_in else [])]
    people = {
        one.pk: one for one in Employee.objects.select_for_update(of=("self",)).filter(pk__in=pair).order_by("pk")
    }
    if _names_anew(facts, absence) and not may_name_stand_in(employee, by):
        raise NamedByDirector
    others = Absence.objects.exclude(pk=absence.pk if absence else 0)
    same = others.filter(employee=employee, first_on__lte=facts.last_on, last_on__gte=facts.first_on).first()
    if same is not None:
        raise AbsenceOverlaps(first=_day(same.first_on), last=_day(same.last_on))
    new = Away(employee.pk, facts.first_on, facts.last_on, facts.stand_in)
    away = [one for one in away_between(facts.first_on, facts.last_on) if one.employee != employee.pk]
    if facts.stand_in and (day := first_loop(new, away)):
        raise StandInLoop(person=people[facts.stand_in], day=_day(day))


def _names_anew(facts: AbsenceFacts, absence: Absence | None) -> bool:
    """Tell whether these facts name a stand-in, or take one away, for a day for which that was not said before."""
    if absence is None or facts.stand_in != absence.stand_in_id:
        return facts.stand_in is not None or absence is not None
    return facts.stand_in is not None and (facts.first_on < absence.first_on or facts.last_on > absence.last_on)


def may_name_stand_in(employee: Employee, by: User | None) -> bool:
    """Tell whether `by` may say who stands in: for a deputy director only the director of that desk.  (E-III.4)"""
    desks = list(employee.roles.filter(name=Role.Name.DEPUTY_DIRECTOR).values_list("desk_id", flat=True))
    if not desks or by is None:
        return True
    directed = Role.objects.filter(employee__user=by, name=Role.Name.DIRECTOR, desk_id__in=desks)
    return directed.values("desk_id").distinct().count() == len(desks)


def _columns(facts: AbsenceFacts) -> dict[str, Any]:
    columns = asdict(facts)
    columns["stand_in_id"] = columns.pop("stand_in")
    return columns


def _raw(columns: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in columns.items()}


def _day(on: date) -> str:
    return date_format(on, "SHORT_DATE_FORMAT")

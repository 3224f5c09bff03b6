"""Calendars, policies and deadlines, by name."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404

from directory.models import Desk, User
from directory.queries import desks_visible_to, desks_where, is_allowed
from directory.rights import Right
from sla.calendar import WorkingCalendar
from sla.models import Calendar, CalendarDay, Deadline, Policy, WithdrawnBreach

if TYPE_CHECKING:
    from sla.settings import CalendarChange
    from tickets.models import Ticket


Week = dict[int, list[tuple[time, time]]]


@dataclass(frozen=True)
class DayFact:
    """Why a day differs from its weekday."""

    kind: str
    name: str
    other_on: date | None
    source: str


@dataclass(frozen=True)
class DeskCalendar:
    """A desk's working time with the reasons of its special days."""

    working: WorkingCalendar
    facts: dict[date, DayFact]
    # Years whose moved working days are known to be complete; None where the desk does not follow them.
    complete_years: frozenset[int] | None
    # How long a plain working day is: what "1 business day left" means when time is told in words.
    standard_day: timedelta


def calendar_of(desk: Desk) -> DeskCalendar:
    """Return the desk's calendar; built once a process for each version of it. Give `desk` with its `calendar`."""
    calendar: Calendar = desk.calendar
    return _built(calendar.pk, calendar.version, desk.time_zone)


@lru_cache(maxsize=64)
def _built(calendar_id: int, version: int, time_zone: str) -> DeskCalendar:
    calendar = Calendar.objects.select_related("desk").get(pk=calendar_id)
    weekly: Week = {}
    for hours in calendar.weekly.order_by("weekday", "opens"):
        weekly.setdefault(hours.weekday, []).append((hours.opens, hours.closes))
    return build(weekly, list(calendar.days.all()), calendar)


def calendar_with(desk: Desk, change: "CalendarChange") -> DeskCalendar:
    """Return the desk's calendar as it would be after a change that is not saved."""
    calendar = Calendar.objects.select_related("desk").get(desk=desk)
    days = {day.on: day for day in calendar.days.all()}
    for one in change.days:
        days.pop(one.on, None)
        if one.kind:
            hours = [[opens.isoformat("minutes"), closes.isoformat("minutes")] for opens, closes in one.hours]
            day = CalendarDay(on=one.on, kind=one.kind, hours=hours, counts=one.counts, name=one.name)
            day.other_on, day.source = one.other_on, one.source
            days[one.on] = day
    weekly: Week = {}
    for stretch in calendar.weekly.order_by("weekday", "opens"):
        weekly.setdefault(stretch.weekday, []).append((stretch.opens, stretch.closes))
    if change.week is not None:
        weekly = {weekday: list(stretches) for weekday, stretches in change.week.items()}
    if change.complete_years is not None:
        calendar.complete_years = list(change.complete_years)
    return build(weekly, list(days.values()), calendar)


def build(weekly: Week, days: list[CalendarDay], calendar: Calendar) -> DeskCalendar:
    """Make a calendar of weekly hours and special days. Raises ValueError for hours that overlap or never open."""
    return DeskCalendar(
        working=WorkingCalendar(
            weekly,
            {day.on for day in days if not day.hours},
            {day.on: intervals(day) for day in days if day.hours},
            calendar.desk.tz,
            uncounted={day.on for day in days if not day.counts},
        ),
        facts={day.on: DayFact(day.kind, day.name, day.other_on, day.source) for day in days},
        complete_years=None if calendar.complete_years is None else frozenset(calendar.complete_years),
        standard_day=max((_length(day) for day in weekly.values()), default=timedelta(hours=8)),
    )


def intervals(day: CalendarDay) -> list[tuple[time, time]]:
    return [(time.fromisoformat(opens), time.fromisoformat(closes)) for opens, closes in day.hours]


def _length(stretches: list[tuple[time, time]]) -> timedelta:
    """Return how long a day is; a closing time of 00:00 is its end."""

    def minutes(at: time) -> int:
        return at.hour * 60 + at.minute

    return timedelta(minutes=sum((minutes(closes) or 24 * 60) - minutes(opens) for opens, closes in stretches))


def policies_at(desk: Desk, at: datetime) -> dict[tuple[str, str], Policy]:
    """Return the versions in force at `at`, by kind and variant."""
    versions = Policy.objects.filter(desk=desk, valid_from__lte=at).order_by("valid_from")
    return {(one.kind, one.variant): one for one in versions}


def deadlines_of(ticket: "Ticket", *, kind: str | None = None) -> QuerySet[Deadline]:
    found = Deadline.objects.filter(ticket=ticket)
    return found if kind is None else found.filter(kind=kind)


def versions_of(desk: Desk) -> dict[tuple[str, str], list[Policy]]:
    """Return every version of the desk's terms, by kind and variant, the earliest first."""
    versions: dict[tuple[str, str], list[Policy]] = {}
    for one in Policy.objects.filter(desk=desk).order_by("valid_from"):
        versions.setdefault((one.kind, one.variant), []).append(one)
    return versions


def current_of(versions: list[Policy], at: datetime) -> Policy | None:
    """Return the version in force at `at`, of versions in order."""
    return next((one for one in reversed(versions) if one.valid_from <= at), None)


def in_force(versions: dict[tuple[str, str], list[Policy]], at: datetime) -> dict[tuple[str, str], Policy]:
    """Return what `policies_at` does, out of all versions: for many instants at one question to the database."""
    current = {key: current_of(those, at) for key, those in versions.items()}
    return {key: one for key, one in current.items() if one is not None}


def get_policy_for(user: User, pk: int, *, at: datetime) -> Policy:
    """Return a version of a term that `user` may change: the one in force, or one that will be.

    Http404 if unseen or superseded, PermissionDenied if only seen.
    """
    found = Policy.objects.filter(desk__in=desks_visible_to(user), pk=pk).select_related("desk__calendar").first()
    if found is None:
        raise Http404
    if not is_allowed(user, Right.SETTINGS, found.desk_id):
        raise PermissionDenied
    current = current_of(versions_of(found.desk)[found.kind, found.variant], at)
    if current is not None and found.valid_from < current.valid_from:
        raise Http404
    return found


def years_missing(user: User, *, at: datetime) -> list[int]:
    """Return the years whose moved working days somebody who may enter them should know of by `at`.

    This year; from October, when the Cabinet's order has long been due, the next year too.
    """
    found: set[int] = set()
    calendars = Calendar.objects.filter(desk__in=desks_where(user, Right.SETTINGS), complete_years__isnull=False)
    for calendar in calendars.select_related("desk"):
        found |= set(missing_years(calendar.complete_years, at.astimezone(calendar.desk.tz).date()))
    return sorted(found)


def missing_years(complete: Collection[int] | None, today: date) -> list[int]:
    """Return which of the years that are asked for by `today` are not among the complete; none are where it is None."""
    if complete is None:
        return []
    asked = [today.year, today.year + 1] if today.month >= 10 else [today.year]
    return [year for year in asked if year not in complete]


def withdrawn_of(ticket: "Ticket") -> QuerySet[WithdrawnBreach]:
    return WithdrawnBreach.objects.filter(deadline__ticket=ticket).select_related("by__employee").order_by("pk")

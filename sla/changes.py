"""What one entry in the calendar means for its days: a move is two of them."""

from dataclasses import replace
from datetime import date, time

from django.utils.translation import gettext_lazy as _

from directory.models import Desk
from helpdesk.errors import DomainError
from sla.models import CalendarDay, OpeningHours
from sla.settings import CalendarChange, DayChange

Kind = CalendarDay.Kind
# On these the office is closed; the others have hours of their own.
CLOSED = frozenset({Kind.HOLIDAY, Kind.DAY_OFF, Kind.MOVED_OFF, Kind.CLOSURE})
MOVED = {Kind.MOVED_OFF: Kind.MOVED_ON, Kind.MOVED_ON: Kind.MOVED_OFF}


class DayTaken(DomainError):
    code = "day_taken"
    words = _("That day is already special: %(kind)s. Change it first, or choose another day.")


class WorkedHoursMissing(DomainError):
    code = "worked_hours_missing"
    words = _("Write the hours: the day that is moved has none of its own.")


def enter_day(desk: Desk, day: DayChange) -> CalendarChange:
    """Return what entering a special day changes; a moved day brings its other day along, both ways.

    The hours of a move are those of the day that is worked; without them those of the weekday that is moved. Raises
    DayTaken, WorkedHoursMissing.
    """
    before = _day(desk, day.on)
    days = [day]
    if before is not None and before.other_on != day.other_on:
        days += _released(desk, before)
    if day.kind in MOVED:
        assert day.other_on is not None
        days = [*_moved(desk, day, day.other_on), *days[1:]]
    return CalendarChange(days=tuple(days))


def remove_day(desk: Desk, on: date) -> CalendarChange:
    """Return what taking a day's exception away changes: the other day of a move goes with it."""
    before = _day(desk, on)
    return CalendarChange(days=(DayChange(on), *(_released(desk, before) if before else [])))


def mark_year(desk: Desk, year: int, *, is_complete: bool) -> CalendarChange:
    """Return the change that marks the moved days of a year as known, or as not known after all."""
    known = set(desk.calendar.complete_years or ())
    return CalendarChange(complete_years=tuple(sorted(known | {year} if is_complete else known - {year})))


def _moved(desk: Desk, day: DayChange, other_on: date) -> list[DayChange]:
    other = _day(desk, other_on)
    if other is not None and other.other_on != day.on:
        raise DayTaken(kind=other.get_kind_display())
    if other is not None and (day.kind == Kind.MOVED_ON or not day.hours):
        # The other day knows of the move already, and keeps its own hours: it may be shortened too.
        return [day] if day.hours or day.kind == Kind.MOVED_OFF else [replace(day, hours=_worked(desk, other_on))]
    off, on = (day.on, other_on) if day.kind == Kind.MOVED_OFF else (other_on, day.on)
    hours = day.hours or _worked(desk, off)
    moved = [
        DayChange(off, Kind.MOVED_OFF, (), counts=True, name=day.name, other_on=on, source=day.source),
        DayChange(on, Kind.MOVED_ON, hours, counts=day.counts, name=day.name, other_on=off, source=day.source),
    ]
    return moved if day.kind == Kind.MOVED_OFF else moved[::-1]


def _released(desk: Desk, before: CalendarDay) -> list[DayChange]:
    """Take the other day of a move away that names this one."""
    other = _day(desk, before.other_on) if before.other_on else None
    return [DayChange(other.on)] if other is not None and other.other_on == before.on else []


def _day(desk: Desk, on: date) -> CalendarDay | None:
    return CalendarDay.objects.filter(calendar=desk.calendar, on=on).first()


def _worked(desk: Desk, off: date) -> tuple[tuple[time, time], ...]:
    """Return the hours of the weekday that is moved. Raises WorkedHoursMissing."""
    hours = OpeningHours.objects.filter(calendar=desk.calendar, weekday=off.weekday()).order_by("opens")
    if not hours:
        raise WorkedHoursMissing
    return tuple((one.opens, one.closes) for one in hours)

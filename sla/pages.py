"""The facts of the calendar's pages: a year at a glance, and what a change would move."""

from calendar import monthcalendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import prefetch_related_objects
from django.utils.dates import MONTHS, WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from directory.models import Desk
from sla.explanations import special_day_words
from sla.models import CalendarDay, OpeningHours, Recalculation
from sla.queries import DeskCalendar, calendar_of, calendar_with, intervals, missing_years
from sla.settings import CalendarChange, Move
from sla.words import day_words, deadline_words, moment, weekday_words

Kind = CalendarDay.Kind
# As many moves as a preview lists; it counts all.
MOST = 200
# The glyph that stands under a day's number, so that a kind of day is never told by its form alone.
GLYPHS = {
    Kind.HOLIDAY: "★",
    Kind.DAY_OFF: "☆",
    Kind.MOVED_OFF: "→",
    Kind.MOVED_ON: "←",
    Kind.SHORTENED: "−",
    Kind.CLOSURE: "×",
    Kind.EXTRA: "+",
}


@dataclass(frozen=True)
class DayFacts:
    """A cell of a month. `form` is work, rest, or the kind of a special day; `words` are empty for a plain day."""

    on: date
    form: str
    glyph: str
    words: str
    is_today: bool


@dataclass(frozen=True)
class MonthFacts:
    name: str
    weeks: list[list[DayFacts | None]]
    days: int
    hours: str


@dataclass(frozen=True)
class SpecialDay:
    """A line of the list under the year."""

    on: date
    when: str
    form: str
    glyph: str
    kind: str
    words: str
    hours: str
    counts: bool
    source: str


@dataclass(frozen=True)
class MoveRow:
    """A deadline that a change moves: `note` says whether it becomes late, or no longer is."""

    number: str
    short_number: str
    subject: str
    name: str
    before: str
    after: str
    note: str
    is_late: bool


@dataclass(frozen=True)
class DayRow:
    """What a change does to a day: how it was, how it will be."""

    when: str
    before: str
    after: str


@dataclass(frozen=True)
class Preview:
    days: list[DayRow]
    rows: list[MoveRow]
    total: int
    late: int
    undone: int


def year_facts(desk: Desk, year: int, *, at: datetime) -> dict[str, object]:
    """Return a year of the desk's calendar, its counts and special days, and what is not known of it."""
    calendar, today = calendar_of(desk), at.astimezone(desk.tz).date()
    days = CalendarDay.objects.filter(calendar=desk.calendar, on__year=year).order_by("on")
    special = {day.on: day for day in days}
    months = [_month(calendar, special, year, month, today) for month in range(1, 13)]
    is_known = calendar.complete_years is None or year in calendar.complete_years
    return {
        "desk": desk,
        "year": year,
        "months": months,
        "weekdays": weekday_heads(),
        "special": [_special(day) for day in special.values()],
        "week": week_rows(desk),
        "legend": legend(),
        "business_days": sum(month.days for month in months),
        "working_hours": hours_words(_worked(calendar, date(year, 1, 1), date(year + 1, 1, 1))),
        "is_known": is_known,
        "is_followed": calendar.complete_years is not None,
        "missing": [one for one in missing_years(calendar.complete_years, today) if one != year],
    }


def weekday_heads() -> list[tuple[str, str]]:
    """Return the weekdays' short heads and full names, Monday first."""
    heads = (
        pgettext("weekday", "Mo"),
        pgettext("weekday", "Tu"),
        pgettext("weekday", "We"),
        pgettext("weekday", "Th"),
        pgettext("weekday", "Fr"),
        pgettext("weekday", "Sa"),
        pgettext("weekday", "Su"),
    )
    return [(head, str(WEEKDAYS[number])) for number, head in enumerate(heads)]


def legend() -> list[tuple[str, str, str]]:
    """Return the forms of a day with their glyphs and words."""
    plain = [("work", "", _("working day")), ("rest", "", _("closed by the weekly hours"))]
    return [*plain, *((kind.value, GLYPHS[kind], str(kind.label)) for kind in Kind)]


def week_rows(desk: Desk) -> list[tuple[str, str]]:
    """Return the hours of a plain week in words, a line a weekday."""
    hours: dict[int, list[tuple[time, time]]] = {}
    for one in OpeningHours.objects.filter(calendar=desk.calendar).order_by("weekday", "opens"):
        hours.setdefault(one.weekday, []).append((one.opens, one.closes))
    return [(str(WEEKDAYS[weekday]), intervals_words(hours.get(weekday, []))) for weekday in range(7)]


def intervals_words(hours: Iterable[tuple[time, time]]) -> str:
    """Return opening hours as people read them: "08:30–12:00, 12:30–16:00"."""
    spans = [f"{opens:%H:%M}–{'24:00' if closes == time() else closes.strftime('%H:%M')}" for opens, closes in hours]
    return ", ".join(spans) or _("closed")


def hours_words(span: timedelta) -> str:
    """Return working time as hours, with minutes where there are some."""
    hours, minutes = divmod(span // timedelta(minutes=1), 60)
    if minutes:
        return _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": minutes}
    return _("%(hours)d h") % {"hours": hours}


def form_of(day: CalendarDay) -> str:
    """Return how a special day is drawn: a moved day that is also shortened is drawn as moved."""
    return Kind.MOVED_ON.value if day.kind == Kind.SHORTENED and day.other_on else day.kind


def _glyph(day: CalendarDay) -> str:
    own = GLYPHS[Kind(day.kind)]
    return GLYPHS[Kind.MOVED_ON] + own if form_of(day) != day.kind else own


def _month(calendar: DeskCalendar, special: dict[date, CalendarDay], year: int, month: int, today: date) -> MonthFacts:
    weeks = [
        [_cell(calendar, special, date(year, month, number), today) if number else None for number in week]
        for week in monthcalendar(year, month)
    ]
    first, after = date(year, month, 1), date(year + month // 12, month % 12 + 1, 1)
    working = (first + timedelta(days=number) for number in range((after - first).days))
    return MonthFacts(
        name=str(MONTHS[month]),
        weeks=weeks,
        days=sum(calendar.working.is_business_day(day) for day in working),
        hours=hours_words(_worked(calendar, first, after)),
    )


def _worked(calendar: DeskCalendar, first: date, after: date) -> timedelta:
    tz = calendar.working.tz
    return calendar.working.between(datetime.combine(first, time(), tz), datetime.combine(after, time(), tz))


def _cell(calendar: DeskCalendar, special: dict[date, CalendarDay], on: date, today: date) -> DayFacts:
    day = special.get(on)
    if day is None:
        is_open = bool(calendar.working.intervals_on(on))
        return DayFacts(on, "work" if is_open else "rest", "", "", on == today)
    words = special_day_words(day.kind, day.name, day.other_on)
    return DayFacts(on, form_of(day), _glyph(day), words, on == today)


def _special(day: CalendarDay) -> SpecialDay:
    return SpecialDay(
        on=day.on,
        when=f"{weekday_words(day.on)}, {day_words(day.on)}",
        form=form_of(day),
        glyph=_glyph(day),
        kind=str(day.get_kind_display()),
        words=special_day_words(day.kind, day.name, day.other_on),
        hours=intervals_words(intervals(day)),
        counts=day.counts,
        source=day.source,
    )


def preview_facts(desk: Desk, change: CalendarChange, moves: Iterable[Move], *, at: datetime) -> Preview:
    """Return what a change does to days, and which deadlines it moves: the first 200, and the number of all."""
    listed: list[Move] = []
    total = late = undone = 0
    for move in moves:
        total, late, undone = total + 1, late + move.breaks(at), undone + move.is_undone
        if len(listed) < MOST:
            listed.append(move)
    prefetch_related_objects([move.deadline for move in listed], "ticket")
    return Preview(_day_rows(desk, change), [_move(move, desk.tz, at=at) for move in listed], total, late, undone)


def _move(move: Move, tz: ZoneInfo, *, at: datetime) -> MoveRow:
    ticket = move.deadline.ticket
    note = _("becomes late") if move.breaks(at) else _("the breach is withdrawn") if move.is_undone else ""
    return MoveRow(
        number=ticket.number,
        short_number=ticket.short_number,
        subject=ticket.subject,
        name=deadline_words(move.deadline.kind),
        before=moment(move.deadline.due_at, at, tz),
        after=moment(move.due_at, at, tz),
        note=note,
        is_late=move.breaks(at),
    )


def _day_rows(desk: Desk, change: CalendarChange) -> list[DayRow]:
    """Return how the named days and weekdays are now, and how they will be."""
    before, after = calendar_of(desk), calendar_with(desk, change)
    dates = sorted(day.on for day in change.days)
    rows = [DayRow(_date_words(on), _state_words(before, on), _state_words(after, on)) for on in dates]
    if change.week is not None:
        new = [intervals_words(sorted(change.week.get(weekday, ()))) for weekday in range(7)]
        rows += [DayRow(name, was, new[n]) for n, (name, was) in enumerate(week_rows(desk)) if was != new[n]]
    if change.complete_years is not None:
        known = {True: _("moved working days complete"), False: _("moved working days not known to be complete")}
        years = before.complete_years or frozenset()
        for year in sorted(years ^ set(change.complete_years)):
            rows.append(DayRow(str(year), known[year in years], known[year in change.complete_years]))
    return rows


def _date_words(on: date) -> str:
    return f"{weekday_words(on)}, {day_words(on, with_year=True)}"


def _state_words(calendar: DeskCalendar, on: date) -> str:
    """Return whether a date is open, when, and why."""
    tz, fact = calendar.working.tz, calendar.facts.get(on)
    spans = [(a.astimezone(tz).time(), b.astimezone(tz).time()) for a, b in calendar.working.intervals_on(on)]
    why = special_day_words(fact.kind, fact.name, fact.other_on) if fact else ""
    if spans and not calendar.working.is_business_day(on):
        why = "; ".join(part for part in (why, _("no business day")) if part)
    return f"{intervals_words(spans)}; {why}" if why else intervals_words(spans)


def recalculation_facts(row: Recalculation, *, at: datetime) -> dict[str, object]:
    return {
        "row": row,
        "desk": row.desk,
        "begun": moment(row.at, at, row.desk.tz),
        "finished": moment(row.finished_at, at, row.desk.tz) if row.finished_at else "",
        "year": row.at.astimezone(row.desk.tz).year,
    }

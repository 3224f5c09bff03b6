"""What ships with the product: the guidelines' terms, Latvia's calendar, and their loading into a desk."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import F

from audit.actions import record
from audit.verbs import Verb
from directory.models import Desk, User
from sla.models import Calendar, CalendarDay, Kind, OpeningHours, Policy, Unit

HOUR = timedelta(hours=1)
# What ships has always been in force: mail may be older than the desk.
FROM_THE_START = datetime(2000, 1, 1, tzinfo=UTC)
# Office hours stand in neither document: these are the demonstration's.
DEMONSTRATION_WEEK = {weekday: [(time(8, 30), time(17))] for weekday in range(5)}
ROUND_THE_CLOCK = {weekday: [(time(0), time(0))] for weekday in range(7)}

# Who is told, and when, in the words of `Policy`: the deadline's own people and the desk's roles.
SOON = [{"unit": Unit.WORKING_TIME, "minutes": 20, "tell": ["administrator"]}]
TODAY = [{"unit": Unit.WORKING_TIME, "minutes": 120, "tell": ["administrator"]}]
DRAFT = [
    {"unit": Unit.BUSINESS_DAYS, "days": 1, "tell": ["expert"]},
    {"unit": Unit.WORKING_TIME, "minutes": 120, "tell": ["expert", "administrator"]},
]
CLOCK = [
    {"unit": Unit.CLOCK_TIME, "minutes": minutes, "tell": ["data_protection_officer"]} for minutes in (24 * 60, 4 * 60)
]
BROKEN = ["administrator", "deputy_director"]
HOUR_TERM = {"unit": Unit.WORKING_TIME, "span": HOUR, "warnings": SOON, "tell_breach": BROKEN}
DAY_TERM = {"unit": Unit.BUSINESS_DAYS, "days": 1, "warnings": TODAY, "tell_breach": BROKEN, "may_pause": True}

POLICIES: Sequence[Mapping[str, Any]] = (
    {"kind": Kind.MARK, **HOUR_TERM, "paragraph": "E II.5"},
    {"kind": Kind.REPLY, **DAY_TERM, "paragraph": "E II.3"},
    {
        "kind": Kind.DRAFT,
        "unit": Unit.BUSINESS_DAYS,
        "days": 3,
        "warnings": DRAFT,
        "tell_breach": ["expert", *BROKEN],
        "may_pause": True,
        "paragraph": "E II.4",
    },
    {"kind": Kind.SEND_DRAFT, **HOUR_TERM, "paragraph": "E II.4"},
    {"kind": Kind.PROMISED, "unit": Unit.CLOCK_TIME, "warnings": TODAY, "tell_breach": BROKEN, "paragraph": "E II.4"},
    {"kind": Kind.CALLBACK, **HOUR_TERM, "paragraph": "E III.1"},
    {"kind": Kind.PHONE_ANSWER, **DAY_TERM, "paragraph": "E III.3"},
    {"kind": Kind.INCIDENT_NOTICE, **HOUR_TERM, "paragraph": "E III.4"},
    {
        "kind": Kind.INCIDENT_NOTICE,
        "variant": "phone",
        "unit": Unit.CLOCK_TIME,
        "span": HOUR / 4,
        "tell_breach": BROKEN,
        "paragraph": "E III.4",
    },
    {
        "kind": Kind.BREACH_REPORT,
        "unit": Unit.CLOCK_TIME,
        "span": 72 * HOUR,
        "warnings": CLOCK,
        "tell_breach": ["data_protection_officer", "director"],
        "paragraph": "S 24.3",
    },
)


HOLIDAY_LAW = "Likums “Par svētku, atceres un atzīmējamām dienām”, 1. pants"
LABOUR_LAW = "Darba likums, 135. pants"
# The Cabinet's orders on moved working days; a year without one is not known to be complete.
ORDERS = {
    2024: "MK rīkojums, likumi.lv/ta/id/342680",
    2025: "MK rīkojums, likumi.lv/ta/id/351684",
    2026: "MK rīkojums, likumi.lv/ta/id/361161",
}


@dataclass(frozen=True)
class LatvianDay:
    """A special day of Latvia's calendar. A shortened day closes an hour earlier than its weekday."""

    on: date
    kind: CalendarDay.Kind
    name: str = ""
    other_on: date | None = None


@cache
def latvian_days() -> dict[date, LatvianDay]:
    """Return Latvia's holidays, days off, moved and shortened days, by date (2024 to 2027; see the file's status)."""
    data = json.loads((Path(__file__).parent / "data/latvia.json").read_text(encoding="utf-8"))
    days: dict[date, LatvianDay] = {}
    for year in data["years"].values():
        for row in year["holidays"]:
            days[_day(row["date"])] = LatvianDay(_day(row["date"]), CalendarDay.Kind.HOLIDAY, row["name"])
        for row in year["day_off_instead"]:
            days[_day(row["date"])] = LatvianDay(_day(row["date"]), CalendarDay.Kind.DAY_OFF, "", _day(row["for"]))
        for row in year["moved"]:
            away, to = _day(row["from"]), _day(row["to"])
            days[away] = LatvianDay(away, CalendarDay.Kind.MOVED_OFF, "", to)
            days[to] = LatvianDay(to, CalendarDay.Kind.MOVED_ON, "", away)
        for text in year["short_days"]:
            on = _day(text)
            moved = days.get(on)
            days[on] = LatvianDay(on, CalendarDay.Kind.SHORTENED, "", moved.other_on if moved else None)
    return days


@transaction.atomic
def load_calendar(
    desk: Desk,
    week: Mapping[int, Sequence[tuple[time, time]]],
    *,
    with_holidays: bool = True,
    by: User | None,
    at: datetime,
) -> Calendar:
    """Give the desk its weekly hours and, if asked, Latvia's special days; what was loaded before is replaced."""
    calendar, _ = Calendar.objects.get_or_create(desk=desk)
    calendar.weekly.all().delete()
    calendar.days.all().delete()
    OpeningHours.objects.bulk_create(
        OpeningHours(calendar=calendar, weekday=weekday, opens=opens, closes=closes)
        for weekday, stretches in week.items()
        for opens, closes in stretches
    )
    if with_holidays:
        CalendarDay.objects.bulk_create(_row(calendar, day, week) for day in latvian_days().values())
    complete = sorted(ORDERS) if with_holidays else None
    Calendar.objects.filter(pk=calendar.pk).update(version=F("version") + 1, complete_years=complete)
    record(calendar, Verb.CALENDAR_LOADED, by=by, at=at, desk=desk.code)
    return calendar


@transaction.atomic
def load_policies(desk: Desk, *, by: User | None, at: datetime) -> None:
    """Give the desk the guidelines' terms; those it has already stay as they are."""
    for shipped in POLICIES:
        known = Policy.objects.filter(desk=desk, kind=shipped["kind"], variant=shipped.get("variant", ""))
        if not known.exists():
            policy = Policy.objects.create(desk=desk, valid_from=FROM_THE_START, **shipped)
            record(policy, Verb.POLICY_LOADED, by=by, at=at, kind=policy.kind)


def _row(calendar: Calendar, day: LatvianDay, week: Mapping[int, Sequence[tuple[time, time]]]) -> CalendarDay:
    weekday = day.on.weekday()
    if day.other_on is not None and weekday >= 5:
        weekday = day.other_on.weekday()  # a working Saturday keeps the hours of the day it stands in for
    hours = list(week.get(weekday, ()))
    if day.kind == CalendarDay.Kind.SHORTENED:
        hours = _an_hour_less(hours)
    elif day.kind != CalendarDay.Kind.MOVED_ON:
        hours = []
    return CalendarDay(
        calendar=calendar,
        on=day.on,
        kind=day.kind,
        name=day.name,
        other_on=day.other_on,
        hours=[[opens.isoformat("minutes"), closes.isoformat("minutes")] for opens, closes in hours],
        source=_source(day),
    )


def _source(day: LatvianDay) -> str:
    if day.kind in (CalendarDay.Kind.MOVED_OFF, CalendarDay.Kind.MOVED_ON):
        return ORDERS[day.on.year]
    return LABOUR_LAW if day.kind == CalendarDay.Kind.SHORTENED else HOLIDAY_LAW


def _an_hour_less(hours: Sequence[tuple[time, time]]) -> list[tuple[time, time]]:
    """Close an hour earlier.  (Labour Law, section 135)"""
    if not hours:
        return []
    *before, (opens, closes) = hours
    earlier = (datetime.combine(date.min + timedelta(days=1), closes) - HOUR).time()
    return [*before, (opens, earlier)]


def _day(text: str) -> date:
    return date.fromisoformat(text)

"""Why a deadline falls when it does, step by step, in words. Made at display time."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from sla.models import CalendarDay, Deadline, Kind, Policy
from sla.terms import Step
from sla.words import day_words, days_left_words, weekday_words


@dataclass(frozen=True)
class Reason:
    """One line of an explanation: `state` is open, shut, note or due."""

    state: str
    when: str
    text: str


def explanation(deadline: Deadline, tz: ZoneInfo) -> list[Reason]:
    """Return why the deadline is due when it is, a line a step; runs of plain week-ends are folded into one.

    While it is paused nothing is due: the last line says what is left.
    """
    steps: list[Step] = deadline.steps
    if deadline.paused_at is not None:
        kept = [step for step in steps if step["code"] != "due"]
        steps = [*kept, Step(code="paused", at=deadline.paused_at.isoformat(), days=deadline.days_left)]
    return list(_reasons(_named(steps, STARTED.get(_started_by(deadline), {})), tz))


# What a term starts from where that is no receipt, and the day of it, which does not count.
STARTED: dict[str, dict[str, str]] = {
    Kind.PROMISED: {"received": "told"},
    Kind.DRAFT: {"received": "forwarded", "receipt_day": "forwarded_day"},
    Kind.SEND_DRAFT: {"received": "submitted"},
}


def _started_by(deadline: Deadline) -> str:
    by_receipt = deadline.kind == Kind.DRAFT and deadline.policy.runs_from == Policy.RunsFrom.RECEIPT
    return "" if by_receipt else deadline.kind


def _named(steps: list[Step], names: Mapping[str, str]) -> Iterator[Step]:
    """Name what a term starts from, and the day on which a pause ended, as what they are: no receipts."""
    before = ""
    for step in steps:
        code = step["code"]
        if code in names and before != "resumed":
            yield {**step, "code": names[code]}
        elif code == "receipt_day" and before == "resumed":
            yield {**step, "code": "resumed_day"}
        else:
            yield step
        before = code


def _reasons(steps: Iterable[Step], tz: ZoneInfo) -> Iterator[Reason]:
    for is_weekend, run in groupby(steps, key=lambda step: step["code"] == "closed" and "kind" not in step):
        if is_weekend:
            days = [date.fromisoformat(step["on"]) for step in run]
            for first, last in _streaks(days):
                when = _day_line(first) if first == last else _days_line(first, last)
                yield Reason("shut", when, _("closed: week-end"))
        else:
            for step in run:
                yield _reason(step, tz)


def _streaks(days: list[date]) -> Iterator[tuple[date, date]]:
    first = last = days[0]
    for day in days[1:]:
        if day - last > timedelta(days=1):
            yield first, last
            first = day
        last = day
    yield first, last


def _reason(step: Step, tz: ZoneInfo) -> Reason:
    match step["code"]:
        case "received":
            at = datetime.fromisoformat(step["at"]).astimezone(tz)
            return Reason("open", _day_line(at.date()), _("received at %(time)s") % {"time": f"{at:%H:%M}"})
        case "receipt_day":
            return Reason("note", _day_line(date.fromisoformat(step["on"])), _("the day of receipt does not count"))
        case "counts_as_received":
            when = _day_line(date.fromisoformat(step["on"]))
            return Reason(
                "note", when, _("received outside working hours: counts as received on this day (the office's choice)")
            )
        case "business_day":
            text = _("business day %(number)d") % {"number": step["number"]}
            reason = _special_day(step)
            return Reason("open", _day_line(date.fromisoformat(step["on"])), f"{text}; {reason}" if reason else text)
        case "closed":
            return Reason("shut", _day_line(date.fromisoformat(step["on"])), _special_day(step))
        case "worked":
            return Reason("open", _day_line(_local(step["from"], tz).date()), _worked(step, tz))
        case "clock":
            return Reason("open", "+", _("%(span)s by the clock") % {"span": _clock_words(step["seconds"])})
        case "incomplete_year":
            words = _("the moved working days of %(year)d are not known yet; ask the office") % {"year": step["year"]}
            return Reason("note", str(step["year"]), words)
        case "due":
            at = _local(step["at"], tz)
            return Reason("due", _("Due"), f"{_day_line(at.date())}, {at:%H:%M}")
        case _:
            return _told_reason(step, tz)


def _told_reason(step: Step, tz: ZoneInfo) -> Reason:
    """Return the lines of what passed between the office and the client: a promise, a pause."""
    match step["code"]:
        case "told":
            at = _local(step["at"], tz)
            return Reason("open", _day_line(at.date()), _("told to the client at %(time)s") % {"time": f"{at:%H:%M}"})
        case "forwarded":
            at = _local(step["at"], tz)
            return Reason("open", _day_line(at.date()), _("forwarded at %(time)s") % {"time": f"{at:%H:%M}"})
        case "forwarded_day":
            words = _("the day of the forwarding does not count")
            return Reason("note", _day_line(date.fromisoformat(step["on"])), words)
        case "submitted":
            at = _local(step["at"], tz)
            return Reason("open", _day_line(at.date()), _("the draft came at %(time)s") % {"time": f"{at:%H:%M}"})
        case "resumed_day":
            return Reason("note", _day_line(date.fromisoformat(step["on"])), _("the day of the return does not count"))
        case "promised":
            at = _local(step["at"], tz)
            return Reason("note", _day_line(at.date()), _("promised to the client: %(time)s") % {"time": f"{at:%H:%M}"})
        case "paused":
            words = _("paused while the client is asked") + "; " + days_left_words(step["days"])
            return Reason("note", _day_line(_local(step["at"], tz).date()), words)
        case _:
            return Reason("note", _day_line(_local(step["at"], tz).date()), _("resumed; the days left count anew"))


def _worked(step: Step, tz: ZoneInfo) -> str:
    return _("%(from)s–%(to)s, %(minutes)d working minutes") % {
        "from": f"{_local(step['from'], tz):%H:%M}",
        "to": f"{_local(step['to'], tz):%H:%M}",
        "minutes": round(step["seconds"] / 60),
    }


def _clock_words(seconds: int) -> str:
    hours, minutes = divmod(seconds // 60, 60)
    if not hours:
        return _("%(minutes)d min") % {"minutes": minutes}
    return (
        _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": minutes}
        if minutes
        else _("%(hours)d h") % {"hours": hours}
    )


def _special_day(step: Step) -> str:
    other_on = date.fromisoformat(step["other_on"]) if "other_on" in step else None
    return special_day_words(step["kind"], step["name"], other_on) if "kind" in step else ""


def special_day_words(kind: str, name: str, other_on: date | None) -> str:
    """Return why a day is special, with the day that it stands in for or was moved to."""
    other = day_words(other_on) if other_on else ""
    match kind:
        case CalendarDay.Kind.HOLIDAY:
            return _("public holiday: %(name)s") % {"name": name}
        case CalendarDay.Kind.DAY_OFF if other:
            return _("day off in place of %(day)s") % {"day": other}
        case CalendarDay.Kind.SHORTENED if other:
            return _("working day moved here from %(day)s (Cabinet order), shortened") % {"day": other}
        case CalendarDay.Kind.MOVED_OFF:
            return _("closed: the working day was moved to %(day)s (Cabinet order)") % {"day": other}
        case CalendarDay.Kind.MOVED_ON:
            return _("working day moved here from %(day)s (Cabinet order)") % {"day": other}
        case CalendarDay.Kind.SHORTENED:
            return _("shortened day")
        case CalendarDay.Kind.CLOSURE:
            closed = _("the office is closed")
            return f"{closed}: {name}" if name else closed
        case _:
            label = str(CalendarDay.Kind(kind).label)
            return f"{label}: {name}" if name else label


def _day_line(day: date) -> str:
    return f"{weekday_words(day)}, {day_words(day)}"


def _days_line(first: date, last: date) -> str:
    if first.month != last.month:
        return f"{day_words(first)} – {day_words(last)}"
    return _("%(first)d–%(last)s") % {"first": first.day, "last": day_words(last)}


def _local(text: str, tz: ZoneInfo) -> datetime:
    return datetime.fromisoformat(text).astimezone(tz)

"""When something is due, and why: pure functions of a policy, a calendar and instants. No clock, no database."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sla.models import Deadline, Policy, Unit
from sla.queries import DeskCalendar

Step = dict[str, Any]
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Term:
    """A due instant, the warnings before it in order (when, who is told), and the steps that led there.

    `first_due_at` is when it would be due without the pauses.
    """

    due_at: datetime
    first_due_at: datetime
    warnings: list[tuple[datetime, list[str]]]
    steps: list[Step]


@dataclass(frozen=True)
class Pause:
    """A stop while the client is asked: from when, with how many business days left, and until when."""

    paused_at: datetime
    days_left: int
    resumed_at: datetime


@dataclass(frozen=True)
class Start:
    """What a term starts from: the event, a promised time (only for promises), and the pauses since, in order."""

    at: datetime
    promised_for: datetime | None = None
    pauses: tuple[Pause, ...] = field(default=())


def term(policy: Policy, calendar: DeskCalendar, start: Start) -> Term:
    """Return the term of `policy` that starts so.  (E-II.3, E-II.4, E-II.5, E-III.1, E-III.3, E-III.4, S-24.3)

    Business days: the close of the nth business day after the day of the event, whatever the hour. Working time: the
    instant by which that much was worked. Clock time: plain addition. A promise is due when it was promised. After a
    pause the business days that were left are counted anew, from the day after it ended.
    """
    steps: list[Step] = [Step(code="received", at=start.at.isoformat())]
    due_at = start.promised_for
    if due_at is not None:
        steps.append(Step(code="promised", at=due_at.isoformat()))
    elif policy.unit == Unit.BUSINESS_DAYS:
        assert policy.days is not None
        counted_from = _counted_from(policy, calendar, start.at, steps)
        due_at = _in_business_days(calendar, counted_from, policy.days, steps)
    else:
        assert policy.span is not None
        due_at = _in_time(policy, calendar, start.at, steps)
    first_due_at = due_at
    for pause in start.pauses:
        steps.append(Step(code="paused", at=pause.paused_at.isoformat(), days=pause.days_left))
        steps.append(Step(code="resumed", at=pause.resumed_at.isoformat()))
        due_at = _in_business_days(calendar, pause.resumed_at, pause.days_left, steps)
    steps.append(Step(code="due", at=due_at.isoformat()))
    begun = start.pauses[-1].resumed_at if start.pauses else start.at
    return Term(due_at, first_due_at, _warnings(policy, calendar, begun, due_at), steps)


def start_for(policy: Policy, *, received_at: datetime, at: datetime) -> datetime:
    """Return from when a term runs that an act at `at` starts, for a message received at `received_at`.  (E-II.4d)"""
    return received_at if policy.runs_from == Policy.RunsFrom.RECEIPT else at


def shipped_promise(draft_due: datetime, send: Policy, calendar: DeskCalendar) -> datetime:
    """Return the time that a client is told at forwarding: the close of business of the day on which the draft, due at
    `draft_due`, has been sent at the latest.  (E-II.4a)"""
    sent_by = term(send, calendar, Start(draft_due)).due_at
    closes = calendar.working.closing_of(_local(calendar, sent_by - timedelta(microseconds=1)))
    if closes is None or closes < sent_by:
        closes = calendar.working.close_of_business_day(sent_by, 1)
    return closes


def start_of(deadline: Deadline) -> Start:
    """Read back from a deadline's steps what its term started from, with the pauses that are over."""
    promised_for, pauses, paused = None, [], None
    for step in deadline.steps:
        if step["code"] == "promised":
            promised_for = datetime.fromisoformat(step["at"])
        elif step["code"] == "paused":
            paused = step
        elif step["code"] == "resumed" and paused is not None:
            ended = datetime.fromisoformat(step["at"])
            pauses.append(Pause(datetime.fromisoformat(paused["at"]), paused["days"], ended))
    return Start(deadline.started_at, promised_for, tuple(pauses))


def replay(steps: list[Step]) -> datetime:
    """Return the due instant that the steps of an explanation lead to, without calendar or policy.

    What an export takes along proves itself: the last counted day closes then, or so many minutes had run.
    """
    at = datetime.fromisoformat(steps[0]["at"])
    for step in steps:
        if step["code"] == "promised":
            at = datetime.fromisoformat(step["at"])
        elif step["code"] == "business_day":
            at = datetime.fromisoformat(step["closes"])
        elif step["code"] == "worked":
            at = datetime.fromisoformat(step["from"]) + timedelta(seconds=step["seconds"])
        elif step["code"] == "clock":
            at += timedelta(seconds=step["seconds"])
    return at


def days_left(calendar: DeskCalendar, due_at: datetime, paused_at: datetime) -> int:
    """Return the whole business days left at a pause, at least one: those after its day, up to the day of the due time."""
    day, last = _local(calendar, paused_at) + ONE_DAY, _local(calendar, due_at - timedelta(microseconds=1))
    left = 0
    while day <= last:
        left += calendar.working.is_business_day(day)
        day += ONE_DAY
    return max(left, 1)


def _counted_from(policy: Policy, calendar: DeskCalendar, at: datetime, steps: list[Step]) -> datetime:
    if policy.late_receipt != Policy.LateReceipt.NEXT_BUSINESS_DAY or calendar.working.is_open(at):
        return at
    counted_from = calendar.working.next_open(at)
    steps.append(Step(code="counts_as_received", on=_local(calendar, counted_from).isoformat()))
    return counted_from


def _in_business_days(calendar: DeskCalendar, counted_from: datetime, days: int, steps: list[Step]) -> datetime:
    working = calendar.working
    due_at = working.close_of_business_day(counted_from, days)
    first, last = _local(calendar, counted_from), _local(calendar, due_at - timedelta(microseconds=1))
    steps.append(Step(code="receipt_day", on=first.isoformat()))
    number, day = 0, first + ONE_DAY
    while day <= last:
        steps += _unknown_year(calendar, day, steps)
        closes = working.closing_of(day)
        if closes is not None and working.is_business_day(day):
            number += 1
            facts = _fact(calendar, day)
            steps.append(
                Step(code="business_day", on=day.isoformat(), number=number, closes=closes.isoformat(), **facts)
            )
        else:
            steps.append(Step(code="closed", on=day.isoformat(), **_fact(calendar, day)))
        day += ONE_DAY
    return due_at


def _in_time(policy: Policy, calendar: DeskCalendar, at: datetime, steps: list[Step]) -> datetime:
    assert policy.span is not None
    if policy.unit == Unit.CLOCK_TIME:
        steps.append(Step(code="clock", seconds=policy.span // timedelta(seconds=1)))
        return at.astimezone(UTC) + policy.span
    due_at = calendar.working.add(at, policy.span)
    steps += _worked(calendar, at, due_at)
    return due_at


def _worked(calendar: DeskCalendar, start: datetime, due_at: datetime) -> list[Step]:
    """List the stretches of working time between two instants, and the closed days that fall between."""
    steps: list[Step] = []
    day, last = _local(calendar, start), _local(calendar, due_at)
    while day <= last:
        steps += _unknown_year(calendar, day, steps)
        opening = calendar.working.intervals_on(day)
        for opens, closes in opening:
            begins, ends = max(opens, start), min(closes, due_at)
            if begins < ends:
                # Microseconds too: what is left of a second must not be lost when the steps are replayed.
                seconds = (ends - begins) / timedelta(seconds=1)
                steps.append(
                    Step(code="worked", **{"from": begins.isoformat(), "to": ends.isoformat(), "seconds": seconds})
                )
        if not opening:
            steps.append(Step(code="closed", on=day.isoformat(), **_fact(calendar, day)))
        day += ONE_DAY
    return steps


def _warnings(
    policy: Policy, calendar: DeskCalendar, start: datetime, due_at: datetime
) -> list[tuple[datetime, list[str]]]:
    """Return the policy's warnings in order of time; one for which there is no room after `start` is left out."""
    found = [(_warning(step, calendar, start, due_at), step["tell"]) for step in policy.warnings]
    return sorted((at, tell) for at, tell in found if at is not None)


def _warning(step: Step, calendar: DeskCalendar, start: datetime, due_at: datetime) -> datetime | None:
    """Return when this much is left before `due_at`; None if that is not after `start`."""
    if step["unit"] == Unit.CLOCK_TIME:
        warn_at = due_at.astimezone(UTC) - timedelta(minutes=step["minutes"])
    elif step["unit"] == Unit.WORKING_TIME:
        left = calendar.working.between(start, due_at) - timedelta(minutes=step["minutes"])
        warn_at = calendar.working.add(start, left) if left > timedelta(0) else start
    else:
        warn_at = _days_before(calendar, due_at, step["days"])
    return warn_at if warn_at > start else None


def _days_before(calendar: DeskCalendar, due_at: datetime, days: int) -> datetime:
    """Return the close of the business day that lies so many business days before the day of `due_at`."""
    day = _local(calendar, due_at - timedelta(microseconds=1))
    while days > 0:
        day -= ONE_DAY
        days -= calendar.working.is_business_day(day)
    closes = calendar.working.closing_of(day)
    assert closes is not None
    return closes


def _local(calendar: DeskCalendar, at: datetime) -> date:
    return at.astimezone(calendar.working.tz).date()


def _fact(calendar: DeskCalendar, day: date) -> Step:
    """Return why the day is special, as data; nothing for a plain week-end or working day."""
    fact = calendar.facts.get(day)
    if fact is None:
        return {}
    other = {"other_on": fact.other_on.isoformat()} if fact.other_on else {}
    return {"kind": fact.kind, "name": fact.name, "source": fact.source, **other}


def _unknown_year(calendar: DeskCalendar, day: date, before: list[Step]) -> list[Step]:
    """Say, once an explanation, that the moved working days of a year are not known to be complete."""
    if calendar.complete_years is None or day.year in calendar.complete_years:
        return []
    said = Step(code="incomplete_year", year=day.year)
    return [] if said in before else [said]

"""Changing the terms and the working time of a desk: seen before it is saved, then carried over to what is open."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any

from django.db import transaction
from django.db.models import F, Max, QuerySet
from django.utils.translation import gettext_lazy as _

from audit.actions import record, record_many
from audit.verbs import Verb
from directory.models import Desk, User
from helpdesk import nudge
from helpdesk.errors import DomainError
from helpdesk.rows import update_rows
from sla.actions import schedule
from sla.models import Calendar, CalendarDay, Deadline, OpeningHours, Policy, Recalculation, WithdrawnBreach
from sla.queries import DeskCalendar, calendar_of, calendar_with
from sla.terms import Start, Term, start_of, term

BATCH = 1000
# What a move writes.
MOVED = ("id", "due_at", "first_due_at", "steps", "warn_at", "warnings", "breached_at", "is_breach_told")
State = Deadline.State


class VersionInUse(DomainError):
    code = "version_in_use"
    words = _("Deadlines run by the version of that day already. Choose a later day.")


class BreachStands(DomainError):
    code = "breach_stands"
    words = _("The deadline is still past its due time. Correct the calendar, or answer first.")


class HoursWrong(DomainError):
    code = "hours_wrong"
    words = _("With these hours the office would never be open. Leave at least one day of the week open.")


@dataclass(frozen=True)
class DayChange:
    """A day as it is to be; `kind` empty takes its exception away."""

    on: date
    kind: str = ""
    hours: tuple[tuple[time, time], ...] = ()
    counts: bool = True
    name: str = ""
    other_on: date | None = None
    source: str = ""


@dataclass(frozen=True)
class CalendarChange:
    """What is to change: days, and the weekly hours where they are given."""

    days: tuple[DayChange, ...] = ()
    week: Mapping[int, Sequence[tuple[time, time]]] | None = None
    complete_years: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Move:
    """An open deadline that a change would move."""

    deadline: Deadline
    due_at: datetime
    was_due_at: datetime

    @property
    def is_undone(self) -> bool:
        """Tell whether a breach is withdrawn by it: it was not due yet then, whatever pauses came after."""
        return self.deadline.breached_at is not None and self.was_due_at > self.deadline.breached_at

    def breaks(self, at: datetime) -> bool:
        """Tell whether it makes a deadline late at `at` that was not."""
        answering_at = self.deadline.answering_at
        is_answered = answering_at is not None and answering_at <= self.due_at
        return self.deadline.breached_at is None and self.due_at < at and not is_answered


def check(desk: Desk, change: CalendarChange, *, at: datetime) -> None:
    """Raise HoursWrong if the change leaves a calendar that no deadline can be counted by from `at` on."""
    if change.week is not None and not any(change.week.values()):
        raise HoursWrong
    try:
        calendar_with(desk, change).working.close_of_business_day(at, 1)
    except ValueError:
        raise HoursWrong from None


def preview(desk: Desk, change: CalendarChange) -> Iterator[Move]:
    """Yield the open deadlines that the change would move, and where to, without saving anything."""
    changed = calendar_with(desk, change)
    for deadline in _open_of(desk).iterator(chunk_size=BATCH):
        due = recomputed(deadline, changed)
        if due is not None and due.due_at != deadline.due_at:
            yield Move(deadline, due.due_at, _was_due(deadline, changed))


def recomputed(deadline: Deadline, calendar: DeskCalendar) -> Term | None:
    """Return the deadline's term under a calendar; None while it is paused: its days are counted when it resumes."""
    return None if deadline.state == State.PAUSED else term(deadline.policy, calendar, start_of(deadline))


def _unpaused(deadline: Deadline, due: Term | None, calendar: DeskCalendar) -> datetime:
    """Return when the deadline would be due had it never paused; `due` is its term as it is."""
    if due is not None and not any(step["code"] == "paused" for step in due.steps):
        return due.due_at
    start = start_of(deadline)
    return term(deadline.policy, calendar, Start(start.at, start.promised_for)).due_at


@transaction.atomic
def change_calendar(desk: Desk, change: CalendarChange, *, by: User, at: datetime) -> Recalculation:
    """Save a change of the desk's working time and have its open deadlines recomputed.

    Deadlines that are met or cancelled stay as they were computed. Raises HoursWrong.
    """
    calendar = Calendar.objects.select_for_update().get(desk=desk)
    check(desk, change, at=at)
    for day in change.days:
        CalendarDay.objects.filter(calendar=calendar, on=day.on).delete()
        if day.kind:
            hours = [[opens.isoformat("minutes"), closes.isoformat("minutes")] for opens, closes in day.hours]
            facts = {"kind": day.kind, "hours": hours, "counts": day.counts, "name": day.name}
            facts |= {"other_on": day.other_on, "source": day.source}
            CalendarDay.objects.create(calendar=calendar, on=day.on, **facts)
    if change.week is not None:
        calendar.weekly.all().delete()
        OpeningHours.objects.bulk_create(
            OpeningHours(calendar=calendar, weekday=weekday, opens=opens, closes=closes)
            for weekday, stretches in change.week.items()
            for opens, closes in stretches
        )
    if change.complete_years is not None:
        calendar.complete_years = sorted(change.complete_years)
    calendar.version = F("version") + 1
    calendar.save(update_fields=["version", "complete_years"])
    record(
        calendar, Verb.CALENDAR_CHANGED, by=by, at=at, desk=desk.code, days=[day.on.isoformat() for day in change.days]
    )
    return _begin(desk, by=by, at=at)


def _begin(desk: Desk, *, by: User | None, at: datetime) -> Recalculation:
    waiting = _open_of(desk)
    last = waiting.order_by().aggregate(last=Max("pk"))["last"] or 0
    begun = Recalculation.objects.create(desk=desk, by=by, at=at, total=waiting.order_by().count(), until_id=last)
    nudge.after_commit("sla.recalculate", begun.pk)
    return begun


def recalculate(pk: int, *, at: datetime) -> Iterator[Recalculation]:
    """Carry a change over to the open deadlines, a batch a transaction; yield the row after each batch.

    What was done is remembered with each batch, so that one which was stopped goes on where it stopped.
    """
    while True:
        with transaction.atomic():
            row = Recalculation.objects.select_for_update().get(pk=pk)
            if row.finished_at is not None:
                return
            batch = _next_batch(row)
            row.moved += _recompute(batch, row, at=at) if batch else 0
            row.done += len(batch)
            row.last_id = batch[-1].pk if batch else row.last_id
            row.finished_at = None if batch else at
            row.save(update_fields=["moved", "done", "last_id", "finished_at"])
        yield row


def unfinished() -> list[int]:
    """Return the recalculations that were begun and not finished, the oldest first."""
    return list(Recalculation.objects.filter(finished_at=None).order_by("pk").values_list("pk", flat=True))


def _next_batch(row: Recalculation) -> list[Deadline]:
    waiting = _open_of(row.desk).filter(pk__gt=row.last_id, pk__lte=row.until_id)
    return list(waiting.select_for_update(of=("self",))[:BATCH])


def _recompute(batch: list[Deadline], row: Recalculation, *, at: datetime) -> int:
    """Move the deadlines of a batch; return how many moved."""
    calendar = calendar_of(row.desk)
    moved, events, wrong, broken = [], [], [], []
    for deadline in batch:
        due = recomputed(deadline, calendar)
        unpaused = _unpaused(deadline, due, calendar)
        if (due is None or due.steps == deadline.steps) and unpaused == deadline.first_due_at:
            continue
        deadline.first_due_at = unpaused
        if due is None:
            moved.append(deadline)
            continue
        before = deadline.due_at
        schedule(deadline, due, at=at)
        moved.append(deadline)
        if deadline.breached_at is not None and _was_due(deadline, calendar) > deadline.breached_at:
            wrong.append(deadline)
        if before == due.due_at:
            continue
        events.append((deadline, at, {"kind": deadline.kind, "due_at": [before.isoformat(), due.due_at.isoformat()]}))
        if deadline.breached_at is None and due.due_at < at and not _was_answered(deadline):
            broken.append(deadline)
    _withdraw(wrong, row, at=at)
    for deadline in broken:
        # Not before the change: nobody could have kept it then.
        deadline.breached_at = max(deadline.due_at, row.at)
    update_rows(Deadline, MOVED, [[getattr(deadline, name) for name in MOVED] for deadline in moved])
    record_many(events, Verb.DEADLINE_MOVED, by=row.by)
    facts = [(one, one.breached_at or at, {"kind": one.kind}) for one in broken]
    record_many(facts, Verb.DEADLINE_BREACHED, by=row.by)
    return len(events)


def _was_due(deadline: Deadline, calendar: DeskCalendar) -> datetime:
    """Return when a breached deadline was due by this calendar, without the pauses that came after the breach."""
    start, breached_at = start_of(deadline), deadline.breached_at
    before = tuple(pause for pause in start.pauses if breached_at is None or pause.paused_at <= breached_at)
    return term(deadline.policy, calendar, replace(start, pauses=before)).due_at


def _was_answered(deadline: Deadline) -> bool:
    """Tell whether an answer that is still being sent was queued in time: what becomes of it decides, not the move."""
    return deadline.answering_at is not None and deadline.answering_at <= deadline.due_at


def _withdraw(wrong: list[Deadline], row: Recalculation, *, at: datetime) -> None:
    """Withdraw breaches that only the old calendar made; they stay to be seen, and the deadline can be broken anew."""
    WithdrawnBreach.objects.bulk_create(
        WithdrawnBreach(deadline=one, breached_at=one.breached_at, withdrawn_at=at, by=row.by, reason="calendar")
        for one in wrong
        if one.breached_at
    )
    record_many(
        [(one, at, {"kind": one.kind, "reason": "calendar"}) for one in wrong], Verb.BREACH_WITHDRAWN, by=row.by
    )
    for deadline in wrong:
        deadline.breached_at, deadline.is_breach_told = None, False


@transaction.atomic
def withdraw_breach(deadline: Deadline, reason: str, *, by: User | None, at: datetime) -> Deadline:
    """Withdraw a breach that was none, with the reason; a no-op if there is none. Raises BreachStands.

    An open deadline that is past its due time cannot be: the next sweep would break it again.
    """
    deadline = Deadline.objects.select_for_update(of=("self",)).get(pk=deadline.pk)
    if deadline.breached_at is None:
        return deadline
    if deadline.state in Deadline.BURNING and deadline.due_at < at:
        raise BreachStands
    facts = {"breached_at": deadline.breached_at, "withdrawn_at": at, "by": by, "reason": reason[:300]}
    WithdrawnBreach.objects.create(deadline=deadline, **facts)
    deadline.breached_at, deadline.is_breach_told = None, False
    deadline.save(update_fields=["breached_at", "is_breach_told"])
    record(deadline, Verb.BREACH_WITHDRAWN, by=by, at=at, kind=deadline.kind, reason=reason)
    return deadline


@transaction.atomic
def change_policy(policy: Policy, *, valid_from: datetime, by: User, at: datetime, **changes: Any) -> Policy:
    """Give a desk's term a new version from an instant on; deadlines that run keep the version they began under.

    A no-op without changes. A version that nothing runs by is replaced by another of the same instant. Raises
    VersionInUse.
    """
    if all(getattr(policy, field) == value for field, value in changes.items()):
        return policy
    same = Policy.objects.filter(desk=policy.desk, kind=policy.kind, variant=policy.variant, valid_from=valid_from)
    same.filter(deadlines=None).delete()
    if same.exists():
        raise VersionInUse
    fields = [field.name for field in Policy._meta.fields if field.name not in ("id", "valid_from")]
    version = Policy(valid_from=valid_from, **{field: getattr(policy, field) for field in fields})
    for field, value in changes.items():
        setattr(version, field, value)
    version.save()
    facts = {field: [_raw(getattr(policy, field)), _raw(value)] for field, value in changes.items()}
    record(version, Verb.POLICY_CHANGED, by=by, at=at, kind=policy.kind, valid_from=valid_from.isoformat(), **facts)
    return version


def _raw(value: Any) -> Any:
    return value if isinstance(value, str | int | bool | list) or value is None else str(value)


def _open_of(desk: Desk) -> QuerySet[Deadline]:
    waiting = Deadline.objects.filter(desk=desk, state__in=["running", "paused", "answering"])
    return waiting.prefetch_related("policy").order_by("pk")  # a few policies, so not joined to each row

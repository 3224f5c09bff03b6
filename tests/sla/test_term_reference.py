"""Every kind's term against a reference that walks minute by minute over tables of its own.

The reference below imports nothing from `sla` and shares no table with it: Latvia's days of 2025 and 2026 are typed in
by hand from the law and the Cabinet's orders, the terms from the guidelines.
"""

import random
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

RIGA = ZoneInfo("Europe/Riga")
MINUTE = timedelta(minutes=1)

# --- the reference ---------------------------------------------------------------------------------------------------
OFF = {
    "2025": "01-01 04-18 04-20 04-21 05-01 05-02 05-04 05-05 05-11 06-08 06-23 06-24 "
    "11-17 11-18 12-24 12-25 12-26 12-31",
    "2027": "01-01",
    "2026": "01-01 01-02 04-03 04-05 04-06 05-01 05-04 05-10 05-24 06-22 06-23 06-24 11-18 12-24 12-25 12-26 12-31",
}
WORKED_SATURDAYS = ["2025-05-10", "2025-11-08", "2026-01-17", "2026-06-27"]
HOUR_SHORTER = [
    "2025-04-17",
    "2025-04-30",
    "2025-11-08",
    "2025-12-23",
    "2025-12-30",
    "2026-04-02",
    "2026-04-30",
    "2026-06-27",
    "2026-11-17",
    "2026-12-23",
    "2026-12-30",
]
CLOSED = {f"{year}-{day}" for year, days in OFF.items() for day in days.split()}
# kind: (amount, clock); business days, working minutes or minutes of the clock.
TERMS = {
    ("mark", ""): (60, "working"),
    ("reply", ""): (1, "days"),
    ("draft", ""): (3, "days"),
    ("send_draft", ""): (60, "working"),
    ("callback", ""): (60, "working"),
    ("phone_answer", ""): (1, "days"),
    ("incident_notice", ""): (60, "working"),
    ("incident_notice", "phone"): (15, "clock"),
    ("breach_report", ""): (72 * 60, "clock"),
}


def hours_of(day: date) -> tuple[time, time] | None:
    text = day.isoformat()
    if text in CLOSED or (day.weekday() > 4 and text not in WORKED_SATURDAYS):
        return None
    return (time(8, 30), time(16) if text in HOUR_SHORTER else time(17))


def is_worked(minute: datetime) -> bool:
    """Tell whether the minute that begins here is worked."""
    local = minute.astimezone(RIGA)
    hours = hours_of(local.date())
    return hours is not None and hours[0] <= local.time() < hours[1]


def reference(amount: int, clock: str, received: datetime) -> datetime:
    if clock == "clock":
        return received + amount * MINUTE
    at = received
    if clock == "working":
        while amount:
            amount -= is_worked(at)
            at += MINUTE
        return at
    day = received.astimezone(RIGA).date()
    while amount:
        day += timedelta(days=1)
        amount -= hours_of(day) is not None
    at = datetime.combine(day, time(23, 59), RIGA)
    while not is_worked(at):
        at -= MINUTE
    return at + MINUTE


# --- the cases -------------------------------------------------------------------------------------------------------
EDGES = [
    "2025-11-14 16:40", "2025-11-07 17:00", "2025-11-08 15:30", "2025-11-08 16:00", "2025-12-23 15:20", "2025-12-31 12:00",
    "2026-01-16 16:59", "2026-01-17 10:00", "2026-03-28 12:00", "2026-03-27 16:30", "2026-10-23 16:45", "2026-10-25 03:30",
    "2026-04-02 15:59", "2026-04-30 15:45", "2026-06-19 17:00", "2026-06-27 09:00", "2026-12-30 15:55", "2025-05-09 16:10",
    "2025-04-30 16:00", "2026-11-17 08:29", "2026-11-17 15:01", "2025-06-20 23:59",
]  # fmt: skip


def instants() -> list[datetime]:
    chance = random.Random(20251119)
    begin = datetime(2025, 1, 2, tzinfo=RIGA)
    anywhere = [begin + chance.randrange(650 * 24 * 60) * MINUTE for _ in range(12)]
    return [datetime.fromisoformat(text).replace(tzinfo=RIGA) for text in EDGES] + anywhere


CASES = [(kind, variant, at) for kind, variant in TERMS for at in instants()]


@pytest.fixture(scope="module")
def shipped():
    """The shipped calendar and policies, without a database."""
    from directory.models import Desk
    from sla import shipped
    from sla.models import Calendar, Policy
    from sla.queries import build

    calendar = Calendar(desk=Desk(time_zone="Europe/Riga"), complete_years=[2024, 2025, 2026])
    days = [shipped._row(calendar, day, shipped.DEMONSTRATION_WEEK) for day in shipped.latvian_days().values()]
    policies = {(row["kind"], row.get("variant", "")): Policy(**row) for row in shipped.POLICIES}
    week = {weekday: list(hours) for weekday, hours in shipped.DEMONSTRATION_WEEK.items()}
    return build(week, days, calendar), policies


class TestEveryTerm:
    """E-II.3, E-II.4d, E-II.4e, E-II.5, E-III.1a, E-III.3, E-III.4, S-24.3: due when the rules say, to the minute."""

    def test_there_are_three_hundred_cases(self):
        assert len(CASES) >= 300

    @pytest.mark.parametrize(("kind", "variant", "at"), CASES, ids=lambda value: str(value)[:16])
    def test_the_term_is_the_references(self, shipped, kind, variant, at):
        from sla.terms import Start, replay, term

        calendar, policies = shipped
        found = term(policies[kind, variant], calendar, Start(at.astimezone(UTC)))
        assert found.due_at == reference(*TERMS[kind, variant], at.astimezone(UTC))
        assert replay(found.steps) == found.due_at
        assert all(at < warned <= found.due_at for warned, _ in found.warnings)

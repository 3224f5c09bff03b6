"""An explanation proves itself: its steps alone lead to the due instant, for every kind and any receipt."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sla.models import Policy, Unit
from sla.queries import calendar_of
from sla.shipped import POLICIES, load_calendar
from sla.terms import Pause, Start, days_left, replay, term
from tests.support.office import OPENED, make_desk, riga

pytestmark = pytest.mark.django_db

SHIPPED = [Policy(**{**policy, "kind": str(policy["kind"])}) for policy in POLICIES]
NAMES = [f"{policy.kind} {policy.variant}".strip() for policy in SHIPPED]
BY_DAYS = [policy for policy in SHIPPED if policy.unit == Unit.BUSINESS_DAYS]
FIRST = datetime(2025, 1, 1, tzinfo=UTC)
INSTANTS = st.integers(0, 698 * 24 * 3600).map(lambda seconds: FIRST + timedelta(seconds=seconds))
# The test's own database, unchanged by the cases.
PLENTY = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def calendar(desk):
    return calendar_of(desk)


@pytest.fixture
def halves(desk):
    """A calendar with a break at noon."""
    week = [(time(8, 30), time(12)), (time(12, 30), time(17))]
    load_calendar(desk, dict.fromkeys(range(5), week), by=None, at=OPENED)
    desk.calendar.refresh_from_db()
    return calendar_of(desk)


def started(policy, at, pauses=()):
    """Promises need a time: two days and a bit after they were told."""
    promised_for = at + timedelta(days=2, minutes=7) if policy.kind == "promised" else None
    return Start(at, promised_for, pauses)


def paused(policy, calendar, at, spans):
    """Return the term with these pauses: each (wait before it, how long it lasts), its days left as actions count them."""
    pauses, last = (), at
    for wait, length in spans:
        due_at = term(policy, calendar, started(policy, at, pauses)).due_at
        begun = last + wait
        pauses += (Pause(begun, days_left(calendar, due_at, begun), begun + length),)
        last = begun + length
    return term(policy, calendar, started(policy, at, pauses))


@pytest.mark.parametrize("policy", SHIPPED, ids=NAMES)
class TestEveryKind:
    """E-II: what an export takes along can be checked without our calendar."""

    @pytest.mark.parametrize(
        "received",
        [
            "2025-11-14 16:40",
            "2025-12-23 15:59:59",
            "2026-03-28 12:00",  # the clock goes forward in the night
            "2026-03-29 02:59:59.999999",
            "2026-03-29 04:00",
            "2026-10-24 12:00",  # and back
            "2026-10-25 03:30",
            "2025-11-10 09:00:00.000001",
        ],
    )
    def test_by_hand(self, calendar, policy, received):
        found = term(policy, calendar, started(policy, riga(received)))
        assert replay(found.steps) == found.due_at

    @PLENTY
    @given(at=INSTANTS)
    def test_any_instant(self, calendar, policy, at):
        found = term(policy, calendar, started(policy, at))
        assert replay(found.steps) == found.due_at == found.first_due_at
        assert found.due_at > at
        assert all(at < warns < found.due_at for warns, _ in found.warnings)

    @PLENTY
    @given(at=INSTANTS)
    def test_any_instant_with_a_break_at_noon(self, halves, policy, at):
        found = term(policy, halves, started(policy, at))
        assert replay(found.steps) == found.due_at

    def test_round_the_clock(self, policy):
        calendar = calendar_of(make_desk("day", round_the_clock=True))
        for received in ("2026-03-28 12:00", "2026-10-24 23:59:59", "2025-11-10 00:00"):
            found = term(policy, calendar, started(policy, riga(received)))
            assert replay(found.steps) == found.due_at


class TestPauses:
    """E-II.3: with pauses too."""

    WAITS = st.tuples(st.timedeltas(timedelta(0), timedelta(days=9)), st.timedeltas(timedelta(0), timedelta(days=30)))

    @pytest.mark.parametrize("policy", BY_DAYS, ids=[policy.kind for policy in BY_DAYS])
    @PLENTY
    @given(at=INSTANTS, spans=st.lists(WAITS, min_size=1, max_size=3))
    def test_any_pauses(self, calendar, policy, at, spans):
        found = paused(policy, calendar, at, spans)
        ended = at + sum((wait + length for wait, length in spans), timedelta(0))
        assert replay(found.steps) == found.due_at
        assert found.due_at > ended
        assert found.first_due_at == term(policy, calendar, Start(at)).due_at
        assert all(ended < warns < found.due_at for warns, _ in found.warnings)

    @pytest.mark.parametrize(
        ("received", "begun", "length", "due"),
        [
            ("2026-03-26 10:00", "2026-03-27 16:00", timedelta(days=1, hours=18), "2026-03-30 17:00"),
            ("2026-10-22 10:00", "2026-10-23 16:00", timedelta(days=2, hours=1), "2026-10-26 17:00"),
            ("2025-11-13 10:00", "2025-11-14 09:00", timedelta(days=3), "2025-11-19 17:00"),
        ],
    )
    def test_over_the_days_when_the_clock_is_moved_and_holidays(self, calendar, received, begun, length, due):
        (reply,) = [policy for policy in SHIPPED if policy.kind == "reply"]
        at = riga(received).astimezone(UTC)
        found = paused(reply, calendar, at, [(riga(begun) - at, length)])
        assert replay(found.steps) == found.due_at == riga(due)


class TestExported:
    """E-II: read back from JSON it says the same."""

    def test_it_needs_nothing_but_what_is_stored(self, receive):
        import json

        for one in receive(riga("2025-11-14 16:40")).deadlines.all():
            assert replay(json.loads(json.dumps(one.steps))) == one.due_at

    def test_the_clock_runs_on_where_the_receipt_names_its_own_offset(self):
        steps = [{"code": "received", "at": "2026-03-28T12:00:00+02:00"}, {"code": "clock", "seconds": 72 * 3600}]
        assert replay(steps) == riga("2026-03-31 13:00")

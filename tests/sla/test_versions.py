"""A desk changes its terms: what runs keeps the version it began under, what comes later has the new one."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from sla.actions import pause_deadlines, resume_deadlines
from sla.models import Policy
from sla.queries import policies_at
from sla.settings import CalendarChange, change_calendar, change_policy, recalculate
from sla.terms import replay
from tests.support.facts import HOUR, SECOND, deadline, events, fresh
from tests.support.office import riga

pytestmark = pytest.mark.django_db

MONDAY = riga("2025-11-10 09:00")
FROM = riga("2025-11-12 00:00")
ONE_DAY, TWO_DAYS = riga("2025-11-11 17:00"), riga("2025-11-14 17:00")


@pytest.fixture
def shipped(desk):
    return Policy.objects.get(desk=desk, kind="reply")


@pytest.fixture
def change(shipped, ilze):
    def change(policy=shipped, valid_from=FROM, **changes):
        return change_policy(policy, valid_from=valid_from, by=ilze, at=MONDAY, **(changes or {"days": 2}))

    return change


class TestVersion:
    """E-II.3: each deadline runs by the version in force when its message came."""

    def test_one_that_runs_keeps_its_version(self, receive, shipped, change):
        reply = deadline(receive(MONDAY), "reply")
        before = (reply.due_at, reply.steps, reply.warnings)
        change()
        reply = fresh(reply)
        assert (reply.policy, reply.due_at, reply.steps, reply.warnings) == (shipped, *before)

    @pytest.mark.parametrize(
        ("received", "due"),
        [(FROM - SECOND, riga("2025-11-12 17:00")), (FROM, TWO_DAYS), (FROM + HOUR, TWO_DAYS)],
        ids=["a second before", "at its date", "after"],
    )
    def test_a_new_one_has_the_new_version_from_its_date_on(self, receive, shipped, change, received, due):
        later = change()
        reply = deadline(receive(received), "reply")
        assert (reply.policy, reply.due_at) == (later if received >= FROM else shipped, due)

    def test_the_receipt_decides_not_the_fetch(self, receive, shipped, change):
        change()
        reply = deadline(receive(FROM - SECOND, fetched=FROM + 100 * HOUR), "reply")
        assert (reply.policy, reply.due_at) == (shipped, riga("2025-11-12 17:00"))

    def test_a_change_of_the_calendar_goes_by_its_own_version(self, receive, desk, ilze, change):
        reply = deadline(receive(MONDAY), "reply")
        change(valid_from=MONDAY)
        begun = change_calendar(desk, CalendarChange(), by=ilze, at=MONDAY + HOUR)
        for _ in recalculate(begun.pk, at=MONDAY + HOUR):
            pass
        assert fresh(reply).due_at == ONE_DAY

    def test_a_pause_goes_by_its_own_version(self, receive, ilze, change):
        message = receive(MONDAY)
        change(valid_from=MONDAY, may_pause=False, days=5)
        (paused,) = pause_deadlines(message.ticket, by=ilze, at=MONDAY + HOUR)
        resume_deadlines(message.ticket, resumed_at=FROM, by=None, at=FROM)
        paused = fresh(paused)
        assert (paused.due_at, replay(paused.steps)) == (riga("2025-11-13 17:00"), riga("2025-11-13 17:00"))

    def test_the_other_terms_stay(self, receive, desk, change):
        change()
        mark = deadline(receive(FROM + 10 * HOUR), "mark")
        assert mark.policy == Policy.objects.get(desk=desk, kind="mark")

    def test_another_desk_s_terms_stay(self, cast, receive, change):
        change()
        assert deadline(receive(FROM, desk=cast.other_desk), "reply").due_at == riga("2025-11-13 17:00")

    def test_its_paragraph_is_kept_with_the_deadline(self, receive, change):
        reply = deadline(receive(MONDAY), "reply")
        change(paragraph="E II.9")
        assert (fresh(reply).paragraph, deadline(receive(FROM, message_id="<b@x>"), "reply").paragraph) == (
            "E II.3",
            "E II.9",
        )


class TestChange:
    """E-II: a change makes a new version, and both stay."""

    def test_both_versions_stay_each_with_its_time(self, desk, shipped, change):
        later = change()
        assert (later.pk != shipped.pk, fresh(shipped).days, later.days) == (True, 1, 2)
        assert (later.warnings, later.tell_breach, later.paragraph) == (
            shipped.warnings,
            shipped.tell_breach,
            shipped.paragraph,
        )
        assert policies_at(desk, FROM - SECOND)["reply", ""] == shipped
        assert policies_at(desk, FROM)["reply", ""] == later

    def test_without_changes_it_is_a_no_op(self, shipped, change):
        assert change(days=1) == shipped
        assert Policy.objects.filter(kind="reply", desk=shipped.desk).count() == 1

    def test_one_not_in_force_yet_is_replaced(self, shipped, change):
        change(change(), days=3)
        assert sorted(Policy.objects.filter(kind="reply", desk=shipped.desk).values_list("days", flat=True)) == [1, 3]

    def test_it_is_recorded_with_the_old_and_the_new(self, change, ilze):
        from audit.models import Event

        later = change(days=2, span=None)
        event = Event.objects.get(verb="policy.changed")
        assert (event.by, event.target_id, event.data["days"]) == (ilze, later.pk, [1, 2])

    def test_a_version_has_its_instant_once(self, shipped):
        facts = {"desk": shipped.desk, "kind": "reply", "unit": "business_days", "days": 2, "paragraph": "E II.3"}
        with pytest.raises(IntegrityError), transaction.atomic():
            Policy.objects.create(valid_from=shipped.valid_from, **facts)

    def test_a_variant_is_a_term_of_its_own(self, desk):
        found = policies_at(desk, MONDAY)
        assert found["incident_notice", "phone"].span == timedelta(minutes=15)
        assert found["incident_notice", ""].span == HOUR

    def test_nothing_of_a_change_is_told_on_the_ticket(self, receive, change):
        message = receive(MONDAY)
        before = len(events(message.ticket))
        change()
        assert len(events(message.ticket)) == before

"""A time that the client was told is its own term."""

from datetime import UTC

import pytest
from django.utils import translation

from sla.actions import Owed, meet_deadlines, release_from_sending, start
from sla.explanations import explanation
from sla.models import Deadline, Policy, Unit
from sla.queries import calendar_of
from sla.shipped import TODAY
from sla.terms import Pause, Start, replay, start_of, term
from tests.support.facts import HOUR, SECOND, fresh
from tests.support.office import RIGA, riga
from tickets.actions.promising import promise_answer
from tickets.models import Message

pytestmark = pytest.mark.django_db

MONDAY = riga("2025-11-10 09:00")
WEDNESDAY = riga("2025-11-12 15:00")
POLICY = Policy(kind="promised", unit=Unit.CLOCK_TIME, warnings=TODAY)


@pytest.fixture
def calendar(desk):
    return calendar_of(desk)


@pytest.fixture
def ticket(cast, receive):
    return receive(MONDAY).ticket


def promised(calendar, text, told=MONDAY):
    return term(POLICY, calendar, Start(told, promised_for=riga(text)))


class TestTerm:
    """E-II.4, E-III.3: a promise is due when it was promised, whatever the calendar says."""

    @pytest.mark.parametrize(
        "text", ["2025-11-10 09:30", "2025-11-12 15:00", "2025-11-15 12:00", "2025-11-18 23:59:59", "2026-03-29 04:30"]
    )
    def test_it_is_due_then(self, calendar, text):
        found = promised(calendar, text)
        assert found.due_at == found.first_due_at == replay(found.steps) == riga(text)
        assert [step["code"] for step in found.steps] == ["received", "promised", "due"]

    @pytest.mark.parametrize(
        ("text", "warns"),
        [
            ("2025-11-12 15:00", "2025-11-12 13:00"),
            ("2025-11-12 09:00", "2025-11-11 15:30"),
            ("2025-11-15 12:00", "2025-11-14 15:00"),  # a Saturday: two working hours lie before the week-end
        ],
    )
    def test_it_warns_two_working_hours_before(self, calendar, text, warns):
        assert promised(calendar, text).warnings == [(riga(warns), ["administrator"])]

    def test_told_within_two_working_hours_of_it_there_is_no_room_to_warn(self, calendar):
        assert promised(calendar, "2025-11-10 11:00").warnings == []
        assert promised(calendar, "2025-11-10 11:01").warnings == [(riga("2025-11-10 09:01"), ["administrator"])]

    def test_a_policy_that_may_pause_counts_the_days_left(self, calendar):
        pause = Pause(riga("2025-11-11 09:00"), 1, riga("2025-11-13 10:00"))
        found = term(POLICY, calendar, Start(MONDAY, WEDNESDAY, (pause,)))
        assert (found.due_at, found.first_due_at) == (riga("2025-11-14 17:00"), WEDNESDAY)
        assert replay(found.steps) == found.due_at
        assert start_of(Deadline(started_at=MONDAY, steps=found.steps)) == Start(MONDAY, WEDNESDAY, (pause,))


class TestExplanation:
    """E-II.4: a promise says when it was told, and for when."""

    def test_in_words(self, calendar):
        with translation.override("en"):
            made = Deadline(kind="promised", steps=promised(calendar, "2025-11-12 15:00").steps)
            lines = [(line.state, line.when, line.text) for line in explanation(made, RIGA)]
        assert lines == [
            ("open", "Mon, 10 Nov", "told to the client at 09:00"),
            ("note", "Wed, 12 Nov", "promised to the client: 15:00"),
            ("due", "Due", "Wed, 12 Nov, 15:00"),
        ]


class TestStart:
    """E-II.4: a promise hangs on the ticket, on no message; there is one open at a time."""

    def promise(self, ticket, ilze, due_at, at=MONDAY):
        promise_answer(ticket, due_at, told="pa tālruni", told_at=MONDAY, by=ilze, at=at)
        return Deadline.objects.get(ticket=ticket, kind="promised", state="running")

    def test_it_starts_when_it_was_told(self, ticket, ilze):
        made = self.promise(ticket, ilze, WEDNESDAY, at=MONDAY + HOUR)
        assert (made.message, made.started_at, made.due_at, made.owner) == (
            None,
            MONDAY,
            WEDNESDAY,
            ilze.employee,
        )  # whoever promises has it in hand
        assert made.warn_at == riga("2025-11-12 13:00")
        assert start_of(made) == Start(MONDAY.astimezone(UTC), WEDNESDAY.astimezone(UTC))

    def test_told_before_and_recorded_past_its_warning_it_warns_at_once(self, ticket, ilze):
        made = self.promise(ticket, ilze, WEDNESDAY, at=WEDNESDAY - HOUR)
        assert made.warn_at == riga("2025-11-12 13:00")

    def test_recorded_after_it_is_due_it_has_no_warning(self, ticket):
        (late,) = start(ticket, [Owed("promised", promised_for=WEDNESDAY)], started_at=MONDAY, at=WEDNESDAY + SECOND)
        assert (late.due_at, late.warn_at) == (WEDNESDAY, None)

    def test_the_calendar_does_not_move_it(self, ticket, ilze, desk):
        from sla.settings import recomputed

        made = self.promise(ticket, ilze, riga("2025-11-15 12:00"))
        assert recomputed(made, calendar_of(desk)).due_at == riga("2025-11-15 12:00")

    def test_a_kept_one_whose_answer_comes_back_stays_if_another_was_made_since(self, ticket, ilze):
        answer = Message.objects.create(ticket=ticket, kind="outgoing", at=MONDAY, author=ilze.employee)
        first = self.promise(ticket, ilze, WEDNESDAY)
        meet_deadlines(Deadline.objects.filter(pk=first.pk), met_at=MONDAY, answer=answer, by=ilze, at=MONDAY)
        second = self.promise(ticket, ilze, WEDNESDAY + HOUR)
        release_from_sending(answer, at=MONDAY + HOUR)
        assert (fresh(first).state, fresh(second).state) == ("met", "running")

    def test_a_kept_one_whose_answer_comes_back_is_owed_again(self, ticket, ilze):
        answer = Message.objects.create(ticket=ticket, kind="outgoing", at=MONDAY, author=ilze.employee)
        first = self.promise(ticket, ilze, WEDNESDAY)
        meet_deadlines(Deadline.objects.filter(pk=first.pk), met_at=MONDAY, answer=answer, by=ilze, at=MONDAY)
        release_from_sending(answer, at=MONDAY + HOUR)
        assert (fresh(first).state, fresh(first).due_at) == ("running", WEDNESDAY)

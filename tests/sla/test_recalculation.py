"""A change of the calendar is carried over to what is open, and to nothing else."""

from datetime import UTC, date, time

import pytest
from django.core.management import call_command

from escalation.actions import sweep
from escalation.models import Alert
from sla import settings
from sla.actions import hold_for_sending, meet_deadlines, pause_deadlines
from sla.models import Deadline, Recalculation, WithdrawnBreach
from sla.settings import CalendarChange, DayChange, change_calendar, recalculate, unfinished
from sla.terms import replay
from tests.support.facts import HOUR, MINUTE, SECOND, deadline, events, fresh
from tests.support.office import riga

pytestmark = pytest.mark.django_db

MONDAY, TUESDAY = riga("2025-11-10 09:00"), date(2025, 11, 11)
REPLY_DUE, WEDNESDAY_DUE = riga("2025-11-11 17:00"), riga("2025-11-12 17:00")
CHANGED = riga("2025-11-11 16:30")
CLOSED = DayChange(TUESDAY, kind="closure", name="Apmācības", source="rīkojums")
SHORT = DayChange(TUESDAY, kind="shortened", hours=((time(8, 30), time(16)),), source="rīkojums")


@pytest.fixture
def message(receive, ilze):
    """A message that was handled at once: only its `reply` is owed."""
    message = receive(MONDAY.astimezone(UTC))
    meet_deadlines(message.deadlines.filter(kind="mark"), met_at=MONDAY, by=ilze, at=MONDAY)
    return message


@pytest.fixture
def reply(message):
    return deadline(message, "reply")


@pytest.fixture
def change(desk, ilze):
    """Return a function that saves a change of days and carries it over."""

    def change(*days, at=CHANGED):
        begun = change_calendar(desk, CalendarChange(days), by=ilze, at=at)
        for _ in recalculate(begun.pk, at=at):
            pass
        return fresh(begun)

    return change


def facts_of(one):
    return {field.attname: getattr(fresh(one), field.attname) for field in Deadline._meta.concrete_fields}


class TestMoves:
    """A saved change recomputes the open deadlines only."""

    def test_an_open_one_moves_with_its_reason(self, reply, change):
        row = change(CLOSED)
        moved = fresh(reply)
        assert moved.due_at == moved.first_due_at == replay(moved.steps) == WEDNESDAY_DUE
        assert moved.warn_at == riga("2025-11-12 15:00")
        assert "Apmācības" in str(moved.steps)
        (event,) = events(moved.ticket, "deadline.moved")
        assert event.data["due_at"] == [reply.due_at.isoformat(), moved.due_at.isoformat()]
        assert (row.done, row.total, row.moved, row.finished_at) == (1, 1, 1, CHANGED)

    def test_one_that_does_not_move_is_not_written(self, reply, change):
        before = facts_of(reply)
        assert change(DayChange(date(2025, 12, 12), kind="closure", source="rīkojums")).moved == 0
        assert facts_of(reply) == before
        assert events(reply.ticket, "deadline.moved") == []

    def test_a_met_one_stays_as_it_was(self, reply, message, ilze, change):
        meet_deadlines(Deadline.objects.filter(pk=reply.pk), met_at=MONDAY + HOUR, by=ilze, at=MONDAY + HOUR)
        before = facts_of(reply)
        change(CLOSED)
        assert facts_of(reply) == before

    def test_a_paused_one_keeps_its_days_left_they_are_counted_when_it_resumes(self, reply, message, ilze, change):
        pause_deadlines(message.ticket, by=ilze, at=MONDAY + HOUR)
        before = facts_of(reply)
        change(CLOSED)
        # Only what it would have been without pauses moves.
        assert facts_of(reply) == {**before, "first_due_at": WEDNESDAY_DUE}


class TestIntoThePast:
    """A due time that moves into the past is breached at the moment of the change."""

    def test_it_is_breached_at_the_change_not_before(self, reply, change):
        change(SHORT)
        broken = fresh(reply)
        assert (broken.due_at, broken.breached_at) == (riga("2025-11-11 16:00"), CHANGED)

    def test_it_is_told_by_the_next_sweep(self, reply, cast, change):
        change(SHORT)
        sweep(at=CHANGED + MINUTE)
        assert Alert.objects.get(deadline=reply, trigger="breach").happened_at == CHANGED

    def test_carried_over_later_it_is_dated_at_the_change_still(self, reply, desk, ilze):
        begun = change_calendar(desk, CalendarChange((SHORT,)), by=ilze, at=CHANGED)
        for _ in recalculate(begun.pk, at=CHANGED + HOUR):
            pass
        assert fresh(reply).breached_at == CHANGED

    def test_one_whose_answer_was_queued_in_time_is_left_to_what_becomes_of_it(self, reply, message, ilze, change):
        from tickets.models import Message

        answer = Message.objects.create(ticket=message.ticket, kind="outgoing", at=MONDAY, author=ilze.employee)
        hold_for_sending(Deadline.objects.filter(pk=reply.pk), answer, at=MONDAY + HOUR)
        change(SHORT)
        assert fresh(reply).breached_at is None


class TestWrongBreach:
    """A breach that the old calendar made wrongly is withdrawn with a reason and stays in the history."""

    @pytest.fixture
    def withdrawn(self, reply, cast, change):
        sweep(at=REPLY_DUE + SECOND)
        change(CLOSED, at=REPLY_DUE + MINUTE)
        return reply

    def test_it_is_withdrawn(self, withdrawn):
        assert (fresh(withdrawn).breached_at, fresh(withdrawn).due_at) == (None, WEDNESDAY_DUE)

    def test_it_stays_in_the_history(self, withdrawn, ilze):
        kept = WithdrawnBreach.objects.get(deadline=withdrawn)
        assert (kept.breached_at, kept.withdrawn_at, kept.by) == (REPLY_DUE, REPLY_DUE + MINUTE, ilze)
        assert kept.reason
        assert len(events(withdrawn.ticket, "deadline.breached")) == 1
        assert len(events(withdrawn.ticket, "deadline.breach_withdrawn")) == 1

    def test_it_can_be_broken_and_told_anew(self, withdrawn):
        sweep(at=WEDNESDAY_DUE + SECOND)
        assert fresh(withdrawn).breached_at == WEDNESDAY_DUE
        told = Alert.objects.filter(deadline=withdrawn, trigger="breach").order_by("happened_at")
        assert [alert.happened_at for alert in told] == [REPLY_DUE, WEDNESDAY_DUE]


class TestStopped:
    """What was done is remembered: a recalculation that was stopped goes on where it stopped."""

    @pytest.fixture
    def stopped(self, desk, ilze, receive, monkeypatch):
        for number in range(5):
            receive(MONDAY, message_id=f"<{number}@krumins.example>")
        monkeypatch.setattr(settings, "BATCH", 4)
        begun = change_calendar(desk, CalendarChange((CLOSED,)), by=ilze, at=CHANGED)
        next(recalculate(begun.pk, at=CHANGED))  # and no further: as if the worker had been killed
        return fresh(begun)

    def moved(self):
        return Deadline.objects.filter(kind="reply", due_at=WEDNESDAY_DUE).count()

    def test_half_way_a_part_is_done_and_known_to_be(self, stopped):
        assert (stopped.done, stopped.moved, stopped.finished_at, self.moved()) == (4, 2, None, 2)
        assert unfinished() == [stopped.pk]

    def test_it_goes_on_after_the_last_one(self, stopped):
        done = [row.done for row in recalculate(stopped.pk, at=CHANGED + HOUR)]
        assert done == [8, 10, 10]
        assert (self.moved(), fresh(stopped).moved, unfinished()) == (5, 5, [])

    def test_nothing_is_moved_twice(self, stopped):
        list(recalculate(stopped.pk, at=CHANGED + HOUR))
        for one in Deadline.objects.filter(kind="reply"):
            assert len(events(one.ticket, "deadline.moved")) == 1

    def test_one_started_after_the_change_is_not_touched(self, stopped, receive):
        late = receive(CHANGED + MINUTE, message_id="<late@krumins.example>")
        assert list(recalculate(stopped.pk, at=CHANGED + HOUR))[-1].done == 10
        assert events(late.ticket, "deadline.moved") == []

    def test_the_command_goes_on_with_it_and_says_how_it_ended(self, stopped, capsys):
        call_command("recalculate")
        assert self.moved() == 5
        assert "10/10, moved 5\nRecalculations finished: 1." in capsys.readouterr().out

    def test_without_any_it_says_so(self, capsys):
        assert not Recalculation.objects.exists()
        call_command("recalculate")
        assert capsys.readouterr().out == "There is nothing to recalculate.\n"

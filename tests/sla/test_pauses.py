"""The client is asked: what was left waits in whole business days, and counts anew from the day after."""

from datetime import date

import pytest
from django.db import transaction

from sla.actions import (
    cancel_deadlines,
    claim_due,
    claim_warnings,
    hold_for_sending,
    meet_deadlines,
    pause_deadlines,
    release_from_sending,
    resume_deadlines,
)
from sla.models import Deadline, Kind, Policy, Unit
from sla.queries import calendar_of
from sla.settings import CalendarChange, DayChange, change_calendar, recalculate
from sla.shipped import TODAY
from sla.terms import Pause, Start, days_left, replay, start_of, term
from tests.support.facts import HOUR, MINUTE, SECOND, deadline, events, fresh, last_event
from tests.support.office import riga
from tickets.actions.pausing import pause_ticket, resume_due
from tickets.actions.working import junk_ticket, unjunk_ticket
from tickets.models import Message

pytestmark = pytest.mark.django_db

MONDAY = riga("2025-11-10 09:00")
REPLY_WARNS, REPLY_DUE = riga("2025-11-11 15:00"), riga("2025-11-11 17:00")
# The client answers on Thursday: one business day left is Friday.
ANSWERED = riga("2025-11-13 10:00")
FRIDAY_WARNS, FRIDAY_DUE = riga("2025-11-14 15:00"), riga("2025-11-14 17:00")


@pytest.fixture
def calendar(desk):
    return calendar_of(desk)


@pytest.fixture
def message(cast, receive):
    return receive(MONDAY)


@pytest.fixture
def ticket(message):
    return message.ticket


@pytest.fixture
def reply(message):
    return deadline(message, Kind.REPLY)


@pytest.fixture
def paused(ticket, reply, ilze):
    pause_deadlines(ticket, by=ilze, at=MONDAY + HOUR)
    return reply


@pytest.fixture
def answer(ticket, ilze):
    return Message.objects.create(ticket=ticket, kind="outgoing", at=MONDAY, author=ilze.employee)


def only(one):
    return Deadline.objects.filter(pk=one.pk)


def warned(at):
    with transaction.atomic():
        return claim_warnings(at=at)


class TestDaysLeft:
    """E-II.3: whole business days are left at a pause, never fewer than one."""

    @pytest.mark.parametrize(
        ("due", "paused", "left"),
        [
            ("2025-11-11 17:00", "2025-11-10 09:00", 1),
            ("2025-11-11 17:00", "2025-11-10 23:59:59", 1),
            ("2025-11-11 17:00", "2025-11-11 08:00", 1),  # on its last day
            ("2025-11-11 17:00", "2025-11-11 17:00", 1),  # at due
            ("2025-11-11 17:00", "2025-11-20 10:00", 1),  # long past due
            ("2025-11-13 17:00", "2025-11-10 09:00", 3),
            ("2025-11-13 17:00", "2025-11-11 00:00", 2),  # midnight is the next day's
            ("2025-11-21 17:00", "2025-11-14 16:40", 3),  # the 15th to the 18th are closed
            ("2025-11-21 17:00", "2025-11-16 12:00", 3),
            ("2025-11-11 00:00", "2025-11-09 12:00", 1),  # a day that ends at midnight is the day before
            ("2026-03-31 17:00", "2026-03-27 16:00", 2),  # the clock went forward
        ],
    )
    def test_left(self, calendar, due, paused, left):
        assert days_left(calendar, riga(due), riga(paused)) == left


class TestTerm:
    """E-II.3: after a pause the days left count from the day after its end, each pause on its own."""

    POLICY = Policy(kind="draft", unit=Unit.BUSINESS_DAYS, days=3, warnings=TODAY)

    def due(self, calendar, *pauses):
        spans = tuple(Pause(riga(begun), left, riga(ended)) for begun, left, ended in pauses)
        return term(self.POLICY, calendar, Start(MONDAY, pauses=spans))

    @pytest.mark.parametrize(
        ("pauses", "falls_due"),
        [
            ([], "2025-11-13 17:00"),
            ([("2025-11-11 09:00", 2, "2025-11-12 10:00")], "2025-11-14 17:00"),
            ([("2025-11-11 09:00", 2, "2025-11-13 23:00")], "2025-11-19 17:00"),  # Friday, then four closed days
            ([("2025-11-11 09:00", 2, "2025-11-15 12:00")], "2025-11-20 17:00"),  # answered on a Saturday
            ([("2025-11-11 09:00", 2, "2025-11-11 09:30")], "2025-11-13 17:00"),  # nothing lost, nothing won
            ([("2025-11-10 10:00", 3, "2025-11-12 10:00"), ("2025-11-14 10:00", 1, "2025-11-20 10:00")], "2025-11-21 17:00"),
        ],
    )  # fmt: skip
    def test_it_falls_due(self, calendar, pauses, falls_due):
        found = self.due(calendar, *pauses)
        assert found.due_at == replay(found.steps) == riga(falls_due)
        assert found.first_due_at == riga("2025-11-13 17:00")

    def test_its_warnings_come_before_the_new_due_time_and_after_the_pause(self, calendar):
        found = self.due(calendar, ("2025-11-11 09:00", 2, "2025-11-13 23:00"))
        assert found.warnings == [(riga("2025-11-19 15:00"), ["administrator"])]
        # Two working hours before the end lie before the return: no room.
        short = Policy(unit=Unit.BUSINESS_DAYS, days=1, warnings=[{**TODAY[0], "minutes": 9 * 60}])
        start = Start(MONDAY, pauses=(Pause(MONDAY, 1, riga("2025-11-13 17:30")),))
        assert term(short, calendar, start).warnings == []

    def test_what_it_started_from_is_read_back_from_its_steps(self, calendar):
        pauses = (
            Pause(riga("2025-11-10 10:00"), 3, riga("2025-11-12 10:00")),
            Pause(riga("2025-11-14 10:00"), 1, riga("2025-11-20 10:00")),
        )
        start = Start(MONDAY, pauses=pauses)
        steps = term(self.POLICY, calendar, start).steps
        assert start_of(Deadline(started_at=MONDAY, steps=steps)) == start


class TestPause:
    """E-II.3: what may pause stops; what may not runs on."""

    def test_the_reply_stops_with_its_days_left(self, paused, ticket, ilze):
        one = fresh(paused)
        assert (one.state, one.paused_at, one.days_left) == ("paused", MONDAY + HOUR, 1)
        assert (one.due_at, one.first_due_at, one.warn_at, one.warnings) == (REPLY_DUE, REPLY_DUE, None, [])
        event = last_event(ticket, "deadline.paused")
        assert (event.by, event.at, event.data) == (ilze, MONDAY + HOUR, {"kind": "reply", "days_left": 1})

    def test_the_mark_does_not(self, paused, message):
        assert deadline(message, Kind.MARK).state == "running"

    def test_a_policy_that_may_not_pause_does_not(self, ticket, reply, ilze):
        Policy.objects.filter(pk=reply.policy_id).update(may_pause=False)
        assert pause_deadlines(ticket, by=ilze, at=MONDAY) == []
        assert fresh(reply).state == "running"

    def test_one_whose_answer_is_being_sent_does_not(self, ticket, reply, answer, ilze):
        hold_for_sending(only(reply), answer, at=MONDAY)
        assert pause_deadlines(ticket, by=ilze, at=MONDAY) == []
        assert fresh(reply).state == "answering"

    def test_pausing_again_changes_nothing(self, paused, ticket, ilze):
        assert pause_deadlines(ticket, by=ilze, at=MONDAY + 2 * HOUR) == []
        assert fresh(paused).paused_at == MONDAY + HOUR

    def test_while_paused_it_is_neither_broken_nor_warned_of(self, paused, message):
        meet_deadlines(message.deadlines.filter(kind=Kind.MARK), met_at=MONDAY, by=None, at=MONDAY)
        assert warned(REPLY_WARNS) == []
        assert claim_due(at=REPLY_DUE + 100 * HOUR) == []
        assert not fresh(paused).is_late(REPLY_DUE + 100 * HOUR)
        assert not only(paused).filter(Deadline.late(REPLY_DUE + 100 * HOUR)).exists()


class TestResume:
    """E-II.3: the days left count from the day after the client's answer, or the date to resume."""

    def resume(self, ticket, resumed_at=ANSWERED, at=None):
        return resume_deadlines(ticket, resumed_at=resumed_at, by=None, at=at or resumed_at)

    def test_it_runs_to_the_close_of_the_next_business_day(self, paused, ticket):
        self.resume(ticket)
        one = fresh(paused)
        assert (one.state, one.paused_at, one.days_left) == ("running", None, None)
        assert one.due_at == replay(one.steps) == FRIDAY_DUE
        assert last_event(ticket, "deadline.resumed").data == {"kind": "reply", "due_at": FRIDAY_DUE_UTC}

    def test_when_it_was_due_at_first_is_kept(self, paused, ticket):
        self.resume(ticket)
        assert fresh(paused).first_due_at == REPLY_DUE

    def test_it_warns_anew(self, paused, ticket, message):
        meet_deadlines(message.deadlines.filter(kind=Kind.MARK), met_at=MONDAY, by=None, at=MONDAY)
        self.resume(ticket)
        assert fresh(paused).warn_at == FRIDAY_WARNS
        assert warned(FRIDAY_WARNS - SECOND) == []
        assert warned(FRIDAY_WARNS) == [(paused, ["administrator"])]

    def test_one_warned_of_before_the_pause_is_warned_of_again(self, reply, ticket, message, ilze):
        meet_deadlines(message.deadlines.filter(kind=Kind.MARK), met_at=MONDAY, by=None, at=MONDAY)
        assert warned(REPLY_WARNS) == [(reply, ["administrator"])]
        pause_deadlines(ticket, by=ilze, at=REPLY_WARNS + MINUTE)
        self.resume(ticket)
        assert warned(FRIDAY_WARNS) == [(reply, ["administrator"])]

    def test_the_client_s_answer_resumes_it_as_of_its_receipt(self, ticket, reply, receive, ilze):
        pause_ticket(ticket, date(2025, 11, 20), by=ilze, at=MONDAY + HOUR)
        receive(ANSWERED, ticket=ticket, message_id="<b@x>", fetched=ANSWERED + 2 * HOUR)
        assert (fresh(reply).state, fresh(reply).due_at, fresh(ticket).state) == ("running", FRIDAY_DUE, "incomplete")

    @pytest.mark.parametrize("swept", ["2025-11-13 00:00", "2025-11-13 14:00", "2025-11-20 09:00"])
    def test_the_date_resumes_it_from_that_day_however_late_the_sweep(self, ticket, reply, ilze, swept):
        pause_ticket(ticket, date(2025, 11, 13), by=ilze, at=MONDAY + HOUR)
        resume_due(at=riga(swept))
        assert (fresh(reply).state, fresh(reply).due_at) == ("running", FRIDAY_DUE)

    def test_found_past_its_new_due_time_it_is_broken_then_and_never_warned_of(self, paused, ticket):
        self.resume(ticket, at=FRIDAY_DUE + SECOND)
        assert (fresh(paused).breached_at, fresh(paused).warn_at) == (FRIDAY_DUE, None)

    def test_found_at_its_new_due_time_it_is_not_late(self, paused, ticket):
        self.resume(ticket, at=FRIDAY_DUE)
        assert fresh(paused).breached_at is None

    def test_an_answer_received_before_the_pause_ends_it_at_the_pause(self, paused, ticket):
        self.resume(ticket, resumed_at=MONDAY)
        assert [one.resumed_at for one in start_of(fresh(paused)).pauses] == [MONDAY + HOUR]
        assert fresh(paused).due_at == REPLY_DUE

    def test_resuming_what_runs_changes_nothing(self, reply, ticket):
        assert self.resume(ticket) == []
        assert fresh(reply).due_at == REPLY_DUE

    def test_paused_twice_both_pauses_are_told(self, paused, ticket, ilze):
        self.resume(ticket)
        pause_deadlines(ticket, by=ilze, at=riga("2025-11-14 09:00"))
        self.resume(ticket, riga("2025-11-19 09:00"))
        one = fresh(paused)
        assert [step["code"] for step in one.steps].count("paused") == 2
        assert (one.due_at, one.first_due_at, replay(one.steps)) == (
            riga("2025-11-20 17:00"),
            REPLY_DUE,
            riga("2025-11-20 17:00"),
        )


FRIDAY_DUE_UTC = "2025-11-14T15:00:00+00:00"


class TestLate:
    """E-II: a breach before the pause stays to be seen, whatever comes after."""

    @pytest.fixture
    def late(self, ticket, reply, ilze):
        pause_deadlines(ticket, by=ilze, at=REPLY_DUE + SECOND)
        return reply

    def test_paused_late_it_is_broken_first_and_has_one_day_left(self, late):
        one = fresh(late)
        assert (one.state, one.breached_at, one.days_left) == ("paused", REPLY_DUE, 1)

    def test_paused_at_due_it_is_not_broken(self, ticket, reply, ilze):
        pause_deadlines(ticket, by=ilze, at=REPLY_DUE)
        assert fresh(reply).breached_at is None

    def test_resumed_it_is_late_all_the_same_and_nobody_is_told_again(self, late, ticket, message):
        meet_deadlines(message.deadlines.filter(kind=Kind.MARK), met_at=MONDAY, by=None, at=MONDAY)
        resume_deadlines(ticket, resumed_at=ANSWERED, by=None, at=ANSWERED)
        one = fresh(late)
        assert (one.state, one.due_at, one.breached_at) == ("running", FRIDAY_DUE, REPLY_DUE)
        assert one.is_late(ANSWERED)
        assert warned(FRIDAY_WARNS) == [(late, [])]
        assert claim_due(at=FRIDAY_DUE + SECOND) == []
        assert len([event for event in events(ticket, "deadline.breached") if event.target_id == late.pk]) == 1

    def move(self, desk, ilze, on):
        change = CalendarChange((DayChange(on, kind="closure", source="rīkojums"),))
        begun = change_calendar(desk, change, by=ilze, at=ANSWERED + HOUR)
        for _ in recalculate(begun.pk, at=ANSWERED + HOUR):
            pass

    def test_a_later_day_that_closes_does_not_undo_it(self, late, ticket, desk, ilze):
        resume_deadlines(ticket, resumed_at=ANSWERED, by=None, at=ANSWERED)
        self.move(desk, ilze, date(2025, 11, 14))
        assert (fresh(late).due_at, fresh(late).breached_at) == (riga("2025-11-19 17:00"), REPLY_DUE)
        assert not late.withdrawn_breaches.exists()

    def test_the_day_on_which_it_was_due_does(self, late, ticket, desk, ilze):
        resume_deadlines(ticket, resumed_at=ANSWERED, by=None, at=ANSWERED)
        self.move(desk, ilze, date(2025, 11, 11))
        assert (fresh(late).due_at, fresh(late).breached_at) == (FRIDAY_DUE, None)
        assert fresh(late).first_due_at == riga("2025-11-12 17:00")
        assert late.withdrawn_breaches.get().breached_at == REPLY_DUE


class TestWhilePaused:
    """E-II.3: what ends a deadline ends a paused one too, and the time of the pause breaks nothing."""

    LONG_AFTER = REPLY_DUE + 48 * HOUR

    def test_met_it_is_in_time(self, paused, ilze):
        meet_deadlines(only(paused), met_at=self.LONG_AFTER, by=ilze, at=self.LONG_AFTER)
        one = fresh(paused)
        assert (one.state, one.breached_at, one.paused_at, one.days_left) == ("met", None, None, None)

    def test_cancelled_it_is_not_broken(self, paused, ilze):
        cancel_deadlines(only(paused), "not_needed", by=ilze, at=self.LONG_AFTER)
        one = fresh(paused)
        assert (one.state, one.breached_at, one.paused_at, one.days_left) == ("cancelled", None, None, None)

    def test_answered_it_waits_for_the_mail_server(self, paused, answer):
        hold_for_sending(only(paused), answer, at=self.LONG_AFTER)
        one = fresh(paused)
        assert (one.state, one.breached_at, one.paused_at, one.days_left) == ("answering", None, None, None)

    def test_an_answer_that_is_refused_leaves_the_days_that_were_left(self, paused, answer):
        hold_for_sending(only(paused), answer, at=ANSWERED)
        release_from_sending(answer, at=ANSWERED + MINUTE)
        one = fresh(paused)
        assert (one.state, one.due_at, one.breached_at, one.warn_at) == ("running", FRIDAY_DUE, None, FRIDAY_WARNS)

    def test_junked_by_mistake_and_brought_back_it_is_not_broken_for_the_pause(self, ticket, reply, ilze):
        pause_ticket(ticket, date(2025, 11, 20), by=ilze, at=MONDAY + HOUR)
        junk_ticket(ticket, by=ilze, at=ANSWERED)
        assert fresh(reply).state == "cancelled"
        unjunk_ticket(ticket, by=ilze, at=ANSWERED + HOUR)
        one = fresh(reply)
        assert (one.state, one.due_at, one.breached_at, one.warn_at) == ("running", FRIDAY_DUE, None, FRIDAY_WARNS)

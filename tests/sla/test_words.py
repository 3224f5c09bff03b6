"""Time as people read it: what is left, what is late, and why. In English; the translation has tests of its own."""

from datetime import date, timedelta

import pytest
from django.utils import translation

from sla.actions import cancel_deadlines, claim_due, hold_for_sending, meet_deadlines, pause_deadlines
from sla.explanations import explanation
from sla.models import CalendarDay, Deadline, Policy, Unit
from sla.queries import calendar_of
from sla.terms import Pause, Start, term
from sla.words import day_words, fuse, moment, span_words
from tests.support.facts import HOUR, MINUTE, SECOND, deadline, fresh
from tests.support.office import RIGA, riga

pytestmark = pytest.mark.django_db

MONDAY = riga("2025-11-10 09:00")
MARK_DUE, REPLY_DUE = riga("2025-11-10 10:00"), riga("2025-11-11 17:00")


@pytest.fixture(autouse=True)
def in_english():
    with translation.override("en"):
        yield


@pytest.fixture
def calendar(desk):
    return calendar_of(desk)


@pytest.fixture
def mark(receive):
    return deadline(receive(MONDAY), "mark")


class TestFuse:
    """E-I.1: how much is left, in words and as a share, never by colour alone."""

    def test_it_is_whole_at_the_start(self, mark, calendar):
        burning = fuse(mark, calendar, MONDAY)
        assert (burning.state, burning.percent, burning.words) == ("running", 100, "1 h left")

    def test_half_of_the_time_is_half_of_the_fuse(self, mark, calendar):
        assert (fuse(mark, calendar, MONDAY + HOUR / 2).percent, fuse(mark, calendar, MARK_DUE).percent) == (50, 0)

    def test_from_its_warning_on_it_warns(self, mark, calendar):
        assert fuse(mark, calendar, MONDAY + 40 * MINUTE - SECOND).state == "running"
        assert fuse(mark, calendar, MONDAY + 40 * MINUTE).state == "warned"

    def test_at_due_it_is_not_late_and_a_second_later_it_is_swept_or_not(self, mark, calendar):
        assert fuse(mark, calendar, MARK_DUE).state == "warned"
        burnt = fuse(mark, calendar, MARK_DUE + SECOND)
        assert (burnt.state, burnt.words, burnt.percent) == ("breached", "overdue", 100)

    def test_lateness_is_working_time(self, mark, calendar):
        claim_due(at=MARK_DUE + SECOND)
        assert fuse(fresh(mark), calendar, riga("2025-11-11 09:00")).words == "overdue by 7 h 30 min"

    def test_late_while_the_office_is_closed_it_is_late_all_the_same(self, receive, calendar):
        reply = deadline(receive(MONDAY), "reply")
        assert fuse(reply, calendar, REPLY_DUE + 3 * HOUR).words == "overdue"

    def test_while_a_reply_is_being_sent_it_says_so(self, mark, calendar, ilze):
        hold_for_sending(Deadline.objects.filter(pk=mark.pk), mark.message, at=MONDAY)
        assert fuse(fresh(mark), calendar, MONDAY).state == "answering"

    def test_met_it_tells_when(self, mark, calendar):
        meet_deadlines(Deadline.objects.filter(pk=mark.pk), met_at=MONDAY, by=None, at=MONDAY)
        met = fuse(fresh(mark), calendar, MONDAY + HOUR)
        assert (met.state, met.words) == ("met", "today, 09:00")

    def test_cancelled_it_tells_why(self, mark, calendar):
        cancel_deadlines(Deadline.objects.filter(pk=mark.pk), "junk", by=None, at=MONDAY)
        assert fuse(fresh(mark), calendar, MONDAY).words == "junk"

    def test_paused_it_stands_still(self, receive, calendar, ilze):
        message = receive(MONDAY)
        pause_deadlines(message.ticket, by=ilze, at=MONDAY)
        paused = fuse(deadline(message, "reply"), calendar, REPLY_DUE + HOUR)
        assert (paused.state, paused.words, paused.percent) == ("paused", "paused", 100)

    def test_broken_before_the_pause_it_is_late_all_the_same(self, receive, calendar, ilze):
        message = receive(MONDAY)
        pause_deadlines(message.ticket, by=ilze, at=REPLY_DUE + SECOND)
        assert fuse(deadline(message, "reply"), calendar, REPLY_DUE + HOUR).state == "breached"


class TestSpans:
    """E-I.1: working time in business days, hours and minutes."""

    @pytest.mark.parametrize(
        ("span", "words"),
        [
            (timedelta(0), "0 min"),
            (timedelta(minutes=59, seconds=59), "59 min"),
            (timedelta(hours=1), "1 h"),
            (timedelta(hours=2, minutes=10), "2 h 10 min"),
            (timedelta(hours=8, minutes=29), "8 h 29 min"),
            (timedelta(hours=8, minutes=30), "1 b.d."),
            (timedelta(hours=19), "2 b.d. 2 h"),
        ],
    )
    def test_words(self, calendar, span, words):
        assert span_words(span, calendar) == words


class TestMoments:
    """E-I.1: an instant as the office says it, on Riga's clock."""

    @pytest.mark.parametrize(
        ("at", "words"),
        [
            ("2025-11-21 00:00", "today, 00:00"),
            ("2025-11-20 23:59", "Thu, 20 Nov, 23:59"),
            ("2026-05-01 09:05", "Fri, 1 May 2026, 09:05"),
        ],
    )
    def test_words(self, at, words):
        assert moment(riga(at), riga("2025-11-21 12:00"), RIGA) == words

    def test_may_is_written_out_for_once(self):
        assert day_words(date(2026, 5, 1)) == "1 May"


class TestExplanation:
    """E-II.3: a deadline says in words why it falls when it does."""

    def words(self, policy, calendar, received):
        made = Deadline(steps=term(policy, calendar, Start(riga(received))).steps)
        return [(line.state, line.when, line.text) for line in explanation(made, RIGA)]

    def test_the_example_of_november(self, calendar):
        policy = Policy(unit=Unit.BUSINESS_DAYS, days=1)
        assert self.words(policy, calendar, "2025-11-14 16:40") == [
            ("open", "Fri, 14 Nov", "received at 16:40"),
            ("note", "Fri, 14 Nov", "the day of receipt does not count"),
            ("shut", "15–16 Nov", "closed: week-end"),
            ("shut", "Mon, 17 Nov", "closed: the working day was moved to 8 Nov (Cabinet order)"),
            ("shut", "Tue, 18 Nov", "public holiday: Latvijas Republikas Proklamēšanas diena"),
            ("open", "Wed, 19 Nov", "business day 1"),
            ("due", "Due", "Wed, 19 Nov, 17:00"),
        ]

    def test_working_minutes(self, calendar):
        policy = Policy(unit=Unit.WORKING_TIME, span=HOUR)
        lines = self.words(policy, calendar, "2025-11-14 16:45")
        assert lines[1] == ("open", "Fri, 14 Nov", "16:45–17:00, 15 working minutes")
        assert lines[-2] == ("open", "Wed, 19 Nov", "08:30–09:15, 45 working minutes")

    def test_the_office_s_choice_is_named_as_such(self, calendar):
        late = Policy(unit=Unit.BUSINESS_DAYS, days=1, late_receipt="next_business_day")
        assert "the office's choice" in self.words(late, calendar, "2025-11-10 18:00")[1][2]

    def test_clock_minutes(self, calendar):
        policy = Policy(unit=Unit.CLOCK_TIME, span=15 * MINUTE)
        assert self.words(policy, calendar, "2025-11-10 18:00")[1] == ("open", "+", "15 min by the clock")

    def test_long_terms_by_the_clock_are_told_in_hours(self, calendar):
        policy = Policy(unit=Unit.CLOCK_TIME, span=72 * HOUR)
        assert self.words(policy, calendar, "2025-11-10 18:00")[1] == ("open", "+", "72 h by the clock")

    def test_a_pause_says_what_was_left_and_when_it_ended(self, calendar):
        pause = Pause(riga("2025-11-10 10:00"), 1, riga("2025-11-13 09:00"))
        start = Start(riga("2025-11-10 09:00"), pauses=(pause,))
        made = Deadline(steps=term(Policy(unit=Unit.BUSINESS_DAYS, days=1), calendar, start).steps)
        lines = [(line.state, line.when, line.text) for line in explanation(made, RIGA)]
        assert lines[3:] == [
            ("note", "Mon, 10 Nov", "paused while the client is asked; 1 business day left"),
            ("note", "Thu, 13 Nov", "resumed; the days left count anew"),
            ("note", "Thu, 13 Nov", "the day of the return does not count"),
            ("open", "Fri, 14 Nov", "business day 1"),
            ("due", "Due", "Fri, 14 Nov, 17:00"),
        ]

    def test_a_week_end_across_two_months_names_both(self, calendar):
        policy = Policy(unit=Unit.BUSINESS_DAYS, days=1)
        assert self.words(policy, calendar, "2026-02-27 10:00")[2][1] == "28 Feb – 1 Mar"

    @pytest.mark.parametrize(
        ("kind", "hours", "words"),
        [
            (
                "shortened",
                [["08:30", "15:00"]],
                "business day 1; working day moved here from 2 Jan (Cabinet order), shortened",
            ),
            ("moved_on", [["08:30", "17:00"]], "business day 1; working day moved here from 2 Jan (Cabinet order)"),
        ],
    )
    def test_an_unusual_business_day_says_what_is_unusual(self, desk, kind, hours, words):
        CalendarDay.objects.filter(calendar=desk.calendar, on="2026-01-17").update(kind=kind, hours=hours)
        policy = Policy(unit=Unit.BUSINESS_DAYS, days=1)
        assert self.words(policy, calendar_of(desk), "2026-01-16 10:00")[2][2] == words

    @pytest.mark.parametrize(
        ("kind", "words"), [("closure", "the office is closed"), ("day_off", "day off in place of 4 May")]
    )
    def test_a_closed_day_says_why(self, desk, kind, words):
        desk.calendar.days.create(on="2025-11-11", kind=kind, other_on=date(2025, 5, 4))
        policy = Policy(unit=Unit.BUSINESS_DAYS, days=1)
        assert self.words(policy, calendar_of(desk), "2025-11-10 10:00")[2][2] == words

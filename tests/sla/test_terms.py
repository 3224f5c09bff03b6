"""When a promise falls due, worked out by hand on Riga's clock and Latvia's calendar, with every step that led there."""

from datetime import UTC, time, timedelta

import pytest

from sla.models import CalendarDay, Deadline, Policy, Unit
from sla.queries import calendar_of
from sla.shipped import CLOCK, DEMONSTRATION_WEEK, DRAFT, SOON, TODAY, load_calendar
from sla.terms import Start, start_of, term
from tests.support.facts import HOUR, MINUTE
from tests.support.office import OPENED, make_desk, riga

pytestmark = pytest.mark.django_db

REPLY = Policy(kind="reply", unit=Unit.BUSINESS_DAYS, days=1, warnings=TODAY)
MARK = Policy(kind="mark", unit=Unit.WORKING_TIME, span=HOUR, warnings=SOON)


@pytest.fixture
def calendar(desk):
    return calendar_of(desk)


def due(policy, calendar, received):
    found = term(policy, calendar, Start(riga(received)))
    assert found.first_due_at == found.due_at  # nothing paused
    return found.due_at


def warned(policy, calendar, received):
    return term(policy, calendar, Start(riga(received))).warnings


def steps(policy, calendar, received):
    """Return the steps between receipt and due, without their sources."""
    found = term(policy, calendar, Start(riga(received))).steps
    assert (found[0]["code"], found[-1]["code"]) == ("received", "due")
    return [{key: value for key, value in step.items() if key != "source"} for step in found[1:-1]]


def counted(on, number, closes, **facts):
    return {"code": "business_day", "on": on, "number": number, "closes": closes, **facts}


def with_breaks(desk):
    """Return the calendar of a desk that shuts from 12:00 to 12:30."""
    halves = [(time(8, 30), time(12)), (time(12, 30), time(17))]
    load_calendar(desk, dict.fromkeys(range(5), halves), by=None, at=OPENED)
    desk.calendar.refresh_from_db()
    return calendar_of(desk)


class TestReplyTerm:
    """E-II.3: an answer by the close of the first business day after the day of receipt."""

    @pytest.mark.parametrize(
        ("received", "falls_due"),
        [
            ("2025-11-10 09:00", "2025-11-11 17:00"),
            ("2025-11-10 17:00", "2025-11-11 17:00"),  # exactly at closing
            ("2025-11-10 23:59:59", "2025-11-11 17:00"),
            ("2025-11-11 00:00", "2025-11-12 17:00"),  # the day of receipt is Tuesday
            ("2025-11-14 16:40", "2025-11-19 17:00"),  # the design's example
            ("2025-11-15 12:00", "2025-11-19 17:00"),  # a Saturday
            ("2025-11-18 10:00", "2025-11-19 17:00"),  # a public holiday
            ("2025-12-22 10:00", "2025-12-23 16:00"),  # the 23rd closes an hour earlier
            ("2025-12-23 10:00", "2025-12-29 17:00"),  # three days of Christmas and a week-end between
            ("2025-11-07 10:00", "2025-11-08 16:00"),  # a working Saturday, moved and shortened
            ("2026-01-16 10:00", "2026-01-17 17:00"),  # a working Saturday in place of 2 January
            ("2026-01-01 10:00", "2026-01-05 17:00"),  # 2 January is off
            ("2026-03-27 16:59", "2026-03-30 17:00"),  # the clock went forward in between
            ("2026-10-23 16:59", "2026-10-26 17:00"),  # and back
        ],
    )
    def test_it_falls_due(self, calendar, received, falls_due):
        assert due(REPLY, calendar, received) == riga(falls_due)

    def test_three_business_days_are_counted_the_same_way(self, calendar):
        three = Policy(unit=Unit.BUSINESS_DAYS, days=3)
        assert due(three, calendar, "2025-11-14 16:40") == riga("2025-11-21 17:00")

    def test_a_desk_that_never_shuts_closes_at_midnight(self, db):
        calendar = calendar_of(make_desk("day", round_the_clock=True))
        assert due(REPLY, calendar, "2026-03-28 12:00") == riga("2026-03-30 00:00")

    def test_an_opening_that_counts_for_nothing_is_no_business_day(self, desk):
        desk.calendar.days.create(on="2025-11-15", kind="extra", hours=[["10:00", "14:00"]], counts=False)
        assert due(REPLY, calendar_of(desk), "2025-11-14 16:40") == riga("2025-11-19 17:00")

    def test_an_own_closure_is_skipped(self, desk):
        desk.calendar.days.create(on="2025-11-11", kind="closure", name="Inventory")
        assert due(REPLY, calendar_of(desk), "2025-11-10 09:00") == riga("2025-11-12 17:00")


class TestReplySteps:
    """E-II.3: every deadline explains itself, day by day."""

    def test_the_example_of_november(self, calendar):
        assert steps(REPLY, calendar, "2025-11-14 16:40") == [
            {"code": "receipt_day", "on": "2025-11-14"},
            {"code": "closed", "on": "2025-11-15"},
            {"code": "closed", "on": "2025-11-16"},
            {"code": "closed", "on": "2025-11-17", "kind": "moved_off", "name": "", "other_on": "2025-11-08"},
            {
                "code": "closed",
                "on": "2025-11-18",
                "kind": "holiday",
                "name": "Latvijas Republikas Proklamēšanas diena",
            },
            counted("2025-11-19", 1, "2025-11-19T15:00:00+00:00"),
        ]

    def test_the_ends_are_instants(self, calendar):
        found = term(REPLY, calendar, Start(riga("2025-11-14 16:40"))).steps
        assert found[0] == {"code": "received", "at": "2025-11-14T16:40:00+02:00"}
        assert found[-1] == {"code": "due", "at": "2025-11-19T15:00:00+00:00"}

    def test_every_special_day_names_its_source(self, calendar):
        found = term(REPLY, calendar, Start(riga("2025-11-14 16:40"))).steps
        assert {step["on"]: step["source"] for step in found if "kind" in step} == {
            "2025-11-17": "MK rīkojums, likumi.lv/ta/id/351684",
            "2025-11-18": "Likums “Par svētku, atceres un atzīmējamām dienām”, 1. pants",
        }

    def test_a_shortened_day_names_the_labour_law(self, calendar):
        found = term(REPLY, calendar, Start(riga("2025-12-22 10:00"))).steps
        assert [step["source"] for step in found if "kind" in step] == ["Darba likums, 135. pants"]

    def test_a_shortened_day_says_so(self, calendar):
        (_, day) = steps(REPLY, calendar, "2025-12-22 10:00")
        assert day == counted("2025-12-23", 1, "2025-12-23T14:00:00+00:00", kind="shortened", name="")

    def test_a_working_saturday_says_which_day_it_stands_for(self, calendar):
        (_, day) = steps(REPLY, calendar, "2026-01-16 10:00")
        assert (day["code"], day["kind"], day["other_on"]) == ("business_day", "moved_on", "2026-01-02")

    def test_a_desk_that_never_shuts_counts_the_day_that_ends_at_midnight(self, db):
        calendar = calendar_of(make_desk("day", round_the_clock=True))
        assert [step["on"] for step in steps(REPLY, calendar, "2025-11-10 12:00")] == ["2025-11-10", "2025-11-11"]


class TestLateReceipt:
    """E-II.3: mail after hours may count as the next business day's: the office's choice."""

    NEXT = Policy(unit=Unit.BUSINESS_DAYS, days=1, late_receipt=Policy.LateReceipt.NEXT_BUSINESS_DAY)

    @pytest.mark.parametrize(
        ("received", "falls_due"),
        [
            ("2025-11-10 16:59:59", "2025-11-11 17:00"),  # still open
            ("2025-11-10 17:00", "2025-11-12 17:00"),  # closing is outside
            ("2025-11-10 08:29:59", "2025-11-11 17:00"),  # before the opening of the same day
            ("2025-11-14 17:30", "2025-11-20 17:00"),
            ("2025-11-15 12:00", "2025-11-20 17:00"),
        ],
    )
    def test_it_falls_due(self, calendar, received, falls_due):
        assert due(self.NEXT, calendar, received) == riga(falls_due)

    def test_the_explanation_names_the_choice(self, calendar):
        assert steps(self.NEXT, calendar, "2025-11-15 12:00") == [
            {"code": "counts_as_received", "on": "2025-11-19"},
            {"code": "receipt_day", "on": "2025-11-19"},
            counted("2025-11-20", 1, "2025-11-20T15:00:00+00:00"),
        ]

    def test_within_hours_it_says_nothing(self, calendar):
        assert steps(self.NEXT, calendar, "2025-11-10 09:00")[0]["code"] == "receipt_day"


class TestMarkTerm:
    """E-II.5: each message has its mark within 60 working minutes."""

    @pytest.mark.parametrize(
        ("received", "falls_due"),
        [
            ("2025-11-10 09:00", "2025-11-10 10:00"),
            ("2025-11-10 16:00", "2025-11-10 17:00"),  # ends at closing, not at the next opening
            ("2025-11-10 16:00:01", "2025-11-11 08:30:01"),
            ("2025-11-10 16:30", "2025-11-11 09:00"),
            ("2025-11-10 17:00", "2025-11-11 09:30"),
            ("2025-11-10 07:00", "2025-11-10 09:30"),
            ("2025-11-14 16:45", "2025-11-19 09:15"),  # Friday before four closed days
            ("2025-11-15 12:00", "2025-11-19 09:30"),
            ("2025-12-23 15:30", "2025-12-29 09:00"),  # closes at 16:00
        ],
    )
    def test_it_falls_due(self, calendar, received, falls_due):
        assert due(MARK, calendar, received) == riga(falls_due)

    def test_a_lunch_break_does_not_count(self, desk):
        assert due(MARK, with_breaks(desk), "2025-11-10 11:40") == riga("2025-11-10 13:10")

    def test_it_is_explained_by_stretches_and_closed_days(self, calendar):
        first, *closed, last = steps(MARK, calendar, "2025-11-14 16:45")
        assert (first["code"], first["seconds"]) == ("worked", 15 * 60)
        assert (first["from"], first["to"]) == ("2025-11-14T16:45:00+02:00", "2025-11-14T15:00:00+00:00")
        assert [step["on"][-2:] for step in closed] == ["15", "16", "17", "18"]
        assert (last["from"], last["to"], last["seconds"]) == (
            "2025-11-19T06:30:00+00:00",
            "2025-11-19T07:15:00+00:00",
            45 * 60,
        )

    def test_both_stretches_around_lunch_are_named(self, desk):
        assert [step["seconds"] for step in steps(MARK, with_breaks(desk), "2025-11-10 11:40")] == [20 * 60, 40 * 60]


class TestClockTime:
    """E-III.4: a term by the clock runs through the night."""

    QUARTER = Policy(
        unit=Unit.CLOCK_TIME,
        span=15 * MINUTE,
        warnings=[{"unit": "clock_time", "minutes": 5, "tell": ["data_protection_officer"]}],
    )

    def test_it_is_plain_addition(self, calendar):
        found = term(self.QUARTER, calendar, Start(riga("2025-11-14 16:50")))
        assert found.due_at == riga("2025-11-14 17:05")
        assert found.warnings == [(riga("2025-11-14 17:00"), ["data_protection_officer"])]

    def test_it_is_explained_by_its_minutes(self, calendar):
        assert steps(self.QUARTER, calendar, "2025-11-14 16:50") == [{"code": "clock", "seconds": 15 * 60}]

    @pytest.mark.parametrize(
        ("discovered", "falls_due", "warns"),
        [
            ("2026-03-28 12:00", "2026-03-31 13:00", ("2026-03-30 13:00", "2026-03-31 09:00")),  # 23 hours in a day
            ("2026-10-24 12:00", "2026-10-27 11:00", ("2026-10-26 11:00", "2026-10-27 07:00")),  # and 25
            ("2026-03-26 08:00", "2026-03-29 09:00", ("2026-03-28 08:00", "2026-03-29 05:00")),  # the warning before it
        ],
    )
    def test_seventy_two_hours_are_that_many_however_the_clock_is_moved(self, calendar, discovered, falls_due, warns):
        report = Policy(unit=Unit.CLOCK_TIME, span=72 * HOUR, warnings=CLOCK)
        assert due(report, calendar, discovered) == riga(falls_due)
        assert warned(report, calendar, discovered) == [(riga(at), ["data_protection_officer"]) for at in warns]


class TestWarning:
    """E-II: a warning near the end: 2 working hours before a business-day term, 20 minutes before the hour's."""

    @pytest.mark.parametrize(
        ("received", "warns"),
        [
            ("2025-11-10 09:00", "2025-11-11 15:00"),
            ("2025-11-14 16:40", "2025-11-19 15:00"),
            ("2025-12-22 10:00", "2025-12-23 14:00"),  # shortened
            ("2025-11-15 12:00", "2025-11-19 15:00"),
        ],
    )
    def test_of_a_reply_two_working_hours_are_left(self, calendar, received, warns):
        assert warned(REPLY, calendar, received) == [(riga(warns), ["administrator"])]

    @pytest.mark.parametrize(
        ("received", "warns"),
        [
            ("2025-11-10 09:00", "2025-11-10 09:40"),
            ("2025-11-10 16:10", "2025-11-10 16:50"),  # due at 08:40 the next day
            ("2025-11-10 16:30", "2025-11-11 08:40"),
            ("2025-11-14 16:45", "2025-11-19 08:55"),
            ("2025-11-15 12:00", "2025-11-19 09:10"),
        ],
    )
    def test_of_a_mark_twenty_working_minutes_are_left(self, calendar, received, warns):
        assert warned(MARK, calendar, received) == [(riga(warns), ["administrator"])]

    def test_without_room_there_is_none(self, calendar):
        short = Policy(unit=Unit.WORKING_TIME, span=20 * MINUTE, warnings=SOON)
        assert warned(short, calendar, "2025-11-10 09:00") == []

    def test_with_a_minute_of_room_there_is_one(self, calendar):
        short = Policy(unit=Unit.WORKING_TIME, span=21 * MINUTE, warnings=SOON)
        assert warned(short, calendar, "2025-11-10 09:00") == [(riga("2025-11-10 09:01"), ["administrator"])]

    def test_a_policy_may_have_none(self, calendar):
        assert warned(Policy(unit=Unit.WORKING_TIME, span=HOUR), calendar, "2025-11-10 09:00") == []

    def test_each_step_has_people_of_its_own_the_first_first(self, calendar):
        draft = Policy(kind="draft", unit=Unit.BUSINESS_DAYS, days=3, warnings=DRAFT[::-1])
        assert warned(draft, calendar, "2025-11-14 16:40") == [
            (riga("2025-11-20 17:00"), ["expert"]),  # the close of the business day before
            (riga("2025-11-21 15:00"), ["expert", "administrator"]),
        ]

    def test_a_business_day_before_is_the_day_that_was_worked(self, calendar):
        draft = Policy(kind="draft", unit=Unit.BUSINESS_DAYS, days=3, warnings=DRAFT[:1])
        assert warned(draft, calendar, "2025-12-19 10:00") == [(riga("2025-12-23 16:00"), ["expert"])]

    def test_one_for_which_there_is_no_room_is_left_out_alone(self, calendar):
        next_day = Policy(kind="draft", unit=Unit.BUSINESS_DAYS, days=1, warnings=DRAFT)
        assert warned(next_day, calendar, "2025-11-10 17:30") == [
            (riga("2025-11-11 15:00"), ["expert", "administrator"])
        ]


class TestRecomputing:
    """E-II: what is stored is what the desk's policy and calendar say, whenever they are asked again."""

    RECEIPTS = ("2025-11-10 09:00", "2025-11-14 16:45", "2025-11-15 12:00", "2025-12-22 16:59", "2025-12-31 10:00")

    def test_every_stored_deadline_is_found_again(self, desk, receive):
        for received in self.RECEIPTS:
            receive(riga(received).astimezone(UTC))
        assert Deadline.objects.count() == 2 * len(self.RECEIPTS)
        for one in Deadline.objects.all():
            assert one.policy == Policy.objects.get(desk=desk, kind=one.kind)
            again = term(one.policy, calendar_of(desk), start_of(one))
            assert (one.due_at, one.first_due_at, one.warn_at) == (again.due_at, again.due_at, again.warnings[0][0])
            assert one.warnings == [[at.isoformat(), told] for at, told in again.warnings]
            assert one.steps == again.steps


class TestShippedCalendar:
    """E-II.3: Latvia's calendar ships with the product, and a change of it is seen at once."""

    def test_moved_days_carry_the_hours_of_the_day_they_stand_for(self, desk):
        saturday = desk.calendar.days.get(on="2026-01-17")
        assert (saturday.kind, saturday.hours) == ("moved_on", [["08:30", "17:00"]])

    def test_a_shortened_day_closes_an_hour_earlier(self, desk):
        assert desk.calendar.days.get(on="2025-12-23").hours == [["08:30", "16:00"]]

    def test_loading_again_replaces_and_is_seen_by_the_next_question(self, desk):
        assert due(REPLY, calendar_of(desk), "2025-11-10 09:00") == riga("2025-11-11 17:00")
        week = {day: [(time(9), time(16))] for day in DEMONSTRATION_WEEK}
        load_calendar(desk, week, by=None, at=OPENED)
        desk.calendar.refresh_from_db()
        assert due(REPLY, calendar_of(desk), "2025-11-10 09:00") == riga("2025-11-11 16:00")
        assert CalendarDay.objects.filter(calendar=desk.calendar, on="2025-11-18").count() == 1

    def test_the_standard_day_is_the_longest_of_the_week(self, calendar):
        assert calendar.standard_day == timedelta(hours=8, minutes=30)

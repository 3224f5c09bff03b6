"""The business calendar against instants worked out by hand: pure, no database, no clock."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from sla.calendar import WorkingCalendar

RIGA = ZoneInfo("Europe/Riga")
OFFICE_DAY = [(time(8, 30), time(17))]
SHORT_DAY = [(time(8, 30), time(16))]
ROUND_THE_CLOCK = [(time(0), time(0))]
MONDAY_TO_FRIDAY = dict.fromkeys(range(5), OFFICE_DAY)
EVERY_DAY = range(7)
MICROSECOND = timedelta(microseconds=1)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)

# The days off of Latvia's law that fall on Monday to Friday, and (after the semicolon) the days moved by the Cabinet.
DAYS_OFF = {
    2024: "01-01 03-29 04-01 05-01 05-06 06-24 11-18 12-24 12-25 12-26 12-31; 12-23 12-30",
    2025: "01-01 04-18 04-21 05-01 05-05 06-23 06-24 11-18 12-24 12-25 12-26 12-31; 05-02 11-17",
    2026: "01-01 04-03 04-06 05-01 05-04 06-23 06-24 11-18 12-24 12-25 12-31; 01-02 06-22",
    2028: "11-20",
}
CLOSED = {
    date.fromisoformat(f"{year}-{day}") for year, days in DAYS_OFF.items() for day in days.replace(";", "").split()
}
WORKED_SATURDAYS = {
    date(2024, 12, 14),
    date(2024, 12, 28),
    date(2025, 5, 10),
    date(2025, 11, 8),
    date(2026, 1, 17),
    date(2026, 6, 27),
}


def at(text):
    """Read an instant with its offset written out: +02:00 in winter, +03:00 in summer."""
    return datetime.fromisoformat(text)


def calendar(weekly=MONDAY_TO_FRIDAY, closed=(), special=None, tz=RIGA, **more):
    return WorkingCalendar(weekly, set(closed), special or {}, tz, **more)


def latvia(special=None, **more):
    return calendar(closed=CLOSED, special={**dict.fromkeys(WORKED_SATURDAYS, OFFICE_DAY), **(special or {})}, **more)


def round_the_clock(tz=RIGA):
    return calendar(dict.fromkeys(EVERY_DAY, ROUND_THE_CLOCK), tz=tz)


def only_on(day, *hours):
    return calendar({}, special={day: [(time.fromisoformat(a), time.fromisoformat(b)) for a, b in hours]})


class TestFirstBusinessDay:
    """E-II.3: an answer within one business day, to the close of the first one after the day of receipt."""

    def test_the_example_of_the_design(self):
        # Fri 14 Nov 2025; 15-16 week-end; Mon 17 moved to Sat 8 Nov; Tue 18 a holiday; Wed 19 is the first.
        due = latvia().close_of_business_day(at("2025-11-14T16:40+02:00"), 1)
        assert due == at("2025-11-19T17:00+02:00")

    def test_an_ordinary_day_is_followed_by_the_next(self):
        assert latvia().close_of_business_day(at("2026-11-24T09:00+02:00"), 1) == at("2026-11-25T17:00+02:00")

    @pytest.mark.parametrize("hour", ["00:00", "08:29", "12:00", "17:00", "23:59"])
    def test_the_hour_of_receipt_does_not_matter(self, hour):
        due = latvia().close_of_business_day(at(f"2026-11-24T{hour}+02:00"), 1)
        assert due == at("2026-11-25T17:00+02:00")

    def test_the_day_of_receipt_is_the_local_one(self):
        # 22:30 UTC on Tuesday is half past midnight on Wednesday in Riga.
        assert latvia().close_of_business_day(at("2026-11-24T22:30+00:00"), 1) == at("2026-11-26T17:00+02:00")
        assert latvia().close_of_business_day(at("2026-11-24T21:30+00:00"), 1) == at("2026-11-25T17:00+02:00")

    def test_received_at_the_week_end(self):
        assert latvia().close_of_business_day(at("2026-11-21T11:00+02:00"), 1) == at("2026-11-23T17:00+02:00")
        assert latvia().close_of_business_day(at("2026-11-22T23:59+02:00"), 1) == at("2026-11-23T17:00+02:00")


class TestThirdBusinessDay:
    """E-II.4d: the draft is ready within three business days."""

    def test_within_one_week(self):
        assert latvia().close_of_business_day(at("2026-11-23T10:00+02:00"), 3) == at("2026-11-26T17:00+02:00")

    def test_over_the_week_end(self):
        assert latvia().close_of_business_day(at("2026-11-26T10:00+02:00"), 3) == at("2026-12-01T17:00+02:00")

    def test_over_a_new_year(self):
        # Tue 30 Dec 2025; 31 and 1 holidays; Fri 2 Jan moved to 17 Jan; week-end; Mon 5, Tue 6, Wed 7.
        assert latvia().close_of_business_day(at("2025-12-30T15:00+02:00"), 1) == at("2026-01-05T17:00+02:00")
        assert latvia().close_of_business_day(at("2025-12-30T15:00+02:00"), 3) == at("2026-01-07T17:00+02:00")


class TestHolidays:
    def test_easter_2026_with_the_spring_clock_change_just_before(self):
        # Good Friday 3 April, Easter Monday 6 April; summer time since 29 March.
        received = at("2026-04-02T16:50+03:00")
        assert latvia().close_of_business_day(received, 1) == at("2026-04-07T17:00+03:00")
        assert latvia().close_of_business_day(received, 3) == at("2026-04-09T17:00+03:00")
        assert latvia().add(received, HOUR) == at("2026-04-07T09:20+03:00")  # 10 minutes, then 50

    def test_easter_2025(self):
        assert latvia().close_of_business_day(at("2025-04-17T09:00+03:00"), 1) == at("2025-04-22T17:00+03:00")

    def test_4_may_on_a_saturday_gives_the_monday_off(self):
        assert latvia().close_of_business_day(at("2024-05-03T12:00+03:00"), 1) == at("2024-05-07T17:00+03:00")
        assert not latvia().is_open(at("2024-05-06T12:00+03:00"))

    def test_4_may_on_a_sunday_gives_the_monday_off(self):
        # Wed 30 April 2025; Thu 1 a holiday; Fri 2 moved to Sat 10; Mon 5 off for Sun 4; Tue 6.
        assert latvia().close_of_business_day(at("2025-04-30T12:00+03:00"), 1) == at("2025-05-06T17:00+03:00")

    def test_18_november_on_a_saturday_gives_the_monday_off(self):
        assert latvia().close_of_business_day(at("2028-11-17T12:00+02:00"), 1) == at("2028-11-21T17:00+02:00")

    def test_midsummer_2026_with_a_moved_monday(self):
        # Fri 19 June; week-end; Mon 22 moved to Sat 27; 23-24 holidays; Thu 25.
        received = at("2026-06-19T16:30+03:00")
        assert latvia().close_of_business_day(received, 1) == at("2026-06-25T17:00+03:00")
        assert latvia().add(received, HOUR) == at("2026-06-25T09:00+03:00")


class TestMovedWorkingDays:
    @pytest.mark.parametrize(
        ("friday", "saturday"),
        [("2025-11-07", "2025-11-08"), ("2026-01-16", "2026-01-17")],
    )
    def test_a_worked_saturday_is_a_business_day(self, friday, saturday):
        received = at(f"{friday}T16:30+02:00")
        assert latvia().close_of_business_day(received, 1) == at(f"{saturday}T17:00+02:00")
        assert latvia().add(received, HOUR) == at(f"{saturday}T09:00+02:00")

    def test_a_worked_saturday_in_summer(self):
        assert latvia().close_of_business_day(at("2026-06-26T10:00+03:00"), 1) == at("2026-06-27T17:00+03:00")
        assert latvia().is_business_day(date(2026, 6, 27))
        assert not latvia().is_business_day(date(2026, 6, 22))

    def test_an_uncounted_day_is_worked_but_is_no_business_day(self):
        office = latvia(uncounted={date(2025, 11, 8)})
        received = at("2025-11-07T16:30+02:00")
        assert office.close_of_business_day(received, 1) == at("2025-11-10T17:00+02:00")
        assert office.add(received, HOUR) == at("2025-11-08T09:00+02:00")
        assert office.is_open(at("2025-11-08T12:00+02:00"))
        assert not office.is_business_day(date(2025, 11, 8))
        assert office.closing_of(date(2025, 11, 8)) == at("2025-11-08T17:00+02:00")

    @pytest.mark.parametrize(
        ("year", "days", "hours"),
        [(2024, 251, 2003), (2025, 249, 1987), (2026, 250, 1994)],
    )
    def test_a_year_has_the_published_number_of_working_days_and_hours(self, year, days, hours):
        # Published for an eight-hour day, an hour shorter before holidays.
        shorter = {
            2024: "03-28 04-30 05-03 12-14 12-28",
            2025: "04-17 04-30 11-08 12-23 12-30",
            2026: "04-02 04-30 06-27 11-17 12-23 12-30",
        }
        special = dict.fromkeys(WORKED_SATURDAYS, [(time(9), time(17))])
        special |= {date.fromisoformat(f"{year}-{day}"): [(time(9), time(16))] for day in shorter[year].split()}
        office = calendar(dict.fromkeys(range(5), [(time(9), time(17))]), CLOSED, special)
        new_year, next_new_year = at(f"{year}-01-01T00:00+02:00"), at(f"{year + 1}-01-01T00:00+02:00")
        assert office.between(new_year, next_new_year) == timedelta(hours=hours)
        assert (
            sum(office.is_business_day(date(year, 1, 1) + timedelta(days=n)) for n in range(365 + (year == 2024)))
            == days
        )


class TestShortenedDay:
    office = staticmethod(lambda: latvia(special={date(2025, 12, 23): SHORT_DAY}))

    def test_the_term_ends_at_the_earlier_closing(self):
        assert self.office().close_of_business_day(at("2025-12-22T11:00+02:00"), 1) == at("2025-12-23T16:00+02:00")

    def test_working_time_stops_at_the_earlier_closing(self):
        # 24-26 December holidays, 27-28 week-end, Mon 29 works.
        assert self.office().add(at("2025-12-23T15:30+02:00"), HOUR) == at("2025-12-29T09:00+02:00")
        assert self.office().between(at("2025-12-23T08:00+02:00"), at("2025-12-24T08:00+02:00")) == 7.5 * HOUR


class TestLunchBreak:
    office = staticmethod(
        lambda: calendar(dict.fromkeys(range(5), [(time(13), time(17)), (time(8, 30), time(12, 30))]))
    )

    def test_the_break_is_not_worked(self):
        assert self.office().add(at("2026-11-23T12:00+02:00"), HOUR) == at("2026-11-23T13:30+02:00")
        assert self.office().between(at("2026-11-23T12:00+02:00"), at("2026-11-23T14:00+02:00")) == 1.5 * HOUR

    def test_a_sum_that_ends_at_the_break_ends_there(self):
        assert self.office().add(at("2026-11-23T12:00+02:00"), HOUR / 2) == at("2026-11-23T12:30+02:00")

    def test_the_desk_is_closed_during_it(self):
        assert not self.office().is_open(at("2026-11-23T12:30+02:00"))
        assert self.office().next_open(at("2026-11-23T12:45+02:00")) == at("2026-11-23T13:00+02:00")

    def test_the_business_day_ends_with_its_last_interval(self):
        assert self.office().close_of_business_day(at("2026-11-23T12:00+02:00"), 1) == at("2026-11-24T17:00+02:00")
        assert self.office().closing_of(date(2026, 11, 24)) == at("2026-11-24T17:00+02:00")

    def test_intervals_come_in_order_whatever_order_they_were_given_in(self):
        assert self.office().intervals_on(date(2026, 11, 23)) == [
            (at("2026-11-23T08:30+02:00"), at("2026-11-23T12:30+02:00")),
            (at("2026-11-23T13:00+02:00"), at("2026-11-23T17:00+02:00")),
        ]


class TestAdd:
    """E-II.5, E-III.1: sixty working minutes."""

    def test_within_a_day(self):
        assert latvia().add(at("2026-11-23T10:00+02:00"), HOUR) == at("2026-11-23T11:00+02:00")

    def test_overnight(self):
        assert latvia().add(at("2026-11-23T16:40+02:00"), HOUR) == at("2026-11-24T09:10+02:00")

    def test_received_before_opening(self):
        assert latvia().add(at("2026-11-23T03:00+02:00"), HOUR) == at("2026-11-23T09:30+02:00")

    def test_received_at_closing_counts_from_the_next_opening(self):
        assert latvia().add(at("2026-11-23T17:00+02:00"), HOUR) == at("2026-11-24T09:30+02:00")

    def test_a_sum_that_ends_at_closing_answers_the_closing(self):
        assert latvia().add(at("2026-11-23T16:00+02:00"), HOUR) == at("2026-11-23T17:00+02:00")
        assert latvia().add(at("2026-11-20T18:00+02:00"), 8.5 * HOUR) == at("2026-11-23T17:00+02:00")

    def test_one_microsecond_more_goes_over_to_the_next_opening(self):
        due = latvia().add(at("2026-11-23T16:00+02:00"), HOUR + MICROSECOND)
        assert due == at("2026-11-24T08:30:00.000001+02:00")

    def test_over_a_new_year(self):
        # Tue 30 Dec 2025, 16:30; next works Mon 5 Jan 2026.
        assert latvia().add(at("2025-12-30T16:30+02:00"), HOUR) == at("2026-01-05T09:00+02:00")

    def test_a_whole_year(self):
        # 249 working days in 2025, each 8.5 hours; the last is Tue 30 Dec.
        assert latvia().add(at("2025-01-01T00:00+02:00"), 249 * 8.5 * HOUR) == at("2025-12-30T17:00+02:00")

    def test_nothing_while_open_is_now(self):
        for moment in ("2026-11-23T08:30+02:00", "2026-11-23T12:00+02:00", "2026-11-23T16:59:59.999999+02:00"):
            assert latvia().add(at(moment), timedelta(0)) == at(moment)

    def test_nothing_while_closed_is_the_next_opening(self):
        for moment in ("2026-11-20T17:00+02:00", "2026-11-21T12:00+02:00", "2026-11-23T08:29:59.999999+02:00"):
            assert latvia().add(at(moment), timedelta(0)) == at("2026-11-23T08:30+02:00")

    def test_answers_are_in_utc(self):
        office, received = latvia(), datetime(2026, 11, 23, 10, tzinfo=RIGA)
        answers = [
            office.add(received, HOUR),
            office.add(received, timedelta(0)),
            office.next_open(received),
            office.close_of_business_day(received, 1),
            office.closing_of(received.date()),
            *office.intervals_on(received.date())[0],
        ]
        assert {answer.tzinfo for answer in answers} == {UTC}


class TestBetween:
    def test_within_overnight_and_over_the_week_end(self):
        office = latvia()
        assert office.between(at("2026-11-23T10:00+02:00"), at("2026-11-23T11:15+02:00")) == 1.25 * HOUR
        assert office.between(at("2026-11-23T16:40+02:00"), at("2026-11-24T09:10+02:00")) == HOUR
        assert office.between(at("2026-11-20T16:00+02:00"), at("2026-11-23T09:30+02:00")) == 2 * HOUR

    def test_nothing_while_closed(self):
        assert latvia().between(at("2026-11-20T17:00+02:00"), at("2026-11-23T08:30+02:00")) == timedelta(0)

    def test_negative_backwards(self):
        assert latvia().between(at("2026-11-24T09:10+02:00"), at("2026-11-23T16:40+02:00")) == -HOUR

    def test_to_the_microsecond(self):
        assert latvia().between(at("2026-11-23T16:59:59.999999+02:00"), at("2026-11-24T08:30+02:00")) == MICROSECOND

    def test_both_zones_of_the_arguments_are_honoured(self):
        assert latvia().between(at("2026-11-23T08:00+00:00"), datetime(2026, 11, 23, 11, tzinfo=RIGA)) == HOUR

    def test_a_calendar_without_openings_has_no_working_time(self):
        assert calendar({}).between(at("2020-01-01T00:00+02:00"), at("2030-01-01T00:00+02:00")) == timedelta(0)


class TestHalfOpenHours:
    @pytest.mark.parametrize("step", [MICROSECOND, SECOND])
    def test_open_at_the_opening_closed_at_the_closing(self, step):
        office = latvia()
        opening, closing = at("2026-11-23T08:30+02:00"), at("2026-11-23T17:00+02:00")
        assert [office.is_open(moment) for moment in (opening - step, opening, opening + step)] == [False, True, True]
        assert [office.is_open(moment) for moment in (closing - step, closing, closing + step)] == [True, False, False]

    @pytest.mark.parametrize("step", [MICROSECOND, SECOND])
    def test_next_open_around_the_edges(self, step):
        office = latvia()
        opening, closing = at("2026-11-23T08:30+02:00"), at("2026-11-23T17:00+02:00")
        assert office.next_open(opening - step) == opening
        assert office.next_open(opening) == opening
        assert office.next_open(opening + step) == opening + step
        assert office.next_open(closing - step) == closing - step
        assert office.next_open(closing) == at("2026-11-24T08:30+02:00")


class TestClockChanges:
    """Elapsed time is UTC's: 29 March 2026 has 23 hours in Riga, 25 October has 25."""

    def test_office_hours_in_spring(self):
        assert latvia().add(at("2026-03-27T16:30+02:00"), HOUR) == at("2026-03-30T09:00+03:00")
        assert latvia().between(at("2026-03-27T16:30+02:00"), at("2026-03-30T09:00+03:00")) == HOUR
        assert latvia().close_of_business_day(at("2026-03-27T16:30+02:00"), 1) == at("2026-03-30T17:00+03:00")

    def test_office_hours_in_autumn(self):
        assert latvia().add(at("2026-10-23T16:30+03:00"), HOUR) == at("2026-10-26T09:00+02:00")
        assert latvia().between(at("2026-10-23T16:30+03:00"), at("2026-10-26T09:00+02:00")) == HOUR
        assert latvia().close_of_business_day(at("2026-10-23T16:30+03:00"), 1) == at("2026-10-26T17:00+02:00")

    def test_round_the_clock_in_spring(self):
        desk = round_the_clock()
        assert desk.between(at("2026-03-28T12:00+02:00"), at("2026-03-29T12:00+03:00")) == 23 * HOUR
        assert desk.add(at("2026-03-28T12:00+02:00"), 24 * HOUR) == at("2026-03-29T13:00+03:00")
        assert desk.intervals_on(date(2026, 3, 29)) == [(at("2026-03-28T22:00+00:00"), at("2026-03-29T21:00+00:00"))]
        assert desk.close_of_business_day(at("2026-03-28T12:00+02:00"), 1) == at("2026-03-29T21:00+00:00")

    def test_round_the_clock_in_autumn(self):
        desk = round_the_clock()
        assert desk.between(at("2026-10-24T12:00+03:00"), at("2026-10-25T12:00+02:00")) == 25 * HOUR
        assert desk.add(at("2026-10-24T12:00+03:00"), 24 * HOUR) == at("2026-10-25T11:00+02:00")
        assert desk.intervals_on(date(2026, 10, 25)) == [(at("2026-10-24T21:00+00:00"), at("2026-10-25T22:00+00:00"))]
        assert desk.close_of_business_day(at("2026-10-24T12:00+03:00"), 1) == at("2026-10-25T22:00+00:00")

    def test_round_the_clock_never_closes_at_midnight(self):
        midnight = at("2026-11-24T00:00+02:00")
        assert round_the_clock().is_open(midnight - MICROSECOND)
        assert round_the_clock().is_open(midnight)

    def test_a_time_shown_twice_is_the_first(self):
        # On 25 October 03:00-04:00 is shown twice: from 00:00 UTC in summer time, from 01:00 UTC in winter time.
        day = date(2026, 10, 25)
        assert only_on(day, ("03:30", "05:00")).intervals_on(day) == [
            (at("2026-10-25T03:30+03:00"), at("2026-10-25T05:00+02:00"))
        ]
        assert only_on(day, ("02:00", "03:30")).intervals_on(day) == [
            (at("2026-10-25T02:00+03:00"), at("2026-10-25T03:30+03:00"))
        ]

    def test_a_time_leapt_over_is_the_leap(self):
        # On 29 March the clock goes from 03:00 to 04:00, at 01:00 UTC.
        day, leap = date(2026, 3, 29), at("2026-03-29T01:00+00:00")
        assert only_on(day, ("02:30", "03:30")).intervals_on(day) == [(at("2026-03-29T00:30+00:00"), leap)]
        assert only_on(day, ("03:30", "05:00")).intervals_on(day) == [(leap, at("2026-03-29T02:00+00:00"))]
        assert only_on(day, ("02:30", "04:30")).intervals_on(day) == [
            (at("2026-03-29T00:30+00:00"), at("2026-03-29T01:30+00:00"))
        ]

    @pytest.mark.parametrize("hours", [("03:00", "04:00"), ("03:00", "03:30"), ("03:15", "03:45")])
    def test_hours_wholly_leapt_over_are_empty(self, hours):
        day = date(2026, 3, 29)
        assert only_on(day, hours).intervals_on(day) == []
        assert not only_on(day, hours).is_business_day(day)
        assert only_on(day, hours).closing_of(day) is None

    def test_the_second_showing_of_a_start_is_honoured(self):
        first = datetime(2026, 10, 25, 3, 30, tzinfo=RIGA)
        desk = round_the_clock()
        assert desk.between(first, first.replace(fold=1)) == HOUR
        assert desk.add(first.replace(fold=1), HOUR) == at("2026-10-25T02:30+00:00")

    def test_a_leap_over_midnight(self):
        # Havana goes from 00:00 to 01:00 on 8 March 2026, at 05:00 UTC.
        havana = ZoneInfo("America/Havana")
        desk = round_the_clock(havana)
        assert desk.intervals_on(date(2026, 3, 8)) == [(at("2026-03-08T05:00+00:00"), at("2026-03-09T04:00+00:00"))]

    def test_a_day_that_never_was(self):
        # Samoa went from the end of 29 December 2011 to the start of the 31st, at 10:00 UTC.
        desk = round_the_clock(ZoneInfo("Pacific/Apia"))
        assert not desk.is_business_day(date(2011, 12, 30))
        assert desk.close_of_business_day(at("2011-12-29T12:00-10:00"), 1) == at("2011-12-31T10:00+00:00")


class TestOverMidnight:
    """A desk open from 22:00 to 06:00: 22:00-00:00 and 00:00-06:00 on each day."""

    night_desk = staticmethod(lambda: calendar(dict.fromkeys(EVERY_DAY, [(time(22), time(0)), (time(0), time(6))])))

    def test_a_night_is_eight_hours(self):
        night = at("2026-11-23T22:00+02:00"), at("2026-11-24T06:00+02:00")
        assert self.night_desk().between(*night) == 8 * HOUR
        assert self.night_desk().add(night[0], 8 * HOUR) == night[1]

    def test_the_night_of_the_spring_change_is_seven(self):
        assert self.night_desk().between(at("2026-03-28T22:00+02:00"), at("2026-03-29T06:00+03:00")) == 7 * HOUR

    def test_the_night_of_the_autumn_change_is_nine(self):
        assert self.night_desk().between(at("2026-10-24T22:00+03:00"), at("2026-10-25T06:00+02:00")) == 9 * HOUR

    def test_midnight_is_open(self):
        assert self.night_desk().is_open(at("2026-11-24T00:00+02:00"))

    def test_the_business_day_closes_at_midnight(self):
        due = self.night_desk().close_of_business_day(at("2026-11-23T23:00+02:00"), 1)
        assert due == at("2026-11-25T00:00+02:00")


class TestSpecialDays:
    def test_special_beats_closed(self):
        day = date(2026, 11, 18)
        office = calendar(closed={day}, special={day: [(time(10), time(12))]})
        assert office.intervals_on(day) == [(at("2026-11-18T10:00+02:00"), at("2026-11-18T12:00+02:00"))]

    def test_an_empty_special_closes(self):
        office = calendar(special={date(2026, 11, 24): []})
        assert office.close_of_business_day(at("2026-11-23T10:00+02:00"), 1) == at("2026-11-25T17:00+02:00")
        assert office.intervals_on(date(2026, 11, 24)) == []

    def test_special_replaces_the_weekday(self):
        office = calendar(special={date(2026, 11, 24): [(time(12), time(14))]})
        assert office.between(at("2026-11-24T00:00+02:00"), at("2026-11-25T00:00+02:00")) == 2 * HOUR

    def test_touching_intervals_are_one(self):
        office = calendar({0: [(time(8), time(12)), (time(12), time(16))]})
        assert office.is_open(at("2026-11-23T12:00+02:00"))
        assert office.between(at("2026-11-23T00:00+02:00"), at("2026-11-24T00:00+02:00")) == 8 * HOUR


class TestAnyDate:
    def test_the_order_of_questions_does_not_matter(self):
        office = latvia()
        late, early = at("2031-05-05T10:00+03:00"), at("1994-06-15T10:00+03:00")
        assert office.add(late, HOUR) == at("2031-05-05T11:00+03:00")
        assert office.add(early, HOUR) == at("1994-06-15T11:00+03:00")
        assert office.add(late, HOUR) == at("2031-05-05T11:00+03:00")
        assert office.between(early, late) == -office.between(late, early) > timedelta(0)

    @pytest.mark.parametrize("zone", ["Europe/Riga", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
    @pytest.mark.parametrize("year", [1901, 1970, 2000, 2025, 2026, 2027, 2028, 2100])
    def test_a_new_calendar_asked_at_the_turn_of_a_year(self, year, zone):
        new_year = datetime(year, 1, 1, tzinfo=ZoneInfo(zone)).astimezone(UTC)
        for midnight in (new_year - MICROSECOND, new_year):
            assert round_the_clock(ZoneInfo(zone)).is_open(midnight)
            assert not calendar(tz=ZoneInfo(zone)).is_open(midnight)

    def test_ten_years_there_and_back(self):
        # 1 January 2030 to 2040, no holidays: Monday to Friday, 2609 days.
        start, end = at("2030-01-01T00:00+02:00"), at("2040-01-01T00:00+02:00")
        assert calendar().between(start, end) == 2609 * 8.5 * HOUR
        assert calendar().add(start, 2609 * 8.5 * HOUR) == at("2039-12-30T17:00+02:00")
        assert calendar().close_of_business_day(at("2029-12-31T12:00+02:00"), 2609) == at("2039-12-30T17:00+02:00")

    def test_later_changes_to_the_arguments_do_not_reach_it(self):
        weekly, closed, special = {0: list(OFFICE_DAY)}, set(), {}
        office = WorkingCalendar(weekly, closed, special, RIGA)
        weekly[0].clear()
        closed.add(date(2026, 11, 23))
        special[date(2026, 11, 23)] = []
        assert office.is_open(at("2026-11-23T12:00+02:00"))


class TestRefusals:
    naive = datetime(2026, 11, 23, 10)  # noqa: DTZ001
    aware = datetime(2026, 11, 23, 10, tzinfo=UTC)

    @pytest.mark.parametrize(
        "ask",
        [
            lambda office, naive, aware: office.add(naive, HOUR),
            lambda office, naive, aware: office.add(naive, timedelta(0)),
            lambda office, naive, aware: office.between(naive, aware),
            lambda office, naive, aware: office.between(aware, naive),
            lambda office, naive, aware: office.close_of_business_day(naive, 1),
            lambda office, naive, aware: office.is_open(naive),
            lambda office, naive, aware: office.next_open(naive),
        ],
    )
    def test_naive_instants(self, ask):
        with pytest.raises(ValueError, match="time zone"):
            ask(latvia(), self.naive, self.aware)

    @pytest.mark.parametrize("span", [-MICROSECOND, -HOUR])
    def test_negative_spans(self, span):
        with pytest.raises(ValueError, match="negative"):
            latvia().add(self.aware, span)

    @pytest.mark.parametrize("days", [0, -1])
    def test_business_days_below_one(self, days):
        with pytest.raises(ValueError, match="from 1"):
            latvia().close_of_business_day(self.aware, days)

    @pytest.mark.parametrize(
        "hours",
        [
            pytest.param([(time(8), time(12)), (time(11, 59), time(17))], id="overlap"),
            pytest.param([(time(8), time(17)), (time(9), time(10))], id="within"),
            pytest.param([(time(8), time(12)), (time(8), time(12))], id="twice"),
            pytest.param([(time(12), time(0)), (time(23), time(0))], id="overlap-before-midnight"),
            pytest.param([(time(9), time(9))], id="empty"),
            pytest.param([(time(17), time(9))], id="backward"),
            pytest.param([(time(9, tzinfo=UTC), time(17, tzinfo=UTC))], id="aware"),
        ],
    )
    def test_hours_that_make_no_sense(self, hours):
        with pytest.raises(ValueError, match="opening"):
            calendar({2: hours})
        with pytest.raises(ValueError, match="opening"):
            calendar(special={date(2026, 11, 24): hours})

    def test_an_eighth_weekday(self):
        with pytest.raises(ValueError, match="weekdays"):
            calendar({7: OFFICE_DAY})

    @pytest.mark.parametrize("year", [1, 2, 9998, 9999])
    def test_years_at_the_ends_of_datetime(self, year):
        with pytest.raises(ValueError, match="years 3 to 9997"):
            calendar().is_open(datetime(year, 7, 1, tzinfo=UTC))


class TestNoOpeningIn400Days:
    received = at("2026-11-23T00:00+02:00")

    @pytest.mark.parametrize(
        "ask",
        [
            lambda office, moment: office.add(moment, HOUR),
            lambda office, moment: office.add(moment, timedelta(0)),
            lambda office, moment: office.next_open(moment),
            lambda office, moment: office.close_of_business_day(moment, 1),
        ],
    )
    def test_a_calendar_that_is_never_open(self, ask):
        with pytest.raises(ValueError, match="400 days"):
            ask(calendar({}), self.received)
        with pytest.raises(ValueError, match="400 days"):
            ask(calendar(closed={date(2026, 11, 23) + timedelta(days=n) for n in range(402)}), self.received)

    def test_an_opening_in_just_400_days_is_found(self):
        # 23 November 2026 and 400 days make 28 December 2027.
        office = only_on(date(2027, 12, 28), ("00:00", "02:00"))
        opening = at("2027-12-28T00:00+02:00")
        assert office.next_open(self.received) == opening
        assert office.add(self.received, HOUR) == opening + HOUR
        assert office.close_of_business_day(self.received, 1) == opening + 2 * HOUR
        with pytest.raises(ValueError, match="400 days"):
            office.next_open(self.received - MICROSECOND)
        with pytest.raises(ValueError, match="400 days"):
            office.close_of_business_day(self.received - MICROSECOND, 1)

    def test_a_long_gap_is_refused_half_way_too_whatever_was_asked_before(self):
        hours = [(time(10), time(12))]
        office = calendar({}, special={date(2026, 11, 24): hours, date(2028, 11, 27): hours})
        for _ in range(2):
            assert office.add(self.received, 2 * HOUR) == at("2026-11-24T12:00+02:00")
            with pytest.raises(ValueError, match="400 days"):
                office.add(self.received, 2 * HOUR + MICROSECOND)
            with pytest.raises(ValueError, match="400 days"):
                office.close_of_business_day(self.received, 2)
            assert office.next_open(at("2028-11-01T00:00+02:00")) == at("2028-11-27T10:00+02:00")
            assert office.between(self.received, at("2029-01-01T00:00+02:00")) == 4 * HOUR

    def test_uncounted_days_do_not_help_a_term_in_business_days(self):
        days = {date(2026, 11, 23) + timedelta(days=n) for n in range(402)}
        with pytest.raises(ValueError, match="400 days"):
            calendar(uncounted=days).close_of_business_day(self.received, 1)

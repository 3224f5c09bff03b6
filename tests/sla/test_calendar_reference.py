"""The business calendar against one that walks minute by minute.

The reference imports nothing from `sla`. It reads the wall clock of every minute of a window once, and knows no
intervals of instants, no offsets and no sums: a minute is open when the latest time that the wall clock has shown so
far lies within the opening hours of its date. ("So far" is what makes a time shown twice mean its first showing.)
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from sla.calendar import WorkingCalendar

MINUTE = timedelta(minutes=1)
WINDOW_DAYS = 12
STARTS_WITHIN = 7 * 1440

# First dates of windows: clock changes, midnights leapt over or shown twice, a date that never was, a new year.
WINDOWS = [
    ("Europe/Riga", date(2026, 3, 25)),
    ("Europe/Riga", date(2026, 10, 21)),
    ("Europe/Riga", date(2025, 12, 27)),
    ("Europe/Riga", date(2025, 11, 10)),
    ("America/Havana", date(2026, 3, 5)),
    ("America/Havana", date(2026, 10, 28)),
    ("America/St_Johns", date(2010, 11, 3)),
    ("Australia/Lord_Howe", date(2026, 3, 31)),
    ("Pacific/Apia", date(2011, 12, 26)),
]


@cache
def wall_clock(zone, first):
    """Return the window's first instant and, for each of its minutes, (local date, latest date and minute shown)."""
    start = datetime.combine(first, time(0), UTC)
    minutes, latest = [], (date.min, 0)
    for n in range(WINDOW_DAYS * 1440):
        local = (start + n * MINUTE).astimezone(ZoneInfo(zone))
        latest = max(latest, (local.date(), local.hour * 60 + local.minute))
        minutes.append((local.date(), latest))
    return start, minutes


class Reference:
    """Opening hours as minutes of the day; instants as minutes of the window."""

    def __init__(self, zone, first, weekly, closed, special, uncounted):
        self.start, self.minutes = wall_clock(zone, first)
        self.weekly, self.closed, self.special, self.uncounted = weekly, closed, special, uncounted
        self.hours = {day: self.hours_on(day) for day in {day for _, (day, _) in self.minutes}}
        self.open = [any(a <= now < b for a, b in self.hours[day]) for _, (day, now) in self.minutes]

    def hours_on(self, day):
        if day in self.special:
            return self.special[day]
        return [] if day in self.closed else self.weekly[day.weekday()]

    def next_open(self, minute):
        while minute < len(self.open) and not self.open[minute]:
            minute += 1
        return minute if minute < len(self.open) else None

    def add(self, minute, working):
        if working == 0:
            return self.next_open(minute)
        while working:
            if minute == len(self.open):
                return None
            working -= self.open[minute]
            minute += 1
        return minute

    def between(self, a, b):
        return sum(self.open[a:b]) if a <= b else -sum(self.open[b:a])

    def close_of_business_day(self, minute, days):
        """Walk on; each date's last open minute is followed by its closing."""
        today = self.minutes[minute][0]
        closings = {}
        for n, (_, (day, _)) in enumerate(self.minutes):
            if self.open[n] and day > today and day not in self.uncounted:
                closings[day] = n + 1
        # The window's last date is cut off, so its closing is not known.
        known = [closings[day] for day in sorted(closings) if day < self.minutes[-1][0]]
        return known[days - 1] if len(known) >= days else None


MINUTES_OF_EDGES = st.one_of(
    st.integers(0, 1440), st.sampled_from([0, 60, 120, 150, 180, 195, 210, 225, 240, 1380, 1440])
)


@st.composite
def opening_hours(draw):
    edges = sorted(draw(st.sets(MINUTES_OF_EDGES, max_size=6)))
    hours = list(zip(edges[::2], edges[1::2], strict=False))
    if len(hours) == 2 and draw(st.booleans()):
        hours[1] = (hours[0][1], hours[1][1])  # touching
    return hours


def as_times(hours):
    return [(time(a // 60, a % 60), time(b // 60 % 24, b % 60)) for a, b in hours]


@st.composite
def calendars(draw):
    zone, first = draw(st.sampled_from(WINDOWS))
    dates = st.integers(-1, WINDOW_DAYS).map(lambda n: first + timedelta(days=n))
    kinds = draw(st.lists(opening_hours(), min_size=1, max_size=3))
    weekly = {weekday: draw(st.sampled_from(kinds)) for weekday in range(7)}
    closed = draw(st.sets(dates, max_size=3))
    special = draw(st.dictionaries(dates, opening_hours(), max_size=2))
    uncounted = draw(st.sets(dates, max_size=2))
    reference = Reference(zone, first, weekly, closed, special, uncounted)
    calendar = WorkingCalendar(
        {weekday: as_times(hours) for weekday, hours in weekly.items()},
        closed,
        {day: as_times(hours) for day, hours in special.items()},
        ZoneInfo(zone),
        uncounted=uncounted,
    )
    return reference, calendar


def starts(reference):
    """Any minute of the first days, and those around the openings and closings."""
    changes = [n for n in range(1, STARTS_WITHIN) if reference.open[n] != reference.open[n - 1]]
    anywhere = st.integers(1, STARTS_WITHIN)
    if not changes:
        return anywhere
    return anywhere | st.builds(int.__add__, st.sampled_from(changes), st.integers(-1, 1))


def agree(reference, expected, answer):
    """Compare instants; one beyond the window is only known to lie beyond it, or not to exist."""
    if expected is not None:
        assert answer() == reference.start + expected * MINUTE
        return
    try:
        beyond = answer()
    except ValueError:
        return
    assert beyond > reference.start + (WINDOW_DAYS - 2) * timedelta(days=1)


# Without shrinking, which would take minutes here: a failure shows itself at once, if not at its smallest.
quick = settings(max_examples=50, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])


class TestAgainstTheReference:
    @quick
    @given(st.data())
    def test_add(self, data):
        reference, calendar = data.draw(calendars())
        for _ in range(4):
            start = data.draw(starts(reference))
            # Often just what is left until a closing, so that sums end at one.
            closings = [n for n in range(start, start + 2880) if reference.open[n - 1] and not reference.open[n]]
            exact = st.sampled_from(closings or [start]).map(lambda end, start=start: reference.between(start, end))
            working = data.draw(st.integers(0, 3000) | exact)
            agree(
                reference,
                reference.add(start, working),
                lambda start=start, working=working: calendar.add(reference.start + start * MINUTE, working * MINUTE),
            )

    @quick
    @given(st.data())
    def test_between_and_is_open(self, data):
        reference, calendar = data.draw(calendars())
        for _ in range(4):
            a, b = data.draw(starts(reference)), data.draw(starts(reference))
            start, end = reference.start + a * MINUTE, reference.start + b * MINUTE
            assert calendar.between(start, end) == reference.between(a, b) * MINUTE
            assert calendar.is_open(start) == reference.open[a]

    @quick
    @given(st.data())
    def test_close_of_business_day(self, data):
        reference, calendar = data.draw(calendars())
        for _ in range(4):
            start, days = data.draw(starts(reference)), data.draw(st.integers(1, 4))
            agree(
                reference,
                reference.close_of_business_day(start, days),
                lambda start=start, days=days: calendar.close_of_business_day(reference.start + start * MINUTE, days),
            )


@pytest.mark.parametrize(("zone", "first"), WINDOWS)
def test_a_desk_that_never_shuts_closes_each_date_where_the_next_begins(zone, first):
    """Each window once through, so that no clock change is left to chance."""
    start, minutes = wall_clock(zone, first)
    calendar = WorkingCalendar(dict.fromkeys(range(7), as_times([(0, 1440)])), set(), {}, ZoneInfo(zone))
    begins = {}
    for minute, (_, (day, _)) in enumerate(minutes):
        begins.setdefault(day, minute)
    for day, following in pairwise(begins):
        assert calendar.closing_of(day) == start + begins[following] * MINUTE
    assert calendar.add(start, len(minutes) * MINUTE) == start + len(minutes) * MINUTE

"""Working time and business days of one desk: pure arithmetic, no Django.

Terms in business days (E-II.3, E-II.4a, E-II.4d, E-III.3) are `close_of_business_day`; terms in working minutes
(E-II.1, E-II.4e, E-II.5, E-III.1) are `add` and `between`.

Instants are aware, answers are in UTC, opening intervals are half-open. Hours are read on the wall clock and turned
into UTC before any sum, so a desk that never shuts works 23 or 25 hours on the days the clock changes. A time that the
wall clock shows twice means its first showing (fold=0); one that it leaps over means the instant of the leap, so an
interval that lies wholly inside the leap is empty.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
SECOND = 1_000_000
DAY = 86_400 * SECOND
MEAN_YEAR = 31_556_952 * SECOND
FIRST_YEAR, LAST_YEAR = 2, 9998  # a year short of what datetime can hold, which leaves room for offsets
REACH_DAYS = 400  # with no opening for longer than this, the calendar is taken for a mistake

Spans = tuple[tuple[int, int], ...]


class _Table(NamedTuple):
    """The local years `first` to `last`, worked out. Instants and work are integer microseconds, days are ordinals.

    Each list starts with a sentinel, so that a look to the left finds something; none changes once the table is made.
    """

    first: int
    last: int
    start: int
    end: int
    opens: list[int]
    closes: list[int]
    done: list[int]  # work done from `start` until each closing
    days: list[int]  # business days
    day_closes: list[int]
    gaps: Spans  # (closing, next opening) further apart than the reach
    day_gaps: Spans


NOTHING = _Table(LAST_YEAR, FIRST_YEAR, 0, 0, [], [], [], [], [], (), ())


class WorkingCalendar:
    """When a desk works: weekly hours, closed days, and days with hours of their own.

    `weekly` maps a weekday (Monday 0) to its intervals, a missing one is closed; `special` replaces a date's hours and
    beats `closed`, an empty list closes the day; a closing time of 00:00 is the end of that day. `uncounted` dates are
    open, but no business days. The arguments are copied: an instance never changes and can be shared by threads.
    A year is worked out when first needed (a few milliseconds) and kept; asking is then O(log n) in the days spanned.

    Raises ValueError for intervals that are empty, run backwards or overlap. Every method raises it for naive instants,
    and when it has to look further than 400 days for an opening (or a business day).
    """

    def __init__(
        self,
        weekly: Mapping[int, Iterable[tuple[time, time]]],
        closed: Collection[date],
        special: Mapping[date, Iterable[tuple[time, time]]],
        tz: ZoneInfo,
        *,
        uncounted: Collection[date] = frozenset(),
    ) -> None:
        if not weekly.keys() <= set(range(7)):
            raise ValueError(f"weekdays are 0 (Monday) to 6, not {sorted(weekly)}")
        self.tz = tz
        self._weekly = [_hours(weekly.get(weekday, ())) for weekday in range(7)]
        self._special: dict[int, Spans] = {day.toordinal(): () for day in closed}
        self._special.update({day.toordinal(): _hours(hours) for day, hours in special.items()})
        self._uncounted = frozenset(day.toordinal() for day in uncounted)
        self._years: dict[int, list[tuple[int, Spans]]] = {}
        self._spans: dict[int, Spans] = {}
        self._table = NOTHING

    def add(self, start: datetime, working: timedelta) -> datetime:
        """Return the earliest instant by which `working` was worked since `start`.

        So a sum that ends at a closing answers the closing, not the next opening; and no work at all, asked for while
        closed, answers the next opening. Raises ValueError for a negative `working`.
        """
        work = working // MICROSECOND
        if work < 0:
            raise ValueError(f"cannot add negative working time: {working}")
        return _instant(self._worked_by(_micros(start), work)) if work else self.next_open(start)

    def between(self, a: datetime, b: datetime) -> timedelta:
        """Return the working time from `a` to `b`; negative when `b` is earlier."""
        start, end = _micros(a), _micros(b)
        table = self._covering(start, end) if start <= end else self._covering(end, start)
        return timedelta(microseconds=_done(table, end) - _done(table, start))

    def close_of_business_day(self, start: datetime, days: int) -> datetime:
        """Return the last closing of the `days`-th business day after the local date of `start`.  (E-II.3, E-II.4d)

        The day of `start` does not count, whatever the hour. Raises ValueError for `days` below 1.
        """
        if days < 1:
            raise ValueError(f"business days are counted from 1, not {days}")
        at = _micros(start)
        table = self._covering(at, at)
        today = start.astimezone(self.tz).toordinal()
        index = bisect_right(table.days, today) + days - 1
        while index >= len(table.days):
            horizon = date(table.last, 12, 31).toordinal()
            table = self._further(table, seen=max(table.days[-1], today), horizon=horizon, reach=REACH_DAYS)
        _refuse_gap(table.day_gaps, today, table.days[index], REACH_DAYS)
        return _instant(table.day_closes[index])

    def is_open(self, at: datetime) -> bool:
        """Say whether the desk works at `at`: yes at the opening, no at the closing."""
        moment = _micros(at)
        table = self._covering(moment, moment)
        return moment < table.closes[bisect_right(table.opens, moment) - 1]

    def next_open(self, at: datetime) -> datetime:
        """Return the first instant from `at` on at which the desk is open: `at` itself if it is."""
        return _instant(self._worked_by(_micros(at), 1) - 1)  # where the next microsecond of work begins

    def intervals_on(self, day: date) -> list[tuple[datetime, datetime]]:
        """Return the openings and closings of a local date, in order; empty when closed."""
        return [(_instant(opening), _instant(closing)) for opening, closing in self._spans_on(day.toordinal())]

    def is_business_day(self, day: date) -> bool:
        """Say whether a local date is open and counts towards terms in business days."""
        return day.toordinal() not in self._uncounted and bool(self._spans_on(day.toordinal()))

    def closing_of(self, day: date) -> datetime | None:
        """Return the last closing of a local date; None when closed."""
        spans = self._spans_on(day.toordinal())
        return _instant(spans[-1][1]) if spans else None

    def _worked_by(self, at: int, work: int) -> int:
        table = self._covering(at, at)
        goal = _done(table, at) + work
        while (index := bisect_left(table.done, goal)) == len(table.done):
            table = self._further(table, seen=max(table.closes[-1], at), horizon=table.end, reach=REACH_DAYS * DAY)
        end = table.closes[index] - table.done[index] + goal
        _refuse_gap(table.gaps, at, end, REACH_DAYS * DAY)
        return end

    def _covering(self, early: int, late: int) -> _Table:
        table = self._table
        if table.start <= early and late < table.end:
            return table
        first, last = 1970 + early // MEAN_YEAR, 1970 + late // MEAN_YEAR  # off by a few days at most
        if first <= FIRST_YEAR or last >= LAST_YEAR:
            raise ValueError(f"the calendar holds the years {FIRST_YEAR + 1} to {LAST_YEAR - 1}")
        return self._tabulate(min(table.first, first - 1), max(table.last, last + 1))

    def _further(self, table: _Table, *, seen: int, horizon: int, reach: int) -> _Table:
        """Return the table grown twice as long; positions and sums in the old one hold in it."""
        _refuse_gap(((seen, horizon),), seen, horizon, reach)
        if table.last >= LAST_YEAR:
            raise ValueError(f"the calendar holds the years {FIRST_YEAR + 1} to {LAST_YEAR - 1}")
        return self._tabulate(table.first, 2 * table.last - table.first + 1)

    def _tabulate(self, first: int, last: int) -> _Table:
        first, last = max(first, FIRST_YEAR), min(last, LAST_YEAR)
        day_before = date(first, 1, 1).toordinal() - 1
        start, end = self._utc(day_before, DAY), self._utc(date(last, 12, 31).toordinal(), DAY)
        opens, closes, done, days, day_closes = [start], [start], [0], [day_before], [start]
        for day, spans in (row for year in range(first, last + 1) for row in self._year(year)):
            for opening, closing in spans:
                opens.append(opening)
                closes.append(closing)
                done.append(done[-1] + closing - opening)
            if day not in self._uncounted:
                days.append(day)
                day_closes.append(closes[-1])
        gaps = tuple(gap for gap in zip(closes, opens[1:], strict=False) if gap[1] - gap[0] > REACH_DAYS * DAY)
        day_gaps = tuple(gap for gap in pairwise(days) if gap[1] - gap[0] > REACH_DAYS)
        table = _Table(first, last, start, end, opens, closes, done, days, day_closes, gaps, day_gaps)
        self._table = table  # at once: other threads see the old table or this one, and either will do
        return table

    def _year(self, year: int) -> list[tuple[int, Spans]]:
        """Return the open days of a local year with their intervals."""
        if year not in self._years:
            days = range(date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal())
            self._years[year] = [(day, spans) for day in days if (spans := self._spans_on(day))]
        return self._years[year]

    def _spans_on(self, day: int) -> Spans:
        if day not in self._spans:
            hours = self._special.get(day, self._weekly[(day - 1) % 7])
            spans = ((self._utc(day, opening), self._utc(day, closing)) for opening, closing in hours)
            self._spans[day] = tuple(span for span in spans if span[0] < span[1])
        return self._spans[day]

    def _utc(self, day: int, clock: int) -> int:
        """Turn a local date and the microseconds its wall clock shows into an instant."""
        local = datetime.fromordinal(day).replace(tzinfo=self.tz) + clock * MICROSECOND
        unleapt = _micros(local)
        overshoot = unleapt - _micros(local.replace(fold=1))
        if overshoot <= 0:
            return unleapt
        # In a leap: fold=0 counts with the offset before it, fold=1 with the one after, and the leap lies between.
        seconds = range((unleapt - overshoot) // SECOND, unleapt // SECOND + 1)
        after = local.replace(fold=1).utcoffset()
        leap = bisect_left(seconds, True, key=lambda at: datetime.fromtimestamp(at, self.tz).utcoffset() == after)
        return seconds[leap] * SECOND


def _micros(at: datetime) -> int:
    try:
        since = at - EPOCH
    except TypeError:
        raise ValueError(f"an instant needs a time zone: {at!r}") from None
    return (since.days * 86_400 + since.seconds) * SECOND + since.microseconds


def _instant(micros: int) -> datetime:
    return EPOCH + timedelta(microseconds=micros)


def _done(table: _Table, at: int) -> int:
    index = bisect_right(table.opens, at) - 1
    left = table.closes[index] - at
    return table.done[index] - left if left > 0 else table.done[index]


def _refuse_gap(gaps: Spans, start: int, end: int, reach: int) -> None:
    """Raise ValueError if the way from `start` to `end` leads across a gap for longer than `reach`."""
    for left, right in gaps:
        if start < right <= end and right - max(left, start) > reach:
            raise ValueError(f"the calendar has no opening for {REACH_DAYS} days")


def _hours(intervals: Iterable[tuple[time, time]]) -> Spans:
    """Turn opening hours into sorted microseconds after midnight."""
    spans = sorted((_clock(opening), _clock(closing) or DAY) for opening, closing in intervals)
    earlier = 0
    for opening, closing in spans:
        if not earlier <= opening < closing:
            raise ValueError("opening intervals must not be empty, run backwards or overlap")
        earlier = closing
    return tuple(spans)


def _clock(at: time) -> int:
    if at.tzinfo is not None:
        raise ValueError(f"opening hours are wall-clock times, without a time zone: {at!r}")
    return ((at.hour * 60 + at.minute) * 60 + at.second) * SECOND + at.microsecond

"""Time in words: what is left, what is late, and why a deadline falls when it does. Made at display time."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from sla.models import Deadline, Kind, Policy, Unit, WithdrawnBreach
from sla.queries import DeskCalendar
from sla.terms import start_of

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Fuse:
    """What a person sees of a deadline: words, and the share of working time left in percent."""

    state: str
    words: str
    percent: int
    what: str
    time: str


def fuse(deadline: Deadline, calendar: DeskCalendar, at: datetime) -> Fuse:
    """Return the fuse of a deadline as it burns at `at`."""
    tz = calendar.working.tz
    what, due = task_words(deadline.kind), moment(deadline.due_at, at, tz)
    if deadline.state == Deadline.State.MET and deadline.met_at:
        return Fuse("met", moment(deadline.met_at, at, tz), 0, what, "")
    if deadline.state == Deadline.State.CANCELLED:
        return Fuse("met", str(deadline.get_cancel_reason_display()), 0, what, "")
    if deadline.state == Deadline.State.PAUSED and deadline.breached_at is None:
        return Fuse("paused", _("paused"), _share(deadline, calendar, deadline.paused_at or at), what, "")
    if deadline.is_late(at):
        late = calendar.working.between(deadline.due_at, at)
        # Nothing worked since: the office was closed, yet it is late all the same.
        words = _("overdue by %(span)s") % {"span": span_words(late, calendar)} if late >= MINUTE else _("overdue")
        return Fuse("breached", words, 100, what, due)
    if deadline.state == Deadline.State.ANSWERING:
        return Fuse("answering", _("being sent"), _share(deadline, calendar, at), what, due)
    state = "warned" if deadline.warn_at is None or deadline.warn_at <= at else "running"
    left = calendar.working.between(at, deadline.due_at)
    words = _("%(span)s left") % {"span": span_words(left, calendar)}
    return Fuse(state, words, _share(deadline, calendar, at), what, due)


def _share(deadline: Deadline, calendar: DeskCalendar, at: datetime) -> int:
    begun = max([deadline.started_at, *(pause.resumed_at for pause in start_of(deadline).pauses)])
    whole = calendar.working.between(begun, deadline.due_at)
    left = calendar.working.between(max(at, begun), deadline.due_at)
    return max(0, min(100, int(100 * (left / whole)))) if whole > timedelta(0) else 0


def span_words(span: timedelta, calendar: DeskCalendar) -> str:
    """Return working time in business days, hours and minutes; seconds are cut off."""
    day = max(calendar.standard_day, HOUR)
    days, rest = divmod(span, day)
    hours, rest = divmod(rest, HOUR)
    minutes = rest // MINUTE
    if days:
        return (
            _("%(days)d b.d. %(hours)d h") % {"days": days, "hours": hours}
            if hours
            else _("%(days)d b.d.") % {"days": days}
        )
    if hours:
        return (
            _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": minutes}
            if minutes
            else _("%(hours)d h") % {"hours": hours}
        )
    return _("%(minutes)d min") % {"minutes": minutes}


def days_left_words(days: int) -> str:
    return ngettext("%(days)d business day left", "%(days)d business days left", days) % {"days": days}


def task_words(kind: str) -> str:
    """Return what is owed, as the queue names it."""
    return str(Kind(kind).label)


def deadline_words(kind: str) -> str:
    """Return the name of a deadline, as the ticket's page lists it."""
    return {
        Kind.MARK: _("Processing"),
        Kind.REPLY: _("Reply"),
        Kind.DRAFT: _("Draft"),
        Kind.SEND_DRAFT: _("Sending the draft"),
        Kind.PROMISED: _("Promised answer"),
        Kind.CALLBACK: _("Calling back"),
        Kind.PHONE_ANSWER: _("Answer after the call"),
        Kind.INCIDENT_NOTICE: _("Telling of the incident"),
        Kind.BREACH_REPORT: _("Reporting the data breach"),
    }[Kind(kind)]


def paragraph_words(paragraph: str) -> str:
    """Return a paragraph as people know it; it is kept as the rule book's letter and the number ("E II.3", "S 24.3")."""
    book, _space, number = paragraph.partition(" ")
    words = _("Standard, point %(number)s") if book == "S" else _("Guidelines %(number)s")
    return words % {"number": number}


def amount_words(policy: Policy) -> str:
    """Return how long a term is, with its clock: "1 business day", "60 working minutes"."""
    if policy.days is not None:
        return span_of(Unit.BUSINESS_DAYS, policy.days)
    if policy.span is not None:
        return span_of(policy.unit, policy.span // MINUTE)
    return _("the time that was told")


def span_of(unit: str, amount: int) -> str:
    """Return an amount (business days, or minutes) with the clock it runs on; whole hours past the first as hours."""
    number = amount
    if unit == Unit.BUSINESS_DAYS:
        words = ngettext("%(n)d business day", "%(n)d business days", number)
    elif amount > 60 and amount % 60 == 0:
        number = amount // 60
        words = (
            ngettext("%(n)d working hour", "%(n)d working hours", number)
            if unit == Unit.WORKING_TIME
            else ngettext("%(n)d hour by the clock", "%(n)d hours by the clock", number)
        )
    elif unit == Unit.WORKING_TIME:
        words = ngettext("%(n)d working minute", "%(n)d working minutes", number)
    else:
        words = ngettext("%(n)d minute by the clock", "%(n)d minutes by the clock", number)
    return words % {"n": number}


def version_words(policy: Policy, versions: list[Policy], *, at: datetime, tz: ZoneInfo) -> str:
    """Return under which version a deadline runs; nothing if it is the one in force at `at`."""
    after = next((one for one in versions if one.valid_from > policy.valid_from), None)
    if after is None or after.valid_from > at:
        return ""
    until = day_words(after.valid_from.astimezone(tz).date(), with_year=True)
    return _("by the term in force before %(day)s: %(amount)s") % {"day": until, "amount": amount_words(policy)}


def reason_words(reason: str) -> str:
    """Return why a breach was withdrawn: in a person's words, or in ours where the system did it."""
    if reason == "answered_in_mailbox":
        return _("the reply had left from the mailbox in time and was read later")
    return _("the calendar was corrected") if reason == "calendar" else reason


def withdrawn_words(breach: WithdrawnBreach, *, at: datetime, tz: ZoneInfo) -> str:
    """Return what was withdrawn, why, by whom and when."""
    facts = {
        "breached": moment(breach.breached_at, at, tz),
        "reason": reason_words(breach.reason),
        "who": str(breach.by.employee) if breach.by else _("The system"),
        "when": moment(breach.withdrawn_at, at, tz),
    }
    return _("The breach of %(breached)s was withdrawn: %(reason)s (%(who)s, %(when)s).") % facts


def weekday_words(day: date) -> str:
    return [_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun")][day.weekday()]


def day_words(day: date, *, with_year: bool = False) -> str:
    """Return a date as "14. nov.", with the year where it is not plain."""
    month = _months()[day.month - 1]
    if with_year:
        return _("%(day)d %(month)s %(year)d") % {"day": day.day, "month": month, "year": day.year}
    return _("%(day)d %(month)s") % {"day": day.day, "month": month}


def _months() -> tuple[str, ...]:
    """Return the short names of the months, as in "14. nov."."""
    return (
        pgettext("short month", "Jan"),
        pgettext("short month", "Feb"),
        pgettext("short month", "Mar"),
        pgettext("short month", "Apr"),
        pgettext("short month", "May"),
        pgettext("short month", "Jun"),
        pgettext("short month", "Jul"),
        pgettext("short month", "Aug"),
        pgettext("short month", "Sep"),
        pgettext("short month", "Oct"),
        pgettext("short month", "Nov"),
        pgettext("short month", "Dec"),
    )


def moment(at: datetime, now: datetime, tz: ZoneInfo) -> str:
    """Return an instant as the office says it: "šodien, 15:40", "piektd., 21. nov., 16:40"."""
    local, today = at.astimezone(tz), now.astimezone(tz).date()
    if local.date() == today:
        return _("today, %(time)s") % {"time": f"{local:%H:%M}"}
    return full_moment(at, tz, with_year=local.year != today.year)


def full_moment(at: datetime, tz: ZoneInfo, *, with_year: bool = False) -> str:
    """Return an instant with its date, also today's: "piektd., 21. nov., 16:40"."""
    local = at.astimezone(tz)
    day = day_words(local.date(), with_year=with_year)
    return _("%(weekday)s, %(day)s, %(time)s") % {
        "weekday": weekday_words(local.date()),
        "day": day,
        "time": f"{local:%H:%M}",
    }

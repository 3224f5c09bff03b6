"""The facts of the mailbox page: now, the last day, and the gaps."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from contact.email.mailbox import MailboxError, url_of
from contact.models import MailboxCheck, SendingCheck
from contact.queries import Minute, Watched, checks_by_minute, gaps_between, watched
from directory.models import Desk, User
from escalation.models import Outage
from escalation.pages import OutageFacts, clock_words, outage_facts
from escalation.queries import outages_of, told_of
from escalation.words import outage_title, remedy_words
from sla.queries import calendar_of
from sla.words import day_words, moment, span_words

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
# The machine looks every 20 seconds: after so long without a good look something is wrong.
LONGEST_SILENCE = timedelta(minutes=10)
# The guidelines ask for a look at least once in an hour of working time.
LONGEST_ALLOWED = HOUR
GAPS_OF = timedelta(days=7)
QUARTER = timedelta(minutes=15)
MOST_OUTAGES = 20


@dataclass(frozen=True)
class State:
    """How the mailbox, or sending, stands: `state` is ok, failing (an outage may come), down, silent or unknown."""

    state: str
    title: str
    text: str
    remedy: str
    outage: Outage | None


@dataclass(frozen=True)
class Cell:
    """A quarter of an hour in the strip: `state` is good, mixed, bad or none; x in the units of the picture."""

    x: int
    state: str


@dataclass(frozen=True)
class Gap:
    """A span without a good check; a breach where more than an hour of it was working time."""

    began: str
    ended: str
    lasted: str
    working: str
    is_breach: bool


@dataclass(frozen=True)
class MailboxPage:
    mailbox: State
    sending: State
    cells: list[Cell]
    hours: list[tuple[int, str]]
    strip_words: str
    gaps: list[Gap]
    outages: list[OutageFacts]
    shared_host: str


def mailbox_facts(desk: Desk, user: User, *, at: datetime) -> MailboxPage:
    found = list(outages_of([desk.pk]).prefetch_related("tna_contacts__by")[:MOST_OUTAGES])
    is_open = {one.what: one for one in found if one.ended_at is None}
    told = told_of(found)
    box, out = watched(desk, MailboxCheck), watched(desk, SendingCheck)
    start = _quarter(at) + QUARTER - DAY
    minutes = checks_by_minute(desk, after=start)
    return MailboxPage(
        mailbox=_mailbox_state(desk, box, is_open.get(Outage.What.MAILBOX), at=at),
        sending=_sending_state(desk, out, is_open.get(Outage.What.SENDING), at=at),
        cells=_cells(minutes, start),
        hours=_hours(start, desk),
        strip_words=_strip_words(minutes),
        gaps=_gaps(desk, box, at=at),
        outages=[outage_facts(one, told[one.pk], one.tna_contacts.all(), user, at=at) for one in found],
        shared_host=shared_host(desk),
    )


def _mailbox_state(desk: Desk, box: Watched, outage: Outage | None, *, at: datetime) -> State:
    if outage is not None:
        return _outage_state(outage, box, at=at)
    if box.last is None:
        return State("unknown", _("The mailbox has not been checked yet"), "", "", None)
    if box.last.error:
        return _failing_state(_("The last check of the mailbox failed"), box, desk, at=at)
    text = _("last checked %(ago)s ago") % {"ago": ago_words(at - box.last.at)}
    if at - box.last.at > LONGEST_SILENCE:
        title = _("Nobody has checked the mailbox since %(at)s") % {"at": moment(box.last.at, at, desk.tz)}
        return State("silent", title, text, _("The product's own checks stand still: tell the system manager."), None)
    return State("ok", _("The mailbox works"), text, "", None)


def _sending_state(desk: Desk, out: Watched, outage: Outage | None, *, at: datetime) -> State:
    if outage is not None:
        return _outage_state(outage, out, at=at)
    if out.last is None:
        return State("unknown", _("Nothing has been sent yet"), "", "", None)
    if out.last.error:
        return _failing_state(_("The last attempt to send failed"), out, desk, at=at)
    return State("ok", _("Sending works"), _("last sent %(ago)s ago") % {"ago": ago_words(at - out.last.at)}, "", None)


def _outage_state(outage: Outage, seen: Watched, *, at: datetime) -> State:
    since = _("Since %(began)s.") % {"began": moment(outage.began_at, at, outage.desk.tz)}
    good = _good_words(seen, outage.desk, at=at)
    title = outage_title(outage, has_ended=False)
    return State("down", title, f"{since} {good}", remedy_words(outage.cause), outage)


def _failing_state(title: str, seen: Watched, desk: Desk, *, at: datetime) -> State:
    assert seen.last is not None
    why = _("%(cause)s. It is tried again every 20 seconds.") % {"cause": seen.last.get_cause_display()}
    return State("failing", title, f"{why[:1].upper()}{why[1:]} {_good_words(seen, desk, at=at)}", "", None)


def _good_words(seen: Watched, desk: Desk, *, at: datetime) -> str:
    if seen.good_at is None:
        return _("There has been no good check yet.")
    facts = {"at": moment(seen.good_at, at, desk.tz), "ago": ago_words(at - seen.good_at)}
    return _("The last good check was %(at)s, %(ago)s ago.") % facts


def ago_words(span: timedelta) -> str:
    seconds = max(0, int(span.total_seconds()))
    return _("%(seconds)d s") % {"seconds": seconds} if seconds < 60 else clock_words(span)


def _quarter(at: datetime) -> datetime:
    return at - timedelta(minutes=at.minute % 15, seconds=at.second, microseconds=at.microsecond)


def _cells(minutes: list[Minute], start: datetime) -> list[Cell]:
    """Return the 96 quarters of an hour from `start`, each with what its checks found."""
    good, failed = [0] * 96, [0] * 96
    for one in minutes:
        number = (one.at - start) // QUARTER
        if 0 <= number < 96:
            good[number] += one.good
            failed[number] += one.failed
    return [Cell(number * 10, _cell_state(good[number], failed[number])) for number in range(96)]


def _cell_state(good: int, failed: int) -> str:
    if failed:
        return "mixed" if good else "bad"
    return "good" if good else "none"


def _hours(start: datetime, desk: Desk) -> list[tuple[int, str]]:
    """Return the hours to write under the strip, every third one, each with its place."""
    local = [(number * 10, (start + number * QUARTER).astimezone(desk.tz)) for number in range(96)]
    return [(x, f"{at:%H}") for x, at in local if at.minute == 0 and at.hour % 3 == 0]


def _strip_words(minutes: list[Minute]) -> str:
    good, failed = sum(one.good for one in minutes), sum(one.failed for one in minutes)
    return _("In 24 hours: %(good)d good checks, %(failed)d failed.") % {"good": good, "failed": failed}


def _gaps(desk: Desk, box: Watched, *, at: datetime) -> list[Gap]:
    spans = gaps_between(desk, after=at - GAPS_OF, longest=LONGEST_SILENCE)
    gaps = [_gap(desk, before, after, is_open=False, at=at) for before, after in spans]
    if box.good_at is not None and at - box.good_at > LONGEST_SILENCE:
        gaps.insert(0, _gap(desk, box.good_at, at, is_open=True, at=at))
    return gaps


def _gap(desk: Desk, began: datetime, ended: datetime, *, is_open: bool, at: datetime) -> Gap:
    calendar = calendar_of(desk)
    working = calendar.working.between(began, ended)
    return Gap(
        began=moment(began, at, desk.tz),
        ended=_("goes on") if is_open else _until(began, ended, desk, at=at),
        lasted=clock_words(ended - began),
        working=span_words(working, calendar) if working >= MINUTE else _("none"),
        is_breach=working > LONGEST_ALLOWED,
    )


def _until(began: datetime, ended: datetime, desk: Desk, *, at: datetime) -> str:
    """Return the end of a span: its time alone where it is of the same day as the beginning."""
    local, first = ended.astimezone(desk.tz), began.astimezone(desk.tz)
    if local.date() == first.date() or local.date() == at.astimezone(desk.tz).date():
        return moment(ended, at, desk.tz) if local.date() != first.date() else f"{local:%H:%M}"
    return f"{day_words(local.date())}, {local:%H:%M}"


def shared_host(desk: Desk) -> str:
    """Return the server that both the notices to staff and the desk's own mail depend on; empty if there is none."""
    host = str(settings.NOTICE_MAIL.get("host", "")).lower()
    try:
        mailbox = urlsplit(url_of(desk)).hostname or ""
    except MailboxError:
        mailbox = ""
    return host if host and host in (mailbox.lower(), str(settings.CLIENT_MAIL.get("host", "")).lower()) else ""

"""The facts of the notices page, and of an outage."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from directory.models import User
from escalation.models import Alert, Notice, Outage, TnaContact
from escalation.words import cause_words, detail, outage_title, path_of, remedy_words, title
from sla.words import day_words, moment

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class NoticeFacts:
    """A notice in words. `state` is waiting (for its reader), seen, or moot (a warning of a promise since kept or broken)."""

    notice: Notice
    state: str
    is_late: bool
    url: str
    title: str
    detail: str
    told: str
    seen: str


def notice_facts(notices: Iterable[Notice], *, at: datetime) -> list[NoticeFacts]:
    return [_facts(notice, at=at) for notice in notices]


def _facts(notice: Notice, *, at: datetime) -> NoticeFacts:
    alert, tz = notice.alert, notice.alert.desk.tz
    deadline = alert.deadline
    is_near = deadline is not None and deadline.is_open and deadline.breached_at is None
    is_moot = alert.trigger == Alert.Trigger.WARNING and not is_near
    state = "seen" if notice.acknowledged_at else "moot" if is_moot else "waiting"
    return NoticeFacts(
        notice=notice,
        state=state,
        is_late=alert.trigger in (Alert.Trigger.BREACH, Alert.Trigger.OUTAGE),
        url=path_of(alert),
        title=title(alert),
        detail=detail(alert, at),
        told=moment(notice.told_at, at, tz),
        seen=moment(notice.acknowledged_at, at, tz) if notice.acknowledged_at else "",
    )


@dataclass(frozen=True)
class Rung:
    """One person told of an alert: `state` is seen (acknowledged), here (the reader, who has not) or told (silent)."""

    state: str
    when: str
    text: str


def rung(notice: Notice, user: User, tz: ZoneInfo, *, at: datetime) -> Rung:
    who = _("You") if notice.recipient.user_id == user.pk else str(notice.recipient)
    told = _rung_words(notice.told_at, at, tz)
    if notice.acknowledged_at:
        return Rung(
            "seen",
            told,
            _("%(who)s: acknowledged %(when)s") % {"who": who, "when": moment(notice.acknowledged_at, at, tz)},
        )
    how = _("in the app and by e-mail") if notice.mailed_at else _("in the app")
    is_here = notice.recipient.user_id == user.pk
    return Rung("here" if is_here else "told", told, _("%(who)s: told %(how)s, no answer") % {"who": who, "how": how})


def _rung_words(told_at: datetime, at: datetime, tz: ZoneInfo) -> str:
    """Return an instant without its weekday: the ladder's column is narrow."""
    local = told_at.astimezone(tz)
    return (
        moment(told_at, at, tz)
        if local.date() == at.astimezone(tz).date()
        else f"{day_words(local.date())}, {local:%H:%M}"
    )


@dataclass(frozen=True)
class OutageFacts:
    """An outage in words. `state` is open or ended; `mine` is the reader's notice of it that waits for them."""

    outage: Outage
    state: str
    title: str
    cause: str
    remedy: str
    began: str
    noticed: str
    ended: str
    lasted: str
    checks: str
    told: list[Rung]
    told_of_end: list[Rung]
    tna: list[Rung]
    is_tna_told: bool
    mine: Notice | None


def outage_facts(
    outage: Outage, notices: Collection[Notice], tna: Iterable[TnaContact], user: User, *, at: datetime
) -> OutageFacts:
    """Return the facts of an outage, with those who were told of it (`notices`, `tna`)."""
    tz = outage.desk.tz
    told = {
        trigger: [rung(one, user, tz, at=at) for one in notices if one.alert.trigger == trigger]
        for trigger in (Alert.Trigger.OUTAGE, Alert.Trigger.OUTAGE_ENDED)
    }
    mine = (one for one in notices if one.recipient.user_id == user.pk and one.acknowledged_at is None)
    return OutageFacts(
        outage=outage,
        state="ended" if outage.ended_at else "open",
        title=outage_title(outage, has_ended=False),
        cause=cause_words(outage),
        remedy=remedy_words(outage.cause),
        began=moment(outage.began_at, at, tz),
        noticed=_noticed_words(outage, at),
        ended=_ended_words(outage, at) if outage.ended_at else "",
        lasted=clock_words((outage.ended_at or at) - outage.began_at),
        checks=_checks_words(outage.failed_checks),
        told=told[Alert.Trigger.OUTAGE],
        told_of_end=told[Alert.Trigger.OUTAGE_ENDED],
        tna=[_tna_rung(one, tz, at=at) for one in tna],
        is_tna_told=outage.tna_told_at is not None,
        mine=next(mine, None),
    )


def clock_words(span: timedelta) -> str:
    """Return elapsed time, by the clock, in days, hours and minutes; seconds are cut off."""
    minutes = max(span, timedelta()) // MINUTE
    days, hours, minutes = minutes // 1440, minutes % 1440 // 60, minutes % 60
    if days:
        return _("%(days)d d %(hours)d h") % {"days": days, "hours": hours}
    if hours and not minutes:
        return _("%(hours)d h") % {"hours": hours}
    if hours:
        return _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": minutes}
    return _("%(minutes)d min") % {"minutes": minutes}


def _checks_words(number: int) -> str:
    return ngettext("%(number)d failed check", "%(number)d failed checks", number) % {"number": number}


def _noticed_words(outage: Outage, at: datetime) -> str:
    facts = {"at": moment(outage.noticed_at, at, outage.desk.tz), "who": person_words(outage.declared_by)}
    return _("%(at)s, by %(who)s") % facts if outage.declared_by else _("%(at)s, by the machine's checks") % facts


def _ended_words(outage: Outage, at: datetime) -> str:
    assert outage.ended_at is not None
    facts = {"at": moment(outage.ended_at, at, outage.desk.tz), "who": person_words(outage.ended_by)}
    return _("%(at)s, by %(who)s") % facts if outage.ended_by else _("%(at)s, by the first good check") % facts


def person_words(user: User | None) -> str:
    return str(getattr(user, "employee", None) or user or "")


def _tna_rung(contact: TnaContact, tz: ZoneInfo, *, at: datetime) -> Rung:
    facts = {"whom": contact.whom, "who": person_words(contact.by), "error": contact.mail_error}
    if contact.told_at is None:
        words = (
            _("the mail to %(whom)s has not left yet: %(error)s")
            if contact.mail_error
            else _("a mail to %(whom)s is on its way")
        )
        return Rung("told", "", words % facts)
    when = _rung_words(contact.told_at, at, tz)
    if contact.how == TnaContact.How.EMAIL:
        ended = contact.about == TnaContact.About.ENDED
        words = _("told of the end by e-mail: %(whom)s") if ended else _("told by e-mail: %(whom)s")
        return Rung("seen", when, words % facts)
    words = _("told by telephone by %(who)s: %(whom)s") % facts
    return Rung("seen", when, f"{words}, {contact.reference}" if contact.reference else words)

"""The facts of the overdue page: what, whose, since when."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from directory.models import User
from escalation.models import Alert, Notice
from escalation.pages import Rung, rung
from escalation.words import detail, title
from reports.queries import due_between, kept_since, overdue, unacknowledged
from sla.models import Deadline
from sla.queries import calendar_of
from sla.words import Fuse, deadline_words, fuse, moment, paragraph_words

# One page for one office: past this, a list is cut and says so.
MOST = 200
# Over how long the page says how deadlines were kept.
KEPT_FOR = timedelta(weeks=4)


@dataclass(frozen=True)
class DueRow:
    deadline: Deadline
    name: str
    paragraph: str
    owner: str
    due: str
    fuse: Fuse


@dataclass(frozen=True)
class AlertFacts:
    alert: Alert
    title: str
    detail: str
    rungs: list[Rung]
    mine: Notice | None


@dataclass(frozen=True)
class KeptRow:
    """How one kind of deadline was kept: shares in percent, rounded down, so that 100 means all."""

    name: str
    closed: int
    in_time: int
    in_time_share: int
    unpaused: int
    unpaused_share: int


def kept_rows(user: User, *, at: datetime) -> list[KeptRow]:
    return [
        KeptRow(
            name=deadline_words(one.kind),
            closed=one.closed,
            in_time=one.in_time,
            in_time_share=100 * one.in_time // one.closed,
            unpaused=one.unpaused,
            unpaused_share=100 * one.unpaused // one.closed,
        )
        for one in kept_since(user, at - KEPT_FOR)
    ]


def overdue_facts(user: User, *, at: datetime) -> dict[str, object]:
    late, until = overdue(user, at=at), tomorrow_noon(at)
    soon = due_between(user, after=at, until=until)
    alerts = [_alert(alert, notices, user, at=at) for alert, notices in unacknowledged(user, limit=20)]
    return {
        "late": [_row(one, at=at) for one in late[:MOST]],
        "late_count": late.count(),
        "soon": [_row(one, at=at) for one in soon[:MOST]],
        "soon_count": soon.count(),
        "alerts": alerts,
        "mine_count": sum(1 for one in alerts if one.mine),
        "kept": kept_rows(user, at=at),
        "most": MOST,
        "now": at,
    }


def tomorrow_noon(at: datetime) -> datetime:
    tomorrow = timezone.localtime(at).date() + timedelta(days=1)
    return timezone.make_aware(datetime.combine(tomorrow, time(12)))


def _row(deadline: Deadline, *, at: datetime) -> DueRow:
    calendar = calendar_of(deadline.desk)
    return DueRow(
        deadline=deadline,
        name=deadline_words(deadline.kind),
        paragraph=paragraph_words(deadline.paragraph),
        owner=str(deadline.owner) if deadline.owner else _("nobody"),
        due=moment(deadline.due_at, at, calendar.working.tz),
        fuse=fuse(deadline, calendar, at),
    )


def _alert(alert: Alert, notices: list[Notice], user: User, *, at: datetime) -> AlertFacts:
    mine = next((one for one in notices if one.recipient.user_id == user.pk and one.acknowledged_at is None), None)
    rungs = [rung(one, user, alert.desk.tz, at=at) for one in notices]
    return AlertFacts(alert, title(alert), detail(alert, at), rungs, mine)

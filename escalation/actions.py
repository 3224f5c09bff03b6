"""Find what is due, tell who must know, once each, however many workers sweep."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from audit.actions import record, record_many
from audit.verbs import Verb
from directory.models import Role, User
from directory.queries import away_between
from directory.standins import with_stand_ins
from escalation import mail
from escalation.models import Alert, Notice
from escalation.queries import people_of, waiting
from escalation.rules import Told, recipients
from helpdesk import nudge
from helpdesk.rows import insert_rows, reserve_ids
from sla.actions import claim_due, claim_untold_breaches, claim_warnings
from sla.models import Deadline, Policy

BATCH = 5000
MAIL_LEASE = timedelta(minutes=2)
MAIL_HOLD = timedelta(minutes=1)
# More notices than this for one person at once are one mail.
MOST_MAILS = 5
# What is written of a new alert and of a new notice.
ALERT = ("id", "desk_id", "trigger", "deadline_id", "ticket_id", "kinds", "happened_at", "raised_at")
NOTICE = ("alert_id", "recipient_id", "told_at", "mail_at", "mail_tries", "mail_error")


def sweep(*, at: datetime) -> tuple[int, int]:
    """Breach what is past due and tell of it, warn of what is near; return the numbers of breaches and warnings told.

    Safe to repeat and to run many at once. Each batch is one transaction. If nobody can be told, the breaches stand all
    the same: an untold one is a row that the next sweep finds.  (E-II)
    """
    try:
        told = _breach_and_tell(at=at)
    except Exception:
        while claim_due(at=at, batch=BATCH):
            pass
        raise
    return told + _tell_breaches(at=at), _tell_warnings(at=at)


def _breach_and_tell(*, at: datetime) -> int:
    told = 0
    while True:
        with transaction.atomic():
            claimed = claim_due(at=at, batch=BATCH, is_told=True)
            _raise(Alert.Trigger.BREACH, _with_told(claimed), at=at)
        told += len(claimed)
        if not claimed:
            return told


def _tell_breaches(*, at: datetime) -> int:
    """Tell of the breaches that actions have recorded, or that an earlier sweep could not tell of."""
    told = 0
    while True:
        with transaction.atomic():
            claimed = claim_untold_breaches(batch=BATCH)
            _raise(Alert.Trigger.BREACH, _with_told(claimed), at=at)
        told += len(claimed)
        if not claimed:
            return told


def _with_told(broken: list[Deadline]) -> list[tuple[Deadline, list[str]]]:
    """Set beside each deadline who is told of its breach; the few policies are fetched once for all."""
    policies = Policy.objects.in_bulk({one.policy_id for one in broken})
    return [(one, policies[one.policy_id].tell_breach) for one in broken]


def _tell_warnings(*, at: datetime) -> int:
    told = 0
    while True:
        with transaction.atomic():
            claimed = claim_warnings(at=at, batch=BATCH)
            near = [(one, tell) for one, tell in claimed if tell]
            _raise(Alert.Trigger.WARNING, near, at=at)
        told += len(near)
        if not claimed:
            return told


def _raise(trigger: str, causes: list[tuple[Deadline, list[str]]], *, at: datetime) -> None:
    """Raise one alert for the deadlines of each ticket, told to everybody whom one of them names."""
    told = _told_before(trigger, causes)
    by_ticket: dict[int, list[tuple[Deadline, list[str]]]] = {}
    for deadline, tell in causes:
        by_ticket.setdefault(deadline.ticket_id, []).append((deadline, tell))
    alerts, tells = [], []
    for pk, group in zip(reserve_ids(Alert, len(by_ticket)), by_ticket.values(), strict=True):
        group.sort(key=lambda cause: cause[0].due_at)
        first = group[0][0]
        alert = Alert(pk=pk, desk_id=first.desk_id, trigger=trigger, ticket_id=first.ticket_id, deadline_id=first.pk)
        alert.kinds = list(dict.fromkeys(deadline.kind for deadline, _ in group))
        # A breach that was withdrawn and came back is told anew: its first instant is taken.
        is_again = (first.pk, first.breached_at) in told
        alert.happened_at, alert.raised_at = at if is_again else first.breached_at or at, at
        alerts.append(alert)
        roles = tuple(dict.fromkeys(role for _, tell in group for role in tell))
        expert = next((deadline.expert_id for deadline, _ in group if deadline.expert_id), None)
        tells.append(Told(roles, first.owner_id, expert))
    if alerts:
        insert_rows(Alert, ALERT, [[getattr(alert, name) for name in ALERT] for alert in alerts])
    _tell(alerts, tells, at=at)


def _told_before(trigger: str, causes: list[tuple[Deadline, list[str]]]) -> set[tuple[int | None, datetime | None]]:
    """Return what was told of these deadlines before: only one whose breach was withdrawn can come back."""
    if not causes:
        return set()
    ids = [deadline.pk for deadline, _ in causes]
    withdrawn = Alert.objects.filter(trigger=trigger, deadline__withdrawn_breaches__isnull=False)
    return set(withdrawn.filter(deadline__pk__range=(min(ids), max(ids))).values_list("deadline_id", "happened_at"))


@transaction.atomic
def raise_alert(
    trigger: str, *, ticket_id: int, message_id: int, desk_id: int, owner_id: int | None, at: datetime
) -> None:
    """Tell the administrators of something that happened to a message at `at`; a no-op if that was told already."""
    about = About(desk_id, ticket_id, message_id)
    tell_of_message(trigger, about, Told((Role.Name.ADMINISTRATOR,), owner_id), at=at)


@dataclass(frozen=True)
class About:
    """What an alert is about, by ids."""

    desk_id: int
    ticket_id: int
    message_id: int


@transaction.atomic
def tell_of_message(trigger: str, about: About, told: Told, *, at: datetime) -> None:
    """Tell somebody of something that happened to a message at `at`; a no-op if that was told already."""
    alert, is_new = Alert.objects.get_or_create(
        trigger=trigger,
        message_id=about.message_id,
        happened_at=at,
        deadline=None,
        defaults={"desk_id": about.desk_id, "ticket_id": about.ticket_id, "raised_at": at},
    )
    if is_new:
        _tell([alert], [told], at=at)


@transaction.atomic
def tell_of_hand_over(trigger: str, hand_over_id: int, desk_id: int, employees: list[int], *, at: datetime) -> None:
    """Tell these employees (ids), and who stands in for them, that tickets went from hand to hand; a no-op if told."""
    facts = {"desk_id": desk_id, "happened_at": at, "raised_at": at}
    alert, is_new = Alert.objects.get_or_create(trigger=trigger, hand_over_id=hand_over_id, defaults=facts)
    if is_new:
        tell_people([(alert, employees)], at=at)


def _tell(alerts: list[Alert], tells: list[Told], *, at: datetime) -> None:
    """Write the notices of new alerts, told as the list beside them says."""
    if not alerts:
        return
    people = {desk_id: people_of(desk_id) for desk_id in {alert.desk_id for alert in alerts}}
    # Thousands of alerts have few different answers.
    pairs = [(alert.desk_id, told) for alert, told in zip(alerts, tells, strict=True)]
    answers = {pair: recipients(pair[1], people[pair[0]]) for pair in set(pairs)}
    tell_people([(alert, answers[pair]) for alert, pair in zip(alerts, pairs, strict=True)], at=at)


def tell_people(told: list[tuple[Alert, list[int]]], *, at: datetime) -> None:
    """Write the notices of new alerts, each to the employees beside it, by id, and to who stands in for the absent."""
    on = timezone.localtime(at).date()
    away = away_between(on, on)
    answers = {employees: with_stand_ins(employees, on, away) for employees in {tuple(those) for _, those in told}}
    who = [(alert, answers[tuple(those)]) for alert, those in told]
    notices = [(alert.pk, employee_id, at, at, 0, "") for alert, employees in who for employee_id in employees]
    insert_rows(Notice, NOTICE, notices)
    facts = [(alert, at, {"trigger": alert.trigger, "told": employees}) for alert, employees in who]
    record_many(facts, Verb.ALERT_RAISED, by=None)
    nudge.after_commit("escalation.mail_notices")


@transaction.atomic
def acknowledge(notice: Notice, *, by: User, at: datetime) -> Notice:
    """Note that its recipient has seen the notice; a no-op if they had."""
    notice = Notice.objects.select_for_update().select_related("alert").get(pk=notice.pk)
    if notice.acknowledged_at is not None:
        return notice
    notice.acknowledged_at = at
    notice.save(update_fields=["acknowledged_at"])
    record(notice.alert, Verb.NOTICE_ACKNOWLEDGED, by=by, at=at, recipient=notice.recipient_id)
    return notice


def mail_notices(*, at: datetime, batch: int = 100) -> int:
    """Mail the notices whose mail is due, each claimed by a lease; return how many were told.

    More than five for one person at once go out as one digest. A notice to staff may repeat after a crash; it is never
    lost: a refused one is tried again, hourly in the end, for as long as it waits for its reader.
    """
    due = Notice.objects.filter(mail_at__lte=at)
    due.exclude(waiting()).update(mail_at=None)
    left = 0
    while found := list(due.order_by("mail_at").values_list("pk", "mail_at")[:batch]):
        mine = [pk for pk, mail_at in found if mail_at and _claim_mail(pk, mail_at, at=at)]
        left += _mail_all(_together(_with_texts(mine)), at=at)
    return left


def _together(notices: Iterable[Notice]) -> list[list[Notice]]:
    """Group the notices into mails: one each, or one for all of a person's when there are too many."""
    people: dict[int, list[Notice]] = {}
    for notice in notices:
        people.setdefault(notice.recipient_id, []).append(notice)
    mails: list[list[Notice]] = []
    for theirs in people.values():
        mails += [theirs] if len(theirs) > MOST_MAILS else [[one] for one in theirs]
    return mails


def _claim_mail(pk: int, mail_at: datetime, *, at: datetime) -> bool:
    claimed = Notice.objects.filter(pk=pk, mail_at=mail_at)
    return bool(claimed.update(mail_at=at + MAIL_LEASE, mail_tries=F("mail_tries") + 1))


def _with_texts(ids: list[int]) -> Iterable[Notice]:
    related = ("recipient__user", "alert__deadline", "alert__desk", "alert__ticket__client", "alert__outage__desk")
    handed = ("alert__hand_over__giver", "alert__hand_over__taker")
    return Notice.objects.filter(pk__in=ids).select_related(*related, *handed).order_by("pk")


def _mail_all(mails: list[list[Notice]], *, at: datetime) -> int:
    """Send the mails; return how many notices were told. If nobody answers, what was not tried waits a minute."""
    told = 0
    for number, notices in enumerate(mails):
        try:
            connection = mail.connect()
        except OSError as unreachable:
            _try_later(notices, str(unreachable), at=at)
            _hold_mails([one for later in mails[number + 1 :] for one in later], at=at)
            break
        try:
            told += _mail(notices, connection, at=at)
        finally:
            connection.close()
    return told


def _mail(notices: list[Notice], connection: BaseEmailBackend, *, at: datetime) -> int:
    """Send one mail about these notices of one person; return how many were told."""
    try:
        mail.send(notices, connection, at=at)
    except OSError as refused:  # every failure of SMTP is one
        _try_later(notices, str(refused), at=at)
        return 0
    return _rows(notices).update(mail_at=None, mailed_at=at, mail_error="")


def _try_later(notices: list[Notice], error: str, *, at: datetime) -> None:
    tries = max(one.mail_tries for one in notices)
    again = at + timedelta(minutes=min(60, 2 ** min(tries, 6)))
    _rows(notices).update(mail_at=again, mail_error=error[:300])


def _hold_mails(claimed: list[Notice], *, at: datetime) -> None:
    """Let the mails that are due wait a minute: the mail server does not answer, and each would wait for it."""
    _rows(claimed).update(mail_at=at + MAIL_HOLD, mail_tries=F("mail_tries") - 1)
    Notice.objects.filter(mail_at__lte=at).update(mail_at=at + MAIL_HOLD)


def _rows(notices: list[Notice]) -> QuerySet[Notice]:
    return Notice.objects.filter(pk__in=[one.pk for one in notices])

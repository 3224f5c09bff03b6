"""A mailbox out of reach, or sending refused as a whole: one outage each, told at once, once.  (E-II.2)"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from audit.actions import record
from audit.verbs import Verb
from directory.models import Desk, Role, User
from escalation import mail
from escalation.actions import tell_people
from escalation.models import Alert, Notice, Outage, TnaContact
from escalation.queries import people_of
from escalation.rules import Told, outage_began, recipients
from helpdesk.errors import DomainError

TOLD = (Role.Name.ADMINISTRATOR, Role.Name.DEPUTY_DIRECTOR, Role.Name.DIRECTOR)
TNA_LEASE = timedelta(minutes=2)


class StillFailing(DomainError):
    code = "still_failing"
    words = _("The last check failed too. The outage ends by itself with the first good check.")


class CallTimeWrong(DomainError):
    code = "call_time_wrong"
    words = _("The call cannot have been before the outage began, or still to come.")


@dataclass(frozen=True)
class Failure:
    """A failed check. `failed_at` are the instants of the latest failed ones since a good one, itself the first."""

    what: str
    cause: str
    error: str
    failed_at: Sequence[datetime]


@transaction.atomic
def note_failure(desk: Desk, failure: Failure, *, at: datetime) -> Outage | None:
    """Open an outage if this failed check is one too many; None if it is not, or one is open already.

    Many workers at once open one: the constraint lets one in.
    """
    began = outage_began(failure.failed_at)
    if began is None:
        return None
    facts = {"cause": failure.cause, "error": failure.error[:500], "began_at": began, "noticed_at": at}
    counted = {"failed_checks": sum(1 for one in failure.failed_at if one >= began)}
    outage, is_new = Outage.objects.get_or_create(desk=desk, what=failure.what, ended_at=None, defaults=facts | counted)
    if not is_new:
        return None
    record(outage, Verb.OUTAGE_BEGAN, by=None, at=at, what=failure.what, cause=failure.cause)
    _tell_of_beginning(outage, at=at)
    return outage


def count_failures(outage: Outage, failed: int) -> None:
    """Note how many checks have failed since an outage began: counted anew each time, so that repeats are harmless."""
    Outage.objects.filter(pk=outage.pk, failed_checks__lt=failed).update(failed_checks=failed)


@transaction.atomic
def declare_outage(desk: Desk, what: str, note: str, *, by: User, at: datetime) -> Outage:
    """Open an outage by an administrator's word; a no-op if one is open already."""
    facts = {"cause": Outage.Cause.OTHER, "note": note, "declared_by": by, "began_at": at, "noticed_at": at}
    outage, is_new = Outage.objects.get_or_create(desk=desk, what=what, ended_at=None, defaults=facts)
    if is_new:
        record(outage, Verb.OUTAGE_DECLARED, by=by, at=at, what=what, note=note)
        _tell_of_beginning(outage, at=at)
    return outage


def note_success(desk: Desk, what: str, *, at: datetime) -> Outage | None:
    """End the outage at a good check; None if there was none to end.

    One that no check has seen fail is an administrator's word against the machine's: a person ends it.
    """
    seen = Outage.objects.filter(desk=desk, what=what, ended_at=None, began_at__lte=at)
    outage = seen.filter(Q(declared_by=None) | Q(failed_checks__gt=0)).first()
    return _end(outage, by=None, at=at) if outage is not None else None


def end_outage(outage: Outage, *, by: User, at: datetime) -> Outage:
    """End an outage by a person's word; a no-op if it has ended. Raises StillFailing where the machine sees it fail."""
    outage.refresh_from_db()
    if outage.ended_at is None and (outage.declared_by_id is None or outage.failed_checks):
        raise StillFailing
    return _end(outage, by=by, at=at)


@transaction.atomic
def _end(outage: Outage, *, by: User | None, at: datetime) -> Outage:
    outage = Outage.objects.select_for_update(of=("self",)).select_related("desk").get(pk=outage.pk)
    if outage.ended_at is not None:
        return outage
    outage.ended_at, outage.ended_by = at, by
    outage.save(update_fields=["ended_at", "ended_by"])
    record(outage, Verb.OUTAGE_ENDED, by=by, at=at, failed_checks=outage.failed_checks)
    told = Notice.objects.filter(alert__outage=outage, alert__trigger=Alert.Trigger.OUTAGE).order_by("pk")
    alert = _alert(outage, Alert.Trigger.OUTAGE_ENDED, happened_at=at, at=at)
    tell_people([(alert, list(told.values_list("recipient_id", flat=True)))], at=at)
    if outage.tna_contacts.filter(how=TnaContact.How.EMAIL).exists():
        _mail_tna(outage, TnaContact.About.ENDED, at=at)
    return outage


def _tell_of_beginning(outage: Outage, *, at: datetime) -> None:
    alert = _alert(outage, Alert.Trigger.OUTAGE, happened_at=outage.began_at, at=at)
    tell_people([(alert, recipients(Told(TOLD), people_of(outage.desk_id)))], at=at)
    if settings.TNA_SUPPORT_ADDRESS:
        _mail_tna(outage, TnaContact.About.BEGAN, at=at)


def _alert(outage: Outage, trigger: str, *, happened_at: datetime, at: datetime) -> Alert:
    return Alert.objects.create(
        desk_id=outage.desk_id, trigger=trigger, outage=outage, happened_at=happened_at, raised_at=at
    )


def _mail_tna(outage: Outage, about: str, *, at: datetime) -> None:
    """Let TNA's IT support be written to; the task that mails the notices finds the row."""
    TnaContact.objects.create(
        outage=outage, about=about, how=TnaContact.How.EMAIL, whom=settings.TNA_SUPPORT_ADDRESS, mail_at=at
    )


@transaction.atomic
def log_call(outage: Outage, *, told_at: datetime, whom: str, reference: str, by: User, at: datetime) -> TnaContact:
    """Put on record that TNA's IT support was told by telephone. Raises CallTimeWrong."""
    if not outage.began_at - timedelta(minutes=1) <= told_at <= at:
        raise CallTimeWrong
    how = TnaContact.How.PHONE
    call = TnaContact.objects.create(outage=outage, how=how, told_at=told_at, whom=whom, reference=reference, by=by)
    _note_tna_told(outage, told_at)
    record(outage, Verb.TNA_TOLD, by=by, at=at, how=how, told_at=told_at.isoformat(), whom=whom, reference=reference)
    return call


def _note_tna_told(outage: Outage, told_at: datetime) -> None:
    Outage.objects.filter(pk=outage.pk, tna_told_at=None).update(tna_told_at=told_at)


def mail_tna(*, at: datetime) -> int:
    """Write to TNA's IT support what is due, each claimed by a lease; return how many mails left.

    A mail may repeat after a crash; it is never lost: a refused one is tried again, every half an hour in the end.
    """
    due = TnaContact.objects.filter(mail_at__lte=at).order_by("mail_at")
    return sum(_mail_one(pk, mail_at, at=at) for pk, mail_at in list(due.values_list("pk", "mail_at")))


def _mail_one(pk: int, mail_at: datetime | None, *, at: datetime) -> bool:
    row = TnaContact.objects.filter(pk=pk)
    if not row.filter(mail_at=mail_at).update(mail_at=at + TNA_LEASE, mail_tries=F("mail_tries") + 1):
        return False
    contact = row.select_related("outage__desk").get()
    try:
        with mail.connect() as connection:
            mail.send_to_tna(contact, connection, at=at)
    except OSError as refused:
        again = at + timedelta(minutes=min(30, 2**contact.mail_tries - 1))
        row.update(mail_at=again, mail_error=str(refused)[:300])
        return False
    with transaction.atomic():
        row.update(mail_at=None, told_at=at, mail_error="")
        if contact.about == TnaContact.About.BEGAN:
            _note_tna_told(contact.outage, at)
        told = {"how": contact.how, "about": contact.about, "whom": contact.whom}
        record(contact.outage, Verb.TNA_TOLD, by=None, at=at, **told)
    return True

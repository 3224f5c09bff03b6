"""Files are judged when they come, and looked at by the virus scanner afterwards, where one is set."""

import logging
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from audit.actions import record
from audit.verbs import Verb
from escalation.actions import raise_alert
from escalation.models import Alert
from helpdesk import nudge
from helpdesk.errors import DomainError
from tickets import files, scanning
from tickets.kinds import kind_of
from tickets.models import Attachment

logger = logging.getLogger(__name__)
Scan = Attachment.Scan
# A file that is being scanned for longer than this has lost its worker.
LEASE = timedelta(minutes=5)
PAUSES = (1, 2, 5, 10, 20, 40, 60)  # minutes
# So many tries in vain, about eight minutes, and the administrators are told.
TELL_AFTER = 4
# A file over which the line breaks again and again is not scanned.
MOST_BREAKS = 4
BATCH = 500


class FileWaits(DomainError):
    code = "file_waits"
    words = _("This file is being checked for viruses. Try again in a moment.")


class FileInfected(DomainError):
    code = "file_infected"
    words = _("This file is not given out: the virus %(virus)s was found in it.")


def judged(name: str, content: bytes, *, at: datetime) -> dict[str, Any]:
    """Return the fields of a new attachment that its content decides, and whether it waits for the scanner."""
    kind = kind_of(content, name)
    waits = bool(settings.CLAMAV_URL)
    scan = {"scan": Scan.WAITING, "scan_at": at} if waits else {"scan": Scan.UNSCANNED}
    return {"real_type": kind.media_type[:200], "risk": kind.risk, **scan}


def wake_scanner() -> None:
    if settings.CLAMAV_URL:
        nudge.after_commit("tickets.scan_files")


def check_given_out(file: Attachment) -> None:
    """Refuse to give out a file that is not yet checked, or infected. Raises FileWaits, FileInfected."""
    if file.scan == Scan.WAITING:
        raise FileWaits
    if file.scan == Scan.INFECTED:
        raise FileInfected(virus=file.scan_words)


def scan_files(*, at: datetime) -> int:
    """Have the files whose time has come scanned, the oldest first, each claimed by a lease; return how many were.

    Safe to repeat and to run many at once. If the scanner does not answer, all wait with the one that was tried.
    """
    due = Attachment.objects.filter(scan=Scan.WAITING, scan_at__lte=at).order_by("pk")
    scanned = 0
    for pk, scan_at in list(due.values_list("pk", "scan_at")[:BATCH]):
        claimed = Attachment.objects.filter(pk=pk, scan=Scan.WAITING, scan_at=scan_at)
        if not claimed.update(scan_at=at + LEASE, scan_tries=F("scan_tries") + 1):
            continue
        try:
            _scan(Attachment.objects.get(pk=pk), at=at)
        except scanning.ScannerDown as failure:
            _wait_for_scanner(pk, str(failure), at=at)
            break
        scanned += 1
    return scanned


def _scan(file: Attachment, *, at: datetime) -> None:
    """Scan the content, once for all files that have it."""
    try:
        virus = scanning.scan(files.kept_at(file.sha256), settings.CLAMAV_URL)
    except (scanning.NotScanned, FileNotFoundError) as refused:
        _settle(file.sha256, Scan.FAILED, str(refused), at=at)
        return
    except scanning.ScanBroke as failure:
        if file.scan_tries < MOST_BREAKS:
            _put_off(Attachment.objects.filter(pk=file.pk), file.scan_tries, str(failure), at=at)
        else:
            _settle(file.sha256, Scan.FAILED, str(failure), at=at)
        return
    if virus:
        # First out of reach, then said: a crash between leaves a file that waits, and is found again.
        files.quarantine(file.sha256)
    _settle(file.sha256, Scan.INFECTED if virus else Scan.CLEAN, virus, at=at)


@transaction.atomic
def _settle(sha256: str, scan: str, words: str, *, at: datetime) -> None:
    """Write the result to every file with this content. What was found once is not forgotten for a later *clean*."""
    same = Attachment.objects.select_for_update(of=("self",)).filter(sha256=sha256)
    told = same.exclude(scan=Scan.INFECTED) if scan == Scan.INFECTED else same.filter(scan=Scan.WAITING)
    changed = list(told.order_by("pk"))
    Attachment.objects.filter(pk__in=[one.pk for one in changed]).update(
        scan=scan, scan_words=words[:300], scan_at=None
    )
    if scan == Scan.CLEAN:
        return
    verb = Verb.FILE_INFECTED if scan == Scan.INFECTED else Verb.FILE_UNCHECKED
    for one in Attachment.objects.filter(pk__in=[one.pk for one in changed]).select_related("message__ticket"):
        record(one.message, verb, by=None, at=at, file=one.pk, sha256=sha256, words=words[:300])
        if scan == Scan.INFECTED:
            _tell(Alert.Trigger.FILE_INFECTED, one, at=at)


@transaction.atomic
def _wait_for_scanner(pk: int, error: str, *, at: datetime) -> None:
    """Let all files wait; tell the administrators once, when the oldest was tried in vain for the fourth time."""
    logger.warning("The virus scanner does not answer: %s", error)
    waiting = Attachment.objects.filter(scan=Scan.WAITING)
    tried = waiting.select_related("message__ticket").filter(pk=pk).first()
    if tried is None:
        return
    _put_off(waiting.filter(Q(pk=pk) | Q(scan_at__lte=at)), tried.scan_tries, error, at=at)
    if tried.scan_tries == TELL_AFTER and not waiting.filter(pk__lt=pk).exists():
        _tell(Alert.Trigger.SCANNER_DOWN, tried, at=at)


def _put_off(waiting: QuerySet[Attachment], tries: int, error: str, *, at: datetime) -> None:
    pause = timedelta(minutes=PAUSES[min(tries, len(PAUSES)) - 1])
    waiting.filter(scan=Scan.WAITING).update(scan_at=at + pause, scan_words=error[:300])


def _tell(trigger: str, file: Attachment, *, at: datetime) -> None:
    message, ticket = file.message, file.message.ticket
    raise_alert(
        trigger, ticket_id=ticket.pk, message_id=message.pk, desk_id=ticket.desk_id, owner_id=ticket.owner_id, at=at
    )

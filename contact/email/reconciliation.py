"""The ledger against the server: every mail that lies in the mailbox must be in the ledger.  (E-II.1a)"""

import logging
from datetime import datetime, time, timedelta
from time import monotonic

from django.db import transaction
from django.db.models import Q

from audit.actions import record
from audit.verbs import Verb
from contact.email.inbound import link_received
from contact.email.intake import fetch, take_in
from contact.email.mailbox import Mailbox, MailboxError, open_mailbox
from contact.models import Box, MailboxCursor, ReceivedMail, Reconciliation
from directory.models import Desk, User
from helpdesk import nudge

logger = logging.getLogger(__name__)
# When in the night, on the desk's clock, every mailbox is compared.
NIGHTLY = time(2)
# One that began longer ago than this has lost its worker.
LIMIT = timedelta(hours=1)
KEEP = timedelta(days=400)


@transaction.atomic
def ask(desk: Desk, *, by: User | None, at: datetime) -> None:
    """Ask for a comparison of the desk's mailbox, which follows after the commit; a no-op while one is asked for."""
    for box in Box:
        asked, is_new = Reconciliation.objects.get_or_create(
            desk=desk, box=box, finished_at=None, defaults={"asked_at": at}
        )
        if is_new:
            record(asked, Verb.COMPARISON_ASKED, by=by, at=at, box=box.value)
    nudge.after_commit("contact.email.compare")


def ask_nightly(*, at: datetime) -> None:
    """Ask for the night's comparison of every desk that has had none since; after downtime it is made up for."""
    for desk in Desk.objects.order_by("pk"):
        local = at.astimezone(desk.tz)
        night = datetime.combine(local.date(), NIGHTLY, desk.tz)
        night -= timedelta(days=night > local)
        if not Reconciliation.objects.filter(desk=desk, asked_at__gte=night).exists():
            ask(desk, by=None, at=at)
    Reconciliation.objects.filter(asked_at__lt=at - KEEP).delete()


def compare_asked(*, at: datetime) -> int:
    """Make the comparisons that are asked for; return how many. Safe to repeat and to run many at once."""
    is_free = Q(began_at=None) | Q(began_at__lt=at - LIMIT)
    asked = Reconciliation.objects.filter(is_free, finished_at=None).select_related("desk").order_by("pk")
    return sum(_compare_if_free(one, is_free, at=at) for one in asked)


def _compare_if_free(asked: Reconciliation, is_free: Q, *, at: datetime) -> bool:
    mine = Reconciliation.objects.filter(is_free, pk=asked.pk, finished_at=None)
    if not mine.update(began_at=at):
        return False
    began = monotonic()
    try:
        with open_mailbox(asked.desk) as mailbox:
            box = mailbox if asked.box == Box.INBOX else mailbox.sent()
            if box is not None:
                _compare(asked, box, at=at)
    except MailboxError as failure:
        logger.warning("Mailbox of %s is not compared: %s", asked.desk.code, failure)
        asked.error = str(failure)[:500]
    asked.began_at = asked.finished_at = at
    asked.took = timedelta(seconds=monotonic() - began)
    asked.save()
    link_received(asked.desk, at=at)
    return True


def _compare(found: Reconciliation, mailbox: Mailbox, *, at: datetime) -> None:
    """Take in what is new as any check does, then whatever lies below the cursor and is in no ledger: that was missed.

    What waits above the cursor, old mail taken in a few at a time, is no fault.
    """
    desk = found.desk
    fetch(desk, mailbox, box=found.box, at=at)
    cursor = MailboxCursor.objects.get(desk=desk, folder=mailbox.folder)
    ledger = ReceivedMail.objects.filter(desk=desk, folder=mailbox.folder, uidvalidity=mailbox.uidvalidity)
    recent, older = mailbox.uids(1, desk.starts_at.date())
    there = {*recent, *(older if found.box == Box.INBOX else ())}
    known = set(ledger.values_list("uid", flat=True))
    passed = cursor.next_uid if cursor.uidvalidity == mailbox.uidvalidity else 1
    missing = sorted(uid for uid in there - known if uid < passed)
    found.folder, found.on_server, found.in_ledger = mailbox.folder, len(there), len(known)
    found.missing, found.gone = len(missing), len(known - there)
    take_in(desk, mailbox, missing, box=found.box, at=at)
    found.fetched = len(missing) - len(set(missing) - set(ledger.values_list("uid", flat=True)))

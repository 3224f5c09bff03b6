"""Mail from a folder of the mailbox into the ledger: its bytes and its place first, before anything is done with it."""

import hashlib
import logging
from collections.abc import Iterable
from datetime import datetime

from django.db import IntegrityError, transaction

from contact.email.mailbox import Mail, Mailbox, MailUnreadable, is_much
from contact.models import Box, MailboxCursor, RawMail, ReceivedMail
from directory.models import Desk
from tickets.actions.marking import write_mark_anew

logger = logging.getLogger(__name__)
OLDER_A_CHECK = 200


def fetch(desk: Desk, mailbox: Mailbox, *, box: str = Box.INBOX, at: datetime) -> int:
    """Store every mail that the ledger lacks, a few in each commit; return how many.

    What is older than the desk's start comes last, a few at a time: years of it must not keep today's mail waiting; of
    the Sent folder it is left out. The cursor moves only when all of it is stored, so a crash between leaves nothing
    out.
    """
    cursor, _ = MailboxCursor.objects.get_or_create(
        desk=desk, folder=mailbox.folder, defaults={"uidvalidity": mailbox.uidvalidity}
    )
    from_uid = cursor.next_uid if cursor.uidvalidity == mailbox.uidvalidity else 1
    ledger = ReceivedMail.objects.filter(desk=desk, folder=mailbox.folder, uidvalidity=mailbox.uidvalidity)
    known = set(ledger.filter(uid__gte=from_uid).values_list("uid", flat=True))
    recent, older = mailbox.uids(from_uid, desk.starts_at.date())
    older = [uid for uid in older if uid not in known and box == Box.INBOX]
    wanted = [*(uid for uid in recent if uid not in known), *older[:OLDER_A_CHECK]]
    stored, is_whole = take_in(desk, mailbox, wanted, box=box, at=at)
    if is_whole and len(older) <= OLDER_A_CHECK:
        next_uid = max([from_uid, *(uid + 1 for uid in (*recent, *older, *known))])
        MailboxCursor.objects.filter(pk=cursor.pk).update(uidvalidity=mailbox.uidvalidity, next_uid=next_uid)
    return stored


def take_in(desk: Desk, mailbox: Mailbox, uids: Iterable[int], *, box: str, at: datetime) -> tuple[int, bool]:
    """Read and store these mails; return how many were new, and whether none of them was unreadable."""
    stored, is_whole, gathered = 0, True, list[Mail]()
    try:
        for mail in mailbox.read_many(uids):
            if isinstance(mail, MailUnreadable):
                # It is tried again at every check, and does not stop those behind it.
                logger.warning("Mailbox of %s: %s", desk.code, mail)
                is_whole = False
                continue
            if gathered and is_much([len(one.raw) for one in (*gathered, mail)]):
                stored += store_many(desk, mailbox, gathered, box=box, at=at)
                gathered = []
            gathered.append(mail)
    finally:  # what was read before the line broke is kept: the next check goes on from there
        stored += store_many(desk, mailbox, gathered, box=box, at=at)
    return stored, is_whole


def store_many(desk: Desk, mailbox: Mailbox, mails: list[Mail], *, box: str = Box.INBOX, at: datetime) -> int:
    """Keep mails in one commit, their bytes and their places; return how many the ledger lacked.

    What needs a closer look (another worker was quicker, or a mail with these very bytes is known) is stored one by one.
    """
    if not mails:
        return 0
    hashes = [hashlib.sha256(mail.raw).hexdigest() for mail in mails]
    rows = [_row(desk, mailbox, mail, sha256, box, at) for mail, sha256 in zip(mails, hashes, strict=True)]
    try:
        with transaction.atomic():
            if not ReceivedMail.objects.filter(desk=desk, folder=mailbox.folder, sha256__in=hashes).exists():
                made = ReceivedMail.objects.bulk_create(rows)
                pairs = zip(made, mails, strict=True)
                RawMail.objects.bulk_create(RawMail(mail=row, content=mail.raw) for row, mail in pairs)
                return len(made)
    except IntegrityError as known:
        logger.info("Mailbox of %s: stored one by one: %s", desk.code, known)
    return sum(store(desk, mailbox, mail, box=box, at=at) for mail in mails)


def store(desk: Desk, mailbox: Mailbox, mail: Mail, *, box: str = Box.INBOX, at: datetime) -> bool:
    """Keep a mail: its bytes and its place in the mailbox, in one commit; False if the ledger has it already.

    A mailbox that was rebuilt (another UIDVALIDITY) shows the same mails anew, and so does one into which a mail was
    moved back (another UID): they keep their rows.
    """
    sha256 = hashlib.sha256(mail.raw).hexdigest()
    moved = _moved(desk, mailbox, sha256)
    try:
        with transaction.atomic():
            if moved is not None:
                place = {"uidvalidity": mailbox.uidvalidity, "uid": mail.uid}
                ReceivedMail.objects.filter(pk=moved.pk).update(**place)
                if moved.message is not None:
                    write_mark_anew(moved.message)
                return False
            row = _row(desk, mailbox, mail, sha256, box, at)
            row.save(force_insert=True)
            RawMail.objects.create(mail=row, content=mail.raw)
    except IntegrityError:
        return False
    return True


def _row(desk: Desk, mailbox: Mailbox, mail: Mail, sha256: str, box: str, at: datetime) -> ReceivedMail:
    return ReceivedMail(
        desk=desk,
        box=box,
        folder=mailbox.folder,
        uidvalidity=mailbox.uidvalidity,
        uid=mail.uid,
        sha256=sha256,
        size=len(mail.raw),
        # The server's clock may run ahead of ours: nothing is received after it was fetched.
        received_at=min(mail.received_at, at),
        fetched_at=at,
    )


def _moved(desk: Desk, mailbox: Mailbox, sha256: str) -> ReceivedMail | None:
    """Return the row of a mail with these very bytes whose place in the folder is gone: it lies in another one now."""
    seen = ReceivedMail.objects.filter(desk=desk, folder=mailbox.folder, sha256=sha256).order_by("pk")
    for row in seen.select_related("message"):
        if row.uidvalidity != mailbox.uidvalidity or row.uid not in mailbox.marks([row.uid]):
            return row
    return None

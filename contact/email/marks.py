"""The mark of a client's message, written to the mailbox and looked at there.  (E-II.5)"""

import logging
from datetime import datetime

from contact.email.mailbox import Mailbox, MailboxError, open_mailbox
from contact.email.turn import turn
from directory.models import Desk
from tickets.actions.marking import note_mark_written, note_seen_marks
from tickets.models import Message
from tickets.queries import unwritten_marks, watched_marks

logger = logging.getLogger(__name__)


def write_marks() -> int:
    """Write every mark that the mailboxes do not show yet; return how many were written. Safe to repeat."""
    return sum(_write_marks(desk) for desk in Desk.objects.order_by("pk"))


def _write_marks(desk: Desk) -> int:
    if not unwritten_marks(desk).exists():
        return 0
    written = 0
    try:
        with turn(desk) as is_ours:
            if is_ours():
                with open_mailbox(desk) as mailbox:
                    for message in unwritten_marks(desk).select_related("received_mail"):
                        if not is_ours():
                            break
                        _write_mark(mailbox, message)
                        written += 1
    except MailboxError as failure:
        logger.warning("Marks of %s wait: %s", desk.code, failure)
    return written


def _write_mark(mailbox: Mailbox, message: Message) -> None:
    mail = getattr(message, "received_mail", None)
    # A mailbox that was made anew has other UIDs: there is nothing left to mark.
    if mail is not None and (mail.folder, mail.uidvalidity) == (mailbox.folder, mailbox.uidvalidity):
        mailbox.set_mark(mail.uid, message.mark)
    note_mark_written(message, message.mark)


def watch_marks(desk: Desk, mailbox: Mailbox, *, at: datetime) -> int:
    """Note the marks that somebody set in the mailbox by hand since ours were written; return how many are new.

    They are suggestions: no ticket changes by them. One command asks for all of them.
    """
    place = {"received_mail__folder": mailbox.folder, "received_mail__uidvalidity": mailbox.uidvalidity}
    watched = {one.pk: one for one in watched_marks(desk, at=at).filter(**place).select_related("received_mail")}
    uids = {one.received_mail.uid: pk for pk, one in watched.items()}
    seen = mailbox.marks(list(uids)) if uids else {}
    return note_seen_marks(watched, {uids[uid]: mark for uid, mark in seen.items()}, at=at)

"""Mail out: carry a queued reply to the mail server, once, and file its copy.  (E-I.6)

Each step is committed before the next: claimed, handed over (*sending*), accepted, filed. A crash before the hand-over
leaves a reply that is tried again; one after it leaves a reply whose outcome is looked up, or asked of a person.
"""

import logging
import smtplib
from datetime import datetime, timedelta
from email.utils import format_datetime, formataddr

from django.conf import settings
from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend

from contact.email import sending, tokens, wording
from contact.email.mailbox import Mailbox, MailboxError, open_mailbox
from contact.email.smtp import EmailBackend, Mail
from contact.email.turn import turn
from directory.models import Desk
from tickets import files
from tickets.actions import delivering
from tickets.models import Delivery, Message

logger = logging.getLogger(__name__)
# A reply in the state *sending* for longer than this has lost its worker.
SENDING_LIMIT = timedelta(minutes=10)
GIVE_UP_AFTER = timedelta(days=1)
# An id cannot be folded, and no line of a mail may be longer than 998 characters.
LONGEST_ID = 900
PAUSES = (1, 2, 5, 10, 20, 40, 60)  # minutes


def recover(*, at: datetime) -> None:
    """Look up the replies that lost their worker, and file the copies that are missing."""
    for message in _lost(at=at):
        resolve(message, at=at)
    file_copies(at=at)


def due(*, at: datetime) -> list[int]:
    """Return the replies to be tried at `at`, the longest due first, by message id."""
    queued = Delivery.objects.filter(state="queued", try_at__lte=at).order_by("try_at")
    return list(queued.values_list("message_id", flat=True))


def deliver(message_pk: int, *, at: datetime) -> bool:
    """Try to send one queued reply; False if it is not due, or another worker has it."""
    lease = delivering.claim_try(message_pk, at=at)
    if lease is None:
        return False
    message = _read(message_pk)
    connection = get_connection(**settings.CLIENT_MAIL)
    try:
        mail = compose(message)
    except OSError as unreadable:  # a file of its own, not the mail server
        _try_later(message, str(unreadable), at=at)
        return True
    except ValueError as unwritable:
        delivering.refuse(message, str(unwritable), at=at)
        return True
    try:
        connection.open()
    except OSError as failure:
        sending.note_attempt(message.ticket.desk, failure, at=at)
        _try_later(message, str(failure), at=at)
        delivering.hold_queue(at=at)
        return True
    try:
        if delivering.begin_sending(message_pk, lease, at=at):
            _send(message, mail, connection, at=at)
    finally:
        connection.close()
    return True


def _send(message: Message, mail: Mail, connection: BaseEmailBackend, *, at: datetime) -> None:
    try:
        connection.send_messages([mail])
    except (smtplib.SMTPServerDisconnected, TimeoutError, ConnectionError) as failure:
        # The line broke while the mail was handed over: only a look into Sent, or a person, can tell.
        logger.warning("Reply %s: outcome unknown: %s", message.message_id, failure)
        sending.note_attempt(message.ticket.desk, failure, at=at)
        resolve(message, at=at)
    except smtplib.SMTPRecipientsRefused as refused:
        is_ours = sending.note_attempt(message.ticket.desk, refused, at=at)
        codes = [code for code, _ in refused.recipients.values()]
        words = "; ".join(f"{address}: {code} {_text(text)}" for address, (code, text) in refused.recipients.items())
        _refused(message, words, is_final=not is_ours and all(code >= 500 for code in codes), at=at)
    except smtplib.SMTPResponseException as refused:
        # What the server refuses as a whole, today, is not the letter's fault: it waits for the server.
        is_ours = sending.note_attempt(message.ticket.desk, refused, at=at)
        words = f"{refused.smtp_code} {_text(refused.smtp_error)}"
        _refused(message, words, is_final=not is_ours and refused.smtp_code >= 500, at=at)
    except (ValueError, smtplib.SMTPNotSupportedError) as unwritable:
        # No such address can be written to: nothing was handed over.
        delivering.refuse(message, str(unwritable), at=at)
    else:
        delivering.accept(message, failed=_refused_by(connection), at=at)
        sending.note_attempt(message.ticket.desk, None, at=at)
        _file_copies(message.ticket.desk, at=at)


def _refused_by(connection: BaseEmailBackend) -> dict[str, str]:
    """Return the recipients that the server did not take while it took others, each with its words."""
    refused = connection.refused if isinstance(connection, EmailBackend) else {}
    return {address: f"{code} {_text(words)}" for address, (code, words) in refused.items()}


def compose(message: Message) -> Mail:
    """Return the mail of a reply: the same for its sending and for its copy."""
    desk = message.ticket.desk
    mark = tokens.mark_of(message.pk, settings.SECRET_KEY)
    headers = {
        tokens.HEADER: mark,
        "Message-ID": message.message_id,
        "Date": format_datetime(message.at.astimezone(desk.tz)),
        "From": formataddr((desk.name, desk.address)),
    }
    if message.in_reply_to and len(message.in_reply_to) <= LONGEST_ID:
        headers["In-Reply-To"] = message.in_reply_to
    if message.references:
        headers["References"] = " ".join(one for one in message.references if len(one) <= LONGEST_ID)
    text = wording.plain(message, desk.tz)
    sender = tokens.bounce_address(settings.BOUNCE_ADDRESS, mark, desk.address)
    mail = Mail(message.subject, text, sender, message.to, cc=message.cc, headers=headers)
    mail.goes_to = delivering.addressed(message, message.delivery)
    mail.attach_alternative(wording.html(message, desk.tz), "text/html")
    for one in message.attachments.all():
        mail.attach(one.name, files.path_of(one.sha256).read_bytes(), one.content_type)
    return mail


def resolve(message: Message, *, at: datetime) -> None:
    """Find out what became of a reply whose sending was cut off: in Sent it left, else a person must say."""
    try:
        with open_mailbox(message.ticket.desk) as mailbox:
            # The copy of an earlier attempt, which came back, says nothing of this one.
            is_sent = not message.delivery.is_filed and mailbox.is_filed(message.message_id)
    except MailboxError as failure:
        logger.warning("Reply %s cannot be looked up in Sent: %s", message.message_id, failure)
        is_sent = False
    if is_sent:
        delivering.accept(message, at=at)
        delivering.note_filed(message)
    else:
        delivering.lose(message, at=at)


def file_copies(*, at: datetime) -> int:
    """File the copies of sent replies that have none yet; return how many were filed."""
    return sum(_file_copies(desk, at=at) for desk in Desk.objects.order_by("pk"))


def _file_copies(desk: Desk, *, at: datetime) -> int:
    unfiled = Delivery.objects.filter(is_filed=False, accepted_at__lte=at, message__ticket__desk=desk)
    waiting = list(unfiled.order_by("accepted_at").values_list("message_id", flat=True))
    if not waiting:
        return 0
    filed = 0
    try:
        with turn(desk) as is_ours:
            if is_ours():
                with open_mailbox(desk) as mailbox:
                    for pk in waiting:
                        filed += is_ours() and file_copy(_read(pk), mailbox)
    except MailboxError as failure:
        logger.warning("Copies of %s wait: %s", desk.code, failure)
    return filed


def file_copy(message: Message, mailbox: Mailbox) -> bool:
    """Put the reply into the mailbox's Sent folder, once; False if it cannot be written now. The turn is ours."""
    if not mailbox.is_filed(message.message_id):
        try:
            raw = compose(message).message().as_bytes()
        except OSError as failure:
            logger.warning("Copy of %s not filed yet: %s", message.message_id, failure)
            return False
        mailbox.file(raw, message.at)
    delivering.note_filed(message)
    return True


def _refused(message: Message, words: str, *, is_final: bool, at: datetime) -> None:
    if is_final:
        delivering.refuse(message, words, at=at)
    else:
        _try_later(message, words, at=at)


def _try_later(message: Message, words: str, *, at: datetime) -> None:
    delivery = Delivery.objects.get(message=message)
    if at - delivery.queued_at >= GIVE_UP_AFTER:
        delivering.give_up(message, words, at=at)
        return
    pause = PAUSES[min(delivery.tries, len(PAUSES)) - 1]
    delivering.postpone(message.pk, words, try_at=at + timedelta(minutes=pause), at=at)


def _lost(*, at: datetime) -> list[Message]:
    lost = Delivery.objects.filter(state="sending", sending_at__lt=at - SENDING_LIMIT)
    return [_read(pk) for pk in lost.values_list("message_id", flat=True)]


def _read(message_pk: int) -> Message:
    return Message.objects.select_related("ticket__desk", "author__user", "answered").get(pk=message_pk)


def _text(raw: bytes | str) -> str:
    return raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw

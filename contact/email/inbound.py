"""Mail in: store the raw bytes first, then do what can be repeated.  (E-II.1a)"""

import logging
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, OperationalError, transaction

from audit.actions import record, record_many
from audit.verbs import Verb
from contact.email import sent, tokens, watch
from contact.email.ahead import ahead
from contact.email.batch import Batch, waiting
from contact.email.charsets import storable
from contact.email.failures import cause_of
from contact.email.guard import is_own, tell_of_loop
from contact.email.intake import fetch
from contact.email.mailbox import MailboxError, open_mailbox
from contact.email.marks import watch_marks
from contact.email.parse import Attachment, ParsedMail, parse
from contact.models import Box, MailboxCheck, RawMail, ReceivedMail
from directory.models import Desk, User
from escalation.models import Outage
from helpdesk import nudge
from helpdesk.rows import update_rows
from tickets.actions.delivering import bounce
from tickets.actions.handwritten import receive_own_reply
from tickets.actions.receiving import File, Letter, receive_message
from tickets.models import Message

logger = logging.getLogger(__name__)
State, Reason = ReceivedMail.State, ReceivedMail.Reason
# What linking changes of a mail, by column attribute.
SAVED = ("state", "reason", "error", "sender", "recipients", "subject", "letter_id", "message_id")
# How much of an automatic mail is searched for our mark; the rest is what was returned of files.
MOST_SEARCHED = 500_000


def check_inbox(desk: Desk, *, at: datetime) -> MailboxCheck:
    """Take in what is new in the desk's mailbox and record the check. Safe to repeat and to run many at once."""
    check = MailboxCheck(desk=desk, at=at)
    try:
        with open_mailbox(desk) as mailbox:
            check.fetched = fetch(desk, mailbox, at=at)
            sent_folder = mailbox.sent()
            if sent_folder is not None:
                fetch(desk, sent_folder, box=Box.SENT, at=at)
            watch_marks(desk, mailbox, at=at)
            if mailbox.is_full():
                raise MailboxError("the mailbox has no room left", Outage.Cause.QUOTA)
    except MailboxError as failure:
        logger.warning("Mailbox of %s: %s", desk.code, failure)
        check.cause, check.error = cause_of(failure), str(failure)[:500]
    watch.note_mailbox(check, at=at)
    link_received(desk, at=at)
    return check


def link_received(desk: Desk, *, at: datetime) -> int:
    """Carry every stored mail to its ticket or its reason, in the order of receipt; return how many were carried.

    Many at a time, in one transaction; where that fails, one at a time: a bad letter stops no other.
    """
    carried = 0
    try:
        for letters in ahead(_read, map(_raws, waiting(desk))):
            carried += _carry_each(letters, at=at)
    except OperationalError:
        # The database is busy or gone. Those behind wait too: an answer must not be linked before what it answers.
        logger.exception("Mail of %s is linked at the next check", desk.code)
    return carried


def _raws(pks: list[int]) -> dict[int, bytes]:
    contents = dict(RawMail.objects.filter(pk__in=pks).values_list("pk", "content"))
    return {pk: bytes(contents[pk]) for pk in pks}


def _read(raws: dict[int, bytes]) -> dict[int, ParsedMail]:
    return {pk: parse(raw) for pk, raw in raws.items()}


def _carry_each(letters: dict[int, ParsedMail], *, at: datetime) -> int:
    try:
        return _carry(letters, at=at)
    except Exception as failure:
        logger.warning("Mails %s to %s are linked one at a time: %s", min(letters), max(letters), failure)
        return sum(link(pk, at=at) for pk in letters)


def link(pk: int, *, at: datetime) -> bool:
    """Carry one mail on; False if another worker did. A mail that breaks the step is kept as *unprocessed*.

    Raises OperationalError if the database fails twice.
    """
    try:
        try:
            return bool(_carry(_read(_raws([pk])), at=at))
        except (OperationalError, IntegrityError) as busy:  # another worker was quicker: with this client, this lock
            logger.warning("Mail %s is linked at a second try: %s", pk, busy)
            return bool(_carry(_read(_raws([pk])), at=at))
    except OperationalError:
        raise
    except OSError:
        # The disk is full: not the letter's fault. It stays received; the next check tries again.
        logger.exception("Mail %s could not be linked now", pk)
    except Exception as failure:
        # One bad letter must not stop those behind it; it is listed with its reason, and its bytes are kept.
        logger.exception("Mail %s could not be linked", pk)
        with transaction.atomic():
            mail = ReceivedMail.objects.select_for_update(of=("self",)).get(pk=pk)
            if mail.state == State.RECEIVED:
                _set_aside(mail, Reason.FAILED, at=at, error=f"{type(failure).__name__}: {failure}")
                _save(mail)
    return True


def _carry(letters: dict[int, ParsedMail], *, at: datetime) -> int:
    """Carry mails of one desk on, all or none; return how many no other worker had carried yet."""
    with transaction.atomic():
        rows = ReceivedMail.objects.select_for_update(of=("self",)).filter(pk__in=letters, state=State.RECEIVED)
        mails = list(rows.order_by("received_at", "pk"))
        if mails:
            desk = Desk.objects.select_related("calendar").get(pk=mails[0].desk_id)
            for mail in mails:
                mail.desk = desk
            _carry_together(mails, letters, at=at)
    return len(mails)


def _carry_together(mails: list[ReceivedMail], letters: dict[int, ParsedMail], *, at: datetime) -> None:
    batch, unsaved = Batch(mails, letters, at=at), list[ReceivedMail]()

    def save() -> None:
        batch.write()
        update_rows(ReceivedMail, ("id", *SAVED), [_saved(mail) for mail in unsaved])
        unsaved.clear()

    for mail in mails:
        if mail.box == Box.SENT:
            save()  # a letter by hand changes what became of its copies
        _link(mail, letters[mail.pk], batch)
        batch.note_carried(mail)
        unsaved.append(mail)
        if mail.box == Box.SENT:
            save()  # the answer to it may be the next
    save()


def _link(mail: ReceivedMail, parsed: ParsedMail, batch: Batch) -> None:
    mail.sender, mail.subject = parsed.sender.address[:320], parsed.subject[:300]
    mail.letter_id = parsed.message_id[:500]
    mail.recipients = ", ".join(one.address for one in (*parsed.to, *parsed.cc))[:500]
    if mail.received_at < mail.desk.starts_at:
        _move(mail, State.HISTORY)
    elif mail.box == Box.SENT:
        state, mail.message = sent.place(mail, parsed, letter_of(parsed), at=batch.at)
        _move(mail, state)
        batch.note_known(parsed.message_id)
    elif _is_known(mail, parsed, batch):
        _move(mail, State.DUPLICATE)
    else:
        _link_letter(mail, parsed, batch)


def _link_letter(mail: ReceivedMail, parsed: ParsedMail, batch: Batch) -> None:
    ours = _reply_named(mail, parsed) if parsed.is_automatic else None
    reason = _reason_against(mail, parsed, ours, batch)
    if reason:
        _set_aside(mail, reason, at=batch.at)
        return
    if parsed.bounce is not None and ours is not None:
        # The failed reply is told of; the report itself is put beside it below.
        failed = {address: f"{address} {status}".strip() for address, status in parsed.bounce.failed}
        batch.write()
        bounce(ours, "; ".join(failed.values()), failed=failed, at=batch.at)
    ticket, suggested = (ours.ticket, None) if ours else batch.threads.belonging(parsed)
    if ticket is None and parsed.is_automatic:
        _set_aside(mail, Reason.AUTOMATIC, at=batch.at)
        return
    letter, at = letter_of(parsed), mail.received_at
    mail.message = batch.arrivals.receive(letter, ticket=ticket, suggested=suggested, received_at=at)
    batch.note(mail.message)
    _move(mail, State.LINKED)
    if ticket is None:
        _show_what_it_answers(mail, parsed, batch)


def _reason_against(mail: ReceivedMail, parsed: ParsedMail, ours: Message | None, batch: Batch) -> str:
    """Return why the mail is for a person to look at before it is on any ticket; "" if it is not."""
    if parsed.bounce is not None and ours is not None:
        return ""
    if not parsed.sender.address:
        return Reason.NO_SENDER
    if _is_ours(mail.desk, parsed, batch):
        return Reason.OWN
    if parsed.bounce is None and batch.guard.is_loop(mail):
        batch.write()
        tell_of_loop(mail, at=batch.at)
        return Reason.LOOP
    return ""


def _is_known(mail: ReceivedMail, parsed: ParsedMail, batch: Batch) -> bool:
    """Tell whether the very same letter is here already: sent to an alias and to us, or copied in the mailbox.

    Our own letter that comes back, sent to the desk in copy, is known by its Message-ID alone: servers rewrite the
    rest.
    """
    if batch.is_copy(mail):
        return True
    if not batch.may_be_here(parsed):
        return False
    same = Message.objects.filter(ticket__desk=mail.desk, message_id=parsed.message_id)
    sender = parsed.sender.address.lower()
    if sender == mail.desk.address.lower():
        return same.filter(kind=Message.Kind.OUTGOING).exists()
    return same.filter(subject=parsed.subject[:1000], sender_address=sender, text=parsed.text).exists()


def _show_what_it_answers(mail: ReceivedMail, parsed: ParsedMail, batch: Batch) -> None:
    """Put what the office wrote by hand of its own accord on the ticket that the answer to it has opened."""
    if not parsed.in_reply_to and not parsed.references:
        return
    written = list(sent.answered_by(mail.desk, parsed))
    if written:
        batch.write()
    for ours in written:
        assert mail.message is not None
        letter = letter_of(parse(bytes(ours.raw.content)))
        ours.message = receive_own_reply(mail.message.ticket, letter, written_at=ours.received_at, at=batch.at)
        _move(ours, State.LINKED)
        _save(ours)
        batch.note_known(letter.message_id)


def _is_ours(desk: Desk, parsed: ParsedMail, batch: Batch) -> bool:
    """Tell whether the letter is our own, come back."""
    is_from_us = parsed.sender.address.lower() == desk.address.lower()
    return is_from_us or (batch.may_be_here(parsed) and is_own(parsed))


def _reply_named(mail: ReceivedMail, parsed: ParsedMail) -> Message | None:
    """Return the reply of ours that an automatic mail is about: by our mark in it, or by the ids that it names."""
    ours = Message.objects.filter(ticket__desk=mail.desk, delivery__isnull=False).select_related("ticket")
    marked = tokens.marked(_texts(mail, parsed), settings.SECRET_KEY)
    found = ours.filter(pk=marked).first() if marked else None
    original = parsed.bounce.original_message_id if parsed.bounce else ""
    for message_id in (original, parsed.in_reply_to, *reversed(parsed.references)):
        if found is None and message_id:
            found = ours.filter(message_id=message_id).first()
    return found


def _texts(mail: ReceivedMail, parsed: ParsedMail) -> Iterator[str]:
    """Yield where a mark may stand: as the mail came (its recipients, what was returned), then its parts decoded."""
    yield bytes(mail.raw.content)[:MOST_SEARCHED].decode("ascii", "replace")
    yield parsed.text
    for one in parsed.attachments:
        if one.content_type.startswith(("message/", "text/")):
            yield one.content[:MOST_SEARCHED].decode("ascii", "replace")


def letter_of(parsed: ParsedMail) -> Letter:
    return Letter(
        sender_name=parsed.sender.name,
        sender_address=parsed.sender.address,
        subject=parsed.subject,
        text=parsed.text,
        reply=parsed.reply,
        html=parsed.html,
        to=tuple(one.address for one in parsed.to),
        cc=tuple(one.address for one in parsed.cc),
        message_id=parsed.message_id,
        in_reply_to=parsed.in_reply_to,
        references=parsed.references,
        reply_to=tuple(one.address for one in parsed.reply_to),
        is_automatic=parsed.is_automatic,
        files=tuple(
            File(one.name, one.content_type, one.content, one.content_id, one.inline, _contents(one))
            for one in parsed.attachments
        ),
    )


def _contents(file: Attachment) -> dict[str, list[list[Any]]]:
    """Return what a signed container holds, in values of JSON."""
    container = file.container
    if container is None:
        return {}
    signers = [
        [storable(one.name)[:300], one.signed_at.isoformat() if one.signed_at else ""] for one in container.signers
    ]
    return {"files": [[storable(one.name)[:300], one.size] for one in container.files], "signers": signers}


def _set_aside(mail: ReceivedMail, reason: str, *, at: datetime, error: str = "") -> None:
    _move(mail, State.UNPROCESSED)
    mail.reason, mail.error = reason, error.replace("\x00", "")[:500]
    record(mail, Verb.MAIL_UNPROCESSED, by=None, at=at, reason=reason)


def _move(mail: ReceivedMail, state: str) -> None:
    """Put the mail into another state; the caller saves what `SAVED` names."""
    mail.state, mail.reason, mail.error = state, "", ""


def _saved(mail: ReceivedMail) -> tuple[object, ...]:
    """Return the mail's id and what is saved of it, in the order of SAVED; its message is written by now."""
    facts = [getattr(mail, name) for name in SAVED[:-1]]
    return (mail.pk, *facts, mail.message.pk if mail.message else None)


def _save(mail: ReceivedMail) -> None:
    mail.save(update_fields=[*SAVED[:-1], "message"])


@transaction.atomic
def retry(mail: ReceivedMail, *, by: User, at: datetime) -> ReceivedMail:
    """Run the step again on a mail that was set aside; a no-op on one that is on a ticket."""
    mail = ReceivedMail.objects.select_for_update(of=("self",)).get(pk=mail.pk)
    if mail.state == State.LINKED:
        return mail
    _move(mail, State.RECEIVED)
    _save(mail)
    record(mail, Verb.MAIL_RETRIED, by=by, at=at)
    link(mail.pk, at=at)
    mail.refresh_from_db()
    return mail


@transaction.atomic
def retry_all(desk: Desk, *, by: User, at: datetime) -> int:
    """Run the step again on every mail of the desk that could not be read, after the commit; return how many."""
    stuck = ReceivedMail.objects.filter(desk=desk, state=State.UNPROCESSED, reason=Reason.FAILED)
    mails = list(stuck.select_for_update(of=("self",)).order_by("pk"))
    ReceivedMail.objects.filter(pk__in=[one.pk for one in mails]).update(state=State.RECEIVED, reason="", error="")
    record_many([(one, at, {}) for one in mails], Verb.MAIL_RETRIED, by=by)
    nudge.after_commit("contact.email.link_received", desk.pk)
    return len(mails)


@transaction.atomic
def make_ticket(mail: ReceivedMail, *, sender: str, by: User, at: datetime) -> ReceivedMail:
    """Open a ticket from a mail that was set aside; a person names the sender where the mail has none.

    Its deadlines run from the mail's receipt, also where that was before the desk's start. A no-op on one that is on
    a ticket.
    """
    mail = ReceivedMail.objects.select_for_update(of=("self",)).select_related("desk").get(pk=mail.pk)
    if mail.state == State.LINKED:
        return mail
    parsed = parse(bytes(mail.raw.content))
    letter = letter_of(parsed)
    mail.sender, mail.subject = sender, parsed.subject[:300]
    person = {"sender_address": sender, "is_automatic": False}
    mail.message = receive_message(
        mail.desk, Letter(**{**vars(letter), **person}), ticket=None, received_at=mail.received_at, at=at
    )
    _move(mail, State.LINKED)
    _save(mail)
    record(mail, Verb.MAIL_RETRIED, by=by, at=at)
    return mail

"""An answer to the client: written here, carried by `contact`."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit.actions import record
from audit.verbs import Verb
from directory.models import User
from directory.signature import signature
from helpdesk import nudge
from helpdesk.errors import DomainError
from knowledge.identity_codes import identity_codes
from sla.actions import hold_for_sending, remember
from sla.models import Kind
from sla.queries import deadlines_of
from tickets import files
from tickets.actions.macros import apply_macro, topic_given
from tickets.actions.pausing import resume_ticket
from tickets.actions.receiving import File
from tickets.actions.registering import take_number
from tickets.actions.working import check_order, handle, locked, set_owner
from tickets.approvals import refuse_unapproved
from tickets.kinds import kind_of
from tickets.models import Attachment, Delivery, Draft, Message, Ticket
from tickets.people import answer_to, folded, is_own, once, recipients_of
from tickets.queries import client_addresses, known_addresses, last_from_client, last_to_see
from tickets.sizes import mail_size
from tickets.transitions import Act, next_state

# What a substantive answer meets: with it the client has what a draft was to bring.
ANSWERED = (Kind.REPLY, Kind.PROMISED, Kind.PHONE_ANSWER, Kind.SEND_DRAFT)
# What the interim notice that goes with forwarding meets.  (E-II.4a)
NOTICED = (Kind.REPLY,)


class TextMissing(DomainError):
    code = "text_missing"
    words = _("Write the reply before sending it.")


class NobodyToAnswer(DomainError):
    code = "nobody_to_answer"
    words = _("There is no message from the client on this ticket, so there is no address to answer to.")


class SentAlready(DomainError):
    code = "sent_already"
    words = _("Another text was sent from this form already. Open the ticket anew to write one more reply.")


class NotSeenYet(DomainError):
    code = "not_seen_yet"
    words = _("The client has written again since you opened the ticket. Read the new message above, then send.")


class NewAddress(DomainError):
    """`fresh` lists the addresses that were never on the ticket."""

    code = "new_address"
    words = _("Nobody on this ticket has used this address yet: %(addresses)s. Check it, then send once more.")

    def __init__(self, fresh: list[str]) -> None:
        super().__init__(addresses=", ".join(fresh))
        self.fresh = fresh


class OwnAddress(DomainError):
    code = "own_address"
    words = _("%(address)s is the desk's own address: the letter would come back to us. Remove it.")


class ClientLeftOut(DomainError):
    code = "client_left_out"
    words = _(
        "None of these addresses is the client's, so this would not answer them. "
        "Add %(address)s, or remove the tick at “a substantive answer”."
    )


class MailTooLarge(DomainError):
    code = "mail_too_large"
    words = _(
        "With these files the letter would be %(size)s MB; it may be %(most)s MB. "
        "Leave some out, or send them in several letters. (In a letter, files grow by a third.)"
    )

    def __init__(self, sizes: Collection[int]) -> None:
        size, most = mail_size(sizes) / 2**20, settings.MAX_MAIL / 2**20
        super().__init__(size=f"{size:.1f}".replace(".", ","), most=f"{most:.0f}")


class AnsweredByHand(DomainError):
    code = "answered_by_hand"
    words = _("A colleague has answered from the mailbox since you opened the ticket. Read it above, then send.")


class AnsweredMeanwhile(DomainError):
    code = "answered_meanwhile"
    words = _("The client was written to since you opened the ticket. Read it above; send only what is still needed.")


class DraftHasCome(DomainError):
    code = "draft_has_come"
    words = _("A draft has come since you opened the ticket. Open the ticket anew and read it, then send.")


class IdentityCodeUnconfirmed(DomainError):
    code = "identity_code_unconfirmed"
    words = _(
        "There is a personal identity code in the letter. Take it out, or confirm below that the client needs it."
    )


@dataclass(frozen=True)
class Reply:
    """An answer as its sender wrote it. `key` is made with the form: sending the same form twice sends one mail.

    `seen` is the last message that lay before the writer, the client's or one of ours by hand: a reply must not pass for
    the answer to a later one, nor say what was said already. It goes to `to` and `cc`; without `to`, to whom the client's
    last message asks to be answered. `confirmed` are the addresses new to the ticket that the writer was asked about.
    `draft` is the submitted draft that lay before the writer. `is_interim` only for the notice of `forwarding`.
    `codes_confirmed`: the writer says that the client needs the personal identity codes in the letter.
    `macro` is what the text began with, and what it does besides. `html` is the text with its marks of form, cleaned
    by `rich_text`; "" where it has none.
    """

    text: str
    key: str
    is_substantive: bool = True
    seen: int | None = None
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    confirmed: tuple[str, ...] = ()
    draft: int | None = None
    is_interim: bool = False
    codes_confirmed: bool = False
    macro: int | None = None
    html: str = field(default="", repr=False)
    files: tuple[File, ...] = field(default=(), repr=False)


@transaction.atomic
def reply_to_client(ticket: Ticket, reply: Reply, *, order_reason: str = "", by: User, at: datetime) -> Message:
    """Queue an answer to the client's last message, signed, from the desk's address.  (E-I.6, E-II.3)

    A substantive one puts the `reply` deadlines of every message received before it into *answering*; they are met,
    dated now, when the mail server accepts it. Any reply ends a pause. Raises NotAllowedInState, TextMissing,
    ProfileIncomplete, OlderWaiting, NobodyToAnswer, NotSeenYet, AnsweredByHand, AnsweredMeanwhile, DraftHasCome,
    ApprovalMissing, SentAlready, OwnAddress, NewAddress, ClientLeftOut, MailTooLarge, IdentityCodeUnconfirmed,
    MacroGone. Mails after the commit.
    """
    ticket = locked(ticket)
    sent = sent_before(ticket, reply)
    if sent is not None:
        return sent
    state = next_state(ticket.state, Act.REPLY)
    answered = _check(ticket, reply)
    to, cc = _recipients(ticket, reply, answered)
    signed = f"{reply.text.strip()}\n\n{signature(by.employee, ticket.desk)}\n"
    check_order(ticket, order_reason, by=by, at=at)
    reply = replace(reply, to=to, cc=cc)
    before = _before(ticket)
    message = _write(ticket, reply, answered, signed, by=by, at=at)
    # For a moment it can be taken back; the sweep of the queue sends it, whatever becomes of this process.
    times = {"queued_at": at, "try_at": at + settings.UNDO_SPAN}
    Delivery.objects.create(desk=ticket.desk, message=message, before=before, **times)
    facts = {"message_id": message.message_id, "is_substantive": reply.is_substantive}
    if holds_codes(ticket, reply.text, answered):
        facts["codes_confirmed"] = True
    record(message, Verb.REPLY_QUEUED, by=by, at=at, **facts)
    if reply.macro is not None:
        apply_macro(ticket, reply.macro, message, by=by, at=at)
    if ticket.owner_id is None:
        set_owner(ticket, by=by, at=at)
    if ticket.state == Ticket.State.WAITING:
        # What was paused is owed again from here on, before this reply may answer it.
        resume_ticket(ticket, resumed_at=at, by=by, at=at)
    handle(ticket, state, by=by, at=at)
    hold_for_sending(deadlines_of(ticket).filter(kind__in=kinds_met_by(message)), message, at=at)
    take_number(ticket, message, by=by, at=at)
    nudge.after_commit("contact.email.deliver", message.pk)
    return message


def _check(ticket: Ticket, reply: Reply) -> Message:
    """Return the message that the reply answers. Raises TextMissing, NobodyToAnswer, NotSeenYet, AnsweredByHand,
    AnsweredMeanwhile, DraftHasCome, ApprovalMissing, MacroGone, MailTooLarge, IdentityCodeUnconfirmed.
    """
    if not reply.text.strip():
        raise TextMissing
    answered = last_from_client(ticket)
    if answered is None:
        raise NobodyToAnswer
    refuse_unseen(ticket, reply.seen)
    _refuse_past_draft(ticket, reply)
    if reply.is_substantive:
        becomes = topic_given(ticket, reply.macro) if reply.macro is not None else None
        refuse_unapproved(ticket, reply.text, becomes=becomes)
    sizes = [len(one.content) for one in reply.files]
    if mail_size(sizes) > settings.MAX_MAIL:
        raise MailTooLarge(sizes)
    if not reply.codes_confirmed and holds_codes(ticket, reply.text, answered):
        raise IdentityCodeUnconfirmed
    return answered


def holds_codes(ticket: Ticket, text: str, answered: Message) -> bool:
    """Tell whether a personal identity code would leave in our words or in the subject.  (E-I.4, E-I.5)"""
    said = (text, subject_of(ticket, answered.subject))
    return any(True for one in said for _span in identity_codes(one))


def kinds_met_by(message: Message) -> Collection[str]:
    """Return the kinds of deadlines that a reply of ours meets once it was accepted."""
    if message.is_interim:
        return NOTICED
    return ANSWERED if message.is_substantive else ()


def _before(ticket: Ticket) -> dict[str, object]:
    """Return how the ticket stands, in values of JSON, for `recalling` to put it back."""
    unmarked = Message.objects.filter(ticket=ticket, mark=Message.Mark.NONE).values_list("pk", flat=True)
    return {
        "state": ticket.state,
        "owner": ticket.owner_id,
        "expert": ticket.expert_id,
        "resume_on": ticket.resume_on.isoformat() if ticket.resume_on else None,
        "unmarked": list(unmarked),
        "deadlines": remember(ticket),
    }


def refuse_unseen(ticket: Ticket, seen: int | None) -> None:
    """Refuse what was written before the last message came. Raises NotSeenYet, AnsweredByHand, AnsweredMeanwhile."""
    last = last_to_see(ticket)
    if seen is not None and last is not None and seen != last.pk:
        if last.kind == Message.Kind.INCOMING:
            raise NotSeenYet
        raise AnsweredByHand if last.is_by_hand else AnsweredMeanwhile


def _refuse_past_draft(ticket: Ticket, reply: Reply) -> None:
    """Refuse an answer whose writer has not seen the draft that has come since.  (E-II.4e)"""
    seen = [reply.draft] if reply.draft else []
    waits = Draft.objects.filter(ticket=ticket, state=Draft.State.SUBMITTED)
    if reply.seen is not None and reply.is_substantive and waits.exclude(pk__in=seen).exists():
        raise DraftHasCome


def sent_before(ticket: Ticket, reply: Reply) -> Message | None:
    """Return the message that the same form has made already. Raises SentAlready if its words or people were others."""
    sent = Message.objects.filter(ticket=ticket, message_id=_message_id(ticket, reply)).first()
    if sent is None:
        return None
    people = {folded(one) for one in (*reply.to, *reply.cc)}
    is_other = bool(people) and people != {folded(one) for one in recipients_of(sent)}
    if is_other or sent.reply != reply.text.strip():
        raise SentAlready
    return sent


def _recipients(ticket: Ticket, reply: Reply, answered: Message) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return To and Cc as they will leave. Raises OwnAddress, NewAddress, ClientLeftOut."""
    own = ticket.desk.address
    to = once(reply.to) or answer_to(answered, own)
    cc = once(reply.cc, without=to)
    for address in (*to, *cc):
        if is_own(address, own):
            raise OwnAddress(address=address)
    known = known_addresses(ticket) | {folded(one) for one in reply.confirmed}
    fresh = [one for one in (*to, *cc) if folded(one) not in known]
    if fresh:
        raise NewAddress(fresh)
    if reply.is_substantive and client_addresses(ticket).isdisjoint(folded(one) for one in (*to, *cc)):
        raise ClientLeftOut(address=answered.sender_address)
    return tuple(to), tuple(cc)


def _message_id(ticket: Ticket, reply: Reply) -> str:
    return f"<{ticket.number}.{reply.key}@{ticket.desk.address.partition('@')[2]}>".lower()


def _write(ticket: Ticket, reply: Reply, answered: Message, signed: str, *, by: User, at: datetime) -> Message:
    # A program that writes no References may still name what it answers.  (RFC 5322, 3.6.4)
    thread = [*(answered.references or [answered.in_reply_to]), answered.message_id]
    message = Message.objects.create(
        ticket=ticket,
        kind=Message.Kind.OUTGOING,
        at=at,
        author=by.employee,
        client=answered.client,
        sender_name=ticket.desk.name,
        sender_address=ticket.desk.address,
        to=list(reply.to),
        cc=list(reply.cc),
        subject=subject_of(ticket, answered.subject),
        text=signed,
        reply=reply.text.strip(),
        html=reply.html,
        message_id=_message_id(ticket, reply),
        in_reply_to=answered.message_id,
        answered=answered,
        references=[one for one in dict.fromkeys(thread) if one],
        mark=Message.Mark.COMPLETE,
        is_substantive=reply.is_substantive,
        is_interim=reply.is_interim,
    )
    Attachment.objects.bulk_create(
        Attachment(
            message=message,
            name=one.name[:300],
            content_type=one.content_type[:200],
            size=len(one.content),
            sha256=files.store(one.content),
            real_type=kind_of(one.content, one.name).media_type[:200],
        )
        for one in reply.files
    )
    return message


def subject_of(ticket: Ticket, subject: str) -> str:
    """Return the subject of an answer: one "Re:", and the ticket's number once."""
    plain = (subject or ticket.subject).strip()
    while plain[:3].lower() in ("re:", "at:"):
        plain = plain[3:].strip()
    plain = plain[:900]  # the longest that a mail may have, with room for what is added
    return f"Re: {plain}" if ticket.number in plain else f"Re: {plain} [{ticket.number}]"

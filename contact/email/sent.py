"""Mail of the Sent folder: copies of what left from here, and what the office wrote by hand.  (E-I.6, E-II.3)"""

from datetime import datetime

from django.conf import settings
from django.db.models import Q, QuerySet

from contact.email import tokens
from contact.email.mime import read_headers
from contact.email.parse import ParsedMail
from contact.email.threading import number_in
from contact.models import Box, ReceivedMail
from directory.models import Desk
from tickets.actions.handwritten import receive_own_reply
from tickets.actions.receiving import Letter
from tickets.models import Message, Ticket
from tickets.queries import is_on_ticket, thread_of

State, Reason = ReceivedMail.State, ReceivedMail.Reason


def place(mail: ReceivedMail, parsed: ParsedMail, letter: Letter, *, at: datetime) -> tuple[str, Message | None]:
    """Return what a mail of the Sent folder is, with the message that it became.

    A copy of a reply of ours is never taken in again. What was written by hand from the desk's address becomes a reply
    on the ticket it belongs to; without one it is kept as sent, and is on the ticket that its answer opens.
    """
    if _is_ours(mail, parsed):
        return State.COPY, None
    if _is_taken_in(mail, parsed):
        return State.DUPLICATE, None
    _own_copies(mail).update(state=State.DUPLICATE, reason="")
    if parsed.sender.address.lower() != mail.desk.address.lower() or parsed.is_automatic:
        return State.SENT, None
    ticket = _answered(mail.desk, parsed)
    if ticket is None:
        return State.SENT, None
    return State.LINKED, receive_own_reply(ticket, letter, written_at=mail.received_at, at=at)


def answered_by(desk: Desk, parsed: ParsedMail) -> QuerySet[ReceivedMail]:
    """Return what the office sent on no ticket and this mail answers, the oldest first; the rows are locked."""
    named = [one[:500] for one in (*parsed.references, parsed.in_reply_to) if one]
    ours = ReceivedMail.objects.filter(desk=desk, box=Box.SENT, state=State.SENT, letter_id__in=named)
    ours = ours.filter(sender__iexact=desk.address)
    return ours.select_for_update(of=("self",)).order_by("received_at", "pk")


def _is_ours(mail: ReceivedMail, parsed: ParsedMail) -> bool:
    # A server may give the mail another Message-ID on its way; our mark stays.
    named = read_headers(bytes(mail.raw.content[:65536]))[0].get(tokens.HEADER.lower())
    is_it = Q(pk=tokens.marked([named], settings.SECRET_KEY) or 0)
    if parsed.message_id:
        is_it |= Q(message_id=parsed.message_id)
    replies = Message.objects.filter(is_it, ticket__desk=mail.desk, is_by_hand=False)
    return replies.filter(kind=Message.Kind.OUTGOING).exists()


def _is_taken_in(mail: ReceivedMail, parsed: ParsedMail) -> bool:
    """Tell whether this mail is here already: copied in the mailbox, or saved both by the program and by the server."""
    others = ReceivedMail.objects.filter(desk=mail.desk, box=mail.box, state__in=[State.LINKED, State.SENT])
    others = others.exclude(pk=mail.pk)
    same_id = bool(parsed.message_id) and others.filter(letter_id=parsed.message_id[:500]).exists()
    return same_id or others.filter(sha256=mail.sha256).exists()


def _own_copies(mail: ReceivedMail) -> QuerySet[ReceivedMail]:
    """The same mail come back into the inbox, the desk being in copy, and set aside before this one was read."""
    set_aside = ReceivedMail.objects.filter(desk=mail.desk, state=State.UNPROCESSED, reason=Reason.OWN)
    return set_aside.filter(letter_id=mail.letter_id).exclude(letter_id="")


def _answered(desk: Desk, parsed: ParsedMail) -> Ticket | None:
    """The ticket that a mail of ours belongs to: by what it answers, or by its number if a recipient is on it."""
    ticket = thread_of(desk, [*parsed.references, parsed.in_reply_to])
    if ticket is not None:
        return ticket
    named = number_in(desk, parsed.subject)
    people = [one.address for one in (*parsed.to, *parsed.cc)]
    return named if named is not None and any(is_on_ticket(named, one) for one in people) else None

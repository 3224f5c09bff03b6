"""Which ticket a mail belongs to."""

import re

from contact.email.parse import ParsedMail
from directory.models import Desk
from tickets.models import Ticket
from tickets.queries import is_on_ticket, survivor_of, thread_of


def belonging(desk: Desk, parsed: ParsedMail) -> tuple[Ticket | None, Ticket | None]:
    """Return the ticket that the mail belongs to, and one that it may belong to; at most one of them.

    A person's mail belongs to the ticket that it answers, or whose number its subject names, if that person is on the
    ticket: has written there, or was written to. From anybody else it is a suggestion. A report or an automatic reply
    belongs to what it is about, whichever machine sent it.
    """
    answered = [parsed.bounce.original_message_id] if parsed.bounce else []
    ticket = thread_of(desk, [*parsed.references, parsed.in_reply_to, *answered])
    if ticket is not None and (parsed.is_automatic or is_on_ticket(ticket, parsed.sender.address)):
        return ticket, None
    named = number_in(desk, parsed.subject)
    if named is not None and is_on_ticket(named, parsed.sender.address):
        return named, None
    return None, ticket or named


def number_in(desk: Desk, subject: str) -> Ticket | None:
    """Return the ticket of the desk whose number stands in the subject, or the one that it was joined to."""
    found = re.search(rf"\b{re.escape(desk.prefix)}-\d{{4}}-\d{{5,}}\b", subject, re.IGNORECASE)
    ticket = Ticket.objects.filter(desk=desk, number=found[0].upper()).first() if found else None
    return survivor_of(ticket) if ticket is not None else None

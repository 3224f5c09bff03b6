"""Which ticket a mail belongs to."""

import re
from collections.abc import Collection

from contact.email.parse import ParsedMail
from directory.models import Desk
from tickets.actions.receiving import Arrivals
from tickets.models import Message, Ticket
from tickets.queries import survivor_of, threads_of, writers_on


class Threads:
    """Which tickets some letters to a desk belong to: asked of the database once for all of them, and kept up by
    `note` with what becomes of each. The tickets are locked.
    """

    def __init__(self, desk: Desk, letters: Collection[ParsedMail], arrivals: Arrivals) -> None:
        self._desk = desk
        threads = threads_of(desk, {one for letter in letters for one in answered_by(letter)})
        numbers = {number for letter in letters if (number := _number(desk, letter.subject))}
        found = Ticket.objects.filter(desk=desk, number__in=numbers).values_list("number", "pk", "merged_into")
        named = {number: pk for number, pk, _survivor in found}
        # At once with their survivors, in the order of ids: so lock those who join tickets and undo it.
        survivors = [pk for _number, _pk, pk in found if pk is not None]
        tickets = arrivals.lock([*threads.values(), *named.values(), *survivors])
        self._threads = {message_id: tickets[pk] for message_id, pk in threads.items()}
        self._named = {number: tickets[pk] for number, pk in named.items()}
        writers = writers_on({one.pk for one in tickets.values()})
        self._writers = {one.number: writers.get(one.pk, set()) for one in tickets.values()}

    def belonging(self, parsed: ParsedMail) -> tuple[Ticket | None, Ticket | None]:
        """Return the ticket that the mail belongs to, and one that it may belong to; at most one of them.

        A person's mail belongs to the ticket that it answers, or whose number its subject names, if that person is on
        the ticket: has written there, or was written to. From anybody else it is a suggestion. A report or an automatic
        reply belongs to what it is about, whichever machine sent it.
        """
        threads = (self._threads[one] for one in reversed(answered_by(parsed)) if one in self._threads)
        ticket = next(threads, None)
        if ticket is not None and (parsed.is_automatic or self._is_on(ticket, parsed.sender.address)):
            return ticket, None
        named = self._named.get(_number(self._desk, parsed.subject))
        if named is not None and self._is_on(named, parsed.sender.address):
            return named, None
        return None, ticket or named

    def note(self, message: Message) -> None:
        """Note what a letter has become; it need not be saved yet."""
        ticket = message.ticket
        self._named[ticket.number] = ticket
        if message.message_id:
            self._threads[message.message_id] = ticket
        if message.kind != Message.Kind.AUTOMATIC:
            people = {one.lower() for one in (message.sender_address, *message.to, *message.cc)}
            self._writers.setdefault(ticket.number, set()).update(people)

    def _is_on(self, ticket: Ticket, address: str) -> bool:
        """Tell what `is_on_ticket` does; a client who is new has the one address that they wrote from."""
        email, client = address.lower(), ticket.client
        if email in self._writers.get(ticket.number, ()):
            return True
        return client.pk is not None and client.addresses.filter(email=email).exists()


def answered_by(parsed: ParsedMail) -> list[str]:
    """Return the Message-IDs that the mail names as what it is about, the most telling last."""
    reported = [parsed.bounce.original_message_id] if parsed.bounce else []
    return [one for one in (*parsed.references, parsed.in_reply_to, *reported) if one]


def number_in(desk: Desk, subject: str) -> Ticket | None:
    """Return the ticket of the desk whose number stands in the subject, or the one that it was joined to."""
    ticket = Ticket.objects.filter(desk=desk, number=_number(desk, subject)).first()
    return survivor_of(ticket) if ticket is not None else None


def _number(desk: Desk, subject: str) -> str:
    found = re.search(rf"\b{re.escape(desk.prefix)}-\d{{4}}-\d{{5,}}\b", subject, re.IGNORECASE)
    return found[0].upper() if found else ""

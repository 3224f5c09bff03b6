"""A client has written: open a ticket or add to one."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from audit.actions import record, record_many
from audit.verbs import Verb
from directory.actions import enter_clients, unknown_client
from directory.models import Client, Desk
from directory.queries import clients_by_address
from sla.actions import Owed, draw_up, save_started
from sla.models import Deadline, Kind
from sla.queries import in_force, versions_of
from tickets import files
from tickets.actions.checking import judged, wake_scanner
from tickets.actions.junking import junk_senders, note_junk
from tickets.actions.numbering import locked_counter, next_number
from tickets.actions.pausing import resume_ticket
from tickets.models import Attachment, Message, Ticket, TicketCounter
from tickets.transitions import Act, next_state

# A mail may have any number of parts; the rest of its files stays in the raw mail.
MOST_FILES = 200


@dataclass(frozen=True)
class File:
    name: str
    content_type: str
    content: bytes
    content_id: str = ""
    is_inline: bool = False
    # What a container holds, as `Attachment.contents` has it.
    contents: dict[str, list[list[Any]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Letter:
    """What a client sent, cleaned: `text` is all of it, `reply` without quoted history, `html` safe to show."""

    sender_name: str
    sender_address: str
    subject: str
    text: str
    reply: str = ""
    html: str = ""
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    reply_to: tuple[str, ...] = ()
    message_id: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    is_automatic: bool = False
    files: tuple[File, ...] = field(default=(), repr=False)


@transaction.atomic
def receive_message(
    desk: Desk,
    letter: Letter,
    *,
    ticket: Ticket | None,
    suggested: Ticket | None = None,
    received_at: datetime,
    at: datetime,
) -> Message:
    """Add the letter to `ticket`, or open one; start the deadlines of its receipt.  (E-II.3, E-II.5a)

    An automatic message starts nothing. A completed ticket is reopened; a junk one stays junk, and so begins that of a
    sender whom the desk has learned as junk: a person is to look at it.
    """
    arrivals = Arrivals(desk, [letter.sender_address], at=at)
    message = arrivals.receive(letter, ticket=ticket, suggested=suggested, received_at=received_at)
    arrivals.write()
    return message


class Arrivals:
    """Letters to one desk, received one after another as `receive_message` does, their rows gathered and then written
    in a few statements. Within one transaction, with `write` at its end.

    Raises IntegrityError in `write` if somebody else made the same client meanwhile: then all of it is to be repeated.
    """

    def __init__(self, desk: Desk, addresses: Iterable[str], *, at: datetime) -> None:
        self.desk, self.at = desk, at
        senders = list(addresses)
        self._clients = clients_by_address(senders, at.astimezone(desk.tz).date())
        self._junk = junk_senders(desk, senders)
        self._policies = versions_of(desk)
        self._counters: dict[int, TicketCounter] = {}
        self._new_clients: dict[str, Client] = {}
        self._tickets: list[Ticket] = []
        self._junked: list[tuple[Ticket, str]] = []
        self._messages: list[Message] = []
        self._files: list[tuple[Message, File]] = []
        self._deadlines: list[Deadline] = []

    def receive(
        self, letter: Letter, *, ticket: Ticket | None, suggested: Ticket | None = None, received_at: datetime
    ) -> Message:
        """Receive one letter; its message, and a ticket that it opens, have their ids after the next `write`."""
        client = self._client(letter)
        if ticket is None:
            assert client is not None, "an automatic message opens no ticket"
            ticket = self._open_ticket(letter, client, suggested, received_at)
        else:
            lock = Ticket.objects.select_for_update(of=("self",), no_key=True)  # as `working.locked` does
            lock = lock.select_related("desk", "owner")
            ticket = lock.get(pk=ticket.pk)
            while ticket.merged_into_id is not None:  # joined to another this very moment
                ticket = lock.get(pk=ticket.merged_into_id)
        message = _message(ticket, letter, client, received_at)
        self._messages.append(message)
        self._files += [(message, one) for one in letter.files[:MOST_FILES]]
        if message.kind == Message.Kind.AUTOMATIC:
            return message
        if ticket.pk and ticket.state == Ticket.State.JUNK:
            note_junk(ticket)
        state = next_state(ticket.state, Act.CLIENT_WRITES)
        if state != ticket.state:
            self.write()  # what came before the change stands before it in the history
            if ticket.state == Ticket.State.WAITING:
                resume_ticket(ticket, resumed_at=received_at, by=None, at=self.at)
            else:
                reopen(ticket, state, received_at=received_at, at=self.at)
        if ticket.is_open:
            self._start_deadlines(message)
        return message

    def write(self) -> None:
        """Write what was gathered."""
        enter_clients(self._new_clients, at=self.at)
        _save_counters(self._counters)
        opened = Ticket.objects.bulk_create(self._tickets)
        record_many([(one, self.at, {"channel": one.channel}) for one in opened], Verb.TICKET_OPENED, by=None)
        junked = [(one, self.at, {"sender": sender}) for one, sender in self._junked]
        record_many(junked, Verb.TICKET_JUNKED, by=None)
        received = Message.objects.bulk_create(self._messages)
        told = [(one, self.at, {"received_at": one.at.isoformat(), "kind": one.kind}) for one in received]
        record_many(told, Verb.MESSAGE_RECEIVED, by=None)
        _save_files(self._files, at=self.at)
        save_started(self._deadlines, at=self.at)
        gathered = (self._new_clients, self._tickets, self._junked, self._messages, self._files, self._deadlines)
        for one in gathered:
            one.clear()

    def _client(self, letter: Letter) -> Client | None:
        address = letter.sender_address.strip().lower()
        # A machine that answers is no client: none is made for it.
        if address not in self._clients and not letter.is_automatic:
            self._clients[address] = self._new_clients[address] = unknown_client(address, letter.sender_name)
        return self._clients.get(address)

    def _open_ticket(self, letter: Letter, client: Client, suggested: Ticket | None, received_at: datetime) -> Ticket:
        sender = letter.sender_address.strip().lower()
        is_junk = sender in self._junk
        ticket = Ticket(
            desk=self.desk,
            number=self._next_number(self.at.astimezone(self.desk.tz).year),
            subject=letter.subject[:300],
            client=client,
            received_at=received_at,
            queued_at=received_at,
            suggested=suggested,
            state=Ticket.State.JUNK if is_junk else Ticket.State.UNPROCESSED,
            is_junk_unseen=is_junk,
        )
        self._tickets.append(ticket)
        if is_junk:
            self._junked.append((ticket, sender))
        return ticket

    def _next_number(self, year: int) -> str:
        if year not in self._counters:
            self._counters[year] = locked_counter(self.desk, year)
        return next_number(self._counters[year])

    def _start_deadlines(self, message: Message) -> None:
        owed = [Owed(kind, message=message) for kind in (Kind.MARK, Kind.REPLY)]
        policies = in_force(self._policies, message.at)
        self._deadlines += draw_up(message.ticket, owed, policies, started_at=message.at, at=self.at)


def _message(ticket: Ticket, letter: Letter, client: Client | None, received_at: datetime) -> Message:
    is_counted = not letter.is_automatic and ticket.state != Ticket.State.JUNK
    kind = Message.Kind.AUTOMATIC if letter.is_automatic else Message.Kind.INCOMING
    mark = Message.Mark.NONE if is_counted else Message.Mark.COMPLETE
    return _as_message(ticket, letter, kind=kind, mark=mark, client=client, at=received_at)


def store_message(ticket: Ticket, letter: Letter, *, stored_at: datetime, **facts: Any) -> Message:
    """Write the letter's message with its files; `facts` are the columns that the letter does not tell."""
    message = _as_message(ticket, letter, **facts)
    message.save(force_insert=True)
    _save_files([(message, one) for one in letter.files[:MOST_FILES]], at=stored_at)
    return message


def _as_message(ticket: Ticket, letter: Letter, **facts: Any) -> Message:
    return Message(
        ticket=ticket,
        sender_name=letter.sender_name[:300],
        sender_address=letter.sender_address.lower(),
        to=list(letter.to),
        cc=list(letter.cc),
        reply_to=list(letter.reply_to),
        subject=letter.subject[:1000],
        text=letter.text,
        reply=letter.reply,
        html=letter.html,
        message_id=letter.message_id[:1000],
        in_reply_to=letter.in_reply_to[:1000],
        references=list(letter.references),
        files_left=max(0, len(letter.files) - MOST_FILES),
        **facts,
    )


def _save_files(gathered: list[tuple[Message, File]], *, at: datetime) -> None:
    hashes = files.store_many(one.content for _, one in gathered)
    Attachment.objects.bulk_create(
        Attachment(
            message=message,
            name=one.name[:300],
            content_type=one.content_type[:200],
            size=len(one.content),
            sha256=sha256,
            content_id=one.content_id[:300],
            is_inline=one.is_inline,
            contents=one.contents,
            **judged(one.name, one.content, at=at),
        )
        for (message, one), sha256 in zip(gathered, hashes, strict=True)
    )
    if gathered:
        wake_scanner()


def _save_counters(counters: dict[int, TicketCounter]) -> None:
    for counter in counters.values():
        counter.save(update_fields=["last"])


def reopen(ticket: Ticket, state: str, *, received_at: datetime, at: datetime) -> None:
    """Bring a completed ticket back into the queue, by the receipt of what reopens it. The caller holds its lock."""
    before, ticket.state = ticket.state, state
    ticket.queued_at, ticket.completed_at = received_at, None
    ticket.save(update_fields=["state", "queued_at", "completed_at"])
    record(ticket, Verb.TICKET_REOPENED, by=None, at=at, state=[before, state])

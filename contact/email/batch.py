"""Letters carried on together: what of them the database already knows is asked once, what they make is written once."""

from collections.abc import Iterator
from datetime import datetime

from contact.email.guard import Guard
from contact.email.mailbox import bounded
from contact.email.parse import ParsedMail
from contact.email.threading import Threads
from contact.models import ReceivedMail
from directory.models import Desk
from tickets.actions.receiving import Arrivals
from tickets.models import Message


def waiting(desk: Desk) -> Iterator[list[int]]:
    """Yield the mails that wait to be linked, by id, in the order of receipt: no more at a time than memory takes."""
    rows = ReceivedMail.objects.filter(desk=desk, state=ReceivedMail.State.RECEIVED).order_by("received_at", "pk")
    yield from bounded(rows.values_list("pk", "size"))


# A mail with these states has no place yet.
UNPLACED = (ReceivedMail.State.RECEIVED, ReceivedMail.State.UNPROCESSED)


class Batch:
    """Letters of one desk, in one transaction.

    `arrivals` gathers the rows that they make. Whoever asks the database of earlier letters first asks here whether
    there is anything to be found: where the answer hangs on what is gathered, that is written before.
    """

    def __init__(self, mails: list[ReceivedMail], letters: dict[int, ParsedMail], *, at: datetime) -> None:
        """`mails` are those to be carried on, `letters` what they say, by the mail's id."""
        self.desk, self.at = mails[0].desk, at
        senders = [letters[mail.pk].sender.address for mail in mails]
        self.arrivals, self.guard = Arrivals(self.desk, senders, at=at), Guard(mails, senders)
        self._letters = [letters[mail.pk] for mail in mails]
        known = Message.objects.filter(message_id__in={one.message_id for one in self._letters} - {""})
        self._known = set(known.values_list("message_id", flat=True))
        # Bytes that the ledger has had before, in the same box; and in those of these mails that are carried on.
        copies = ReceivedMail.objects.filter(desk=self.desk, sha256__in=[mail.sha256 for mail in mails])
        copies = copies.exclude(state__in=UNPLACED).exclude(pk__in=[mail.pk for mail in mails])
        self._placed = set(copies.values_list("sha256", "box"))
        # The Message-IDs of the letters that are gathered.
        self._gathered: set[str] = set()
        self._threads: Threads | None = None

    def note(self, message: Message) -> None:
        """Note what a letter has become."""
        self._gathered |= {message.message_id} - {""}
        self.threads.note(message)

    def note_known(self, message_id: str) -> None:
        """Note that a letter with this Message-ID was written elsewhere."""
        self._known |= {message_id} - {""}

    def note_carried(self, mail: ReceivedMail) -> None:
        """Note what became of a mail."""
        self.guard.note(mail)
        if mail.state not in UNPLACED:
            self._placed.add((mail.sha256, mail.box))

    def is_copy(self, mail: ReceivedMail) -> bool:
        """Tell whether the very same bytes have found their place before."""
        return (mail.sha256, mail.box) in self._placed

    def may_be_here(self, parsed: ParsedMail) -> bool:
        """Tell whether a message with this letter's Message-ID is known."""
        if parsed.message_id in self._gathered:
            self.write()
        return parsed.message_id in self._known

    @property
    def threads(self) -> Threads:
        if self._threads is None:
            self._threads = Threads(self.desk, self._letters, self.arrivals)
        return self._threads

    def write(self) -> None:
        """Write what was gathered, so that the database can be asked of it, and other actions change its tickets."""
        self.arrivals.write()
        self.arrivals.forget()
        self._threads = None
        self._known |= self._gathered
        self._gathered.clear()

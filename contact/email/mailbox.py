"""A mailbox behind one small interface, whatever holds it: an IMAP server, Microsoft 365 or a Maildir folder."""

from collections.abc import Collection, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol
from urllib.parse import urlsplit

from django.conf import settings

from directory.models import Desk
from escalation.models import Outage


class MailboxError(Exception):
    """The mailbox cannot be reached or will not do what was asked; the text says why.

    `cause` is given where it is known; else `failures.cause_of` reads it from the exception that this one came from.
    """

    def __init__(self, text: str, cause: str = "") -> None:
        super().__init__(text)
        self.cause = cause


class MailUnreadable(MailboxError):
    """This one mail cannot be read; the others may."""


@dataclass(frozen=True)
class Mail:
    """A mail as the server holds it. `received_at` is the server's own instant, never the Date header."""

    uid: int
    received_at: datetime
    raw: bytes


# How many mails, and bytes of them, are in memory at a time; a larger mail is there alone.
MANY, MUCH = 200, 4 * 2**20


def is_much(sizes: Collection[int]) -> bool:
    """Tell whether mails of these sizes are too many, or too much, to be in memory at a time."""
    return len(sizes) > MANY or (len(sizes) > 1 and sum(sizes) > MUCH)


def bounded(sized: Iterable[tuple[int, int]]) -> Iterator[list[int]]:
    """Split ids, each with the size of its mail, into lists that are not full, in order."""
    ids, sizes = list[int](), list[int]()
    for one, size in sized:
        if is_much([*sizes, size]):
            yield ids
            ids, sizes = [], []
        ids.append(one)
        sizes.append(size)
    if ids:
        yield ids


class Mailbox(Protocol):
    """An open mailbox. Every method raises MailboxError if the mailbox fails."""

    folder: str
    uidvalidity: int

    def uids(self, from_uid: int, since: date) -> "tuple[list[int], list[int]]":
        """Return the UIDs from `from_uid` on, in order: of mail received on or after `since`, and of older mail."""
        ...

    def all_uids(self) -> list[int]:
        """Return the UID of every mail in the folder, in order: what a reconciliation compares with the ledger."""
        ...

    def read(self, uid: int) -> Mail | None:
        """Return a mail without marking it as read; None if it is gone. Raises MailUnreadable."""
        ...

    def read_many(self, uids: Iterable[int]) -> "Iterator[Mail | MailUnreadable]":
        """Yield the mails in order, or why one cannot be read; those that are gone are left out.

        A few are in memory at a time, as `is_much` says.
        """
        ...

    def set_mark(self, uid: int, mark: str) -> None:
        """Write a message's mark (`none`, `incomplete`, `complete`); a mail that is gone is no error.  (E-II.5)"""
        ...

    def marks(self, uids: Collection[int]) -> dict[int, str]:
        """Return the mark (`none`, `incomplete`, `complete`) that each mail shows now; those that are gone are missing.

        It may have been set by hand in another mail program: a flag means incomplete, a flag taken away none. A flag
        on a mail that we marked complete was set later, as marking it complete takes the flag away.
        """
        ...

    def sent(self) -> "Mailbox | None":
        """Return the Sent folder over the same connection, to be used by turns with this one; None if there is none."""
        ...

    def is_filed(self, message_id: str) -> bool:
        """Tell whether the Sent folder holds a mail with this Message-ID."""
        ...

    def is_full(self) -> bool:
        """Tell whether the server turns new mail away because the mailbox has no room left, as far as it says."""
        ...

    def file(self, raw: bytes, at: datetime) -> None:
        """Put a copy of a sent mail into the Sent folder."""
        ...


def url_of(desk: Desk) -> str:
    """Return the address of the desk's mailbox from the settings; MAILBOX_URL belongs to the first desk.

    Raises MailboxError if none is set.
    """
    urls: dict[str, str] = settings.MAILBOX_URLS
    if desk.code in urls:
        return urls[desk.code]
    first = Desk.objects.order_by("pk").values_list("pk", flat=True).first()
    if desk.pk == first and "" in urls:
        return urls[""]
    raise MailboxError(f"MAILBOX_URL_{desk.code.upper()} is not set", Outage.Cause.SETTINGS)


def open_mailbox(desk: Desk) -> AbstractContextManager[Mailbox]:
    """Open the desk's mailbox for a `with` block. Raises MailboxError."""
    from contact.email import graph, imap, maildir

    url = url_of(desk)
    match urlsplit(url).scheme:
        case "maildir":
            return maildir.opened(url)
        case "graph":
            return graph.opened(url, desk)
        case _:
            return imap.opened(url)

"""A mailbox on an IMAP server.  (RFC 3501, RFC 4315, RFC 6154)

`imaps://user:password@host:993/INBOX?sent=Sent`; user and password are percent-encoded. `imap://` is for a server on
this very machine. `imaps+xoauth2://user:secret@host/INBOX?tenant=...&client_id=...` signs in by a token of Microsoft Entra
ID instead of a password. Without `sent` the Sent folder is the one that the server says is it, or the one with a usual name.
Marks are \\Flagged and the keywords below: plain IMAP knows no "complete".
"""

import imaplib
import logging
import ssl
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError
from imapclient.imapclient import SENT

from contact.email import oauth
from contact.email.mailbox import Mail, Mailbox, MailboxError, MailUnreadable, bounded

logger = logging.getLogger(__name__)
TIMEOUT = 20  # seconds: the pause between two checks, so that they do not pile up
MOST_CONNECTIONS = 20  # for one look into the mailbox
FLAGGED, INCOMPLETE, COMPLETE = b"\\Flagged", b"$EmusIncomplete", b"$EmusComplete"
FLAGS: dict[str, list[bytes]] = {"none": [], "incomplete": [FLAGGED, INCOMPLETE], "complete": [COMPLETE]}
A_COMMAND = 500  # mails; servers take lines of 8,000 letters
FAILURES = (IMAPClientError, imaplib.IMAP4.error, OSError)


@contextmanager
def opened(url: str) -> Iterator[Mailbox]:
    """Log in and select the folder for the length of a `with` block; failures become MailboxError."""
    parts = urlsplit(url)
    folder = unquote(parts.path.strip("/")) or "INBOX"
    sent = parse_qs(parts.query).get("sent", [""])[0]
    line = _Line(parts)
    try:
        line.connect()
        yield ImapMailbox(line, folder, sent)
    except FAILURES as failure:
        raise MailboxError(str(failure) or type(failure).__name__) from failure
    finally:
        line.close()


def _connected(parts: SplitResult) -> IMAPClient:
    is_ssl = parts.scheme.startswith("imaps")
    try:
        client = IMAPClient(
            parts.hostname or "",
            port=parts.port or (993 if is_ssl else 143),
            ssl=is_ssl,
            ssl_context=ssl.create_default_context() if is_ssl else None,
            timeout=TIMEOUT,
            use_uid=True,
        )
    except FAILURES as failure:
        raise MailboxError(f"cannot connect to {parts.hostname}: {failure}") from failure
    client.normalise_times = False  # the server's instants with their own offsets, not this machine's local time
    return client


def _log_in(client: IMAPClient, parts: SplitResult) -> None:
    user = unquote(parts.username or "")
    if not parts.scheme.endswith("+xoauth2"):
        client.login(user, unquote(parts.password or ""))
        return
    application = oauth.application_in(parts, oauth.OUTLOOK)
    try:
        client.oauth2_login(user, oauth.token_for(application))
    except FAILURES:
        oauth.forget_token(application)
        raise


def _log_out(client: IMAPClient) -> None:
    try:
        client.logout()
    except FAILURES:
        client.shutdown()


class _Line:
    """A connection with the folder that is selected on it: a mailbox and its Sent folder share one."""

    client: IMAPClient

    def __init__(self, parts: SplitResult) -> None:
        self._parts, self._connections = parts, 0
        self._folder, self._is_writable, self._uidvalidity = "", False, 0

    def connect(self) -> None:
        """Connect and log in, anew if the server broke off; raises MailboxError if it does so again and again."""
        self.close()
        self._connections += 1
        if self._connections > MOST_CONNECTIONS:
            raise MailboxError(f"{self._parts.hostname} breaks off again and again")
        self.client, self._folder = _connected(self._parts), ""
        _log_in(self.client, self._parts)

    def close(self) -> None:
        if "client" in self.__dict__:
            _log_out(self.client)
            del self.client

    def look_into(self, folder: str) -> int:
        """Have the folder at hand, for reading at least, and return its UIDVALIDITY. It disturbs no \\Recent."""
        if self._folder != folder:
            self._select(folder, is_writable=False)
        return self._uidvalidity

    def write_into(self, folder: str) -> int:
        """Have the folder at hand for writing and return its UIDVALIDITY."""
        if self._folder != folder or not self._is_writable:
            self._select(folder, is_writable=True)
        return self._uidvalidity

    def _select(self, folder: str, *, is_writable: bool) -> None:
        self._folder = ""  # a failed SELECT leaves none
        selected = self.client.select_folder(folder, readonly=not is_writable)
        self._folder, self._is_writable = folder, is_writable
        self._uidvalidity = int(selected[b"UIDVALIDITY"])


class ImapMailbox:
    def __init__(self, line: _Line, folder: str, sent: str) -> None:
        self._line, self._sent = line, sent
        self.folder = folder
        self.uidvalidity = line.look_into(folder)

    def uids(self, from_uid: int, since: date) -> tuple[list[int], list[int]]:
        client = self._look()
        # "n:*" names the last mail even where its UID is below n.
        found = {uid for uid in client.search(["UID", f"{from_uid}:*"]) if uid >= from_uid}
        recent = found & set(client.search(["UID", f"{from_uid}:*", "SINCE", since])) if found else set()
        return sorted(recent), sorted(found - recent)

    def all_uids(self) -> list[int]:
        return sorted(self._look().search())

    def read(self, uid: int) -> Mail | None:
        try:
            return next(iter(self._fetch([uid])), None)
        except IMAPClient.AbortError:
            raise  # the connection is gone, not the mail
        except IMAPClientError as refused:
            raise MailUnreadable(f"mail {uid}: {refused}") from refused

    def read_many(self, uids: Iterable[int]) -> Iterator[Mail | MailUnreadable]:
        wanted = list(uids)
        for start in range(0, len(wanted), A_COMMAND):
            yield from self._read_some(wanted[start : start + A_COMMAND])

    def _read_some(self, uids: list[int]) -> Iterator[Mail | MailUnreadable]:
        """Read a few at a time; where the server refuses, one by one: that tells which cannot be read."""
        try:
            found = self._look().fetch(uids, ["RFC822.SIZE"])
            sizes = [(uid, found[uid][b"RFC822.SIZE"]) for uid in uids if b"RFC822.SIZE" in found.get(uid, {})]
        except IMAPClientError as refused:
            yield from self._read_each(uids, refused)
            return
        for few in bounded(sizes):
            yield from self._read_few(few)

    def _read_few(self, uids: list[int]) -> Iterator[Mail | MailUnreadable]:
        try:
            mails = self._fetch(uids)
        except IMAPClientError as refused:
            yield from self._read_each(uids, refused)
        else:
            yield from mails

    def _read_each(self, uids: list[int], refused: IMAPClientError) -> Iterator[Mail | MailUnreadable]:
        logger.info("%s is read one by one: %s", self.folder, refused)
        self._pick_up(refused)
        for uid in uids:
            try:
                found = self.read(uid)
            except MailUnreadable as failure:
                yield failure
            except IMAPClient.AbortError as broken_off:
                self._pick_up(broken_off)
                yield MailUnreadable(f"mail {uid}: {broken_off}")
            else:
                yield from [found] if found else []

    def _pick_up(self, failure: IMAPClientError) -> None:
        """Connect anew if the server broke off: Dovecot does so at a mail that it cannot read."""
        if isinstance(failure, IMAPClient.AbortError):
            self._line.connect()

    def _fetch(self, uids: list[int]) -> list[Mail]:
        answer: dict[int, Any] = self._look().fetch(uids, ["BODY.PEEK[]", "INTERNALDATE"])
        there = [(uid, answer[uid]) for uid in uids if uid in answer and answer[uid].get(b"BODY[]") is not None]
        return [Mail(uid, facts[b"INTERNALDATE"].astimezone(UTC), facts[b"BODY[]"]) for uid, facts in there]

    def set_mark(self, uid: int, mark: str) -> None:
        self._check(self._line.write_into(self.folder))
        wanted = FLAGS[mark]
        unwanted = [flag for flag in (FLAGGED, INCOMPLETE, COMPLETE) if flag not in wanted]
        self._line.client.remove_flags([uid], unwanted, silent=True)
        if wanted:
            self._line.client.add_flags([uid], wanted, silent=True)

    def marks(self, uids: Collection[int]) -> dict[int, str]:
        wanted, found = sorted(uids), dict[int, str]()
        for start in range(0, len(wanted), A_COMMAND):
            flags = self._look().get_flags(wanted[start : start + A_COMMAND])
            found |= {uid: _mark(set(flags[uid])) for uid in wanted[start : start + A_COMMAND] if uid in flags}
        return found

    def sent(self) -> "ImapMailbox | None":
        name = self._sent_name()
        if not name or name == self.folder or not self._line.client.folder_exists(name):
            return None
        return ImapMailbox(self._line, name, name)

    def is_filed(self, message_id: str) -> bool:
        sent = self.sent()
        return sent is not None and bool(sent._look().search(["HEADER", "Message-ID", message_id]))

    def is_full(self) -> bool:
        if not self._line.client.has_capability("QUOTA"):
            return False
        _, quotas = self._line.client.get_quota_root(self.folder)
        return any(one.limit and one.usage >= one.limit for one in quotas)

    def file(self, raw: bytes, at: datetime) -> None:
        client, name = self._line.client, self._sent_name() or "Sent"
        if not client.folder_exists(name):
            client.create_folder(name)
        client.append(name, raw, flags=[b"\\Seen"], msg_time=at)

    def _sent_name(self) -> str:
        if not self._sent:
            self._sent = self._line.client.find_special_folder(SENT) or ""
        return self._sent

    def _look(self) -> IMAPClient:
        self._check(self._line.look_into(self.folder))
        return self._line.client

    def _check(self, uidvalidity: int) -> None:
        if uidvalidity != self.uidvalidity:
            raise MailboxError(f"{self.folder} was made anew while it was open")


def _mark(flags: set[bytes]) -> str:
    """Read a mark off its flags.

    Our own keyword tells what we wrote last, so what it does not account for was set by hand since: a flag on what we
    had complete means incomplete, the tag "complete" on what we had incomplete means complete.
    """
    if COMPLETE in flags and (INCOMPLETE in flags or FLAGGED not in flags):
        return "complete"
    return "incomplete" if FLAGGED in flags else "none"

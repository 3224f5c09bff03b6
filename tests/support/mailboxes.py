"""Mailboxes of every kind behind one set of words, so that the same tests run over each."""

from datetime import datetime
from pathlib import Path

from imapclient import IMAPClient

from contact.email import graph, imap, maildir
from tests.support.dovecot import Dovecot
from tests.support.graph import GraphServer, Held


class MaildirHouse:
    """A Maildir, and what other programs do with it."""

    folders = ("INBOX", "Sent")

    def __init__(self, root: Path) -> None:
        self.root = root
        self.url = f"maildir://{root}".replace(" ", "%20")

    def opened(self):
        return maildir.opened(self.url)

    def deliver(self, raw: bytes, at: datetime, folder: str = "INBOX") -> None:
        maildir.drop(self._folder(folder), raw, at)

    def delete(self, raw: bytes) -> None:
        self._path(raw).unlink()

    def flag(self, raw: bytes) -> None:
        """Put a flag on the mail by hand."""
        path = self._path(raw)
        name, _, flags = path.name.partition(":2,")
        path.rename(self.root / "cur" / f"{name}:2,{''.join(sorted({*flags, 'F'}))}")

    def unflag(self, raw: bytes) -> None:
        path = self._path(raw)
        path.rename(path.with_name(path.name.replace("F", "")))

    def read(self, raw: bytes) -> None:
        """Mark the mail as read."""
        path = self._path(raw)
        path.rename(self.root / "cur" / f"{path.name.partition(':')[0]}:2,S")

    def is_read(self, raw: bytes) -> bool:
        return "S" in self._path(raw).name.partition(":2,")[2]

    def _folder(self, folder: str) -> Path:
        return self.root if folder == "INBOX" else self.root / f".{folder}"

    def _path(self, raw: bytes) -> Path:
        (path,) = [one for name in ("new", "cur") for one in (self.root / name).iterdir() if one.read_bytes() == raw]
        return path


class ImapHouse:
    """A mailbox on a real IMAP server, and what other programs do with it."""

    folders = ("INBOX", "Sent")

    def __init__(self, server: Dovecot) -> None:
        self.server = server
        self.url = server.url

    def opened(self):
        return imap.opened(self.url)

    def deliver(self, raw: bytes, at: datetime, folder: str = "INBOX") -> None:
        self.server.append(raw, at, folder)

    def delete(self, raw: bytes) -> None:
        with self._selected() as client:
            client.delete_messages(self._uid(raw))
            client.expunge()

    def flag(self, raw: bytes) -> None:
        """Put a flag on the mail by hand."""
        with self._selected() as client:
            client.add_flags(self._uid(raw), [b"\\Flagged"])

    def unflag(self, raw: bytes) -> None:
        with self._selected() as client:
            client.remove_flags(self._uid(raw), [b"\\Flagged"])

    def read(self, raw: bytes) -> None:
        """Mark the mail as read."""
        with self._selected() as client:
            client.add_flags(self._uid(raw), [b"\\Seen"])

    def is_read(self, raw: bytes) -> bool:
        return any("\\Seen" in one.flags for one in self.server.messages() if one.raw == raw)

    def _selected(self) -> IMAPClient:
        client = self.server.client()
        client.select_folder("INBOX")
        return client

    def _uid(self, raw: bytes) -> int:
        (uid,) = [one.uid for one in self.server.messages() if one.raw == raw]
        return uid


class GraphHouse:
    """A mailbox in Microsoft 365, as a server of our own answers for it, and what other programs do with it."""

    folders = ("inbox", "sentitems")

    def __init__(self, server: GraphServer, desk) -> None:
        self.server, self.desk = server, desk
        self.url = server.url

    def opened(self):
        return graph.opened(self.url, self.desk)

    def deliver(self, raw: bytes, at: datetime, folder: str = "INBOX") -> None:
        self.server.deliver(raw, at, {"INBOX": "inbox", "Sent": "sentitems"}[folder])

    def delete(self, raw: bytes) -> None:
        self.server.change(self._held(raw), is_gone=True)

    def flag(self, raw: bytes) -> None:
        """Put a flag on the mail by hand."""
        self.server.change(self._held(raw), flag="flagged")

    def unflag(self, raw: bytes) -> None:
        self.server.change(self._held(raw), flag="notFlagged")

    def read(self, raw: bytes) -> None:
        """Mark the mail as read."""
        self.server.change(self._held(raw), is_read=True)

    def is_read(self, raw: bytes) -> bool:
        return self._held(raw).is_read

    def _held(self, raw: bytes) -> Held:
        (held,) = [one for one in self.server.mails if one.raw == raw and not one.is_gone]
        return held

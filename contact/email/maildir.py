"""A mailbox in a Maildir folder: the embedded default. A file dropped into `new` is a letter that arrived.

A file has no UID of its own: one is given in the order of arrival and kept, by key, in `uids.json`. A file's key is its
name up to the first ":" with the time when it was written: neither changes when it is moved or marked, and a name that
is used again is another letter. That time is the letter's receipt.
"""

import json
import os
import socket
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from email.parser import BytesHeaderParser
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import uuid4

from contact.email.mailbox import Mail, Mailbox, MailboxError, MailUnreadable

FOLDERS = ("new", "cur", "tmp")
MARKS = {"none": "", "incomplete": "F", "complete": "c"}


@contextmanager
def opened(url: str) -> Iterator[Mailbox]:
    """Open `maildir:///path` for the length of a `with` block, making it if it is missing."""
    root = Path(unquote(urlsplit(url).path))
    try:
        for folder in (root, root / ".Sent"):
            for name in FOLDERS:
                (folder / name).mkdir(parents=True, exist_ok=True)
        yield MaildirMailbox(root, "INBOX")
    except OSError as failure:
        raise MailboxError(f"{root}: {failure.strerror or failure}") from failure


class MaildirMailbox:
    def __init__(self, root: Path, folder: str) -> None:
        self.root, self.folder = root, folder
        self.uidvalidity, self._keys = self._book()
        self._paths = {_key(path): path for path in self._files()}

    def uids(self, from_uid: int, since: date) -> tuple[list[int], list[int]]:
        there = [uid for uid, key in self._keys.items() if uid >= from_uid and key in self._paths]
        is_recent = {uid: _received_at(self._paths[self._keys[uid]]).date() >= since for uid in there}
        return [uid for uid in there if is_recent[uid]], [uid for uid in there if not is_recent[uid]]

    def all_uids(self) -> list[int]:
        return [uid for uid, key in self._keys.items() if key in self._paths]

    def read(self, uid: int) -> Mail | None:
        for _attempt in range(3):
            path = self._path(uid)
            if path is None:
                return None
            try:
                return Mail(uid, _received_at(path), path.read_bytes())
            except FileNotFoundError:  # moved or marked this very moment, or gone
                continue
        return None

    def read_many(self, uids: Iterable[int]) -> Iterator[Mail | MailUnreadable]:
        return (mail for mail in map(self.read, uids) if mail is not None)

    def set_mark(self, uid: int, mark: str) -> None:
        path = self._path(uid)
        if path is None:
            return
        # Lower-case letters are keywords by custom of Maildir servers.
        flags = "".join(sorted({"S", *(set(_flags(path)) - set("Fc")), *MARKS[mark]}))
        self._paths[self._keys[uid]] = path.rename(self.root / "cur" / f"{path.name.partition(':')[0]}:2,{flags}")

    def marks(self, uids: Collection[int]) -> dict[int, str]:
        paths = {uid: self._path(uid) for uid in sorted(uids)}
        return {uid: _mark(_flags(path)) for uid, path in paths.items() if path is not None}

    def sent(self) -> "MaildirMailbox | None":
        return MaildirMailbox(self.root / ".Sent", "Sent") if self.folder == "INBOX" else None

    def is_filed(self, message_id: str) -> bool:
        parser = BytesHeaderParser()
        for path in MaildirMailbox(self.root / ".Sent", "Sent")._files():
            with path.open("rb") as copy:
                if parser.parse(copy).get("Message-ID", "").strip() == message_id:
                    return True
        return False

    def is_full(self) -> bool:
        return False  # a full disk says so itself

    def file(self, raw: bytes, at: datetime) -> None:
        part = self.root / ".Sent/tmp" / unique_name()
        part.write_bytes(raw)
        part.rename(self.root / ".Sent/cur" / f"{part.name}:2,S")

    def _book(self) -> tuple[int, dict[int, str]]:
        """Return the UIDVALIDITY and the key of each UID, giving UIDs to files that have none; one process at a time.

        A book that was lost is begun anew under another UIDVALIDITY, so that no UID ever means two mails.
        """
        with (self.root / "uids.lock").open("w") as lock:
            flock(lock, LOCK_EX)
            book = self.root / "uids.json"
            anew: dict[str, Any] = {"uidvalidity": time.time_ns() // 1000, "keys": []}
            read = json.loads(book.read_text()) if book.exists() else anew
            keys: list[str] = read["keys"]
            known = set(keys)
            fresh = {_key(path): path.stat().st_mtime for path in self._files() if _key(path) not in known}
            if fresh:
                keys += sorted(fresh, key=lambda key: (fresh[key], key))
                part = book.with_suffix(".part")
                with part.open("w") as file:
                    file.write(json.dumps(read))
                    file.flush()
                    os.fsync(file.fileno())
                part.replace(book)
        return read["uidvalidity"], dict(enumerate(keys, start=1))

    def _path(self, uid: int) -> Path | None:
        """Return where the mail lies now: other programs move and mark it; None if it is gone."""
        key = self._keys.get(uid, "")
        if key in self._paths and not self._paths[key].exists():
            self._paths = {_key(path): path for path in self._files()}
        return self._paths.get(key)

    def _files(self) -> list[Path]:
        return [
            path for name in ("new", "cur") for path in (self.root / name).iterdir() if not path.name.startswith(".")
        ]


def _key(path: Path) -> str:
    return f"{path.name.partition(':')[0]}:{path.stat().st_mtime_ns}"


def _received_at(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _flags(path: Path) -> str:
    return path.name.partition(":2,")[2]


def _mark(flags: str) -> str:
    """Read a mark off its flags; a flag on what we had complete was set by hand since."""
    return "incomplete" if "F" in flags else "complete" if "c" in flags else "none"


def unique_name() -> str:
    return f"{time.time():.6f}.{uuid4().hex[:12]}.{socket.gethostname().replace('/', '_').replace(':', '_')}"


def drop(root: Path, raw: bytes, at: datetime | None = None) -> Path:
    """Deliver a mail into the folder, as a mail server would: whole or not at all."""
    for name in FOLDERS:
        (root / name).mkdir(parents=True, exist_ok=True)
    part = root / "tmp" / unique_name()
    part.write_bytes(raw)
    if at is not None:
        os.utime(part, (at.timestamp(), at.timestamp()))
    return part.rename(root / "new" / part.name)

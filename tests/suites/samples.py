"""A sample of a suite, the halves, and what every mail must fulfil."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass

from contact.email.parse import parse


@dataclass(frozen=True)
class Sample:
    """One published expectation: `check` answers "" if it is met, else what is amiss; `source` decides the half."""

    suite: str
    name: str
    source: bytes
    check: Callable[[], str]

    @property
    def is_held_out(self) -> bool:
        """Half of the samples were never looked at while the parser was tuned; a hash chose them beforehand."""
        return hashlib.sha256(self.source).digest()[0] % 2 == 1

    def verdict(self) -> str:
        try:
            return self.check()
        except Exception as error:
            return f"raised {error!r}"


@dataclass(frozen=True)
class Suite:
    """Samples with expectations; `excluded` counts those left out by a rule that its module states."""

    samples: tuple[Sample, ...]
    mails: tuple[bytes, ...] = ()
    excluded: int = 0


def differs(what: str, expected: object, got: object) -> str:
    return "" if expected == got else f"{what}: expected {expected!r}, got {got!r}"


def unsound(raw: bytes) -> str:
    """What no mail at all may cause: an exception, a string that cannot be stored, a file without a name."""
    mail = parse(raw)
    texts = [mail.message_id, mail.in_reply_to, *mail.references, mail.subject, mail.text, mail.html, mail.reply]
    texts += [word for person in (mail.sender, *mail.to, *mail.cc) for word in person]
    texts += [text for file in mail.attachments for text in (file.name, file.content_type, file.content_id)]
    if any("\0" in text for text in texts):
        return "NUL in a text"
    json.dumps(texts, ensure_ascii=False).encode("utf-8")
    if not all(file.name and file.size == len(file.content) for file in mail.attachments):
        return "an attachment without a name or of a wrong size"
    return ""

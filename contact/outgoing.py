"""The folders that mail goes into where no mail server is set: shown by a page of the demonstration."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings

from contact.demo.people import is_demonstration
from contact.email.parse import parse


@dataclass(frozen=True)
class SentMail:
    name: str
    to: str
    subject: str
    at: datetime | None
    text: str
    headers: list[tuple[str, str]]


def folders() -> dict[str, Path]:
    """Return the folders by name (clients, staff); empty where mail goes to a server, or where it is real people's."""
    if not is_demonstration():
        return {}
    found = {"clients": settings.CLIENT_MAIL, "staff": settings.NOTICE_MAIL}
    return {name: Path(mail["path"]) for name, mail in found.items() if "path" in mail}


def latest(folder: Path, number: int) -> list[SentMail]:
    """Return the last mails of a folder, the newest first."""
    names = sorted(folder.glob("*.eml"), reverse=True)[:number] if folder.is_dir() else []
    return [_read(path) for path in names]


def _read(path: Path) -> SentMail:
    mail = parse(path.read_bytes())
    headers = [
        ("From", f"{mail.sender.name} <{mail.sender.address}>"),
        ("Message-ID", mail.message_id),
        ("In-Reply-To", mail.in_reply_to),
        ("References", " ".join(mail.references)),
    ]
    to = ", ".join(one.address for one in mail.to)
    return SentMail(
        path.name, to, mail.subject, mail.date, mail.text, [(name, value) for name, value in headers if value]
    )

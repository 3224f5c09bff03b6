"""The files of a mail: their names, and which of them the letter shows.  Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from html import unescape
from mimetypes import guess_extension
from urllib.parse import unquote

from contact.email.body import declared_name
from contact.email.containers import Container, look_inside
from contact.email.headers import one_line, safe_name
from contact.email.mime import Part, read_headers

_NAMES = {
    "message/delivery-status": "delivery-status.txt",
    "text/rfc822-headers": "returned-headers.txt",
    "text/calendar": "invite.ics",
    "application/ms-tnef": "winmail.dat",
}
_CID = re.compile(r'src="cid:([^"]*)"', re.IGNORECASE)
_SRC = re.compile(
    r"""(<img\b[^>]{0,300}?\bsrc\s*=\s*)(?:"([^"]{1,1000})"|'([^']{1,1000})'|([^\s>"']{1,1000}))""", re.IGNORECASE
)


@dataclass(frozen=True)
class Attachment:
    """A file of the mail; `content_type` is as declared, `content_id` without angle brackets; `inline`: the HTML shows it."""

    name: str
    content_type: str
    size: int
    content: bytes
    content_id: str
    inline: bool

    @cached_property
    def container(self) -> Container | None:
        """Files and signers, if this is a signed container; looked for when it is asked for."""
        return look_inside(self.content)


def attachments(files: list[Part], html: str) -> tuple[Attachment, ...]:
    """The files as attachments; `html` is the sanitised letter."""
    shown = {unquote(unescape(address)) for address in _CID.findall(html)} if "cid:" in html else set()
    return tuple(_attachment(part, number, shown) for number, part in enumerate(files, 1))


def with_own_pictures(html: str, files: Iterable[Part]) -> str:
    """Return `html` with pictures that are named by their place (Content-Location, RFC 2557) named by "cid:"."""
    located = {location: _content_id(part) for part in files if (location := _location(part))}
    if not located or not html:
        return html

    def name(tag: re.Match[str]) -> str:
        address = unescape(tag[2] or tag[3] or tag[4]).strip()
        return f'{tag[1]}"cid:{located[address]}"' if address in located else tag[0]

    return _SRC.sub(name, html)


def _location(part: Part) -> str:
    return "".join(part.headers.get("content-location").split()) if part.content_type.startswith("image/") else ""


def _content_id(part: Part) -> str:
    """The id by which the HTML calls this file; made from its place if it has only that."""
    given = one_line(part.headers.get("content-id")).strip("<> ")
    return given or re.sub(r"[^\w.@/:-]", "_", _location(part), flags=re.ASCII)


def _attachment(part: Part, number: int, shown: set[str]) -> Attachment:
    content, content_id = part.content(), _content_id(part)
    return Attachment(
        name=declared_name(part) or _made_name(part, content, number),
        content_type=part.content_type,
        size=len(content),
        content=content,
        content_id=content_id,
        inline=bool(content_id) and content_id in shown,
    )


def _made_name(part: Part, content: bytes, number: int) -> str:
    """A name for a file that came without one; an enclosed mail is called by its subject."""
    if part.content_type in _NAMES:
        return _NAMES[part.content_type]
    if part.content_type == "message/rfc822":
        subject = one_line(read_headers(content)[0].get("subject"))[:100]
        return safe_name(f"{subject or f'attachment-{number}'}.eml")
    return f"attachment-{number}{guess_extension(part.content_type) or '.bin'}"

"""Bytes of a mail -> what it says.  Pure: no Django, no clock, no network; the same bytes give the same answer."""

import re
from dataclasses import dataclass
from datetime import datetime

from contact.email.attachments import Attachment, attachments, with_own_pictures
from contact.email.automatic import is_automatic, is_list
from contact.email.body import MAX_TEXT, Body, letter_and_files
from contact.email.bounces import Bounce, find_bounce
from contact.email.charsets import decode_text
from contact.email.headers import Address, addresses, decode_words, first_id, instant, message_ids, one_line
from contact.email.html_text import html_to_text
from contact.email.mime import Headers, read
from contact.email.quotes import above_history, visible_reply
from contact.email.sanitise import clean_html

__all__ = ["Address", "Attachment", "Bounce", "ParsedMail", "parse"]

_FORWARD = re.compile(r"\s*(?:fwd?|wg|tr|pārs(?:ūt\w*)?|пересл|fw)\s*\.?\s*:", re.IGNORECASE)


@dataclass(frozen=True)
class ParsedMail:
    """A mail taken apart. Every string can be stored and sent on; message ids keep their angle brackets; `date` is UTC.

    `text` is the plain text (made from the HTML if there is no other), `reply` the same without quoted history.
    `is_list`: a mailing list passed it on, which does not make it automatic.
    """

    message_id: str
    in_reply_to: str
    references: tuple[str, ...]
    subject: str
    sender: Address
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    date: datetime | None
    text: str
    html: str
    reply: str
    attachments: tuple[Attachment, ...]
    is_automatic: bool
    bounce: Bounce | None
    charset_guessed: bool
    reply_to: tuple[Address, ...] = ()
    is_list: bool = False


def parse(raw: bytes) -> ParsedMail:
    """Take a mail apart; never raises, whatever the bytes.  (E-II.1a)

    Looks at 1,000 parts, 30 deep, and a million characters of text; the rest stays in the raw mail.
    """
    try:
        return _parsed(raw)
    except Exception:  # the last net under a promise: a mail that breaks the parser must still be seen by a person
        return _unparsed(raw)


def _parsed(raw: bytes) -> ParsedMail:
    root = read(raw)
    headers = root.headers
    body, files = letter_and_files(root)
    text = (body.text or html_to_text(body.html))[:MAX_TEXT]
    html = clean_html(with_own_pictures(body.html, files)) if body.html else ""
    bounce = find_bounce(root, text)
    subject, subject_guessed = decode_words(headers.get("subject"))
    return ParsedMail(
        message_id=first_id(headers.get("message-id")),
        in_reply_to=first_id(headers.get("in-reply-to")),
        references=message_ids(" ".join(headers.all("references"))),
        subject=one_line(headers.get("subject")),
        sender=_sender(headers),
        to=_people(headers, "to"),
        cc=_people(headers, "cc"),
        date=instant(headers.get("date")),
        text=text,
        html=html,
        reply=text if _FORWARD.match(subject) else _reply(body, text),
        attachments=attachments(files, html),
        is_automatic=bounce is not None or is_automatic(root, text),
        bounce=bounce,
        charset_guessed=body.guessed or subject_guessed,
        reply_to=_people(headers, "reply-to"),
        is_list=is_list(headers),
    )


def _reply(body: Body, text: str) -> str:
    """What the writer added; in a mail of HTML alone the marks in it are believed before the words are."""
    if body.text or (above := above_history(body.html)) == body.html:
        return visible_reply(text)
    return visible_reply(html_to_text(above)[:MAX_TEXT]) or visible_reply(text)


def _unparsed(raw: bytes) -> ParsedMail:
    nobody = Address("", "")
    text = decode_text(raw[:MAX_TEXT])[0].replace("\r\n", "\n")
    return ParsedMail("", "", (), "", nobody, (), (), None, text, "", text, (), False, None, True)


def _sender(headers: Headers) -> Address:
    """The first in From who has an address; otherwise the first named, without one."""
    people = addresses(", ".join(headers.all("from")[:5]))
    return next((person for person in people if person.address), people[0] if people else Address("", ""))


def _people(headers: Headers, field: str) -> tuple[Address, ...]:
    return tuple(person for person in addresses(", ".join(headers.all(field)[:20])) if person.address)

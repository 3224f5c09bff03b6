"""The tree of a mail -> the letter that is meant to be read, and the files beside it.  Pure."""

import re
from dataclasses import dataclass
from html import escape

from contact.email.charsets import decode_text
from contact.email.containers import signed_content
from contact.email.flowed import unflow
from contact.email.headers import file_name, safe_name
from contact.email.html_text import html_to_text
from contact.email.invitation import invitation_to_text
from contact.email.mime import MAX_PARTS, Headers, Part, parameters, read
from contact.email.tnef import InnerFile, Winmail, unpack

MAX_TEXT = 1_000_000
MAX_WRAPPINGS = 3  # a signed mail in a signed mail in a winmail.dat

_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_TNEF = {"application/ms-tnef", "application/vnd.ms-tnef"}
_SMIME = {"application/pkcs7-mime", "application/x-pkcs7-mime"}
_MAILS = {"message/rfc822", "message/global"}


@dataclass(frozen=True)
class Body:
    """A piece of the letter: plain text, HTML, or the same in both."""

    text: str = ""
    html: str = ""
    guessed: bool = False


def letter_and_files(root: Part) -> tuple[Body, list[Part]]:
    """The letter in both forms that it has, and the files in order; files inside winmail.dat stand behind it.

    A mail with nothing to read but an invitation or an enclosed mail is read from that.
    """
    return _read_tree(root, MAX_WRAPPINGS)


def declared_name(part: Part) -> str:
    """The file name that a part gives itself, made safe; "" if it gives none."""
    _, disposition = parameters(part.headers.get("content-disposition"))
    return safe_name(file_name(disposition, "filename") or file_name(part.params, "name"))


def _read_tree(root: Part, wrappings: int) -> tuple[Body, list[Part]]:
    pieces, found = _sorted(root)
    body, files = _joined(pieces), []
    for part in found[:MAX_PARTS]:
        files.append(part)
        inner, inside = _unwrapped(part, wrappings)
        files += inside
        body = body if body.text or body.html else inner
    if not (body.text or body.html) and wrappings:
        body = next((told for part in files if (told := _told_by_file(part, wrappings)).text), body)
    return body, files[:MAX_PARTS]


def _unwrapped(part: Part, wrappings: int) -> tuple[Body, list[Part]]:
    """The letter and the files in a part that is only a wrapping of them: winmail.dat, a signed mail."""
    if wrappings and (part.content_type in _TNEF or declared_name(part).lower() == "winmail.dat"):
        inside = unpack(part.content()) or Winmail()
        return Body(_tidy(inside.text), inside.html.strip()), [_inner_file(file) for file in inside.files]
    is_smime = part.content_type in _SMIME or declared_name(part).lower().endswith(".p7m")
    if wrappings and is_smime and (content := signed_content(part.content())):
        return _read_tree(read(content), wrappings - 1)
    return Body(), []


def _inner_file(file: InnerFile) -> Part:
    content_id = f"<{file.content_id}>" if file.content_id else ""
    return Part(
        Headers([("content-id", content_id)]),
        file.content,
        file.content_type or "application/octet-stream",
        {"name": file.name},
    )


def _told_by_file(part: Part, wrappings: int) -> Body:
    if part.content_type == "text/calendar":
        calendar, guessed = decode_text(part.content()[:MAX_TEXT], part.params.get("charset", ""))
        return Body(text=_tidy(invitation_to_text(calendar)), guessed=guessed)
    if part.content_type in _MAILS:
        body = _read_tree(read(part.content()), wrappings - 1)[0]
        return Body(body.text or html_to_text(body.html), body.html, body.guessed)
    return Body()


def _sorted(part: Part) -> tuple[list[Body], list[Part]]:
    """Tell the letter from the files, in the order in which they stand."""
    if not part.children:
        body = _read_body(part)
        return ([body], []) if body else ([], [part])
    sorted_children = [_sorted(child) for child in part.children]
    files = [each for _, found in sorted_children for each in found]
    letters = [pieces for pieces, _ in sorted_children if pieces]
    if part.content_type == "multipart/alternative":
        return [_chosen(letters)], files
    return [piece for pieces in letters for piece in pieces], files


def _chosen(alternatives: list[list[Body]]) -> Body:
    """The same letter told twice: the first plain telling and the last in HTML."""
    told = [_joined(pieces) for pieces in alternatives]
    plain = next((body for body in told if body.text and not body.html), Body())
    rich = next((body for body in reversed(told) if body.html), Body())
    return Body(plain.text or rich.text, rich.html, plain.guessed or rich.guessed)


def _joined(pieces: list[Body]) -> Body:
    """Pieces that follow each other (a text, a picture, a text) as one; a missing form is made from the other."""
    if len(pieces) == 1:
        return pieces[0]
    has_html = any(piece.html for piece in pieces)
    texts = (piece.text or html_to_text(piece.html) for piece in pieces)
    htmls = (piece.html or f"<pre>{escape(piece.text)}</pre>" for piece in pieces if piece.html or piece.text)
    return Body(
        "\n\n".join(text for text in texts if text),
        "\n".join(htmls) if has_html else "",
        any(piece.guessed for piece in pieces),
    )


def _read_body(part: Part) -> Body | None:
    """The text of a part that is meant to be read; None for a file."""
    disposition, _ = parameters(part.headers.get("content-disposition"))
    if part.content_type not in ("text/plain", "text/html") or disposition == "attachment" or declared_name(part):
        return None
    content = part.content()[: 4 * MAX_TEXT]
    charset = part.params.get("charset", "")
    if part.content_type == "text/html":
        meta = _META_CHARSET.search(content[:4096])
        html, guessed = decode_text(content, charset or (meta[1].decode("ascii") if meta else ""))
        return Body(html=html.strip(), guessed=guessed)
    text, guessed = decode_text(content, charset)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if part.params.get("format", "").lower() == "flowed":
        text = unflow(text, delete_space=part.params.get("delsp", "").lower() == "yes")
    return Body(text=_tidy(text), guessed=guessed)


def _tidy(text: str) -> str:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(line.rstrip() for line in lines).strip("\n")

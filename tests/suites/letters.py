"""Whole mails read as the interpreter's own parser reads them, and winmail.dat as tnefparse's tests expect it.

The oracle is `email.policy.default`. Left out by rule: mails in which that parser itself reports a defect, cannot decode
a part or reads U+FFFD, since how to mend them is a matter of taste; and UTF-8 under another label, which it garbles.
"""

import ast
import email
import hashlib
import re
from collections.abc import Iterator
from email import policy
from email.message import EmailMessage
from pathlib import Path

from tnefparse import TNEF

from contact.email.headers import safe_name
from contact.email.html_text import html_to_text
from contact.email.parse import ParsedMail, parse
from tests.suites.samples import Sample, Suite, differs

_WORD = re.compile(r"[^\W_]{2,}")


def letters(suite: str, paths: list[Path]) -> Suite:
    mails = {path.name: path.read_bytes() for path in paths}
    told = {name: raw for name, raw in mails.items() if not _is_defective(raw)}
    samples = [Sample(suite, name, raw, lambda raw=raw: _compare(raw)) for name, raw in told.items()]
    return Suite(tuple(samples), tuple(mails.values()), excluded=len(mails) - len(told))


def _is_defective(raw: bytes) -> bool:
    try:
        message = email.message_from_bytes(raw, policy=policy.default)
        for part in message.walk():
            if part.defects or any(header.defects for header in part.values()):
                return True
            if any("\ufffd" in str(value) for value in part.values()):
                return True
            if part.get_content_maintype() == "text" and _is_garbled(part):
                return True
    except Exception:
        return True
    return False


def _is_garbled(part: EmailMessage) -> bool:
    content, charset = part.get_payload(decode=True), part.get_content_charset("us-ascii")
    is_utf8 = not content.isascii() and content.decode("utf-8", "ignore").encode() == content
    return "\ufffd" in part.get_content() or (is_utf8 and charset != "utf-8")


def _compare(raw: bytes) -> str:
    message, mail = email.message_from_bytes(raw, policy=policy.default), parse(raw)
    fields = (_compare_people(message, mail), _compare_fields(message, mail))
    return next(filter(None, (*fields, *_compare_parts(message, mail))), "")


def _compare_people(message: EmailMessage, mail: ParsedMail) -> str:
    named = {field: _people(message, field) for field in ("from", "to", "cc")}
    sender = {mail.sender.address} - {""}
    return (
        differs("from", set(named["from"][:1]), sender)
        or differs("to", set(named["to"]), {person.address for person in mail.to})
        or differs("cc", set(named["cc"]), {person.address for person in mail.cc})
    )


def _people(message: EmailMessage, field: str) -> list[str]:
    """The addresses that can be written to: "@" and a domain are there."""
    return [person.addr_spec for header in message.get_all(field, []) for person in header.addresses if person.domain]


def _compare_fields(message: EmailMessage, mail: ParsedMail) -> str:
    subject, date = " ".join(str(message.get("subject", "")).split()), message.get("date")
    at = date.datetime if date is not None else None
    return differs("subject", subject, mail.subject) or (
        differs("date", at, mail.date) if at is not None and at.tzinfo else ""
    )


def _leaves(message: EmailMessage) -> Iterator[tuple[EmailMessage, bool]]:
    """The parts that hold something, and whether it must be shown: of alternatives only the first plain text must."""
    if message.get_content_maintype() != "multipart":
        yield message, True
        return
    leaves = [leaf for child in message.iter_parts() for leaf in _leaves(child)]
    if message.get_content_subtype() == "alternative":
        plain = next((part for part, _ in leaves if part.get_content_type() == "text/plain"), None)
        leaves = [(part, part is plain) for part, _ in leaves]
    yield from leaves


def _compare_parts(message: EmailMessage, mail: ParsedMail) -> Iterator[str]:
    read = f"{mail.text} {html_to_text(mail.html)}"
    words, files = set(_WORD.findall(read)), {hashlib.sha256(file.content).digest() for file in mail.attachments}
    types = [file.content_type for file in mail.attachments]
    for part, must_be_shown in _leaves(message):
        kind = part.get_content_type()
        if part.get_content_maintype() == "message":
            yield "" if kind in types else f"no file for {kind}"
        elif part.get_content_maintype() != "text" or part.is_attachment() or part.get_filename():
            content = part.get_payload(decode=True) or b""
            yield "" if hashlib.sha256(content).digest() in files else f"file lost: {kind} {part.get_filename()}"
        elif kind in ("text/plain", "text/html") and must_be_shown:
            text = part.get_content() if kind == "text/plain" else html_to_text(part.get_content())
            lost = [word for word in _WORD.findall(text) if word not in words and word not in read]
            yield f"words lost: {lost[:5]}" if lost else ""


def winmail(source: Path) -> Suite:
    """tnefparse's samples as the only part of a mail: the files it expects by name, and its body where it is text."""
    code = (source / "tests" / "test_decoding.py").read_text(encoding="utf-8")
    (listed,) = (
        node.value
        for node in ast.parse(code).body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "SPECS"
    )
    examples = source / "tests" / "examples"
    specs = [
        (name, list(names), body, (examples / name).read_bytes())
        for name, _, names, body, *_ in ast.literal_eval(listed)
    ]
    samples = [
        Sample("winmail", name, content, lambda names=names, body=body, content=content: _unpack(names, body, content))
        for name, names, body, content in specs
    ]
    mails = tuple(_carrying(path.read_bytes()) for path in sorted(examples.glob("*.tnef")))
    return Suite(tuple(samples), mails)


def _carrying(content: bytes) -> bytes:
    carrier = EmailMessage(policy=policy.SMTP)
    carrier["From"] = "a@b.example"
    carrier.add_attachment(content, maintype="application", subtype="ms-tnef", filename="winmail.dat")
    return carrier.as_bytes()


def _unpack(names: list[str], body: str | None, content: bytes) -> str:
    mail = parse(_carrying(content))
    inner = [file.name for file in mail.attachments if file.content != content]
    expected = [safe_name(name) for name in names][: len(TNEF(content).attachments)]  # it compares those that are there
    text = ""
    if body in ("body", "htmlbody"):
        told = getattr(TNEF(content), body)
        told = told.decode("cp1252", "replace") if isinstance(told, bytes) else str(told)
        text = html_to_text(told) if body == "htmlbody" else told
    read = f"{mail.text} {html_to_text(mail.html)}"
    lost = [word for word in re.findall(r"[A-Za-z]{2,}", text) if word not in read]
    kept = any(file.content == content for file in mail.attachments)
    return (
        differs("files", expected, inner)
        or ("" if kept else "the original is gone")
        or (f"words lost: {lost[:5]}" if lost else "")
    )

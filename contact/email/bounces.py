"""Mails of ours that did not arrive, as mail systems report them.  Pure."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from contact.email.automatic import has_no_return_path, is_answer_subject, is_by_machine, is_daemon, is_daemon_in_words
from contact.email.bounce_words import (
    STATUS,
    failed_in_words,
    is_failure_subject,
    is_only_delayed,
    mailable,
    returns_plainly,
    says_plainly,
)
from contact.email.headers import addresses, decode_words, first_id
from contact.email.mime import Headers, Part, read, read_headers

_RETURNED = {
    "message/rfc822",
    "message/global",
    "text/rfc822-headers",
    "message/global-headers",
    "message/rfc822-headers",
}
_REPORTS = {"message/delivery-status", "message/global-delivery-status"}
_NO_FAILURE = ("delayed", "delivered", "relayed", "expanded")
_RECIPIENT_FIELDS = ("original-recipient", "final-recipient", "x-actual-recipient")
_FORM = re.compile(
    rb"\s*(?:reporting-mta|original-envelope-id|arrival-date|received-from-mta|(?:final|original)-recipient)\s*:",
    re.IGNORECASE,
)
_FORM_IN_TEXT = re.compile(r"^(?:final|original)-recipient\s*:", re.IGNORECASE | re.MULTILINE)
_NAMES_RECIPIENT = re.compile(rb"^(?:original|final|x-actual)-recipient\s*:", re.IGNORECASE | re.MULTILINE)
_TELLS_OUTCOME = re.compile(rb"^(?:action|status|diagnostic-code)\s*:", re.IGNORECASE | re.MULTILINE)
_FINAL = re.compile(rb"^(?=final-recipient\s*:)", re.IGNORECASE | re.MULTILINE)
_REFUSAL = re.compile(r"(?<![\d.])5\d\d(?![\d.])")
_NEEDLESS_QUOTES = re.compile(r'"([\w.+-]{1,64})"@')
_MAX_FAILED = 500


@dataclass(frozen=True)
class Bounce:
    """A mail of ours that did not arrive: (address, status such as "5.1.1" or "") and its message id or ""."""

    failed: tuple[tuple[str, str], ...]
    original_message_id: str


def find_bounce(root: Part, text: str) -> Bounce | None:
    """The delivery failure that this mail reports; None for anything else, a delay or a read receipt included."""
    if is_daemon(root.headers):
        root = _enclosed_report(root) or root
    failed = _failed(root, text)
    return Bounce(tuple(dict.fromkeys(failed))[:_MAX_FAILED], _original_id(root, text)) if failed else None


def _failed(root: Part, text: str) -> list[tuple[str, str]]:
    """(address, status) of everyone who was not reached: by the standard form, by exim's field, in words."""
    told = [group for report in _reports(root, text) for group in _recipients(report)]
    given_up = [group for group in told if _is_given_up(group)]
    if told and not given_up:
        return []
    if failed := [(address, _status(group)) for group in given_up if (address := _recipient(group))]:
        return failed
    if rejected := [address for part in root.walk() for address in _rejected(part, root.headers)]:
        return [(address, "") for address in rejected]
    elsewhere = _failed_elsewhere(root, text)
    found = STATUS.search(text) if elsewhere else None
    return [(address, found[1] if found else "") for address in elsewhere]


def _failed_elsewhere(root: Part, text: str) -> list[str]:
    """Who was not reached, by exim's field or in words, if a machine says so."""
    headers = root.headers
    if named := addresses(headers.get("x-failed-recipients")):
        return [person.address for person in named if person.address]
    subject = decode_words(headers.get("subject"))[0]
    is_report = root.content_type == "multipart/report" or any(part.content_type in _REPORTS for part in root.walk())
    is_told = is_by_machine(headers) or is_daemon_in_words(headers, subject, text)
    if not (is_report or is_told or returns_plainly(subject, text)):
        return []
    if not (is_failure_subject(subject) or is_report or is_daemon(headers) or says_plainly(text)):
        return []
    if is_only_delayed(subject, text) or is_answer_subject(subject):
        return []
    reader = ", ".join([*headers.all("to"), *headers.all("delivered-to")])
    failed = failed_in_words(text, headers.get("from"), reader)
    if not failed and not is_daemon(headers):  # a mailbox that reports of itself
        failed = failed_in_words(text, "", reader)
    return failed or (_only_recipient(root) if is_failure_subject(subject) else [])


def _reports(root: Part, text: str) -> Iterable[bytes]:
    """What is filled in by the standard form: in a part of that type; else in a file or in the words of a report."""
    parts = list(root.walk())
    if typed := [part for part in parts if part.content_type in _REPORTS]:
        return [part.content() for part in typed]
    if root.content_type != "multipart/report" and not is_by_machine(root.headers):
        return []
    files = [part.content() for part in parts if not part.children and part.content_type not in _RETURNED]
    if filled := [content for content in files if _FORM.match(content)]:
        return filled
    return [text[found.start() :].encode("utf-8", "replace")] if (found := _FORM_IN_TEXT.search(text)) else []


def _recipients(report: bytes) -> Iterator[Headers]:
    """The groups of fields, one a recipient, in a `message/delivery-status` (RFC 3464).

    Also where a blank line parts the recipient from what became of him, or none parts two recipients.
    """
    alone = b""
    for block in re.split(rb"\r?\n[ \t]*\r?\n", report)[: _MAX_FAILED + 1]:
        names_recipient = _NAMES_RECIPIENT.search(block)
        group = block.lstrip() if names_recipient else alone + block.lstrip()
        alone = b""
        if names_recipient and not _TELLS_OUTCOME.search(group):
            alone = group.rstrip() + b"\n"
            continue
        before, *each = _FINAL.split(group)
        for piece in [before + each[0], *each[1:]] if each else [before]:
            fields, _ = read_headers(piece)
            if any(name in fields for name in ("action", *_RECIPIENT_FIELDS)):
                yield fields


def _is_given_up(fields: Headers) -> bool:
    action = fields.get("action").strip('" ').lower()
    return action.startswith("fail") or (not action.startswith(_NO_FAILURE) and _is_permanent(fields))


def _is_permanent(fields: Headers) -> bool:
    return _status(fields).startswith("5") or bool(_REFUSAL.search(fields.get("diagnostic-code")))


def _status(fields: Headers) -> str:
    status = STATUS.search(fields.get("status")) or STATUS.search(fields.get("diagnostic-code"))
    return status[1] if status else ""


def _recipient(fields: Headers) -> str:
    """The address that was written to, before any forwarding; "" if there is none that mail can go to."""
    for name in _RECIPIENT_FIELDS:
        told = _NEEDLESS_QUOTES.sub(r"\1@", fields.get(name).rsplit(";", 1)[-1].rstrip(". "))
        for person in addresses(told):
            if mailable(person.address):
                return person.address
    return ""


def _rejected(part: Part, headers: Headers) -> Iterable[str]:
    """A delivery agent that refuses by way of a receipt: "automatic-action/...; deleted", sent as a rejection."""
    if part.content_type == "message/disposition-notification" and "reject" in headers.get("auto-submitted").lower():
        fields, _ = read_headers(part.content().lstrip())
        if "automatic-action" in fields.get("disposition").lower():
            yield from (person.address for person in addresses(fields.get("final-recipient").rsplit(";", 1)[-1]))


def _enclosed_report(root: Part) -> Part | None:
    """A report that a gateway put into a mail of its own."""
    if any(part.content_type in _REPORTS for part in root.walk()):
        return None
    for part in root.walk():
        if part.content_type == "message/rfc822":
            enclosed = read(part.content())
            if any(each.content_type in _REPORTS for each in enclosed.walk()):
                return enclosed
    return None


def _only_recipient(root: Part) -> list[str]:
    """To whom the returned mail went, if that was one person."""
    for part in root.walk():
        if part.content_type in _RETURNED:
            people = addresses(read_headers(part.content())[0].get("to"))
            if len(people) == 1 and mailable(people[0].address):
                return [people[0].address]
    return []


def _original_id(root: Part, text: str) -> str:
    for part in root.walk():
        if part.content_type in _RETURNED and (found := first_id(read_headers(part.content())[0].get("message-id"))):
            return found
    quoted = re.search(r"^[> \t]*Message-ID:\s*(<[^<>\s]{1,500}>)", text, re.IGNORECASE | re.MULTILINE)
    if quoted:
        return first_id(quoted[1])
    return first_id(root.headers.get("in-reply-to") or root.headers.get("references")) if _is_form(root, text) else ""


def _is_form(root: Part, text: str) -> bool:
    """Whether a form or the fields, not only words, make this a report: people answer our mails too."""
    headers = root.headers
    is_machines = has_no_return_path(headers) or is_daemon(headers) or "x-failed-recipients" in headers
    return is_machines or root.content_type == "multipart/report" or bool(_reports(root, text))

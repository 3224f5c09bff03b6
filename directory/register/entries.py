"""A row of the register as a client to be, or the reasons why it is none. Pure."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from directory.folding import fold
from directory.models import Client
from directory.phones import NotAPhone, normalise
from directory.register.columns import LEFT_OUT

# A code and what it is about, for words at display time.
Reason = tuple[str, str]
Standing, Kind = Client.Standing, Client.Kind

STANDINGS = {
    "aktiv": Standing.ACTIVE,
    "active": Standing.ACTIVE,
    "aptur": Standing.SUSPENDED,
    "suspend": Standing.SUSPENDED,
}
STANDINGS |= {"izbeig": Standing.ENDED, "atcel": Standing.ENDED, "zaud": Standing.ENDED, "ended": Standing.ENDED}
STANDINGS |= {"neaktiv": Standing.ENDED, "spek": Standing.ACTIVE, "valid": Standing.ACTIVE}
KINDS = {"admin": Kind.ADMINISTRATOR, "uzraug": Kind.SUPERVISOR, "superv": Kind.SUPERVISOR, "cit": Kind.OTHER}
IDENTITY_CODE = re.compile(r"\b(\d{6})-(\d{5})\b")


@dataclass(frozen=True)
class Entry:
    """What a row says of a client. An empty `kind` or `standing` says nothing: what is known stays."""

    name: str
    kind: str = ""
    certificate: str = ""
    standing: str = ""
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()

    @property
    def values(self) -> dict[str, Any]:
        return {**asdict(self), "emails": list(self.emails), "phones": list(self.phones)}


def masked(text: str) -> str:
    """Return the text with every personal identity code hidden but for its first part's beginning."""
    return IDENTITY_CODE.sub(lambda code: f"{code[1][:2]}****-*****", text)


def read(fields: Sequence[str], row: Sequence[str]) -> tuple[Entry, list[Reason]]:
    """Return what a row says, and why it is refused, which is empty when it is not."""
    cells: dict[str, list[str]] = {}
    for field, cell in zip(fields, row, strict=False):
        if field and field != LEFT_OUT and cell:
            cells.setdefault(field, []).append(masked(cell))
    reasons: list[Reason] = []
    name = " ".join(cells.get("name") or [*cells.get("first_name", ()), *cells.get("last_name", ())])
    certificate = "".join(cells.get("certificate", ()))
    emails = _parsed(cells.get("email", ()), r"[\s,;]+", _email, "email_wrong", reasons)
    phones = _parsed(cells.get("phone", ()), r"[,;/]+", normalise, "phone_wrong", reasons)
    if not name:
        reasons.append(("name_missing", ""))
    if not certificate and not emails and not any(code == "email_wrong" for code, _ in reasons):
        reasons.append(("nothing_to_know_by", ""))
    reasons += [("too_long", name[:40])] if len(name) > 200 or len(certificate) > 40 else []
    standing = _word(cells.get("standing", ()), STANDINGS, "standing_unknown", reasons)
    kind = _word(cells.get("kind", ()), KINDS, "kind_unknown", reasons)
    return Entry(name, kind, certificate, standing, emails, phones), reasons


def _email(text: str) -> str:
    validate_email(text)
    return text.lower()


def _parsed(cells: Sequence[str], between: str, parse: Any, code: str, reasons: list[Reason]) -> tuple[str, ...]:
    """Return the values of cells that may hold several, each once; what is none goes to the reasons."""
    found: list[str] = []
    for text in (part.strip() for cell in cells for part in re.split(between, cell)):
        if not text:
            continue
        try:
            found.append(parse(text))
        except (ValidationError, NotAPhone):
            reasons.append((code, text[:80]))
    return tuple(dict.fromkeys(found))


def _word(cells: Sequence[str], known: dict[str, Any], code: str, reasons: list[Reason]) -> str:
    text = fold(" ".join(cells)).strip()
    if not text:
        return ""
    for beginning, value in known.items():
        if text.startswith(beginning):
            return str(value)
    reasons.append((code, " ".join(cells)[:80]))
    return ""

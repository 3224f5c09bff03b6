"""A calendar invitation (iCalendar, RFC 5545) -> a few lines to read.  Pure."""

import re
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from contact.email.mime import parameters

_MAX = 200_000
_ESCAPES = {"\\n": "\n", "\\N": "\n", "\\,": ",", "\\;": ";", "\\\\": "\\"}
_RIGA = ZoneInfo("Europe/Riga")


def invitation_to_text(calendar: str) -> str:
    """Summary, time (in Riga), place, organiser and description of the first event, a line each; "" if there is none."""
    unfolded = re.sub(r"\r?\n[ \t]", "", calendar[:_MAX])
    event = re.search(r"^BEGIN:VEVENT\s*$(.*?)(?:^END:VEVENT|\Z)", unfolded, re.DOTALL | re.MULTILINE)
    if not event:
        return ""
    fields: dict[str, tuple[str, dict[str, str]]] = {}
    for line in event[1].splitlines():
        match = re.match(r'([A-Za-z-]+)((?:;[\w-]+=(?:"[^"]*"|[^;:"]*))*):(.*)', line)
        if match:
            fields.setdefault(match[1].upper(), (match[3].strip(), parameters(match[2])[1]))
    when = "–".join(filter(None, (_time(*fields[name]) for name in ("DTSTART", "DTEND") if name in fields)))
    lines = [
        _words(fields, "SUMMARY"),
        when,
        _words(fields, "LOCATION"),
        _organiser(fields),
        _words(fields, "DESCRIPTION"),
    ]
    return "\n".join(line for line in lines if line).strip()


def _words(fields: dict[str, tuple[str, dict[str, str]]], name: str) -> str:
    text = fields.get(name, ("", {}))[0]
    return re.sub(r"\\[nN,;\\]", lambda escape: _ESCAPES[escape[0]], text).strip()


def _organiser(fields: dict[str, tuple[str, dict[str, str]]]) -> str:
    address, params = fields.get("ORGANIZER", ("", {}))
    address = re.sub(r"^mailto:", "", address, flags=re.IGNORECASE)
    return f"{params['cn']} <{address}>" if params.get("cn") else address


def _time(value: str, params: dict[str, str]) -> str:
    """As "20.11.2026" or "20.11.2026 14:00"; what cannot be read is shown as it stands."""
    try:
        if len(value) == 8:
            return datetime.strptime(value, "%Y%m%d").replace(tzinfo=UTC).strftime("%d.%m.%Y")
        at = datetime.strptime(value.rstrip("Z"), "%Y%m%dT%H%M%S").replace(tzinfo=_zone(value, params))
        return at.astimezone(_RIGA).strftime("%d.%m.%Y %H:%M")
    except (ValueError, OverflowError):
        return value[:40]


def _zone(value: str, params: dict[str, str]) -> tzinfo:
    """The zone named; Riga for the names that only Windows knows and for local times."""
    if value.endswith("Z"):
        return UTC
    try:
        return ZoneInfo(params.get("tzid", "") or "Europe/Riga")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return _RIGA

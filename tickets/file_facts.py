"""A file of a message, as the ticket page shows it."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sla.words import full_moment
from tickets.kinds import PICTURES, PROGRAM
from tickets.models import Attachment
from tickets.words import contents_words, risk_words, scan_words, size_words

# The icon of a file, by the beginning of its real media type.
ICONS = (
    ("image/", "image"),
    ("application/pdf", "file-earmark-pdf"),
    ("application/vnd.openxmlformats-officedocument.word", "file-earmark-word"),
    ("application/vnd.oasis.opendocument.text", "file-earmark-word"),
    ("application/vnd.openxmlformats-officedocument.spread", "file-earmark-spreadsheet"),
    ("application/vnd.oasis.opendocument.spread", "file-earmark-spreadsheet"),
    ("application/vnd.etsi.asic", "file-earmark-lock2"),
    ("application/zip", "file-earmark-zip"),
    ("message/", "envelope"),
    ("text/", "file-earmark-text"),
    (PROGRAM, "code-slash"),
)
MOST_INNER = 50


@dataclass(frozen=True)
class FileFacts:
    file: Attachment
    size: str
    is_picture: bool
    icon: str
    # What to be wary of, and how far the virus scanner is with it.
    warning: str
    scan: str
    # What a container holds: in a line, its files with their sizes, who signed it and when.
    contents: str
    inner: list[tuple[str, str]]
    signers: list[tuple[str, str]]


def file_facts(file: Attachment, tz: ZoneInfo) -> FileFacts:
    is_picture = file.real_type in PICTURES and file.is_given_out
    return FileFacts(
        file,
        size_words(file.size),
        is_picture,
        _icon_of(file),
        risk_words(file),
        scan_words(file),
        contents_words(file),
        inner=[(name, size_words(size)) for name, size in file.contents.get("files", [])[:MOST_INNER]],
        signers=[
            (name, full_moment(datetime.fromisoformat(signed_at), tz) if signed_at else "")
            for name, signed_at in file.contents.get("signers", [])[:MOST_INNER]
        ],
    )


def _icon_of(file: Attachment) -> str:
    """Return the icon of what the file really is."""
    if file.scan == Attachment.Scan.INFECTED:
        return "shield-exclamation"
    return next((icon for start, icon in ICONS if file.real_type.startswith(start)), "file-earmark")

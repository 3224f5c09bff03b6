"""winmail.dat (TNEF, MS-OXTNEF), in which Outlook wraps letters that it sends to Exchange's own kind.  Pure, bounded.

Own code because the package for it, tnefparse, loops as often as a number in the mail says, four thousand million
times if it likes; its samples and its expectations are the test of this module.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from contact.email.charsets import decode_text
from contact.email.rtf import rtf_to_text, uncompress

MAX_OBJECTS = 2_000
MAX_PROPERTIES = 2_000

_SIGNATURE = b"\x78\x9f\x3e\x22"
_BODY, _TITLE, _DATA, _RENDERING, _MAPI, _ATTACHMENT, _CODEPAGE = 0x800C, 0x8010, 0x800F, 0x9002, 0x9003, 0x9005, 0x9007
_TEXT, _RTF, _HTML, _INTERNET_CODEPAGE = 0x1000, 0x1009, 0x1013, 0x3FDE
_CONTENT, _SHORT_NAME, _LONG_NAME, _DISPLAY_NAME, _TYPE, _CONTENT_ID = 0x3701, 0x3704, 0x3707, 0x3001, 0x370E, 0x3712
_STRING, _UNICODE, _OBJECT, _BINARY = 0x1E, 0x1F, 0x0D, 0x102
_SIZES = {0: 0, 1: 0, 2: 2, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 0x0A: 4, 0x0B: 2, 0x14: 8, 0x40: 8, 0x48: 16}
_ENCLOSED_MESSAGE = bytes.fromhex("0703020000000000c000000000000046")
_CODEPAGES = {65001: "utf-8", 28591: "iso8859-1", 28594: "iso8859-4", 28603: "iso8859-13", 20866: "koi8-r"}


@dataclass
class InnerFile:
    """A file inside; names and content type as they stand there, "" when they do not."""

    name: str = ""
    content: bytes = b""
    content_type: str = ""
    content_id: str = ""


@dataclass
class Winmail:
    """What was inside: the letter as text, HTML or both (or neither), and the files."""

    text: str = ""
    html: str = ""
    rtf: bytes = b""
    codepage: str = "cp1252"
    files: list[InnerFile] = field(default_factory=list)


def unpack(content: bytes) -> Winmail | None:
    """What is inside; as far as it can be read. None if this is no winmail.dat at all."""
    if not content.startswith(_SIGNATURE):
        return None
    found = Winmail()
    for name, data in _objects(content):
        try:
            _take(found, name, data)
        except (struct.error, IndexError, ValueError):
            continue  # a damaged object does not hide the others
    if not found.text and not found.html and found.rtf:
        found.text = rtf_to_text(uncompress(found.rtf))
    return found


def _objects(content: bytes) -> Iterator[tuple[int, bytes]]:
    at = 6
    for _ in range(MAX_OBJECTS):
        if at + 11 > len(content):
            return
        _, name, _, length = struct.unpack_from("<BHHI", content, at)
        yield name, content[at + 9 : at + 9 + length]
        at += 11 + length


def _take(found: Winmail, name: int, data: bytes) -> None:
    if name == _CODEPAGE:
        found.codepage = _charset(struct.unpack_from("<I", data)[0])
    elif name == _BODY:
        found.text = found.text or _string(data, found.codepage)
    elif name == _MAPI:
        _take_letter(found, dict(_properties(data, found.codepage)))
    elif name == _RENDERING:
        found.files.append(InnerFile())
    elif found.files:
        file = found.files[-1]
        if name == _TITLE:
            file.name = _string(data, found.codepage)
        elif name == _DATA:
            file.content = data
        elif name == _ATTACHMENT:
            _take_file(file, dict(_properties(data, found.codepage)))


def _take_letter(found: Winmail, told: dict[int, bytes | str]) -> None:
    number = told.get(_INTERNET_CODEPAGE)
    charset = _charset(int.from_bytes(number, "little")) if isinstance(number, bytes) else found.codepage
    html, text, rtf = told.get(_HTML, ""), told.get(_TEXT, ""), told.get(_RTF, b"")
    found.html = html if isinstance(html, str) else decode_text(html, charset)[0]
    found.text = found.text or (text if isinstance(text, str) else decode_text(text, charset)[0])
    found.rtf = rtf if isinstance(rtf, bytes) else b""


def _take_file(file: InnerFile, told: dict[int, bytes | str]) -> None:
    def words(name: int) -> str:
        value = told.get(name, "")
        return value if isinstance(value, str) else ""

    file.name = words(_LONG_NAME) or words(_SHORT_NAME) or file.name or words(_DISPLAY_NAME)
    file.content_type, file.content_id = words(_TYPE).lower(), words(_CONTENT_ID)
    content = told.get(_CONTENT)
    if isinstance(content, bytes) and content:
        file.content = content.removeprefix(_ENCLOSED_MESSAGE)


def _properties(data: bytes, charset: str) -> Iterator[tuple[int, bytes | str]]:
    """(name, first value) of each MAPI property; ends where the data end or make no sense, whatever count they claim."""
    (count,) = struct.unpack_from("<I", data)
    at = 4
    for _ in range(min(count, MAX_PROPERTIES)):
        if at + 4 > len(data):
            return
        kind, name = struct.unpack_from("<HH", data, at)
        try:
            at = _after_name(data, at + 4) if name >= 0x8000 else at + 4
            value, at = _value(data, at, kind, charset)
        except (struct.error, ValueError):
            return  # where the next one begins is not known; those before stay read
        yield name, value


def _after_name(data: bytes, at: int) -> int:
    """Skip the set and the name of a named property."""
    (is_named,) = struct.unpack_from("<I", data, at + 16)
    if not is_named:
        return at + 24
    (length,) = struct.unpack_from("<I", data, at + 20)
    return at + 24 + _padded(length)


def _value(data: bytes, at: int, kind: int, charset: str) -> tuple[bytes | str, int]:
    """The first value of a property and where the next property begins."""
    base, is_many = kind & 0xFFF, bool(kind & 0x1000)
    if base in _SIZES:
        many = 1
        if is_many:
            (many,) = struct.unpack_from("<I", data, at)
            at += 4
        return data[at : at + _SIZES[base]], at + _padded(_SIZES[base] * many)
    if base not in (_STRING, _UNICODE, _OBJECT, _BINARY):
        raise ValueError(kind)
    (many,) = struct.unpack_from("<I", data, at)
    at, first = at + 4, b""
    for number in range(min(many, MAX_PROPERTIES)):
        (length,) = struct.unpack_from("<I", data, at)
        first = first if number else data[at + 4 : at + 4 + length]
        at += 4 + _padded(length)
    if base == _UNICODE:
        return first.decode("utf-16-le", "replace").rstrip("\0"), at
    return (_string(first, charset) if base == _STRING else first), at


def _padded(length: int) -> int:
    return length + -length % 4


def _string(data: bytes, charset: str) -> str:
    return decode_text(data.split(b"\0", 1)[0], charset)[0]


def _charset(codepage: int) -> str:
    return _CODEPAGES.get(codepage, f"cp{codepage}")

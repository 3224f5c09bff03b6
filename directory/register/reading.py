"""A register's file as rows of texts: CSV in the encodings that offices use, or the first sheet of an XLSX. Pure."""

import csv
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any

import openpyxl

XLSX = "xlsx"
ENCODINGS = ("utf-8-sig", "utf-16", "windows-1257")
SEPARATORS = (";", ",", "\t")
MOST_BYTES = 20 * 2**20
MOST_ROWS = 100_000
# A packed file that unpacks to more than this is no register.
MOST_UNPACKED = 200 * 2**20
SAMPLE = 20


class Unreadable(ValueError):
    """The file is none that can be read; the code says why: "empty", "too_big", "broken", "encoding"."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Format:
    """How a file is read: XLSX, or a text's encoding and separator."""

    encoding: str
    separator: str = ""


def detect(content: bytes) -> Format:
    """Return how the file is most likely to be read. Raises Unreadable."""
    if not content.strip():
        raise Unreadable("empty")
    if len(content) > MOST_BYTES:
        raise Unreadable("too_big")
    if content.startswith(b"PK\x03\x04"):
        return Format(XLSX)
    encoding = _encoding(content)
    try:
        return Format(encoding, _separator(content.decode(encoding)))
    except UnicodeError:
        raise Unreadable("encoding") from None
    except csv.Error:
        raise Unreadable("broken") from None


def _encoding(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if b"\0" in content:
        raise Unreadable("encoding")
    for encoding in ("utf-8-sig", "windows-1257"):
        try:
            content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    raise Unreadable("encoding")


def _separator(text: str) -> str:
    """Return the separator that parts most of the first rows into the same number of columns, and into most."""

    def score(separator: str) -> tuple[int, int]:
        table = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        widths = [len(row) for row in islice(table, SAMPLE)]
        common = max(set(widths), key=widths.count, default=1)
        return (widths.count(common) if common > 1 else 0), common

    return max(SEPARATORS, key=score)


def rows(content: bytes, how: Format) -> Iterator[list[str]]:
    """Yield the rows of the file, the empty ones too, so that their number is the place in the list. Raises Unreadable."""
    found = _sheet(content) if how.encoding == XLSX else _table(content, how)
    for number, row in enumerate(found):
        if number >= MOST_ROWS:
            raise Unreadable("too_big")
        yield row


def _table(content: bytes, how: Format) -> Iterator[list[str]]:
    try:
        text = content.decode(how.encoding)
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=how.separator or ";"):
            yield [" ".join(cell.split()) for cell in row]
    except UnicodeError:
        raise Unreadable("encoding") from None
    except csv.Error:
        raise Unreadable("broken") from None


def _sheet(content: bytes) -> Iterator[list[str]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(part.file_size for part in packed.infolist()) > MOST_UNPACKED:
                raise Unreadable("too_big")
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        for row in book.worksheets[0].iter_rows(values_only=True):
            yield [_text(cell) for cell in row]
    except Unreadable:
        raise
    except Exception:  # openpyxl and the XML below it raise whatever a broken file makes them stumble over
        raise Unreadable("broken") from None


def _text(cell: Any) -> str:
    """Return a cell as it is read: a number without its ".0" (phones are kept as numbers), a day in ISO."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime | date):
        return cell.isoformat()[:10]
    return " ".join(str(cell).split())

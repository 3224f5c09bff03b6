"""Header fields -> words, addresses, message ids, instants, file names.  Pure; no field is too absurd."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from contact.email.charsets import decode_text, storable
from contact.email.mime import decode_base64

MAX_ADDRESSES = 500
MAX_REFERENCES = 200
MAX_LINE = 998

_WORD = re.compile(r"=\?([^?\s*]{1,60})(?:\*[^?\s]*)?\?([bq])\?([^?]*)\?=", re.IGNORECASE)
_ADDRESS = re.compile(r"[^\s@<>\"(),;:\\\[\]]+@[^\s@<>\"(),;:\\\[\].]+(?:\.[^\s@<>\"(),;:\\\[\].]+)*")
_ID = re.compile(r"<([^<>]+)>")
_DISGUISES = re.compile(
    "[\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]"
)  # invisible, or turn the text round
_LIST_SIGNS = re.compile(r'[,;:"()\\]')
_RFC2231 = re.compile(r"(\w+)(?:\*(\d{1,3}))?(\*)?", re.ASCII)


class Address(NamedTuple):
    """A person in a header; `address` is "" when what stands there is no address."""

    name: str
    address: str


@lru_cache(maxsize=64)  # subject and sender are asked for by many rules
def decode_words(value: str) -> tuple[str, bool]:
    """Decode RFC 2047 words and raw 8-bit text to one line; say whether a character set was guessed.

    Neighbouring words of one character set are joined as bytes first: many programs cut them inside a letter.
    """
    if value.isascii() and "=?" not in value:
        return " ".join(storable(value).split()), False
    pieces: list[tuple[str, bytes]] = []  # (character set, bytes); "" for text between the words
    end = 0
    for word in _WORD.finditer(value):
        between = value[end : word.start()]
        if between.strip() or not end:
            pieces.append(("", between.encode("utf-8", "surrogateescape")))
        charset, data = word[1].lower(), _word_bytes(word[2], word[3])
        if pieces and pieces[-1][0] == charset:
            pieces[-1] = (charset, pieces[-1][1] + data)
        else:
            pieces.append((charset, data))
        end = word.end()
    pieces.append(("", value[end:].encode("utf-8", "surrogateescape")))
    decoded = [decode_text(data, charset or "utf-8") for charset, data in pieces]
    text = " ".join("".join(text for text, _ in decoded).split())
    return text, any(guessed for _, guessed in decoded)


def one_line(value: str) -> str:
    """A decoded field for showing: no invisible turners of text, at most 998 characters."""
    return _DISGUISES.sub("", decode_words(value)[0])[:MAX_LINE].strip()


def _word_bytes(encoding: str, content: str) -> bytes:
    data = content.encode("utf-8", "surrogateescape")
    if encoding in "bB":
        return decode_base64(data)
    return re.sub(rb"=([0-9A-Fa-f]{2})", lambda code: bytes([int(code[1], 16)]), data.replace(b"_", b" "))


def addresses(value: str) -> tuple[Address, ...]:
    """Everyone named in a From, To or Cc field, in order; at most 500. People without an address are kept, with ""."""
    found: list[Address] = []
    prefix = ""  # an unquoted comma inside a name: "Strazdaine, Ruta <...>"
    for chunk in _split_list(value):
        person = _one_address(f"{prefix}, {chunk}" if prefix else chunk)
        if not person.address and "@" not in chunk:
            prefix = f"{prefix}, {chunk}"[:200] if prefix else chunk[:200]
            continue
        prefix = ""
        found.append(person)
        if len(found) >= MAX_ADDRESSES:
            break
    if prefix and not found:
        found.append(_one_address(prefix))
    return tuple(person for person in found if any(person))


def _split_list(value: str) -> list[str]:
    """Cut an address list at its commas and semicolons, those in quotes, comments and angle brackets excepted."""
    if not _LIST_SIGNS.search(value):
        return [value.strip()] if value.strip() else []
    chunks, start, quoted, comments, angle, at = [], 0, False, 0, False, 0
    while at < len(value):
        sign = value[at]
        if sign == "\\":
            at += 1
        elif sign == '"' and not comments:
            quoted = not quoted
        elif quoted:
            pass
        elif sign == "(":
            comments += 1
        elif sign == ")":
            comments = max(0, comments - 1)
        elif comments:
            pass
        elif sign in "<>":
            angle = sign == "<"
        elif sign in ",;" and not angle:
            chunks.append(value[start:at])
            start = at + 1
        elif sign == ":" and not angle:  # "group: a, b;"
            start = at + 1
        at += 1
    chunks.append(value[start:])
    return [chunk.strip() for chunk in chunks if chunk.strip()]


def _one_address(chunk: str) -> Address:
    start = chunk.rfind("<")
    if start >= 0:
        name, address = chunk[:start], chunk[start + 1 :].split(">", 1)[0]
        comment = re.search(r"\(([^()]*)\)\s*$", chunk[start:])
        name = name if name.strip() or not comment else comment[1]
    else:
        comment = re.search(r"\(([^()]*)\)\s*$", chunk)
        name, address = (comment[1], chunk[: comment.start()]) if comment else ("", chunk)
    address = decode_text(address.encode("utf-8", "surrogateescape"), "utf-8")[0].strip().strip("'\"")
    if len(address) <= 254 and _ADDRESS.fullmatch(address):
        return Address(_display_name(name), address)
    whole = decode_words(chunk[:MAX_LINE])[0]
    if whole != chunk and (inside := _ADDRESS.findall(whole)):  # the whole of "Name <address>" was encoded as one word
        return Address(_display_name(whole.split("<", 1)[0]), inside[-1][:254])
    return Address(_display_name(name if start >= 0 else chunk), "")


def _display_name(name: str) -> str:
    name = name.strip()
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = re.sub(r"\\(.)", r"\1", name[1:-1])
    return one_line(name).strip("'\" ")[:200]


def message_ids(value: str) -> tuple[str, ...]:
    """The message ids of a field with their angle brackets, without blanks inside, each once; the last 200."""
    text = storable(value)
    found = _ID.findall(text) or [word for word in text.split() if "@" in word]
    ids = ("".join(each.split()).strip("<>")[: MAX_LINE - 2] for each in found)
    return tuple(dict.fromkeys(f"<{each}>" for each in ids if each))[-MAX_REFERENCES:]


def first_id(value: str) -> str:
    """The first message id of a field, or ""; an id without "@" and brackets counts too."""
    if found := message_ids(value):
        return found[0]
    bare = "".join(storable(value).split()).strip("<>")[: MAX_LINE - 2]
    return f"<{bare}>" if bare else ""


def instant(value: str) -> datetime | None:
    """The Date field in UTC; None when it is no date."""
    try:
        parsed = parsedate_to_datetime(value[:200])
        aware = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
        return aware.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError, AttributeError):
        return None


def file_name(params: dict[str, str], key: str) -> str:
    """The name in `filename` or `name`: RFC 2231 (also in pieces), RFC 2047, or raw 8-bit; "" when there is none."""
    pieces: dict[int, tuple[str, bool]] = {}
    for name, value in params.items():
        match = _RFC2231.fullmatch(name)
        if match and match[1] == key and (match[2] or match[3]):
            pieces[int(match[2] or 0)] = (value, bool(match[3]))
    if not pieces:
        return decode_words(params.get(key, ""))[0]
    charset, data = "", b""
    for number in sorted(pieces):
        value, encoded = pieces[number]
        if encoded and not data and not charset and value.count("'") >= 2:
            charset, _, value = value.split("'", 2)
        piece = value.encode("utf-8", "surrogateescape")
        data += unquote_to_bytes(piece) if encoded else piece
    return decode_text(data, charset or "utf-8")[0]


def safe_name(name: str) -> str:
    """A file name without folders, line breaks and disguises, at most 150 characters, its ending kept."""
    base = re.split(r"[/\\]", _DISGUISES.sub("", storable(name)))[-1]
    base = re.sub(r'[\s<>:"|?*]+', " ", base).strip(" .")
    stem, dot, ending = base.rpartition(".")
    if not dot or len(ending) > 12:
        return base[:150]
    return f"{stem[: 149 - len(ending)].strip()}.{ending}"

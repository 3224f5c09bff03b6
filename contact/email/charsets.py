"""Bytes of unknown honesty -> text: declared character sets are checked, wrong ones are guessed.  Pure."""

import codecs
import re
from functools import lru_cache

_TYPOS = {  # misnomers, and sets whose name is written on mails in their superset
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc-kr": "cp949",
    "ks_c_5601-1987": "cp949",
    "shift_jis": "cp932",
    "big5": "big5hkscs",
    "utf8mb4": "utf-8",
    "unicode": "utf-8",
    "ansi": "cp1257",
    "win1257": "cp1257",
    "cp-1257": "cp1257",
    "x-gbk": "gb18030",
    "x-sjis": "cp932",
    "x-euc-jp": "euc-jp",
    "x-mac-roman": "mac-roman",
    "windows-874": "cp874",
    "iso-8859-8-i": "iso8859-8",
    "ucs-2": "utf-16",
    "iso-10646-ucs-2": "utf-16-be",
}
_NOT_CHARSETS = {"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined"}
_SHIFTING = ("utf-7", "utf-16", "utf-32", "iso2022", "hz")  # plain ASCII bytes mean something else here
_EIGHT_BIT = ("cp1257", "iso8859-13", "cp1252", "iso8859-4", "cp1251", "koi8-r")  # the order breaks ties
_LATIN = _EIGHT_BIT[:4]
_WESTERN = {"ascii", "iso8859-1", "iso8859-15", "cp1252"}  # what broken programs declare without looking
_ONLY_IN_8859_4 = re.compile(
    rb"[\xa6\xa9-\xac\xae\xb6\xb9-\xbc\xbe](?=[a-z])|(?<=[a-z])[\xb6\xb9-\xbc\xbe]"
)  # ļ š ē ģ ž: signs in Western sets
_SAMPLE = 20_000

_COMMON_LATVIAN = frozenset("āēīšūĀĒĪŠŪ")  # nine in ten of the Latvian letters in a text
_LATVIAN = _COMMON_LATVIAN | frozenset("čģķļņžČĢĶĻŅŽ")
_LITHUANIAN = frozenset("ąęėįųĄĘĖĮŲ")
_WESTERN_LETTERS = frozenset("äöüßéèêëàâçîïôûùáíóúñãõòìåæøÄÖÜÉÀÈÌÒÙÃÕÇÅØ")
_CYRILLIC = frozenset("абвгдежзийклмнопрстуфхцчшщъыьэюяё")
_NEUTRAL = frozenset("„“”‘’‚–—…«»§€°№·•\xa0")

_CONTROLS = {code: None for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\t\n\r\v\f"}
_CONTROLS_TABLE: dict[int, str | None] = {**_CONTROLS, 0x0B: "\n", 0x0C: "\n"}
_UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def storable(text: str) -> str:
    """Drop what PostgreSQL or JSON cannot hold: NUL and its kind go, lone surrogates become U+FFFD."""
    if not _UNSTORABLE.search(text):
        return text
    return _SURROGATE.sub("\ufffd", text.translate(_CONTROLS_TABLE))


def decode_text(data: bytes, declared: str = "") -> tuple[str, bool]:
    """Return the text of `data` and whether its character set had to be guessed.

    The declaration is believed unless the bytes contradict it: valid UTF-8 is UTF-8 whatever an 8-bit label says, and
    "us-ascii" or "iso-8859-1" over Baltic bytes is what old Latvian programs send.
    """
    if data.startswith(codecs.BOM_UTF8):
        return storable(data[3:].decode("utf-8", "replace")), False
    codec = _codec(declared)
    if data.isascii() and not codec.startswith(_SHIFTING):
        return storable(data.decode("ascii")), False
    believed = _strict(data, codec) if codec else None
    if codec == "utf-8" or _is_multibyte(codec):
        if believed is not None:
            return storable(believed), False
    elif (utf8 := _strict(data, "utf-8")) is not None:
        return storable(utf8), True
    elif believed is not None and codec not in _WESTERN and not _has_controls(believed):
        return storable(believed), False
    is_plainly_western = believed is not None and all(
        letter < "\x80" or letter in _WESTERN_LETTERS or letter in _NEUTRAL for letter in believed
    )
    text = _guess(data, _LATIN if is_plainly_western else _EIGHT_BIT)
    return storable(text), text != believed


@lru_cache(maxsize=256)
def _codec(declared: str) -> str:
    """The canonical Python name of a declared character set; "" when there is none that could be meant."""
    name = declared.strip().strip("\"'").lower()
    name = _TYPOS.get(name, name)
    if not name or len(name) > 40 or not name.isascii() or "\0" in name:
        return ""
    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError):
        return ""
    return "" if found.name in _NOT_CHARSETS else found.name


def _is_multibyte(codec: str) -> bool:
    return codec.startswith(("utf", "gb", "big5", "euc", "shift", "cp93", "cp94", "cp95", *_SHIFTING))


def _strict(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except (UnicodeError, LookupError, ValueError):
        return None


def _has_controls(text: str) -> bool:
    return any("\x7f" <= letter < "\xa0" for letter in text)


def _guess(data: bytes, among: tuple[str, ...]) -> str:
    """Decode as damaged UTF-8 if most of it is UTF-8, otherwise as the 8-bit set that looks most like words."""
    as_utf8 = data.decode("utf-8", "replace")
    broken = as_utf8.count("\ufffd")
    whole = sum(letter > "\x7f" for letter in as_utf8) - broken
    if whole > broken:
        return as_utf8
    sample = bytes(data[:_SAMPLE]) if not data[:_SAMPLE].isascii() else bytes(b for b in data if b > 0x7F)[:_SAMPLE]
    codecs_tried = (codec for codec in among if codec != "iso8859-4" or _ONLY_IN_8859_4.search(sample))
    scored = [(_score(text), codec) for codec in codecs_tried if (text := _strict(sample, codec)) is not None]
    if not scored:
        return data.decode("cp1257", "replace")
    best = max(scored, key=lambda pair: pair[0])[1]
    return data.decode(best, "replace")


def _score(text: str) -> float:
    """How much `text` looks like Latvian, Western or Russian words; signs in the midst of a word count against it."""
    score, before = 0.0, " "
    for letter in text:
        if letter > "\x7f":
            score += _weight(letter, before)
        before = letter
    return score


def _weight(letter: str, before: str) -> float:
    if letter in _LATVIAN or letter in _LITHUANIAN:
        if letter.isupper() and before.islower():
            return -1.0
        return 2.0 if letter in _COMMON_LATVIAN else 0.8 if letter in _LATVIAN else 0.5
    if letter in _CYRILLIC or "А" <= letter <= "Я":
        if before.isascii() and before.isalpha():
            return -2.0
        return 1.5 if letter in _CYRILLIC else -0.5 if before.islower() else 1.0
    if letter in _WESTERN_LETTERS:
        return -0.5 if before.islower() and letter.isupper() else 1.0
    if letter in _NEUTRAL:
        return 0.0
    return -3.0

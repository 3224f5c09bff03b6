"""Words as they are looked for: lower case, without diacritics. Pure."""

import re
import unicodedata
from functools import lru_cache

# What may stand inside a word: the rest parts words, so that no sign of a pattern can be among them.
WORD = re.compile(r"[\w@.+-]+")

# Russian letters as Latvians write them, so that "кредитора" meets "kreditora".
LETTERS = str.maketrans(
    dict(zip("абвгдезийклмнопрстуфхыэёжцчш", "abvgdezijklmnoprstufhieezccs", strict=True))
    | {"щ": "sc", "ю": "ju", "я": "ja", "ъ": "", "ь": ""}
)


@lru_cache(maxsize=65_536)
def fold(text: str) -> str:
    """Return the text in lower case, in Latin letters and without diacritics: "Žanis Ķimenītis" -> "zanis kimenitis"."""
    parted = unicodedata.normalize("NFKD", text.casefold().translate(LETTERS))
    return "".join(sign for sign in parted if not unicodedata.combining(sign))


def words(text: str) -> list[str]:
    """Return the folded words of a text, each once, in order: "Liepkalna-Ūpe" is also two."""
    found: list[str] = []
    for whole in WORD.findall(fold(text)):
        domain = whole.partition("@")[2]
        found += [whole.strip(".+_-"), domain, *re.split(r"[@.+_-]+", whole)]
    return [word for word in dict.fromkeys(found) if word]


def keys_of(name: str, certificate: str, emails: list[str], phones: list[str]) -> set[str]:
    """Return what a client is found by; `phones` are in E.164, and are found with and without Latvia's code."""
    keys = {word for text in (name, certificate, *emails) for word in words(text)}
    for number in phones:
        digits = number.lstrip("+")
        keys |= {digits, digits.removeprefix("371")}
    return keys


def beginnings(query: str, most: int = 6) -> list[str]:
    """Return the beginnings of words that a query asks for, all of which must be found; a number is one."""
    digits = re.sub(r"[\s()+/.-]", "", query)
    if digits.isdecimal():
        return [digits.removeprefix("00")]
    return words(query)[:most]

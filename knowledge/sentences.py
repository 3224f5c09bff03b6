"""Where Latvian sentences begin and end. Pure.

A full stop ends a sentence unless it belongs to an abbreviation ("plkst.", "u.c.") or to an ordinal ("20. nov."); what
goes on in lower case goes on. A new line ends one too, unless it goes on in lower case.
"""

import re
from collections.abc import Iterator

Span = tuple[int, int]

# Never the end of a sentence, whatever follows: a number, a name or a word does.
_BEFORE_MORE = "nr plkst piem sk skat sal tālr dr prof art apm adm tel t.i t.s t.sk iel red akc biedr kab dz lpp"
BEFORE_MORE = frozenset(_BEFORE_MORE.split())
# The end of a sentence only where the next word begins with a capital letter.
_MAY_END = "u.c utt u.tml u.t.t nov dec jan feb febr apr aug sept okt p pp g gs min st sek milj tūkst"
MAY_END = frozenset(_MAY_END.split())
CANDIDATE = re.compile(r"[.!?…]+[\"”“»')\]]*(?=\s|$)|\n")
BULLET = re.compile(r"\s*(?:[-–•*·]|\d{1,2}[.)])\s")
LAST_WORD = re.compile(r"([\w.]+)$")


def sentences(text: str) -> Iterator[Span]:
    """Yield the place of each sentence, without the white space around it; the end is exclusive."""
    start = 0
    for found in CANDIDATE.finditer(text):
        if found[0] == "\n" and not _line_ends(text, found.end()):
            continue
        if found[0][0] == "." and not _stop_ends(text[start : found.start()], text[found.end() :].lstrip()):
            continue
        yield from _trimmed(text, start, found.end())
        start = found.end()
    yield from _trimmed(text, start, len(text))


def number_of_words(sentence: str) -> int:
    """Return how many words a sentence has; an address or a number with its unit apart counts by its parts."""
    return sum(any(sign.isalnum() for sign in part) for part in sentence.split())


def _trimmed(text: str, start: int, end: int) -> Iterator[Span]:
    piece = text[start:end]
    begin = start + len(piece) - len(piece.lstrip())
    finish = begin + len(piece.strip())
    if any(sign.isalnum() for sign in text[begin:finish]):
        yield begin, finish


def _line_ends(text: str, after: int) -> bool:
    rest = text[after:]
    following = rest.lstrip(" \t")
    return not following or following[0] == "\n" or bool(BULLET.match(rest)) or not following[0].islower()


def _stop_ends(before: str, after: str) -> bool:
    """Tell whether a full stop between these ends a sentence."""
    following = after.lstrip("\"„“«'([")[:1]
    if following.islower():
        return False
    found = LAST_WORD.search(before)
    last = found[1] if found else ""
    is_initial = len(last) == 1 and last.isupper()
    if is_initial or last.lower() in BEFORE_MORE:
        return False
    if last.isdecimal() or last.lower() in MAY_END:
        return not following.isdecimal()
    return True

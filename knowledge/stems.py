"""Latvian words as they are compared: without diacritics and without the ending. Pure.

People write "parakstīšana" and "parakstisana", "pārskatu" and "pārskatam": all of them must meet. A stem here is a
means of comparing, not a word of the language; it may join words that a linguist would keep apart.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from directory.folding import fold

WORD = re.compile(r"[^\W_]+")
# Nothing shorter is left of a word, so that short ones stay themselves.
SHORTEST = 4
# Endings of nouns, adjectives and verbs, folded, the longest first: the first one that fits goes.
_ENDINGS = """
    a e i o s u t
    am as ai at em es ei et im is ie it os om ot um us ut ju ja
    iem ies ais ajs aja aju ija iju oja oju eja eju ums uma umu ams ama amo ami ots ota otu oti its ita itu iti
    ats ata atu ati ets eta etu eti sim siet sies sos jot jam jat dams
    ajam ajai ajas ajos ijam ijas ijai ojam ejam ajot ijot ojot ejot ties ajiem umam umiem umus umos umi
    isim asim osim esim isiet asiet ities aties oties eties isies asies osies esies isanas tais taja tajam tajiem
    sana sanu sanai sanas sanam isana isanu isanai isanas asana asanu asanai asanas osana osanu osanai osanas
    esana esanu esanai esanas isanam asanam osanam esanam
"""
ENDINGS = sorted(_ENDINGS.split(), key=len, reverse=True)
# Words that stand in every letter and say nothing of its matter.
_EMPTY = """
    ar un vai ka ko ja jo bet gan nav ir es jus jums mums man mani manu mans mana no uz pie par lai kad kur kas ta tas to
    tad te tur tie tam tas sis so si sai ari vel jau tikai pec pirms lidz bez del starp caur bus bija esmu esat esam
    labdien labrit labvakar sveiki sveicinati ludzu paldies cienu jusu musu savu savas savs savam pats pati kads kada
    kadu kuru kura kurs kuram viens viena vienu cits cita citu viss visi visas visu visiem ne nevis velreiz ta ne sia
    the and for not you are with this that from have please dear
"""
EMPTY = frozenset(_EMPTY.split())


@dataclass(frozen=True)
class Token:
    """A word of a text: as it stands there, its stem, and its place (`end` is exclusive)."""

    word: str
    stem: str
    start: int
    end: int


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """Return what is left of a word without diacritics and endings: "kļūdām" -> "klud".

    Endings go until none fits: "pārskats" and "pārskatam" would not meet after one.
    """
    left = fold(word)
    while True:
        ending = next((one for one in ENDINGS if left.endswith(one) and len(left) - len(one) >= SHORTEST), None)
        if ending is None:
            return left
        left = left[: -len(ending)]


def tokens(text: str) -> Iterator[Token]:
    """Yield the words of a text in order, the empty ones too."""
    for found in WORD.finditer(text):
        yield Token(found[0], stem(found[0]), found.start(), found.end())


def telling_stems(text: str) -> list[str]:
    """Return the stems of the words that say something, in order, repeats kept; numbers and single letters are left out."""
    return [
        one.stem
        for one in tokens(text)
        if len(one.word) > 2 and not one.word.isdecimal() and fold(one.word) not in EMPTY
    ]

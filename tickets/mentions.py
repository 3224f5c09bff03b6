"""Whom a note names with an @.  Pure: words and names in, people out."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from directory.folding import fold

# Not inside an address: name@example.lv names nobody.
NAMED = re.compile(r"(?<![\w.@+-])@([\w-]+)(?:[ \u00a0]+([\w-]+))?")


@dataclass(frozen=True)
class Named:
    """People by id in the order in which they are named, each once; and the words after an @ that tell nobody apart."""

    people: tuple[int, ...]
    unclear: tuple[str, ...]


def named_in(text: str, names: Mapping[int, tuple[str, str]]) -> Named:
    """Return whom `text` names: "@Ilze Kalnciema", or "@Ilze" where there is one Ilze. `names` maps ids to (name, surname).

    Case and diacritics do not matter.
    """
    people: list[int] = []
    unclear: list[str] = []
    folded = {pk: (fold(first), fold(last)) for pk, (first, last) in names.items()}
    for first, second in NAMED.findall(text):
        whole = [pk for pk, pair in folded.items() if pair == (fold(first), fold(second))]
        found = whole or [pk for pk, pair in folded.items() if pair[0] == fold(first)]
        if len(found) == 1:
            people += found
        else:
            unclear.append(first)
    return Named(tuple(dict.fromkeys(people)), tuple(dict.fromkeys(unclear)))

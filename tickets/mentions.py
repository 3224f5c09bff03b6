"""Whom a note names with an @.  Pure: words and names in, people out."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from directory.folding import fold

# Not inside an address: name@example.lv names nobody.
AT = re.compile(r"(?<![\w.@+-])@([\w-]+)")
MOST = 200  # characters of a name and surname


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
    for at in AT.finditer(text):
        said = " ".join(fold(text[at.start(1) : at.start(1) + MOST]).split())
        whole = [pk for pk, pair in folded.items() if _begins(said, " ".join(pair))]
        found = whole or [pk for pk, (first, _last) in folded.items() if _begins(said, first)]
        if len(found) == 1:
            people += found
        else:
            unclear.append(at[1])
    return Named(tuple(dict.fromkeys(people)), tuple(dict.fromkeys(unclear)))


def _begins(said: str, name: str) -> bool:
    """Tell whether the words begin with this name, whole."""
    return said.startswith(name) and not re.match(r"[\w-]", said[len(name) : len(name) + 1])

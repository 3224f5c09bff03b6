"""What was changed between two texts, word by word.  Pure."""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher


@dataclass(frozen=True)
class Piece:
    """A stretch of text: `kind` is same, out (only in the first) or in (only in the second)."""

    kind: str
    text: str


def difference(before: str, after: str) -> list[Piece]:
    """Return the pieces of both texts in order; the white space between words stays."""
    old, new = (re.findall(r"\s+|\w+|[^\w\s]", text) for text in (before, after))
    pieces: list[Piece] = []
    for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            pieces.append(Piece("same", "".join(old[i:j])))
            continue
        if i < j:
            pieces.append(Piece("out", "".join(old[i:j])))
        if k < m:
            pieces.append(Piece("in", "".join(new[k:m])))
    return pieces

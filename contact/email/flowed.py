"""Undo format=flowed (RFC 3676): lines broken for the wire become paragraphs again.  Pure."""

import re

_QUOTE = re.compile(r"^>*")
_SIGNATURE = "-- "
_DEEPEST = 20


def unflow(text: str, *, delete_space: bool) -> str:
    """Join soft-broken lines of equal quote depth; `delete_space` is the part's DelSp=yes."""
    paragraphs: list[list[str]] = []
    open_depth = -1  # the quote depth of the paragraph that still runs on, or -1
    for raw in text.split("\n"):
        marks = _QUOTE.match(raw)
        depth = marks.end() if marks else 0
        line = raw[depth:].removeprefix(" ")
        is_soft = line.endswith(" ") and line != _SIGNATURE
        if depth == open_depth and line.strip() and line != _SIGNATURE:
            paragraphs[-1].append(line)
        else:
            paragraphs.append(["> " * min(depth, _DEEPEST), line])
        if is_soft and delete_space:
            paragraphs[-1][-1] = line[:-1]
        open_depth = depth if is_soft else -1
    return "\n".join("".join(pieces) for pieces in paragraphs)

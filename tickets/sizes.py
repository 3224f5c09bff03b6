"""How large a mail becomes.  Pure: bytes in, bytes out."""

from collections.abc import Iterable
from math import ceil

# Headers, the words in both forms, the history below them.
WORDS = 256 * 1024
PART = 1024


def mail_size(files: Iterable[int]) -> int:
    """Return the size of a mail with files of these sizes: each grows by 37 % as base64 in lines of 76 (RFC 2045)."""
    return WORDS + sum(ceil(size / 57) * 78 + PART for size in files)


def room_for_files(most: int) -> int:
    """Return how many bytes of files fit into a mail of `most` bytes, in up to twenty files."""
    return max(0, (most - WORDS - 20 * PART - 20 * 78) // 78 * 57)

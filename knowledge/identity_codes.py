"""Personal identity codes in a text. Pure.

Two forms: DDMMYY-CNNNN, given out until July 2017 (C is the century: 0, 1 or 2), and 32NNNN-NNNNN, which says nothing of
its owner. Written with the dash, a code counts even if its last digit is wrong: somebody mistyped a real one. Without
it, an old code must be right to the last digit, or every number of eleven digits would be one. The check digit of the
new form is published nowhere, so the beginning decides.
"""

import re
from calendar import monthrange
from collections.abc import Iterator

Span = tuple[int, int]

CODE = re.compile(r"(?<![\d-])(\d{6})([-–‐‑]|)(\d{5})(?![\d-])")
WEIGHTS = (10, 5, 8, 4, 2, 1, 6, 3, 7, 9)
CENTURIES = {"0": 1800, "1": 1900, "2": 2000}


def identity_codes(text: str) -> Iterator[Span]:
    """Yield the place of each personal identity code; the end is exclusive."""
    for found in CODE.finditer(text):
        first, dash, last = found.groups()
        if first.startswith("32") or (_is_birthday(first, last[0]) and (dash or _is_checked(first + last))):
            yield found.span()


def _is_birthday(digits: str, century: str) -> bool:
    if century not in CENTURIES:
        return False
    day, month, year = int(digits[:2]), int(digits[2:4]), int(digits[4:]) + CENTURIES[century]
    return 1 <= month <= 12 and 1 <= day <= monthrange(year, month)[1]


def _is_checked(digits: str) -> bool:
    total = 1 + sum(weight * int(digit) for weight, digit in zip(WEIGHTS, digits, strict=False))
    return total % 11 % 10 == int(digits[10])

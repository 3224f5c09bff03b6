"""Which column holds what: guessed by its title. Pure."""

import re
from collections.abc import Sequence

from directory.folding import fold

# What a column may hold; "" is not taken over. An identity code is named so that it is known to be left out.
FIELDS = ("name", "first_name", "last_name", "certificate", "email", "phone", "standing", "kind")
LEFT_OUT = "identity_code"
MANY = ("email", "phone")

# Folded titles, the longest words first: "uzvards" holds "vards".
TITLES: tuple[tuple[str, str], ...] = (
    ("personas kods", LEFT_OUT),
    ("pers. kods", LEFT_OUT),
    ("identity code", LEFT_OUT),
    ("vards, uzvards", "name"),
    ("vards un uzvards", "name"),
    ("vards uzvards", "name"),
    ("pilns vards", "name"),
    ("full name", "name"),
    ("uzvards", "last_name"),
    ("surname", "last_name"),
    ("last name", "last_name"),
    ("vards", "first_name"),
    ("first name", "first_name"),
    ("sertifikata n", "certificate"),
    ("sertifikats", "certificate"),
    ("apliecibas n", "certificate"),
    ("certificate", "certificate"),
    ("e-past", "email"),
    ("epast", "email"),
    ("elektroniska pasta", "email"),
    ("e-mail", "email"),
    ("email", "email"),
    ("talrun", "phone"),
    ("mobil", "phone"),
    ("phone", "phone"),
    ("statuss", "standing"),
    ("status", "standing"),
    ("veids", "kind"),
    ("loma", "kind"),
    ("kind", "kind"),
    ("name", "name"),
)
HEADER_WITHIN = 10


def guess(titles: Sequence[str]) -> list[str]:
    """Return what each column most likely holds; of two that seem the same, only e-mails and phones are both taken."""
    fields: list[str] = []
    for title in titles:
        words = re.sub(r"\s+", " ", fold(title)).strip()
        field = next((field for known, field in TITLES if known in words), "")
        fields.append("" if field in fields and field not in (*MANY, LEFT_OUT) else field)
    return fields


def header_of(first: Sequence[Sequence[str]]) -> int:
    """Return which of the first rows has the titles: the one of which most are known."""
    known = [sum(bool(field) for field in guess(row)) for row in first[:HEADER_WITHIN]]
    return known.index(max(known)) if known else 0

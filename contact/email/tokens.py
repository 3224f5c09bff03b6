"""Marks by which a reply that comes back is known, however its own Message-ID was lost on the way.  Pure.

A mark names the reply and is signed, so nobody can make one up. It is written into a header of our own, into the
envelope's id where the server takes one (RFC 3461, a delivery report gives it back), and, where the setting
BOUNCE_ADDRESS says so, into the envelope's sender. It survives changes of case: some servers lower an address.
"""

import hmac
import re
from base64 import b32encode
from collections.abc import Iterable

HEADER = "X-Helpdesk-Reply"
SIGNED = 16  # characters of 5 bits
_MARK = re.compile(rf"(?<![a-z0-9])rep-([0-9a-f]{{1,16}})-([a-z2-7]{{{SIGNED}}})(?![a-z0-9])", re.IGNORECASE)


def mark_of(message_pk: int, key: str) -> str:
    """Return the mark of a reply, e.g. "rep-1f-k3jx…": letters, digits and "-", right anywhere in an address."""
    number = f"{message_pk:x}"
    return f"rep-{number}-{_signature(number, key)}"


def marked(texts: Iterable[str], key: str) -> int | None:
    """Return the reply that a genuine mark in one of these texts names, the first found; None without one."""
    for text in texts:
        for found in _MARK.finditer(text):
            number, signature = found[1].lower(), found[2].lower()
            if hmac.compare_digest(signature, _signature(number, key)):
                return int(number, 16)
    return None


def bounce_address(template: str, mark: str, own: str) -> str:
    """Return the envelope's sender: the desk's `own` address, or by the template "{local}+{mark}@{domain}" one of its.

    >>> bounce_address("{local}+{mark}@{domain}", "rep-1-abc", "emus@desk.example")
    'emus+rep-1-abc@desk.example'
    """
    local, _, domain = own.rpartition("@")
    return template.format(local=local, mark=mark, domain=domain) if template else own


def _signature(number: str, key: str) -> str:
    digest = hmac.digest(key.encode(), f"contact.email.tokens {number}".encode(), "sha256")
    return b32encode(digest).decode()[:SIGNED].lower()

"""Who is on a mail, and whom an answer goes to.  Pure: messages in, addresses out; no query, no clock."""

from collections.abc import Iterable
from dataclasses import dataclass

from tickets.models import Message


@dataclass(frozen=True)
class Person:
    """An address on a ticket; `wrote` tells a sender from who was only written to. `name` is "" where none is known."""

    address: str
    name: str
    wrote: bool


def folded(address: str) -> str:
    """Return an address as it is compared: two that differ in case alone are one."""
    return address.strip().casefold()


def is_own(address: str, own: str) -> bool:
    """Tell whether an address is the desk's: its own, or one that our bounces come back to ("emus+b.…@")."""
    local, _, domain = folded(address).rpartition("@")
    return f"{local.partition('+')[0]}@{domain}" == folded(own)


def once(addresses: Iterable[str], *, without: Iterable[str] = ()) -> list[str]:
    """Return the addresses in order, each once and as it was first written, without those of `without`."""
    left_out = {folded(one) for one in without}
    found: dict[str, str] = {}
    for one in addresses:
        found.setdefault(folded(one), one.strip())
    return [one for key, one in found.items() if key and key not in left_out]


def answer_to(message: Message, own: str) -> list[str]:
    """Return where a message asks to be answered: its Reply-To, or its sender."""
    asked = [one for one in once(message.reply_to) if not is_own(one, own)]
    return asked or [message.sender_address]


def others_on(message: Message, own: str) -> list[str]:
    """Return who else was written to, for "reply to all": neither us, nor whom the answer goes to anyway."""
    everybody = once([*message.to, *message.cc], without=[*answer_to(message, own), message.sender_address])
    return [one for one in everybody if not is_own(one, own)]


def addresses_on(messages: Iterable[Message]) -> set[str]:
    """Return, folded, every address that these messages are from or to."""
    return {folded(one) for message in messages for one in (message.sender_address, *message.to, *message.cc)}


def recipients_of(message: Message) -> list[str]:
    return once([*message.to, *message.cc])


def people_on(messages: Iterable[Message], own: str) -> list[Person]:
    """Return everybody on these messages but the desk: who wrote first, in the order in which they appear."""
    names: dict[str, str] = {}
    wrote: list[str] = []
    addressed: list[str] = []
    for message in messages:
        if message.kind == Message.Kind.INCOMING:
            wrote.append(message.sender_address)
            names[folded(message.sender_address)] = message.sender_name or names.get(folded(message.sender_address), "")
        if message.kind != Message.Kind.AUTOMATIC:
            addressed += [*message.to, *message.cc]
    people = [Person(one, names[folded(one)], wrote=True) for one in once(wrote)]
    people += [Person(one, "", wrote=False) for one in once(addressed, without=wrote)]
    return [one for one in people if not is_own(one.address, own)]

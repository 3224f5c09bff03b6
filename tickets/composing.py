"""What the composer shows besides its form: everybody whom the letter may go to, ticked or not."""

from collections.abc import Iterable
from dataclasses import dataclass

from tickets.forms import AddressForm
from tickets.models import Delivery, Message
from tickets.people import Person, addresses_on, answer_to, folded, once, others_on, people_on


@dataclass(frozen=True)
class Choice:
    """An address in the composer. `is_new`: nobody on the ticket has used it yet."""

    address: str
    name: str
    is_ticked: bool
    is_new: bool


@dataclass(frozen=True)
class Composer:
    to: list[Choice]
    cc: list[Choice]
    people: list[Person]

    @property
    def has_others(self) -> bool:
        """Tell whether "reply to all" would add somebody."""
        return any(not one.is_ticked for one in self.cc)


def composer_of(form: AddressForm, answered: Message | None, messages: Iterable[Message], own: str) -> Composer:
    """Return the addresses that the form shows: what is ticked in it, and whom else the answered letter names."""
    messages = [one for one in messages if not is_recalled(one)]
    people = people_on(messages, own)
    if answered is None:
        return Composer([], [], people)
    known, names = addresses_on(messages), {folded(one.address): one.name for one in people}

    def choices(offered: list[str], ticked: list[str]) -> list[Choice]:
        chosen = {folded(one) for one in ticked}
        every = [(one, folded(one)) for one in once([*offered, *ticked])]
        return [Choice(one, names.get(key, ""), key in chosen, key not in known) for one, key in every]

    to, cc = form.ticked("to"), form.ticked("cc")
    offered = once(others_on(answered, own), without=to)
    return Composer(choices(answer_to(answered, own), to), choices(offered, once(cc, without=to)), people)


def is_recalled(message: Message) -> bool:
    delivery: Delivery | None = getattr(message, "delivery", None)
    return delivery is not None and delivery.state == Delivery.State.RECALLED

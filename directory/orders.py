"""Which order binds on a day. Pure."""

from collections.abc import Iterable
from datetime import date
from typing import Protocol, TypeVar


class Valid(Protocol):
    valid_from: date
    valid_until: date | None


Order = TypeVar("Order", bound=Valid)


def in_force(orders: Iterable[Order], on: date) -> Order | None:
    """Return the order that binds on that day: the one that came into force last, unless it has ended.

    A superseded order never comes back: after the end date of the last one none binds.
    """
    begun = [one for one in orders if one.valid_from <= on]
    last = max(begun, key=lambda one: one.valid_from, default=None)
    return last if last is not None and (last.valid_until is None or on <= last.valid_until) else None

"""Write down what happened. Called inside the transaction of the change itself."""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Model

from audit.models import Event
from audit.verbs import Verb
from helpdesk.rows import insert_rows

if TYPE_CHECKING:
    from directory.models import User


COLUMNS = ("at", "verb", "by_id", "target_type", "target_id", "ticket_id", "data")


def record(target: Model | None, verb: Verb, *, by: "User | None", at: datetime, **data: Any) -> None:
    """Record one event about `target`; `data` holds codes and raw values, never prose."""
    Event(**dict(zip(COLUMNS, _event(target, verb, by, at, data), strict=True))).save()


def record_many(happened: Iterable[tuple[Model, datetime, dict[str, Any]]], verb: Verb, *, by: "User | None") -> None:
    """Record the same verb about many objects, each with its own instant and data, in bulk."""
    facts = list(happened)
    if facts:
        insert_rows(Event, COLUMNS, (_event(target, verb, by, at, data) for target, at, data in facts))


def _event(target: Model | None, verb: Verb, by: "User | None", at: datetime, data: dict[str, Any]) -> tuple[Any, ...]:
    """Return the event's values in the order of COLUMNS."""
    label = target._meta.label_lower if target is not None else ""
    ticket_id = getattr(target, "pk", None) if label == "tickets.ticket" else getattr(target, "ticket_id", None)
    target_id = target.pk if target is not None else None
    return at, str(verb), by.pk if by is not None else None, label, target_id, ticket_id, data

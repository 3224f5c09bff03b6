"""Entering and changing a row whose columns a person fills in: one event with what was, and what is."""

from collections.abc import Mapping
from datetime import date
from typing import Any, TypeVar

from django.db import IntegrityError, transaction
from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from helpdesk.errors import DomainError

Row = TypeVar("Row", bound=Model)


class NameTaken(DomainError):
    code = "name_taken"
    words = _("There is one with this name already.")


def put_in(row: Model, fields: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Give the row new values without saving them; return old and new of those that differ, as an event holds them."""
    changed = {}
    for name, value in fields.items():
        if getattr(row, name) != value:
            changed[name] = [raw(getattr(row, name)), raw(value)]
            setattr(row, name, value)
    return changed


def raw(value: Any) -> Any:
    """Return a value as an event holds it: a row by its id, a day by its date."""
    if isinstance(value, Model):
        return value.pk
    return value.isoformat() if isinstance(value, date) else value


def save_named(row: Row, fields: list[str] | None) -> Row:
    """Save the row, all of it without `fields`. Raises NameTaken if another of the desk has its name."""
    try:
        with transaction.atomic():
            row.save(update_fields=fields)
    except IntegrityError:
        raise NameTaken from None
    return row

"""The words of an import, made when they are shown."""

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from directory.models import Client
from directory.phones import spaced

FIELD_WORDS = {
    "name": gettext_lazy("Full name"),
    "first_name": gettext_lazy("Name"),
    "last_name": gettext_lazy("Surname"),
    "certificate": gettext_lazy("Certificate number"),
    "email": gettext_lazy("E-mail"),
    "phone": gettext_lazy("Phone"),
    "standing": gettext_lazy("Standing in the register"),
    "kind": gettext_lazy("Kind"),
    "emails": gettext_lazy("E-mail"),
    "phones": gettext_lazy("Phone"),
    "is_confirmed": gettext_lazy("confirmed"),
}


def reason_words(code: str, about: str) -> str:
    """Return why a row was refused, and what to do about it."""
    words = {
        "name_missing": _("The name is missing."),
        "nothing_to_know_by": _("There is neither a certificate nor an e-mail by which to know the client."),
        "email_wrong": _("“%(about)s” is not an e-mail address."),
        "phone_wrong": _("“%(about)s” is not a phone number."),
        "standing_unknown": _("The standing “%(about)s” is not known."),
        "kind_unknown": _("The kind “%(about)s” is not known."),
        "too_long": _("The name or the certificate is too long: “%(about)s…”."),
        "repeated": _("The client stands in row %(about)s already."),
        "address_taken": _("The e-mail is that of another client: %(about)s. Merge the two, or correct the row."),
    }
    return words[code] % {"about": about}


def change_words(name: str, old: Any, new: Any) -> tuple[str, str, str]:
    """Return a changed field, what it was and what it becomes."""
    show: Callable[[Any], str] = {
        "kind": lambda value: str(Client.Kind(value).label),
        "standing": lambda value: str(Client.Standing(value).label),
        "is_confirmed": lambda value: _("yes") if value else _("no"),
        "emails": ", ".join,
        "phones": lambda value: ", ".join(spaced(one) for one in value),
    }.get(name, str)
    return str(FIELD_WORDS[name]), show(old) if old not in (None, "") else "–", show(new)

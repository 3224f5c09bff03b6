"""The end of every reply: name, surname, position and contact details.  (E-I.6)"""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from directory.models import Desk, Employee
from helpdesk.errors import DomainError

REQUIRED: dict[str, str | Promise] = {
    "first_name": _("name"),
    "last_name": _("surname"),
    "position": _("position"),
    "phone": _("phone"),
}


class ProfileIncomplete(DomainError):
    code = "profile_incomplete"
    words = _("Your profile lacks: %(missing)s. Fill it in, then send: a reply must end with them.")


def gaps(employee: Employee) -> list[str | Promise]:
    """Return what the profile lacks for a signature, in words; empty when it is complete."""
    return [words for field, words in REQUIRED.items() if not str(getattr(employee, field)).strip()]


def signature(employee: Employee, desk: Desk) -> str:
    """Return the signature, in Latvian whatever the reader's language: it goes to a client.

    Raises ProfileIncomplete.
    """
    missing = gaps(employee)
    if missing:
        raise ProfileIncomplete(missing=", ".join(str(one) for one in missing))
    contact = ", ".join(part for part in (desk.office, f"tālr. {employee.phone}", desk.address) if part)
    return f"Ar cieņu\n{employee.first_name} {employee.last_name}, {employee.position}\n{contact}"

"""The people of the office: who they are and what they are at which desk."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit.actions import record
from audit.verbs import Verb
from directory.models import Desk, Employee, Role, User
from helpdesk.errors import DomainError

PROFILE = ("first_name", "last_name", "position", "unit", "phone", "languages")


class EmailTaken(DomainError):
    code = "email_taken"
    words = _("Somebody signs in with %(email)s already.")


@transaction.atomic
def create_employee(
    email: str,
    password: str | None,
    *,
    first_name: str,
    last_name: str,
    position: str,
    phone: str,
    by: User | None,
    at: datetime,
) -> Employee:
    """Make a person of the office who can sign in; without a password only once they have been given one."""
    user = User.objects.create_user(email, password, joined_at=at)
    employee = Employee.objects.create(
        user=user, first_name=first_name, last_name=last_name, position=position, phone=phone
    )
    record(employee, Verb.EMPLOYEE_CREATED, by=by, at=at, email=user.email)
    return employee


@transaction.atomic
def change_profile(employee: Employee, *, by: User, at: datetime, **facts: Any) -> Employee:
    """Change what clients and colleagues see of a person: any of PROFILE; what is not given stays.  (E-I.6)"""
    employee = Employee.objects.select_for_update().get(pk=employee.pk)
    changed = {
        field: [getattr(employee, field), facts[field]]
        for field in PROFILE
        if field in facts and getattr(employee, field) != facts[field]
    }
    if not changed:
        return employee
    for field in changed:
        setattr(employee, field, facts[field])
    employee.save(update_fields=list(changed))
    record(employee, Verb.EMPLOYEE_CHANGED, by=by, at=at, **changed)
    return employee


@transaction.atomic
def employ(desk: Desk, email: str, *, roles: Collection[str], by: User, at: datetime, **facts: Any) -> Employee:
    """Make a person of the desk who cannot sign in yet; `facts` are those of PROFILE. Raises EmailTaken."""
    if User.objects.filter(email=email).exists():
        raise EmailTaken(email=email)
    employee = Employee.objects.create(user=User.objects.create_user(email, joined_at=at), **facts)
    record(employee, Verb.EMPLOYEE_CREATED, by=by, at=at, email=email)
    _set_roles(employee, desk, roles, by=by, at=at)
    return employee


@transaction.atomic
def change_person(
    employee: Employee, desk: Desk, *, roles: Collection[str], by: User, at: datetime, **facts: Any
) -> Employee:
    """Change a person's profile and what they are at the desk."""
    employee = change_profile(employee, by=by, at=at, **facts)
    _set_roles(employee, desk, roles, by=by, at=at)
    return employee


def _set_roles(employee: Employee, desk: Desk, roles: Collection[str], *, by: User, at: datetime) -> None:
    held = set(employee.roles.filter(desk=desk).values_list("name", flat=True))
    for role in sorted({*roles} - held):
        grant_role(employee, desk, role, by=by, at=at)
    for role in sorted(held - {*roles}):
        revoke_role(employee, desk, role, by=by, at=at)


@transaction.atomic
def grant_role(employee: Employee, desk: Desk, role: str, *, by: User | None, at: datetime) -> None:
    """Make `employee` a `role` at `desk`; a no-op if they are already."""
    granted, is_new = Role.objects.get_or_create(employee=employee, desk=desk, name=role)
    if is_new:
        record(employee, Verb.ROLE_GRANTED, by=by, at=at, desk=desk.code, role=role)


@transaction.atomic
def revoke_role(employee: Employee, desk: Desk, role: str, *, by: User, at: datetime) -> None:
    """Take a role back; a no-op if they do not hold it."""
    taken, _ = Role.objects.filter(employee=employee, desk=desk, name=role).delete()
    if taken:
        record(employee, Verb.ROLE_REVOKED, by=by, at=at, desk=desk.code, role=role)

"""The first person and the first desk of an office that starts without the demonstration."""

import os
import sys
from argparse import ArgumentParser
from datetime import datetime
from getpass import getpass
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone

from directory.actions import create_employee, grant_role
from directory.models import Desk, Employee, Role, User
from sla.models import Calendar
from sla.shipped import DEMONSTRATION_WEEK, load_calendar, load_policies

PASSWORD_VARIABLE = "ADMINISTRATOR_PASSWORD"
# (option, what is asked for, default); an option without a default is asked for, or must be given.
OPTIONS: tuple[tuple[str, str, str | None], ...] = (
    ("email", "the person's e-mail, by which they sign in", None),
    ("first-name", "the person's name", None),
    ("last-name", "the person's surname", None),
    ("position", "the person's position, as clients see it", None),
    ("phone", "the person's phone, as clients see it", None),
    ("address", "the desk's e-mail address", None),
    ("desk", "the desk's code: a short word", "emus"),
    ("desk-name", "the desk's name, as clients see it", "EMUS atbalsts"),
    ("prefix", "what its ticket numbers begin with", "EMUS"),
)


class Command(BaseCommand):
    help = (
        "Makes the first administrator and the desk, with the calendar and the terms that ship. Safe to run again: "
        f"what exists stays as it is. The password comes from {PASSWORD_VARIABLE} or is asked for."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        for name, words, default in OPTIONS:
            parser.add_argument(f"--{name}", help=f"{words}; {default}" if default else words, default=default)

    def handle(self, *args: Any, **options: Any) -> None:
        facts = {name.replace("-", "_"): self.given(name, words, options) for name, words, _ in OPTIONS}
        for name in ("email", "address"):
            check(facts[name], name)
        at = timezone.now()
        with transaction.atomic():
            desk = self.desk(facts, at=at)
            employee = self.employee(facts, at=at)
            for role in (Role.Name.ADMINISTRATOR, Role.Name.MANAGER):
                grant_role(employee, desk, role, by=None, at=at)
            # The set-up pages are open to them: somebody has to bring in the others.
            User.objects.filter(pk=employee.user_id).update(is_staff=True, is_superuser=True)
        self.say(f"{employee} ({employee.user.email}) is administrator and manager of {desk}.")

    def given(self, name: str, words: str, options: dict[str, Any]) -> str:
        value = options[name.replace("-", "_")]
        if not value and sys.stdin.isatty():
            value = input(f"{words[0].upper()}{words[1:]}: ")
        if not value or not value.strip():
            raise CommandError(f"--{name} is needed: {words}.")
        return str(value).strip()

    def desk(self, facts: dict[str, str], *, at: datetime) -> Desk:
        """Return the desk with this code, made with its calendar and terms where they are missing."""
        if Desk.objects.filter(address=facts["address"]).exclude(code=facts["desk"].lower()).exists():
            raise CommandError(f"{facts['address']} is the address of another desk: choose another --address.")
        new = {name: facts[name] for name in ("prefix", "address")}
        desk, is_new = Desk.objects.get_or_create(
            code=facts["desk"].lower(), defaults={**new, "name": facts["desk_name"], "starts_at": at}
        )
        self.say(f"Desk {desk.code}: {'made' if is_new else 'exists already, left as it is'}.")
        if not Calendar.objects.filter(desk=desk).exists():
            load_calendar(desk, DEMONSTRATION_WEEK, by=None, at=at)
            self.say("Working time is Monday to Friday, 8:30 to 17:00: confirm or change it before anything else.")
        load_policies(desk, by=None, at=at)
        return desk

    def employee(self, facts: dict[str, str], *, at: datetime) -> Employee:
        user = User.objects.filter(email=facts["email"].lower()).first()
        if user is None:
            person = {name: facts[name] for name in ("first_name", "last_name", "position", "phone")}
            return create_employee(facts["email"], password(), **person, by=None, at=at)
        employee = Employee.objects.filter(user=user).first()
        if employee is None:
            raise CommandError(f"{user.email} signs in already but is no employee: choose another --email.")
        self.say(f"{user.email} exists already: name and password are left as they are.")
        return employee

    def say(self, words: str) -> None:
        self.stdout.write(words)


def check(address: str, name: str) -> None:
    try:
        validate_email(address)
    except ValidationError:
        raise CommandError(f"--{name}: {address!r} is no e-mail address.") from None


def password() -> str:
    """Return the password that was given or typed, twice; one that is too simple is refused."""
    found = os.environ.get(PASSWORD_VARIABLE, "")
    if not found and sys.stdin.isatty():
        found = getpass("Password: ")
        if found != getpass("Once more: "):
            raise CommandError("The two passwords differ.")
    if not found:
        raise CommandError(f"A password is needed: set {PASSWORD_VARIABLE}.")
    try:
        validate_password(found)
    except ValidationError as refused:
        raise CommandError(" ".join(refused.messages)) from None
    return found

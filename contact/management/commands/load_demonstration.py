from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from contact.demo import office, people
from directory.models import Desk
from tickets.models import Ticket


class Command(BaseCommand):
    help = "Fill an empty embedded database with the demonstration office and its mail."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.MAY_DEMONSTRATE:
            raise CommandError(
                "The demonstration is for the embedded database and its own mail folders only: "
                "unset DATABASE_URL, EMAIL_URL, NOTICE_EMAIL_URL and MAILBOX_URL."
            )
        if Desk.objects.exists():
            raise CommandError("The database is not empty; the demonstration is loaded into an empty one only.")
        office.load(at=timezone.now())
        people.marker().touch()
        self.stdout.write(f"Demonstration office loaded: {Ticket.objects.count()} tickets.")

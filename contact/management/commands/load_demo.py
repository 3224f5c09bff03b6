"""Fill a desk with invented tickets, to try the product out at size."""

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from contact.demo import bulk


class Command(BaseCommand):
    help = (
        "Loads invented tickets into the first desk, or into a demonstration office where there is no desk yet. "
        "The same seed and instant make the same tickets. Nobody is given a sign-in on a production database."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tickets", type=int, default=1000, help="how many; 1000")
        parser.add_argument("--seed", type=int, default=1, help="what the chance starts from; 1")
        parser.add_argument("--at", type=self.instant, help="until when, e.g. 2026-11-20T09:00:00+02:00; now")

    def handle(self, *args: Any, **options: Any) -> None:
        tickets, at = options["tickets"], options["at"] or timezone.now()
        if tickets < 1:
            raise CommandError("--tickets must be 1 or more.")
        began = timezone.now()
        for done in bulk.load(tickets, seed=options["seed"], at=at):
            if self.stdout.isatty():
                self.stdout.write(f"\r{done:,} of {tickets:,} tickets", ending="")
                self.stdout.flush()
        seconds = (timezone.now() - began).total_seconds()
        self.stdout.write(f"\r{tickets:,} tickets loaded in {seconds:.1f} s, up to {at.isoformat()}.")

    @staticmethod
    def instant(text: str) -> datetime:
        """Read an instant; without an offset it is this machine's time zone. Raises ValueError."""
        at = parse_datetime(text)
        if at is None:
            raise ValueError(text)
        return at if timezone.is_aware(at) else timezone.make_aware(at)

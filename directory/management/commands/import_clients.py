"""Bring the office's register of clients in from a terminal."""

from argparse import ArgumentParser
from pathlib import Path
from time import sleep
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone, translation

from directory.actions.importing import apply_register, compare_register, receive_register, work
from directory.models import Client, ClientImport, ClientImportRow
from directory.register.words import reason_words
from helpdesk.errors import DomainError

WIDTH = 40


class Command(BaseCommand):
    help = "Compares a register of clients (CSV or XLSX) with the clients and prints every row's fate; --apply carries it out."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--apply", action="store_true", help="carry it out: all of it, or nothing")
        parser.add_argument("--kind", choices=Client.Kind.values, default=Client.Kind.ADMINISTRATOR)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self.run(options["file"], options["kind"], is_applied=options["apply"])
        except DomainError as refused:
            raise CommandError(str(refused)) from None
        except OSError as missing:
            raise CommandError(f"{options['file']}: {missing.strerror}") from None

    def run(self, file: Path, kind: str, *, is_applied: bool) -> None:
        source = receive_register(file.name, file.read_bytes(), by=None, at=timezone.now())
        self.stdout.write(f"Read as {source.encoding} {source.separator!r}, columns: {', '.join(source.fields)}")
        source = self.worked(compare_register(source, source.fields, kind))
        with translation.override("en"):
            for row in source.rows.filter(fate=ClientImportRow.Fate.REFUSED).order_by("number"):
                words = " ".join(reason_words(code, about) for code, about in row.reasons)
                self.stdout.write(f"row {row.number}: {words}")
        self.tell(source)
        if is_applied:
            source = self.worked(apply_register(source, by=None))
            if source.is_stale:
                raise CommandError("Clients have changed meanwhile: nothing was carried out. Run it again.")
            self.stdout.write("Carried out.")

    def worked(self, source: ClientImport) -> ClientImport:
        """Do the work here, unless a worker of the product was quicker: then watch it."""
        for row in work(source.pk, at=timezone.now()):
            self.show(row)
        while (row := ClientImport.objects.get(pk=source.pk)).is_working:
            self.show(row)
            sleep(1)
        return row

    def show(self, row: ClientImport) -> None:
        """Draw the bar over itself; into a file nothing of it is written."""
        if self.stdout.isatty():
            full = WIDTH * row.done // row.total if row.total else WIDTH
            bar = "█" * full + "░" * (WIDTH - full)
            end = "\n" if not row.is_working else ""
            self.stdout.write(f"\r{bar} {row.done}/{row.total}", ending=end)
            self.stdout.flush()

    def tell(self, source: ClientImport) -> None:
        counts = ", ".join(f"{fate} {source.counts.get(fate, 0)}" for fate in ClientImportRow.Fate.values)
        self.stdout.write(f"{source.total} rows: {counts}")

"""Show what the parser reads out of mails in files."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from contact.email.as_json import mail_as_data
from contact.email.parse import parse


class Command(BaseCommand):
    help = "Reads mails (.eml files, - for standard input) and prints one line for each. Touches no database."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE")
        parser.add_argument("--json", action="store_true", help="everything that was read, as JSON; else the subject")

    def handle(self, *args: Any, **options: Any) -> None:
        for name in options["files"]:
            try:
                raw = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
            except OSError as error:
                raise CommandError(f"{name}: {error.strerror}") from error
            mail = parse(raw)
            told = json.dumps(mail_as_data(mail), ensure_ascii=False) if options["json"] else mail.subject
            self.stdout.write(told)

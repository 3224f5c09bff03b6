"""Carry changes of calendars over to the open deadlines, seen from a terminal."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from sla.models import Recalculation
from sla.settings import recalculate, unfinished

WIDTH = 40


class Command(BaseCommand):
    help = "Goes on with the recalculations of deadlines that were begun and not finished, each from where it stopped."

    def handle(self, *args: Any, **options: Any) -> None:
        begun = unfinished()
        for pk in begun:
            for row in recalculate(pk, at=timezone.now()):
                self.show(row)
            self.say("")
        self.say(f"Recalculations finished: {len(begun)}." if begun else "There is nothing to recalculate.")

    def show(self, row: Recalculation) -> None:
        """Draw the bar over itself; into a file only how it ended is written."""
        if not (self.stdout.isatty() or row.finished_at):
            return
        full = WIDTH * row.done // row.total if row.total and not row.finished_at else WIDTH
        bar = "█" * full + "░" * (WIDTH - full)
        begin = "\r" if self.stdout.isatty() else ""
        self.say(f"{begin}{row.desk} {bar} {row.done}/{row.total}, moved {row.moved}", ending="")

    def say(self, words: str, ending: str = "\n") -> None:
        self.stdout.write(words, ending=ending)
        self.stdout.flush()

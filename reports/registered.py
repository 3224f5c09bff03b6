"""The replies that the office's records hold: listed, looked up, and taken along as a table."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from directory.folding import beginnings
from directory.models import User
from directory.queries import clients_found, desks_where
from directory.rights import Right
from tickets.models import Registration

# A spreadsheet takes what begins so for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Wanted:
    """Which replies are looked for: registered from a day to a day, both included, and what they are known by."""

    since: date | None = None
    until: date | None = None
    words: str = ""


def registered_replies(user: User, wanted: Wanted) -> QuerySet[Registration]:
    """Return the registered replies of the desks whose work `user` sees, the latest first.

    `words` is part of a registration number, of a ticket's number or subject, or the beginnings of the client's names.
    """
    found = Registration.objects.filter(desk__in=desks_where(user, Right.READ_ALL), message__isnull=False)
    if wanted.since:
        found = found.filter(dated_on__gte=wanted.since)
    if wanted.until:
        found = found.filter(dated_on__lte=wanted.until)
    if words := wanted.words.strip():
        known_by = Q(number__icontains=words) | Q(message__ticket__number__icontains=words)
        known_by |= Q(message__subject__icontains=words)
        if beginnings(words):  # signs alone would be every client
            known_by |= Q(message__ticket__client__in=clients_found(words).order_by())
        found = found.filter(known_by)
    related = ("desk", "by", "message__ticket__client", "message__author")
    return found.select_related(*related).order_by("-dated_on", "-pk")


class _Line:
    """A file that gives each line back instead of keeping it."""

    def write(self, line: str) -> str:
        return line


def table(found: QuerySet[Registration]) -> Iterator[str]:
    """Yield the lines of a CSV table as Latvian spreadsheets open it: parted by semicolons, UTF-8 with its mark."""
    writer = csv.writer(_Line(), delimiter=";", lineterminator="\r\n")
    heads = (
        _("Number"),
        _("Date"),
        _("Ticket"),
        _("Subject"),
        _("Client"),
        _("To"),
        _("Sent at"),
        _("Sender"),
        _("By"),
    )
    yield "\ufeff" + str(writer.writerow(heads))
    for one in found.iterator(chunk_size=500):
        yield str(writer.writerow([_plain(cell) for cell in _cells(one)]))


def _cells(one: Registration) -> list[str]:
    message = one.message
    assert message is not None  # only those of a reply are listed
    tz: ZoneInfo = one.desk.tz
    return [
        one.number,
        one.dated_on.isoformat(),
        message.ticket.number,
        message.subject,
        message.ticket.client.name,
        ", ".join([*message.to, *message.cc]),
        f"{message.at.astimezone(tz):%Y-%m-%d %H:%M}",
        str(message.author or _("written in the mailbox")),
        str(one.by),
    ]


def _plain(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA) else cell

"""The office's register of clients comes in: received, compared row by row, and carried out whole or not at all.

Comparing and carrying out are done by a worker that holds a lease. Both may be begun again at any time: a comparison
replaces the rows of the one before, and clients are written in one transaction with the state that says so.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from audit.actions import record
from audit.verbs import Verb
from directory.actions.register_rows import keep, known_clients, rows_of, write
from directory.models import Client, ClientImport, User
from directory.register import reading
from directory.register.columns import FIELDS, HEADER_WITHIN, guess, header_of
from directory.register.entries import read
from directory.register.fates import Comparison, Decided
from directory.register.reading import Format, Unreadable
from helpdesk import nudge
from helpdesk.errors import DomainError

LEASE = timedelta(minutes=10)
# Rows compared between two reports of how far it is.
BATCH = 500
State = ClientImport.State


class FileEmpty(DomainError):
    code = "empty"
    words = _("The file is empty.")


class FileTooBig(DomainError):
    code = "too_big"
    words = _("The file is too big: a register has at most 100,000 rows and 20 MB.")


class FileBroken(DomainError):
    code = "broken"
    words = _("The file cannot be read: it is broken, or protected by a password.")


class EncodingWrong(DomainError):
    code = "encoding"
    words = _("The file is neither a sheet (XLSX) nor a text (CSV) in this encoding.")


class ColumnsMissing(DomainError):
    code = "columns_missing"
    words = _("Say which columns hold the name, and the certificate or the e-mail: clients are known by them.")


class ImportBusy(DomainError):
    code = "import_busy"
    words = _("This import is under way, or carried out already.")


UNREADABLE = {one.code: one for one in (FileEmpty, FileTooBig, FileBroken, EncodingWrong)}


@transaction.atomic
def receive_register(file_name: str, content: bytes, *, by: User | None, at: datetime) -> ClientImport:
    """Keep a file of the register, with a guess of how it is read. Raises FileEmpty, FileTooBig, FileBroken,
    EncodingWrong."""
    try:
        how = reading.detect(content)
        header, fields = _columns(content, how)
    except Unreadable as wrong:
        raise UNREADABLE[wrong.code] from None
    source = ClientImport.objects.create(
        file_name=file_name[-200:],
        content=content,
        sha256=hashlib.sha256(content).hexdigest(),
        uploaded_at=at,
        by=by,
        encoding=how.encoding,
        separator=how.separator,
        header=header,
        fields=fields,
    )
    record(source, Verb.IMPORT_RECEIVED, by=by, at=at, file_name=file_name, sha256=source.sha256)
    return source


@transaction.atomic
def read_anew(source: ClientImport, how: Format) -> ClientImport:
    """Read the file in another encoding or with another separator; the columns are guessed anew. Raises ImportBusy,
    EncodingWrong, FileBroken."""
    source = _locked(source, State.MAPPED, State.CHECKED)
    try:
        source.header, source.fields = _columns(bytes(source.content), how)
    except Unreadable as wrong:
        raise UNREADABLE[wrong.code] from None
    source.encoding, source.separator, source.state = how.encoding, how.separator, State.MAPPED
    source.save(update_fields=["encoding", "separator", "header", "fields", "state"])
    return source


@transaction.atomic
def compare_register(source: ClientImport, fields: Sequence[str], default_kind: str) -> ClientImport:
    """Let a worker compare the rows with the clients, by these columns; nothing is changed by it.

    Raises ImportBusy, ColumnsMissing.
    """
    source = _locked(source, State.MAPPED, State.CHECKED)
    held = {*fields}
    if not held & {"name", "last_name"} or not held & {"certificate", "email"}:
        raise ColumnsMissing
    source.fields, source.default_kind, source.state = list(fields), default_kind, State.CHECKING
    source.done = source.total = 0
    source.leased_until, source.is_stale = None, False
    source.save(update_fields=["fields", "default_kind", "state", "done", "total", "leased_until", "is_stale"])
    nudge.after_commit("directory.work_import", source.pk)
    return source


@transaction.atomic
def apply_register(source: ClientImport, *, by: User | None) -> ClientImport:
    """Let a worker carry out what the comparison showed, in the name of `by`. Raises ImportBusy."""
    source = _locked(source, State.CHECKED)
    source.state, source.leased_until, source.by, source.is_stale = State.APPLYING, None, by, False
    source.save(update_fields=["state", "leased_until", "by", "is_stale"])
    nudge.after_commit("directory.work_import", source.pk)
    return source


def _locked(source: ClientImport, *states: str) -> ClientImport:
    source = ClientImport.objects.select_for_update().get(pk=source.pk)
    if source.state not in states:
        raise ImportBusy
    return source


def _columns(content: bytes, how: Format) -> tuple[int, list[str]]:
    first = list(islice(reading.rows(content, how), HEADER_WITHIN))
    header = header_of(first)
    width = max((len(row) for row in first), default=0)
    fields = guess(first[header]) if first else []
    return header, [field if field in FIELDS else "" for field in fields] + [""] * (width - len(fields))


# --- The worker ------------------------------------------------------------------------------------------------------


def waiting(*, at: datetime) -> list[int]:
    """Return the imports that a worker should take up: just begun, or left by one that died."""
    working = ClientImport.objects.filter(state__in=[State.CHECKING, State.APPLYING])
    return list(working.filter(_free(at)).order_by("pk").values_list("pk", flat=True))


def _free(at: datetime) -> Q:
    return Q(leased_until=None) | Q(leased_until__lt=at)


def work(pk: int, *, at: datetime) -> Iterator[ClientImport]:
    """Do what the import waits for, yielding it as it goes; nothing if another worker does. Safe to begin again."""
    lease = at + LEASE
    mine = ClientImport.objects.filter(_free(at), pk=pk, state__in=[State.CHECKING, State.APPLYING])
    if not mine.update(leased_until=lease):
        return
    source = ClientImport.objects.get(pk=pk)
    if source.state == State.CHECKING:
        yield from _check(source, at=at)
    else:
        _apply(source, at=at)
    yield ClientImport.objects.defer("content").get(pk=pk)


def _check(source: ClientImport, *, at: datetime) -> Iterator[ClientImport]:
    found: list[Decided] = []
    table = list(reading.rows(bytes(source.content), Format(source.encoding, source.separator)))
    source.total = max(len(table) - source.header - 1, 0)
    for decided in _compared(source, table):
        if len(found) % BATCH == 0:
            source.done = min(len(found), source.total)
            ClientImport.objects.filter(pk=source.pk, leased_until=source.leased_until).update(
                done=source.done, total=source.total
            )
            yield source
        found.append(decided)
    with transaction.atomic():
        row = _held(source)
        if row is not None:
            keep(row, found)
            _close(row, State.CHECKED, found, total=source.total, at=at)


def _compared(source: ClientImport, table: Sequence[Sequence[str]]) -> Iterator[Decided]:
    """Yield every row's fate, then the missing clients. Rows are numbered as a sheet shows them, from 1."""
    comparison = Comparison(known_clients(), source.default_kind)
    for number, row in enumerate(table[source.header + 1 :], source.header + 2):
        if any(row):
            yield comparison.decide(number, *read(source.fields, row))
    yield from comparison.missing()


def _held(source: ClientImport) -> ClientImport | None:
    """Lock the import; None if the lease was lost meanwhile."""
    held = ClientImport.objects.select_for_update().defer("content")
    return held.filter(pk=source.pk, state=source.state, leased_until=source.leased_until).first()


def _apply(source: ClientImport, *, at: datetime) -> None:
    """Carry out what was shown, if that is still what would happen; otherwise show it anew."""
    table = list(reading.rows(bytes(source.content), Format(source.encoding, source.separator)))
    try:
        with transaction.atomic():
            row = _held(source)
            if row is None:
                return
            shown = rows_of(row)
            list(
                Client.objects.select_for_update()
                .filter(pk__in=[one.client for one in shown if one.client])
                .order_by("pk")
            )
            found = list(_compared(source, table))
            if found == shown:
                write(row, found, at=at)
                row.applied_at = at
                record(row, Verb.IMPORT_APPLIED, by=row.by, at=at, **Counter(str(one.fate) for one in found))
                _close(row, State.APPLIED, found, total=row.total, at=at)
            else:
                keep(row, found)
                row.is_stale = True
                _close(row, State.CHECKED, found, total=row.total, at=at)
    except IntegrityError:
        # A letter made a client of one of these addresses at this very moment: the next try shows it.
        ClientImport.objects.filter(pk=source.pk, leased_until=source.leased_until).update(leased_until=None)


def _close(row: ClientImport, state: str, found: list[Decided], *, total: int, at: datetime) -> None:
    row.state, row.leased_until, row.done, row.total = state, None, total, total
    row.counts = dict(Counter(str(one.fate) for one in found))
    row.checked_at = at if state == State.CHECKED else row.checked_at
    fields = ["state", "leased_until", "done", "total", "counts", "checked_at", "is_stale", "applied_at"]
    row.save(update_fields=fields)

"""The rows of an import to and from the database, by the thousand."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from audit.actions import record_many
from audit.verbs import Verb
from directory.actions.clients import index_clients
from directory.models import Client, ClientAddress, ClientImport, ClientImportRow, ClientPhone
from directory.register.entries import Entry
from directory.register.fates import Decided, Known
from helpdesk.rows import insert_rows, reserve_ids, update_rows

Fate = ClientImportRow.Fate
ROW = ("source_id", "number", "fate", "client_id", "values", "changes", "reasons")
CLIENT = ("id", "name", "kind", "is_confirmed", "certificate", "standing")


def known_clients() -> Iterator[Known]:
    """Yield the clients as they are. One into whom another was merged is known by that one's certificate too."""
    emails = _lists(ClientAddress.objects.order_by("pk").values_list("client_id", "email"))
    phones = _lists(ClientPhone.objects.order_by("pk").values_list("client_id", "number"))
    aliases = dict(
        Client.objects.exclude(merged_into=None).exclude(certificate="").values_list("merged_into_id", "certificate")
    )
    rows = (
        Client.objects.filter(merged_into=None)
        .order_by("pk")
        .values_list("pk", "name", "kind", "certificate", "standing", "is_confirmed")
    )
    for pk, name, kind, certificate, standing, is_confirmed in rows:
        known = certificate or aliases.get(pk, "")
        reach = tuple(emails.get(pk, ())), tuple(phones.get(pk, ()))
        yield Known(pk, name, kind, known, standing, is_confirmed, *reach)


def _lists(rows: Iterable[tuple[int, str]]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for pk, value in rows:
        found.setdefault(pk, []).append(value)
    return found


def keep(source: ClientImport, found: Iterable[Decided]) -> None:
    """Store the fates in place of those of an earlier comparison."""
    source.rows.all().delete()
    rows = (
        (
            source.pk,
            one.number,
            str(one.fate),
            one.client,
            one.entry.values,
            one.changes,
            [list(r) for r in one.reasons],
        )
        for one in found
    )
    insert_rows(ClientImportRow, ROW, rows)


def rows_of(source: ClientImport) -> list[Decided]:
    """Return the stored fates, as they were decided."""
    names = ("number", "fate", "client_id", "values", "changes", "reasons")
    return [
        Decided(number, fate, _entry(values), client, changes, [(code, about) for code, about in reasons])
        for number, fate, client, values, changes, reasons in source.rows.order_by("pk").values_list(*names)
    ]


def _entry(values: dict[str, Any]) -> Entry:
    return Entry(**{**values, "emails": tuple(values["emails"]), "phones": tuple(values["phones"])})


def write(source: ClientImport, found: list[Decided], *, at: datetime) -> None:
    """Make and change clients as decided, each with its event. Inside a transaction that holds the changed ones."""
    new = [one for one in found if one.fate == Fate.NEW]
    changed = [one for one in found if one.fate == Fate.CHANGED]
    ids = reserve_ids(Client, len(new)) if new else []
    insert_rows(Client, CLIENT, ([pk, *_facts(one)] for pk, one in zip(ids, new, strict=True)))
    before = Client.objects.in_bulk([one.client for one in changed if one.client]) if changed else {}
    update_rows(Client, CLIENT, [[one.client, *_facts(one, before[one.client])] for one in changed if one.client])
    pairs = [*zip(ids, new, strict=True), *((one.client, one) for one in changed if one.client)]
    insert_rows(ClientAddress, ("client_id", "email"), _added(pairs, "emails"))
    insert_rows(ClientPhone, ("client_id", "number"), _added(pairs, "phones"))
    index_clients([pk for pk, _ in pairs])
    for fate, verb in ((Fate.NEW, Verb.CLIENT_CREATED), (Fate.CHANGED, Verb.CLIENT_CHANGED)):
        told = ((Client(pk=pk), at, {"import": source.pk, **one.changes}) for pk, one in pairs if one.fate == fate)
        record_many(told, verb, by=source.by)


def _facts(decided: Decided, before: Client | None = None) -> list[Any]:
    """Return the columns of CLIENT after the id: what the row changes, over what is."""
    old = {name: getattr(before, name) if before else "" for name in ("name", "kind", "certificate", "standing")}
    new = {name: change[1] for name, change in decided.changes.items() if name in old}
    facts = {**old, **new}
    return [facts["name"], facts["kind"], True, facts["certificate"], facts["standing"]]


def _added(pairs: list[tuple[int, Decided]], name: str) -> Iterator[tuple[int, str]]:
    for pk, one in pairs:
        old, new = one.changes.get(name, [None, []])
        for value in new:
            if value not in (old or ()):
                yield pk, value

"""What becomes of every row: compared with the clients as they are. Pure: entries and clients in, fates out."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from directory.models import ClientImportRow
from directory.register.entries import Entry, Reason

Fate = ClientImportRow.Fate
Changes = dict[str, list[Any]]


@dataclass(frozen=True)
class Known:
    """A client as it is."""

    pk: int
    name: str
    kind: str
    certificate: str
    standing: str
    is_confirmed: bool
    emails: tuple[str, ...]
    phones: tuple[str, ...]


@dataclass(frozen=True)
class Decided:
    """A row with its fate; of a missing client the number is 0."""

    number: int
    fate: str
    entry: Entry
    client: int | None = None
    changes: Changes = field(default_factory=dict)
    reasons: list[Reason] = field(default_factory=list)


class Comparison:
    """The clients as they are, and what of the file was seen already: rows are decided in their order, each once."""

    def __init__(self, clients: Iterable[Known], default_kind: str) -> None:
        self._clients = {one.pk: one for one in clients}
        self._by_certificate = {one.certificate: one for one in self._clients.values() if one.certificate}
        self._by_email = {email: one for one in self._clients.values() for email in one.emails}
        self._default_kind = default_kind
        self._rows: dict[str, int] = {}
        self._taken: dict[int, int] = {}

    def decide(self, number: int, entry: Entry, reasons: list[Reason]) -> Decided:
        """Return the fate of a row; `reasons` are why it is refused as it stands."""
        keys = [key for key in (entry.certificate, *entry.emails) if key]
        if not reasons:
            reasons = [("repeated", str(self._rows[key])) for key in keys if key in self._rows][:1]
        client = None if reasons else self._client_of(entry, reasons)
        if client is not None and not reasons:
            if client.pk in self._taken:
                reasons = [("repeated", str(self._taken[client.pk]))]
            self._taken.setdefault(client.pk, number)
        for key in keys:
            self._rows.setdefault(key, number)
        if reasons:
            return Decided(number, Fate.REFUSED, entry, reasons=reasons)
        if client is None:
            return Decided(number, Fate.NEW, entry, changes=self._new(entry))
        if not client.is_confirmed and not entry.kind:
            entry = replace(entry, kind=self._default_kind)  # what a letter made has no kind yet
        changes = _changes(client, entry)
        return Decided(number, Fate.CHANGED if changes else Fate.UNCHANGED, entry, client.pk, changes)

    def missing(self) -> Iterator[Decided]:
        """Yield the clients of the register (they have a certificate) whom no row of the file names.

        A refused row that names a certificate names its client: that one is wrong, not missing.
        """
        for one in self._clients.values():
            if one.certificate and one.pk not in self._taken and one.certificate not in self._rows:
                entry = Entry(one.name, one.kind, one.certificate, one.standing, one.emails, one.phones)
                yield Decided(0, Fate.MISSING, entry, one.pk)

    def _client_of(self, entry: Entry, reasons: list[Reason]) -> Known | None:
        """Return whom the row is about: by the certificate, else by an address of one who has none or no other."""
        owners = {self._by_email[email].pk: self._by_email[email] for email in entry.emails if email in self._by_email}
        client = self._by_certificate.get(entry.certificate) if entry.certificate else None
        if client is None and len(owners) == 1:
            (owner,) = owners.values()
            client = owner if not (owner.certificate and entry.certificate) else None
        for owner in owners.values():
            if client is None or owner.pk != client.pk:
                reasons.append(("address_taken", owner.name))
        return client

    def _new(self, entry: Entry) -> Changes:
        facts = {**entry.values, "kind": entry.kind or self._default_kind}
        return {name: [None, value] for name, value in facts.items() if value}


def _changes(client: Known, entry: Entry) -> Changes:
    """Return what the row changes. Addresses and numbers are added, never taken away: people add their own."""
    changes: Changes = {}
    for name in ("name", "kind", "certificate", "standing"):
        old, new = getattr(client, name), getattr(entry, name)
        if new and new != old:
            changes[name] = [old, new]
    for name in ("emails", "phones"):
        old, more = getattr(client, name), [one for one in getattr(entry, name) if one not in getattr(client, name)]
        if more:
            changes[name] = [list(old), [*old, *more]]
    if not client.is_confirmed:
        changes["is_confirmed"] = [False, True]
    return changes

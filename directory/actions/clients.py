"""Clients: recognised, entered, changed, confirmed; their addresses, phones and assistants."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit.actions import record, record_many
from audit.verbs import Verb
from directory.folding import keys_of
from directory.models import Client, ClientAddress, ClientKey, ClientPhone, Delegate, User
from directory.queries import client_by_address
from helpdesk.errors import DomainError
from helpdesk.rows import insert_many, insert_rows

BATCH = 1000


class AddressTaken(DomainError):
    code = "address_taken"
    words = _("%(email)s is the address of %(client)s. If they are one person, merge the two clients.")


class CertificateTaken(DomainError):
    code = "certificate_taken"
    words = _("Certificate %(certificate)s is that of %(client)s.")


class ClientMerged(DomainError):
    code = "client_merged"
    words = _("This client was merged into %(client)s: change that one.")


@dataclass(frozen=True)
class ClientFacts:
    name: str
    kind: str
    certificate: str = ""
    standing: str = ""


@dataclass(frozen=True)
class DelegateFacts:
    """Both days are included; `phone` is in E.164 or empty."""

    name: str
    email: str
    phone: str
    valid_from: date
    valid_until: date | None


@transaction.atomic
def register_client(email: str, name: str, kind: str, *, by: User | None, at: datetime) -> Client:
    """Enter a client whom the office knows: confirmed, with an address. Raises AddressTaken."""
    email = email.strip().lower()
    _check_address(email)
    client = Client.objects.create(name=name, kind=kind, is_confirmed=True)
    ClientAddress.objects.create(client=client, email=email)
    index_clients([client.pk])
    record(client, Verb.CLIENT_CREATED, by=by, at=at, email=email)
    return client


def unknown_client(email: str, name: str) -> Client:
    """Return a client made from a letter: unconfirmed, and not saved yet."""
    return Client(name=(name.strip() or email)[:200])


def enter_clients(clients: Mapping[str, Client], *, at: datetime) -> None:
    """Save clients by their addresses, in a few statements. The addresses are in lower case and nobody's yet.

    Raises IntegrityError if one of them was taken meanwhile.
    """
    if not clients:
        return
    insert_many(list(clients.values()))
    insert_rows(ClientAddress, ("client_id", "email"), [(one.pk, email) for email, one in clients.items()])
    keys = {email: keys_of(one.name, one.certificate, [email], []) for email, one in clients.items()}
    rows = [(one.pk, key) for email, one in clients.items() for key in sorted(keys[email])]
    insert_rows(ClientKey, ("client_id", "key"), rows)
    record_many([(one, at, {"email": email}) for email, one in clients.items()], Verb.CLIENT_CREATED, by=None)


@transaction.atomic
def change_client(client: Client, facts: ClientFacts, *, by: User | None, at: datetime) -> Client:
    """Change who a client is; a no-op without changes. Raises CertificateTaken, ClientMerged."""
    client = _locked(client)
    changed = {
        name: [getattr(client, name), new] for name, new in asdict(facts).items() if getattr(client, name) != new
    }
    if not changed:
        return client
    other = Client.objects.exclude(pk=client.pk).exclude(certificate="").filter(certificate=facts.certificate).first()
    if other is not None:
        raise CertificateTaken(certificate=facts.certificate, client=other.name)
    for name, (_old, new) in changed.items():
        setattr(client, name, new)
    client.save(update_fields=list(changed))
    return _changed(client, by=by, at=at, **changed)


@transaction.atomic
def confirm_client(client: Client, *, by: User | None, at: datetime) -> Client:
    """Note that a person has looked at a client made from a letter; a no-op if somebody had. Raises ClientMerged."""
    client = _locked(client)
    if client.is_confirmed:
        return client
    client.is_confirmed = True
    client.save(update_fields=["is_confirmed"])
    return _changed(client, by=by, at=at, is_confirmed=[False, True])


@transaction.atomic
def add_address(client: Client, email: str, *, by: User | None, at: datetime) -> Client:
    """Give a client one more address; a no-op if it is theirs. Raises AddressTaken, ClientMerged."""
    client, email = _locked(client), email.strip().lower()
    if client.addresses.filter(email=email).exists():
        return client
    _check_address(email)
    ClientAddress.objects.create(client=client, email=email)
    return _changed(client, by=by, at=at, address=[None, email])


@transaction.atomic
def remove_address(client: Client, email: str, *, by: User | None, at: datetime) -> Client:
    """Take an address away: its next letter comes from a stranger. A no-op if it is not theirs. Raises ClientMerged."""
    client = _locked(client)
    removed, _ = client.addresses.filter(email=email).delete()
    return _changed(client, by=by, at=at, address=[email, None]) if removed else client


@transaction.atomic
def add_phone(client: Client, number: str, *, by: User | None, at: datetime) -> Client:
    """Give a client one more number (E.164); a no-op if it is theirs. Raises ClientMerged."""
    client = _locked(client)
    if client.phones.filter(number=number).exists():
        return client
    ClientPhone.objects.create(client=client, number=number)
    return _changed(client, by=by, at=at, phone=[None, number])


@transaction.atomic
def remove_phone(client: Client, number: str, *, by: User | None, at: datetime) -> Client:
    """Take a number away; a no-op if it is not theirs. Raises ClientMerged."""
    client = _locked(client)
    removed, _ = client.phones.filter(number=number).delete()
    return _changed(client, by=by, at=at, phone=[number, None]) if removed else client


@transaction.atomic
def add_delegate(client: Client, facts: DelegateFacts, *, by: User | None, at: datetime) -> Delegate:
    """Name a person who may write for the client. Raises ClientMerged."""
    client = _locked(client)
    delegate = Delegate.objects.create(client=client, **asdict(facts))
    _changed(client, by=by, at=at, delegate=[None, _raw(facts)])
    return delegate


@transaction.atomic
def change_delegate(delegate: Delegate, facts: DelegateFacts, *, by: User | None, at: datetime) -> Delegate:
    """Change an assistant, or until when they may write; a no-op without changes. Raises ClientMerged."""
    client = _locked(delegate.client)
    delegate = Delegate.objects.get(pk=delegate.pk)
    before = DelegateFacts(**{name: getattr(delegate, name) for name in asdict(facts)})
    if before == facts:
        return delegate
    for name, value in asdict(facts).items():
        setattr(delegate, name, value)
    delegate.save(update_fields=list(asdict(facts)))
    _changed(client, by=by, at=at, delegate=[_raw(before), _raw(facts)])
    return delegate


def index_clients(ids: Collection[int]) -> None:
    """Write anew what these clients are found by; a merged one is found by nothing. Inside a transaction."""
    wanted = sorted(ids)
    for some in (wanted[start : start + BATCH] for start in range(0, len(wanted), BATCH)):
        ClientKey.objects.filter(client__in=some).delete()
        insert_rows(ClientKey, ("client_id", "key"), list(_keys(some)))  # no query may run while rows are copied


def _keys(ids: Collection[int]) -> Iterable[tuple[int, str]]:
    clients = Client.objects.filter(pk__in=ids, merged_into=None).values_list("pk", "name", "certificate")
    emails: dict[int, list[str]] = {}
    phones: dict[int, list[str]] = {}
    names: dict[int, list[str]] = {}
    for pk, email in ClientAddress.objects.filter(client__in=ids).values_list("client_id", "email"):
        emails.setdefault(pk, []).append(email)
    for pk, number in ClientPhone.objects.filter(client__in=ids).values_list("client_id", "number"):
        phones.setdefault(pk, []).append(number)
    for one in Delegate.objects.filter(client__in=ids):
        names.setdefault(one.client_id, []).append(one.name)
        emails.setdefault(one.client_id, []).append(one.email)
        phones.setdefault(one.client_id, []).extend([one.phone] if one.phone else [])
    for pk, name, certificate in clients:
        name = " ".join([name, *names.get(pk, ())])
        for key in sorted(keys_of(name, certificate, emails.get(pk, []), phones.get(pk, []))):
            yield pk, key


def _locked(client: Client) -> Client:
    client = Client.objects.select_for_update(of=("self",), no_key=True).select_related("merged_into").get(pk=client.pk)
    if client.merged_into is not None:
        raise ClientMerged(client=client.merged_into.name)
    return client


def _changed(client: Client, *, by: User | None, at: datetime, **changed: Any) -> Client:
    index_clients([client.pk])
    record(client, Verb.CLIENT_CHANGED, by=by, at=at, **changed)
    return client


def _check_address(email: str) -> None:
    owner = client_by_address(email)
    if owner is not None:
        raise AddressTaken(email=email, client=owner.name)


def _raw(facts: DelegateFacts) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in asdict(facts).items()}

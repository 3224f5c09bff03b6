"""Two clients found to be one. What the directory owns goes over here; tickets follow in the room above, in the same
transaction."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit.actions import record
from audit.verbs import Verb
from directory.actions.clients import index_clients
from directory.models import Client, ClientAddress, ClientMerge, ClientPhone, Delegate, User
from helpdesk.errors import DomainError

REACH = {"addresses": ClientAddress, "phones": ClientPhone, "delegates": Delegate}


class MergeRefused(DomainError):
    code = "merge_refused"
    words = _(
        "%(gone)s and %(survivor)s cannot be merged: one was merged already, or each has a certificate of its own."
    )


@transaction.atomic
def merge_clients(gone: Client, survivor: Client, *, by: User | None, at: datetime) -> ClientMerge:
    """Let `survivor` be reached by all that reached `gone`; a no-op if that was done. Raises MergeRefused.

    `gone` stays as an alias with its name and certificate, and is found no longer. A number that both have stays with
    it too.
    """
    gone, survivor = _locked(gone, survivor)
    done = ClientMerge.objects.filter(gone=gone, survivor=survivor, undone_at=None).first()
    if done is not None:
        return done
    is_taken = gone.merged_into_id or survivor.merged_into_id or (gone.certificate and survivor.certificate)
    if gone.pk == survivor.pk or is_taken or gone.aliases.exists():
        raise MergeRefused(gone=gone.name, survivor=survivor.name)
    moved = {name: _move(name, gone, survivor) for name in REACH}
    gone.merged_into = survivor
    gone.save(update_fields=["merged_into"])
    merge = ClientMerge.objects.create(gone=gone, survivor=survivor, moved=moved, merged_at=at, by=by)
    index_clients([gone.pk, survivor.pk])
    record(survivor, Verb.CLIENT_MERGED, by=by, at=at, gone=gone.pk, **moved)
    return merge


@transaction.atomic
def undo_merge(merge: ClientMerge, *, by: User | None, at: datetime) -> ClientMerge:
    """Make them two again: what went over goes back, unless it was removed since. A no-op if that was done."""
    gone, survivor = _locked(merge.gone, merge.survivor)
    merge = ClientMerge.objects.get(pk=merge.pk)
    if merge.undone_at is not None:
        return merge
    for name, model in REACH.items():
        model._default_manager.filter(pk__in=merge.moved[name], client=survivor).update(client=gone)
    gone.merged_into = None
    gone.save(update_fields=["merged_into"])
    merge.undone_at = at
    merge.save(update_fields=["undone_at"])
    index_clients([gone.pk, survivor.pk])
    record(survivor, Verb.CLIENT_UNMERGED, by=by, at=at, gone=gone.pk)
    return merge


def _locked(gone: Client, survivor: Client) -> tuple[Client, Client]:
    """Lock both in one order, so that two merges of the same pair come in turn."""
    rows = Client.objects.select_for_update(no_key=True).filter(pk__in=[gone.pk, survivor.pk]).order_by("pk")
    found = {one.pk: one for one in rows}
    return found[gone.pk], found[survivor.pk]


def _move(name: str, gone: Client, survivor: Client) -> list[int]:
    """Hand over the addresses, phones or assistants; return their ids."""
    mine = REACH[name]._default_manager.filter(client=gone)
    if name == "phones":
        mine = mine.exclude(number__in=survivor.phones.values("number"))
    moved = list(mine.order_by("pk").values_list("pk", flat=True))
    REACH[name]._default_manager.filter(pk__in=moved).update(client=survivor)
    return moved

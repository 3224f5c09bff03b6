"""Two clients found to be one: the directory merges them, their tickets follow in the same transaction."""

from datetime import datetime

from django.db import transaction

from audit.actions import record_many
from audit.verbs import Verb
from directory.actions.merging import merge_clients, undo_merge
from directory.models import Client, ClientMerge, User
from tickets.models import ClientMove, Ticket


@transaction.atomic
def merge_clients_and_tickets(gone: Client, survivor: Client, *, by: User, at: datetime) -> ClientMerge:
    """Let `survivor` be reached by all that reached `gone`, and have its tickets; a no-op if that was done.

    Who wrote a message stays as it was. Raises MergeRefused.
    """
    merge = merge_clients(gone, survivor, by=by, at=at)
    if ClientMove.objects.filter(merge=merge).exists():
        return merge
    moved = _move(None, gone, survivor, Verb.CLIENT_MOVED, by=by, at=at)
    ClientMove.objects.create(merge=merge, tickets=moved)
    return merge


@transaction.atomic
def undo_client_merge(merge: ClientMerge, *, by: User, at: datetime) -> ClientMerge:
    """Make them two again; the tickets that went over go back. A no-op if that was done."""
    was_undone = merge.undone_at is not None
    merge = undo_merge(merge, by=by, at=at)
    move = ClientMove.objects.filter(merge=merge).first()
    if move is not None and not was_undone:
        _move(move.tickets, merge.survivor, merge.gone, Verb.CLIENT_MOVED, by=by, at=at)
    return merge


def _move(only: list[int] | None, source: Client, target: Client, verb: Verb, *, by: User, at: datetime) -> list[int]:
    """Give the tickets of `source`, or only these of them (none, for an empty list), to `target`; return their ids.

    Locked in the order of their ids, as every action that needs several does.
    """
    found = Ticket.objects.filter(client=source)
    found = found.filter(pk__in=only) if only is not None else found
    tickets = list(found.select_for_update(of=("self",), no_key=True).order_by("pk"))
    Ticket.objects.filter(pk__in=[one.pk for one in tickets]).update(client=target)
    facts = {"client": [source.pk, target.pk], "name": target.name}
    record_many([(one, at, facts) for one in tickets], verb, by=by)
    return [one.pk for one in tickets]

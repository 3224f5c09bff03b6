"""Deadlines by the thousand, each on a ticket of its own."""

from datetime import timedelta

SECOND = timedelta(seconds=1)


def many_deadlines(desk, number, *, due_at, due, later_at):
    """Make `number` running `reply` deadlines: the first `due` were due at `due_at`, the others are from `later_at` on."""
    from directory.models import Client
    from helpdesk.rows import insert_rows, reserve_ids
    from sla.models import Deadline, Policy
    from tickets.models import Ticket

    client = Client.objects.create(name="Pēteris Krūmiņš")
    policy = Policy.objects.get(desk=desk, kind="reply")
    ids = reserve_ids(Ticket, number)
    names = ("id", "desk_id", "number", "subject", "client_id", "channel", "state", "received_at", "queued_at")
    names += ("is_junk_unseen",)
    facts = ("Tests", client.pk, "email", "unprocessed", due_at, due_at, False)
    rows = [(pk, desk.pk, f"N-{pk}", *facts) for pk in ids]
    insert_rows(Ticket, names, rows)
    names = ("desk_id", "ticket_id", "policy_id", "kind", "paragraph", "state", "started_at", "due_at", "first_due_at")
    names += ("warnings", "cancel_reason", "is_breach_told", "steps")
    dues = [due_at if place < due else later_at + place * SECOND for place in range(number)]
    facts = (policy.pk, "reply", "II.3", "running", due_at)
    rows = [(desk.pk, pk, *facts, at, at, [], "", False, []) for pk, at in zip(ids, dues, strict=True)]
    insert_rows(Deadline, names, rows)

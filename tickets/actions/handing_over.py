"""Tickets that go to a colleague's hands: those that were chosen, or all open ones of somebody who is away."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit.actions import record_many
from audit.verbs import Verb
from directory.models import Desk, Employee, User
from directory.queries import administrators_of
from escalation.actions import tell_of_hand_over
from escalation.models import Alert
from helpdesk.errors import DomainError
from sla.actions import own_deadlines_of
from tickets.models import HandOver, Ticket
from tickets.transitions import Act, NotAllowedInState, next_state


class NotAnAdministrator(DomainError):
    code = "not_an_administrator"
    words = _("%(name)s does not work the tickets of this desk. Choose another colleague.")


class SamePerson(DomainError):
    code = "same_person"
    words = _("These are %(name)s's own tickets. Choose another colleague.")


@dataclass(frozen=True)
class HandedOver:
    """What became of it; `hand_over` is None where there was nothing to hand over."""

    hand_over: HandOver | None
    done: list[Ticket]
    refused: list[tuple[Ticket, DomainError]]


@transaction.atomic
def hand_over_tickets(desk: Desk, tickets: Collection[int], taker: Employee, *, by: User, at: datetime) -> HandedOver:
    """Make `taker` the owner of these tickets of the desk, by id, and of their deadlines; tell them once.

    What is `taker`'s already counts as done; what its state forbids is refused by itself. Raises NotAnAdministrator.
    """
    return _hand_over(desk, _locked(desk, pk__in=tickets), taker, None, by=by, at=at)


@transaction.atomic
def hand_over_all(desk: Desk, giver: Employee, taker: Employee, *, by: User, at: datetime) -> HandedOver:
    """Make `taker` the owner of all open tickets of `giver` at the desk; both are told. Safe to repeat.

    Raises NotAnAdministrator, SamePerson.
    """
    if giver.pk == taker.pk:
        raise SamePerson(name=giver)
    return _hand_over(desk, _locked(desk, owner=giver, state__in=Ticket.OPEN), taker, giver, by=by, at=at)


@transaction.atomic
def undo_hand_over(hand_over: HandOver, *, by: User, at: datetime) -> list[Ticket]:
    """Give back what the taker still has and is still open; return that. A no-op if it was done. Both are told."""
    hand_over = HandOver.objects.select_for_update(of=("self",)).select_related("desk").get(pk=hand_over.pk)
    if hand_over.undone_at is not None:
        return []
    before = {int(pk): owner for pk, owner in hand_over.tickets.items()}
    back = _locked(hand_over.desk, pk__in=before, owner=hand_over.taker_id, state__in=Ticket.OPEN)
    for owner in {before[one.pk] for one in back}:
        theirs = [one for one in back if before[one.pk] == owner]
        _own(theirs, Employee.objects.get(pk=owner) if owner else None, Verb.TICKET_HANDED_BACK, by=by, at=at)
    hand_over.undone_at = at
    hand_over.save(update_fields=["undone_at"])
    people = {hand_over.taker_id, *(owner for owner in before.values() if owner)} - {by.employee.pk}
    tell_of_hand_over(Alert.Trigger.HANDED_BACK, hand_over.pk, hand_over.desk_id, sorted(people), at=at)
    return back


def _hand_over(
    desk: Desk, tickets: list[Ticket], taker: Employee, giver: Employee | None, *, by: User, at: datetime
) -> HandedOver:
    if not administrators_of(desk).filter(pk=taker.pk).exists():
        raise NotAnAdministrator(name=taker)
    refused: list[tuple[Ticket, DomainError]] = []
    moved: list[Ticket] = []
    done: list[Ticket] = []
    for one in tickets:
        try:
            next_state(one.state, Act.HAND_OVER)
        except NotAllowedInState as error:
            refused.append((one, error))
            continue
        done.append(one)
        if one.owner_id != taker.pk:
            moved.append(one)
    if not moved:
        return HandedOver(None, done, refused)
    before = {str(one.pk): one.owner_id for one in moved}
    _own(moved, taker, Verb.TICKET_HANDED_OVER, by=by, at=at)
    hand_over = HandOver.objects.create(desk=desk, giver=giver, taker=taker, tickets=before, at=at, by=by.employee)
    people = {taker.pk, *([giver.pk] if giver else [])} - {by.employee.pk}
    tell_of_hand_over(Alert.Trigger.HANDED_OVER, hand_over.pk, desk.pk, sorted(people), at=at)
    return HandedOver(hand_over, done, refused)


def _locked(desk: Desk, **which: object) -> list[Ticket]:
    """Lock tickets of the desk in the order of their ids, as every action that needs several does."""
    found = Ticket.objects.select_for_update(of=("self",), no_key=True).select_related("desk", "owner", "client")
    return list(found.filter(desk=desk, **which).order_by("pk"))


def _own(tickets: list[Ticket], owner: Employee | None, verb: Verb, *, by: User, at: datetime) -> None:
    ids, new = [one.pk for one in tickets], owner.pk if owner else None
    Ticket.objects.filter(pk__in=ids).update(owner=owner)
    own_deadlines_of(ids, owner)
    name = str(owner) if owner else ""
    record_many([(one, at, {"owner": [one.owner_id, new], "name": name}) for one in tickets], verb, by=by)

"""A time told to the client is itself a deadline.  (E-II.4, E-III.3)"""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit.actions import record
from audit.verbs import Verb
from directory.models import User
from helpdesk.errors import DomainError
from sla.actions import Owed, cancel_deadlines, start
from sla.models import Deadline, Kind
from sla.queries import deadlines_of
from tickets.actions.working import handle, locked, set_owner
from tickets.models import Ticket
from tickets.transitions import Act, next_state


class PromiseInThePast(DomainError):
    code = "promise_in_the_past"
    words = _("The promised time must lie in the future.")


class TellingMissing(DomainError):
    code = "telling_missing"
    words = _("Write when and how the client was told of the time, and what: a promise is what the client knows.")


@transaction.atomic
def promise_answer(ticket: Ticket, due_at: datetime, *, told: str, told_at: datetime, by: User, at: datetime) -> Ticket:
    """Record that the client was told by when the answer comes; a later promise replaces the one before it.

    `told` is what the client was told and how. Raises NotAllowedInState, PromiseInThePast, TellingMissing.
    """
    ticket = locked(ticket)
    state = next_state(ticket.state, Act.PROMISE)
    if due_at <= at:
        raise PromiseInThePast
    if not told.strip() or told_at > at:
        raise TellingMissing
    open_promises = deadlines_of(ticket, kind=Kind.PROMISED)
    replaced = cancel_deadlines(open_promises, Deadline.CancelReason.REPLACED, by=by, at=at)
    start(ticket, [Owed(Kind.PROMISED, promised_for=due_at)], started_at=told_at, at=at)
    if ticket.owner_id is None:
        set_owner(ticket, by=by, at=at)
    handle(ticket, state, by=by, at=at)
    verb = Verb.PROMISE_PROLONGED if replaced else Verb.PROMISE_MADE
    before = [one.due_at.isoformat() for one in replaced]
    facts = {"due_at": [*before, due_at.isoformat()], "told": told.strip()[:1000], "told_at": told_at.isoformat()}
    record(ticket, verb, by=by, at=at, **facts)
    return ticket

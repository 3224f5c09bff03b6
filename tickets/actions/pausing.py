"""The client is asked: deadlines that may pause stop until the answer, or until the date to resume."""

from datetime import date, datetime, time

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit.actions import record
from audit.verbs import Verb
from directory.models import User
from helpdesk.errors import DomainError
from sla.actions import pause_deadlines, resume_deadlines
from tickets.actions.working import handle, locked, set_state
from tickets.models import Ticket
from tickets.transitions import Act, next_state


class ResumeDateWrong(DomainError):
    code = "resume_date_wrong"
    words = _("Choose a date after today on which the ticket comes back if the client does not answer.")


@transaction.atomic
def pause_ticket(ticket: Ticket, resume_on: date, *, by: User, at: datetime) -> Ticket:
    """Let the ticket wait for the client until `resume_on` at the latest; asking anew moves that date.

    The question itself is a reply that is not substantive. Raises NotAllowedInState, ResumeDateWrong.
    """
    ticket = locked(ticket)
    state = next_state(ticket.state, Act.ASK)
    if resume_on <= at.astimezone(ticket.desk.tz).date():
        raise ResumeDateWrong
    before, ticket.resume_on = ticket.resume_on, resume_on
    pause_deadlines(ticket, by=by, at=at)
    handle(ticket, state, by=by, at=at)
    set_state(ticket, state, at=at)
    dates = [before.isoformat() if before else None, resume_on.isoformat()]
    record(ticket, Verb.TICKET_PAUSED, by=by, at=at, resume_on=dates)
    return ticket


def resume_ticket(ticket: Ticket, *, resumed_at: datetime, by: User | None, at: datetime) -> None:
    """End the pause: the days left count from the day after `resumed_at`. The caller holds the ticket's lock."""
    resume_deadlines(ticket, resumed_at=resumed_at, by=by, at=at)
    set_state(ticket, Ticket.State.INCOMPLETE, at=at)
    record(ticket, Verb.TICKET_RESUMED, by=by, at=at, resumed_at=resumed_at.isoformat())


def resume_due(*, at: datetime) -> int:
    """Bring back the tickets whose date to resume has come; return how many. Safe to repeat and to run many at once."""
    waiting = Ticket.objects.filter(state="waiting", resume_on__lte=at.date()).order_by("resume_on", "pk")
    return sum(_resume_if_due(ticket, at=at) for ticket in waiting.iterator())


@transaction.atomic
def _resume_if_due(ticket: Ticket, *, at: datetime) -> bool:
    ticket = locked(ticket)
    if ticket.state != Ticket.State.WAITING or ticket.resume_on is None:
        return False
    begins = datetime.combine(ticket.resume_on, time(), ticket.desk.tz)
    if at < begins:
        return False
    resume_ticket(ticket, resumed_at=begins, by=None, at=at)
    return True

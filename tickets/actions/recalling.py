"""A reply is taken back before it leaves: it is as if it had never been queued."""

from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from audit.actions import record
from audit.verbs import Verb
from directory.models import User
from helpdesk import nudge
from helpdesk.errors import DomainError
from sla.actions import hold_for_sending, own_deadlines, put_back, release_from_sending
from sla.models import Deadline, Kind
from sla.queries import deadlines_of
from tickets.actions import draft_states
from tickets.actions.delivering import claim_recall
from tickets.actions.forwarding import undo_forwarding
from tickets.actions.registering import give_number_back
from tickets.actions.replying import ANSWERED
from tickets.actions.working import locked, set_marks, set_state
from tickets.models import Delivery, Draft, Message, Ticket
from tickets.queries import messages_that_left

State = Ticket.State


class LeftAlready(DomainError):
    code = "left_already"
    words = _(
        "The reply is on its way already and cannot be taken back. Write one more if something must be put right."
    )


@transaction.atomic
def recall_reply(message: Message, *, by: User, at: datetime) -> Message:
    """Take back a reply that has not left: its deadlines run again to the same hours, a pause is as it was.

    Its ticket and the marks go back too, unless the time to mark has run out since: then that it was handled stands.
    Its Message-ID is free again for the same form. Raises LeftAlready; a no-op never, for it can be done once.
    """
    ticket = locked(message.ticket)
    before = claim_recall(message)
    if before is None:
        raise LeftAlready
    Message.objects.filter(pk=message.pk).update(message_id="")
    record(message, Verb.REPLY_RECALLED, by=by, at=at, message_id=message.message_id)
    message.ticket = ticket
    later = messages_that_left(ticket).filter(kind=Message.Kind.OUTGOING, pk__gt=message.pk)
    if not later.exists():
        _restore(ticket, message, before, by=by, at=at)
    if message.is_interim:
        undo_forwarding(ticket, message, before, by=by, at=at)
    _unsend_draft(ticket, message)
    give_number_back(ticket, message, by=by, at=at)
    release_from_sending(message, at=at)
    # A reply written since answers the same: what waited for this one waits for that one.
    coming = later.filter(is_substantive=True, delivery__state__in=Delivery.UNSETTLED).last()
    if coming is not None:
        owed = deadlines_of(ticket).filter(Q(message__lt=coming.pk) | Q(message=None), kind__in=ANSWERED)
        hold_for_sending(owed, coming, at=at)
    nudge.after_commit("escalation.sweep")
    message.refresh_from_db()
    return message


def _unsend_draft(ticket: Ticket, message: Message) -> None:
    """Let the draft that was sent wait again; none was, or another is asked for since: then it stays as it is."""
    draft = Draft.objects.filter(message=message).first()
    if draft is not None and draft_states.open_draft(ticket) is None:
        draft_states.reopen(draft, Draft.State.SUBMITTED)


def _restore(ticket: Ticket, message: Message, before: dict[str, Any], *, by: User, at: datetime) -> None:
    """Put ticket, marks and deadlines back, except what the client's own letter has changed since."""
    since = Message.objects.filter(ticket=ticket, kind=Message.Kind.INCOMING, pk__gt=message.pk).exists()
    deadlines = [one for one in before["deadlines"] if not (since and one["state"] == Deadline.State.PAUSED)]
    is_unhandled = before["state"] == State.UNPROCESSED or bool(before["unmarked"])
    if is_unhandled and any(one["kind"] == Kind.MARK and _due(one) < at for one in deadlines):
        # It was in hand in time; to say now that it was not would break a promise that was kept.
        deadlines = [one for one in deadlines if one["kind"] != Kind.MARK]
        is_unhandled = False
    put_back(deadlines, by=by, at=at)
    if is_unhandled:
        marked = Message.objects.filter(pk__in=before["unmarked"], mark=Message.Mark.INCOMPLETE)
        set_marks(marked, Message.Mark.NONE)
        if before["owner"] is None and ticket.owner_id == message.author_id:
            ticket.owner = None
            ticket.save(update_fields=["owner"])
            own_deadlines(ticket, None)
    state = before["state"]
    if state == State.UNPROCESSED and not is_unhandled or state == State.WAITING and since:
        state = State.INCOMPLETE
    if ticket.state in (State.INCOMPLETE, State.WAITING) and ticket.state != state:
        ticket.resume_on = date.fromisoformat(before["resume_on"]) if before["resume_on"] else None
        set_state(ticket, state, at=at)


def _due(remembered: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(remembered["due_at"])

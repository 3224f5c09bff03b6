"""A question to the client: sent, and the ticket waits for its answer."""

from dataclasses import replace
from datetime import date, datetime

from django.db import transaction

from directory.models import User
from tickets.actions.pausing import pause_ticket
from tickets.actions.replying import Reply, reply_to_client, sent_before
from tickets.actions.working import locked
from tickets.models import Message, Ticket


@transaction.atomic
def ask_client(
    ticket: Ticket, reply: Reply, resume_on: date, *, order_reason: str = "", by: User, at: datetime
) -> Message:
    """Queue a question to the client and let the ticket wait for the answer until `resume_on`, both or neither.

    A question is no answer, whatever the form says. The same form sent twice asks once. Raises what `reply_to_client`
    and `pause_ticket` raise.
    """
    ticket = locked(ticket)
    asked = sent_before(ticket, reply)
    if asked is not None:
        return asked
    question = replace(reply, is_substantive=False)
    message = reply_to_client(ticket, question, order_reason=order_reason, by=by, at=at)
    pause_ticket(ticket, resume_on, by=by, at=at)
    return message

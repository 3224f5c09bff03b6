"""What a ticket is about, said by a person; the next letter like it is suggested so.  (E-II.4b)"""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit.actions import record
from audit.verbs import Verb
from directory.models import Topic, User
from helpdesk.errors import DomainError
from knowledge.actions import learn_topic
from tickets.actions.working import locked
from tickets.models import Ticket
from tickets.topics import text_of
from tickets.transitions import Act, next_state


class TopicNotOffered(DomainError):
    code = "topic_not_offered"
    words = _("This topic cannot be chosen at this desk (any more). Choose another.")


@transaction.atomic
def choose_topic(ticket: Ticket, topic: Topic, *, by: User, at: datetime) -> Ticket:
    """Say what the ticket is about, or correct it: the words of its letter count for this topic, and no longer for another.

    A no-op if it is so already. It is no handling: the message stays as it is. Raises NotAllowedInState, TopicNotOffered.
    """
    ticket = locked(ticket)
    next_state(ticket.state, Act.SORT)
    if ticket.topic_id == topic.pk:
        return ticket
    if topic.desk_id != ticket.desk_id or topic.is_retired:
        raise TopicNotOffered
    before, ticket.topic = ticket.topic_id, topic
    ticket.save(update_fields=["topic"])
    learn_topic(ticket.pk, text_of(ticket), topic, at=at)
    record(ticket, Verb.TICKET_TOPIC_CHOSEN, by=by, at=at, topic=[before, topic.pk], name=topic.name)
    return ticket

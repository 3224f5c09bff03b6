"""A macro applied to a ticket: with its text goes what else it does.  (S-5.2)"""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from audit.actions import record
from audit.verbs import Verb
from directory.models import Topic, User
from helpdesk.errors import DomainError
from knowledge.models import Macro
from tickets.actions.sorting import choose_topic
from tickets.models import Message, Ticket


class MacroGone(DomainError):
    code = "macro_gone"
    words = _("This macro is no longer there. Remove its tick, then send; your text stays.")


def apply_macro(ticket: Ticket, macro_pk: int, message: Message, *, by: User, at: datetime) -> None:
    """Give the ticket the macro's topic and record what was applied; the caller's transaction holds the locked ticket.

    The mark was put before the sender with the text, and `message` has what they left of it. Raises MacroGone.
    """
    macro, topic = _macro(ticket, macro_pk), topic_given(ticket, macro_pk)
    if topic is not None:
        choose_topic(ticket, topic, by=by, at=at)
    name = macro.topic.name if macro.topic else ""
    record(message, Verb.MACRO_APPLIED, by=by, at=at, macro=macro.pk, name=macro.name, topic=name, mark=macro.mark)


def topic_given(ticket: Ticket, macro_pk: int) -> Topic | None:
    """Return the topic that the ticket gets by the macro, if by any. Raises MacroGone."""
    topic = _macro(ticket, macro_pk).topic
    return topic if topic is not None and not topic.is_retired else None


def _macro(ticket: Ticket, macro_pk: int) -> Macro:
    macro = Macro.objects.filter(desk=ticket.desk_id, pk=macro_pk).select_related("topic").first()
    if macro is None:
        raise MacroGone
    return macro

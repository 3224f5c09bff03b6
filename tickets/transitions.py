"""What may be done to a ticket in which state, and where it leads: the table of docs/architecture.md, as data."""

from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from helpdesk.errors import DomainError
from tickets.models import Ticket

State = Ticket.State


class Act(StrEnum):
    TAKE = "take"
    NOTE = "note"
    SORT = "sort"
    REPLY = "reply"
    ASK = "ask"
    PROMISE = "promise"
    FORWARD = "forward"
    SUBMIT_DRAFT = "submit_draft"
    SEND_DRAFT = "send_draft"
    RETURN_DRAFT = "return_draft"
    REFUSE_DRAFT = "refuse_draft"
    CONSULT = "consult"
    ASK_APPROVAL = "ask_approval"
    APPROVE = "approve"
    RETURN_REPLY = "return_reply"
    NOT_NEEDED = "not_needed"
    JUNK = "junk"
    UNDO_JUNK = "undo_junk"
    COMPLETE = "complete"
    REOPEN = "reopen"
    JOIN = "join"
    UNDO_JOIN = "undo_join"
    SPLIT = "split"
    LINK = "link"
    HAND_OVER = "hand_over"
    CLIENT_WRITES = "client_writes"
    OFFICE_WRITES = "office_writes"


class NotAllowedInState(DomainError):
    code = "not_allowed_in_state"
    words = _("This ticket is %(state)s: that cannot be done to it now. Reload the page to see what can.")


# Absent: refused. What the office wrote by hand in the mailbox was sent already: nothing refuses it. Mail of a merged
# ticket goes to the one it was joined to. What a reply, a draft sent, a consultation or "not needed" leads to depends on
# what stays open; the table names the state while something does.
TABLE: dict[tuple[str, Act], str] = {
    (State.UNPROCESSED, Act.TAKE): State.INCOMPLETE,
    (State.UNPROCESSED, Act.NOTE): State.INCOMPLETE,
    (State.UNPROCESSED, Act.SORT): State.UNPROCESSED,
    (State.UNPROCESSED, Act.REPLY): State.INCOMPLETE,
    (State.UNPROCESSED, Act.ASK): State.WAITING,
    (State.UNPROCESSED, Act.PROMISE): State.INCOMPLETE,
    (State.UNPROCESSED, Act.FORWARD): State.INCOMPLETE,
    (State.UNPROCESSED, Act.ASK_APPROVAL): State.INCOMPLETE,
    (State.UNPROCESSED, Act.NOT_NEEDED): State.UNPROCESSED,
    (State.UNPROCESSED, Act.JUNK): State.JUNK,
    (State.UNPROCESSED, Act.COMPLETE): State.COMPLETE,
    (State.UNPROCESSED, Act.REOPEN): State.INCOMPLETE,
    (State.UNPROCESSED, Act.JOIN): State.MERGED,
    (State.UNPROCESSED, Act.SPLIT): State.UNPROCESSED,
    (State.UNPROCESSED, Act.LINK): State.UNPROCESSED,
    (State.UNPROCESSED, Act.HAND_OVER): State.UNPROCESSED,
    (State.UNPROCESSED, Act.OFFICE_WRITES): State.INCOMPLETE,
    (State.UNPROCESSED, Act.CLIENT_WRITES): State.UNPROCESSED,
    (State.INCOMPLETE, Act.TAKE): State.INCOMPLETE,
    (State.INCOMPLETE, Act.NOTE): State.INCOMPLETE,
    (State.INCOMPLETE, Act.SORT): State.INCOMPLETE,
    (State.INCOMPLETE, Act.REPLY): State.INCOMPLETE,
    (State.INCOMPLETE, Act.ASK): State.WAITING,
    (State.INCOMPLETE, Act.PROMISE): State.INCOMPLETE,
    (State.INCOMPLETE, Act.FORWARD): State.INCOMPLETE,
    (State.INCOMPLETE, Act.SUBMIT_DRAFT): State.INCOMPLETE,
    (State.INCOMPLETE, Act.SEND_DRAFT): State.INCOMPLETE,
    (State.INCOMPLETE, Act.RETURN_DRAFT): State.INCOMPLETE,
    (State.INCOMPLETE, Act.REFUSE_DRAFT): State.INCOMPLETE,
    (State.INCOMPLETE, Act.CONSULT): State.INCOMPLETE,
    (State.INCOMPLETE, Act.ASK_APPROVAL): State.INCOMPLETE,
    (State.INCOMPLETE, Act.APPROVE): State.INCOMPLETE,
    (State.INCOMPLETE, Act.RETURN_REPLY): State.INCOMPLETE,
    (State.INCOMPLETE, Act.NOT_NEEDED): State.INCOMPLETE,
    (State.INCOMPLETE, Act.JUNK): State.JUNK,
    (State.INCOMPLETE, Act.COMPLETE): State.COMPLETE,
    (State.INCOMPLETE, Act.REOPEN): State.INCOMPLETE,
    (State.INCOMPLETE, Act.JOIN): State.MERGED,
    (State.INCOMPLETE, Act.SPLIT): State.INCOMPLETE,
    (State.INCOMPLETE, Act.LINK): State.INCOMPLETE,
    (State.INCOMPLETE, Act.HAND_OVER): State.INCOMPLETE,
    (State.INCOMPLETE, Act.OFFICE_WRITES): State.INCOMPLETE,
    (State.INCOMPLETE, Act.CLIENT_WRITES): State.INCOMPLETE,
    (State.WAITING, Act.TAKE): State.WAITING,
    (State.WAITING, Act.NOTE): State.WAITING,
    (State.WAITING, Act.SORT): State.WAITING,
    (State.WAITING, Act.REPLY): State.INCOMPLETE,
    (State.WAITING, Act.ASK): State.WAITING,
    (State.WAITING, Act.PROMISE): State.WAITING,
    (State.WAITING, Act.FORWARD): State.INCOMPLETE,
    (State.WAITING, Act.ASK_APPROVAL): State.WAITING,
    (State.WAITING, Act.APPROVE): State.WAITING,
    (State.WAITING, Act.RETURN_REPLY): State.WAITING,
    (State.WAITING, Act.NOT_NEEDED): State.WAITING,
    (State.WAITING, Act.JUNK): State.JUNK,
    (State.WAITING, Act.COMPLETE): State.COMPLETE,
    (State.WAITING, Act.REOPEN): State.WAITING,
    (State.WAITING, Act.JOIN): State.MERGED,
    (State.WAITING, Act.SPLIT): State.WAITING,
    (State.WAITING, Act.LINK): State.WAITING,
    (State.WAITING, Act.HAND_OVER): State.WAITING,
    (State.WAITING, Act.OFFICE_WRITES): State.INCOMPLETE,
    (State.WAITING, Act.CLIENT_WRITES): State.INCOMPLETE,
    (State.COMPLETE, Act.NOTE): State.COMPLETE,
    (State.COMPLETE, Act.SORT): State.COMPLETE,
    (State.COMPLETE, Act.REPLY): State.COMPLETE,
    (State.COMPLETE, Act.ASK_APPROVAL): State.COMPLETE,
    (State.COMPLETE, Act.APPROVE): State.COMPLETE,
    (State.COMPLETE, Act.RETURN_REPLY): State.COMPLETE,
    (State.COMPLETE, Act.COMPLETE): State.COMPLETE,
    (State.COMPLETE, Act.REOPEN): State.INCOMPLETE,
    (State.COMPLETE, Act.JOIN): State.MERGED,
    (State.COMPLETE, Act.SPLIT): State.COMPLETE,
    (State.COMPLETE, Act.LINK): State.COMPLETE,
    (State.COMPLETE, Act.OFFICE_WRITES): State.COMPLETE,
    (State.COMPLETE, Act.CLIENT_WRITES): State.INCOMPLETE,
    (State.JUNK, Act.UNDO_JUNK): State.UNPROCESSED,
    (State.JUNK, Act.OFFICE_WRITES): State.JUNK,
    (State.JUNK, Act.CLIENT_WRITES): State.JUNK,
    (State.MERGED, Act.JOIN): State.MERGED,
    (State.MERGED, Act.UNDO_JOIN): State.UNPROCESSED,
}


def next_state(state: str, act: Act) -> str:
    """Return where `act` leads from `state`. Raises NotAllowedInState."""
    if (state, act) not in TABLE:
        raise NotAllowedInState(state=State(state).label)
    return TABLE[state, act]


def is_possible(state: str, act: Act) -> bool:
    return (state, act) in TABLE

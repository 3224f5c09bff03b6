"""The marks of letters in the mailbox: ours, written there, and what somebody set there by hand.  (E-II.5)"""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit.actions import record
from audit.verbs import Verb
from directory.models import User
from helpdesk import nudge
from helpdesk.errors import DomainError
from tickets.actions.working import locked, set_marks, set_owner, set_state
from tickets.models import Message, Ticket
from tickets.transitions import Act, next_state

Mark = Message.Mark


class NoSuchMark(DomainError):
    code = "no_such_mark"
    words = _("The mailbox no longer shows that mark. Reload the page to see what it shows.")


def note_mark_written(message: Message, mark: str) -> None:
    """Note that `mark` stands on the message in the mailbox; if it has changed since, it is still to be written.

    What somebody had set there by hand is overwritten with it.
    """
    written = Message.objects.filter(pk=message.pk, mark=mark)
    written.update(is_mark_written=True, seen_mark="", seen_mark_at=None)


def write_mark_anew(message: Message) -> None:
    """Have our mark written again: the mail lies in another place now, where it may be missing."""
    if message.mark != Mark.NONE:
        Message.objects.filter(pk=message.pk).update(is_mark_written=False)


def note_seen_marks(messages: Mapping[int, Message], seen: Mapping[int, str], *, at: datetime) -> int:
    """Note which marks the mailbox shows in place of ours; return how many are new. Both are by the message's id.

    A mark that changed here meanwhile, or is still to be written there, says nothing: it is left alone.
    """
    return sum(_note_seen(messages[pk], mark, at=at) for pk, mark in seen.items())


@transaction.atomic
def _note_seen(message: Message, mark: str, *, at: datetime) -> bool:
    shown = "" if mark == message.mark else mark
    if shown == message.seen_mark:
        return False
    same = Message.objects.filter(pk=message.pk, mark=message.mark, is_mark_written=True, seen_mark=message.seen_mark)
    changed = bool(same.update(seen_mark=shown, seen_mark_at=at if shown else None))
    if changed and shown:
        record(message, Verb.MARK_SEEN, by=None, at=at, mark=[message.mark, mark])
    return changed and bool(shown)


@transaction.atomic
def keep_our_mark(message: Message, *, by: User, at: datetime) -> Message:
    """Write our mark over the one in the mailbox; a no-op if there is nothing to decide."""
    locked(message.ticket)
    message = Message.objects.select_for_update().get(pk=message.pk)
    if message.suggested_mark:
        before, message.seen_mark, message.seen_mark_at = message.seen_mark, "", None
        message.is_mark_written = False
        message.save(update_fields=["seen_mark", "seen_mark_at", "is_mark_written"])
        record(message, Verb.MARK_KEPT, by=by, at=at, mark=[before, message.mark])
        nudge.after_commit("contact.email.write_marks")
    return message


@transaction.atomic
def reopen_message(message: Message, *, by: User, at: datetime) -> Ticket:
    """Take over the mark *incomplete* on a message that was complete: there is more to do, its ticket is open again.

    What was met stays met. Raises NotAllowedInState, NoSuchMark.
    """
    ticket = locked(message.ticket)
    state = next_state(ticket.state, Act.REOPEN)
    message = Message.objects.select_for_update().get(pk=message.pk)
    if message.suggested_mark != Mark.INCOMPLETE or message.mark != Mark.COMPLETE:
        raise NoSuchMark
    if ticket.state != state:
        set_state(ticket, state, at=at)
    if ticket.owner_id is None:
        set_owner(ticket, by=by, at=at)
    set_marks(Message.objects.filter(pk=message.pk), Mark.INCOMPLETE)
    record(message, Verb.MESSAGE_REOPENED, by=by, at=at)
    return ticket

"""A colleague's draft: written, submitted, sent to the client or returned. Only this module and `forwarding` move one."""

from dataclasses import replace
from datetime import datetime

from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from audit.actions import record
from audit.verbs import Verb
from directory.models import Role, User
from escalation.models import Alert
from escalation.rules import Told
from helpdesk.errors import DomainError
from sla.actions import Owed, assign_deadlines, cancel_deadlines, meet_deadlines, reopen_deadlines, start
from sla.models import Deadline, Kind
from sla.queries import deadlines_of
from tickets.actions import draft_states
from tickets.actions.forwarding import tell, tell_administrator, tell_expert
from tickets.actions.replying import ANSWERED, Reply, TextMissing, refuse_unseen, reply_to_client, sent_before
from tickets.actions.working import ReasonMissing, complete_if_nothing_waits, locked, set_marks
from tickets.approvals import needs_approval
from tickets.models import Draft, DraftFile, Message, Ticket
from tickets.transitions import Act, next_state

State = Draft.State


class DraftMoved(DomainError):
    code = "draft_moved"
    words = _("This draft is %(state)s: somebody was faster. Your words are kept; open the ticket anew.")


class SavedElsewhere(DomainError):
    code = "saved_elsewhere"
    words = _("This draft was saved in another window since. Your words are kept here; open the draft anew to compare.")


def save_draft(draft: Draft, text: str, revision: int, *, by: User, at: datetime) -> int:
    """Keep its author's words while they write; return the new revision. Not recorded: nothing has been said yet.

    Raises DraftMoved if it is frozen, SavedElsewhere if it was saved since `revision`.
    """
    mine = Draft.objects.filter(pk=draft.pk, author=by.employee, state=State.WRITING)
    if mine.filter(revision=revision).update(text=text, saved_at=at, revision=F("revision") + 1):
        return revision + 1
    now = Draft.objects.get(pk=draft.pk)
    if now.state != State.WRITING:
        raise _moved(now)
    if now.text != text:
        raise SavedElsewhere
    return now.revision


@transaction.atomic
def submit_draft(draft: Draft, text: str, *, seen: int | None, by: User, at: datetime) -> Draft:
    """Freeze the version: `draft` is met, `send_draft` runs, the administrator is told.  (E-II.4c, E-II.4d, E-II.4e)

    On a topic that needs it the deputy director is asked for approval; `send_draft` does not wait for that.

    `seen` is the client's last message that lay before the author. The same text submitted twice is once. Raises
    NotAllowedInState, TextMissing, NotSeenYet, DraftMoved.
    """
    ticket, draft = locked_draft(draft)
    if draft.state == State.SUBMITTED and draft.text == text.strip():
        return draft
    next_state(ticket.state, Act.SUBMIT_DRAFT)
    if draft.state != State.WRITING:
        raise _moved(draft)
    if not text.strip():
        raise TextMissing
    refuse_unseen(ticket, seen)
    draft.state, draft.text, draft.submitted_at = State.SUBMITTED, text.strip(), at
    draft.revision += 1
    draft.save(update_fields=["state", "text", "submitted_at", "revision"])
    meet_deadlines(deadlines_of(ticket, kind=Kind.DRAFT), met_at=at, by=by, at=at)
    start(ticket, [Owed(Kind.SEND_DRAFT, expert=draft.author)], started_at=at, at=at)
    record(draft, Verb.DRAFT_SUBMITTED, by=by, at=at, version=draft.version)
    if needs_approval(ticket):
        approval = draft_states.ask(ticket, draft.text, draft, asked_by=draft.author, at=at)
        record(approval, Verb.APPROVAL_ASKED, by=by, at=at)
        tell(Alert.Trigger.APPROVAL_ASKED, ticket, Told((Role.Name.DEPUTY_DIRECTOR,)), at=at)
    tell_administrator(Alert.Trigger.DRAFT_SUBMITTED, draft, at=at)
    return draft


@transaction.atomic
def send_draft(draft: Draft, reply: Reply, *, by: User, at: datetime) -> Message:
    """Send the submitted version to the client, as it is or edited; the draft stays beside what was sent.  (E-II.4e)

    It is the substantive answer: what it meets is met when the mail server has taken it. The same form sent twice sends
    once. Raises NotAllowedInState, DraftMoved, and what `reply_to_client` raises.
    """
    ticket, draft = locked_draft(draft)
    sent = sent_before(ticket, reply)
    if sent is not None:
        return sent
    next_state(ticket.state, Act.SEND_DRAFT)
    if draft.state != State.SUBMITTED:
        raise _moved(draft)
    message = reply_to_client(ticket, replace(reply, is_substantive=True, draft=draft.pk), by=by, at=at)
    draft_states.close(draft, State.SENT, message=message, by=by.employee, at=at)
    facts = {"version": draft.version, "author": draft.author_id, "is_edited": message.reply != draft.text}
    record(draft, Verb.DRAFT_SENT, by=by, at=at, **facts)
    return message


@transaction.atomic
def return_draft(draft: Draft, reason: str, *, by: User, at: datetime) -> Draft:
    """Return the submitted version to its author; `draft` runs again to its original due time.  (E-II.4e)

    Return the next version, which begins with the same words. Raises NotAllowedInState, ReasonMissing, DraftMoved.
    """
    ticket, draft = locked_draft(draft)
    next_state(ticket.state, Act.RETURN_DRAFT)
    if not reason.strip():
        raise ReasonMissing
    if draft.state != State.SUBMITTED:
        raise _moved(draft)
    draft_states.close(draft, State.RETURNED, reason=reason.strip(), by=by.employee, at=at)
    again = draft_states.begin(ticket, draft.author, text=draft.text, order=draft.order, asked_by=by.employee, at=at)
    _copy_files(draft, again)
    cancel_deadlines(deadlines_of(ticket, kind=Kind.SEND_DRAFT), Deadline.CancelReason.RETURNED, by=by, at=at)
    owed = deadlines_of(ticket, kind=Kind.DRAFT).order_by("-pk")[:1]
    reopen_deadlines(Deadline.objects.filter(pk__in=list(owed.values_list("pk", flat=True))), by=by, at=at)
    record(draft, Verb.DRAFT_RETURNED, by=by, at=at, version=draft.version, reason=draft.reason)
    tell_expert(Alert.Trigger.DRAFT_RETURNED, again, at=at)
    return again


@transaction.atomic
def refuse_draft(draft: Draft, reason: str, *, by: User, at: datetime) -> Ticket:
    """Its author says that it is not theirs to answer: the ticket is the administrator's again.  (E-II.4b)

    `draft` runs on, owed by the administrator until another colleague has it: the client was told a time. Raises
    NotAllowedInState, ReasonMissing, DraftMoved.
    """
    ticket, draft = locked_draft(draft)
    next_state(ticket.state, Act.REFUSE_DRAFT)
    if not reason.strip():
        raise ReasonMissing
    if draft.state != State.WRITING:
        raise _moved(draft)
    draft_states.close(draft, State.REFUSED, reason=reason.strip(), by=by.employee, at=at)
    ticket.expert = None
    ticket.save(update_fields=["expert"])
    assign_deadlines(deadlines_of(ticket, kind=Kind.DRAFT), None)
    record(draft, Verb.DRAFT_REFUSED, by=by, at=at, reason=draft.reason)
    tell_administrator(Alert.Trigger.DRAFT_REFUSED, draft, at=at)
    return ticket


@transaction.atomic
def record_consultation(draft: Draft, told: str, *, seen: int | None, by: User, at: datetime) -> Ticket:
    """Its author has consulted the client by phone instead: a substantive answer, with what they were told.  (E-II.4c)

    Meets `draft` and whatever an answer meets; the ticket is complete unless something else is owed. Raises
    NotAllowedInState, ReasonMissing, NotSeenYet, DraftMoved.
    """
    ticket, draft = locked_draft(draft)
    next_state(ticket.state, Act.CONSULT)
    if not told.strip():
        raise ReasonMissing
    if draft.state != State.WRITING:
        raise _moved(draft)
    refuse_unseen(ticket, seen)
    draft_states.close(draft, State.CONSULTED, reason=told.strip(), by=by.employee, at=at)
    record(draft, Verb.CLIENT_CONSULTED, by=by, at=at, told=draft.reason)
    met = Q(kind__in=ANSWERED) | Q(kind__in=(Kind.DRAFT, Kind.MARK))
    meet_deadlines(deadlines_of(ticket).filter(met), met_at=at, by=by, at=at)
    set_marks(Message.objects.filter(ticket=ticket), Message.Mark.COMPLETE)
    complete_if_nothing_waits(ticket, by=by, at=at)
    return ticket


def locked_draft(draft: Draft) -> tuple[Ticket, Draft]:
    """Lock the ticket, then the draft, as every action does."""
    ticket = locked(draft.ticket)
    draft = Draft.objects.select_for_update(of=("self",)).select_related("author__user").get(pk=draft.pk)
    draft.ticket = ticket
    return ticket, draft


def _copy_files(draft: Draft, again: Draft) -> None:
    """Let the next version begin with the same files."""
    names = ("name", "content_type", "size", "sha256")
    DraftFile.objects.bulk_create(DraftFile(draft=again, **one) for one in draft.files.values(*names))


def _moved(draft: Draft) -> DraftMoved:
    return DraftMoved(state=draft.get_state_display())

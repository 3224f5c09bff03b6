"""The deputy director's approval: asked for, given, or refused with a reason.  No answer leaves without, where it is due.

`send_draft` runs on from the submission meanwhile: the guidelines' "at once" (E-II.4e) is owed to the client, and an
approval of the office's own does not stretch it.
"""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit.actions import record
from audit.verbs import Verb
from directory.models import Role, User
from escalation.models import Alert
from escalation.rules import Told
from helpdesk.errors import DomainError
from tickets.actions import draft_states
from tickets.actions.drafting import return_draft
from tickets.actions.forwarding import set_owner_if_none, tell
from tickets.actions.macros import topic_given
from tickets.actions.replying import Reply, TextMissing
from tickets.actions.sorting import choose_topic
from tickets.actions.working import ReasonMissing, check_order, handle, locked
from tickets.approvals import standing
from tickets.models import Approval, Draft, Ticket
from tickets.transitions import Act, next_state

State = Approval.State


class DecidedAlready(DomainError):
    code = "decided_already"
    words = _("These words are %(state)s: somebody was faster. Open the list anew.")


class OwnWords(DomainError):
    code = "own_words"
    words = _("These are your own words: another has to approve them.")


@transaction.atomic
def ask_approval(ticket: Ticket, reply: Reply, *, order_reason: str = "", by: User, at: datetime) -> Approval:
    """Ask for the approval of an answer of one's own, or of a draft's words as edited; what waited before is withdrawn.

    The same words are asked about once. It counts as handling; the ticket gets the topic of the answer's macro. Tells the
    deputy director after the commit. Raises NotAllowedInState, TextMissing, OlderWaiting, MacroGone.  (S-21)
    """
    ticket, text = locked(ticket), reply.text.strip()
    state = next_state(ticket.state, Act.ASK_APPROVAL)
    if not text:
        raise TextMissing
    same = standing(ticket).filter(text=text, state__in=[State.WAITING, State.APPROVED]).last()
    if same is not None:
        return same
    check_order(ticket, order_reason, by=by, at=at)
    topic = topic_given(ticket, reply.macro) if reply.macro is not None else None
    if topic is not None:
        ticket = choose_topic(ticket, topic, by=by, at=at)
    waits = Draft.objects.filter(ticket=ticket, state=Draft.State.SUBMITTED, text=text).first()
    approval = draft_states.ask(ticket, text, waits, html=reply.html, asked_by=by.employee, at=at)
    set_owner_if_none(ticket, by=by, at=at)
    if ticket.is_open:
        handle(ticket, state, by=by, at=at)
    record(approval, Verb.APPROVAL_ASKED, by=by, at=at)
    tell(Alert.Trigger.APPROVAL_ASKED, ticket, Told((Role.Name.DEPUTY_DIRECTOR,)), at=at)
    return approval


@transaction.atomic
def approve_reply(approval: Approval, *, by: User, at: datetime) -> Approval:
    """Approve the words: they, and no others, may leave. A no-op if they are; the administrator is told.

    Raises NotAllowedInState, DecidedAlready, OwnWords.
    """
    ticket, approval = _locked(approval, by=by)
    next_state(ticket.state, Act.APPROVE)
    if approval.state == State.APPROVED:
        return approval
    _decide(approval, State.APPROVED, by=by, at=at)
    record(approval, Verb.REPLY_APPROVED, by=by, at=at)
    tell(Alert.Trigger.REPLY_APPROVED, ticket, Told((Role.Name.ADMINISTRATOR,), ticket.owner_id), at=at)
    return approval


@transaction.atomic
def return_reply(approval: Approval, reason: str, *, by: User, at: datetime) -> Approval:
    """Return the words with the reason: a draft to its author, whose time runs again; an own answer to its writer.

    Raises NotAllowedInState, ReasonMissing, DecidedAlready, OwnWords, and what `return_draft` raises.
    """
    ticket, approval = _locked(approval, by=by)
    next_state(ticket.state, Act.RETURN_REPLY)
    if not reason.strip():
        raise ReasonMissing
    _decide(approval, State.RETURNED, reason=reason.strip(), by=by, at=at)
    if approval.draft is not None:
        return_draft(approval.draft, reason, by=by, at=at)
    else:
        record(approval, Verb.REPLY_NOT_APPROVED, by=by, at=at, reason=approval.reason)
        tell(Alert.Trigger.REPLY_NOT_APPROVED, ticket, Told((Role.Name.ADMINISTRATOR,), ticket.owner_id), at=at)
    return approval


def _locked(approval: Approval, *, by: User) -> tuple[Ticket, Approval]:
    ticket = locked(approval.ticket)
    approval = Approval.objects.select_related("draft").select_for_update(of=("self",)).get(pk=approval.pk)
    approval.ticket = ticket
    authors = {approval.asked_by_id, approval.draft.author_id if approval.draft else None}
    if by.employee.pk in authors:
        raise OwnWords
    return ticket, approval


def _decide(approval: Approval, state: str, *, reason: str = "", by: User, at: datetime) -> None:
    if approval.state != State.WAITING:
        raise DecidedAlready(state=approval.get_state_display())
    approval.state, approval.reason, approval.decided_by, approval.decided_at = state, reason[:1000], by.employee, at
    approval.save(update_fields=["state", "reason", "decided_by", "decided_at"])

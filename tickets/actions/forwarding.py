"""What the administrator cannot answer goes to the colleague who can, and the client is told so: one act.  (E-II.4)"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit.actions import record
from audit.verbs import Verb
from directory.models import CompetenceOrder, Employee, User
from directory.queries import asked_about, experts_of
from escalation.actions import About, tell_of_message
from escalation.models import Alert
from escalation.rules import Told
from helpdesk.errors import DomainError
from sla.actions import Owed, assign_deadlines, cancel_deadlines, restore_deadlines, start
from sla.models import Deadline, Kind
from sla.queries import deadlines_of, policies_at
from sla.terms import start_for
from tickets.actions import draft_states
from tickets.actions.pausing import resume_ticket
from tickets.actions.promising import PromiseInThePast
from tickets.actions.replying import NobodyToAnswer, Reply, reply_to_client, sent_before
from tickets.actions.working import check_order, handle, locked, set_owner
from tickets.interim import names_time, time_named
from tickets.models import Draft, Message, Ticket
from tickets.queries import client_knows, first_unanswered, last_from_client
from tickets.transitions import Act, next_state

Reason = Deadline.CancelReason


class NotCompetent(DomainError):
    code = "not_competent"
    words = _("%(name)s is not among the colleagues who may be asked for a draft at this desk. Choose another.")


class NoticeMissing(DomainError):
    code = "notice_missing"
    words = _("Forwarding goes with a notice to the client: what becomes of the message, and by when the answer comes.")


class TimeNotNamed(DomainError):
    code = "time_not_named"
    words = _("The notice does not name the promised time. Write “%(time)s” into it, or have the notice written anew.")


class DraftWaits(DomainError):
    code = "draft_waits"
    words = _("A draft by %(name)s waits already. Send it or return it before you ask another colleague.")


@dataclass(frozen=True)
class Notice:
    """The interim notice: the letter to the client, and the time that it promises."""

    reply: Reply
    promised_for: datetime


@transaction.atomic
def forward_ticket(
    ticket: Ticket, expert: Employee, notice: Notice | None, *, order_reason: str = "", by: User, at: datetime
) -> Ticket:
    """Ask `expert` for a draft and tell the client so, both or neither.  (E-II.4a, E-II.4b)

    The notice meets `reply` once the mail server has taken it, `draft` starts, and the promised time is a deadline. It
    may be left out (None) only when the ticket goes on from one colleague to another and the promised time stays: then
    `draft` stays due as it was. To the colleague who has it already it goes only for a message not answered yet; else a
    no-op. Raises NotAllowedInState, NotCompetent, DraftWaits, NoticeMissing, TimeNotNamed, PromiseInThePast, and what
    `reply_to_client` raises. Mails the client, and tells the expert, after the commit.
    """
    ticket = locked(ticket)
    if notice is not None and sent_before(ticket, notice.reply) is not None:
        return ticket
    state = next_state(ticket.state, Act.FORWARD)
    if not experts_of(ticket.desk).filter(pk=expert.pk).exists():
        raise NotCompetent(name=str(expert))
    draft = draft_states.open_draft(ticket)
    is_theirs = draft is not None and draft.author_id == expert.pk
    if is_theirs and (notice is None or first_unanswered(ticket) is None):
        return ticket
    if draft is not None and not is_theirs and draft.state == Draft.State.SUBMITTED:
        raise DraftWaits(name=str(draft.author))
    asked_about = first_unanswered(ticket) or last_from_client(ticket)
    if asked_about is None:
        raise NobodyToAnswer
    message = _tell_client(ticket, notice, order_reason, by=by, at=at)
    ticket = locked(ticket)
    if ticket.state == Ticket.State.WAITING:
        resume_ticket(ticket, resumed_at=at, by=by, at=at)
    handle(ticket, state, by=by, at=at)
    if not is_theirs:
        asked = _ask(ticket, expert, draft, asked_about, by=by, at=at)
        Draft.objects.filter(pk=asked.pk).update(notice=message)
    promised_for = notice.promised_for.isoformat() if notice else None
    before, ticket.expert = ticket.expert_id, expert
    ticket.save(update_fields=["expert"])
    facts = {"expert": [before, expert.pk], "name": str(expert), "promised_for": promised_for}
    record(ticket, Verb.TICKET_FORWARDED, by=by, at=at, **facts)
    return ticket


def _tell_client(ticket: Ticket, notice: Notice | None, order_reason: str, *, by: User, at: datetime) -> Message | None:
    """Queue the interim notice and make its time a deadline; without a notice, see that the client knows already."""
    promises = deadlines_of(ticket, kind=Kind.PROMISED)
    if notice is None:
        told = promises.filter(state__in=Deadline.OPEN).first()
        if told is None or not client_knows(ticket, told.due_at):
            raise NoticeMissing
        check_order(ticket, order_reason, by=by, at=at)
        set_owner_if_none(ticket, by=by, at=at)
        return None
    if notice.promised_for <= at:
        raise PromiseInThePast
    if not names_time(notice.reply.text, notice.promised_for, ticket.desk.tz):
        raise TimeNotNamed(time=time_named(notice.promised_for, ticket.desk.tz))
    reply = replace(notice.reply, is_substantive=False, is_interim=True)
    message = reply_to_client(ticket, reply, order_reason=order_reason, by=by, at=at)
    ticket = locked(ticket)
    if not promises.filter(state__in=Deadline.OPEN, due_at=notice.promised_for).exists():
        cancel_deadlines(promises, Reason.REPLACED, by=by, at=at)
        start(ticket, [Owed(Kind.PROMISED, promised_for=notice.promised_for)], started_at=at, at=at)
    return message


def set_owner_if_none(ticket: Ticket, *, by: User, at: datetime) -> None:
    if ticket.owner_id is None:
        set_owner(ticket, by=by, at=at)


def _ask(ticket: Ticket, expert: Employee, before: Draft | None, about: Message, *, by: User, at: datetime) -> Draft:
    """Open a draft for `expert`; one that another had begun ends, and its due time stays.  (E-II.4d)"""
    if before is not None:
        draft_states.close(before, Draft.State.HANDED_ON, by=by.employee, at=at)
    order = order_naming(ticket, expert, at=at)
    draft = draft_states.begin(ticket, expert, order=order, asked_by=by.employee, at=at)
    owed = deadlines_of(ticket, kind=Kind.DRAFT)
    if owed.filter(state__in=Deadline.OPEN).exists():
        assign_deadlines(owed, expert)
    else:
        policy = policies_at(ticket.desk, at).get((Kind.DRAFT, ""))
        started_at = start_for(policy, received_at=about.at, at=at) if policy else at
        start(ticket, [Owed(Kind.DRAFT, expert=expert)], started_at=started_at, at=at)
    tell_expert(Alert.Trigger.FORWARDED, draft, at=at)
    return draft


def order_naming(ticket: Ticket, expert: Employee, *, at: datetime) -> CompetenceOrder | None:
    """Return the order in force by which `expert` is asked about the ticket's topic; None if it does not name them."""
    if ticket.topic is None:
        return None
    asked = asked_about(ticket.topic, at.astimezone(ticket.desk.tz).date())
    return asked.competent.order if expert == asked.employee or expert in asked.competent.people else None


def tell_expert(trigger: str, draft: Draft, *, at: datetime) -> None:
    """Tell the author of a draft what happened to it."""
    told = Told(("expert",), draft.ticket.owner_id, draft.author_id)
    tell(trigger, draft.ticket, told, at=at)


def tell_administrator(trigger: str, draft: Draft, *, at: datetime) -> None:
    tell(trigger, draft.ticket, Told(("administrator",), draft.ticket.owner_id), at=at)


def tell(trigger: str, ticket: Ticket, told: Told, *, at: datetime) -> None:
    """Tell people of something that happened to the ticket, beside the client's last message."""
    last = last_from_client(ticket)
    if last is not None:
        tell_of_message(trigger, About(ticket.desk_id, ticket.pk, last.pk), told, at=at)


def undo_forwarding(ticket: Ticket, notice: Message, before: dict[str, Any], *, by: User, at: datetime) -> None:
    """Put back what a forwarding did whose notice was taken back: nobody was told, so nobody is asked.

    The caller holds the ticket's lock. A colleague who had it before has it again.
    """
    there = [one["id"] for one in before["deadlines"]]
    begun = deadlines_of(ticket).filter(message=None, kind__in=(Kind.DRAFT, Kind.SEND_DRAFT, Kind.PROMISED))
    begun = begun.exclude(pk__in=there)
    cancel_deadlines(begun, Reason.WITHDRAWN, by=by, at=at)
    replaced = deadlines_of(ticket, kind=Kind.PROMISED).filter(cancelled_at=notice.at)
    restore_deadlines(replaced, Reason.REPLACED, by=by, at=at)
    for draft in Draft.objects.filter(notice=notice, state__in=Draft.OPEN):
        draft_states.close(draft, Draft.State.LAID_ASIDE, by=by.employee, at=at)
    earlier = Draft.objects.filter(ticket=ticket, state=Draft.State.HANDED_ON, closed_at=notice.at).last()
    if earlier is not None and draft_states.open_draft(ticket) is None:
        draft_states.reopen(earlier, Draft.State.WRITING)
        assign_deadlines(deadlines_of(ticket, kind=Kind.DRAFT), earlier.author)
    now, ticket.expert_id = ticket.expert_id, before["expert"]
    ticket.save(update_fields=["expert"])
    record(ticket, Verb.FORWARDING_UNDONE, by=by, at=at, expert=[now, ticket.expert_id])

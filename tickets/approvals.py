"""Approvals, by name: what needs one, what has it, what waits for whom.  No other words leave on such a topic."""

from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, QuerySet
from django.http import Http404
from django.utils.translation import gettext_lazy as _

from directory.models import Topic, User
from directory.queries import desks_where, is_allowed
from directory.rights import Right
from helpdesk.errors import DomainError
from tickets.models import Approval, Ticket
from tickets.queries import messages_that_left, tickets_visible_to

State = Approval.State


class ApprovalMissing(DomainError):
    code = "approval_missing"
    words = _(
        "An answer on “%(topic)s” leaves after the deputy director has approved these very words. "
        "Ask for the approval; nothing of what you wrote is lost."
    )


def needs_approval(ticket: Ticket) -> bool:
    return ticket.topic is not None and ticket.topic.needs_second_approval


def refuse_unapproved(ticket: Ticket, text: str, *, becomes: Topic | None = None) -> None:
    """Refuse a substantive answer whose words nobody has approved, on its topic or on the one that its macro gives.

    Raises ApprovalMissing.
    """
    strict = [one for one in (ticket.topic, becomes) if one is not None and one.needs_second_approval]
    if strict and not standing(ticket).filter(state=State.APPROVED, text=text.strip()).exists():
        raise ApprovalMissing(topic=str(strict[0]))


def standing(ticket: Ticket) -> QuerySet[Approval]:
    """Return what was asked since the last answer: an approval is for one letter. One that was taken back uses up none."""
    answers = messages_that_left(ticket).filter(is_substantive=True, at__gte=OuterRef("asked_at"))
    return Approval.objects.filter(~Exists(answers), ticket=ticket)


def last_approval(ticket: Ticket) -> Approval | None:
    """Return what was asked last and not withdrawn; None once an answer has left since."""
    asked = standing(ticket).exclude(state=State.WITHDRAWN)
    return asked.select_related("draft", "asked_by", "decided_by").last()


def approvals_waiting(user: User) -> QuerySet[Approval]:
    """Return what waits for `user`'s approval, the longest first."""
    live = [Ticket.State.INCOMPLETE, Ticket.State.WAITING, Ticket.State.COMPLETE]
    desks = desks_where(user, Right.APPROVE_REPLY)
    waiting = Approval.objects.filter(state="waiting", ticket__desk__in=desks, ticket__state__in=live)
    related = ("ticket__desk__calendar", "ticket__client", "ticket__topic", "asked_by", "draft__author")
    return waiting.select_related(*related).prefetch_related("draft__files").order_by("asked_at", "pk")


def get_approval_for(user: User, pk: int) -> Approval:
    """Return what `user` may approve. Http404 if its ticket is unseen, PermissionDenied if only seen."""
    seen = Approval.objects.filter(pk=pk, ticket__in=tickets_visible_to(user))
    approval = seen.select_related("ticket__desk", "draft__author").first()
    if approval is None:
        raise Http404
    if not is_allowed(user, Right.APPROVE_REPLY, approval.ticket.desk_id):
        raise PermissionDenied
    return approval

"""The deputy director's list of what waits for approval: HTTP in, HTML out."""

from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from directory.queries import desks_where
from directory.requests import Request
from directory.rights import Right
from helpdesk.errors import DomainError
from sla.words import moment
from tickets.actions.approving import approve_reply, ask_approval, return_reply
from tickets.approvals import approvals_waiting, get_approval_for
from tickets.forms import ReasonForm, ReplyForm
from tickets.guards import require_post_or_go
from tickets.models import Approval, Message
from tickets.queries import get_ticket_for, last_from_clients
from tickets.ticket_page import ticket_page

# So many wait on one page; a deputy who has more has another trouble.
MOST = 20


@dataclass(frozen=True)
class Waiting:
    """Words that wait, beside the letter that they answer."""

    approval: Approval
    asked: str
    question: Message | None


@login_required
@require_GET
def approvals(request: Request) -> HttpResponse:
    """What waits for one's approval, the longest first."""
    return _list(request)


def _list(request: Request, *, status: int = 200, **wrong: object) -> HttpResponse:
    if not desks_where(request.user, Right.APPROVE_REPLY):
        raise PermissionDenied
    found, now = approvals_waiting(request.user), timezone.now()
    shown = list(found[:MOST])
    asked = last_from_clients([one.ticket for one in shown])
    rows = [Waiting(one, moment(one.asked_at, now, one.ticket.desk.tz), asked.get(one.ticket_id)) for one in shown]
    facts = {"rows": rows, "count": found.count(), "most": MOST, **wrong}
    return render(request, "tickets/approvals.html", facts, status=status)


@login_required
@require_post_or_go
def asking(request: Request, number: str) -> HttpResponse:
    """Ask for the approval of the words in the composer. Its page comes back with all that was in it, files too."""
    found = get_ticket_for(request.user, number, to=Right.WORK)
    form = ReplyForm(request.POST, request.FILES, auto_id="reply_%s")
    if form.is_valid():
        reason = form.cleaned_data["order_reason"]
        try:
            ask_approval(found, form.reply, order_reason=reason, by=request.user, at=timezone.now())
        except DomainError as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("The deputy director was asked; your words stand here until then."))
    found = get_ticket_for(request.user, number, to=Right.WORK)
    status = 422 if form.errors else 200
    return ticket_page(request, found, status=status, reply_form=form, kept=form.keep_files())


@login_required
@require_POST
def approval(request: Request, pk: int) -> HttpResponse:
    """Approve the words."""
    found = get_approval_for(request.user, pk)
    try:
        approve_reply(found, by=request.user, at=timezone.now())
    except DomainError as refused:
        return _list(request, status=refused.status, refused=refused)
    messages.success(request, _("Approved: the administrator was told and sends it."))
    return redirect("approvals")


@login_required
@require_POST
def returning(request: Request, pk: int) -> HttpResponse:
    """Return the words with the reason."""
    found, form = get_approval_for(request.user, pk), ReasonForm(request.POST)
    if not form.is_valid():
        return _list(request, status=422, reason_form=form, reason_for=found.pk)
    try:
        return_reply(found, form.cleaned_data["reason"], by=request.user, at=timezone.now())
    except DomainError as refused:
        return _list(request, status=refused.status, refused=refused, reason_form=form, reason_for=found.pk)
    messages.success(request, _("Returned with your reason; its writer was told."))
    return redirect("approvals")

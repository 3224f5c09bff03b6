"""An answer to the client: HTTP in, HTML out."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from directory.models import User
from directory.requests import Request
from directory.rights import Right
from helpdesk.errors import DomainError
from tickets import undo
from tickets.actions.asking import ask_client
from tickets.actions.drafting import send_draft
from tickets.actions.pausing import ResumeDateWrong
from tickets.actions.replying import NewAddress, reply_to_client
from tickets.forms import ReplyForm
from tickets.guards import require_post_or_go
from tickets.models import Message, Ticket
from tickets.queries import get_ticket_for
from tickets.ticket_page import ticket_page


@login_required
@require_post_or_go
def replies(request: Request, number: str) -> HttpResponse:
    """Send an answer to the client.  (E-I.6, E-II.3)"""
    found = get_ticket_for(request.user, number, to=Right.WORK)
    form = ReplyForm(request.POST, request.FILES, auto_id="reply_%s")
    if form.is_valid():
        try:
            message = _send(found, form, by=request.user)
        except ResumeDateWrong as refused:
            form.add_error("resume_on", str(refused))
        except NewAddress as refused:
            return ticket_page(request, found, status=422, reply_form=form, fresh=refused, kept=form.keep_files())
        except DomainError as refused:
            form.add_error(None, str(refused))
        else:
            said = _("The question on %(number)s is being sent; the ticket waits for the client.")
            said = said if form.cleaned_data["ask"] else _("The reply to %(number)s is being sent.")
            messages.success(request, said % {"number": found.short_number})
            request.session["sent"] = found.number
            undo.offer(request.session, message)
            return redirect("queue") if message.is_substantive else redirect("ticket", found.number)
    return ticket_page(request, found, status=422, reply_form=form, kept=form.keep_files())


def _send(found: Ticket, form: ReplyForm, *, by: User) -> Message:
    """Send the answer, or the question after which the ticket waits."""
    cleaned, now = form.cleaned_data, timezone.now()
    reason = cleaned["order_reason"]
    if cleaned["draft"] and cleaned["is_substantive"] and not cleaned["ask"]:
        return send_draft(get_object_or_404(found.drafts, pk=cleaned["draft"]), form.reply, by=by, at=now)
    if cleaned["ask"]:
        return ask_client(found, form.reply, cleaned["resume_on"], order_reason=reason, by=by, at=now)
    return reply_to_client(found, form.reply, order_reason=reason, by=by, at=now)

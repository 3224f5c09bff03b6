"""What a person decides about a suggestion: where a ticket belongs, whose mark holds, what was an answer."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from directory.requests import Request
from directory.rights import Right
from tickets.actions import delivering, joining, marking
from tickets.forms import JoinForm
from tickets.guards import require_post_or_go
from tickets.queries import find_ticket_for, get_message_for, get_ticket_for, survivor_of


@login_required
@require_post_or_go
def join(request: Request, number: str) -> HttpResponse:
    """Join the ticket to another of its desk."""
    found = get_ticket_for(request.user, number, to=Right.WORK)
    form = JoinForm(request.POST)
    into = find_ticket_for(request.user, found.desk, form.cleaned_data["into"]) if form.is_valid() else None
    if into is None:
        messages.error(request, _("There is no such ticket. Write its number, 4179 say."))
        return redirect("ticket", number)
    survivor = joining.join_ticket(found, survivor_of(into), by=request.user, at=timezone.now())
    messages.success(request, _("Ticket %(number)s was joined to this one.") % {"number": found.short_number})
    return redirect("ticket", survivor.number)


@login_required
@require_post_or_go
def unjoin(request: Request, number: str) -> HttpResponse:
    """Take a ticket that was joined out of the other again."""
    found = get_ticket_for(request.user, number, to=Right.WORK)
    joining.undo_joining(found, by=request.user, at=timezone.now())
    messages.success(request, _("The ticket stands on its own again."))
    return redirect("ticket", number)


@login_required
@require_post_or_go
def decline(request: Request, number: str) -> HttpResponse:
    """Note that the ticket does not belong to the one suggested."""
    found = get_ticket_for(request.user, number, to=Right.WORK)
    joining.decline_suggestion(found, by=request.user, at=timezone.now())
    return redirect("ticket", number)


@login_required
@require_post_or_go
def own_mark(request: Request, number: str, message_pk: int) -> HttpResponse:
    """Keep our mark: it is written over the one in the mailbox.  (E-II.5)"""
    message = get_message_for(request.user, number, message_pk, to=Right.WORK)
    marking.keep_our_mark(message, by=request.user, at=timezone.now())
    return redirect(f"{reverse('ticket', args=[number])}#message-{message_pk}")


@login_required
@require_post_or_go
def reopening(request: Request, number: str, message_pk: int) -> HttpResponse:
    """Take over the mark *incomplete* from the mailbox.  (E-II.5)"""
    message = get_message_for(request.user, number, message_pk, to=Right.WORK)
    marking.reopen_message(message, by=request.user, at=timezone.now())
    return redirect(f"{reverse('ticket', args=[number])}#message-{message_pk}")


@login_required
@require_post_or_go
def non_answer(request: Request, number: str, message_pk: int) -> HttpResponse:
    """Note that what the office wrote in the mailbox was no answer."""
    message = get_message_for(request.user, number, message_pk, to=Right.WORK)
    delivering.note_no_answer(message, by=request.user, at=timezone.now())
    messages.success(request, _("Noted: the reply to the client is owed again."))
    return redirect("ticket", number)

"""The number of a reply in the office's records: HTTP in, HTML out."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from directory.requests import Request
from directory.rights import Right
from helpdesk.errors import DomainError
from tickets.actions.registering import register_next, register_reply, unregister
from tickets.models import Message, Registration, Ticket
from tickets.queries import get_message_for, get_ticket_for
from tickets.record_forms import RegistrationForm


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def message_registration(request: Request, number: str, message_pk: int) -> HttpResponse:
    """Note the number and date of a reply, correct them, or take them off."""
    message = get_message_for(request.user, number, message_pk, to=Right.WORK)
    registered = Registration.objects.filter(message=message).first()
    return _registration(request, message.ticket, message, registered)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def next_registration(request: Request, number: str) -> HttpResponse:
    """Note the number and date that the next reply goes out under, correct them, or take them off."""
    found = get_ticket_for(request.user, number, to=Right.WORK)
    return _registration(request, found, None, Registration.objects.filter(ticket=found).first())


def _registration(
    request: Request, found: Ticket, message: Message | None, registered: Registration | None
) -> HttpResponse:
    back, now = _back(found, message), timezone.now()
    if "remove" in request.POST:
        if registered is not None:
            unregister(registered, by=request.user, at=now)
            messages.success(request, _("The registration number was taken off."))
        return redirect(back)
    initial: dict[str, Any] = {"dated_on": now.astimezone(found.desk.tz).date()}
    if registered is not None:
        initial = {"number": registered.number, "dated_on": registered.dated_on}
    form = RegistrationForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        try:
            if message is not None:
                register_reply(message, form.entry, by=request.user, at=now)
            else:
                register_next(found, form.entry, by=request.user, at=now)
        except DomainError as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Registered: No. %(number)s.") % {"number": form.entry.number})
            return redirect(back)
    facts = {"ticket": found, "message": message, "registered": registered, "form": form, "back": back}
    return render(request, "tickets/registration.html", facts, status=422 if form.errors else 200)


def _back(found: Ticket, message: Message | None) -> str:
    page = reverse("ticket", args=[found.number])
    return f"{page}#message-{message.pk}" if message is not None else page

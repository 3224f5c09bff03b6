"""What the office keeps on record: the number of a reply, a conversation broken off. HTTP in, HTML out."""

from datetime import datetime
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
from directory.signature import gaps, signature
from helpdesk.errors import DomainError
from knowledge.models import Template
from knowledge.placeholders import fill
from knowledge.queries import templates_for
from tickets import undo
from tickets.actions.breaking_off import break_off
from tickets.actions.registering import register_next, register_reply, unregister
from tickets.models import BreakingOff, Message, Registration, Ticket
from tickets.people import answer_to
from tickets.queries import get_message_for, get_ticket_for, last_from_client, last_to_see
from tickets.record_forms import BreakingOffForm, RegistrationForm
from tickets.transitions import Act, is_possible, next_state
from tickets.wording import placeholder_values


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


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def breaking_off(request: Request, number: str) -> HttpResponse:
    """Record a conversation that was broken off; `rewrite` puts the chosen template into the letter.  (E-I.5, S-17)"""
    found, now = get_ticket_for(request.user, number, to=Right.WORK), timezone.now()
    next_state(found.state, Act.NOTE)
    if request.method != "POST":
        return _breaking_off_page(request, found, BreakingOffForm(initial=_begun(found, request, now), desk=found.desk))
    form = BreakingOffForm(request.POST, desk=found.desk)
    if "rewrite" in request.POST:
        form.is_valid()
        chosen = form.cleaned_data.get("template")
        typed = request.POST.copy()
        typed["text"] = _filled(found, chosen, request, now)
        return _breaking_off_page(request, found, BreakingOffForm(initial=_typed(typed), desk=found.desk))
    if form.is_valid():
        try:
            kept = break_off(found, form.talk, form.letter, by=request.user, at=now)
        except DomainError as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("It was recorded that the conversation was broken off."))
            if kept.letter is not None:
                undo.offer(request.session, kept.letter)
            return redirect(f"{reverse('ticket', args=[number])}#note-{kept.note_id}")
    return _breaking_off_page(request, found, form, status=422)


def _begun(found: Ticket, request: Request, now: datetime) -> dict[str, Any]:
    """Return what the form begins with: the guidelines bind, and the letter is proposed where an address is known."""
    template = templates_for(found.desk, Template.Use.BREAK_OFF).first()
    knows_address = last_from_client(found) is not None and not gaps(request.user.employee)
    return {
        "rules": BreakingOff.Rules.GUIDELINES,
        "way": BreakingOff.Way.PHONE,
        "write": knows_address and template is not None,
        "template": template.pk if template else None,
        "text": _filled(found, template, request, now),
    }


def _typed(posted: Any) -> dict[str, Any]:
    """Return what was typed so far, for a form that finds nothing wrong with it yet."""
    return {**posted.dict(), "grounds": posted.getlist("grounds")}


def _filled(found: Ticket, template: Template | None, request: Request, now: datetime) -> str:
    return fill(template.body, placeholder_values(found, request.user.employee, at=now)) if template else ""


def _breaking_off_page(request: Request, found: Ticket, form: BreakingOffForm, *, status: int = 200) -> HttpResponse:
    about, missing = last_from_client(found), gaps(request.user.employee)
    facts = {
        "ticket": found,
        "form": form,
        "to": ", ".join(answer_to(about, found.desk.address)) if about else "",
        "last_seen": last_to_see(found),
        "missing": missing,
        "signature": "" if missing else signature(request.user.employee, found.desk),
        "may_agree": is_possible(found.state, Act.PROMISE),
        "offers": len(form.fields["template"].queryset),  # type: ignore[attr-defined]
    }
    return render(request, "tickets/breaking_off.html", facts, status=status)

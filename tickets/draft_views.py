"""Forwarding a ticket, and the colleague's page: HTTP in, HTML out."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from directory.queries import desks_where, experts_of
from directory.requests import Request
from directory.rights import Right
from directory.signature import gaps, signature
from helpdesk.errors import DomainError
from sla.words import moment
from tickets import draft_pages, pages, undo, wording
from tickets.actions import drafting
from tickets.actions.forwarding import forward_ticket
from tickets.actions.working import OutOfOrder, add_note
from tickets.draft_pages import expected
from tickets.forms import DraftForm, ForwardForm, ReasonForm
from tickets.interim import interim_notice
from tickets.looking_over import look_over
from tickets.models import Draft, Ticket
from tickets.queries import (
    client_knows,
    drafts_asked,
    drafts_owed,
    first_unanswered,
    get_draft_for,
    get_ticket_for,
    last_from_client,
    last_to_see,
    messages_of,
    older_unprocessed,
    with_draft_facts,
)
from tickets.transitions import Act, next_state


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def forwarding(request: Request, number: str) -> HttpResponse:
    """Forward the ticket with the notice to the client; `rewrite` has the notice written for the chosen time.  (E-II.4a)"""
    found, now = get_ticket_for(request.user, number, to=Right.WORK), timezone.now()
    next_state(found.state, Act.FORWARD)
    if request.method != "POST":
        return _forward_page(request, found, ForwardForm(initial=_proposed(found, request, at=now), desk=found.desk))
    form = ForwardForm(request.POST, desk=found.desk)
    if not form.is_valid():
        return _forward_page(request, found, form, status=422)
    if "insert" in request.POST:
        return _forward_page(request, found, ForwardForm(_with_words(request, found, form), desk=found.desk))
    if "rewrite" in request.POST:
        written = {**request.POST.dict(), "text": _notice(found, form.promised_for)}
        return _forward_page(request, found, ForwardForm(written, desk=found.desk))
    knows = client_knows(found, form.promised_for)
    facts = {"order_reason": form.cleaned_data["order_reason"], "by": request.user, "at": now}
    try:
        forward_ticket(found, form.cleaned_data["expert"], None if knows else form.notice, **facts)
    except DomainError as refused:
        form.add_error(None, str(refused))
        return _forward_page(request, found, form, status=422)
    return _forwarded(request, found)


def _with_words(request: Request, found: Ticket, form: ForwardForm) -> dict[str, Any]:
    """Return what was posted with the chosen words at the end of the notice, for whom no script puts them in."""
    cleaned = form.cleaned_data
    given = {"promise.due_on": wording.by_day(cleaned["due_on"]), **wording.expert_values(cleaned["expert"])}
    facts: dict[str, Any] = {"sender": request.user.employee, "given": given, "at": timezone.now()}
    chosen = wording.wording(found, request.POST.get("item", ""), uses=wording.NOTICE, **facts)
    added = chosen.text if chosen else ""
    return {**request.POST.dict(), "text": "\n\n".join(one for one in (cleaned["text"], added) if one)}


def _forwarded(request: Request, found: Ticket) -> HttpResponse:
    messages.success(request, _("Ticket %(number)s was forwarded.") % {"number": found.short_number})
    notice = messages_of(found).filter(is_interim=True, delivery__state="queued").last()
    if notice is not None:
        undo.offer(request.session, notice)
    request.session["forwarded"] = found.number
    return redirect("ticket", found.number)


def _notice(found: Ticket, promised_for: datetime) -> str:
    about = first_unanswered(found) or last_from_client(found)
    received_at = about.at if about else found.received_at
    return interim_notice(received_at, draft_pages.unit_words(found.desk), promised_for, found.desk.tz)


def _proposed(found: Ticket, request: Request, *, at: datetime) -> dict[str, Any]:
    """Return what the form begins with; the words of a notice that was taken back come again (?again=…)."""
    due = expected(found, at=at).promised_for
    local = due.astimezone(found.desk.tz)
    again = request.GET.get("again", "")
    words = messages_of(found).filter(pk=again, is_interim=True).first() if again.isdecimal() else None
    text = words.reply if words is not None else _notice(found, due)
    alone = experts_of(found.desk)[:2]
    chosen = {"expert": alone[0].pk} if len(alone) == 1 else {}
    return {"due_on": local.date(), "due_time": local.time(), "text": text, **chosen}


def _forward_page(request: Request, found: Ticket, form: ForwardForm, *, status: int = 200) -> HttpResponse:
    now, tz = timezone.now(), found.desk.tz
    text = str(form["text"].value() or "")
    is_confirmed = bool(form["codes_confirmed"].value())
    sender = request.user.employee
    about, missing, due = last_from_client(found), gaps(request.user.employee), expected(found, at=now)
    facts = {
        "ticket": found,
        "form": form,
        "about": about,
        "received": moment(about.at, now, tz) if about else "",
        "draft_due": moment(due.draft_due, now, tz),
        "told_for": moment(due.told_for, now, tz) if due.told_for and client_knows(found, due.told_for) else "",
        "last_seen": last_to_see(found),
        "ready_words": wording.choices(found, wording.NOTICE),
        "look": look_over(found, text, files=[], sender=sender, is_notice=True, is_confirmed=is_confirmed),
        "missing": missing,
        "signature": "" if missing else signature(request.user.employee, found.desk),
        "older": older_unprocessed(found).first() if found.state == Ticket.State.UNPROCESSED else None,
        "order_reasons": OutOfOrder.choices,
    }
    return render(request, "tickets/forward.html", facts, status=status)


@login_required
@require_POST
def returning(request: Request, number: str, draft_pk: int) -> HttpResponse:
    """Return a draft to its author with the reason.  (E-II.4e)"""
    found = get_ticket_for(request.user, number, to=Right.WORK)
    form = ReasonForm(request.POST)
    if form.is_valid():
        draft = get_object_or_404(found.drafts, pk=draft_pk)
        drafting.return_draft(draft, form.cleaned_data["reason"], by=request.user, at=timezone.now())
        messages.success(request, _("The draft was returned; its author was told."))
    else:
        messages.error(request, _("Write the reason."))
    return redirect("ticket", number)


@login_required
@require_GET
def drafts(request: Request) -> HttpResponse:
    """The drafts that one owes, and for administrators those asked for; the nearest due of one's own stands open."""
    mine = draft_pages.owed_drafts(with_draft_facts(drafts_owed(request.user)), at=timezone.now())
    first = next((one.draft for one in mine if one.draft.state == Draft.State.WRITING), None)
    return _bench(request, get_draft_for(request.user, first.pk) if first else None)


@login_required
@require_GET
def draft(request: Request, pk: int) -> HttpResponse:
    return _bench(request, get_draft_for(request.user, pk))


def _bench(request: Request, current: Draft | None, *, status: int = 200, **forms: Any) -> HttpResponse:
    user, now = request.user, timezone.now()
    mine = draft_pages.owed_drafts(with_draft_facts(drafts_owed(user)), at=now)
    asked = draft_pages.owed_drafts(with_draft_facts(drafts_asked(user)), at=now)
    facts: dict[str, Any] = {
        "writing": [one for one in mine if one.draft.state == Draft.State.WRITING],
        "submitted": [one for one in mine if one.draft.state == Draft.State.SUBMITTED],
        "to_send": [one for one in asked if one.draft.state == Draft.State.SUBMITTED],
        "with_colleagues": [one for one in asked if one.draft.state == Draft.State.WRITING],
        "can_draft": bool(desks_where(user, Right.DRAFT)),
        "can_work_desks": bool(desks_where(user, Right.WORK)),
        "done": request.session.pop("draft_done", ""),
        "current": current,
        **forms,
    }
    if current is not None:
        facts |= _current(current, at=now)
    return render(request, "tickets/drafts.html", facts, status=status)


def _current(current: Draft, *, at: datetime) -> dict[str, Any]:
    """Return what stands beside the editor: the conversation, the deadline, and why a version was returned."""
    ticket, tz = current.ticket, current.ticket.desk.tz
    entries = pages.conversation(ticket, list(messages_of(ticket)), at=at)
    returned = ticket.drafts.filter(version=current.version - 1, state=Draft.State.RETURNED).first()
    return {
        "ticket": ticket,
        "entries": entries,
        "questions": [one for one in entries if one.kind == "in"][-2:],
        "noted": [one for one in entries if one.kind == "note"],
        "term": draft_pages.draft_due(current, at=at),
        "asked": moment(current.asked_at, at, tz),
        "saved": moment(current.saved_at, at, tz) if current.saved_at else "",
        "returned": returned,
        "last_seen": last_to_see(ticket),
        "ready_words": wording.choices(ticket),
        "can_write": current.state == Draft.State.WRITING,
    }


@login_required
@require_POST
def saving(request: Request, pk: int) -> HttpResponse:
    """Keep the words while they are written; for the page's script as data.  (E-II.4c)"""
    found, form, now = get_draft_for(request.user, pk), DraftForm(request.POST), timezone.now()
    if not form.is_valid():
        return JsonResponse({"words": _("This could not be saved.")}, status=422)
    cleaned = form.cleaned_data
    is_script = request.headers.get("accept") == "application/json"
    try:
        revision = drafting.save_draft(found, cleaned["text"], cleaned["revision"], by=request.user, at=now)
    except DomainError as refused:
        if is_script:
            return JsonResponse({"words": str(refused)}, status=refused.status)
        raise
    saved = _("saved %(when)s") % {"when": moment(now, now, found.ticket.desk.tz)}
    return JsonResponse({"revision": revision, "words": saved}) if is_script else redirect("draft", pk)


@login_required
@require_POST
def submission(request: Request, pk: int) -> HttpResponse:
    """Submit the draft to the administrator.  (E-II.4c, E-II.4e)"""
    found, form, now = get_draft_for(request.user, pk), DraftForm(request.POST), timezone.now()
    if not form.is_valid():
        return redirect("draft", pk)
    cleaned = form.cleaned_data
    try:
        if found.state == Draft.State.WRITING:
            drafting.save_draft(found, cleaned["text"], cleaned["revision"], by=request.user, at=now)
        drafting.submit_draft(found, cleaned["text"], seen=cleaned["seen"], by=request.user, at=now)
    except DomainError as refused:
        return _bench(request, found, status=422, refused=refused, typed=cleaned["text"])
    messages.success(request, _("The draft was submitted; the administrator was told and sends it to the client."))
    request.session["draft_done"] = str(pk)
    return redirect("drafts")


@login_required
@require_POST
def consultation(request: Request, pk: int) -> HttpResponse:
    """Record that the client was consulted by phone instead.  (E-II.4c)"""
    found, form, now = get_draft_for(request.user, pk), ReasonForm(request.POST), timezone.now()
    if not form.is_valid():
        return _bench(request, found, status=422, consultation_form=form)
    cleaned = form.cleaned_data
    try:
        drafting.record_consultation(found, cleaned["reason"], seen=cleaned["seen"], by=request.user, at=now)
    except DomainError as refused:
        return _bench(request, found, status=422, refused=refused)
    messages.success(request, _("The consultation was recorded: it is the answer."))
    request.session["draft_done"] = str(pk)
    return redirect("drafts")


@login_required
@require_POST
def refusal(request: Request, pk: int) -> HttpResponse:
    """Say that the matter is not in one's competence.  (E-II.4b)"""
    found, form = get_draft_for(request.user, pk), ReasonForm(request.POST)
    if not form.is_valid():
        return _bench(request, found, status=422, refusal_form=form)
    drafting.refuse_draft(found, form.cleaned_data["reason"], by=request.user, at=timezone.now())
    messages.success(request, _("The administrator was told why; the ticket is theirs again."))
    request.session["draft_done"] = str(pk)
    return redirect("drafts")


@login_required
@require_POST
def draft_note(request: Request, pk: int) -> HttpResponse:
    """Write an internal note to the administrator without leaving the draft."""
    found, form = get_draft_for(request.user, pk), ReasonForm(request.POST)
    if form.is_valid():
        add_note(found.ticket, form.cleaned_data["reason"], by=request.user, at=timezone.now())
    return redirect(f"{reverse('draft', args=[pk])}#notes")

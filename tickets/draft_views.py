"""Forwarding a ticket, and the colleague's page: HTTP in, HTML out."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import FileResponse, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from directory.queries import desks_where
from directory.requests import Request
from directory.rights import Right
from helpdesk.errors import DomainError
from sla.words import moment
from tickets import draft_pages, pages, wording
from tickets.actions import drafting
from tickets.actions.draft_files import add_files, remove_file
from tickets.actions.noting import write_note
from tickets.forms import DraftForm, ReasonForm, file_of
from tickets.letters import download
from tickets.models import Draft, DraftFile
from tickets.note_words import noted_words
from tickets.queries import (
    drafts_asked,
    drafts_owed,
    get_draft_for,
    get_ticket_for,
    last_to_see,
    messages_of,
    with_draft_facts,
)


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
        "under_order": draft_pages.order_words(current.order) if current.order else "",
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
    found, now = get_draft_for(request.user, pk), timezone.now()
    form = DraftForm(request.POST, request.FILES)
    is_script = request.headers.get("accept") == "application/json"
    if not form.is_valid():
        if is_script:
            return JsonResponse({"words": _("This could not be saved.")}, status=422)
        return _bench(request, found, status=422, typed=request.POST.get("text", ""), draft_form=form)
    cleaned = form.cleaned_data
    try:
        revision = drafting.save_draft(found, cleaned["text"], cleaned["revision"], by=request.user, at=now)
        add_files(found, [file_of(one) for one in cleaned["attachments"]], by=request.user, at=now)
    except DomainError as refused:
        if is_script:
            return JsonResponse({"words": str(refused)}, status=refused.status)
        return _bench(request, get_draft_for(request.user, pk), status=422, refused=refused, typed=cleaned["text"])
    saved = _("saved %(when)s") % {"when": moment(now, now, found.ticket.desk.tz)}
    return JsonResponse({"revision": revision, "words": saved}) if is_script else redirect("draft", pk)


@login_required
@require_POST
def submission(request: Request, pk: int) -> HttpResponse:
    """Submit the draft to the administrator.  (E-II.4c, E-II.4e)"""
    found, now = get_draft_for(request.user, pk), timezone.now()
    form = DraftForm(request.POST, request.FILES)
    if not form.is_valid():
        return _bench(request, found, status=422, typed=request.POST.get("text", ""), draft_form=form)
    cleaned = form.cleaned_data
    try:
        if found.state == Draft.State.WRITING:
            drafting.save_draft(found, cleaned["text"], cleaned["revision"], by=request.user, at=now)
            add_files(found, [file_of(one) for one in cleaned["attachments"]], by=request.user, at=now)
        drafting.submit_draft(found, cleaned["text"], seen=cleaned["seen"], by=request.user, at=now)
    except DomainError as refused:  # what was saved before it has a revision of its own
        return _bench(request, get_draft_for(request.user, pk), status=422, refused=refused, typed=cleaned["text"])
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
        return _bench(request, found, status=422, refused=refused, consultation_form=form)
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
    try:
        drafting.refuse_draft(found, form.cleaned_data["reason"], by=request.user, at=timezone.now())
    except DomainError as refused:
        return _bench(request, found, status=422, refused=refused, refusal_form=form)
    messages.success(request, _("The administrator was told why; the ticket is theirs again."))
    request.session["draft_done"] = str(pk)
    return redirect("drafts")


@login_required
@require_POST
def file_removal(request: Request, pk: int, file_pk: int) -> HttpResponse:
    """Take a file off the draft."""
    found = get_draft_for(request.user, pk)
    file = get_object_or_404(found.files.select_related("draft__ticket"), pk=file_pk)
    remove_file(file, by=request.user, at=timezone.now())
    return redirect(f"{reverse('draft', args=[pk])}#files")


@login_required
@require_GET
def draft_file(request: Request, number: str, file_pk: int) -> FileResponse:
    """A draft's file as a download; of one that is still being written only for its author."""
    ticket = get_ticket_for(request.user, number)
    seen = DraftFile.objects.filter(Q(draft__submitted_at__isnull=False) | Q(draft__author__user=request.user))
    return download(get_object_or_404(seen, pk=file_pk, draft__ticket=ticket))


@login_required
@require_POST
def draft_note(request: Request, pk: int) -> HttpResponse:
    """Write an internal note to the administrator without leaving the draft."""
    found, form = get_draft_for(request.user, pk), ReasonForm(request.POST)
    if form.is_valid():
        noted = write_note(found.ticket, form.cleaned_data["reason"], by=request.user, at=timezone.now())
        for words in noted_words(noted):
            messages.info(request, words)
    return redirect(f"{reverse('draft', args=[pk])}#notes")

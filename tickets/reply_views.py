"""An answer to the client: HTTP in, HTML out."""

from dataclasses import asdict
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from directory.models import User
from directory.requests import Request
from directory.rights import Right
from helpdesk.errors import DomainError
from tickets import undo, wording
from tickets.actions.asking import ask_client
from tickets.actions.drafting import send_draft
from tickets.actions.pausing import ResumeDateWrong
from tickets.actions.replying import NewAddress, reply_to_client
from tickets.forms import FilesForm, LookForm, ReplyForm, WordingForm
from tickets.guards import require_post_or_go
from tickets.looking_over import Look, look_over
from tickets.models import Message, Ticket
from tickets.queries import get_ticket_for
from tickets.ticket_page import ticket_page


@login_required
@require_post_or_go
def replies(request: Request, number: str) -> HttpResponse:
    """Send an answer to the client.  (E-I.6, E-II.3)"""
    found = get_ticket_for(request.user, number, to=Right.WORK)
    posted = _with_wording(request, found) if "insert" in request.POST else request.POST
    form = ReplyForm(posted, request.FILES, auto_id="reply_%s")
    if "insert" in request.POST:
        kept = form.keep_files() if form.is_valid() else []
        return ticket_page(request, found, reply_form=form, kept=kept)
    if form.is_valid():
        look = _look(request, found, form)
        if "check" in request.POST or (form.cleaned_data["shows_check"] and look.unseen(form.cleaned_data["looked"])):
            return _look_first(request, found, form, look)
        try:
            message = _send(found, form, by=request.user)
        except DomainError as refused:
            return _refused(request, found, form, look, refused)
        return _sent(request, found, form, message)
    return ticket_page(request, found, status=422, reply_form=form, kept=form.keep_files())


def _with_wording(request: Request, found: Ticket) -> QueryDict:
    """Return what was posted with the chosen words at the end of its text, for whom no script puts them in."""
    posted = request.POST.copy()
    sender = request.user.employee
    chosen = wording.wording(found, posted.get("item", ""), sender=sender, given={}, at=timezone.now())
    if chosen is not None:
        posted["text"] = "\n\n".join(one for one in (posted.get("text", "").strip(), chosen.text) if one)
        posted["html"] = ""  # an editor would have put them in itself
    if chosen is not None and chosen.macro is not None:
        posted["macro"] = str(chosen.macro.pk)
        if chosen.macro.is_substantive is not None:
            posted.setlist("is_substantive", ["on"] if chosen.macro.is_substantive else [])
    return posted


@login_required
@require_GET
def ready_words(request: Request, number: str) -> JsonResponse:
    """The words of one choice, filled in for the ticket, for the page's script as data.  (S-5.2)"""
    found, form = get_ticket_for(request.user, number), WordingForm(request.GET)
    form.is_valid()  # what makes no sense gives no values
    uses = wording.NOTICE if form.cleaned_data.get("is_notice") else wording.REPLY
    facts: dict[str, Any] = {"sender": request.user.employee, "given": form.values(found.desk), "at": timezone.now()}
    chosen = wording.wording(found, form.cleaned_data.get("item", ""), uses=uses, **facts)
    if chosen is None:
        return JsonResponse({}, status=404)
    return JsonResponse({"text": chosen.text, "macro": asdict(chosen.macro) if chosen.macro else None})


@login_required
@require_POST
def files(request: Request, number: str) -> HttpResponse:
    """Take in files while their letter is still being written; nothing of the ticket changes by it.  (S-20.1)"""
    get_ticket_for(request.user, number, to=Right.WORK)
    form = FilesForm(request.POST, request.FILES)
    if not form.is_valid():
        words = [str(one) for errors in form.errors.values() for one in errors]
        return HttpResponse("\n".join(words), status=422, content_type="text/plain; charset=utf-8")
    return render(request, "tickets/_kept_files.html", {"kept": form.keep()})


def _sent(request: Request, found: Ticket, form: ReplyForm, message: Message) -> HttpResponse:
    said = _("The question on %(number)s is being sent; the ticket waits for the client.")
    said = said if form.cleaned_data["ask"] else _("The reply to %(number)s is being sent.")
    messages.success(request, said % {"number": found.short_number})
    request.session["sent"] = found.number
    undo.offer(request.session, message)
    return redirect("queue") if message.is_substantive else redirect("ticket", found.number)


def _refused(request: Request, found: Ticket, form: ReplyForm, look: Look, refused: DomainError) -> HttpResponse:
    """Show the form again with the refusal by its field; nothing that was typed or attached is lost."""
    facts: dict[str, Any] = {"reply_form": form, "look": look, "kept": form.keep_files()}
    if isinstance(refused, NewAddress):
        facts["fresh"] = refused
    else:
        form.add_error("resume_on" if isinstance(refused, ResumeDateWrong) else None, str(refused))
    return ticket_page(request, found, status=422, **facts)


def _look(request: Request, found: Ticket, form: ReplyForm) -> Look:
    cleaned, sender = form.cleaned_data, request.user.employee
    is_confirmed = cleaned["codes_confirmed"]
    return look_over(found, cleaned["text"], files=form.file_names, sender=sender, is_confirmed=is_confirmed)


def _look_first(request: Request, found: Ticket, form: ReplyForm, look: Look) -> HttpResponse:
    """Show what was found before the letter leaves; sent once more, it goes.  (E-I.5)"""
    is_asked = "check" in request.POST
    facts: dict[str, Any] = {"reply_form": form, "look": look, "look_first": not is_asked, "kept": form.keep_files()}
    return ticket_page(request, found, status=200 if is_asked else 422, **facts)


@login_required
@require_POST
def reply_check(request: Request, number: str) -> HttpResponse:
    """What to look at in the letter that is being written: the part beside its text.  (E-I.5)"""
    found, form = get_ticket_for(request.user, number), LookForm(request.POST)
    if not form.is_valid():
        return HttpResponse(status=204)  # the page keeps what it shows
    cleaned = form.cleaned_data
    facts = {"is_notice": cleaned["is_notice"], "is_confirmed": cleaned["codes_confirmed"]}
    look = look_over(found, cleaned["text"], files=form.file_names, sender=request.user.employee, **facts)
    return render(
        request, "tickets/_findings.html", {"look": look, "live": True, "into": request.POST.get("into", "reply")}
    )


def _send(found: Ticket, form: ReplyForm, *, by: User) -> Message:
    """Send the answer, or the question after which the ticket waits."""
    cleaned, now = form.cleaned_data, timezone.now()
    reason = cleaned["order_reason"]
    if cleaned["draft"] and cleaned["is_substantive"] and not cleaned["ask"]:
        return send_draft(get_object_or_404(found.drafts, pk=cleaned["draft"]), form.reply, by=by, at=now)
    if cleaned["ask"]:
        return ask_client(found, form.reply, cleaned["resume_on"], order_reason=reason, by=by, at=now)
    return reply_to_client(found, form.reply, order_reason=reason, by=by, at=now)

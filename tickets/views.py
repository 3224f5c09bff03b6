"""The queue and the ticket: HTTP in, HTML out."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from directory.models import User
from directory.queries import is_allowed
from directory.requests import Request
from directory.rights import Right
from directory.signature import gaps, signature
from helpdesk.errors import DomainError
from sla.queries import deadlines_of
from sla.settings import withdraw_breach
from sla.words import moment
from tickets import deliveries, pages, undo
from tickets.actions import delivering, working
from tickets.actions.asking import ask_client
from tickets.actions.drafting import send_draft
from tickets.actions.junking import Junking, bring_back, put_among_junk
from tickets.actions.noting import write_note
from tickets.actions.pausing import ResumeDateWrong
from tickets.actions.promising import PromiseInThePast, TellingMissing, promise_answer
from tickets.actions.recalling import recall_reply
from tickets.actions.replying import NewAddress, reply_to_client
from tickets.approvals import last_approval, needs_approval
from tickets.composing import composer_of, is_recalled
from tickets.forms import JunkForm, NoAnswerForm, NoteForm, PromiseForm, ReplyForm, TakeForm, WithdrawalForm
from tickets.kept import Kept, kept_of
from tickets.models import Approval, Draft, Message, Ticket
from tickets.note_words import noted_words
from tickets.people import answer_to
from tickets.queries import (
    OUTBOX,
    VIEWS,
    get_message_for,
    get_ticket_for,
    is_known_client,
    last_from_client,
    last_to_see,
    messages_of,
    older_unprocessed,
    outbox_of,
    queue_counts,
    queue_of,
    sender_of,
    tickets_of_client,
    waiting_draft,
    with_row_facts,
)
from tickets.sizes import room_for_files
from tickets.topics import topic_card, topics_to_filter
from tickets.transitions import Act, is_possible

PER_PAGE = 50


def require_post_or_go(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Let POST through; lead whoever comes by GET, after signing in anew say, to the ticket."""

    @wraps(view)
    def inner(request: Request, number: str, **kwargs: Any) -> HttpResponse:
        if request.method in ("GET", "HEAD"):
            return redirect("ticket", number)
        return require_POST(view)(request, number, **kwargs)

    return inner


class CountedPaginator(Paginator):  # type: ignore[type-arg]
    """A paginator that was told how many there are, where that is known already."""

    def __init__(self, *args: Any, known: int | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if known is not None:
            self.__dict__["count"] = known


@login_required
@require_GET
def queue(request: Request) -> HttpResponse:
    """The queue in order of receipt, 50 a page.  (S-21)"""
    now = timezone.now()
    view = request.GET.get("view", "all")
    view = view if view in VIEWS else "all"
    counts = request.queue_counts = queue_counts(request.user, at=now)
    asked = request.GET.get("topic", "")
    topic = int(asked) if asked.isdecimal() else None
    tickets = with_row_facts(queue_of(request.user, view, topic=topic, at=now))
    known = None if topic else counts.get(view)
    page = CountedPaginator(tickets, PER_PAGE, known=known).get_page(request.GET.get("page"))
    facts = {"view": view, "counts": counts, "page": page, "rows": pages.rows(page, at=now), "now": now}
    facts |= {"topic": topic}
    if request.htmx:
        return render(request, "tickets/queue.html#list", facts)
    return render(request, "tickets/queue.html", {**facts, **_done(request), "topics": topics_to_filter(request.user)})


def _done(request: Request) -> dict[str, str]:
    """Return, once, which ticket's reply and note were taken in, so that the browser forgets its copy of the words."""
    return {name: request.session.pop(name, "") for name in ("sent", "noted", "forwarded")}


@login_required
@require_GET
def outbox(request: Request) -> HttpResponse:
    """Replies that ask what becomes of them, and those on their way."""
    view = request.GET.get("view", "")
    counts = {name: outbox_of(request.user, name).order_by().count() for name in OUTBOX}
    if view not in OUTBOX:
        view = "asks" if counts["asks"] or not counts["coming"] else "coming"
    page = CountedPaginator(outbox_of(request.user, view), PER_PAGE, known=counts[view]).get_page(
        request.GET.get("page")
    )
    rows = deliveries.sendings(page, request.user, at=timezone.now())
    return render(request, "tickets/outbox.html", {"view": view, "counts": counts, "page": page, "rows": rows})


@login_required
@require_GET
def ticket(request: Request, number: str) -> HttpResponse:
    """The ticket; for htmx only its next step, so that the time left does not grow old under who reads."""
    found = get_ticket_for(request.user, number)
    asked = request.GET.get("no-answer", "")
    no_answer_for = int(asked) if asked.isdecimal() else None
    return _page(request, found, part="#step" if request.htmx else "", no_answer_for=no_answer_for)


@login_required
@require_GET
def preview(request: Request, number: str) -> HttpResponse:
    """The pane beside the queue."""
    found = get_ticket_for(request.user, number)
    facts = pages.facts_of(found, list(messages_of(found)), request.user, at=timezone.now())
    return render(request, "tickets/_preview.html", facts)


def _page(request: Request, found: Ticket, *, part: str = "", status: int = 200, **forms: Any) -> HttpResponse:
    """Render the ticket's page; a bound form among `forms` keeps what was typed and says what is wrong with it."""
    user, now = request.user, timezone.now()
    can_work = is_allowed(user, Right.WORK, found.desk_id)
    letters, waits = list(messages_of(found)), waiting_draft(found) if can_work else None
    facts = {
        **pages.facts_of(found, letters, user, at=now),
        **_composer(request, found, letters, forms.get("reply_form"), waits, at=now),
        "topic": topic_card(found, user),
        "promise_form": PromiseForm(auto_id="promise_%s", initial=pages.promise_default(found, at=now)),
        "withdrawal_form": WithdrawalForm(auto_id="withdrawal_%s"),
        "can_approve": is_allowed(user, Right.APPROVE_REPLY, found.desk_id),
        "can_withdraw": is_allowed(user, Right.WITHDRAW, found.desk_id),
        "note_form": NoteForm(auto_id="note_%s"),
        "no_answer_form": NoAnswerForm(auto_id="no_answer_%s"),
        **forms,
        "can_work": can_work,
        "is_mine": found.owner is not None and found.owner.user_id == user.pk,
        "can_note": is_allowed(user, Right.NOTE, found.desk_id) and is_possible(found.state, Act.NOTE),
        "can": {act.value: can_work and is_possible(found.state, act) for act in Act},
        "waits": waits,
        "last_seen": last_to_see(found),
        "junk_sender": sender_of(found),
        "is_known": is_known_client(found.client),
        **({} if part else _done(request)),
    }
    return render(request, f"tickets/detail.html{part}", facts, status=status)


def _composer(
    request: Request,
    found: Ticket,
    letters: list[Message],
    form: ReplyForm | None,
    waits: Draft | None,
    *,
    at: datetime,
) -> dict[str, Any]:
    """Return what the composer shows, with the form that was refused or a fresh one."""
    answered, again = last_from_client(found), _taken_back(request, letters)
    missing = gaps(request.user.employee)
    asked = last_approval(found) if needs_approval(found) else None
    form = form or _reply_form(found, answered, again or (asked if asked and not asked.draft else waits), at=at)
    decided_at = (asked.decided_at or asked.asked_at) if asked else None
    return {
        "approval_needed": needs_approval(found),
        "approval": asked,
        "approval_when": moment(decided_at, at, found.desk.tz) if decided_at else "",
        "reply_form": form,
        "answered": answered,
        "composer": composer_of(form, answered, letters, found.desk.address),
        "kept": _kept(again, waits),
        "most_files": room_for_files(settings.MAX_MAIL),
        "missing": missing,
        "signature": "" if missing else signature(request.user.employee, found.desk),
        "older": older_unprocessed(found).first() if found.state == Ticket.State.UNPROCESSED else None,
        "order_reasons": working.OutOfOrder.choices,
    }


def _kept(again: Message | None, waits: Draft | None) -> list[Kept]:
    """Return the files that come with the words: of the reply that was taken back, or of the draft that waits."""
    if again is not None:
        return [kept_of(one) for one in again.attachments.all()]
    return [kept_of(one) for one in waits.files.all()] if waits else []


def _reply_form(
    found: Ticket, answered: Message | None, words: Message | Draft | Approval | None, *, at: datetime
) -> ReplyForm:
    """Return a fresh form; with the words of a draft that waits, or all of a reply that was taken back."""
    initial: dict[str, Any] = {"resume_on": pages.resume_default(found, at=at)}
    if answered is not None:
        initial["to"] = answer_to(answered, found.desk.address)
    if isinstance(words, Message):
        initial |= {"text": words.reply, "to": words.to, "cc": words.cc, "is_substantive": words.is_substantive}
    elif words is not None:
        initial["text"] = words.text
    return ReplyForm(auto_id="reply_%s", initial=initial)


def _taken_back(request: Request, letters: list[Message]) -> Message | None:
    """Return the reply that was taken back and whose words the page is asked to show again (?again=…)."""
    asked = request.GET.get("again", "")
    return next((one for one in letters if str(one.pk) == asked and is_recalled(one)), None)


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
            return _page(request, found, status=422, reply_form=form, fresh=refused, kept=form.keep_files())
        except DomainError as refused:
            form.add_error(None, str(refused))
        else:
            said = _("The question on %(number)s is being sent; the ticket waits for the client.")
            said = said if form.cleaned_data["ask"] else _("The reply to %(number)s is being sent.")
            messages.success(request, said % {"number": found.short_number})
            request.session["sent"] = found.number
            undo.offer(request.session, message)
            return redirect("queue") if message.is_substantive else redirect("ticket", found.number)
    return _page(request, found, status=422, reply_form=form, kept=form.keep_files())


def _send(found: Ticket, form: ReplyForm, *, by: User) -> Message:
    """Send the answer, or the question after which the ticket waits."""
    cleaned, now = form.cleaned_data, timezone.now()
    reason = cleaned["order_reason"]
    if cleaned["draft"] and cleaned["is_substantive"] and not cleaned["ask"]:
        return send_draft(get_object_or_404(found.drafts, pk=cleaned["draft"]), form.reply, by=by, at=now)
    if cleaned["ask"]:
        return ask_client(found, form.reply, cleaned["resume_on"], order_reason=reason, by=by, at=now)
    return reply_to_client(found, form.reply, order_reason=reason, by=by, at=now)


@login_required
@require_post_or_go
def promises(request: Request, number: str) -> HttpResponse:
    """Record a time that the client was told, or a later one in its place.  (E-II.4, E-III.3)"""
    found = get_ticket_for(request.user, number, to=Right.WORK)
    form = PromiseForm(request.POST, auto_id="promise_%s")
    if form.is_valid():
        try:
            promise_answer(found, **form.promise(found.desk.tz), by=request.user, at=timezone.now())
        except PromiseInThePast as refused:
            form.add_error("due_on", str(refused))
        except TellingMissing as refused:
            form.add_error("told_on", str(refused))
        else:
            messages.success(request, _("The promised time was recorded; it is a deadline now."))
            return redirect("ticket", number)
    return _page(request, found, status=422, promise_form=form)


@login_required
@require_post_or_go
def withdrawal(request: Request, number: str, deadline_pk: int) -> HttpResponse:
    """Withdraw a breach that was none, with the reason."""
    found = get_ticket_for(request.user, number, to=Right.WITHDRAW)
    deadline = get_object_or_404(deadlines_of(found), pk=deadline_pk)
    form = WithdrawalForm(request.POST, auto_id="withdrawal_%s")
    if not form.is_valid():
        return _page(request, found, status=422, withdrawal_form=form, withdrawal_for=deadline.pk)
    withdraw_breach(deadline, form.cleaned_data["reason"], by=request.user, at=timezone.now())
    messages.success(request, _("The breach was withdrawn; it stays to be seen with its reason."))
    return redirect("ticket", number)


@login_required
@require_post_or_go
def ownership(request: Request, number: str) -> HttpResponse:
    """Take the ticket in hand.  (E-II.5a, S-21)"""
    found = get_ticket_for(request.user, number, to=Right.WORK)
    form = TakeForm(request.POST)
    reason = form.cleaned_data["order_reason"] if form.is_valid() else ""
    working.take_ticket(found, order_reason=reason, by=request.user, at=timezone.now())
    return redirect("ticket", number)


@login_required
@require_post_or_go
def notes(request: Request, number: str) -> HttpResponse:
    found = get_ticket_for(request.user, number, to=Right.NOTE)
    form = NoteForm(request.POST, auto_id="note_%s")
    if not form.is_valid():
        return _page(request, found, status=422, note_form=form)
    noted = write_note(found, form.cleaned_data["text"], by=request.user, at=timezone.now())
    messages.success(request, _("The note was saved; the client does not see it."))
    for words in noted_words(noted):
        messages.info(request, words)
    request.session["noted"] = found.number
    return redirect("ticket", number)


@login_required
@require_post_or_go
def no_answer(request: Request, number: str, message_pk: int) -> HttpResponse:
    """Note that a message needs no answer, and why.  (E-II.3)"""
    message = get_message_for(request.user, number, message_pk, to=Right.WORK)
    form = NoAnswerForm(request.POST, auto_id="no_answer_%s")
    if not form.is_valid():
        return _page(request, message.ticket, status=422, no_answer_form=form, no_answer_for=message.pk)
    working.answer_not_needed(message, form.cleaned_data["reason"], by=request.user, at=timezone.now())
    messages.success(request, _("Noted: this message needs no answer."))
    return redirect("ticket", number)


@login_required
@require_post_or_go
def completion(request: Request, number: str) -> HttpResponse:
    found = get_ticket_for(request.user, number, to=Right.WORK)
    working.complete_ticket(found, by=request.user, at=timezone.now())
    messages.success(request, _("Ticket %(number)s is complete.") % {"number": found.short_number})
    return redirect("queue")


@login_required
@require_post_or_go
def junk(request: Request, number: str) -> HttpResponse:
    found = get_ticket_for(request.user, number, to=Right.WORK)
    form = JunkForm(request.POST)
    form.is_valid()  # two boxes, ticked or not
    chosen = Junking(is_later_too=form.cleaned_data["later"], is_sure=form.cleaned_data["sure"])
    put_among_junk(found, chosen, by=request.user, at=timezone.now())
    messages.success(
        request, _("Ticket %(number)s is among the junk; it can be brought back.") % {"number": found.short_number}
    )
    return redirect("queue")


@login_required
@require_post_or_go
def unjunking(request: Request, number: str) -> HttpResponse:
    found = get_ticket_for(request.user, number, to=Right.WORK)
    bring_back(found, by=request.user, at=timezone.now())
    messages.success(
        request, _("Ticket %(number)s is no junk; its sender was forgotten.") % {"number": found.short_number}
    )
    return redirect("ticket", number)


@login_required
@require_post_or_go
def delivery_confirmation(request: Request, number: str, message_pk: int) -> HttpResponse:
    """A person says that a reply did leave whose outcome was unknown."""
    message = get_message_for(request.user, number, message_pk, to=Right.WORK)
    delivering.confirm_sent(message, by=request.user, at=timezone.now())
    return redirect(back_from(request, number, message_pk))


@login_required
@require_post_or_go
def recall(request: Request, number: str, message_pk: int) -> HttpResponse:
    """Take back a reply that has not left yet; its words return into the composer."""
    message = get_message_for(request.user, number, message_pk, to=Right.WORK)
    undo.withdraw(request.session)
    recall_reply(message, by=request.user, at=timezone.now())
    messages.success(request, _("The reply was taken back before it left; its words stand below."))
    if message.is_interim:
        return redirect(f"{reverse('forwarding', args=[number])}?again={message.pk}")
    return redirect(f"{reverse('ticket', args=[number])}?again={message.pk}#reply")


@login_required
@require_post_or_go
def delivery_seen(request: Request, number: str, message_pk: int) -> HttpResponse:
    """A person knows that a reply failed and does no more about it."""
    message = get_message_for(request.user, number, message_pk, to=Right.WORK)
    delivering.note_seen(message, by=request.user, at=timezone.now())
    return redirect(back_from(request, number, message_pk))


@login_required
@require_post_or_go
def delivery_retry(request: Request, number: str, message_pk: int) -> HttpResponse:
    """A person has a reply sent again."""
    message = get_message_for(request.user, number, message_pk, to=Right.WORK)
    delivering.send_again(message, by=request.user, at=timezone.now())
    return redirect(back_from(request, number, message_pk))


def back_from(request: Request, number: str, message_pk: int) -> str:
    """Return where a decision on a reply leads: to the outbox if it was taken there, else to the reply."""
    is_outbox = request.POST.get("from") == "outbox"
    return reverse("outbox") if is_outbox else f"{reverse('ticket', args=[number])}#message-{message_pk}"


@login_required
@require_GET
def of_client(request: Request, pk: int) -> HttpResponse:
    """A client's tickets, as a part of the client's page or, without scripts, as a page."""
    found = tickets_of_client(request.user, pk)
    rows = [(one, pages.status_of(one)) for one in found[:PER_PAGE]]
    facts = {"rows": rows, "count": found.count(), "most": PER_PAGE, "client_pk": pk}
    return render(request, f"tickets/of_client.html{'#tickets' if request.htmx else ''}", facts)

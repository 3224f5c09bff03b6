"""The queue and the ticket: HTTP in, HTML out."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from directory.queries import desks_where
from directory.requests import Request
from directory.rights import Right
from sla.queries import deadlines_of
from sla.settings import withdraw_breach
from tickets import deliveries, pages, undo
from tickets.actions import delivering, working
from tickets.actions.junking import Junking, bring_back, put_among_junk
from tickets.actions.noting import write_note
from tickets.actions.promising import PromiseInThePast, TellingMissing, promise_answer
from tickets.actions.recalling import recall_reply
from tickets.forms import JunkForm, NoAnswerForm, NoteForm, PromiseForm, TakeForm, WithdrawalForm
from tickets.guards import require_post_or_go
from tickets.note_words import noted_words
from tickets.queries import (
    OUTBOX,
    VIEWS,
    get_message_for,
    get_ticket_for,
    messages_of,
    outbox_of,
    queue_counts,
    queue_of,
    tickets_of_client,
    with_row_facts,
)
from tickets.ticket_page import done_once, ticket_page
from tickets.topics import topics_to_filter

PER_PAGE = 50


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
    facts["desks_to_work"] = desks_where(request.user, Right.WORK)
    facts["can_tick"] = view not in ("complete", "junk") and bool(facts["desks_to_work"])
    if request.htmx:
        return render(request, "tickets/queue.html#list", facts)
    return render(
        request, "tickets/queue.html", {**facts, **done_once(request), "topics": topics_to_filter(request.user)}
    )


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
    return ticket_page(request, found, part="#step" if request.htmx else "", no_answer_for=no_answer_for)


@login_required
@require_GET
def preview(request: Request, number: str) -> HttpResponse:
    """The pane beside the queue."""
    found = get_ticket_for(request.user, number)
    facts = pages.facts_of(found, list(messages_of(found)), request.user, at=timezone.now())
    return render(request, "tickets/_preview.html", facts)


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
    return ticket_page(request, found, status=422, promise_form=form)


@login_required
@require_post_or_go
def withdrawal(request: Request, number: str, deadline_pk: int) -> HttpResponse:
    """Withdraw a breach that was none, with the reason."""
    found = get_ticket_for(request.user, number, to=Right.WITHDRAW)
    deadline = get_object_or_404(deadlines_of(found), pk=deadline_pk)
    form = WithdrawalForm(request.POST, auto_id="withdrawal_%s")
    if not form.is_valid():
        return ticket_page(request, found, status=422, withdrawal_form=form, withdrawal_for=deadline.pk)
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
        return ticket_page(request, found, status=422, note_form=form)
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
        return ticket_page(request, message.ticket, status=422, no_answer_form=form, no_answer_for=message.pk)
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

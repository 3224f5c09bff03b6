"""The tickets that were ticked in the queue: one act on all of them, and what was refused and why."""

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from directory.queries import desks_where
from directory.requests import Request
from directory.rights import Right
from tickets.actions.bulk import BulkAct, Choice, Outcome, act_on_tickets
from tickets.actions.working import OutOfOrder
from tickets.bulk_forms import BulkForm
from tickets.models import Ticket
from tickets.note_words import noted_words
from tickets.queries import tickets_visible_to, with_last_letter

KEY = "bulk"
# Acts for which something is chosen on a page of its own, and its field.
STEPS = {BulkAct.HAND_OVER.value: "taker", BulkAct.TOPIC.value: "topic"}


@login_required
def bulk(request: Request) -> HttpResponse:
    """Do it to every ticket that was ticked; who comes by GET is led to the queue."""
    if request.method != "POST":
        return redirect("queue")
    desks = desks_where(request.user, Right.WORK)
    if not desks:
        raise PermissionDenied
    form = BulkForm(request.POST, user=request.user)
    if not form.is_valid():
        facts = _form_facts(request, form)
        return render(request, "tickets/bulk.html", facts, status=200 if facts["is_step"] else 422)
    found = tickets_visible_to(request.user).filter(desk__in=desks, number__in=list(form.cleaned_data["tickets"]))
    outcome = act_on_tickets(
        found.select_related("desk", "client", "owner"), form.choice, by=request.user, at=timezone.now()
    )
    if outcome.done:
        messages.success(request, _done_words(form.choice.act, len(outcome.done)))
    for words in dict.fromkeys(words for noted in outcome.noted for words in noted_words(noted)):
        messages.info(request, words)
    if not outcome.refused:
        return redirect("queue")
    request.session[KEY] = _kept(outcome, form.choice)
    return redirect("bulk-outcome")


@login_required
@require_GET
def outcome(request: Request) -> HttpResponse:
    """What was refused and why, with the way to try again."""
    kept = request.session.get(KEY)
    if kept is None:
        return redirect("queue")
    numbers = [number for number, _code, _words in kept["refused"]]
    tickets = {one.number: one for one in _tickets(request, numbers)}
    codes = {code for _number, code, _words in kept["refused"]}
    facts = {
        "title": BulkAct(kept["act"]).label,
        "kept": kept,
        "rows": [(tickets[number], words) for number, _code, words in kept["refused"] if number in tickets],
        "asks_order": "older_waiting" in codes,
        "asks_sure": "client_known" in codes,
        "order_reasons": OutOfOrder.choices,
    }
    return render(request, "tickets/bulk_outcome.html", facts)


def _tickets(request: Request, numbers: Iterable[str]) -> list[Ticket]:
    found = with_last_letter(tickets_visible_to(request.user).filter(number__in=list(numbers)))
    return list(found.select_related("client", "owner").order_by("queued_at", "pk"))


def _form_facts(request: Request, form: BulkForm) -> dict[str, Any]:
    """Return what the page shows on which a form is finished that lacked something; nothing that was typed is lost.

    To whom tickets are handed over, and of what topic they are, is asked there, as a step of its own.
    """
    act, ticks = form.cleaned_data.get("act", ""), form.cleaned_data.get("tickets", {})
    # What was read when they were ticked stays so: nothing of what came since was shown.
    rows = [(one, ticks[one.number]) for one in _tickets(request, ticks)]
    return {
        "is_step": bool(rows) and act in STEPS and STEPS[act] not in request.POST,
        "form": form,
        "act": act,
        "title": BulkAct(act).label if act else "",
        "rows": rows,
    }


def _kept(outcome: Outcome, choice: Choice) -> dict[str, Any]:
    """Return what the next page needs to know, in values of JSON."""
    return {
        "act": choice.act,
        "words": choice.words,
        "taker": choice.taker.pk if choice.taker else "",
        "topic": choice.topic.pk if choice.topic else "",
        "done": len(outcome.done),
        "refused": [[one.number, refused.code, str(refused)] for one, refused in outcome.refused],
    }


def _done_words(act: str, number: int) -> str:
    match act:
        case BulkAct.TAKE:
            words = ngettext("%(number)d ticket was taken in hand.", "%(number)d tickets were taken in hand.", number)
        case BulkAct.HAND_OVER:
            words = ngettext("%(number)d ticket was handed over.", "%(number)d tickets were handed over.", number)
        case BulkAct.NOT_NEEDED:
            words = ngettext(
                "%(number)d ticket needs no answer: noted.", "%(number)d tickets need no answer: noted.", number
            )
        case BulkAct.TOPIC:
            words = ngettext("%(number)d ticket has the topic.", "%(number)d tickets have the topic.", number)
        case BulkAct.NOTE:
            words = ngettext(
                "The note was written on %(number)d ticket.", "The note was written on %(number)d tickets.", number
            )
        case _:
            words = ngettext("%(number)d ticket is among the junk.", "%(number)d tickets are among the junk.", number)
    return words % {"number": number}

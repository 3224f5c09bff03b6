"""Forwarding a ticket to a colleague, with the notice to the client: HTTP in, HTML out."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from directory.models import Employee, Topic
from directory.queries import Asked, asked_about, experts_of
from directory.requests import Request
from directory.rights import Right
from directory.signature import gaps, signature
from helpdesk.errors import DomainError
from knowledge.queries import topics_of
from sla.words import moment
from tickets import draft_pages, undo, wording
from tickets.actions.forwarding import forward_ticket
from tickets.actions.replying import NewAddress
from tickets.actions.sorting import choose_topic
from tickets.actions.working import OutOfOrder
from tickets.composing import composer_of
from tickets.draft_pages import asked_words, expected
from tickets.forms import ForwardForm
from tickets.interim import interim_notice
from tickets.looking_over import look_over
from tickets.models import Ticket
from tickets.people import answer_to
from tickets.queries import (
    client_knows,
    first_unanswered,
    get_ticket_for,
    last_from_client,
    last_to_see,
    messages_of,
    older_unprocessed,
)
from tickets.topics import topic_card
from tickets.transitions import Act, next_state


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def forwarding(request: Request, number: str) -> HttpResponse:
    """Forward the ticket with the notice to the client; `rewrite` fills the form in anew.  (E-II.4a, E-II.4b)"""
    found, now = get_ticket_for(request.user, number, to=Right.WORK), timezone.now()
    next_state(found.state, Act.FORWARD)
    if request.method != "POST":
        return _page(request, found, ForwardForm(initial=_proposed(found, request, at=now), desk=found.desk))
    if request.POST.get("rewrite") == "topic":
        return _page(request, found, ForwardForm(_by_the_order(request, found, at=now), desk=found.desk))
    form = ForwardForm(request.POST, desk=found.desk)
    if not form.is_valid():
        return _page(request, found, form, status=422)
    if "insert" in request.POST:
        return _page(request, found, ForwardForm(_with_words(request, found, form), desk=found.desk))
    if "rewrite" in request.POST:
        written = request.POST.copy()
        written["text"] = _notice(found, form.cleaned_data["expert"], form.promised_for)
        return _page(request, found, ForwardForm(written, desk=found.desk))
    try:
        _forward(found, form, request, at=now)
    except NewAddress as refused:
        return _page(request, found, form, status=422, fresh=refused)
    except DomainError as refused:
        form.add_error(None, str(refused))
        return _page(request, found, form, status=422)
    return _forwarded(request, found)


def _forward(found: Ticket, form: ForwardForm, request: Request, *, at: datetime) -> None:
    """Say what the ticket is about, then forward it: the topic stays said if the forwarding is refused."""
    cleaned = form.cleaned_data
    if cleaned["topic"] is not None:
        choose_topic(found, cleaned["topic"], by=request.user, at=at)
    notice = None if client_knows(found, form.promised_for) else form.notice
    facts = {"order_reason": cleaned["order_reason"], "by": request.user, "at": at}
    forward_ticket(found, cleaned["expert"], notice, **facts)


def _with_words(request: Request, found: Ticket, form: ForwardForm) -> Any:
    """Return what was posted with the chosen words at the end of the notice, for whom no script puts them in."""
    cleaned, written = form.cleaned_data, request.POST.copy()
    given = {"promise.due_on": wording.by_day(cleaned["due_on"]), **wording.expert_values(cleaned["expert"])}
    facts: dict[str, Any] = {"sender": request.user.employee, "given": given, "at": timezone.now()}
    chosen = wording.wording(found, request.POST.get("item", ""), uses=wording.NOTICE, **facts)
    written["text"] = "\n\n".join(one for one in (cleaned["text"], chosen.text if chosen else "") if one)
    return written


def _forwarded(request: Request, found: Ticket) -> HttpResponse:
    messages.success(request, _("Ticket %(number)s was forwarded.") % {"number": found.short_number})
    notice = messages_of(found).filter(is_interim=True, delivery__state="queued").last()
    if notice is not None:
        undo.offer(request.session, notice)
    return redirect("ticket", found.number)


def _notice(found: Ticket, expert: Employee | None, promised_for: datetime) -> str:
    about = first_unanswered(found) or last_from_client(found)
    received_at = about.at if about else found.received_at
    return interim_notice(received_at, draft_pages.unit_words(found.desk, expert), promised_for, found.desk.tz)


def _asked(found: Ticket, topic: Topic | None, *, at: datetime) -> Asked | None:
    return asked_about(topic, at.astimezone(found.desk.tz).date()) if topic else None


def _proposed(found: Ticket, request: Request, *, at: datetime) -> dict[str, Any]:
    """Return what the form begins with: the topic, said or suggested, the colleague by the order, the notice.

    The words and the recipients of a notice that was taken back come again (?again=…).
    """
    due = expected(found, at=at).promised_for
    local, card = due.astimezone(found.desk.tz), topic_card(found, request.user)
    topic = card.chosen or next((one.topic for one in card.suggested), None)
    expert = _who(found, _asked(found, topic, at=at))
    initial: dict[str, Any] = {"due_on": local.date(), "due_time": local.time(), "topic": topic, "expert": expert}
    again, about = request.GET.get("again", ""), last_from_client(found)
    words = messages_of(found).filter(pk=again, is_interim=True).first() if again.isdecimal() else None
    if words is not None:
        return {**initial, "text": words.reply, "to": words.to, "cc": words.cc}
    to = answer_to(about, found.desk.address) if about else []
    return {**initial, "text": _notice(found, expert, due), "to": to}


def _who(found: Ticket, asked: Asked | None) -> Employee | None:
    """Return whom the form proposes: who is asked by the order, or the only colleague there is."""
    if asked is not None and asked.employee is not None:
        return experts_of(found.desk).filter(pk=asked.employee.pk).first()
    alone = list(experts_of(found.desk)[:2])
    return alone[0] if len(alone) == 1 else None


def _by_the_order(request: Request, found: Ticket, *, at: datetime) -> Any:
    """Return the form as it was typed, with the colleague who is asked about its topic, and the notice for them."""
    written, form = request.POST.copy(), ForwardForm(request.POST, desk=found.desk)
    form.is_valid()  # only what could be read of it is taken
    cleaned = form.cleaned_data
    expert = _who(found, _asked(found, cleaned.get("topic"), at=at))
    written["expert"] = str(expert.pk) if expert else ""
    if "due_on" in cleaned and "due_time" in cleaned:
        written["text"] = _notice(found, expert, form.promised_for)
    return written


def _page(request: Request, found: Ticket, form: ForwardForm, *, status: int = 200, **more: Any) -> HttpResponse:
    now, tz = timezone.now(), found.desk.tz
    sender = request.user.employee
    about, missing, due = last_from_client(found), gaps(sender), expected(found, at=now)
    text, is_confirmed = str(form["text"].value() or ""), bool(form["codes_confirmed"].value())
    topic = next((one for one in topics_of(found.desk) if str(one.pk) == _key(form["topic"].value())), None)
    asked, people = _asked(found, topic, at=now), list(experts_of(found.desk))
    by_order = [one for one in asked.competent.people if one in people] if asked else []
    card = topic_card(found, request.user)
    facts = {
        "ticket": found,
        "form": form,
        "composer": composer_of(form, about, list(messages_of(found)), found.desk.address),
        "about": about,
        "received": moment(about.at, now, tz) if about else "",
        "topic": topic,
        "expert_pk": _key(form["expert"].value()),
        "suggested": next((one for one in card.suggested if one.topic == topic), None),
        "why": asked_words(topic, asked) if topic and asked else [],
        "by_order": by_order,
        "other_people": [one for one in people if one not in by_order],
        "draft_due": moment(due.draft_due, now, tz),
        "told_for": moment(due.told_for, now, tz) if due.told_for and client_knows(found, due.told_for) else "",
        "last_seen": last_to_see(found),
        "ready_words": wording.choices(found, wording.NOTICE),
        "look": look_over(found, text, files=[], sender=sender, is_notice=True, is_confirmed=is_confirmed),
        "missing": missing,
        "signature": "" if missing else signature(sender, found.desk),
        "older": older_unprocessed(found).first() if found.state == Ticket.State.UNPROCESSED else None,
        "order_reasons": OutOfOrder.choices,
        **more,
    }
    return render(request, "tickets/forward.html", facts, status=status)


def _key(value: Any) -> str:
    """Return the id of what a field holds: of an object at first, of what was posted later."""
    return str(getattr(value, "pk", value) or "")

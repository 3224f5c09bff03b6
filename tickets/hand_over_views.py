"""All open tickets of somebody who is away, handed over in one step; what was handed over lately, to be undone."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from directory.models import Desk, Employee
from directory.queries import administrators_of, away_between, get_desk_for, stand_ins
from directory.requests import Request
from directory.rights import Right
from helpdesk.errors import DomainError
from sla.words import moment
from tickets.actions.handing_over import hand_over_all, undo_hand_over
from tickets.models import HandOver
from tickets.pages import status_of
from tickets.queries import open_counts, open_of

MOST = 50
LATELY = 10


@login_required
@require_http_methods(["GET", "POST"])
def hand_over(request: Request) -> HttpResponse:
    """Whose tickets, how many, to whom; then in one step."""
    desk = get_desk_for(request.user, request.GET.get("desk", ""), to=Right.HAND_OVER)
    refused = ""
    if request.method == "POST":
        giver = get_object_or_404(Employee, pk=_number(request.POST.get("giver", "")))
        taker = administrators_of(desk).filter(pk=_number(request.POST.get("taker", ""))).first()
        if taker is None:
            refused = _("Choose a colleague.")
        else:
            try:
                return _hand_over(request, desk, giver, taker)
            except DomainError as error:
                refused = str(error)
    facts = {**_facts(request, desk), "refused": refused}
    return render(request, "tickets/hand_over.html", facts, status=422 if refused else 200)


def _hand_over(request: Request, desk: Desk, giver: Employee, taker: Employee) -> HttpResponse:
    number = len(hand_over_all(desk, giver, taker, by=request.user, at=timezone.now()).done)
    said = ngettext("%(number)d ticket was handed over.", "%(number)d tickets were handed over.", number)
    messages.success(request, said % {"number": number})
    return redirect(f"{reverse('hand-over')}?desk={desk.code}")


@login_required
@require_POST
def undoing(request: Request, pk: int) -> HttpResponse:
    """Give back what is still open and still the taker's."""
    found = get_object_or_404(HandOver.objects.select_related("desk"), pk=pk)
    desk = get_desk_for(request.user, found.desk.code, to=Right.HAND_OVER)
    number = len(undo_hand_over(found, by=request.user, at=timezone.now()))
    said = ngettext("%(number)d ticket was handed back.", "%(number)d tickets were handed back.", number)
    messages.success(request, said % {"number": number})
    return redirect(f"{reverse('hand-over')}?desk={desk.code}")


def _facts(request: Request, desk: Desk) -> dict[str, Any]:
    now = timezone.now()
    on, counts = now.astimezone(desk.tz).date(), open_counts(desk)
    people = list(Employee.objects.filter(pk__in=counts).select_related("user").order_by("last_name", "first_name"))
    away = {one.employee: one.last_on for one in away_between(on, on)}
    asked = _number(request.POST.get("giver", "") or request.GET.get("from", ""))
    giver = next((one for one in people if one.pk == asked), None)
    takers = [one for one in administrators_of(desk) if giver is None or one.pk != giver.pk]
    lately = HandOver.objects.filter(desk=desk).select_related("giver", "taker", "by").order_by("-at")[:LATELY]
    return {
        "desk": desk,
        "people": [(one, counts[one.pk], away.get(one.pk)) for one in people],
        "giver": giver,
        "rows": [(one, status_of(one)) for one in open_of(desk, giver)[:MOST]] if giver else [],
        "number": counts[giver.pk] if giver else 0,
        "takers": [(one, one.pk in away) for one in takers],
        "proposed": _proposed(giver, takers, on) if giver else None,
        "lately": [(one, moment(one.at, now, desk.tz)) for one in lately],
    }


def _proposed(giver: Employee, takers: list[Employee], on: date) -> int | None:
    """Return who stands in for them, if that is one of the desk's administrators; else the first who is present."""
    ids = [one.pk for one in takers]
    acting = [pk for pk in stand_ins([giver.pk], on) if pk in ids]
    away = {one.employee for one in away_between(on, on)}
    return next(iter([*acting, *(pk for pk in ids if pk not in away)]), None)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0

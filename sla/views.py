"""Working time and terms: HTTP in, HTML out."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from directory.models import Desk
from directory.queries import desks_visible_to, get_desk_for, is_allowed
from directory.requests import Request
from directory.rights import Right
from helpdesk.errors import DomainError
from sla import pages, policy_pages, settings
from sla.forms import ChangeForm, DayForm, HoursForm, PolicyForm, YearForm
from sla.models import CalendarDay, OpeningHours, Recalculation
from sla.queries import get_policy_for, intervals

YEARS = range(2000, 2100)


def _desk(request: Request, to: Right = Right.READ) -> Desk:
    return get_desk_for(request.user, request.GET.get("desk", ""), to=to)


def _posted(request: Request) -> Any:
    return request.POST if request.method == "POST" else None


def _shell(request: Request, desk: Desk) -> dict[str, Any]:
    """Return what every page of a desk's settings shows: whether one may change them, and the other desks."""
    desks = list(desks_visible_to(request.user))
    return {
        "desk": desk,
        "desks": desks if len(desks) > 1 else [],
        "query": f"?desk={desk.code}" if len(desks) > 1 else "",
        "can_change": is_allowed(request.user, Right.SETTINGS, desk.pk),
    }


@login_required
@require_GET
def calendar(request: Request, year: int) -> HttpResponse:
    """A year of the desk's working time at a glance.  (E-I.2)"""
    if year not in YEARS:
        raise Http404
    desk = _desk(request)
    facts = pages.year_facts(desk, year, at=timezone.now())
    return render(request, "sla/calendar.html", {**facts, **_shell(request, desk)})


@login_required
@require_http_methods(["GET", "POST"])
def day(request: Request, year: int, on: date) -> HttpResponse:
    """A special day: entered, changed, taken away."""
    desk = _desk(request, Right.SETTINGS)
    if on.year != year or year not in YEARS:
        raise Http404
    found = CalendarDay.objects.filter(calendar=desk.calendar, on=on).first()
    initial: dict[str, Any] = {"kind": "closure"}
    if found is not None:
        initial = {name: getattr(found, name) for name in ("kind", "counts", "name", "other_on", "source")}
        initial["hours"] = tuple(intervals(found))
    form = DayForm(_posted(request), initial=initial, desk=desk, on=on)
    return _changing(request, form, "sla/day.html", {"on": on, "year": year, "is_special": found is not None})


@login_required
@require_http_methods(["GET", "POST"])
def hours(request: Request) -> HttpResponse:
    """The hours of a plain week."""
    desk = _desk(request, Right.SETTINGS)
    week: dict[str, tuple[Any, ...]] = {}
    for one in OpeningHours.objects.filter(calendar=desk.calendar).order_by("weekday", "opens"):
        name = f"weekday_{one.weekday}"
        week[name] = (*week.get(name, ()), (one.opens, one.closes))
    form = HoursForm(_posted(request), initial=week, desk=desk)
    return _changing(request, form, "sla/hours.html", {"year": _this_year(desk)})


@login_required
@require_POST
def completeness(request: Request, year: int) -> HttpResponse:
    """Whether the moved working days of a year are all known."""
    form = YearForm(request.POST, desk=_desk(request, Right.SETTINGS), year=year)
    return _changing(request, form, "", {"year": year})


def _changing(request: Request, form: ChangeForm, page: str, facts: dict[str, Any]) -> HttpResponse:
    """Show the form, then what the change would move, then make it: one address, posted to twice.

    `edit` leads back to the form with what was typed. If the calendar was changed since the preview, it is shown anew.
    """
    desk, now = form.desk, timezone.now()
    facts = {**facts, **_shell(request, desk), "form": form, "can_edit": bool(page)}
    if request.method == "GET" or ("edit" in request.POST and page):
        return render(request, page, facts)
    if not form.is_valid():
        return render(request, page or "409.html", facts, status=422)
    try:
        change = form.change()
        settings.check(desk, change, at=now)
    except DomainError as refused:
        form.add_error(form.PLACES.get(refused.code), str(refused))
        return render(request, page or "409.html", {**facts, "error": refused}, status=422)
    seen = request.POST.get("seen") or str(desk.calendar.version)
    if "confirm" in request.POST and seen == str(desk.calendar.version):
        row = settings.change_calendar(desk, change, by=request.user, at=now)
        return redirect(reverse("recalculation", args=[row.pk]))
    preview = pages.preview_facts(desk, change, settings.preview(desk, change), at=now)
    facts |= {"preview": preview, "most": pages.MOST, "is_stale": "confirm" in request.POST}
    return render(request, "sla/preview.html", {**facts, "can_read": is_allowed(request.user, Right.READ, desk.pk)})


@login_required
@require_GET
def recalculation(request: Request, pk: int) -> HttpResponse:
    """How far a change has been carried over to the open deadlines."""
    seen = Recalculation.objects.filter(desk__in=desks_visible_to(request.user))
    row = get_object_or_404(seen.select_related("desk__calendar"), pk=pk)
    part = "#progress" if request.htmx else ""
    facts = {**_shell(request, row.desk), **pages.recalculation_facts(row, at=timezone.now())}
    return render(request, f"sla/recalculation.html{part}", facts)


@login_required
@require_GET
def terms(request: Request) -> HttpResponse:
    """What the office has promised, by when, and by what paragraph.  (E-II, E-III)"""
    desk = _desk(request)
    facts = {"rows": policy_pages.term_rows(desk, at=timezone.now()), **_shell(request, desk)}
    return render(request, "sla/terms.html", facts)


@login_required
@require_http_methods(["GET", "POST"])
def policy(request: Request, pk: int) -> HttpResponse:
    """A new version of a term, from a day on."""
    now = timezone.now()
    found = get_policy_for(request.user, pk, at=now)
    desk = found.desk
    form = PolicyForm(_posted(request), policy=found, today=now.astimezone(desk.tz).date())
    if request.method == "POST" and form.is_valid():
        version = settings.change_policy(found, valid_from=form.in_force_at, by=request.user, at=now, **form.changes)
        said = _("Saved: in force from %(day)s.") % {"day": policy_pages.since_words(version)}
        messages.success(request, said if version.pk != found.pk else _("Nothing was changed."))
        return redirect(reverse("terms") + _shell(request, desk)["query"])
    facts = {**_shell(request, desk), "form": form, "term": policy_pages.term_facts(found)}
    return render(request, "sla/policy.html", facts, status=422 if request.method == "POST" else 200)


def _this_year(desk: Desk) -> int:
    return timezone.now().astimezone(desk.tz).year

"""People, competences and absences: HTTP in, HTML out."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from directory import actions, pages
from directory.actions.absences import may_name_stand_in
from directory.actions.competences import facts_of, has_begun
from directory.forms import (
    AbsenceForm,
    EndForm,
    NewPersonForm,
    OrderForm,
    PersonForm,
    PlainForm,
    ProfileForm,
    TopicForm,
    order_initial,
)
from directory.models import Absence, CompetenceOrder, Desk, Employee, Topic
from directory.queries import colleagues_of, desks_visible_to, get_desk_for, is_allowed
from directory.requests import Request
from directory.rights import Right
from directory.signature import gaps
from helpdesk.errors import DomainError


def _posted(request: Request) -> Any:
    return request.POST if request.method == "POST" else None


def _desk(request: Request, to: Right = Right.READ) -> Desk:
    return get_desk_for(request.user, request.GET.get("desk", ""), to=to)


def _shell(request: Request, desk: Desk) -> dict[str, Any]:
    """Return what every page of a desk shows: whether one may change it, and the other desks."""
    desks = list(desks_visible_to(request.user))
    return {
        "desk": desk,
        "desks": desks if len(desks) > 1 else [],
        "query": f"?desk={desk.code}" if len(desks) > 1 else "",
        "can_change": is_allowed(request.user, Right.DIRECTORY, desk.pk),
    }


def _today(desk: Desk, at: datetime) -> date:
    return at.astimezone(desk.tz).date()


def done(form: PlainForm, act: Callable[[], object]) -> bool:
    """Do it if the form is valid; a refusal of the business goes to its field."""
    if not form.is_valid():
        return False
    try:
        act()
    except DomainError as refused:
        form.refuse(refused)
        return False
    return True


def form_page(request: Request, template: str, facts: dict[str, Any]) -> HttpResponse:
    return render(request, template, facts, status=422 if request.method == "POST" else 200)


# --- People ----------------------------------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "POST"])
def profile(request: Request) -> HttpResponse:
    """A person's own profile: what stands under their replies.  (E-I.6)"""
    employee = request.user.employee
    form = ProfileForm(_posted(request), initial=_profile_of(employee))
    if request.method == "POST" and form.is_valid():
        actions.change_profile(employee, **form.cleaned_data, by=request.user, at=timezone.now())
        messages.success(request, _("Your profile was saved."))
        return redirect("profile")
    return form_page(request, "directory/profile.html", {"form": form, "missing": gaps(employee)})


def _profile_of(employee: Employee) -> dict[str, Any]:
    return {field: getattr(employee, field) for field in ProfileForm.base_fields}


@login_required
@require_GET
def people(request: Request) -> HttpResponse:
    """Who works at the desk, as what, how they are reached, and who is away today."""
    desk = _desk(request)
    rows = pages.person_rows(desk, _today(desk, timezone.now()))
    return render(request, "directory/people.html", {"rows": rows, **_shell(request, desk)})


@login_required
@require_http_methods(["GET", "POST"])
def person(request: Request, pk: int) -> HttpResponse:
    """A person of the desk, and what they are there."""
    desk = _desk(request, Right.DIRECTORY)
    employee = get_object_or_404(Employee.objects.filter(roles__desk=desk).distinct(), pk=pk)
    held = list(employee.roles.filter(desk=desk).values_list("name", flat=True))
    form = PersonForm(_posted(request), initial={**_profile_of(employee), "roles": held})
    if request.method == "POST" and form.is_valid():
        actions.change_person(employee, desk, **form.cleaned_data, by=request.user, at=timezone.now())
        messages.success(request, _("Saved: %(person)s.") % {"person": employee})
        return redirect(reverse("people") + _shell(request, desk)["query"])
    return form_page(request, "directory/person.html", {**_shell(request, desk), "form": form, "person": employee})


@login_required
@require_http_methods(["GET", "POST"])
def new_person(request: Request) -> HttpResponse:
    """One more person of the desk; they sign in once the set-up pages have given them a password."""
    desk = _desk(request, Right.DIRECTORY)
    form = NewPersonForm(_posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.employ(desk, **form.cleaned_data, by=request.user, at=timezone.now())
        except DomainError as refused:
            form.add_error("email", str(refused))
        else:
            messages.success(request, _("Saved: %(person)s.") % {"person": made})
            return redirect(reverse("people") + _shell(request, desk)["query"])
    return form_page(request, "directory/person.html", {**_shell(request, desk), "form": form})


# --- Competences -----------------------------------------------------------------------------------------------------


@login_required
@require_GET
def competences(request: Request) -> HttpResponse:
    """Whose matter what is today, by which order; topics that are nobody's.  (E-II.4b)"""
    desk = _desk(request)
    today = _today(desk, timezone.now())
    rows, orders = pages.topic_rows(desk, today), pages.order_rows(desk, today)
    facts = {"rows": rows, "orders": orders, "today": today, **_shell(request, desk)}
    facts["in_force"] = next((one.order for one in orders if one.state == "in_force"), None)
    facts["gaps"] = sum(row.is_gap and not row.topic.is_retired for row in rows)
    return render(request, "directory/competences.html", facts)


@login_required
@require_http_methods(["GET", "POST"])
def new_topic(request: Request) -> HttpResponse:
    desk = _desk(request, Right.DIRECTORY)
    form = TopicForm(_posted(request))
    if done(form, lambda: actions.enter_topic(desk, form.facts, by=request.user, at=timezone.now())):
        return redirect(reverse("competences") + _shell(request, desk)["query"])
    return form_page(request, "directory/topic.html", {**_shell(request, desk), "form": form})


@login_required
@require_http_methods(["GET", "POST"])
def topic(request: Request, pk: int) -> HttpResponse:
    desk = _desk(request, Right.DIRECTORY)
    found = get_object_or_404(Topic, pk=pk, desk=desk)
    form = TopicForm(_posted(request), initial={name: getattr(found, name) for name in TopicForm.base_fields})
    if done(form, lambda: actions.change_topic(found, form.facts, by=request.user, at=timezone.now())):
        messages.success(request, _("The topic was saved."))
        return redirect(reverse("competences") + _shell(request, desk)["query"])
    return form_page(request, "directory/topic.html", {**_shell(request, desk), "form": form, "topic": found})


def _order_form(request: Request, desk: Desk, initial: dict[str, Any]) -> OrderForm:
    topics = desk.topics.filter(is_retired=False).order_by("name")
    return OrderForm(_posted(request), topics=topics, people=colleagues_of(desk), initial=initial)


@login_required
@require_http_methods(["GET", "POST"])
def new_order(request: Request) -> HttpResponse:
    """A new order, filled in from the last one."""
    desk = _desk(request, Right.DIRECTORY)
    last = desk.orders.order_by("-valid_from").first()
    initial = order_initial(facts_of(last)) if last else {}
    form = _order_form(
        request, desk, {**initial, "number": "", "dated_on": None, "valid_from": None, "valid_until": None}
    )
    if done(form, lambda: actions.enter_order(desk, form.facts, by=request.user, at=timezone.now())):
        messages.success(request, _("The order was saved."))
        return redirect(reverse("competences") + _shell(request, desk)["query"])
    return form_page(request, "directory/order_form.html", {**_shell(request, desk), "form": form, "copied": last})


def _order_of(request: Request, pk: int, to: Right) -> CompetenceOrder:
    found = get_object_or_404(
        CompetenceOrder.objects.select_related("desk"), pk=pk, desk__in=desks_visible_to(request.user)
    )
    if to != Right.READ and not is_allowed(request.user, to, found.desk_id):
        raise PermissionDenied
    return found


@login_required
@require_GET
def order(request: Request, pk: int) -> HttpResponse:
    """An order as it is, with what may still be done to it."""
    found = _order_of(request, pk, Right.READ)
    now = timezone.now()
    facts = {"order": found, "has_begun": has_begun(found, found.desk, at=now), "end_form": EndForm()}
    facts |= pages.order_facts(found, _today(found.desk, now))
    return render(request, "directory/order.html", {**_shell(request, found.desk), **facts})


@login_required
@require_http_methods(["GET", "POST"])
def order_change(request: Request, pk: int) -> HttpResponse:
    """An order before its first day, to be changed."""
    found = _order_of(request, pk, Right.DIRECTORY)
    form = _order_form(request, found.desk, order_initial(facts_of(found)))
    if done(form, lambda: actions.change_order(found, form.facts, by=request.user, at=timezone.now())):
        messages.success(request, _("The order was saved."))
        return redirect("order", found.pk)
    return form_page(
        request, "directory/order_form.html", {**_shell(request, found.desk), "form": form, "order": found}
    )


@login_required
@require_POST
def order_end(request: Request, pk: int) -> HttpResponse:
    """The last day of an order."""
    found = _order_of(request, pk, Right.DIRECTORY)
    form, now = EndForm(request.POST), timezone.now()
    if done(form, lambda: actions.end_order(found, form.cleaned_data["valid_until"], by=request.user, at=now)):
        messages.success(request, _("The end date was saved."))
        return redirect("order", found.pk)
    facts = {"order": found, "has_begun": has_begun(found, found.desk, at=now), "end_form": form}
    facts |= pages.order_facts(found, _today(found.desk, now))
    return form_page(request, "directory/order.html", {**_shell(request, found.desk), **facts})


# --- Absences --------------------------------------------------------------------------------------------------------


@login_required
@require_GET
def absences(request: Request) -> HttpResponse:
    """Who is away in a month, and who stands in."""
    desk, now = _desk(request), timezone.now()
    manages = is_allowed(request.user, Right.ABSENCES, desk.pk)
    month = pages.month_of(request.GET.get("month", ""), now.astimezone(desk.tz))
    facts = pages.month_facts(desk, request.user, month, today=_today(desk, now), manages=manages)
    facts |= {"manages": manages, "can_hand_over": is_allowed(request.user, Right.HAND_OVER, desk.pk)}
    return render(request, "directory/absences.html", {**_shell(request, desk), **facts})


def _absent(request: Request, desk: Desk, pk: int | None) -> Employee:
    """Return whose absence may be entered: one's own, or with the right to it anybody's of the desk."""
    own: Employee | None = getattr(request.user, "employee", None)
    if pk is None or (own is not None and pk == own.pk):
        if own is None:
            raise Http404
        return own
    employee = get_object_or_404(Employee.objects.filter(roles__desk=desk).distinct(), pk=pk)
    if not is_allowed(request.user, Right.ABSENCES, desk.pk):
        raise PermissionDenied
    return employee


def _absence_facts(request: Request, desk: Desk, employee: Employee) -> dict[str, Any]:
    may_name = may_name_stand_in(employee, request.user)
    return {**_shell(request, desk), "person": employee, "may_name": may_name}


@login_required
@require_http_methods(["GET", "POST"])
def new_absence(request: Request, pk: int | None = None) -> HttpResponse:
    """Days on which somebody is away: one's own, or by the manager anybody's."""
    desk = _desk(request)
    employee = _absent(request, desk, pk)
    form = AbsenceForm(_posted(request), employee=employee, people=colleagues_of(desk))
    if done(form, lambda: actions.enter_absence(employee, form.facts, by=request.user, at=timezone.now())):
        messages.success(request, _("The absence was saved."))
        return redirect(f"{reverse('absences')}?desk={desk.code}&month={form.facts.first_on:%Y-%m}")
    return form_page(request, "directory/absence.html", {**_absence_facts(request, desk, employee), "form": form})


@login_required
@require_http_methods(["GET", "POST"])
def absence(request: Request, pk: int) -> HttpResponse:
    """An absence, to be changed."""
    desk = _desk(request)
    found = get_object_or_404(Absence.objects.filter(employee__roles__desk=desk).distinct(), pk=pk)
    employee = _absent(request, desk, found.employee_id)
    initial = {"first_on": found.first_on, "last_on": found.last_on, "kind": found.kind, "stand_in": found.stand_in_id}
    form = AbsenceForm(_posted(request), employee=employee, people=colleagues_of(desk), initial=initial)
    if done(form, lambda: actions.change_absence(found, form.facts, by=request.user, at=timezone.now())):
        messages.success(request, _("The absence was saved."))
        return redirect(f"{reverse('absences')}?desk={desk.code}&month={form.facts.first_on:%Y-%m}")
    facts = {**_absence_facts(request, desk, employee), "form": form, "absence": found}
    return form_page(request, "directory/absence.html", facts)


@login_required
@require_POST
def absence_cancellation(request: Request, pk: int) -> HttpResponse:
    """Somebody is present after all."""
    desk = _desk(request)
    found = get_object_or_404(Absence.objects.filter(employee__roles__desk=desk).distinct(), pk=pk)
    _absent(request, desk, found.employee_id)
    actions.cancel_absence(found, by=request.user, at=timezone.now())
    messages.success(request, _("The absence was taken back."))
    return redirect(f"{reverse('absences')}?desk={desk.code}&month={found.first_on:%Y-%m}")

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from directory.queries import desks_where
from directory.requests import Request
from directory.rights import Right
from reports.forms import RegisteredForm
from reports.pages import overdue_facts
from reports.registered import registered_replies, table

PER_PAGE = 50


@login_required
@require_GET
def overdue(request: Request) -> HttpResponse:
    """What is late, whose, since when; what falls due next; who has not yet acknowledged.  (S-5.3)"""
    if not desks_where(request.user, Right.OVERDUE):
        raise PermissionDenied
    part = "#overdue" if request.htmx else ""
    return render(request, f"reports/overdue.html{part}", overdue_facts(request.user, at=timezone.now()))


@login_required
@require_GET
def registered(request: Request) -> HttpResponse:
    """The replies that the office's records hold, to be looked up."""
    form = _registered_form(request)
    found = registered_replies(request.user, form.wanted)
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    asked = request.GET.copy()
    asked.pop("page", None)
    facts = {"form": form, "page": page, "asked": asked.urlencode()}
    return render(request, f"reports/registered.html{'#found' if request.htmx else ''}", facts)


@login_required
@require_GET
def registered_table(request: Request) -> StreamingHttpResponse:
    """The same replies as a CSV table."""
    found = registered_replies(request.user, _registered_form(request).wanted)
    name = f"registered-replies-{timezone.localdate():%Y-%m-%d}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(table(found), content_type="text/csv; charset=utf-8", headers=headers)


def _registered_form(request: Request) -> RegisteredForm:
    if not desks_where(request.user, Right.READ_ALL):
        raise PermissionDenied
    form = RegisteredForm(request.GET)
    form.is_valid()  # what cannot be read is said on the page
    return form

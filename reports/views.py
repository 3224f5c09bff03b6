from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from directory.queries import desks_where
from directory.requests import Request
from directory.rights import Right
from reports.pages import overdue_facts


@login_required
@require_GET
def overdue(request: Request) -> HttpResponse:
    """What is late, whose, since when; what falls due next; who has not yet acknowledged.  (S-5.3)"""
    if not desks_where(request.user, Right.OVERDUE):
        raise PermissionDenied
    part = "#overdue" if request.htmx else ""
    return render(request, f"reports/overdue.html{part}", overdue_facts(request.user, at=timezone.now()))

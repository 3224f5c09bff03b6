"""The junk: listed, so that it is looked through, and brought back with one click."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from directory.queries import desks_where
from directory.requests import Request
from directory.rights import Right
from sla.words import moment
from tickets.actions.junking import look_through
from tickets.queries import junk_of, with_row_facts

PER_PAGE = 50


@login_required
@require_GET
def junk_list(request: Request) -> HttpResponse:
    """Junk with its sender, subject and date, the latest first; what nobody has looked at is marked."""
    if not desks_where(request.user, Right.WORK):
        raise PermissionDenied
    now = timezone.now()
    page = Paginator(with_row_facts(junk_of(request.user)), PER_PAGE).get_page(request.GET.get("page"))
    rows = [(ticket, moment(ticket.queued_at, now, ticket.desk.tz)) for ticket in page]
    unseen = [ticket.pk for ticket in page if ticket.is_junk_unseen]
    return render(request, "tickets/junk.html", {"page": page, "rows": rows, "unseen": unseen})


@login_required
@require_POST
def junk_seen(request: Request) -> HttpResponse:
    """Note that the junk of a page was looked through: what its form names, and nothing that came since."""
    shown = [int(pk) for pk in request.POST.getlist("seen") if pk.isdecimal()][:PER_PAGE]
    number = look_through(junk_of(request.user).filter(pk__in=shown), by=request.user, at=timezone.now())
    said = ngettext("%(number)d letter was looked through.", "%(number)d letters were looked through.", number)
    messages.success(request, said % {"number": number})
    return redirect("junk-list")

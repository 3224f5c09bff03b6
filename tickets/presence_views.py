"""The strip that says who else is here: HTTP in, HTML out."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from directory.requests import Request
from tickets.guards import require_post_or_go
from tickets.presence import note_presence, others_there
from tickets.queries import get_ticket_for


@login_required
@require_post_or_go
def presence(request: Request, number: str) -> HttpResponse:
    """Note that one has the ticket open, and return who else has."""
    found, now = get_ticket_for(request.user, number), timezone.now()
    employee, is_writing = request.user.employee, request.POST.get("writing") == "1"
    note_presence(found, is_writing=is_writing, by=employee, at=now)
    there = others_there(found, employee, at=now)
    return render(request, "tickets/_present.html", {"there": there})

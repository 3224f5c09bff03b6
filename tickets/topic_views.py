"""Choosing a ticket's topic: HTTP in, HTML out."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from directory.models import Topic
from directory.requests import Request
from directory.rights import Right
from tickets.actions.sorting import choose_topic
from tickets.guards import require_post_or_go
from tickets.queries import get_ticket_for


@login_required
@require_post_or_go
def topic(request: Request, number: str) -> HttpResponse:
    """Accept the suggested topic, or choose another.  (E-II.4b)"""
    found = get_ticket_for(request.user, number, to=Right.WORK)
    chosen = request.POST.get("topic", "")
    if not chosen.isdecimal():
        messages.error(request, _("Choose a topic."))
        return redirect("ticket", number)
    topic = get_object_or_404(Topic, pk=int(chosen), desk=found.desk)
    choose_topic(found, topic, by=request.user, at=timezone.now())
    messages.success(request, _("The topic is “%(topic)s”; it counts for the next suggestions.") % {"topic": topic})
    return redirect("forwarding", number) if request.POST.get("then") == "forwarding" else redirect("ticket", number)

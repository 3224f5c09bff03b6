"""What a ticket is tied to: found, joined, linked; and split in two."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from directory.requests import Request
from directory.rights import Right
from helpdesk.errors import DomainError
from sla.words import moment
from tickets.actions.linking import link_tickets, undo_link
from tickets.actions.splitting import split_ticket, undo_split
from tickets.forms import JoinForm
from tickets.guards import require_post_or_go
from tickets.link_forms import SplitForm
from tickets.link_queries import likely_of, links_of, tickets_found
from tickets.models import Link, Message, Ticket
from tickets.pages import status_of
from tickets.queries import find_ticket_for, get_ticket_for, messages_of, notes_of, survivor_of
from tickets.transitions import Act, is_possible


@login_required
@require_GET
def relations(request: Request, number: str) -> HttpResponse:
    """Find another ticket, to join this one to it or to link the two; what it is linked to already."""
    found, now = get_ticket_for(request.user, number, to=Right.WORK), timezone.now()
    query = request.GET.get("q", "").strip()
    others = tickets_found(request.user, found.desk, query) if query else likely_of(found, request.user)
    links = links_of(found, request.user)
    linked = {one.ticket.pk for one in links}
    facts = {
        "ticket": found,
        "q": query,
        "rows": [
            (one, status_of(one), moment(one.received_at, now, found.desk.tz), one.pk in linked)
            for one in others
            if one.pk != found.pk
        ],
        "links": links,
        "can_join": is_possible(found.state, Act.JOIN) and found.merged_into_id is None,
        "can_link": is_possible(found.state, Act.LINK),
    }
    return render(request, f"tickets/relations.html{'#found' if request.htmx else ''}", facts)


@login_required
@require_post_or_go
def link(request: Request, number: str) -> HttpResponse:
    """Link the ticket to another of its desk."""
    found = get_ticket_for(request.user, number, to=Right.WORK)
    form = JoinForm(request.POST)
    other = find_ticket_for(request.user, found.desk, form.cleaned_data["into"]) if form.is_valid() else None
    if other is None:
        messages.error(request, _("There is no such ticket. Write its number, 4179 say."))
        return redirect("relations", number)
    other = survivor_of(other)
    link_tickets(found, other, by=request.user, at=timezone.now())
    messages.success(request, _("The tickets are linked: %(number)s shows on both.") % {"number": other.short_number})
    return redirect("ticket", number)


@login_required
@require_post_or_go
def unlink(request: Request, number: str, link_pk: int) -> HttpResponse:
    """Remove a link."""
    found = get_ticket_for(request.user, number, to=Right.WORK)
    pair = Link.objects.filter(earlier=found) | Link.objects.filter(later=found)
    undo_link(get_object_or_404(pair, pk=link_pk, kind=Link.Kind.RELATED), by=request.user, at=timezone.now())
    messages.success(request, _("The link was removed."))
    return redirect("ticket", number)


@login_required
@require_http_methods(["GET", "POST"])
def splitting(request: Request, number: str) -> HttpResponse:
    """Choose what becomes a ticket of its own."""
    found = get_ticket_for(request.user, number, to=Right.WORK)
    posted = request.method == "POST"
    form = SplitForm(request.POST if posted else None, auto_id="split_%s")
    if posted and form.is_valid():
        try:
            made = split_ticket(found, form.chosen, by=request.user, at=timezone.now())
        except DomainError as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("%(number)s was split off.") % {"number": made.short_number})
            return redirect("ticket", made.number)
    return render(request, "tickets/splitting.html", _split_facts(found, form), status=422 if posted else 200)


def _split_facts(found: Ticket, form: SplitForm) -> dict[str, object]:
    now, tz = timezone.now(), found.desk.tz
    letters = [(one, moment(one.at, now, tz)) for one in messages_of(found)]
    return {
        "ticket": found,
        "form": form,
        "letters": letters,
        "notes": [(one, moment(one.at, now, tz)) for one in notes_of(found)],
        "is_enough": sum(one.kind == Message.Kind.INCOMING for one, _when in letters) > 1,
        "chosen": form.ticked,
    }


@login_required
@require_post_or_go
def unsplitting(request: Request, number: str) -> HttpResponse:
    """Join a ticket that was split off to where it came from."""
    found = get_ticket_for(request.user, number, to=Right.WORK)
    into = undo_split(found, by=request.user, at=timezone.now())
    messages.success(request, _("Ticket %(number)s was joined to this one.") % {"number": found.short_number})
    return redirect("ticket", into.number)

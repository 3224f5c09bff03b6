"""Merging two clients: found, compared side by side, merged with their tickets, undone."""

from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from directory.models import Client, ClientMerge
from directory.queries import clients_found, get_client_for, likely_doubles
from directory.requests import Request
from directory.rights import Right
from helpdesk.errors import DomainError
from sla.words import full_moment
from tickets.actions.client_merging import merge_clients_and_tickets, undo_client_merge
from tickets.models import Ticket

MOST = 20


@dataclass(frozen=True)
class Side:
    """What one of the two has."""

    client: Client
    emails: list[str]
    phones: list[str]
    delegates: list[str]
    tickets: int


@login_required
@require_GET
def merging(request: Request, pk: int) -> HttpResponse:
    """Find who may be the same client, and see both side by side (?other=…) before anything is done."""
    found = get_client_for(request.user, pk, to=Right.CLIENTS)
    query, asked = request.GET.get("q", "").strip(), request.GET.get("other", "")
    other = get_client_for(request.user, int(asked), to=Right.CLIENTS) if asked.isdecimal() else None
    return render(
        request, f"tickets/client_merging.html{'#found' if request.htmx else ''}", _facts(found, other, query)
    )


@login_required
@require_POST
def merge(request: Request, pk: int) -> HttpResponse:
    """Merge the two; `survivor` says which of them goes on."""
    found = get_client_for(request.user, pk, to=Right.CLIENTS)
    other = get_client_for(request.user, _number(request.POST.get("other", "")), to=Right.CLIENTS)
    survivor, gone = (other, found) if request.POST.get("survivor") == str(other.pk) else (found, other)
    try:
        merge_clients_and_tickets(gone, survivor, by=request.user, at=timezone.now())
    except DomainError as refused:
        facts = {**_facts(found, other, ""), "refused": str(refused)}
        return render(request, "tickets/client_merging.html", facts, status=422)
    said = _("%(gone)s is one with %(survivor)s now. It can be undone.")
    messages.success(request, said % {"gone": gone.name, "survivor": survivor.name})
    return redirect("client-merging", survivor.pk)


@login_required
@require_POST
def unmerge(request: Request, pk: int, merge_pk: int) -> HttpResponse:
    """Make two clients of one again."""
    found = get_client_for(request.user, pk, to=Right.CLIENTS)
    undo_client_merge(get_object_or_404(found.merges, pk=merge_pk), by=request.user, at=timezone.now())
    messages.success(request, _("They are two clients again."))
    return redirect("client-merging", found.pk)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def _facts(found: Client, other: Client | None, query: str) -> dict[str, object]:
    candidates: QuerySet[Client] = clients_found(query) if query else likely_doubles(found)
    sides = _sides([found, other]) if other is not None and other.pk != found.pk else []
    return {
        "client": found,
        "other": other,
        "q": query,
        "rows": candidates.exclude(pk=found.pk).prefetch_related("addresses", "phones")[:MOST],
        "sides": sides,
        "survivor": _survivor(sides).client.pk if sides else None,
        "merges": [(one, full_moment(one.merged_at, timezone.get_current_timezone())) for one in _merges_of(found)],
    }


def _merges_of(survivor: Client) -> QuerySet[ClientMerge]:
    return survivor.merges.filter(undone_at=None).select_related("gone", "by").order_by("-pk")


def _sides(clients: list[Client]) -> list[Side]:
    ids = [one.pk for one in clients]
    counts = Ticket.objects.filter(client__in=ids).values("client").annotate(number=Count("pk")).order_by()
    numbers = {row["client"]: row["number"] for row in counts}
    return [
        Side(
            client=one,
            emails=[address.email for address in one.addresses.all()],
            phones=[phone.spaced for phone in one.phones.all()],
            delegates=[delegate.name for delegate in one.delegates.all()],
            tickets=numbers.get(one.pk, 0),
        )
        for one in clients
    ]


def _survivor(sides: list[Side]) -> Side:
    """Return who is proposed to go on: with a certificate, confirmed, with more tickets."""
    return max(sides, key=lambda one: (bool(one.client.certificate), one.client.is_confirmed, one.tickets))

"""Clients: HTTP in, HTML out."""

import re
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from directory.actions import clients as actions
from directory.forms import AddressForm, ClientForm, DelegateForm, NewClientForm, PhoneForm, PlainForm
from directory.models import Client, Delegate
from directory.queries import clients_found, desks_where, get_client_for, sees_clients
from directory.requests import Request
from directory.rights import Right
from directory.views import done, form_page

PAGE = 50
# What a ticket that leads here gives, to lead back.
TICKET_NUMBER = re.compile(r"[A-Z0-9]{1,10}-\d{4}-\d{1,10}")


def _posted(request: Request) -> Any:
    return request.POST if request.method == "POST" else None


def _facts(request: Request) -> dict[str, Any]:
    return {"can_change": bool(desks_where(request.user, Right.CLIENTS))}


@login_required
@require_GET
def clients(request: Request) -> HttpResponse:
    """The clients, found by the beginning of any word: of the name, an address, a number, the certificate."""
    if not sees_clients(request.user):
        raise Http404
    query = request.GET.get("q", "").strip()
    found = clients_found(query)
    if request.GET.get("only") == "unconfirmed":
        found = found.filter(is_confirmed=False)
    page = Paginator(found.prefetch_related("addresses", "phones"), PAGE).get_page(request.GET.get("page"))
    facts = {"page": page, "q": query, "only": request.GET.get("only", ""), **_facts(request)}
    part = "#found" if request.htmx else ""
    return render(request, f"directory/clients.html{part}", facts)


@login_required
@require_http_methods(["GET", "POST"])
def new_client(request: Request) -> HttpResponse:
    if not sees_clients(request.user) or not desks_where(request.user, Right.CLIENTS):
        raise Http404
    form = NewClientForm(_posted(request))
    made: list[Client] = []

    def register() -> None:
        made.append(actions.register_client(**form.cleaned_data, by=request.user, at=timezone.now()))

    if done(form, register):
        return redirect("client", made[0].pk)
    return form_page(request, "directory/client_form.html", {"form": form, **_facts(request)})


@login_required
@require_GET
def client(request: Request, pk: int) -> HttpResponse:
    """A client: how they are reached, who may write for them, and their tickets."""
    return _client_page(request, get_client_for(request.user, pk), AddressForm(), PhoneForm())


def _client_page(request: Request, found: Client, address_form: PlainForm, phone_form: PlainForm) -> HttpResponse:
    today = timezone.localdate()
    delegates = [
        (one, one.valid_from <= today and (one.valid_until is None or one.valid_until >= today))
        for one in found.delegates.order_by("name", "pk")
    ]
    facts = {"client": found, "delegates": delegates, "aliases": found.aliases.order_by("name"), **_facts(request)}
    came_from = request.GET.get("ticket", "")
    facts |= {
        "came_from": came_from if TICKET_NUMBER.fullmatch(came_from) else "",
        "address_form": address_form,
        "phone_form": phone_form,
        "reads": bool(desks_where(request.user, Right.READ)),
    }
    return form_page(request, "directory/client.html", facts)


@login_required
@require_http_methods(["GET", "POST"])
def client_change(request: Request, pk: int) -> HttpResponse:
    found = get_client_for(request.user, pk, to=Right.CLIENTS)
    form = ClientForm(_posted(request), initial={name: getattr(found, name) for name in ClientForm.base_fields})
    if done(form, lambda: actions.change_client(found, form.facts, by=request.user, at=timezone.now())):
        messages.success(request, _("The client was saved."))
        return redirect("client", found.pk)
    return form_page(request, "directory/client_form.html", {"form": form, "client": found, **_facts(request)})


@login_required
@require_POST
def client_confirmation(request: Request, pk: int) -> HttpResponse:
    found = get_client_for(request.user, pk, to=Right.CLIENTS)
    actions.confirm_client(found, by=request.user, at=timezone.now())
    return redirect("client", found.pk)


@login_required
@require_POST
def client_addresses(request: Request, pk: int) -> HttpResponse:
    """One more address, or with `remove` one less."""
    found, now = get_client_for(request.user, pk, to=Right.CLIENTS), timezone.now()
    form = AddressForm(request.POST)
    act = actions.remove_address if "remove" in request.POST else actions.add_address
    return _listed(request, found, form, lambda: act(found, form.cleaned_data["email"], by=request.user, at=now))


@login_required
@require_POST
def client_phones(request: Request, pk: int) -> HttpResponse:
    """One more number, or with `remove` one less."""
    found, now = get_client_for(request.user, pk, to=Right.CLIENTS), timezone.now()
    form = PhoneForm(request.POST)
    act = actions.remove_phone if "remove" in request.POST else actions.add_phone
    return _listed(request, found, form, lambda: act(found, form.cleaned_data["number"], by=request.user, at=now))


def _listed(request: Request, found: Client, form: PlainForm, act: Callable[[], object]) -> HttpResponse:
    if done(form, act):
        return redirect("client", found.pk)
    forms = (form, PhoneForm()) if isinstance(form, AddressForm) else (AddressForm(), form)
    return _client_page(request, found, *forms)


@login_required
@require_http_methods(["GET", "POST"])
def new_delegate(request: Request, pk: int) -> HttpResponse:
    """A person who may write for the client."""
    found = get_client_for(request.user, pk, to=Right.CLIENTS)
    form = DelegateForm(_posted(request), initial={"valid_from": timezone.localdate()})
    if done(form, lambda: actions.add_delegate(found, form.facts, by=request.user, at=timezone.now())):
        return redirect("client", found.pk)
    return form_page(request, "directory/delegate.html", {"form": form, "client": found, **_facts(request)})


@login_required
@require_http_methods(["GET", "POST"])
def delegate(request: Request, pk: int, delegate_pk: int) -> HttpResponse:
    """An assistant, changed; giving them a last day takes the right away."""
    found = get_client_for(request.user, pk, to=Right.CLIENTS)
    one = get_object_or_404(Delegate, pk=delegate_pk, client=found)
    initial = {name: getattr(one, name) for name in DelegateForm.base_fields}
    form = DelegateForm(_posted(request), initial=initial)
    if done(form, lambda: actions.change_delegate(one, form.facts, by=request.user, at=timezone.now())):
        return redirect("client", found.pk)
    facts = {"form": form, "client": found, "delegate": one, **_facts(request)}
    return form_page(request, "directory/delegate.html", facts)

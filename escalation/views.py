from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import trigger_client_event

from directory.queries import is_allowed
from directory.requests import Request
from directory.rights import Right
from escalation import outages
from escalation.actions import acknowledge
from escalation.forms import CallForm
from escalation.models import Outage
from escalation.pages import notice_facts, outage_facts
from escalation.queries import get_outage_for, notices_of, told_of

PER_PAGE = 50


@login_required
@require_GET
def notices(request: Request) -> HttpResponse:
    """What the reader was told, newest first; what still waits for them can be acknowledged."""
    page = Paginator(notices_of(request.user), PER_PAGE).get_page(request.GET.get("page"))
    facts = {"page": page, "notices": notice_facts(page, at=timezone.now())}
    return render(request, f"escalation/notices.html{'#notices' if request.htmx else ''}", facts)


@login_required
@require_POST
def acknowledgement(request: Request, pk: int) -> HttpResponse:
    """Note that the reader has seen a notice of theirs."""
    notice = get_object_or_404(notices_of(request.user), pk=pk)
    acknowledge(notice, by=request.user, at=timezone.now())
    if request.htmx:
        notice = notices_of(request.user).get(pk=pk)
        (facts,) = notice_facts([notice], at=timezone.now())
        answer = render(request, "escalation/_notice.html", {"one": facts, "is_fresh": True})
        # The bell, the overdue page and whatever else counts what waits ask again.
        return trigger_client_event(answer, "acknowledged")
    return redirect("notices")


@login_required
@require_GET
def outage(request: Request, pk: int) -> HttpResponse:
    """One outage: its cause, what to do, and who was told of it."""
    return _outage_page(request, get_outage_for(request.user, pk))


def _outage_page(request: Request, found: Outage, *, form: CallForm | None = None) -> HttpResponse:
    now = timezone.now()
    notices, tna = told_of([found])[found.pk], found.tna_contacts.select_related("by").order_by("pk")
    shown = outage_facts(found, notices, tna, request.user, at=now)
    facts = {
        "one": shown,
        "may": is_allowed(request.user, Right.OUTAGE, found.desk_id),
        "form": form or CallForm(now=now, tz=found.desk.tz),
    }
    return render(request, "escalation/outage.html", facts, status=422 if form else 200)


@login_required
@require_POST
def outage_end(request: Request, pk: int) -> HttpResponse:
    """The administrator says that it works again."""
    ended = outages.end_outage(get_outage_for(request.user, pk, to=Right.OUTAGE), by=request.user, at=timezone.now())
    messages.success(request, _("The outage has ended. Those who were told of it are told."))
    return redirect("outage", ended.pk)


@login_required
@require_POST
def outage_calls(request: Request, pk: int) -> HttpResponse:
    """Put on record that TNA's IT support was told by telephone."""
    found = get_outage_for(request.user, pk, to=Right.OUTAGE)
    form = CallForm(request.POST, now=timezone.now(), tz=found.desk.tz)
    if form.is_valid():
        try:
            outages.log_call(found, **form.call(), by=request.user, at=timezone.now())
        except outages.CallTimeWrong as wrong:
            form.add_error("told_time", str(wrong))
        else:
            messages.success(request, _("The call to TNA's IT support is on record."))
            return redirect("outage", found.pk)
    return _outage_page(request, found, form=form)

"""The mailbox page: whether mail comes in and goes out, and whether it did.  (E-II.1a, E-II.2)"""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from contact.email.pages import mailbox_facts
from contact.forms import OutageForm
from directory.models import Desk
from directory.queries import desks_visible_to, get_desk_for, is_allowed
from directory.requests import Request
from directory.rights import Right
from escalation.outages import declare_outage
from helpdesk import nudge


@login_required
@require_GET
def mailbox(request: Request) -> HttpResponse:
    return _page(request, get_desk_for(request.user, request.GET.get("desk", "")))


def _page(request: Request, desk: Desk, *, form: OutageForm | None = None) -> HttpResponse:
    desks = list(desks_visible_to(request.user))
    facts = {
        "desk": desk,
        "desks": desks if len(desks) > 1 else [],
        "box": mailbox_facts(desk, request.user, at=timezone.now()),
        "may": is_allowed(request.user, Right.OUTAGE, desk.pk),
        "may_see_ledger": is_allowed(request.user, Right.MAIL, desk.pk),
        "form": form or OutageForm(),
    }
    part = "#mailbox-now" if request.htmx and form is None else ""
    return render(request, f"contact/mailbox.html{part}", facts, status=422 if form else 200)


@login_required
@require_POST
def checks(request: Request) -> HttpResponse:
    """Look into the mailbox now, and try the mail server; the page shows what came of it by itself."""
    desk = get_desk_for(request.user, request.POST.get("desk", ""), to=Right.OUTAGE)
    nudge.after_commit("contact.email.check_inbox", desk.pk)
    nudge.after_commit("contact.email.try_server", desk.pk)
    messages.info(request, _("The mailbox is being checked; the result will show here in a moment."))
    return redirect(f"{request.path.removesuffix('checks/')}?desk={desk.code}")


@login_required
@require_POST
def outages(request: Request) -> HttpResponse:
    """The administrator says that the mailbox cannot be reached, or that nothing can be sent."""
    desk = get_desk_for(request.user, request.POST.get("desk", ""), to=Right.OUTAGE)
    form = OutageForm(request.POST)
    if not form.is_valid():
        return _page(request, desk, form=form)
    outage = declare_outage(desk, **form.cleaned_data, by=request.user, at=timezone.now())
    messages.success(request, _("The outage is on record; the deputy director and the director are told."))
    return redirect("outage", outage.pk)

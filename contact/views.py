"""Mail that is on no ticket, and, in the demonstration, the folder of mail that went out."""

from pathlib import Path

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from contact import outgoing as outgoing_folder
from contact.email import inbound
from contact.email.parse import parse
from contact.forms import SenderForm
from contact.models import Box, ReceivedMail
from contact.queries import STATES, mails_in, mails_visible_to
from directory.requests import Request
from sla.words import moment
from tickets.actions.checking import check_given_out
from tickets.queries import get_message_for, unseen_junk
from tickets.words import size_words

PER_PAGE = 50


@login_required
@require_GET
def mails(request: Request) -> HttpResponse:
    """Unprocessed mail with its reason, or history: nothing that was received is hidden."""
    state = request.GET.get("state", "unprocessed")
    state = state if state in STATES else "unprocessed"
    page = Paginator(mails_in(request.user, state), PER_PAGE).get_page(request.GET.get("page"))
    now = timezone.now()
    rows = [(mail, moment(mail.received_at, now, mail.desk.tz), size_words(mail.size)) for mail in page]
    counts = {name: mails_in(request.user, name).count() for name in STATES}
    return render(
        request,
        "contact/mails.html",
        {"page": page, "rows": rows, "state": state, "counts": counts, "unseen_junk": unseen_junk(request.user)},
    )


@login_required
@require_GET
def mail(request: Request, pk: int) -> HttpResponse:
    return _page(request, _mail_for(request, pk))


def _mail_for(request: Request, pk: int) -> ReceivedMail:
    return get_object_or_404(mails_visible_to(request.user), pk=pk)


def _page(request: Request, found: ReceivedMail, *, status: int = 200, form: SenderForm | None = None) -> HttpResponse:
    parsed = parse(bytes(found.raw.content))
    facts = {
        "mail": found,
        "parsed": parsed,
        "ticket": found.message.ticket if found.message else None,
        "received": moment(found.received_at, timezone.now(), found.desk.tz),
        "size": size_words(found.size),
        "form": form or SenderForm(initial={"sender": parsed.sender.address}),
    }
    return render(request, "contact/mail.html", facts, status=status)


@login_required
@require_GET
def raw(request: Request, pk: int) -> HttpResponse:
    """The mail as it came, as a download."""
    return _as_it_came(_mail_for(request, pk))


@login_required
@require_GET
def message_raw(request: Request, number: str, message_pk: int) -> HttpResponse:
    """The mail of a message on a ticket, for who may see the ticket."""
    return _as_it_came(get_object_or_404(ReceivedMail, message=get_message_for(request.user, number, message_pk)))


def _as_it_came(found: ReceivedMail) -> HttpResponse:
    if found.message is not None:
        for file in found.message.attachments.all():
            check_given_out(file)  # it is in there too
    answer = HttpResponse(bytes(found.raw.content), content_type="message/rfc822")
    answer.headers["Content-Disposition"] = f'attachment; filename="mail-{found.pk}.eml"'
    return answer


@login_required
@require_POST
def processing(request: Request, pk: int) -> HttpResponse:
    """Run the step again on a mail that was set aside."""
    found = inbound.retry(_mail_for(request, pk), by=request.user, at=timezone.now())
    if found.message is None and found.state != ReceivedMail.State.UNPROCESSED:
        messages.success(request, _("The mail was run again: %(state)s.") % {"state": found.get_state_display()})
        return redirect("mail", pk)
    if found.message is None:
        messages.warning(
            request, _("The mail is still unprocessed: %(reason)s.") % {"reason": found.get_reason_display()}
        )
        return redirect("mail", pk)
    return redirect("ticket", found.message.ticket.number)


@login_required
@require_POST
def mail_ticket(request: Request, pk: int) -> HttpResponse:
    """Make a ticket by hand from a mail that is on none."""
    found = _mail_for(request, pk)
    if found.box == Box.SENT:
        raise Http404  # the office wrote it: nobody asks for anything
    form = SenderForm(request.POST)
    if not form.is_valid():
        return _page(request, found, status=422, form=form)
    made = inbound.make_ticket(found, sender=form.cleaned_data["sender"], by=request.user, at=timezone.now())
    assert made.message is not None
    messages.success(
        request, _("Ticket %(number)s was made from the mail.") % {"number": made.message.ticket.short_number}
    )
    return redirect("ticket", made.message.ticket.number)


@login_required
@require_GET
def outgoing(request: Request) -> HttpResponse:
    """The demonstration's outgoing mail: what clients and staff would have received."""
    folders = outgoing_folder.folders()
    if not folders:
        raise Http404
    shown = {name: outgoing_folder.latest(path, 50) for name, path in folders.items()}
    return render(request, "contact/outgoing.html", {"folders": shown})


@login_required
@require_GET
def outgoing_raw(request: Request, folder: str, name: str) -> HttpResponse:
    path = outgoing_folder.folders().get(folder)
    file = path / Path(name).name if path else None
    if file is None or file.suffix != ".eml" or not file.is_file():
        raise Http404
    answer = HttpResponse(file.read_bytes(), content_type="text/plain; charset=utf-8")
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer

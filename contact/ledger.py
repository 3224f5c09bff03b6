"""The page of the ledger: every mail that was ever fetched, what became of it, and how it compares with the server."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from contact.email import inbound, reconciliation
from contact.forms import LedgerForm
from contact.models import Box, ReceivedMail, Reconciliation
from contact.queries import VIEWS, before, ledger_of, reconciliations_of, unreadable_of
from directory.models import Desk
from directory.queries import desks_visible_to, get_desk_for, is_allowed
from directory.requests import Request
from directory.rights import Right
from sla.words import moment
from tickets.models import Ticket

PER_PAGE = 50
COMPARISONS = 10


@dataclass(frozen=True)
class Row:
    """A mail of the ledger: who is the other side of it, and the ticket it lies on."""

    mail: ReceivedMail
    received: str
    who: str
    is_sent: bool
    state: str
    ticket: Ticket | None


@dataclass(frozen=True)
class Comparison:
    """A comparison of a folder with the ledger; `seconds` is how long it took."""

    row: Reconciliation
    asked: str
    seconds: float | None


@login_required
@require_GET
def ledger(request: Request, code: str = "") -> HttpResponse:
    """Every mail of a desk, the latest first, and the last comparisons with the server.  (E-II.1a)"""
    desk = get_desk_for(request.user, code, to=Right.MAIL)
    view, words, place = LedgerForm(request.GET).wanted()
    now, mails = timezone.now(), ledger_of(desk, view, words)
    found = list((before(mails, *place) if place else mails)[: PER_PAGE + 1])
    desks = [one for one in desks_visible_to(request.user) if is_allowed(request.user, Right.MAIL, one.pk)]
    comparisons = [_comparison(row, desk, at=now) for row in reconciliations_of(desk)[:COMPARISONS]]
    facts = {
        "desk": desk,
        "desks": desks if len(desks) > 1 else [],
        "view": view,
        "views": VIEWS,
        "words": words,
        "is_later_page": place is not None,
        "rows": [_row(mail, desk, at=now) for mail in found[:PER_PAGE]],
        "older": _older(view, words, found[PER_PAGE - 1]) if len(found) > PER_PAGE else "",
        "unreadable": unreadable_of(desk).count(),
        "comparisons": comparisons,
        "is_comparing": any(one.row.finished_at is None for one in comparisons),
    }
    return render(request, "contact/ledger.html", facts)


def _row(mail: ReceivedMail, desk: Desk, *, at: datetime) -> Row:
    is_sent = mail.box == Box.SENT
    ticket = mail.message.ticket if mail.message else None
    is_junk = ticket is not None and ticket.state == Ticket.State.JUNK
    return Row(
        mail=mail,
        received=moment(mail.received_at, at, desk.tz),
        who=mail.recipients if is_sent else mail.sender,
        is_sent=is_sent,
        state=_("among the junk") if is_junk else mail.get_state_display(),
        ticket=ticket,
    )


def _older(view: str, words: str, last: ReceivedMail) -> str:
    place = f"{last.received_at.isoformat()} {last.pk}"
    return "?" + urlencode({"view": view, "words": words, "before": place})


def _comparison(row: Reconciliation, desk: Desk, *, at: datetime) -> Comparison:
    seconds = round(row.took.total_seconds(), 1) if row.took is not None else None
    return Comparison(row, moment(row.asked_at, at, desk.tz), seconds)


@login_required
@require_POST
def comparison(request: Request, code: str) -> HttpResponse:
    """Ask for a comparison of the mailbox with the ledger."""
    desk = get_desk_for(request.user, code, to=Right.MAIL)
    reconciliation.ask(desk, by=request.user, at=timezone.now())
    messages.success(request, _("The mailbox is being compared with the ledger; reload the page to see what it found."))
    return redirect(f"{reverse('ledger', args=[code])}#comparisons")


@login_required
@require_POST
def reprocessing(request: Request, code: str) -> HttpResponse:
    """Run the step again on all mail that could not be read."""
    desk = get_desk_for(request.user, code, to=Right.MAIL)
    number = inbound.retry_all(desk, by=request.user, at=timezone.now())
    words = ngettext("%(n)d mail is being run again.", "%(n)d mails are being run again.", number)
    messages.success(request, words % {"n": number})
    return redirect("ledger", code)

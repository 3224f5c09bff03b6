"""The rows of drafts: opened, moved on, closed. The callers hold the ticket's lock and record what happened."""

from datetime import datetime

from django.db.models import Max, QuerySet

from directory.models import CompetenceOrder, Employee
from tickets.models import Approval, Draft, Message, Ticket

State = Draft.State


def open_draft(ticket: Ticket) -> Draft | None:
    """Return the draft that is owed on the ticket, or waits to be sent; locked."""
    related = Draft.objects.select_related("author__user").select_for_update(of=("self",))
    return related.filter(ticket=ticket, state__in=Draft.OPEN).first()


def begin(
    ticket: Ticket,
    author: Employee,
    *,
    text: str = "",
    order: CompetenceOrder | None = None,
    asked_by: Employee,
    at: datetime,
) -> Draft:
    """Open the next version for `author` to write; `order` named them."""
    last = Draft.objects.filter(ticket=ticket).aggregate(last=Max("version"))["last"] or 0
    return Draft.objects.create(
        ticket=ticket, author=author, version=last + 1, text=text, order=order, asked_by=asked_by, asked_at=at
    )


def close(
    draft: Draft,
    state: str,
    *,
    reason: str = "",
    message: Message | None = None,
    by: Employee | None,
    at: datetime,
) -> None:
    """Close an open draft: it changes no more."""
    draft.state, draft.reason, draft.message = state, reason[:1000], message
    draft.closed_at, draft.closed_by = at, by
    draft.save(update_fields=["state", "reason", "message", "closed_at", "closed_by"])
    _withdraw(Approval.objects.filter(draft=draft), at=at)


def ask(
    ticket: Ticket, text: str, draft: Draft | None, *, html: str = "", asked_by: Employee, at: datetime
) -> Approval:
    """Put words before the deputy director; what waited on the ticket before is withdrawn."""
    _withdraw(Approval.objects.filter(ticket=ticket), at=at)
    return Approval.objects.create(ticket=ticket, draft=draft, text=text, html=html, asked_by=asked_by, asked_at=at)


def withdraw_approval(ticket: Ticket, *, at: datetime) -> None:
    """Withdraw what waits for approval on the ticket."""
    _withdraw(Approval.objects.filter(ticket=ticket), at=at)


def ask_again(ticket: Ticket, *, withdrawn_at: datetime) -> None:
    """Undo the withdrawing of that instant."""
    withdrawn = Approval.objects.filter(ticket=ticket, state=Approval.State.WITHDRAWN, decided_at=withdrawn_at)
    withdrawn.update(state=Approval.State.WAITING, decided_at=None)


def _withdraw(approvals: QuerySet[Approval], *, at: datetime) -> None:
    waiting = approvals.filter(state=Approval.State.WAITING)
    waiting.update(state=Approval.State.WITHDRAWN, decided_at=at)


def reopen(draft: Draft, state: str) -> None:
    """Undo the closing of a draft."""
    draft.state, draft.message, draft.reason, draft.closed_at, draft.closed_by = state, None, "", None, None
    draft.save(update_fields=["state", "message", "reason", "closed_at", "closed_by"])


def lay_aside(ticket: Ticket, *, at: datetime) -> None:
    """Close the ticket's open draft: the client has an answer without it, or needs none."""
    Draft.objects.filter(ticket=ticket, state__in=Draft.OPEN).update(state=State.LAID_ASIDE, closed_at=at)
    _withdraw(Approval.objects.filter(ticket=ticket), at=at)

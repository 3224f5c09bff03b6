"""The facts of drafts and of forwarding, ready for their templates."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from directory.models import CompetenceOrder, Desk, Employee, Topic, User
from directory.queries import Asked
from sla.explanations import explanation
from sla.models import Deadline, Kind
from sla.queries import calendar_of, deadlines_of, policies_at
from sla.terms import Start, shipped_promise, start_for, term
from sla.words import Fuse, day_words, fuse, moment
from tickets.differences import Piece, difference
from tickets.models import Draft, Message, Ticket
from tickets.queries import first_unanswered, last_from_client

State = Draft.State


@dataclass(frozen=True)
class Expected:
    """What forwarding now would lead to; `promised_for` is proposed, `told_for` is what the client knows already."""

    draft_due: datetime
    promised_for: datetime
    told_for: datetime | None


def expected(ticket: Ticket, *, at: datetime) -> Expected:
    """Return by when the draft would be due and what the client is told; a draft asked for already keeps its time."""
    calendar, policies = calendar_of(ticket.desk), policies_at(ticket.desk, at)
    opened = deadlines_of(ticket).filter(state__in=Deadline.OPEN, message=None)
    due = {one.kind: one.due_at for one in opened}
    told_for = due.get(Kind.PROMISED) if Kind.DRAFT in due else None
    draft_due, draft, send = due.get(Kind.DRAFT), policies.get((Kind.DRAFT, "")), policies.get((Kind.SEND_DRAFT, ""))
    if draft_due is None and draft is not None:
        about = first_unanswered(ticket) or last_from_client(ticket)
        started_at = start_for(draft, received_at=about.at if about else at, at=at)
        draft_due = term(draft, calendar, Start(started_at)).due_at
    draft_due = draft_due or calendar.working.close_of_business_day(at, 1)
    promised_for = told_for or (shipped_promise(draft_due, send, calendar) if send else draft_due)
    if promised_for <= at:
        promised_for = calendar.working.close_of_business_day(at, 1)
    return Expected(draft_due, promised_for, told_for)


def unit_words(desk: Desk, expert: Employee | None = None) -> str:
    """Return the unit that the interim notice names: the colleague's, or the office where none is known."""
    return (expert.unit if expert else "") or desk.office or desk.name


def order_words(order: CompetenceOrder) -> str:
    """Return which order it was: "order No. 1-3/12 of 5 September 2025"."""
    return _("order No. %(number)s of %(day)s") % {
        "number": order.number,
        "day": day_words(order.dated_on, with_year=True),
    }


def asked_words(topic: Topic, asked: Asked) -> list[str]:
    """Return why the colleague is proposed: by which order, and who is away until when.  (E-II.4b)"""
    order = asked.competent.order
    if order is None:
        return [_("No order on competence is in force.")]
    facts = {"order": order_words(order), "topic": topic}
    if asked.competent.main is None:
        return [_("By %(order)s nobody answers for “%(topic)s”: choose a colleague yourself.") % facts]
    words = [_("By %(order)s “%(topic)s” is the matter of %(name)s.") % {**facts, "name": asked.competent.main}]
    words += [_("%(name)s is away until %(day)s.") % {"name": one, "day": day_words(day)} for one, day in asked.away]
    if asked.employee is None:
        return [*words, _("Nobody stands in: choose a colleague yourself, or tell the deputy director.")]
    if asked.is_stand_in:
        words.append(_("%(name)s stands in.") % {"name": asked.employee})
    elif asked.employee != asked.competent.main:
        words.append(_("%(name)s is the substitute.") % {"name": asked.employee})
    return words


@dataclass(frozen=True)
class DraftFacts:
    """A version in the conversation. `changes` are those since the version before it."""

    draft: Draft
    title: str
    state: str
    changes: list[Piece]


def draft_facts(drafts: Iterable[Draft]) -> list[DraftFacts]:
    """Return what the conversation shows of a ticket's versions, in order: nobody's unfinished words."""
    facts, before = [], ""
    for draft in drafts:
        if draft.submitted_at is None:
            continue
        changes = difference(before, draft.text) if before and before != draft.text else []
        title = _("Draft, version %(version)d") % {"version": draft.version}
        facts.append(DraftFacts(draft, title, str(draft.get_state_display()), changes))
        before = draft.text
    return facts


@dataclass(frozen=True)
class SentFacts:
    """Whose draft a reply was; `changes` is what its sender changed."""

    words: str
    changes: list[Piece]


def sent_facts(message: Message) -> SentFacts | None:
    """Return whose words a reply of ours has, beside its sender's; None if it was no draft."""
    draft: Draft | None = getattr(message, "draft", None)
    if draft is None:
        return None
    facts = {"author": draft.author, "version": draft.version, "sender": message.author}
    if draft.text == message.reply:
        return SentFacts(_("Draft by %(author)s, version %(version)d, as it was written") % facts, [])
    words = _("Draft by %(author)s, version %(version)d, edited by %(sender)s") % facts
    return SentFacts(words, difference(draft.text, message.reply))


@dataclass(frozen=True)
class OwedDraft:
    """A draft in a list: who owes what, and by when."""

    draft: Draft
    fuse: Fuse | None
    under: str
    reason: str


def owed_drafts(drafts: Iterable[Draft], *, at: datetime) -> list[OwedDraft]:
    """Return rows for drafts read by `with_draft_facts`, the nearest due first."""
    rows = [(_nearest(one), one) for one in drafts]
    rows.sort(key=lambda row: (row[0] is None, row[0].due_at if row[0] else at, row[1].pk))
    return [_owed(draft, due, at=at) for due, draft in rows]


def _nearest(draft: Draft) -> Deadline | None:
    kind = Kind.DRAFT if draft.state == State.WRITING else Kind.SEND_DRAFT
    found: list[Deadline] = draft.ticket.open_deadlines  # type: ignore[attr-defined]
    return next((one for one in found if one.kind == kind), None)


def _owed(draft: Draft, due: Deadline | None, *, at: datetime) -> OwedDraft:
    calendar, tz = calendar_of(draft.ticket.desk), draft.ticket.desk.tz
    if draft.state == State.SUBMITTED:
        came = moment(draft.submitted_at, at, tz) if draft.submitted_at else ""
        who = draft.ticket.owner or _("the administrator")
        under = _("submitted %(when)s; waits for %(who)s") % {"when": came, "who": who}
    else:
        under = _("by %(due)s") % {"due": moment(due.due_at, at, tz)} if due else ""
    before = [one for one in draft.ticket.drafts.all() if one.version == draft.version - 1]
    returned = before[0].reason if before and before[0].state == State.RETURNED else ""
    return OwedDraft(draft, fuse(due, calendar, at) if due else None, under, returned)


def draft_due(draft: Draft, *, at: datetime) -> dict[str, object]:
    """Return the card of a draft's deadline: its fuse, its time, and why."""
    calendar = calendar_of(draft.ticket.desk)
    owed = deadlines_of(draft.ticket, kind=Kind.DRAFT).select_related("policy").order_by("-pk").first()
    if owed is None:
        return {}
    tz = calendar.working.tz
    return {
        "fuse": fuse(owed, calendar, at),
        "due": moment(owed.due_at, at, tz),
        "paragraph": owed.paragraph,
        "explanation": explanation(owed, tz),
    }


def whose_words(ticket: Ticket, draft: Draft | None, user: User) -> str:
    """Return who owes the draft."""
    if draft is None:
        return str(ticket.owner or _("nobody has taken it yet"))
    return pgettext("who owes it", "You") if draft.author.user_id == user.pk else str(draft.author)

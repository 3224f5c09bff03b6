"""The facts of a page, ready for its template: templates hold no queries and no rules."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from audit.models import Event
from directory.models import Desk, User
from sla.explanations import Reason, explanation
from sla.models import Deadline, Kind
from sla.queries import DeskCalendar, calendar_of, deadlines_of, versions_of, withdrawn_of
from sla.words import (
    Fuse,
    day_words,
    days_left_words,
    deadline_words,
    fuse,
    moment,
    paragraph_words,
    task_words,
    version_words,
    withdrawn_words,
)
from tickets.approvals import last_approval, needs_approval
from tickets.deliveries import DeliveryFacts, delivery_facts
from tickets.draft_pages import DraftFacts, SentFacts, draft_facts, order_words, sent_facts, whose_words
from tickets.file_facts import FileFacts, file_facts
from tickets.frames import host_words, picture_hosts
from tickets.models import Approval, Delivery, Draft, Message, Note, Ticket
from tickets.queries import WORDS, drafts_of, events_of, notes_of, order_of_forwarding
from tickets.words import SHOWN, event_words, files_left_words, mark_words, more_files_words


@dataclass(frozen=True)
class Status:
    """A mark in a word, with the glyph that goes with it."""

    mark: str
    word: str


@dataclass(frozen=True)
class Row:
    """A ticket in the queue."""

    ticket: Ticket
    received: str
    words: str
    status: Status
    fuse: Fuse | None
    is_new: bool
    # What stands under the fuse: what is owed, or until when the client is waited for.
    under: str


@dataclass(frozen=True)
class DeadlineFacts:
    deadline: Deadline
    name: str
    paragraph: str
    due: str
    fuse: Fuse
    explanation: list[Reason]
    is_broken: bool
    # Under which version of the term it runs, if not the present one.
    version: str
    # Breaches that were none, with who says so and why.
    withdrawn: list[str]
    may_withdraw: bool


@dataclass(frozen=True)
class Entry:
    """One thing in the conversation: `kind` is in, out, recalled, draft, note, automatic or event."""

    kind: str
    at: datetime
    when: str
    message: Message | None = None
    note: Note | None = None
    text: str = ""
    quoted: str = ""
    files: list[FileFacts] = field(default_factory=list)
    delivery: "DeliveryFacts | None" = None
    status: Status | None = None
    waits_for_answer: bool = False
    # Where its pictures would be loaded from.
    picture_hosts: list[str] = field(default_factory=list)
    # Of many files some fold; of very many some were left in the raw mail. In words.
    more_files: str = ""
    files_left: str = ""
    # Who else got the letter: everybody in To and Cc but the desk itself.
    others: str = ""
    # What somebody set in the mailbox by hand, to be taken over or not.
    seen_mark: str = ""
    # A colleague's version, or whose version a reply of ours was.
    draft: DraftFacts | None = None
    sent: SentFacts | None = None


@dataclass(frozen=True)
class NextStep:
    """The one thing to do now. `act` is what the button does: take, reply, draft, send, decide, complete, none."""

    title: str
    whose: str
    text: str
    paragraph: str
    act: str
    fuse: Fuse | None = None
    message: Message | None = None
    draft: Draft | None = None


# How long a question waits for its answer, unless one says otherwise.
ASKED_DAYS = 5
# So many files stand open below a letter, the others fold; of a container no more than so many are listed.
MOST_FILES = 10


def status_of(ticket: Ticket) -> Status:
    return Status("none" if ticket.state == Ticket.State.UNPROCESSED else ticket.state, ticket.get_state_display())


def rows(tickets: Iterable[Ticket], *, at: datetime) -> list[Row]:
    """Return rows for tickets read by `with_row_facts`."""
    return [_row(ticket, at=at) for ticket in tickets]


def _row(ticket: Ticket, *, at: datetime) -> Row:
    calendar = calendar_of(ticket.desk)
    found: list[Deadline] = ticket.open_deadlines  # type: ignore[attr-defined]
    # What burns comes before what waits.
    nearest = min(found, key=lambda one: one.state == Deadline.State.PAUSED, default=None)
    local, today = ticket.queued_at.astimezone(ticket.desk.tz), at.astimezone(ticket.desk.tz)
    is_today = local.date() == today.date()
    return Row(
        ticket=ticket,
        received=f"{local:%H:%M}" if is_today else day_words(local.date(), with_year=local.year != today.year),
        words=" ".join((ticket.words or "").split())[:WORDS],  # type: ignore[attr-defined]
        status=status_of(ticket),
        fuse=fuse(nearest, calendar, at) if nearest else None,
        is_new=ticket.state == Ticket.State.UNPROCESSED,
        under=_under(ticket, nearest),
    )


def _under(ticket: Ticket, nearest: Deadline | None) -> str:
    if nearest is not None and nearest.state == Deadline.State.PAUSED and ticket.resume_on:
        return _("until %(day)s") % {"day": day_words(ticket.resume_on)}
    return task_words(nearest.kind) if nearest else ""


def deadline_facts(ticket: Ticket, calendar: DeskCalendar, *, at: datetime) -> list[DeadlineFacts]:
    """Return the deadlines of a ticket: the open ones by due time, then the others, the latest first."""
    found = deadlines_of(ticket).select_related("policy")
    ordered = sorted(found, key=lambda one: (not one.is_open, one.due_at if one.is_open else at, -one.pk))
    versions = versions_of(ticket.desk)
    withdrawn: dict[int, list[str]] = {}
    for breach in withdrawn_of(ticket):
        withdrawn.setdefault(breach.deadline_id, []).append(withdrawn_words(breach, at=at, tz=ticket.desk.tz))
    return [
        DeadlineFacts(
            deadline=one,
            name=deadline_words(one.kind),
            paragraph=paragraph_words(one.paragraph),
            # While it is paused nothing is due: what is left counts anew later.
            due=days_left_words(one.days_left) if one.days_left else moment(one.due_at, at, calendar.working.tz),
            fuse=fuse(one, calendar, at),
            explanation=explanation(one, calendar.working.tz),
            is_broken=one.is_late(at),
            version=version_words(
                one.policy, versions.get((one.kind, one.policy.variant), []), at=at, tz=ticket.desk.tz
            ),
            withdrawn=withdrawn.get(one.pk, []),
            may_withdraw=one.breached_at is not None and not (one.state in Deadline.BURNING and one.due_at < at),
        )
        for one in ordered
    ]


def conversation(ticket: Ticket, letters: Iterable[Message], *, at: datetime) -> list[Entry]:
    """Return the letters, the notes and what happened between them, in order."""
    tz = ticket.desk.tz
    entries = [_message_entry(message, ticket.desk, at=at) for message in letters]
    entries += [Entry("note", note.at, moment(note.at, at, tz), note=note, text=note.text) for note in notes_of(ticket)]
    entries += [_draft_entry(one, ticket, at=at) for one in draft_facts(drafts_of(ticket))]
    entries += [_event_entry(event, ticket, at=at) for event in events_of(ticket).filter(verb__in=SHOWN)]
    return sorted(entries, key=lambda entry: entry.at)


def _draft_entry(facts: DraftFacts, ticket: Ticket, *, at: datetime) -> Entry:
    came = facts.draft.submitted_at
    assert came is not None  # the constraint on what was submitted
    return Entry("draft", came, moment(came, at, ticket.desk.tz), text=facts.draft.text, draft=facts)


def _message_entry(message: Message, desk: Desk, *, at: datetime) -> Entry:
    tz = desk.tz
    kinds = {Message.Kind.INCOMING.value: "in", Message.Kind.OUTGOING.value: "out"}
    delivery: Delivery | None = getattr(message, "delivery", None)
    is_ours = message.kind == Message.Kind.OUTGOING
    is_recalled = delivery is not None and delivery.state == Delivery.State.RECALLED
    visible = message.text if is_ours else message.reply or message.text
    return Entry(
        kind="recalled" if is_recalled else kinds.get(message.kind, "automatic"),
        at=message.at,
        when=moment(message.at, at, tz),
        message=message,
        text=visible,
        # What stands above the history is not said twice; between answers written into it, the whole letter is needed.
        quoted="" if is_ours else message.text.removeprefix(visible).strip(),
        files=[file_facts(one, tz) for one in message.attachments.all()],
        delivery=delivery_facts(message, delivery, tz, at=at) if delivery else None,
        status=_mark_of(message),
        waits_for_answer=any(one.kind == Kind.REPLY and one.state == "running" for one in message.deadlines.all()),
        picture_hosts=[host_words(host) for host in picture_hosts(message.html)],
        more_files=more_files_words(len(message.attachments.all()) - MOST_FILES),
        files_left=files_left_words(message.files_left),
        others=", ".join(one for one in (*message.to, *message.cc) if one.lower() != desk.address.lower()),
        seen_mark=_seen_mark(message, tz, at=at),
        sent=sent_facts(message),
    )


def _seen_mark(message: Message, tz: ZoneInfo, *, at: datetime) -> str:
    if not message.suggested_mark or message.seen_mark_at is None:
        return ""
    return mark_words(message.suggested_mark, moment(message.seen_mark_at, at, tz))


def _mark_of(message: Message) -> Status | None:
    return Status(message.mark, message.get_mark_display()) if message.kind == Message.Kind.INCOMING else None


def _event_entry(event: Event, ticket: Ticket, *, at: datetime) -> Entry:
    return Entry("event", event.at, moment(event.at, at, ticket.desk.tz), text=event_words(event, ticket.desk.tz))


# What is owed, as a thing to do, where a reply to the client does it.
TITLES = {
    Kind.REPLY: gettext_lazy("Reply to the client"),
    Kind.PROMISED: gettext_lazy("Answer by the time that the client was told"),
    Kind.PHONE_ANSWER: gettext_lazy("Give the answer promised in the call"),
}
OTHER_TITLES = {
    Kind.MARK: gettext_lazy("Take it in hand or reply"),
    Kind.DRAFT: gettext_lazy("The expert prepares a draft"),
    Kind.SEND_DRAFT: gettext_lazy("Send the draft to the client"),
    Kind.CALLBACK: gettext_lazy("Call the client back"),
    Kind.INCIDENT_NOTICE: gettext_lazy("Tell the deputy director of the incident"),
    Kind.BREACH_REPORT: gettext_lazy("Report the data breach, or record why not"),
}


def next_step(ticket: Ticket, deadlines: list[DeadlineFacts], entries: list[Entry], user: User) -> NextStep:
    """Return the one next step of the ticket, who owes it and by when.  (E-I.1)"""
    whose = _whose(ticket, user)
    ours = next((one for one in reversed(entries) if one.kind == "out"), None)
    # A reply that came after it has settled what became of an earlier one.
    undecided = ours if ours and ours.delivery and ours.delivery.asks else None
    opened = [one for one in deadlines if one.deadline.is_open]
    burning = next((one for one in opened if one.deadline.state in Deadline.BURNING), None)
    if ticket.merged_into is not None:
        words = _("Its messages and deadlines are on %(number)s now.") % {"number": ticket.merged_into.number}
        return NextStep(_("Nothing to do: this ticket was joined to another"), whose, words, "", "unjoin")
    if ticket.state == Ticket.State.JUNK:
        words = _("Its deadlines are cancelled; they run again if you bring it back.")
        return NextStep(_("Nothing to do: this is junk"), whose, words, "", "unjunk")
    if undecided is not None and undecided.delivery is not None and ticket.is_open:
        due = burning or next(iter(opened), None)
        paragraph, burns = (due.paragraph, due.fuse) if due else ("", None)
        title = _("Decide what becomes of the reply")
        return NextStep(title, whose, undecided.delivery.words, paragraph, "decide", burns, undecided.message)
    waits = last_approval(ticket) if ticket.is_open and needs_approval(ticket) else None
    if waits is not None and waits.state == Approval.State.WAITING:
        return _approval_step(burning)
    if burning is not None and burning.deadline.kind in (Kind.DRAFT, Kind.SEND_DRAFT):
        return _draft_step(ticket, burning, whose, user)
    if burning is not None:
        is_new = ticket.state == Ticket.State.UNPROCESSED or burning.deadline.kind == Kind.MARK
        return _owed(burning, whose, is_new=is_new)
    if ticket.resume_on is not None:
        return _waiting(ticket.resume_on, next(iter(opened), None))
    if ticket.is_open:
        words = _("Every message of the client has its answer.")
        return NextStep(_("Complete the ticket"), whose, words, "", "complete")
    words = _("If the client writes again, it comes back into the queue.")
    return NextStep(_("Nothing to do: the ticket is complete"), whose, words, "", "none")


def _whose(ticket: Ticket, user: User) -> str:
    if ticket.owner is None:
        return _("nobody has taken it yet")
    return pgettext("who owes it", "You") if ticket.owner.user_id == user.pk else str(ticket.owner)


def _waiting(resume_on: date, paused: DeadlineFacts | None) -> NextStep:
    title = _("Wait for the client until %(day)s") % {"day": day_words(resume_on)}
    words = _("The client was asked. The answer brings the ticket back, or the date if there is none.")
    paragraph, burns = (paused.paragraph, paused.fuse) if paused else ("", None)
    return NextStep(title, pgettext("who owes it", "the client"), words, paragraph, "none", burns)


def _owed(due: DeadlineFacts, whose: str, *, is_new: bool) -> NextStep:
    text = (_("It was due %(due)s.") if due.is_broken else _("By %(due)s.")) % {"due": due.due}
    kind = Kind(due.deadline.kind)
    if due.deadline.state == Deadline.State.ANSWERING:
        return NextStep(_("The reply is being sent"), whose, text, due.paragraph, "none", due.fuse)
    if is_new and kind in (Kind.MARK, Kind.REPLY):
        return NextStep(str(OTHER_TITLES[Kind.MARK]), whose, text, due.paragraph, "take", due.fuse)
    if kind in TITLES:
        return NextStep(str(TITLES[kind]), whose, text, due.paragraph, "reply", due.fuse)
    return NextStep(str(OTHER_TITLES[kind]), whose, text, due.paragraph, "none", due.fuse)


def _approval_step(due: DeadlineFacts | None) -> NextStep:
    title, whose = _("Approve the answer"), pgettext("who owes it", "the deputy director")
    text = (_("It was due %(due)s.") if due.is_broken else _("By %(due)s.")) % {"due": due.due} if due else ""
    return NextStep(title, whose, text, due.paragraph if due else "", "approve", due.fuse if due else None)


def _draft_step(ticket: Ticket, due: DeadlineFacts, whose: str, user: User) -> NextStep:
    """Return the step of a forwarded ticket: the colleague writes, or the administrator sends."""
    text = (_("It was due %(due)s.") if due.is_broken else _("By %(due)s.")) % {"due": due.due}
    title = str(OTHER_TITLES[Kind(due.deadline.kind)])
    if due.deadline.state == Deadline.State.ANSWERING:
        return NextStep(_("The reply is being sent"), whose, text, due.paragraph, "none", due.fuse)
    draft = next((one for one in drafts_of(ticket) if one.is_open), None)
    if due.deadline.kind == Kind.SEND_DRAFT:
        act = "send" if draft is not None and draft.state == Draft.State.SUBMITTED else "reply"
        return NextStep(title, whose, text, due.paragraph, act, due.fuse, draft=draft)
    if draft is None:
        title = _("Ask another colleague, or answer yourself")
        return NextStep(title, whose, text, due.paragraph, "forward", due.fuse)
    if draft.author.user_id == user.pk:
        title = _("Write the draft")
    return NextStep(title, whose_words(ticket, draft, user), text, due.paragraph, "draft", due.fuse, draft=draft)


def resume_default(ticket: Ticket, *, at: datetime) -> date:
    """Return the day proposed for a question's return: five business days ahead."""
    closes = calendar_of(ticket.desk).working.close_of_business_day(at, ASKED_DAYS)
    return (closes - timedelta(microseconds=1)).astimezone(ticket.desk.tz).date()


def promise_default(ticket: Ticket, *, at: datetime) -> dict[str, object]:
    """Return what the form of a promise begins with: the close of the next business day, told just now."""
    tz = ticket.desk.tz
    due, now = calendar_of(ticket.desk).working.close_of_business_day(at, 1).astimezone(tz), at.astimezone(tz)
    return {"due_on": due.date(), "due_time": due.time(), "told_on": now.date(), "told_time": now.time()}


def facts_of(ticket: Ticket, letters: list[Message], user: User, *, at: datetime) -> dict[str, object]:
    """Return everything the ticket's page shows besides its forms."""
    calendar = calendar_of(ticket.desk)
    deadlines = deadline_facts(ticket, calendar, at=at)
    entries = conversation(ticket, letters, at=at)
    return {
        "ticket": ticket,
        "status": status_of(ticket),
        "entries": entries,
        "deadlines": deadlines,
        "step": next_step(ticket, deadlines, entries, user),
        "latest": next((one for one in reversed(entries) if one.kind == "in"), None),
        "promise": next(
            (one for one in deadlines if one.deadline.is_open and one.deadline.kind == Kind.PROMISED), None
        ),
        "owes_reply": any(one.deadline.is_open and one.deadline.kind == Kind.REPLY for one in deadlines),
        "received": moment(ticket.received_at, at, calendar.working.tz),
        "under_order": order_words(order) if (order := order_of_forwarding(ticket)) else "",
    }

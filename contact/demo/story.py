"""What becomes of one invented ticket: the steps of `tickets.actions`, told without a database.

A story runs until the instant of the load: what would come later has not happened, and the ticket stays as it is then.
Of its events those are told that the deadlines do not tell themselves: not that one was started, met or cancelled.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

from audit.verbs import Verb
from contact.demo import wording
from directory.models import Desk
from sla.models import Deadline, Kind, Policy
from sla.queries import DeskCalendar
from sla.terms import Pause, Start, Term, days_left, term
from tickets.models import Message, Ticket

State, Mark, Owes = Ticket.State, Message.Mark, Deadline.State
MAIL_TAKES = timedelta(seconds=20)


class NotYet(Exception):
    """The rest of the story lies after the instant of the load."""


@dataclass(frozen=True)
class Author:
    """A person of the office who answers."""

    employee: int
    user: int
    signature: str


@dataclass(frozen=True)
class Writer:
    """A client who writes."""

    client: int
    name: str
    address: str


@dataclass(frozen=True)
class Scene:
    """Where all stories play, and the chance that drives them."""

    desk: Desk
    calendar: DeskCalendar
    policies: dict[tuple[str, str], Policy]
    authors: Sequence[Author]
    at: datetime
    rng: Random

    def later(self, moment: datetime, minutes: float) -> datetime:
        """Return the instant so much working time after `moment`; when the desk is shut, it opens first."""
        return self.calendar.working.add(moment, timedelta(seconds=60 + int(minutes * 60)))


@dataclass(slots=True)
class Said:
    """A message; `pk` is given when it is written."""

    kind: str
    at: datetime
    subject: str
    text: str
    reply: str
    mark: str = Mark.NONE
    is_substantive: bool = False
    no_answer_reason: str = ""
    pk: int = 0


@dataclass(slots=True)
class Due:
    """A deadline; `pk` is given when it is written."""

    policy: Policy
    message: Said | None
    start: Start
    term: Term
    first_due_at: datetime
    state: str = Owes.RUNNING
    answer: Said | None = None
    met_at: datetime | None = None
    cancelled_at: datetime | None = None
    cancel_reason: str = ""
    breached_at: datetime | None = None
    paused_at: datetime | None = None
    days_left: int | None = None
    pk: int = 0

    @property
    def kind(self) -> str:
        return self.policy.kind

    @property
    def is_open(self) -> bool:
        return self.state in Deadline.OPEN


@dataclass(slots=True)
class Happened:
    """An event; its target is the ticket where there is no other."""

    at: datetime
    verb: Verb
    by: int | None
    target: Any
    data: dict[str, Any]


@dataclass
class Story:
    """A ticket and what hangs on it. `tell` plays it."""

    scene: Scene
    received_at: datetime
    writer: Writer
    author: Author
    subject: str = ""
    state: str = State.UNPROCESSED
    owner: int | None = None
    queued_at: datetime | None = None
    completed_at: datetime | None = None
    resume_on: date | None = None
    messages: list[Said] = field(default_factory=list)
    dues: list[Due] = field(default_factory=list)
    notes: list[tuple[datetime, str]] = field(default_factory=list)
    events: list[Happened] = field(default_factory=list)

    def tell(self) -> "Story":
        """Play the ticket up to the instant of the load."""
        with suppress(NotYet):
            self._play()
        for due in self.dues:
            if due.state == Owes.RUNNING:
                self._breach_if_late(due, self.scene.at)
        return self

    # --- What is told -------------------------------------------------------------------------------------------------

    def _play(self) -> None:
        rng, way = self.scene.rng, self.scene.rng.random()
        if way < 0.04:
            self.subject = rng.choice(wording.JUNK)
            self.write(self.received_at, self.subject)
            return self.junk(self._handled())
        self.subject, trouble, cure = rng.choice(wording.MATTERS)
        self.subject += wording.filled(rng.choices(wording.WHERE, (60, 10, 10, 10, 10))[0], rng)
        self.write(self.received_at, trouble)
        if way < 0.09:
            return self.need_no_answer(self._handled())
        moment = self._handled()
        if way < 0.18:
            moment = self._asked(moment)
        elif way < 0.23:
            self.promise(moment, self.scene.calendar.working.close_of_business_day(moment, 2))
        elif way < 0.35:
            self.write(max(moment, self.received_at + timedelta(minutes=20)), wording.FURTHER[2])
            moment = self._handled()
        if way < 0.75:
            self.take(moment)
            moment = self._answered(moment)
        self.answer(moment, cure)
        self._after_the_answer(cure)
        return None

    def _after_the_answer(self, cure: str) -> None:
        rng, moment = self.scene.rng, self.messages[-1].at
        if rng.random() < 0.04:
            self.write_automatically(moment + timedelta(minutes=2))
        way = rng.random()
        if way < 0.37:
            moment += timedelta(minutes=rng.randrange(5, 3000))
            self.write(moment, rng.choice(wording.THANKS))
            self.need_no_answer(self._handled())
        elif way < 0.62:
            moment += timedelta(minutes=rng.randrange(20, 6000))
            self.write(moment, rng.choice(wording.FURTHER))
            moment = self._handled()
            self.take(moment)
            self.answer(self._answered(moment), cure)

    def _asked(self, moment: datetime) -> datetime:
        """Ask the client; return when the work goes on."""
        rng, tz = self.scene.rng, self.scene.desk.tz
        resume_on = moment.astimezone(tz).date() + timedelta(days=rng.choice((3, 5, 7, 10)))
        self.ask(moment, rng.choice(wording.QUESTIONS), resume_on)
        comes_back = datetime.combine(resume_on, time(), tz)
        written = moment + timedelta(minutes=rng.randrange(60, 9000))
        if written < comes_back:
            self.write(written, wording.filled(rng.choice(wording.ANSWERS), rng))
        else:
            self.resume(comes_back)
            written = comes_back
        return self.scene.later(written, 5 + 25 * rng.random())

    def _handled(self) -> datetime:
        """Return when somebody first looks at the last message: nearly always within the hour."""
        rng = self.scene.rng
        minutes = rng.uniform(60, 200) if rng.random() < 0.03 else min(rng.expovariate(1 / 14), 55)
        return self.scene.later(self.messages[-1].at, minutes)

    def _answered(self, moment: datetime) -> datetime:
        """Return when the answer is written: most in a few hours, a few too late, lately some more."""
        rng = self.scene.rng
        slow = 0.15 if self.scene.at - self.received_at < timedelta(days=3) else 0.03
        minutes = min(rng.lognormvariate(4.5, 0.9), 480)
        return self.scene.later(moment, minutes + (rng.uniform(500, 1800) if rng.random() < slow else 0))

    # --- What is done, as the actions of tickets and sla do it ----------------------------------------------------------

    def write(self, at: datetime, body: str) -> None:
        """The client writes: a ticket opens, is opened again or goes on."""
        self._now(at)
        text = wording.letter(body, self.writer.name, self.scene.rng)
        message = Said(Message.Kind.INCOMING, at, self.subject, text, text)
        self.messages.append(message)
        if self.queued_at is None:
            self.queued_at = at
            self._record(at, Verb.TICKET_OPENED, None, channel="email")
        self._received(message)
        if self.state == State.WAITING:
            self.resume(at)
        elif self.state == State.COMPLETE:
            self.state, self.queued_at, self.completed_at = State.INCOMPLETE, at, None
            self._record(at, Verb.TICKET_REOPENED, None, state=[State.COMPLETE, State.INCOMPLETE])
        for kind in (Kind.MARK, Kind.REPLY):
            self._start(kind, Start(at), message)

    def write_automatically(self, at: datetime) -> None:
        self._now(at)
        subject = f"Automātiska atbilde: {self.subject}"
        kind, text = Message.Kind.AUTOMATIC, wording.AUTOMATIC
        self.messages.append(Said(kind, at, subject, text, text, Mark.COMPLETE))
        self._received(self.messages[-1])

    def take(self, at: datetime) -> None:
        self._now(at)
        self._handle(at)
        if self.scene.rng.random() < 0.1:
            self.notes.append((at, self.scene.rng.choice(wording.NOTES)))

    def ask(self, at: datetime, question: str, resume_on: date) -> None:
        self._now(at + MAIL_TAKES)
        self._send(at, question)
        for due in self._open(Kind.REPLY):
            self._breach_if_late(due, at)
            due.days_left = days_left(self.scene.calendar, due.term.due_at, at)
            due.state, due.paused_at = Owes.PAUSED, at
            self._record(at, Verb.DEADLINE_PAUSED, self.author.user, due, kind=due.kind, days_left=due.days_left)
        self.state, self.resume_on = State.WAITING, resume_on
        self._record(at, Verb.TICKET_PAUSED, self.author.user, resume_on=[None, resume_on.isoformat()])

    def resume(self, at: datetime) -> None:
        self._now(at)
        for due in self.dues:
            if due.state == Owes.PAUSED:
                assert due.paused_at is not None and due.days_left is not None
                pause = Pause(due.paused_at, due.days_left, at)
                due.start = Start(due.start.at, due.start.promised_for, (*due.start.pauses, pause))
                due.term = term(due.policy, self.scene.calendar, due.start)
                due.state, due.paused_at, due.days_left = Owes.RUNNING, None, None
                self._record(at, Verb.DEADLINE_RESUMED, None, due, kind=due.kind, due_at=due.term.due_at.isoformat())
        self.state, self.resume_on = State.INCOMPLETE, None
        self._record(at, Verb.TICKET_RESUMED, None, resumed_at=at.isoformat())

    def promise(self, at: datetime, due_at: datetime) -> None:
        self._now(at)
        self._handle(at)
        self._start(Kind.PROMISED, Start(at, due_at), None)
        facts = {"due_at": [due_at.isoformat()], "told": wording.TOLD, "told_at": at.isoformat()}
        self._record(at, Verb.PROMISE_MADE, self.author.user, **facts)

    def answer(self, at: datetime, cure: str) -> None:
        self._now(at + MAIL_TAKES)
        sent = self._send(at, cure, is_substantive=True)
        for kind in (Kind.REPLY, Kind.PROMISED):
            self._meet(kind, at, sent)
        self._complete(at + MAIL_TAKES)

    def need_no_answer(self, at: datetime) -> None:
        self._now(at)
        message = self.messages[-1]
        message.no_answer_reason = self.scene.rng.choice(wording.NOT_NEEDED)
        self._handle(at)
        self._cancel(Deadline.CancelReason.NOT_NEEDED, at)
        self._record(at, Verb.ANSWER_NOT_NEEDED, self.author.user, message, reason=message.no_answer_reason)
        self._complete(at)

    def junk(self, at: datetime) -> None:
        self._now(at)
        self._cancel(Deadline.CancelReason.JUNK, at)
        before, self.state = self.state, State.JUNK
        self._record(at, Verb.TICKET_JUNKED, self.author.user, state=[before, State.JUNK])

    # --- The parts ------------------------------------------------------------------------------------------------------

    def _now(self, at: datetime) -> None:
        if at > self.scene.at:
            raise NotYet

    def _received(self, message: Said) -> None:
        facts = {"received_at": message.at.isoformat(), "kind": message.kind}
        self._record(message.at, Verb.MESSAGE_RECEIVED, None, message, **facts)

    def _handle(self, at: datetime) -> None:
        if self.owner is None:
            self.owner = self.author.employee
            self._record(at, Verb.TICKET_TAKEN, self.author.user, owner=[None, self.owner])
        for message in self.messages:
            message.mark = Mark.INCOMPLETE if message.mark == Mark.NONE else message.mark
        self._meet(Kind.MARK, at, None)
        self.state = State.INCOMPLETE if self.state == State.UNPROCESSED else self.state

    def _send(self, at: datetime, body: str, *, is_substantive: bool = False) -> Said:
        text = wording.answer(body)
        signed = f"{text}\n\n{self.author.signature}\n"
        sent = Said(Message.Kind.OUTGOING, at, f"Re: {self.subject}", signed, text, Mark.COMPLETE, is_substantive)
        self.messages.append(sent)
        self._record(at, Verb.REPLY_QUEUED, self.author.user, sent, is_substantive=is_substantive)
        self._handle(at)
        self._record(at + MAIL_TAKES, Verb.REPLY_ACCEPTED, None, sent)
        return sent

    def _complete(self, at: datetime) -> None:
        for message in self.messages:
            message.mark = Mark.COMPLETE
        self.state, self.completed_at = State.COMPLETE, at
        self._record(at, Verb.TICKET_COMPLETED, self.author.user)

    def _start(self, kind: str, start: Start, message: Said | None) -> None:
        policy = self.scene.policies.get((kind, ""))
        if policy is not None:
            found = term(policy, self.scene.calendar, start)
            self.dues.append(Due(policy, message, start, found, found.due_at))

    def _open(self, kind: str) -> Iterator[Due]:
        return (due for due in self.dues if due.kind == kind and due.is_open)

    def _meet(self, kind: str, at: datetime, answer: Said | None) -> None:
        for due in self._open(kind):
            self._breach_if_late(due, at)
            due.state, due.met_at, due.answer, due.paused_at, due.days_left = Owes.MET, at, answer, None, None

    def _cancel(self, reason: str, at: datetime) -> None:
        for due in self.dues:
            if due.is_open:
                self._breach_if_late(due, at)
                due.state, due.cancelled_at, due.cancel_reason = Owes.CANCELLED, at, reason
                due.paused_at = due.days_left = None

    def _breach_if_late(self, due: Due, at: datetime) -> None:
        due_at = due.term.due_at
        if due.state in Deadline.BURNING and due.breached_at is None and due_at < at:
            due.breached_at = due_at
            facts = {"kind": due.kind, "noticed_at": due_at.isoformat()}
            self._record(due_at, Verb.DEADLINE_BREACHED, None, due, **facts)

    def _record(self, at: datetime, verb: Verb, by: int | None, target: Any = None, **data: Any) -> None:
        self.events.append(Happened(at, verb, by, target, data))

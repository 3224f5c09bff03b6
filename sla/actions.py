"""Every write on deadlines. Policies and calendars are changed in `sla.settings`."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import BooleanField, DateTimeField, Exists, F, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL

from audit.actions import record_many
from audit.verbs import Verb
from directory.models import Employee, User
from helpdesk.rows import update_rows
from sla.models import Deadline, Kind, Policy
from sla.queries import DeskCalendar, calendar_of, policies_at
from sla.terms import Pause, Start, Term, days_left, start_of, term

if TYPE_CHECKING:
    from tickets.models import Message, Ticket

State = Deadline.State
# What `schedule` writes.
TERM = ("due_at", "first_due_at", "steps", "warn_at", "warnings")
# What a reply changes of a deadline, and taking it back restores.
REMEMBERED = ("id", "kind", "state", "answering_at", "paused_at", "days_left", "met_at", "answer_id", *TERM)
# What telling of a breach needs to know of it.
TOLD = ("desk_id", "ticket_id", "owner_id", "expert_id", "policy_id", "kind", "breached_at")
# The states stand in the query's text: SQLite takes the partial index only where it can read its condition there.
IS_BURNING = RawSQL(""" "sla_deadline"."state" IN ('running', 'answering') """, (), output_field=BooleanField())


@dataclass(frozen=True)
class Owed:
    """What a deadline is started for: by whom it is owed besides the ticket's owner, and what it was promised for."""

    kind: str
    variant: str = ""
    message: "Message | None" = None
    expert: Employee | None = None
    promised_for: datetime | None = None


def start_deadlines(
    message: "Message", kinds: Collection[str], *, received_at: datetime, at: datetime
) -> list[Deadline]:
    """Start the desk's deadlines of `kinds` for a client's message; those already there stay as they are."""
    there = set(Deadline.objects.filter(message=message).values_list("kind", flat=True))
    owed = [Owed(kind, message=message) for kind in kinds if kind not in there]
    return start(message.ticket, owed, started_at=received_at, at=at)


def start(ticket: "Ticket", owed: Iterable[Owed], *, started_at: datetime, at: datetime) -> list[Deadline]:
    """Start deadlines under the versions of the policies in force at `started_at`; kinds without a policy are left out.

    One found late, after downtime, has no warnings: it breaches once.
    """
    drawn = draw_up(ticket, owed, policies_at(ticket.desk, started_at), started_at=started_at, at=at)
    return save_started(drawn, at=at)


def draw_up(
    ticket: "Ticket",
    owed: Iterable[Owed],
    policies: Mapping[tuple[str, str], Policy],
    *,
    started_at: datetime,
    at: datetime,
) -> list[Deadline]:
    """Return the deadlines that `start` saves, unsaved; `policies` are those in force at `started_at`."""
    calendar, drawn = calendar_of(ticket.desk), []
    for one in owed:
        policy = policies.get((one.kind, one.variant)) or policies.get((one.kind, ""))
        if policy is not None:
            due = term(policy, calendar, Start(started_at, one.promised_for))
            deadline = Deadline(desk=ticket.desk, ticket=ticket, message=one.message, owner=ticket.owner)
            deadline.expert, deadline.policy, deadline.kind = one.expert, policy, one.kind
            deadline.paragraph, deadline.started_at = policy.paragraph, started_at
            schedule(deadline, due, at=at)
            drawn.append(deadline)
    return drawn


def save_started(drawn: list[Deadline], *, at: datetime) -> list[Deadline]:
    """Save what was drawn up, of any number of tickets, with an event each."""
    started = Deadline.objects.bulk_create(drawn)
    facts = [(one, at, {"kind": one.kind, "due_at": one.due_at.isoformat()}) for one in started]
    record_many(facts, Verb.DEADLINE_STARTED, by=None)
    return started


def schedule(deadline: Deadline, due: Term, *, at: datetime) -> None:
    """Put a term's instants and steps into the row, with the warnings that are still to come; the caller saves it."""
    deadline.due_at, deadline.first_due_at, deadline.steps = due.due_at, due.first_due_at, due.steps
    coming = due.warnings if due.due_at >= at else []
    set_warnings(deadline, [[when.isoformat(), tell] for when, tell in coming])


def set_warnings(deadline: Deadline, warnings: list[list[object]]) -> None:
    deadline.warnings = warnings
    deadline.warn_at = datetime.fromisoformat(str(warnings[0][0])) if warnings else None


@transaction.atomic
def meet_deadlines(
    deadlines: QuerySet[Deadline],
    *,
    met_at: datetime,
    answer: "Message | None" = None,
    by: User | None,
    at: datetime,
) -> list[Deadline]:
    """Meet the open ones among `deadlines`, dated `met_at`; one met after its due time is breached first, at due.

    What `answer` met runs again if it comes back, whichever reply it had waited for before.
    """
    found = _locked(deadlines)
    _breach_late(found, at=met_at)
    for deadline in found:
        deadline.state, deadline.met_at = State.MET, max(met_at, deadline.started_at)
        deadline.answering_at = deadline.paused_at = deadline.days_left = None
        deadline.answer = answer or deadline.answer
    _save(found, "met_at", "answer")
    facts = [(one, at, {"kind": one.kind, "met_at": one.met_at.isoformat()}) for one in found if one.met_at]
    record_many(facts, Verb.DEADLINE_MET, by=by)
    return found


@transaction.atomic
def hold_for_sending(deadlines: QuerySet[Deadline], answer: "Message", *, at: datetime) -> list[Deadline]:
    """Note that `answer` is on its way: state *answering*. What is late already is breached now, at due.

    The pause of a paused one ends: should the answer be refused, the days left count from now.
    """
    waiting = _locked(deadlines.select_related("policy"))
    found = [one for one in waiting if one.state in (State.RUNNING, State.PAUSED)]
    calendar = calendar_of(answer.ticket.desk)
    _breach_late(found, at=at)
    for deadline in found:
        if deadline.state == State.PAUSED:
            _run_on(deadline, calendar, resumed_at=at, at=at)
        deadline.state, deadline.answering_at, deadline.answer = State.ANSWERING, at, answer
    _save(found, "answer", *TERM)
    return found


@transaction.atomic
def release_from_sending(answer: "Message", *, at: datetime) -> list[Deadline]:
    """Let the deadlines run again that waited for `answer`, refused for good; what is past due is breached, at due.

    Those that it met run again too: a hard bounce shows that the answer never arrived. A promise that it met stays
    met if another was made since: that one is owed now.
    """
    held = Deadline.objects.filter(answer=answer, state__in=[State.ANSWERING, State.MET])
    found = list(held.exclude(_followed(), message=None).select_for_update(of=("self",)).order_by("pk"))
    for deadline in found:
        deadline.state, deadline.answering_at, deadline.met_at = State.RUNNING, None, None
        deadline.owner_id = answer.ticket.owner_id
    _save(found, "met_at", "owner")
    _breach_late(found, at=at)
    record_many([(one, at, {"kind": one.kind}) for one in found], Verb.DEADLINE_RESUMED, by=None)
    return found


@transaction.atomic
def cancel_deadlines(deadlines: QuerySet[Deadline], reason: str, *, by: User | None, at: datetime) -> list[Deadline]:
    """Cancel the open ones among `deadlines`; one that was due before is breached first, and stays so."""
    found = _locked(deadlines)
    _breach_late(found, at=at)
    for deadline in found:
        deadline.state, deadline.cancelled_at, deadline.cancel_reason = State.CANCELLED, at, reason
        deadline.answering_at = deadline.paused_at = deadline.days_left = None
    _save(found, "cancelled_at", "cancel_reason")
    record_many([(one, at, {"kind": one.kind, "reason": reason}) for one in found], Verb.DEADLINE_CANCELLED, by=by)
    return found


@transaction.atomic
def restore_deadlines(deadlines: QuerySet[Deadline], reason: str, *, by: User | None, at: datetime) -> list[Deadline]:
    """Undo a cancelling for `reason`: those deadlines run again to their original due time."""
    cancelled = deadlines.filter(state=State.CANCELLED, cancel_reason=reason)
    found = list(cancelled.select_for_update().order_by("pk"))
    for deadline in found:
        deadline.state, deadline.cancelled_at, deadline.cancel_reason = State.RUNNING, None, ""
    _save(found, "cancelled_at", "cancel_reason")
    _breach_late(found, at=at)
    record_many([(one, at, {"kind": one.kind}) for one in found], Verb.DEADLINE_RESUMED, by=by)
    return found


@transaction.atomic
def reopen_deadlines(deadlines: QuerySet[Deadline], *, by: User | None, at: datetime) -> list[Deadline]:
    """Undo a meeting: the met ones among `deadlines` run again to their original due time.  (E-II.4e)"""
    found = list(deadlines.filter(state=State.MET).select_for_update(of=("self",)).order_by("pk"))
    for deadline in found:
        deadline.state, deadline.met_at = State.RUNNING, None
    _save(found, "met_at")
    _breach_late(found, at=at)
    record_many([(one, at, {"kind": one.kind}) for one in found], Verb.DEADLINE_RESUMED, by=by)
    return found


@transaction.atomic
def pause_deadlines(ticket: "Ticket", *, by: User | None, at: datetime) -> list[Deadline]:
    """Stop the ticket's deadlines that may pause while the client is asked; what is late is breached first, at due.

    What is left is whole business days, at least one. A breach before the pause stays.
    """
    found = [one for one in _locked(_of(ticket)) if one.state == State.RUNNING and one.policy.may_pause]
    calendar = calendar_of(ticket.desk)
    _breach_late(found, at=at)
    for deadline in found:
        deadline.days_left = days_left(calendar, deadline.due_at, at)
        deadline.state, deadline.paused_at = State.PAUSED, at
        set_warnings(deadline, [])
    _save(found, "warn_at", "warnings")
    facts = [(one, at, {"kind": one.kind, "days_left": one.days_left}) for one in found]
    record_many(facts, Verb.DEADLINE_PAUSED, by=by)
    return found


@transaction.atomic
def resume_deadlines(ticket: "Ticket", *, resumed_at: datetime, by: User | None, at: datetime) -> list[Deadline]:
    """Let the ticket's paused deadlines run again: the days left count from the day after `resumed_at`."""
    found = [one for one in _locked(_of(ticket)) if one.state == State.PAUSED]
    calendar = calendar_of(ticket.desk)
    for deadline in found:
        _run_on(deadline, calendar, resumed_at=resumed_at, at=at)
    _save(found, *TERM)
    _breach_late(found, at=at)
    facts = [(one, at, {"kind": one.kind, "due_at": one.due_at.isoformat()}) for one in found]
    record_many(facts, Verb.DEADLINE_RESUMED, by=by)
    return found


def _run_on(deadline: Deadline, calendar: DeskCalendar, *, resumed_at: datetime, at: datetime) -> None:
    """End the pause of a deadline; the caller saves it."""
    assert deadline.paused_at is not None and deadline.days_left is not None
    before = start_of(deadline)
    pause = Pause(deadline.paused_at, deadline.days_left, max(resumed_at, deadline.paused_at))
    due = term(deadline.policy, calendar, Start(before.at, before.promised_for, (*before.pauses, pause)))
    deadline.state, deadline.paused_at, deadline.days_left = State.RUNNING, None, None
    schedule(deadline, due, at=at)


def remember(ticket: "Ticket") -> list[dict[str, Any]]:
    """Return the ticket's running and paused deadlines as they are, in values of JSON, for `put_back`."""
    rows = Deadline.objects.filter(ticket=ticket, state__in=[State.RUNNING, State.PAUSED]).values(*REMEMBERED)
    return [{name: _as_json(value) for name, value in row.items()} for row in rows]


@transaction.atomic
def put_back(remembered: Iterable[dict[str, Any]], *, by: User | None, at: datetime) -> list[Deadline]:
    """Put deadlines back to what was remembered of them: what changed them since is undone.

    Left alone is what was cancelled or met since by something else; a breach recorded since stays. What is past due
    by now is breached, at due.
    """
    rows = {row["id"]: row for row in remembered}
    undone = Q(state__in=Deadline.OPEN) | Q(state=State.MET, kind=Kind.MARK)
    locked = Deadline.objects.filter(undone, pk__in=rows).select_for_update(of=("self",)).order_by("pk")
    found = [
        one for one in locked if (one.state, one.due_at.isoformat()) != (rows[one.pk]["state"], rows[one.pk]["due_at"])
    ]
    for deadline in found:
        for name, value in rows[deadline.pk].items():
            setattr(deadline, name, _from_json(name, value))
        if deadline.breached_at is not None:
            set_warnings(deadline, [])
    _save(found, "met_at", "answer", *TERM)
    _breach_late(found, at=at)
    running = [(one, at, {"kind": one.kind}) for one in found if one.state == State.RUNNING]
    record_many(running, Verb.DEADLINE_RESUMED, by=by)
    paused = [(one, at, {"kind": one.kind, "days_left": one.days_left}) for one in found if one.state == State.PAUSED]
    record_many(paused, Verb.DEADLINE_PAUSED, by=by)
    return found


def _as_json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _from_json(name: str, value: Any) -> Any:
    is_instant = isinstance(Deadline._meta.get_field(name.removesuffix("_id")), DateTimeField)
    return datetime.fromisoformat(value) if is_instant and value else value


def own_deadlines(ticket: "Ticket", owner: Employee | None) -> None:
    """Hand the open deadlines of the ticket to `owner`."""
    own_deadlines_of([ticket.pk], owner)


def own_deadlines_of(tickets: Collection[int], owner: Employee | None) -> None:
    """Hand the open deadlines of these tickets (ids) to `owner`."""
    Deadline.objects.filter(ticket__in=tickets, state__in=Deadline.OPEN).update(owner=owner)


def assign_deadlines(deadlines: QuerySet[Deadline], expert: Employee | None) -> None:
    """Have the open ones among `deadlines` owed by `expert` besides the ticket's owner."""
    deadlines.filter(state__in=Deadline.OPEN).update(expert=expert)


def claim_due(*, at: datetime, batch: int = 500, is_told: bool = False) -> list[Deadline]:
    """Mark up to `batch` deadlines due before `at` as breached at their due time; return those that this call marked.

    Safe to repeat and to run many at once: claimed rows are locked, rows locked by another sweep are skipped. One
    whose answer is being sent is left alone for an hour. With `is_told` the caller tells of the breaches in the same
    transaction; otherwise they wait as untold ones.  (E-II)
    """
    with transaction.atomic():
        due = Deadline.objects.filter(IS_BURNING, Deadline.late(at), breached_at=None)
        facts = due.only(*TOLD, "due_at")  # not the steps: they are long
        claimed = list(facts.select_for_update(skip_locked=True, of=("self",)).order_by("due_at")[:batch])
        _breach(claimed, at=at, is_told=is_told)
    return claimed


def claim_warnings(*, at: datetime, batch: int = 500) -> list[tuple[Deadline, list[str]]]:
    """Take up to `batch` warnings that have come due, with whom to tell; the caller tells in the same transaction.

    Of several that came due at once only the last is told; after the breach nobody is: it says nothing new.
    """
    due = Deadline.objects.filter(state="running", warn_at__isnull=False, warn_at__lte=at).defer("steps")
    claimed = list(due.select_for_update(skip_locked=True, of=("self",)).order_by("warn_at")[:batch])
    taken: list[tuple[Deadline, list[str]]] = []
    for deadline in claimed:
        passed = [one for one in deadline.warnings if datetime.fromisoformat(one[0]) <= at]
        set_warnings(deadline, deadline.warnings[len(passed) :])
        is_near = deadline.due_at >= at and deadline.breached_at is None
        taken.append((deadline, passed[-1][1] if is_near else []))
    update_rows(Deadline, ("id", "warn_at", "warnings"), [(one.pk, one.warn_at, one.warnings) for one in claimed])
    facts = [(one, at, {"kind": one.kind, "told": tell}) for one, tell in taken if tell]
    record_many(facts, Verb.DEADLINE_WARNED, by=None)
    return taken


def claim_untold_breaches(*, batch: int = 500) -> list[Deadline]:
    """Take up to `batch` breaches that nobody has been told of; the caller tells of them in the same transaction."""
    untold = Deadline.objects.filter(breached_at__isnull=False, is_breach_told=False)
    facts = untold.only(*TOLD, "due_at")
    claimed = list(facts.select_for_update(skip_locked=True, of=("self",)).order_by("breached_at")[:batch])
    Deadline.objects.filter(pk__in=[one.pk for one in claimed]).update(is_breach_told=True)
    return claimed


def _followed() -> Exists:
    """Whether the ticket has another open deadline of the kind that hangs on no message: a later promise."""
    later = Deadline.objects.filter(ticket=OuterRef("ticket"), kind=OuterRef("kind"), message=None)
    return Exists(later.filter(state__in=Deadline.OPEN).exclude(pk=OuterRef("pk")))


def _of(ticket: "Ticket") -> QuerySet[Deadline]:
    return Deadline.objects.filter(ticket=ticket).select_related("policy")


def _locked(deadlines: QuerySet[Deadline]) -> list[Deadline]:
    return list(deadlines.filter(state__in=Deadline.OPEN).select_for_update(of=("self",)).order_by("pk"))


def _save(deadlines: list[Deadline], *fields: str) -> None:
    Deadline.objects.bulk_update(deadlines, ["state", "answering_at", "paused_at", "days_left", *fields])


def _breach_late(deadlines: list[Deadline], *, at: datetime) -> None:
    _breach([one for one in deadlines if one.state in Deadline.BURNING and one.due_at < at], at=at)


def _breach(late: list[Deadline], *, at: datetime, is_told: bool = False) -> None:
    """Record breaches dated at the deadline, not at the moment they were noticed."""
    late = [one for one in late if one.breached_at is None]
    if not late:
        return
    facts: dict[str, object] = {"breached_at": F("due_at"), "warn_at": None, "warnings": [], "is_breach_told": is_told}
    Deadline.objects.filter(pk__in=[one.pk for one in late]).update(**facts)
    for deadline in late:
        deadline.breached_at = deadline.due_at
        set_warnings(deadline, [])
    noticed_at = at.isoformat()
    breaches = [(one, one.due_at, {"kind": one.kind, "noticed_at": noticed_at}) for one in late]
    record_many(breaches, Verb.DEADLINE_BREACHED, by=None)

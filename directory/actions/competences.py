"""Topics of a desk, and the orders that say who answers for them.  (E-II.4b)"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit.actions import record
from audit.verbs import Verb
from directory.models import Competence, CompetenceOrder, Desk, Topic, User
from helpdesk.errors import DomainError


class TopicTaken(DomainError):
    code = "topic_taken"
    words = _("The desk has a topic with this code or name already.")


class OrderStartTaken(DomainError):
    code = "order_start_taken"
    words = _("Order %(number)s comes into force on that day already: change it, or choose another day.")


class OrderInForce(DomainError):
    code = "order_in_force"
    words = _("Order %(number)s is in force: enter a new order, or give this one an end date.")


class OrderEndPast(DomainError):
    code = "order_end_past"
    words = _(
        "An order can end today at the earliest, and not before it comes into force: what was decided by it stays."
    )


@dataclass(frozen=True)
class TopicFacts:
    code: str
    name: str
    description: str = ""
    needs_second_approval: bool = False
    is_retired: bool = False


@dataclass(frozen=True)
class OrderFacts:
    """An order as it is entered; `lines` gives each topic's employees by id, the main one first."""

    number: str
    dated_on: date
    valid_from: date
    valid_until: date | None
    lines: Mapping[int, tuple[int, ...]]


@transaction.atomic
def enter_topic(desk: Desk, facts: TopicFacts, *, by: User | None, at: datetime) -> Topic:
    """Add a topic to the desk. Raises TopicTaken."""
    desk = Desk.objects.select_for_update().get(pk=desk.pk)
    _check_topic(desk.topics.all(), facts)
    topic = Topic.objects.create(desk=desk, **asdict(facts))
    record(topic, Verb.TOPIC_ENTERED, by=by, at=at, **asdict(facts))
    return topic


@transaction.atomic
def change_topic(topic: Topic, facts: TopicFacts, *, by: User | None, at: datetime) -> Topic:
    """Change a topic; a no-op without changes. Raises TopicTaken."""
    desk = Desk.objects.select_for_update().get(pk=topic.desk_id)
    topic = Topic.objects.get(pk=topic.pk)
    _check_topic(desk.topics.exclude(pk=topic.pk), facts)
    changed = {name: [getattr(topic, name), new] for name, new in asdict(facts).items() if getattr(topic, name) != new}
    if not changed:
        return topic
    for name, (_old, new) in changed.items():
        setattr(topic, name, new)
    topic.save(update_fields=list(changed))
    record(topic, Verb.TOPIC_CHANGED, by=by, at=at, **changed)
    return topic


def _check_topic(others: Any, facts: TopicFacts) -> None:
    if others.filter(code=facts.code).exists() or others.filter(name=facts.name).exists():
        raise TopicTaken


@transaction.atomic
def enter_order(desk: Desk, facts: OrderFacts, *, by: User | None, at: datetime) -> CompetenceOrder:
    """Enter an order; from its first day on it supersedes the one before. Raises OrderStartTaken."""
    desk = Desk.objects.select_for_update().get(pk=desk.pk)
    _check_start(desk, facts, None)
    order = CompetenceOrder.objects.create(desk=desk, **_columns(facts))
    _write_lines(order, facts.lines)
    record(order, Verb.ORDER_ENTERED, by=by, at=at, **_raw(facts))
    return order


@transaction.atomic
def change_order(order: CompetenceOrder, facts: OrderFacts, *, by: User | None, at: datetime) -> CompetenceOrder:
    """Change an order before its first day; a no-op without changes. Raises OrderInForce, OrderStartTaken."""
    desk = Desk.objects.select_for_update().get(pk=order.desk_id)
    order = CompetenceOrder.objects.get(pk=order.pk)
    if has_begun(order, desk, at=at):
        raise OrderInForce(number=order.number)
    _check_start(desk, facts, order)
    before, after = _raw(facts_of(order)), _raw(facts)
    changed = {name: [before[name], after[name]] for name in after if before[name] != after[name]}
    if not changed:
        return order
    for name, value in _columns(facts).items():
        setattr(order, name, value)
    order.save(update_fields=list(_columns(facts)))
    order.lines.all().delete()
    _write_lines(order, facts.lines)
    record(order, Verb.ORDER_CHANGED, by=by, at=at, **changed)
    return order


@transaction.atomic
def end_order(order: CompetenceOrder, on: date, *, by: User | None, at: datetime) -> CompetenceOrder:
    """Let `on` be the order's last day; a no-op if it is. Raises OrderEndPast."""
    desk = Desk.objects.select_for_update().get(pk=order.desk_id)
    order = CompetenceOrder.objects.get(pk=order.pk)
    if order.valid_until == on:
        return order
    today = at.astimezone(desk.tz).date()
    if on < max(today, order.valid_from) or (order.valid_until is not None and order.valid_until < today):
        raise OrderEndPast
    before, order.valid_until = order.valid_until, on
    order.save(update_fields=["valid_until"])
    record(order, Verb.ORDER_ENDED, by=by, at=at, valid_until=[before and before.isoformat(), on.isoformat()])
    return order


def has_begun(order: CompetenceOrder, desk: Desk, *, at: datetime) -> bool:
    """Tell whether the order's first day has come at the desk: from then on it is not changed."""
    return order.valid_from <= at.astimezone(desk.tz).date()


def facts_of(order: CompetenceOrder) -> OrderFacts:
    """Return an order as it would be entered: for a form, or for a copy."""
    lines: dict[int, tuple[int, ...]] = {}
    for topic_id, employee_id in order.lines.order_by("topic_id", "place").values_list("topic_id", "employee_id"):
        lines[topic_id] = (*lines.get(topic_id, ()), employee_id)
    return OrderFacts(order.number, order.dated_on, order.valid_from, order.valid_until, lines)


def _check_start(desk: Desk, facts: OrderFacts, order: CompetenceOrder | None) -> None:
    same = desk.orders.filter(valid_from=facts.valid_from).exclude(pk=order.pk if order else 0).first()
    if same is not None:
        raise OrderStartTaken(number=same.number)


def _write_lines(order: CompetenceOrder, lines: Mapping[int, tuple[int, ...]]) -> None:
    Competence.objects.bulk_create(
        Competence(order=order, topic_id=topic_id, employee_id=employee_id, place=place)
        for topic_id, people in lines.items()
        for place, employee_id in enumerate(people)
    )


def _columns(facts: OrderFacts) -> dict[str, Any]:
    return {name: getattr(facts, name) for name in ("number", "dated_on", "valid_from", "valid_until")}


def _raw(facts: OrderFacts) -> dict[str, Any]:
    """Return the facts as an event keeps them: dates in ISO, lines by topic id with employee ids."""
    raw = {
        name: value if isinstance(value, str | None) else value.isoformat() for name, value in _columns(facts).items()
    }
    return {**raw, "lines": {str(topic_id): list(people) for topic_id, people in sorted(facts.lines.items()) if people}}

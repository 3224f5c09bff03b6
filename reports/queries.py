"""What is late and what is about to be."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, F, Q, QuerySet

from directory.models import User
from directory.queries import desks_where
from directory.rights import Right
from escalation.models import Alert, Notice
from sla.models import Deadline, Kind


def open_deadlines(user: User) -> QuerySet[Deadline]:
    """Return the open deadlines of the desks whose lateness `user` may see, with their tickets."""
    return (
        Deadline.objects.filter(state__in=["running", "answering"], desk__in=desks_where(user, Right.OVERDUE))
        .select_related("ticket__client", "ticket__owner", "owner", "desk__calendar")
        .order_by("due_at", "pk")
    )


def overdue(user: User, *, at: datetime) -> QuerySet[Deadline]:
    """Return what is late, the longest overdue first."""
    return open_deadlines(user).filter(Deadline.late(at))


def due_between(user: User, *, after: datetime, until: datetime) -> QuerySet[Deadline]:
    """Return what falls due after one instant, until and with another."""
    return open_deadlines(user).filter(due_at__gte=after, due_at__lte=until)


def unacknowledged(user: User, *, limit: int) -> list[tuple[Alert, list[Notice]]]:
    """Return the latest breach alerts that some recipient has not acknowledged, with everybody who was told."""
    alerts = (
        Alert.objects.filter(desk__in=desks_where(user, Right.OVERDUE), trigger=Alert.Trigger.BREACH)
        .filter(notices__acknowledged_at=None, deadline__state__in=["running", "answering"])
        .select_related("deadline", "ticket", "desk")
        .distinct()
        .order_by("-happened_at", "-pk")[:limit]
    )
    told: dict[int, list[Notice]] = defaultdict(list)
    found = list(alerts)
    for notice in Notice.objects.filter(alert__in=found).select_related("recipient__user").order_by("told_at", "pk"):
        told[notice.alert_id].append(notice)
    return [(alert, told[alert.pk]) for alert in found]


@dataclass(frozen=True)
class Kept:
    """How many deadlines of a kind were met, and how many of those in time: as they ran, and had nothing paused."""

    kind: str
    closed: int
    in_time: int
    unpaused: int


def kept_since(user: User, since: datetime) -> list[Kept]:
    """Return how the deadlines met since an instant were kept, by kind, in one query.

    A breach before a pause counts, one that was withdrawn does not. Without pauses means by `first_due_at`.
    """
    in_time = Q(breached_at=None)
    unpaused = in_time & (Q(met_at__lte=F("first_due_at")) | Q(due_at__lte=F("first_due_at")))
    met = Deadline.objects.filter(state="met", met_at__gte=since, desk__in=desks_where(user, Right.OVERDUE))
    counts = (Count("pk"), Count("pk", filter=in_time), Count("pk", filter=unpaused))
    rows = met.order_by().values("kind").annotate(closed=counts[0], in_time=counts[1], unpaused=counts[2])
    found = [Kept(*row) for row in rows.values_list("kind", "closed", "in_time", "unpaused")]
    order = list(Kind.values)
    return sorted(found, key=lambda row: order.index(row.kind))

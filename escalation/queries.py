"""Notices, by whose they are; outages, by desk."""

from collections.abc import Collection

from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404

from directory.models import Desk, Role, User
from directory.queries import desks_visible_to, is_allowed
from directory.rights import Right
from escalation.models import Alert, Notice, Outage
from sla.models import Deadline


def notices_of(user: User) -> QuerySet[Notice]:
    """Return everything that `user` was told, newest first, with what a list of them shows."""
    return (
        Notice.objects.filter(recipient__user=user)
        .select_related("alert__deadline", "alert__ticket", "alert__outage__desk", "alert__desk", "recipient")
        .select_related("alert__hand_over__giver", "alert__hand_over__taker")
        .order_by("-told_at", "-pk")
    )


def waiting() -> Q:
    """Which notices still wait for somebody: not acknowledged, and no warning of a promise since kept or broken."""
    near = Q(alert__deadline__state__in=Deadline.OPEN, alert__deadline__breached_at=None)
    return (~Q(alert__trigger=Alert.Trigger.WARNING) | near) & Q(acknowledged_at=None)


def waiting_notices(user: User) -> QuerySet[Notice]:
    """Return the notices that still wait for `user`: a warning of a promise since kept or broken waits for nobody."""
    return notices_of(user).filter(waiting())


def people_of(desk_id: int) -> dict[str, list[int]]:
    """Return who holds which role at the desk, by employee id."""
    people: dict[str, list[int]] = {}
    held = Role.objects.filter(desk_id=desk_id, employee__user__is_active=True).order_by("pk")
    for role, employee_id in held.values_list("name", "employee_id"):
        people.setdefault(role, []).append(employee_id)
    return people


def open_outage(desk: Desk, what: str) -> Outage | None:
    return Outage.objects.filter(desk=desk, what=what, ended_at=None).first()


def outages_of(desk_ids: Collection[int]) -> QuerySet[Outage]:
    """Return the outages of these desks, the latest first."""
    found = Outage.objects.filter(desk__in=desk_ids).select_related("desk", "declared_by", "ended_by")
    return found.order_by("-began_at", "-pk")


def get_outage_for(user: User, pk: int, *, to: Right = Right.READ) -> Outage:
    """Return the outage of a desk that `user` may see. Http404 if unseen, PermissionDenied if only seen."""
    desks = list(desks_visible_to(user).values_list("pk", flat=True))
    outage = outages_of(desks).filter(pk=pk).first()
    if outage is None:
        raise Http404
    if to != Right.READ and not is_allowed(user, to, outage.desk_id):
        raise PermissionDenied
    return outage


def told_of(outages: Collection[Outage]) -> dict[int, list[Notice]]:
    """Return who was told of the beginning or the end of each outage, in order, by outage id; in one query."""
    told: dict[int, list[Notice]] = {one.pk: [] for one in outages}
    notices = Notice.objects.filter(alert__outage__in=list(told)).select_related("alert", "recipient__user")
    for notice in notices.order_by("told_at", "pk"):
        assert notice.alert.outage_id is not None  # filtered above
        told[notice.alert.outage_id].append(notice)
    return told

"""Received mail and the mailboxes' checks, by name."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import or_

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Value, Window
from django.db.models.functions import Coalesce, Lag, TruncMinute

from contact.models import MailboxCheck, ReceivedMail, Reconciliation, SendingCheck
from directory.models import Desk, User
from directory.queries import desks_where
from directory.rights import Right
from tickets.models import Delivery

STATES = ("unprocessed", "history")


def mails_visible_to(user: User) -> QuerySet[ReceivedMail]:
    return ReceivedMail.objects.filter(desk__in=desks_where(user, Right.MAIL)).select_related("desk", "message__ticket")


def mails_in(user: User, state: str) -> QuerySet[ReceivedMail]:
    """Return the mails in a state that no ticket shows, the latest first."""
    return mails_visible_to(user).filter(state=state).order_by("-received_at", "-pk")


VIEWS = ("all", "linked", "unprocessed", "history", "duplicate", "junk", "sent")


def ledger_of(desk: Desk, view: str, words: str) -> QuerySet[ReceivedMail]:
    """Return the mails of a view of the desk's ledger, the latest first; `words` are looked for in who, what and id."""
    mails = ReceivedMail.objects.filter(_in_view(view), desk=desk)
    if words:
        columns = ("sender", "recipients", "subject", "letter_id")
        mails = mails.filter(reduce(or_, (Q(**{f"{column}__icontains": words}) for column in columns)))
    return mails.select_related("message__ticket").order_by("-received_at", "-pk")


def _in_view(view: str) -> Q:
    match view:
        case "junk":
            return Q(state="linked", message__ticket__state="junk")
        case "sent":
            return Q(box="sent")
        case "all":
            return Q()
        case _:
            return Q(state=view)


def before(mails: QuerySet[ReceivedMail], received_at: datetime, pk: int) -> QuerySet[ReceivedMail]:
    """Return what comes after the given mail in a list that is ordered as `ledger_of` orders it."""
    return mails.filter(Q(received_at__lt=received_at) | Q(received_at=received_at, pk__lt=pk))


def unreadable_of(desk: Desk) -> QuerySet[ReceivedMail]:
    return ReceivedMail.objects.filter(desk=desk, state="unprocessed", reason="failed")


def reconciliations_of(desk: Desk) -> QuerySet[Reconciliation]:
    """Return the comparisons of the desk's mailbox with the ledger, the latest first."""
    return Reconciliation.objects.filter(desk=desk).order_by("-asked_at", "-pk")


@dataclass(frozen=True)
class MailboxFacts:
    """When a desk's mailbox was last looked into, with what result, how many of its mails are set aside, and how many
    of its replies ask for a person."""

    desk_id: int
    checked_at: datetime | None
    error: str
    reached_at: datetime | None
    stuck: int
    asking: int


def mailboxes_of(desk_ids: Collection[int]) -> list[MailboxFacts]:
    """Return the facts of the desks' mailboxes, in one query."""
    checks = MailboxCheck.objects.filter(desk=OuterRef("pk")).order_by("-at")
    stuck = ReceivedMail.objects.filter(desk=OuterRef("pk"), state="unprocessed").order_by().values("desk")
    asking = Delivery.objects.filter(desk=OuterRef("pk"), asks_at__isnull=False).order_by().values("desk")
    rows = Desk.objects.filter(pk__in=desk_ids).values_list(
        "pk",
        Subquery(checks.values("at")[:1]),
        Coalesce(Subquery(checks.values("error")[:1]), Value("")),
        Subquery(checks.filter(error="").values("at")[:1]),
        Coalesce(Subquery(stuck.annotate(number=Count("pk")).values("number")), 0),
        Coalesce(Subquery(asking.annotate(number=Count("pk")).values("number")), 0),
    )
    return [MailboxFacts(*row) for row in rows]


@dataclass(frozen=True)
class Watched:
    """The last check of a mailbox, or of the mail server, and the last good one before or at it."""

    last: MailboxCheck | SendingCheck | None
    good_at: datetime | None


def watched(desk: Desk, checks: type[MailboxCheck] | type[SendingCheck]) -> Watched:
    rows = checks._default_manager.filter(desk=desk).order_by("-at", "-pk")
    last = rows.first()
    is_good = last is None or not last.error
    good_at = last.at if last and is_good else rows.filter(error="").values_list("at", flat=True).first()
    return Watched(last, good_at)


@dataclass(frozen=True)
class Minute:
    """How many checks of a minute were good, and how many failed."""

    at: datetime
    good: int
    failed: int


def checks_by_minute(desk: Desk, *, after: datetime) -> list[Minute]:
    """Return the mailbox's checks since `after`, a row for each minute that had one, in one aggregate query."""
    rows = MailboxCheck.objects.filter(desk=desk, at__gte=after).annotate(minute=TruncMinute("at", tzinfo=UTC))
    counted = (
        rows.order_by("minute")
        .values("minute")
        .annotate(good=Count("pk", filter=Q(error="")), failed=Count("pk", filter=~Q(error="")))
    )
    return [Minute(*row) for row in counted.values_list("minute", "good", "failed")]


def gaps_between(desk: Desk, *, after: datetime, longest: timedelta) -> list[tuple[datetime, datetime]]:
    """Return the spans since `after` in which the mailbox had no good check for longer than `longest`, the latest first.

    Each reaches from one good check to the next; the one that is still open is not among them.
    """
    before = Window(Lag("at"), order_by="at")
    good = MailboxCheck.objects.filter(desk=desk, error="", at__gte=after).annotate(before=before)
    gaps = good.filter(before__lt=F("at") - longest).order_by("-at")
    return list(gaps.values_list("before", "at"))

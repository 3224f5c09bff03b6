from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from directory.models import Desk


class Calendar(models.Model):
    """The working time of a desk. `version` grows with every change, so that what is computed may be cached."""

    desk = models.OneToOneField(Desk, models.CASCADE, related_name="calendar")
    version = models.PositiveIntegerField(default=1)
    # Years whose moved working days are known to be complete; empty where the desk does not follow moved days.
    complete_years = models.JSONField(null=True)

    def __str__(self) -> str:
        return f"{self.desk} ({self.version})"


class OpeningHours(models.Model):
    """An interval of the week when the desk works; several a day are allowed. 00:00 as `closes` is the day's end."""

    calendar = models.ForeignKey(Calendar, models.CASCADE, related_name="weekly")
    weekday = models.PositiveSmallIntegerField()
    opens = models.TimeField()
    closes = models.TimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(weekday__lte=6), name="opening_hours_weekday"),
            models.UniqueConstraint(fields=["calendar", "weekday", "opens"], name="opening_hours_once"),
        ]

    def __str__(self) -> str:
        return f"{self.weekday}: {self.opens:%H:%M}-{self.closes:%H:%M}"


class CalendarDay(models.Model):
    """A day that differs from its weekday, with the reason and the source.

    `hours` replaces the weekday's intervals: pairs of "HH:MM"; an empty list means closed. A day with
    `counts=False` is open but is no business day for terms counted in days.
    """

    class Kind(models.TextChoices):
        HOLIDAY = "holiday", _("public holiday")
        DAY_OFF = "day_off", _("day off")
        MOVED_OFF = "moved_off", _("day off, its work moved to another day")
        MOVED_ON = "moved_on", _("working day moved here")
        SHORTENED = "shortened", _("shortened day")
        CLOSURE = "closure", _("own closure")
        EXTRA = "extra", _("extra opening")

    calendar = models.ForeignKey(Calendar, models.CASCADE, related_name="days")
    on = models.DateField()
    kind = models.CharField(max_length=20, choices=Kind.choices)
    hours = models.JSONField(default=list)
    counts = models.BooleanField(default=True)
    name = models.CharField(max_length=200, blank=True)
    other_on = models.DateField(null=True)
    source = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["calendar", "on"], name="calendar_day_once")]

    def __str__(self) -> str:
        return f"{self.on} {self.kind} {self.name}"


class Unit(models.TextChoices):
    """The clock a term runs on."""

    BUSINESS_DAYS = "business_days", _("business days")
    WORKING_TIME = "working_time", _("working time")
    CLOCK_TIME = "clock_time", _("clock time")


class Kind(models.TextChoices):
    """What is owed, in the words of a queue's row."""

    MARK = "mark", _("process")
    REPLY = "reply", _("reply")
    DRAFT = "draft", _("draft")
    SEND_DRAFT = "send_draft", _("send the draft")
    PROMISED = "promised", _("promised answer")
    CALLBACK = "callback", _("call back")
    PHONE_ANSWER = "phone_answer", _("answer after the call")
    INCIDENT_NOTICE = "incident_notice", _("tell of the incident")
    BREACH_REPORT = "breach_report", _("report the data breach")


class Policy(models.Model):
    """A version of the term that a desk has set for one kind of deadline, with the paragraph it comes from.

    In force from `valid_from` until the next version's; a running deadline keeps the one that it was started under.
    `variant` tells terms of one kind apart by how the matter came ("phone"); most kinds have one, the empty variant.
    A promised time is its own term: its policy has neither days nor span.
    """

    class LateReceipt(models.TextChoices):
        """How mail that comes outside working hours is counted: the office's choice, in neither document."""

        SAME_DAY = "same_day", _("the day it came")
        NEXT_BUSINESS_DAY = "next_business_day", _("the next business day")

    class RunsFrom(models.TextChoices):
        """From when a draft's three days run: the office's choice, in neither document."""

        EVENT = "event", _("the act that starts it")
        RECEIPT = "receipt", _("the receipt of the message")

    desk = models.ForeignKey(Desk, models.CASCADE, related_name="policies")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    variant = models.CharField(max_length=20, blank=True)
    valid_from = models.DateTimeField()
    unit = models.CharField(max_length=20, choices=Unit.choices)
    days = models.PositiveSmallIntegerField(null=True)
    span = models.DurationField(null=True)
    warnings = models.JSONField(default=list)
    tell_breach = models.JSONField(default=list)
    late_receipt = models.CharField(max_length=20, choices=LateReceipt.choices, default=LateReceipt.SAME_DAY)
    runs_from = models.CharField(max_length=20, choices=RunsFrom.choices, default=RunsFrom.EVENT)
    may_pause = models.BooleanField(default=False)
    paragraph = models.CharField(max_length=100)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["desk", "kind", "variant", "valid_from"], name="policy_version_once"),
            models.CheckConstraint(
                name="policy_amount_fits_unit",
                condition=Q(kind="promised", days=None, span=None)
                | ~Q(kind="promised")
                & (
                    Q(unit=Unit.BUSINESS_DAYS, days__isnull=False, days__gte=1, span=None)
                    | Q(~Q(unit=Unit.BUSINESS_DAYS), days=None, span__isnull=False, span__gt=timedelta(0))
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.desk}: {self.kind} {self.variant} ({self.valid_from:%Y-%m-%d})"


# While a reply is being tried its deadline is left alone, but not for ever.
ANSWERING_LIMIT = timedelta(hours=1)


class Deadline(models.Model):
    """One promise: when it is due and why, and whether it was kept.

    `due_at` and `steps` come from `sla.terms`; only `sla.actions` writes here, and `sla.settings` where a calendar or a
    breach is put right. `breached_at` stands beside the state and is never cleared,
    save that a breach which a wrong calendar made moves to `WithdrawnBreach` with its reason.
    `first_due_at` is when it would have been due had it never paused. On time means at or before `due_at`.
    """

    class State(models.TextChoices):
        RUNNING = "running", _("running")
        PAUSED = "paused", _("paused")
        ANSWERING = "answering", _("being sent")
        MET = "met", _("met")
        CANCELLED = "cancelled", _("cancelled")

    class CancelReason(models.TextChoices):
        NOT_NEEDED = "not_needed", _("no answer is needed")
        JUNK = "junk", _("junk")
        REPLACED = "replaced", _("replaced by a later promise")
        MERGED = "merged", _("merged into another ticket")
        WITHDRAWN = "withdrawn", _("withdrawn")
        RETURNED = "returned", _("the draft was returned")

    OPEN = (State.RUNNING, State.PAUSED, State.ANSWERING)
    # Those that can still be broken.
    BURNING = (State.RUNNING, State.ANSWERING)

    # An index costs every breach and every start: only what is asked for has one.
    desk = models.ForeignKey(Desk, models.PROTECT, related_name="deadlines", db_index=False)
    ticket = models.ForeignKey("tickets.Ticket", models.PROTECT, related_name="deadlines")
    message = models.ForeignKey("tickets.Message", models.PROTECT, null=True, related_name="deadlines", db_index=False)
    answer = models.ForeignKey(
        "tickets.Message", models.PROTECT, null=True, related_name="answered_deadlines", db_index=False
    )
    owner = models.ForeignKey("directory.Employee", models.PROTECT, null=True, related_name="+", db_index=False)
    expert = models.ForeignKey("directory.Employee", models.PROTECT, null=True, related_name="+", db_index=False)
    policy = models.ForeignKey(Policy, models.PROTECT, related_name="deadlines", db_index=False)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    paragraph = models.CharField(max_length=100)
    state = models.CharField(max_length=20, choices=State.choices, default=State.RUNNING)
    started_at = models.DateTimeField()
    due_at = models.DateTimeField()
    first_due_at = models.DateTimeField()
    warn_at = models.DateTimeField(null=True)
    # The warnings still to come, the next first: [instant, who is told].
    warnings = models.JSONField(default=list)
    answering_at = models.DateTimeField(null=True)
    paused_at = models.DateTimeField(null=True)
    days_left = models.PositiveSmallIntegerField(null=True)
    met_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)
    cancel_reason = models.CharField(max_length=20, choices=CancelReason.choices, blank=True)
    breached_at = models.DateTimeField(null=True)
    is_breach_told = models.BooleanField(default=False)
    steps = models.JSONField(default=list)

    class Meta:
        ordering = ["due_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["message", "kind"], name="deadline_once"),
            models.UniqueConstraint(
                fields=["ticket", "kind"],
                condition=Q(message=None, state__in=["running", "paused", "answering"]),
                name="deadline_once_open",
            ),
            models.CheckConstraint(
                name="deadline_met_has_instant",
                condition=Q(state="met", met_at__isnull=False) | ~Q(state="met") & Q(met_at=None),
            ),
            models.CheckConstraint(
                name="deadline_cancelled_has_reason",
                condition=~Q(state="cancelled") | Q(cancelled_at__isnull=False) & ~Q(cancel_reason=""),
            ),
            models.CheckConstraint(
                name="deadline_paused_has_days",
                condition=Q(state="paused", paused_at__isnull=False, days_left__isnull=False, days_left__gte=1)
                | ~Q(state="paused") & Q(paused_at=None, days_left=None),
            ),
        ]
        indexes = [
            # What the sweep asks every minute; each index holds only what can still come up.
            models.Index(
                fields=["due_at"],
                name="deadline_unbreached",
                condition=Q(breached_at=None, state__in=["running", "answering"]),
            ),
            models.Index(
                fields=["warn_at"], name="deadline_unwarned", condition=Q(warn_at__isnull=False, state="running")
            ),
            models.Index(
                fields=["breached_at"],
                name="deadline_untold",
                condition=Q(breached_at__isnull=False, is_breach_told=False),
            ),
            models.Index(fields=["answer"], name="deadline_answer", condition=Q(answer__isnull=False)),
            models.Index(fields=["desk", "met_at"], name="deadline_kept", condition=Q(state="met")),
            models.Index(
                fields=["desk", "due_at"],
                name="deadline_open",
                condition=Q(state__in=["running", "paused", "answering"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.state} {self.due_at:%Y-%m-%d %H:%M}"

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN

    def is_late(self, at: datetime) -> bool:
        """Tell whether the promise is broken at `at`, swept or not; `late` says the same to the database."""
        if self.breached_at is not None:
            return True
        is_tried = self.answering_at is not None and self.answering_at > at - ANSWERING_LIMIT
        return self.state in self.BURNING and self.due_at < at and not (self.state == self.State.ANSWERING and is_tried)

    @staticmethod
    def late(at: datetime) -> Q:
        """Return what is owed and past due at `at`; one whose answer is being sent has an hour.  (E-II)"""
        tried = Q(state="answering", answering_at__gt=at - ANSWERING_LIMIT, breached_at=None)
        return Q(state__in=["running", "answering"], due_at__lt=at) & ~tried


class WithdrawnBreach(models.Model):
    """A breach that was none: the calendar was wrong. It stays to be seen, with who withdrew it and why."""

    deadline = models.ForeignKey(Deadline, models.CASCADE, related_name="withdrawn_breaches")
    breached_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField()
    by = models.ForeignKey("directory.User", models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=300)

    class Meta:
        constraints = [
            models.CheckConstraint(name="withdrawn_breach_has_reason", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        return f"{self.deadline_id} {self.breached_at:%Y-%m-%d %H:%M}: {self.reason}"


class Recalculation(models.Model):
    """A change of a calendar carried over to the open deadlines: how far it has come, so that it goes on from there.

    `last_id` is the last deadline dealt with, in order of id; those up to `until_id` were there at the change.
    """

    desk = models.ForeignKey(Desk, models.CASCADE, related_name="recalculations")
    by = models.ForeignKey("directory.User", models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    total = models.PositiveIntegerField()
    done = models.PositiveIntegerField(default=0)
    moved = models.PositiveIntegerField(default=0)
    last_id = models.BigIntegerField(default=0)
    until_id = models.BigIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["desk", "-at"], name="recalculation_latest")]

    def __str__(self) -> str:
        return f"{self.desk} {self.at:%Y-%m-%d %H:%M}: {self.done}/{self.total}"

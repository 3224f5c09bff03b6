"""The way of our letters to the client."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from directory.models import Desk
from tickets.models.tickets import Message


class Delivery(models.Model):
    """The way of one reply to the client's mail server; only `tickets.actions.delivering` writes here.

    Queued: to be tried at `try_at`; until it is *sending* its writer can take it back (*recalled*). Sending: handed to
    the mail server, outcome not yet known; a crash here leaves the row behind, to be looked for in Sent or to wait for a
    person (*unknown*), and is never sent again by itself.

    `failed` holds the recipients that it did not reach, each with the server's words. `before` is what taking it back
    restores, until it is settled. `asks_at` is since when a person is asked what becomes of it.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("queued")
        SENDING = "sending", _("being sent")
        SENT = "sent", _("accepted by the mail server")
        REFUSED = "refused", _("refused")
        GIVEN_UP = "given_up", _("given up after a day")
        UNKNOWN = "unknown", _("outcome unknown")
        BOUNCED = "bounced", _("came back undelivered")
        RECALLED = "recalled", _("taken back before it left")

    # It is not known yet whether it reaches the client.
    UNSETTLED = (State.QUEUED, State.SENDING, State.UNKNOWN)
    # It reached nobody who is a client.
    FAILED = (State.REFUSED, State.GIVEN_UP, State.BOUNCED)

    # The ticket's: the outbox finds its few rows without walking through all tickets.
    desk = models.ForeignKey(Desk, models.PROTECT, related_name="deliveries", db_index=False)
    message = models.OneToOneField(Message, models.PROTECT, related_name="delivery")
    state = models.CharField(max_length=20, choices=State.choices, default=State.QUEUED)
    queued_at = models.DateTimeField()
    try_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    sending_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)
    is_filed = models.BooleanField(default=False)
    error = models.CharField(max_length=500, blank=True)
    failed = models.JSONField(default=dict)
    before = models.JSONField(null=True)
    asks_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="delivery_queued_has_try",
                condition=Q(state="queued", try_at__isnull=False) | ~Q(state="queued") & Q(try_at=None),
            ),
        ]
        indexes = [
            models.Index(fields=["try_at"], name="delivery_queued", condition=Q(state="queued")),
            models.Index(fields=["sending_at"], name="delivery_sending", condition=Q(state="sending")),
            models.Index(
                fields=["accepted_at"],
                name="delivery_unfiled",
                condition=Q(accepted_at__isnull=False, is_filed=False),
            ),
            models.Index(fields=["desk", "asks_at"], name="delivery_asks", condition=Q(asks_at__isnull=False)),
            models.Index(
                fields=["desk", "queued_at"], name="delivery_coming", condition=Q(state__in=["queued", "sending"])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.message_id}: {self.state}"

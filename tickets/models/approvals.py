"""The deputy director's approval of what leaves to the client."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from directory.models import Employee
from tickets.models.drafts import Draft
from tickets.models.tickets import Ticket


class Approval(models.Model):
    """Words for the client that wait for approval, or had it: on topics that need it, no other words leave.

    They are a colleague's draft, or an administrator's own (`draft` is empty). `reason` says why they were returned.
    `html` is the text with its marks of form; "" where it has none.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waits for approval")
        APPROVED = "approved", _("approved")
        RETURNED = "returned", _("returned")
        WITHDRAWN = "withdrawn", _("withdrawn")

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="approvals")
    draft = models.ForeignKey(Draft, models.PROTECT, null=True, related_name="approvals")
    text = models.TextField()
    html = models.TextField(blank=True)
    state = models.CharField(max_length=20, choices=State.choices, default=State.WAITING)
    asked_by = models.ForeignKey(Employee, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    decided_by = models.ForeignKey(Employee, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=1000, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["ticket"], condition=Q(state="waiting"), name="approval_one_waits"),
            models.CheckConstraint(
                name="approval_decided_by_somebody",
                condition=~Q(state__in=["approved", "returned"])
                | Q(decided_by__isnull=False, decided_at__isnull=False),
            ),
            models.CheckConstraint(name="approval_returned_has_reason", condition=~Q(state="returned") | ~Q(reason="")),
        ]
        indexes = [models.Index(fields=["asked_at"], name="approval_waiting", condition=Q(state="waiting"))]

    def __str__(self) -> str:
        return f"{self.ticket} {self.state}"

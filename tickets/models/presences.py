"""Who has a ticket open just now."""

from django.db import models

from directory.models import Employee
from tickets.models.tickets import Ticket


class Presence(models.Model):
    """That somebody had a ticket open, and was writing on it or not; one row a person and ticket, written over and over.

    Old rows say nothing: `tickets.presence` looks at the last 45 seconds only.
    """

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="presences", db_index=False)
    employee = models.ForeignKey(Employee, models.CASCADE, related_name="+", db_index=False)
    seen_at = models.DateTimeField()
    is_writing = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ticket", "employee"], name="presence_once")]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.employee_id} {self.seen_at:%H:%M:%S}"

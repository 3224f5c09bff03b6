from typing import Any

from django.conf import settings
from django.db import models


class Event(models.Model):
    """One thing that happened: who did what to which object, when, with raw old and new values.  (S-20.3)

    Append-only: an event is never changed or deleted. `by` is empty where the system acted by itself.
    """

    at = models.DateTimeField()
    verb = models.CharField(max_length=40)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False)
    target_type = models.CharField(max_length=40)
    target_id = models.BigIntegerField(null=True)
    # Written in thousands, always beside a ticket that is there: the database need not look it up again.
    ticket = models.ForeignKey("tickets.Ticket", models.PROTECT, null=True, related_name="events", db_constraint=False)
    data = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["target_type", "target_id", "id"], name="event_target")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.verb} {self.target_type} {self.target_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise TypeError("Events are append-only.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("Events are append-only.")

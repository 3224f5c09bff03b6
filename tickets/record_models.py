"""What the office's records hold of a ticket: the numbers of its replies.

Imported by `tickets.models`, so it names the ticket and the message as strings.
"""

from django.db import models
from django.db.models import Q

from directory.models import Desk, Employee


class Registration(models.Model):
    """The number and date of a reply of ours in the office's records; only `tickets.actions.registering` writes here.

    Given before the reply is written, it waits on the `ticket` for the next one; then it belongs to the `message`.
    Numbers begin anew every year: `year` is that of `dated_on`.
    """

    desk = models.ForeignKey(Desk, models.PROTECT, related_name="registrations", db_index=False)
    ticket = models.OneToOneField("tickets.Ticket", models.PROTECT, null=True, related_name="waiting_registration")
    message = models.OneToOneField("tickets.Message", models.PROTECT, null=True, related_name="registration")
    number = models.CharField(max_length=50)
    dated_on = models.DateField()
    year = models.PositiveSmallIntegerField()
    by = models.ForeignKey(Employee, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["desk", "year", "number"], name="registration_number_once"),
            models.CheckConstraint(
                name="registration_of_one",
                condition=Q(ticket=None, message__isnull=False) | Q(ticket__isnull=False, message=None),
            ),
            models.CheckConstraint(name="registration_has_number", condition=~Q(number="")),
        ]
        indexes = [models.Index(fields=["desk", "-dated_on", "-id"], name="registration_newest")]

    def __str__(self) -> str:
        return f"{self.number}, {self.dated_on:%d.%m.%Y}"

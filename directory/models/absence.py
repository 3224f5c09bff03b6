"""Who is away, and who stands in.  (E-II.4b, E-III.4)"""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from directory.models.people import Employee


class Absence(models.Model):
    """Whole days on which an employee is away, both ends included. One employee's absences never overlap."""

    class Kind(models.TextChoices):
        VACATION = "vacation", _("vacation")
        ILLNESS = "illness", _("illness")
        TRIP = "trip", _("business trip")
        TRAINING = "training", _("training")
        OTHER = "other", _("other reason")

    employee = models.ForeignKey(Employee, models.CASCADE, related_name="absences")
    first_on = models.DateField(_("first day"))
    last_on = models.DateField(_("last day"))
    stand_in = models.ForeignKey(
        Employee, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("stand-in")
    )
    kind = models.CharField(_("reason"), max_length=20, choices=Kind.choices, default=Kind.VACATION)

    class Meta:
        verbose_name = _("absence")
        verbose_name_plural = _("absences")
        indexes = [models.Index(fields=["last_on", "first_on"], name="absence_days")]
        constraints = [
            models.CheckConstraint(name="absence_ends_after_start", condition=Q(last_on__gte=F("first_on"))),
            models.CheckConstraint(
                name="absence_stand_in_is_another", condition=Q(stand_in=None) | ~Q(stand_in=F("employee"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.employee}: {self.first_on:%d.%m.%Y}-{self.last_on:%d.%m.%Y}"

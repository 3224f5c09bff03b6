"""Whose matter what is, by the office's order on the distribution of competence.  (E-II.4b)"""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from directory.models.people import Desk, Employee


class Topic(models.Model):
    """What a ticket may be about at a desk. One that is no longer used is retired: old tickets and orders keep it."""

    desk = models.ForeignKey(Desk, models.CASCADE, related_name="topics")
    code = models.SlugField(_("code"), max_length=40)
    name = models.CharField(_("name"), max_length=150)
    description = models.CharField(_("description"), max_length=500, blank=True)
    needs_second_approval = models.BooleanField(_("a reply needs the deputy's approval as well"), default=False)
    is_retired = models.BooleanField(_("no longer used"), default=False)

    class Meta:
        verbose_name = _("topic")
        verbose_name_plural = _("topics")
        constraints = [
            models.UniqueConstraint(fields=["desk", "code"], name="topic_code_once"),
            models.UniqueConstraint(fields=["desk", "name"], name="topic_name_once"),
        ]

    def __str__(self) -> str:
        return self.name


class CompetenceOrder(models.Model):
    """An order that says who answers for which topic. The one that came into force last binds, until its end date."""

    desk = models.ForeignKey(Desk, models.CASCADE, related_name="orders")
    number = models.CharField(_("number"), max_length=50)
    dated_on = models.DateField(_("date"))
    valid_from = models.DateField(_("in force from"))
    # The last day; without one the order binds until the next comes into force.
    valid_until = models.DateField(_("in force until"), null=True, blank=True)

    class Meta:
        verbose_name = _("order on competence")
        verbose_name_plural = _("orders on competence")
        constraints = [
            # Two that begin on one day would leave open which binds.
            models.UniqueConstraint(fields=["desk", "valid_from"], name="order_start_once"),
            models.CheckConstraint(
                name="order_ends_after_start", condition=Q(valid_until=None) | Q(valid_until__gte=F("valid_from"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number}, {self.dated_on:%d.%m.%Y}"


class Competence(models.Model):
    """A line of an order: place 0 is the main employee of a topic, 1 the first substitute, and so on."""

    order = models.ForeignKey(CompetenceOrder, models.CASCADE, related_name="lines")
    topic = models.ForeignKey(Topic, models.PROTECT, related_name="+")
    employee = models.ForeignKey(Employee, models.PROTECT, related_name="competences")
    place = models.PositiveSmallIntegerField(_("place"))

    class Meta:
        verbose_name = _("competence")
        verbose_name_plural = _("competences")
        constraints = [
            models.UniqueConstraint(fields=["order", "topic", "place"], name="competence_place_once"),
            models.UniqueConstraint(fields=["order", "topic", "employee"], name="competence_employee_once"),
        ]

    def __str__(self) -> str:
        return f"{self.topic}: {self.employee}"

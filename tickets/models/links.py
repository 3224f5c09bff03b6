"""What ties tickets together, and what handing over or merging moved: rows by which it is shown and undone."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from directory.models import ClientMerge, Desk, Employee


class Link(models.Model):
    """Two tickets that belong together, each on its own; shown on both until it is undone.

    *Split*: `later` was made of messages of `earlier`. The pair stands in one order, so that it is there once.
    """

    class Kind(models.TextChoices):
        RELATED = "related", _("related")
        SPLIT = "split", _("split off")

    earlier = models.ForeignKey("tickets.Ticket", models.PROTECT, related_name="links_later")
    later = models.ForeignKey("tickets.Ticket", models.PROTECT, related_name="links_earlier")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    at = models.DateTimeField()
    by = models.ForeignKey(Employee, models.PROTECT, related_name="+")
    undone_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["earlier", "later"], condition=Q(undone_at=None), name="link_once"),
            models.CheckConstraint(name="link_in_order", condition=Q(earlier__lt=F("later"))),
        ]

    def __str__(self) -> str:
        return f"{self.earlier_id} - {self.later_id}: {self.kind}"


class HandOver(models.Model):
    """Tickets handed to a colleague at once, each with the id of who owned it before, so that it can be undone.

    `giver` is whose tickets all of them were, if it was one person's.
    """

    desk = models.ForeignKey(Desk, models.PROTECT, related_name="hand_overs")
    giver = models.ForeignKey(Employee, models.PROTECT, null=True, related_name="+")
    taker = models.ForeignKey(Employee, models.PROTECT, related_name="+")
    # {ticket's id as text: id of its owner before, or null}
    tickets = models.JSONField()
    at = models.DateTimeField()
    by = models.ForeignKey(Employee, models.PROTECT, related_name="+")
    undone_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["desk", "-at"], name="hand_over_latest")]
        constraints = [
            models.CheckConstraint(name="hand_over_of_two", condition=Q(giver=None) | ~Q(giver=F("taker"))),
        ]

    def __str__(self) -> str:
        return f"{self.giver_id} -> {self.taker_id} {self.at:%Y-%m-%d %H:%M}"


class ClientMove(models.Model):
    """The tickets, by id, that went over when two clients were merged, so that undoing brings them back."""

    merge = models.OneToOneField(ClientMerge, models.PROTECT, related_name="ticket_move")
    tickets = models.JSONField()

    def __str__(self) -> str:
        return f"{self.merge}: {len(self.tickets)}"

"""What the office keeps on record beside a ticket: the numbers of its replies, the conversations broken off.

They name the ticket and the message as strings, as they are loaded before them.
"""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

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


class BreakingOff(models.Model):
    """A conversation that was broken off; only `tickets.actions.breaking_off` writes here.  (E-I.5, S-17)

    Its `note` says who, when, and the reasons as the client was told them, and goes with it wherever notes go. `key` is
    made with the form: sending the same form twice records it once. A time agreed on is a deadline of its own.
    """

    class Rules(models.TextChoices):
        """Which rules the conversation was under: the guidelines ask for an offer, the standard does not."""

        GUIDELINES = "guidelines", _("the guidelines, section I: support of EMUS clients")
        STANDARD = "standard", _("only the client service standard, point 17")

    class Way(models.TextChoices):
        PHONE = "phone", _("by phone")
        VISIT = "visit", _("in person")
        EMAIL = "email", _("by e-mail")

    class Ground(models.TextChoices):
        """What the two documents name."""

        HOSTILE = "hostile", _("hostile")
        PROVOKING = "provoking", _("provoked a conflict")
        INSULTING = "insulting", _("made insulting remarks")
        DESTRUCTIVE = "destructive", _("let no solution be found")
        AGGRESSIVE = "aggressive", _("behaved aggressively")
        OFF_TOPIC = "off_topic", _("held us up with what is not our service")

    class Offer(models.TextChoices):
        LATER = "later", _("to talk at a later time")
        OTHER_WAY = "other_way", _("to go on in another way, by e-mail say")
        NONE = "none", _("nothing was offered")

    note = models.OneToOneField("tickets.Note", models.PROTECT, related_name="breaking_off")
    key = models.UUIDField(unique=True)
    rules = models.CharField(max_length=20, choices=Rules.choices)
    way = models.CharField(max_length=20, choices=Way.choices)
    # Codes of Ground, one at least.
    grounds = models.JSONField(default=list)
    offer = models.CharField(max_length=20, choices=Offer.choices)
    offered = models.CharField(max_length=500, blank=True)
    agreed_for = models.DateTimeField(null=True)
    is_guard_called = models.BooleanField(default=False)
    letter = models.OneToOneField("tickets.Message", models.PROTECT, null=True, related_name="breaking_off")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="breaking_off_offers",
                condition=Q(offer="none", rules="standard", offered="") | ~Q(offer="none") & ~Q(offered=""),
            ),
            models.CheckConstraint(name="breaking_off_agreed_later", condition=Q(agreed_for=None) | Q(offer="later")),
        ]

    def __str__(self) -> str:
        return f"{self.rules}: {', '.join(self.grounds)}"

    @property
    def ground_words(self) -> list[str]:
        return [str(self.Ground(one).label) for one in self.grounds]

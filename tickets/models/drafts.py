"""What a colleague is asked to write for the client."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from directory.models import CompetenceOrder, Employee
from tickets.models.tickets import Message, Ticket


class Draft(models.Model):
    """What a colleague is asked to write for the client: a row for each version.  (E-II.4c)

    It is owed while *writing*; its author's words are saved as they come, `revision` counts the savings. *Submitted*, it is
    frozen and waits to be sent; sent, it is `message`, whose words may differ from these. `notice` is the interim notice that
    the client got with the forwarding. `reason` says why it was returned or refused, or what was told by phone.
    """

    class State(models.TextChoices):
        WRITING = "writing", _("being written")
        SUBMITTED = "submitted", _("waits to be sent")
        RETURNED = "returned", _("returned to its author")
        SENT = "sent", _("sent to the client")
        CONSULTED = "consulted", _("the client was consulted by phone")
        REFUSED = "refused", _("refused by the colleague")
        HANDED_ON = "handed_on", _("handed on to another colleague")
        LAID_ASIDE = "laid_aside", _("laid aside: it was not needed")

    OPEN = (State.WRITING, State.SUBMITTED)

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="drafts")
    author = models.ForeignKey(Employee, models.PROTECT, related_name="drafts")
    version = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=20, choices=State.choices, default=State.WRITING)
    text = models.TextField(blank=True)
    revision = models.PositiveIntegerField(default=0)
    asked_by = models.ForeignKey(Employee, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    # The order that named the author; empty if a person chose them. A later order does not change what was decided by it.
    order = models.ForeignKey(CompetenceOrder, models.PROTECT, null=True, related_name="+", db_index=False)
    notice = models.ForeignKey(Message, models.PROTECT, null=True, related_name="drafts")
    saved_at = models.DateTimeField(null=True)
    submitted_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(Employee, models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=1000, blank=True)
    message = models.OneToOneField(Message, models.PROTECT, null=True, related_name="draft")

    class Meta:
        ordering = ["version"]
        constraints = [
            models.UniqueConstraint(fields=["ticket", "version"], name="draft_version_once"),
            models.UniqueConstraint(
                fields=["ticket"], condition=Q(state__in=["writing", "submitted"]), name="draft_one_open"
            ),
            models.CheckConstraint(
                name="draft_open_is_not_closed",
                condition=Q(state__in=["writing", "submitted"], closed_at=None)
                | ~Q(state__in=["writing", "submitted"]) & Q(closed_at__isnull=False),
            ),
            models.CheckConstraint(
                name="draft_submitted_is_whole",
                condition=~Q(state__in=["submitted", "returned", "sent"]) | Q(submitted_at__isnull=False) & ~Q(text=""),
            ),
            models.CheckConstraint(
                name="draft_sent_has_message",
                condition=Q(state="sent", message__isnull=False) | ~Q(state="sent") & Q(message=None),
            ),
            models.CheckConstraint(
                name="draft_closed_has_reason",
                condition=~Q(state__in=["returned", "refused", "consulted"]) | ~Q(reason=""),
            ),
        ]
        indexes = [models.Index(fields=["author"], name="draft_open", condition=Q(state__in=["writing", "submitted"]))]

    def __str__(self) -> str:
        return f"{self.ticket} {self.version}: {self.state}"

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN


class DraftFile(models.Model):
    """A file that goes with a draft: put to it while it is written, frozen with its version, and leaving with the reply."""

    draft = models.ForeignKey(Draft, models.CASCADE, related_name="files", db_index=False)
    name = models.CharField(max_length=300)
    content_type = models.CharField(max_length=200)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["draft", "sha256", "name"], name="draft_file_once")]

    def __str__(self) -> str:
        return self.name

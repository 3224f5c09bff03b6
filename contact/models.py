from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from directory.models import Desk
from escalation.models import Outage


class MailboxCheck(models.Model):
    """One look of the machine into a desk's mailbox, and its result.  (E-II.1a)"""

    desk = models.ForeignKey(Desk, models.CASCADE, related_name="mailbox_checks")
    at = models.DateTimeField()
    fetched = models.PositiveIntegerField(default=0)
    cause = models.CharField(max_length=10, choices=Outage.Cause.choices, blank=True)
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["desk", "-at"], name="mailbox_check_latest"),
            # The last good check is found at once, however long the outage; gaps are read from the index alone.
            models.Index(fields=["desk", "-at"], name="mailbox_check_good", condition=Q(error="")),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.error or self.fetched}"


class SendingCheck(models.Model):
    """One attempt to send from a desk, or a try of the mail server, and what the server made of it.  (E-II.2)

    It failed if sending failed as a whole; a refused recipient or letter is a good check: the server answers.
    """

    desk = models.ForeignKey(Desk, models.CASCADE, related_name="sending_checks")
    at = models.DateTimeField()
    cause = models.CharField(max_length=10, choices=Outage.Cause.choices, blank=True)
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        indexes = [models.Index(fields=["desk", "-at"], name="sending_check_latest")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.cause or 'sent'}"


class MailboxCursor(models.Model):
    """How far a folder has been taken in without a gap: everything below `next_uid` is in the ledger or was gone."""

    desk = models.ForeignKey(Desk, models.CASCADE, related_name="cursors")
    folder = models.CharField(max_length=200)
    uidvalidity = models.BigIntegerField()
    next_uid = models.BigIntegerField(default=1)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["desk", "folder"], name="mailbox_cursor_once")]

    def __str__(self) -> str:
        return f"{self.folder} {self.uidvalidity}: {self.next_uid}"


class MailboxTurn(models.Model):
    """Which worker may write into a desk's mailbox, and until when."""

    desk = models.OneToOneField(Desk, models.CASCADE, related_name="mailbox_turn")
    holder = models.CharField(max_length=32, blank=True)
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.desk}: {self.until}"


class Box(models.TextChoices):
    """Which folder of a mailbox: what came, or what the office sent."""

    INBOX = "inbox", _("Received")
    SENT = "sent", _("Sent")


class ReceivedMail(models.Model):
    """The ledger: every mail that was ever seen in a mailbox, kept before anything else is done with it.

    The raw bytes and this row are one commit. From `received` a repeatable step leads to `linked` (it is a message of
    a ticket), `duplicate` (it is one already: sent to an alias and to us), `history` (older than the desk's start) or
    `unprocessed` (with the reason, waiting for a person). A mail of the Sent folder becomes `linked` (written by hand,
    a reply on a ticket), `copy` (of a reply that left from here) or `sent` (written by hand, on no ticket).
    """

    class State(models.TextChoices):
        RECEIVED = "received", _("received")
        LINKED = "linked", _("on a ticket")
        HISTORY = "history", _("older than the desk's start")
        DUPLICATE = "duplicate", _("the same letter came twice")
        COPY = "copy", _("copy of a reply sent from here")
        SENT = "sent", _("written in the mailbox, on no ticket")
        UNPROCESSED = "unprocessed", _("unprocessed")

    class Reason(models.TextChoices):
        NO_SENDER = "no_sender", _("it has no usable sender")
        AUTOMATIC = "automatic", _("an automatic message that belongs to no ticket")
        OWN = "own", _("it came from the desk's own address")
        LOOP = "loop", _("its sender wrote too often within an hour: a machine may be answering a machine")
        FAILED = "failed", _("it could not be read")

    desk = models.ForeignKey(Desk, models.PROTECT, related_name="received_mails", db_index=False)
    box = models.CharField(max_length=10, choices=Box.choices, default=Box.INBOX)
    folder = models.CharField(max_length=200)
    uidvalidity = models.BigIntegerField()
    uid = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    received_at = models.DateTimeField()
    fetched_at = models.DateTimeField()
    state = models.CharField(max_length=20, choices=State.choices, default=State.RECEIVED)
    reason = models.CharField(max_length=20, choices=Reason.choices, blank=True)
    error = models.CharField(max_length=500, blank=True)
    sender = models.CharField(max_length=320, blank=True)
    recipients = models.CharField(max_length=500, blank=True)
    subject = models.CharField(max_length=300, blank=True)
    # The Message-ID that the mail names itself by.
    letter_id = models.CharField(max_length=500, blank=True)
    message = models.OneToOneField("tickets.Message", models.PROTECT, null=True, related_name="received_mail")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["desk", "folder", "uidvalidity", "uid"], name="received_mail_once"),
            models.CheckConstraint(
                name="received_mail_linked_has_message",
                condition=Q(state="linked", message__isnull=False) | ~Q(state="linked") & Q(message=None),
            ),
            models.CheckConstraint(
                name="received_mail_unprocessed_has_reason", condition=~Q(state="unprocessed") | ~Q(reason="")
            ),
        ]
        indexes = [
            models.Index(fields=["id"], name="received_mail_to_link", condition=Q(state="received")),
            models.Index(fields=["desk", "sha256"], name="received_mail_sha256"),
            models.Index(fields=["desk", "sender", "-received_at"], name="received_mail_sender"),
            models.Index(fields=["desk", "letter_id"], name="received_mail_letter_id"),
            # The pages of the ledger: all of it, and each state of it, the latest first.
            models.Index(fields=["desk", "-received_at", "-id"], name="received_mail_latest"),
            models.Index(fields=["desk", "state", "-received_at", "-id"], name="received_mail_in_state"),
        ]

    def __str__(self) -> str:
        return f"{self.folder} {self.uid}: {self.state}"


class RawMail(models.Model):
    """The bytes of a received mail, as they came."""

    mail = models.OneToOneField(ReceivedMail, models.CASCADE, related_name="raw", primary_key=True)
    content = models.BinaryField()

    def __str__(self) -> str:
        return str(self.mail)


class RemoteFolder(models.Model):
    """How far a folder of Microsoft 365 has been listed: the link that answers with what has changed since."""

    desk = models.ForeignKey(Desk, models.CASCADE, related_name="remote_folders")
    user = models.CharField(max_length=320)
    name = models.CharField(max_length=200)
    delta_link = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["desk", "user", "name"], name="remote_folder_once")]

    def __str__(self) -> str:
        return f"{self.user} {self.name}"


class RemoteMail(models.Model):
    """A mail in a folder of Microsoft 365, which knows no numbers: its own here is its UID, in order of appearance.

    A mail that is gone keeps its row, so that no UID ever means two mails.
    """

    folder = models.ForeignKey(RemoteFolder, models.CASCADE, related_name="mails")
    remote_id = models.CharField(max_length=500)
    received_at = models.DateTimeField()
    mark = models.CharField(max_length=20)
    is_there = models.BooleanField(default=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["folder", "remote_id"], name="remote_mail_once")]

    def __str__(self) -> str:
        return f"{self.folder} {self.pk}"


class Reconciliation(models.Model):
    """A comparison of a mailbox with the ledger: asked for, run once by one worker, and kept with what it found.

    `missing` mails had been passed over: they lay below the cursor and were in no ledger; `fetched` of them were taken
    in at once. `gone` ones were deleted or moved on the server: their rows and bytes stay, so no harm is done.
    """

    desk = models.ForeignKey(Desk, models.CASCADE, related_name="reconciliations", db_index=False)
    box = models.CharField(max_length=10, choices=Box.choices)
    asked_at = models.DateTimeField()
    began_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    folder = models.CharField(max_length=200, blank=True)
    on_server = models.PositiveIntegerField(default=0)
    in_ledger = models.PositiveIntegerField(default=0)
    missing = models.PositiveIntegerField(default=0)
    fetched = models.PositiveIntegerField(default=0)
    gone = models.PositiveIntegerField(default=0)
    took = models.DurationField(null=True)
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            # Asking twice asks once.
            models.UniqueConstraint(
                fields=["desk", "box"], condition=Q(finished_at=None), name="reconciliation_once_open"
            ),
            models.CheckConstraint(
                name="reconciliation_fetched_were_missing", condition=Q(fetched__lte=models.F("missing"))
            ),
        ]
        indexes = [models.Index(fields=["desk", "-asked_at"], name="reconciliation_latest")]

    def __str__(self) -> str:
        return f"{self.desk} {self.box} {self.asked_at:%Y-%m-%d %H:%M}: {self.missing} missing, {self.gone} gone"

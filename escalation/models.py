from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from directory.models import Desk, Employee
from sla.models import Deadline


class Outage(models.Model):
    """A time in which a desk's mailbox could not be reached, or nothing could be sent.  (E-II.2)

    Established by three failed checks in a row, or by an administrator's word (`declared_by`). It began with the first
    failed check and ends with the first good one; one that no check has seen ends by a person's word.
    """

    class What(models.TextChoices):
        MAILBOX = "mailbox", _("the mailbox cannot be reached")
        SENDING = "sending", _("nothing can be sent")

    class Cause(models.TextChoices):
        NAME = "name", _("the name of the server is not found")
        CONNECT = "connect", _("the server does not answer")
        TLS = "tls", _("the connection is not secure")
        LOGIN = "login", _("the server refuses the user name or password")
        QUOTA = "quota", _("the mailbox is full")
        REFUSED = "refused", _("the server refuses to send")
        FOLDER = "folder", _("the folder cannot be opened")
        PROTOCOL = "protocol", _("the server answers with an error")
        SETTINGS = "settings", _("the mailbox is not set up")
        OTHER = "other", _("another cause")

    desk = models.ForeignKey(Desk, models.PROTECT, related_name="outages")
    what = models.CharField(max_length=10, choices=What.choices)
    cause = models.CharField(max_length=10, choices=Cause.choices)
    # The server's own words at the first failed check.
    error = models.CharField(max_length=500, blank=True)
    began_at = models.DateTimeField()
    noticed_at = models.DateTimeField()
    failed_checks = models.PositiveIntegerField(default=0)
    declared_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    note = models.CharField(max_length=1000, blank=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    # When TNA's IT support was first told of it; how is in `tna_contacts`.
    tna_told_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["desk", "what"], condition=Q(ended_at=None), name="outage_one_open"),
            models.CheckConstraint(name="outage_noticed_after_beginning", condition=Q(noticed_at__gte=F("began_at"))),
            models.CheckConstraint(
                name="outage_ends_after_beginning", condition=Q(ended_at=None) | Q(ended_at__gte=F("began_at"))
            ),
        ]
        indexes = [models.Index(fields=["desk", "-began_at"], name="outage_latest")]

    def __str__(self) -> str:
        return f"{self.what} {self.began_at:%Y-%m-%d %H:%M} {self.cause}"


class TnaContact(models.Model):
    """TNA's IT support told of an outage or of its end: by a mail, or by a telephone call that a person logs.  (E-II.2)

    A mail is told when the mail server took it; until then `mail_at` is when it is next tried.
    """

    class About(models.TextChoices):
        BEGAN = "began", _("the outage")
        ENDED = "ended", _("the end of the outage")

    class How(models.TextChoices):
        EMAIL = "email", _("by e-mail")
        PHONE = "phone", _("by telephone")

    outage = models.ForeignKey(Outage, models.CASCADE, related_name="tna_contacts")
    about = models.CharField(max_length=10, choices=About.choices, default=About.BEGAN)
    how = models.CharField(max_length=10, choices=How.choices)
    # The address written to, or who answered the telephone.
    whom = models.CharField(max_length=200, blank=True)
    reference = models.CharField(max_length=200, blank=True)
    told_at = models.DateTimeField(null=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    mail_at = models.DateTimeField(null=True)
    mail_tries = models.PositiveSmallIntegerField(default=0)
    mail_error = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["outage", "about"], condition=Q(how="email"), name="tna_mail_once"),
            models.CheckConstraint(
                name="tna_call_is_whole", condition=~Q(how="phone") | Q(told_at__isnull=False, by__isnull=False)
            ),
            models.CheckConstraint(
                name="tna_mail_told_or_due",
                condition=~Q(how="email")
                | Q(told_at=None, mail_at__isnull=False)
                | Q(told_at__isnull=False, mail_at=None),
            ),
        ]
        indexes = [models.Index(fields=["mail_at"], name="tna_to_mail", condition=Q(mail_at__isnull=False))]

    def __str__(self) -> str:
        return f"{self.outage}: {self.how} {self.told_at or self.mail_error}"


class Alert(models.Model):
    """Something that people must know: raised once for each cause, told by notices.  (E-II, S-20.3)

    Its cause is one of a deadline, a message, an outage, a handing over. Deadlines of one ticket that come up together
    are one alert: the earliest is its `deadline`, `kinds` names them all. An outage and a handing over have no ticket.
    """

    class Trigger(models.TextChoices):
        WARNING = "warning", _("a deadline is near")
        BREACH = "breach", _("a deadline is broken")
        OUTCOME_UNKNOWN = "outcome_unknown", _("it is not known whether a reply left")
        REPLY_REFUSED = "reply_refused", _("a reply was refused")
        REPLY_GIVEN_UP = "reply_given_up", _("a reply could not be sent for a day")
        REPLY_BOUNCED = "reply_bounced", _("a reply came back")
        FORWARDED = "forwarded", _("a draft is asked for")
        DRAFT_SUBMITTED = "draft_submitted", _("a draft has arrived")
        DRAFT_RETURNED = "draft_returned", _("a draft was returned")
        DRAFT_REFUSED = "draft_refused", _("a colleague has refused")
        APPROVAL_ASKED = "approval_asked", _("an answer waits for approval")
        REPLY_APPROVED = "reply_approved", _("an answer was approved")
        REPLY_NOT_APPROVED = "reply_not_approved", _("an answer was not approved")
        MENTIONED = "mentioned", _("a note names you")
        OUTAGE = "outage", _("an outage began")
        OUTAGE_ENDED = "outage_ended", _("an outage ended")
        FILE_INFECTED = "file_infected", _("a virus was found in a file")
        MAIL_LOOP = "mail_loop", _("a machine writes again and again")
        SCANNER_DOWN = "scanner_down", _("the virus scanner does not answer")
        HANDED_OVER = "handed_over", _("tickets were handed over")
        HANDED_BACK = "handed_back", _("tickets were handed back")

    desk = models.ForeignKey(Desk, models.PROTECT, related_name="alerts", db_index=False)
    trigger = models.CharField(max_length=30, choices=Trigger.choices)
    # The constraints below begin with these: an index of their own would only cost the sweep.
    deadline = models.ForeignKey(Deadline, models.PROTECT, null=True, related_name="alerts", db_index=False)
    ticket = models.ForeignKey("tickets.Ticket", models.PROTECT, null=True, related_name="alerts")
    message = models.ForeignKey("tickets.Message", models.PROTECT, null=True, related_name="alerts", db_index=False)
    outage = models.ForeignKey(Outage, models.PROTECT, null=True, related_name="alerts", db_index=False)
    hand_over = models.ForeignKey("tickets.HandOver", models.PROTECT, null=True, related_name="alerts", db_index=False)
    kinds = models.JSONField(default=list)
    happened_at = models.DateTimeField()
    raised_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["deadline", "trigger", "happened_at"], name="alert_once_a_deadline"),
            models.UniqueConstraint(
                fields=["message", "trigger", "happened_at"],
                condition=Q(deadline=None),
                name="alert_once_a_message",
            ),
            # Of rows without an outage this index holds nothing: the sweep's are not slowed by it.
            models.UniqueConstraint(
                fields=["outage", "trigger"], condition=Q(outage__isnull=False), name="alert_once_an_outage"
            ),
            models.UniqueConstraint(
                fields=["hand_over", "trigger"], condition=Q(hand_over__isnull=False), name="alert_once_a_hand_over"
            ),
            models.CheckConstraint(
                name="alert_has_one_cause",
                condition=Q(deadline__isnull=False, message=None, outage=None, hand_over=None, ticket__isnull=False)
                | Q(deadline=None, message__isnull=False, outage=None, hand_over=None, ticket__isnull=False)
                | Q(deadline=None, message=None, outage__isnull=False, hand_over=None, ticket=None)
                | Q(deadline=None, message=None, outage=None, hand_over__isnull=False, ticket=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.trigger} {self.happened_at:%Y-%m-%d %H:%M}"


class Notice(models.Model):
    """One person told of one alert: in the app at once, and by e-mail over the notice setting.

    `mail_at` is when the mail is next tried, empty once it has left or nobody waits for it; it may repeat at a crash.
    """

    alert = models.ForeignKey(Alert, models.CASCADE, related_name="notices", db_index=False)
    recipient = models.ForeignKey(Employee, models.PROTECT, related_name="notices")
    told_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True)
    mail_at = models.DateTimeField(null=True)
    mail_tries = models.PositiveSmallIntegerField(default=0)
    mailed_at = models.DateTimeField(null=True)
    mail_error = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["alert", "recipient"], name="notice_once_a_person")]
        indexes = [
            models.Index(fields=["mail_at"], name="notice_to_mail", condition=Q(mail_at__isnull=False)),
            models.Index(fields=["recipient"], name="notice_unacknowledged", condition=Q(acknowledged_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.alert} -> {self.recipient}"

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from directory.models import Client, Desk, Employee, Topic


class TicketCounter(models.Model):
    """The last ticket number of a desk in a year; its row is locked to take the next."""

    desk = models.ForeignKey(Desk, models.CASCADE, related_name="counters")
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["desk", "year"], name="ticket_counter_once")]

    def __str__(self) -> str:
        return f"{self.desk} {self.year}: {self.last}"


class Channel(models.TextChoices):
    EMAIL = "email", _("e-mail")


class Ticket(models.Model):
    """A client's request, from its first message to its end. Only `tickets.actions` writes here.

    `queued_at` is the receipt of the message that opened or last reopened it: the queue is served in that order (S-21).
    """

    class State(models.TextChoices):
        UNPROCESSED = "unprocessed", _("Unprocessed")
        INCOMPLETE = "incomplete", _("Incomplete")
        WAITING = "waiting", _("Waits for the client")
        COMPLETE = "complete", _("Complete")
        JUNK = "junk", _("Junk")
        MERGED = "merged", _("Joined to another")

    OPEN = (State.UNPROCESSED, State.INCOMPLETE, State.WAITING)

    desk = models.ForeignKey(Desk, models.PROTECT, related_name="tickets")
    number = models.CharField(max_length=30, unique=True)
    subject = models.CharField(max_length=300)
    client = models.ForeignKey(Client, models.PROTECT, related_name="tickets")
    owner = models.ForeignKey(Employee, models.PROTECT, null=True, related_name="tickets")
    # The colleague whose competence it is; who was asked last. Whether a draft is owed says `Draft`.
    expert = models.ForeignKey(Employee, models.PROTECT, null=True, related_name="forwarded_tickets")
    # What it is about, once a person has said so; until then it is only suggested.
    topic = models.ForeignKey(Topic, models.PROTECT, null=True, related_name="tickets", db_index=False)
    channel = models.CharField(max_length=20, choices=Channel.choices, default=Channel.EMAIL)
    state = models.CharField(max_length=20, choices=State.choices, default=State.UNPROCESSED)
    received_at = models.DateTimeField()
    queued_at = models.DateTimeField()
    completed_at = models.DateTimeField(null=True)
    resume_on = models.DateField(null=True)
    suggested = models.ForeignKey("self", models.SET_NULL, null=True, related_name="+")
    # Something came among the junk by itself, and nobody has looked at it yet.
    is_junk_unseen = models.BooleanField(default=False)
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, related_name="merged")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="ticket_merged_has_survivor",
                condition=Q(state="merged", merged_into__isnull=False) | ~Q(state="merged") & Q(merged_into=None),
            ),
            models.CheckConstraint(
                name="ticket_complete_has_instant",
                condition=Q(state="complete", completed_at__isnull=False) | ~Q(state="complete") & Q(completed_at=None),
            ),
            models.CheckConstraint(
                name="ticket_waiting_has_date",
                condition=Q(state="waiting", resume_on__isnull=False) | ~Q(state="waiting") & Q(resume_on=None),
            ),
            models.CheckConstraint(name="ticket_unseen_is_junk", condition=Q(state="junk") | Q(is_junk_unseen=False)),
        ]
        indexes = [
            models.Index(
                fields=["desk", "queued_at", "id"],
                name="ticket_queue",
                condition=Q(state__in=["unprocessed", "incomplete", "waiting"]),
            ),
            models.Index(
                fields=["topic", "queued_at", "id"],
                name="ticket_queue_of_topic",
                condition=Q(topic__isnull=False, state__in=["unprocessed", "incomplete", "waiting"]),
            ),
            models.Index(
                fields=["topic", "-completed_at"],
                name="ticket_completed_of_topic",
                condition=Q(topic__isnull=False, state="complete"),
            ),
            models.Index(fields=["resume_on"], name="ticket_waiting", condition=Q(state="waiting")),
            models.Index(fields=["desk", "-completed_at"], name="ticket_completed", condition=Q(state="complete")),
            models.Index(fields=["desk", "-queued_at"], name="ticket_junk", condition=Q(state="junk")),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def short_number(self) -> str:
        """Return the number without its prefix, year and leading zeros, for where desk and year are plain."""
        return self.number.rsplit("-", 1)[-1].lstrip("0")

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN


class JunkSender(models.Model):
    """An address whose letters to the desk open tickets among the junk; only `tickets.actions.junking` writes here."""

    desk = models.ForeignKey(Desk, models.CASCADE, related_name="junk_senders")
    email = models.EmailField(max_length=320)
    by = models.ForeignKey(Employee, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["desk", "email"], name="junk_sender_once"),
            models.CheckConstraint(name="junk_sender_lower", condition=Q(email=Lower("email"))),
        ]

    def __str__(self) -> str:
        return self.email


class Joining(models.Model):
    """A ticket joined to another, with what moved, so that it can be undone: messages, notes, the number that waited."""

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="joinings")
    into = models.ForeignKey(Ticket, models.PROTECT, related_name="joined")
    at = models.DateTimeField()
    messages = models.JSONField(default=list)
    notes = models.JSONField(default=list)
    registration = models.ForeignKey("tickets.Registration", models.SET_NULL, null=True, related_name="+")
    undone_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ticket"], condition=Q(undone_at=None), name="joining_once"),
            models.CheckConstraint(name="joining_of_two", condition=~Q(ticket=models.F("into"))),
        ]

    def __str__(self) -> str:
        return f"{self.ticket} -> {self.into}"


class Message(models.Model):
    """A letter from a client, or ours to them. `at` is its receipt, or when ours was queued.

    One that the office wrote by hand in the mailbox (`is_by_hand`) has no author: nobody can tell who it was.
    `seen_mark` is a mark that somebody set in the mailbox since we wrote ours; it is a suggestion until it is decided.
    """

    class Kind(models.TextChoices):
        INCOMING = "incoming", _("from the client")
        AUTOMATIC = "automatic", _("automatic message")
        OUTGOING = "outgoing", _("reply")

    class Mark(models.TextChoices):
        """The mark of a client's message, as the guidelines have it; written back to the mailbox.  (E-II.5)"""

        NONE = "none", _("Unprocessed")
        INCOMPLETE = "incomplete", _("Incomplete")
        COMPLETE = "complete", _("Complete")

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="messages")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    channel = models.CharField(max_length=20, choices=Channel.choices, default=Channel.EMAIL)
    at = models.DateTimeField()
    client = models.ForeignKey(Client, models.PROTECT, null=True, related_name="messages")
    author = models.ForeignKey(Employee, models.PROTECT, null=True, related_name="messages")
    sender_name = models.CharField(max_length=300, blank=True)
    sender_address = models.CharField(max_length=320, blank=True)
    to = models.JSONField(default=list)
    cc = models.JSONField(default=list)
    reply_to = models.JSONField(default=list)
    subject = models.CharField(max_length=1000, blank=True)
    text = models.TextField(blank=True)
    reply = models.TextField(blank=True)
    html = models.TextField(blank=True)
    message_id = models.CharField(max_length=1000, blank=True)
    in_reply_to = models.CharField(max_length=1000, blank=True)
    references = models.JSONField(default=list)
    # The client's message that a reply of ours answers: its words go along as history.
    answered = models.ForeignKey("self", models.PROTECT, null=True, related_name="answers", db_index=False)
    mark = models.CharField(max_length=20, choices=Mark.choices, default=Mark.NONE)
    is_mark_written = models.BooleanField(default=True)
    no_answer_reason = models.CharField(max_length=300, blank=True)
    is_substantive = models.BooleanField(default=False)
    # The notice that goes with forwarding: it meets `reply`, but the substantive answer is still owed.  (E-II.4a)
    is_interim = models.BooleanField(default=False)
    # How many of its files were left in the raw mail, as there were too many.
    files_left = models.PositiveIntegerField(default=0)
    is_by_hand = models.BooleanField(default=False)
    seen_mark = models.CharField(max_length=20, choices=Mark.choices, blank=True)
    seen_mark_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            models.CheckConstraint(
                name="message_author_of_ours",
                condition=~Q(kind="outgoing")
                | Q(author__isnull=False, is_by_hand=False)
                | Q(author=None, is_by_hand=True),
            ),
            models.CheckConstraint(
                name="message_interim_is_ours",
                condition=Q(is_interim=False) | Q(kind="outgoing", is_substantive=False, is_by_hand=False),
            ),
            models.CheckConstraint(name="message_by_hand_is_ours", condition=Q(is_by_hand=False) | Q(kind="outgoing")),
            models.CheckConstraint(
                name="message_seen_mark_has_instant",
                condition=Q(seen_mark="", seen_mark_at=None) | ~Q(seen_mark="") & Q(seen_mark_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["ticket", "at"], name="message_ticket_at"),
            models.Index(fields=["message_id"], name="message_message_id", condition=~Q(message_id="")),
            models.Index(fields=["id"], name="message_mark_unwritten", condition=Q(is_mark_written=False)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%Y-%m-%d %H:%M} {self.sender_address}"

    @property
    def suggested_mark(self) -> str:
        """Return the mark that the mailbox shows in place of ours, to be taken over or not; "" if it shows ours."""
        return self.seen_mark if self.is_mark_written and self.seen_mark != self.mark else ""


class Attachment(models.Model):
    """A file of a message, stored outside the web root under its content hash, served only as a download.

    `content_type` is what its sender says it is, `real_type` what its content says, "" if nothing. `contents` is what a
    container holds: {"files": [[name, size in bytes], ...], "signers": [[name, instant or ""], ...]}.
    """

    class Risk(models.TextChoices):
        NONE = "", _("nothing to be wary of")
        PROGRAM = "program", _("a program")
        SCRIPT = "script", _("a script")
        MACROS = "macros", _("a document with macros")
        DISGUISED = "disguised", _("not what its name says")
        PAGE = "page", _("a web page")
        LOCKED = "locked", _("locked with a password")

    class Scan(models.TextChoices):
        UNSCANNED = "unscanned", _("no virus scanner was set")
        WAITING = "waiting", _("being checked for viruses")
        CLEAN = "clean", _("no virus found")
        INFECTED = "infected", _("infected")
        FAILED = "failed", _("could not be checked for viruses")

    message = models.ForeignKey(Message, models.CASCADE, related_name="attachments")
    name = models.CharField(max_length=300)
    content_type = models.CharField(max_length=200)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    content_id = models.CharField(max_length=300, blank=True)
    is_inline = models.BooleanField(default=False)
    real_type = models.CharField(max_length=200, blank=True)
    risk = models.CharField(max_length=20, choices=Risk.choices, blank=True)
    contents = models.JSONField(default=dict, blank=True)
    scan = models.CharField(max_length=20, choices=Scan.choices, default=Scan.UNSCANNED)
    # The virus' name, or why it could not be checked (yet).
    scan_words = models.CharField(max_length=300, blank=True)
    scan_at = models.DateTimeField(null=True)
    scan_tries = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="attachment_waiting_has_try",
                condition=Q(scan="waiting", scan_at__isnull=False) | ~Q(scan="waiting") & Q(scan_at=None),
            ),
        ]
        indexes = [
            models.Index(fields=["sha256"], name="attachment_sha256"),
            models.Index(fields=["scan_at"], name="attachment_waiting", condition=Q(scan="waiting")),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_given_out(self) -> bool:
        return self.scan not in (self.Scan.WAITING, self.Scan.INFECTED)


class Note(models.Model):
    """An internal word on a ticket; the client never sees it."""

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="notes")
    author = models.ForeignKey(Employee, models.PROTECT, related_name="notes")
    at = models.DateTimeField()
    text = models.TextField()

    class Meta:
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return self.text[:60]

"""What the office knows: templates, macros, terms, articles, and the words by which topics are told."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from directory.models import Desk, Employee, Topic


class Template(models.Model):
    """A text to begin a letter with. Its placeholders are those of `knowledge.placeholders`.  (S-5.2)"""

    class Use(models.TextChoices):
        REPLY = "reply", _("reply")
        NOTICE = "notice", _("interim notice")
        QUESTION = "question", _("question to the client")
        BREAK_OFF = "break_off", _("breaking off a conversation")

    desk = models.ForeignKey(Desk, models.CASCADE, related_name="templates")
    name = models.CharField(_("name"), max_length=150)
    use = models.CharField(_("used for"), max_length=20, choices=Use.choices, default=Use.REPLY)
    topic = models.ForeignKey(Topic, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("topic"))
    body = models.TextField(_("text"))
    position = models.PositiveSmallIntegerField(_("place in the list"), default=100)
    is_active = models.BooleanField(_("offered"), default=True)

    class Meta:
        verbose_name = _("template")
        verbose_name_plural = _("templates")
        constraints = [models.UniqueConstraint(fields=["desk", "name"], name="template_name_once")]

    def __str__(self) -> str:
        return self.name


class Macro(models.Model):
    """A named bundle: a template, the topic that the ticket gets, the mark after sending. Applying it is for tickets."""

    class Mark(models.TextChoices):
        """What becomes of the message once the reply has left; the codes are those of tickets."""

        UNCHANGED = "", _("as the sender says")
        INCOMPLETE = "incomplete", _("incomplete")
        COMPLETE = "complete", _("complete")

    desk = models.ForeignKey(Desk, models.CASCADE, related_name="macros")
    name = models.CharField(_("name"), max_length=150)
    template = models.ForeignKey(Template, models.PROTECT, related_name="macros", verbose_name=_("template"))
    topic = models.ForeignKey(Topic, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("topic"))
    mark = models.CharField(_("mark"), max_length=20, choices=Mark.choices, default=Mark.UNCHANGED, blank=True)
    position = models.PositiveSmallIntegerField(_("place in the list"), default=100)
    is_active = models.BooleanField(_("offered"), default=True)

    class Meta:
        verbose_name = _("macro")
        verbose_name_plural = _("macros")
        constraints = [models.UniqueConstraint(fields=["desk", "name"], name="macro_name_once")]

    def __str__(self) -> str:
        return self.name


class GlossaryTerm(models.Model):
    """A term of law or an abbreviation with its plain explanation and where that comes from.  (S-15)"""

    desk = models.ForeignKey(Desk, models.CASCADE, related_name="terms")
    word = models.CharField(_("term"), max_length=100)
    explanation = models.CharField(_("plain explanation"), max_length=500)
    source = models.CharField(_("source"), max_length=200, blank=True)
    # Administrators know their own trade: the check speaks only of what clients often do not know.
    is_checked = models.BooleanField(_("the reply check asks for an explanation"), default=True)

    class Meta:
        verbose_name = _("term")
        verbose_name_plural = _("glossary")
        constraints = [models.UniqueConstraint(fields=["desk", "word"], name="glossary_word_once")]

    def __str__(self) -> str:
        return self.word


class Article(models.Model):
    """A question with its good answer, for colleagues and, once approved, for the assistant.  (S-12, S-20.2)"""

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        APPROVED = "approved", _("approved")
        RETIRED = "retired", _("retired")

    desk = models.ForeignKey(Desk, models.CASCADE, related_name="articles")
    title = models.CharField(_("title"), max_length=200)
    question = models.TextField(_("question"))
    answer = models.TextField(_("answer"))
    topic = models.ForeignKey(Topic, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("topic"))
    state = models.CharField(_("state"), max_length=20, choices=State.choices, default=State.DRAFT)
    owner = models.ForeignKey(Employee, models.PROTECT, related_name="articles", verbose_name=_("owner"))
    review_on = models.DateField(_("look at it again on"))
    made_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    approved_at = models.DateTimeField(null=True)
    approved_by = models.ForeignKey(Employee, models.PROTECT, null=True, related_name="+")
    # The ticket whose answer it was.
    ticket = models.ForeignKey("tickets.Ticket", models.SET_NULL, null=True, related_name="articles")

    class Meta:
        verbose_name = _("article")
        verbose_name_plural = _("articles")
        indexes = [
            models.Index(fields=["desk", "review_on"], condition=~Q(state="retired"), name="article_review"),
            models.Index(fields=["desk", "-changed_at", "-id"], name="article_newest"),
        ]
        constraints = [
            models.CheckConstraint(
                name="article_approved_by_somebody",
                condition=~Q(state="approved") | Q(approved_at__isnull=False, approved_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.title


class ArticleWord(models.Model):
    """A stem by which an article is found, and how much it says of it: those of the title count more."""

    article = models.ForeignKey(Article, models.CASCADE, related_name="stems")
    stem = models.CharField(max_length=100)
    weight = models.FloatField()

    class Meta:
        # PostgreSQL finds the beginning of a word only in the order of bytes, which SQLite has anyway.
        indexes = [models.Index(fields=["stem"], opclasses=["varchar_pattern_ops"], name="article_stem_beginning")]
        constraints = [models.UniqueConstraint(fields=["article", "stem"], name="article_stem_once")]

    def __str__(self) -> str:
        return self.stem


# --- What letters of each topic sound like ---------------------------------------------------------------------------


class Lesson(models.Model):
    """That a ticket's letter is of a topic, with the beginnings of its words as counted, so that they can be taken back."""

    ticket = models.OneToOneField("tickets.Ticket", models.CASCADE, related_name="lesson")
    topic = models.ForeignKey(Topic, models.PROTECT, related_name="lessons")
    beginnings = models.JSONField(default=list)
    learned_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["topic", "-learned_at"], name="lesson_newest")]

    def __str__(self) -> str:
        return f"{self.ticket_id}: {self.topic_id}"


class TopicCount(models.Model):
    """How many letters of a topic were learnt; `square` is the sum of the squared weights of its words."""

    topic = models.OneToOneField(Topic, models.CASCADE, related_name="count")
    letters = models.PositiveIntegerField(default=0)
    square = models.FloatField(default=0)

    def __str__(self) -> str:
        return f"{self.topic_id}: {self.letters}"


class TopicWord(models.Model):
    """In how many letters of a topic a beginning of a word stood, and its weight in them all."""

    topic = models.ForeignKey(Topic, models.CASCADE, related_name="words")
    beginning = models.CharField(max_length=10)
    letters = models.PositiveIntegerField()
    weight = models.FloatField()

    class Meta:
        indexes = [models.Index(fields=["beginning", "topic"], name="topic_word_beginning")]
        constraints = [models.UniqueConstraint(fields=["topic", "beginning"], name="topic_word_once")]

    def __str__(self) -> str:
        return self.beginning

"""Articles: made from a good answer, approved, looked at again, retired.  (S-12)"""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from math import log

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit.actions import record
from audit.verbs import Verb
from directory.models import Desk, Employee, Topic, User
from helpdesk.errors import DomainError
from knowledge.actions.rows import put_in
from knowledge.actions.wording import NotOfThisDesk
from knowledge.identity_codes import identity_codes
from knowledge.models import Article, ArticleWord
from knowledge.stems import telling_stems

State = Article.State
# What a word is worth by where it stands.
IN_TITLE, IN_QUESTION, IN_ANSWER = 3.0, 2.0, 1.0


class IdentityCodeInArticle(DomainError):
    code = "identity_code_in_article"
    words = _("The text holds a personal identity code. An article is read by many: take it out.")


class ReviewDatePast(DomainError):
    code = "review_date_past"
    words = _("Choose a day after today for looking at the article again.")


class NotADraft(DomainError):
    code = "not_a_draft"
    words = _("Only a draft can be approved.")


@dataclass(frozen=True)
class ArticleFields:
    """What an article says and who answers for it. Without a title the first line of the question is one."""

    question: str
    answer: str
    owner: Employee
    review_on: date
    topic: Topic | None = None
    title: str = ""


@transaction.atomic
def make_article(desk: Desk, fields: ArticleFields, *, ticket_id: int | None, by: User | None, at: datetime) -> Article:
    """Make a draft from a question and its good answer, in one step; `ticket_id` is where they come from.

    Raises IdentityCodeInArticle, ReviewDatePast, NotOfThisDesk.
    """
    values = _checked(desk, fields, at=at)
    article = Article.objects.create(desk=desk, ticket_id=ticket_id, made_at=at, changed_at=at, **values)
    _index(article)
    record(article, Verb.ARTICLE_MADE, by=by, at=at, title=article.title, ticket=ticket_id, owner=fields.owner.pk)
    return article


@transaction.atomic
def change_article(article: Article, fields: ArticleFields, *, by: User, at: datetime) -> Article:
    """Change an article; a no-op if nothing differs. Other words make it a draft again: nobody has approved those.

    Raises IdentityCodeInArticle, ReviewDatePast (unless the day stays), NotOfThisDesk.
    """
    article = Article.objects.select_for_update().select_related("desk").get(pk=article.pk)
    values = _checked(article.desk, fields, at=at, before=article.review_on)
    changed = put_in(article, values)
    if not changed:
        return article
    if changed.keys() & {"title", "question", "answer"}:
        changed |= put_in(article, {"state": State.DRAFT})
        _index(article)
    article.changed_at = at
    article.save(update_fields=[*changed, "changed_at"])
    record(article, Verb.ARTICLE_CHANGED, by=by, at=at, **changed)
    return article


@transaction.atomic
def approve_article(article: Article, *, by: User, at: datetime) -> Article:
    """Approve a draft; a no-op if it is approved. Raises NotADraft for a retired one."""
    article = Article.objects.select_for_update().get(pk=article.pk)
    if article.state == State.APPROVED:
        return article
    if article.state != State.DRAFT:
        raise NotADraft
    article.state, article.approved_at, article.approved_by = State.APPROVED, at, by.employee
    article.save(update_fields=["state", "approved_at", "approved_by"])
    record(article, Verb.ARTICLE_APPROVED, by=by, at=at, title=article.title)
    return article


@transaction.atomic
def retire_article(article: Article, *, by: User, at: datetime) -> Article:
    """Take an article out of use; a no-op if it is. It stays readable, and a change makes it a draft again."""
    article = Article.objects.select_for_update().get(pk=article.pk)
    if article.state == State.RETIRED:
        return article
    before, article.state = article.state, State.RETIRED
    article.save(update_fields=["state"])
    record(article, Verb.ARTICLE_RETIRED, by=by, at=at, state=[before, str(article.state)])
    return article


@transaction.atomic
def review_article(article: Article, *, review_on: date, by: User, at: datetime) -> Article:
    """Record that the article was looked at and still holds, until it is looked at again. Raises ReviewDatePast."""
    article = Article.objects.select_for_update().select_related("desk").get(pk=article.pk)
    _check_review(article.desk, review_on, at=at)
    changed = put_in(article, {"review_on": review_on})
    article.save(update_fields=["review_on"])
    record(article, Verb.ARTICLE_REVIEWED, by=by, at=at, **changed)
    return article


def _checked(desk: Desk, fields: ArticleFields, *, at: datetime, before: date | None = None) -> dict[str, object]:
    """Return the columns that the fields give; `before` is the day of review that may stay."""
    question, answer = fields.question.strip(), fields.answer.strip()
    title = (fields.title.strip() or question.split("\n", 1)[0])[:200]
    if any(True for text in (title, question, answer) for _span in identity_codes(text)):
        raise IdentityCodeInArticle
    if fields.topic is not None and fields.topic.desk_id != desk.pk:
        raise NotOfThisDesk
    if fields.review_on != before:
        _check_review(desk, fields.review_on, at=at)
    found = {"title": title, "question": question, "answer": answer, "topic": fields.topic}
    return {**found, "owner": fields.owner, "review_on": fields.review_on}


def _check_review(desk: Desk, review_on: date, *, at: datetime) -> None:
    if review_on <= at.astimezone(desk.tz).date():
        raise ReviewDatePast


def _index(article: Article) -> None:
    """Write down the stems by which the article is found, longer articles no louder than short ones."""
    worth: Counter[str] = Counter()
    for text, weight in ((article.title, IN_TITLE), (article.question, IN_QUESTION), (article.answer, IN_ANSWER)):
        for stem in telling_stems(text):
            worth[stem[:100]] += weight  # type: ignore[assignment]
    weights = {stem: 1 + log(number) for stem, number in worth.items()}
    length = sum(weight**2 for weight in weights.values()) ** 0.5 or 1.0
    ArticleWord.objects.filter(article=article).delete()
    ArticleWord.objects.bulk_create(
        ArticleWord(article=article, stem=stem, weight=weight / length) for stem, weight in weights.items()
    )

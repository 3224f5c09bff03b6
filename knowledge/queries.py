"""What the office knows, asked for by name. The composer and the ticket page take theirs from here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from math import log

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.shortcuts import get_object_or_404

from directory.models import Desk, Employee, Topic, User
from directory.queries import desks_visible_to
from directory.signature import gaps
from knowledge import topics
from knowledge.glossary import Term
from knowledge.models import Article, ArticleWord, GlossaryTerm, Lesson, Macro, Template, TopicWord
from knowledge.reply_check import Facts
from knowledge.stems import telling_stems, tokens

# As many words of a query count.
WORDS = 6
# As many earlier letters are compared with a new one.
COMPARED = 300


# --- Wording ---------------------------------------------------------------------------------------------------------


def templates_of(desk: Desk) -> QuerySet[Template]:
    """Return all templates of the desk in the order of its list."""
    return Template.objects.filter(desk=desk).select_related("topic").order_by("use", "position", "name")


def templates_for(desk: Desk, use: str, topic: Topic | None = None) -> QuerySet[Template]:
    """Return the templates that are offered for a use: those of the topic first, then those of any."""
    offered = templates_of(desk).filter(Q(topic=topic) | Q(topic=None), use=use, is_active=True)
    return offered.order_by(F("topic").asc(nulls_last=True), "position", "name")


def macros_of(desk: Desk) -> QuerySet[Macro]:
    return Macro.objects.filter(desk=desk).select_related("topic", "template").order_by("position", "name")


def terms_of(desk: Desk) -> QuerySet[GlossaryTerm]:
    return GlossaryTerm.objects.filter(desk=desk).order_by("word")


def facts_for_check(desk: Desk, sender: Employee, *, earlier: str = "", is_notice: bool = False) -> Facts:
    """Return what the reply check must know: the sender's gaps, the glossary, and what the client wrote."""
    terms = list(terms_of(desk))
    wanted = [Term(one.word, one.explanation) for one in terms if one.is_checked]
    known = [one.word for one in terms if not one.is_checked]
    return Facts([str(gap) for gap in gaps(sender)], wanted, known, earlier, is_notice)


# --- Articles --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LikeArticle:
    """An article that is like a text: how like (above 0), and the words of the text that are in it."""

    article: Article
    likeness: float
    words: tuple[str, ...]


def articles_of(desk: Desk) -> QuerySet[Article]:
    """Return the articles of the desk, the newest change first."""
    return Article.objects.filter(desk=desk).select_related("topic", "owner").order_by("-changed_at", "-pk")


def articles_in_use(desk: Desk) -> QuerySet[Article]:
    return articles_of(desk).exclude(state=Article.State.RETIRED)


def due_for_review(desk: Desk, on: date) -> QuerySet[Article]:
    """Return the articles that are to be looked at again by that day, the longest due first."""
    return articles_in_use(desk).filter(review_on__lte=on).order_by("review_on", "pk")


def search_articles(articles: QuerySet[Article], query: str) -> QuerySet[Article]:
    """Return those articles that have a word for each word of the query, whatever its ending or diacritics.  (S-12)

    The last word may still be half written.
    """
    for one in list(tokens(query))[:WORDS]:
        found = ArticleWord.objects.filter(article=OuterRef("pk"), stem__startswith=one.stem)
        articles = articles.filter(Exists(found))
    return articles


def articles_like(desk: Desk, text: str, limit: int = 5) -> list[LikeArticle]:
    """Return the articles in use that are most like a text: those that share words which few articles have.

    Three queries, however many articles there are.
    """
    words: dict[str, str] = {}
    for one in tokens(text):
        words.setdefault(one.stem, one.word)
    wanted = set(telling_stems(text))
    rows = ArticleWord.objects.filter(stem__in=wanted, article__in=articles_in_use(desk).order_by())
    found: dict[str, dict[int, float]] = {}
    for article_id, one_stem, weight in rows.values_list("article_id", "stem", "weight"):
        found.setdefault(one_stem, {})[article_id] = weight
    if not found:
        return []
    number = articles_in_use(desk).count()
    parts: dict[int, dict[str, float]] = {}
    for one_stem, having in found.items():
        rarity = log((number + 1) / (len(having) + 0.5))
        for article_id, weight in having.items():
            parts.setdefault(article_id, {})[one_stem] = weight * rarity
    ranked = sorted(parts, key=lambda pk: -sum(parts[pk].values()))[:limit]
    articles = articles_of(desk).in_bulk(ranked)
    return [_like(articles[pk], parts[pk], words) for pk in ranked if pk in articles]


def _like(article: Article, parts: dict[str, float], words: dict[str, str]) -> LikeArticle:
    strongest = sorted(parts, key=lambda one: -parts[one])[: topics.NAMED]
    return LikeArticle(article, sum(parts.values()), tuple(words[one] for one in strongest))


# --- Topics ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TopicSuggestion:
    """A topic that a letter may be about, its share of what speaks for any (0 to 1), and the words that tell it."""

    topic: Topic
    share: float
    words: tuple[str, ...]


@dataclass(frozen=True)
class LikeTicket:
    """An earlier ticket whose letter was like this one, and the words that they share."""

    ticket_id: int
    likeness: float
    words: tuple[str, ...]


def suggest_topics(desk: Desk, text: str, most: int = 3) -> list[TopicSuggestion]:
    """Return what a letter may be about, the likeliest first. Two queries, however much was learnt."""
    found = {one.code: one for one in Topic.objects.filter(desk=desk, is_retired=False).select_related("count")}
    suggested = topics.suggest(text, _model(found, text))
    return [TopicSuggestion(found[one.topic], one.share, one.words) for one in suggested[:most]]


def _model(found: dict[str, Topic], text: str) -> topics.Model:
    """Return what was learnt of these topics about the words of the text and of their descriptions."""
    model = topics.Model({})
    wanted = set(topics.beginnings(text))
    for code, topic in found.items():
        description = f"{topic.name} {topic.description}"
        wanted |= set(topics.beginnings(description))
        count = getattr(topic, "count", None)
        letters, square = (count.letters, count.square) if count else (0, 0.0)
        model.topics[code] = topics.Topic(description, letters, square)
    rows = TopicWord.objects.filter(topic__in=found.values(), beginning__in=wanted)
    for code, beginning, letters, weight in rows.values_list("topic__code", "beginning", "letters", "weight"):
        model.words.setdefault(beginning, {})[code] = topics.Word(letters, weight)
    return model


def tickets_like(among: Sequence[Topic], text: str, *, but: int, most: int = 5) -> list[LikeTicket]:
    """Return earlier tickets of these topics whose letters are most like the text, without the ticket `but` itself."""
    lessons = Lesson.objects.filter(topic__in=among).exclude(ticket_id=but).order_by("-learned_at")[:COMPARED]
    pairs = [(str(pk), found) for pk, found in lessons.values_list("ticket_id", "beginnings")]
    return [LikeTicket(int(one.key), one.likeness, one.words) for one in topics.similar(text, pairs, most=most)]


def topics_of(desk: Desk) -> QuerySet[Topic]:
    """Return the topics that may be chosen at the desk."""
    return Topic.objects.filter(desk=desk, is_retired=False).order_by("name")


# --- One row, if the person may see it -------------------------------------------------------------------------------


def get_article_for(user: User, pk: int) -> Article:
    """Return an article of a desk that `user` sees. Http404 otherwise."""
    seen = Article.objects.filter(desk__in=desks_visible_to(user))
    return get_object_or_404(seen.select_related("desk", "topic", "owner", "approved_by", "ticket"), pk=pk)


def today_of(desk: Desk, at: datetime) -> date:
    return at.astimezone(desk.tz).date()

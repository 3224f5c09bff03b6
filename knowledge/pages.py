"""The facts of the pages: articles as the list shows them, findings with their place as a browser counts it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import QuerySet

from directory.folding import fold
from directory.models import Desk
from knowledge.models import Article, GlossaryTerm, Template
from knowledge.placeholders import PLACEHOLDERS, fill
from knowledge.queries import articles_in_use, articles_of, due_for_review, search_articles
from knowledge.reply_check import Finding


@dataclass(frozen=True)
class FindingRow:
    """A finding in words. `start` and `end` are its place in the text in units of UTF-16, or None."""

    code: str
    words: str
    needs: str
    start: int | None
    end: int | None
    insert: str
    key: str


@dataclass(frozen=True)
class Place:
    """A placeholder as it is written, and what will stand there."""

    written: str
    words: str


@dataclass(frozen=True)
class TemplateRow:
    template: Template
    shown: str


def finding_rows(found: Iterable[Finding], text: str) -> list[FindingRow]:
    rows = []
    for one in found:
        start, end = (_units(text[:place]) for place in one.span) if one.span else (None, None)
        rows.append(FindingRow(one.code, one.words, one.needs, start, end, one.insert, one.key))
    return rows


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def places() -> list[Place]:
    return [Place(f"{{{{ {name} }}}}", str(words)) for name, words in PLACEHOLDERS.items()]


def template_rows(found: Iterable[Template]) -> list[TemplateRow]:
    """Return templates with what they say, the places named in words, in the order of their uses."""
    order = list(Template.Use.values)
    rows = [TemplateRow(one, fill(one.body, {})) for one in found]
    return sorted(rows, key=lambda row: order.index(row.template.use))


def glossary_rows(found: Iterable[GlossaryTerm]) -> list[GlossaryTerm]:
    """Return terms as a reader looks for them, where ķ follows k: a database orders by bytes."""
    return sorted(found, key=lambda term: fold(term.word))


def shown_articles(desk: Desk, show: str, query: str, *, today: date) -> QuerySet[Article]:
    """Return the articles of a tab that have the words of the query."""
    if show == "due":
        found = due_for_review(desk, today)
    elif show == "retired":
        found = articles_of(desk).filter(state=Article.State.RETIRED)
    else:
        found = articles_in_use(desk)
    return search_articles(found, query)

"""What the office has answered before, beside the reply that is being written.  (S-5.2, S-12, E-I.3)"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse

from directory.models import Topic, User
from knowledge.models import Article
from knowledge.queries import articles_in_use, articles_like, search_articles, suggest_topics, tickets_like
from tickets.models import Message, Ticket
from tickets.queries import last_from_client, tickets_visible_to

MOST = 4
# Of so many topics that a letter may be about, earlier tickets are looked at.
TOPICS = 2


@dataclass(frozen=True)
class Earlier:
    """A good answer: an article or what was sent on a completed ticket. `words` are those that it shares with the letter."""

    kind: str
    title: str
    text: str
    url: str
    words: tuple[str, ...] = ()
    is_draft: bool = False


def letter_of(ticket: Ticket) -> str:
    """Return what the client wants to know: the subject and the last letter."""
    letter = last_from_client(ticket)
    return "\n".join((ticket.subject, letter.reply or letter.text)) if letter else ticket.subject


def earlier_answers(ticket: Ticket, query: str, *, to: User) -> list[Earlier]:
    """Return articles and replies of completed tickets that `to` may read: like the letter, or having the query's words."""
    return [*_articles(ticket, query), *_replies(ticket, query, to=to)]


def _articles(ticket: Ticket, query: str) -> list[Earlier]:
    if query.strip():
        return [_article(one) for one in search_articles(articles_in_use(ticket.desk), query)[:MOST]]
    return [_article(one.article, one.words) for one in articles_like(ticket.desk, letter_of(ticket), MOST)]


def _article(article: Article, words: tuple[str, ...] = ()) -> Earlier:
    is_draft = article.state != Article.State.APPROVED
    return Earlier("article", article.title, article.answer, reverse("article", args=[article.pk]), words, is_draft)


def _replies(ticket: Ticket, query: str, *, to: User) -> list[Earlier]:
    found = tickets_like(_topics(ticket), query or letter_of(ticket), but=ticket.pk)
    seen = tickets_visible_to(to).filter(state=Ticket.State.COMPLETE).in_bulk([one.ticket_id for one in found])
    answers = _answers(list(seen.values()))
    return [
        Earlier(
            "ticket", seen[one.ticket_id].subject, text, reverse("ticket", args=[seen[one.ticket_id].number]), one.words
        )
        for one in found
        if one.ticket_id in seen and (text := answers.get(one.ticket_id, ""))
    ][:MOST]


def _topics(ticket: Ticket) -> Sequence[Topic]:
    return (
        [ticket.topic]
        if ticket.topic
        else [one.topic for one in suggest_topics(ticket.desk, letter_of(ticket), TOPICS)]
    )


def _answers(tickets: Sequence[Ticket]) -> dict[int, str]:
    """Return by ticket the last substantive words that left."""
    sent = Message.objects.filter(ticket__in=tickets, kind=Message.Kind.OUTGOING, is_substantive=True)
    reached = sent.filter(delivery__state="sent").order_by("pk")
    return {pk: reply or text for pk, reply, text in reached.values_list("ticket_id", "reply", "text")}

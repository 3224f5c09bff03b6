"""What the office has answered to the like: articles, and completed tickets with their answers.  (S-5.2, E-I.3)"""

from dataclasses import dataclass

from directory.models import User
from knowledge.queries import LikeArticle, articles_like, suggest_topics, tickets_like
from tickets.models import Message, Ticket
from tickets.queries import tickets_visible_to
from tickets.topics import text_of

MOST = 3


@dataclass(frozen=True)
class SimilarTicket:
    """A completed ticket, the words that it shares with this one, and what the client was answered."""

    ticket: Ticket
    words: str
    answer: str


@dataclass(frozen=True)
class SimilarAnswers:
    articles: list[LikeArticle]
    tickets: list[SimilarTicket]


def similar_answers(ticket: Ticket, user: User) -> SimilarAnswers:
    """Return what is like the ticket: of its topic, or of the likeliest; only tickets that `user` may see."""
    text = text_of(ticket)
    topics = [ticket.topic] if ticket.topic else [one.topic for one in suggest_topics(ticket.desk, text, most=1)]
    like = tickets_like(topics, text, but=ticket.pk, most=4 * MOST) if topics else []
    done = tickets_visible_to(user).filter(state=Ticket.State.COMPLETE)
    tickets = done.in_bulk([one.ticket_id for one in like])
    answers = _answers(list(tickets))
    found = [
        SimilarTicket(tickets[one.ticket_id], ", ".join(one.words), answers[one.ticket_id])
        for one in like
        if one.ticket_id in answers
    ]
    return SimilarAnswers(articles_like(ticket.desk, text, MOST), found[:MOST])


def _answers(ticket_ids: list[int]) -> dict[int, str]:
    """Return the last substantive answer of each ticket that has one."""
    ours = Message.objects.filter(ticket__in=ticket_ids, is_substantive=True).order_by("pk")
    return dict(ours.values_list("ticket_id", "reply"))

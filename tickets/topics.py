"""What a ticket is about: what its letter suggests and why, read and ready for its page.  (E-II.4b)"""

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import QuerySet

from directory.models import Desk, Topic, User
from directory.queries import desks_visible_to
from knowledge.queries import TopicSuggestion, suggest_topics, tickets_like, topics_of
from tickets.models import Message, Ticket
from tickets.queries import tickets_visible_to

# So many earlier tickets are named as the reason for a suggestion.
EARLIER = 3


@dataclass(frozen=True)
class Earlier:
    """An earlier ticket whose letter was like this one's, and the words that they share."""

    ticket: Ticket
    words: str


@dataclass(frozen=True)
class Suggested:
    """A topic that the letter may be of, with what speaks for it."""

    topic: Topic
    words: str
    earlier: list[Earlier]


@dataclass(frozen=True)
class TopicCard:
    """What the ticket's page shows: the topic that was chosen, or what is suggested; and what may be chosen instead."""

    chosen: Topic | None
    suggested: list[Suggested]
    offered: list[Topic]


def text_of(ticket: Ticket) -> str:
    """Return the words by which the topic is told: the subject, and what the client wrote first."""
    letters = Message.objects.filter(ticket=ticket, kind=Message.Kind.INCOMING).order_by("at", "pk")
    first = letters.only("reply", "text").first()
    words = (first.reply or first.text) if first else ""
    return f"{ticket.subject}\n{words}"


def topic_card(ticket: Ticket, user: User) -> TopicCard:
    """Return what is known of the ticket's topic. Suggested only until one is chosen: then it is a person's word."""
    offered = list(topics_of(ticket.desk))
    if ticket.topic is not None or not offered:
        return TopicCard(ticket.topic, [], offered)
    text = text_of(ticket)
    found = suggest_topics(ticket.desk, text, most=2)
    earlier = _earlier(ticket, text, found[:1], user)
    return TopicCard(
        None,
        [Suggested(one.topic, ", ".join(one.words), earlier if one is found[0] else []) for one in found],
        offered,
    )


def _earlier(ticket: Ticket, text: str, found: list[TopicSuggestion], user: User) -> list[Earlier]:
    like = tickets_like([one.topic for one in found], text, but=ticket.pk, most=EARLIER) if found else []
    tickets = tickets_visible_to(user).in_bulk([one.ticket_id for one in like])
    return [Earlier(tickets[one.ticket_id], ", ".join(one.words)) for one in like if one.ticket_id in tickets]


def topics_at(desks: "Collection[int] | QuerySet[Desk]") -> QuerySet[Topic]:
    return Topic.objects.filter(desk__in=desks, is_retired=False).order_by("name", "pk")


def topics_to_filter(user: User) -> list[Topic]:
    """Return the topics by which `user` may filter the queue."""
    return list(topics_at(desks_visible_to(user)))

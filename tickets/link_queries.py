"""Which tickets belong together, and which ones a person may be looking for."""

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from directory.folding import fold, words
from directory.models import Desk, User
from directory.queries import clients_found
from tickets.models import Link, Ticket
from tickets.queries import find_ticket_for, tickets_visible_to

# So many of the desk's latest tickets are looked through for words of the subject, so many are shown.
LATEST = 2000
MOST = 20


@dataclass(frozen=True)
class Linked:
    """A ticket that this one is linked to. `side` is related, source (this was split off it) or off (it was of this)."""

    link: Link
    ticket: Ticket
    side: str


def links_of(ticket: Ticket, user: User) -> list[Linked]:
    """Return the tickets that this one is linked to and that `user` may read, the latest link first."""
    found = Link.objects.filter(Q(earlier=ticket) | Q(later=ticket), undone_at=None).order_by("-pk")
    links = list(found.select_related("earlier", "later"))
    if not links:
        return []
    ids = {pk for link in links for pk in (link.earlier_id, link.later_id)}
    seen = set(tickets_visible_to(user).filter(pk__in=ids).values_list("pk", flat=True))
    pairs = [(link, link.later if link.earlier_id == ticket.pk else link.earlier) for link in links]
    return [Linked(link, other, _side(link, other)) for link, other in pairs if other.pk in seen]


def _side(link: Link, other: Ticket) -> str:
    if link.kind == Link.Kind.RELATED:
        return "related"
    return "off" if other.pk == link.later_id else "source"


def tickets_found(user: User, desk: Desk, query: str) -> QuerySet[Ticket]:
    """Return the desk's tickets that a number, a client or words of the subject name, the latest first; at most 20.

    Diacritics do not matter. Subjects are looked through among the desk's latest 2000.
    """
    seen = tickets_visible_to(user).filter(desk=desk).exclude(state__in=[Ticket.State.MERGED, Ticket.State.JUNK])
    wanted = words(query)
    if not wanted:
        return seen.none()
    named = find_ticket_for(user, desk, query)
    ids = {named.pk} if named is not None else set()
    clients = list(clients_found(query).values_list("pk", flat=True)[:MOST])
    ids |= set(seen.filter(client__in=clients).order_by("-pk").values_list("pk", flat=True)[:MOST])
    latest = seen.order_by("-pk").values_list("pk", "subject")[:LATEST]
    told = [pk for pk, subject in latest if all(word in fold(subject) for word in wanted)]
    ids |= set(told[:MOST])
    return with_people(seen.filter(pk__in=ids))


def likely_of(ticket: Ticket, user: User) -> QuerySet[Ticket]:
    """Return the other tickets of the same client, the latest first; at most 20."""
    same = tickets_visible_to(user).filter(desk=ticket.desk_id, client=ticket.client_id)
    same = same.exclude(state__in=[Ticket.State.MERGED, Ticket.State.JUNK])
    return with_people(same.exclude(pk=ticket.pk))


def with_people(tickets: QuerySet[Ticket]) -> QuerySet[Ticket]:
    return tickets.select_related("desk", "client", "owner").order_by("-received_at", "-pk")[:MOST]

"""Every read of tickets with a name, access rules included."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.core.exceptions import PermissionDenied
from django.db.models import Case, Count, Exists, Max, OuterRef, Prefetch, Q, QuerySet, Subquery, When
from django.db.models.functions import Left
from django.http import Http404

from audit.models import Event
from directory.models import Client, CompetenceOrder, Desk, Employee, User
from directory.queries import desks_where, is_allowed
from directory.rights import Right, roles_with
from sla.models import Deadline, Kind
from tickets.models import Delivery, Draft, Message, Note, Registration, Ticket
from tickets.people import addresses_on, folded


def tickets_visible_to(user: User) -> QuerySet[Ticket]:
    """Return every ticket of the desks whose work `user` sees, and of the others those that they were asked about."""
    whole, own = desks_where(user, Right.READ_ALL), desks_where(user, Right.READ)
    if set(own) <= set(whole):
        return Ticket.objects.filter(desk__in=whole)
    asked = Exists(Draft.objects.filter(ticket=OuterRef("pk"), author__user=user))
    return Ticket.objects.filter(Q(desk__in=whole) | Q(asked, desk__in=own))


def tickets_of_client(user: User, client_pk: int) -> QuerySet[Ticket]:
    """Return a client's tickets that `user` may read, newest first; those of who was merged into them too."""
    one = Client.objects.filter(Q(pk=client_pk) | Q(merged_into=client_pk))
    return tickets_visible_to(user).filter(client__in=one).order_by("-received_at", "-pk")


def get_ticket_for(user: User, number: str, *, to: Right = Right.READ) -> Ticket:
    """Return a ticket that `user` may treat so. Http404 if unseen, PermissionDenied if only seen."""
    ticket = (
        tickets_visible_to(user)
        .select_related("desk__calendar", "client", "owner", "expert", "topic", "suggested", "merged_into")
        .filter(number=number)
        .first()
    )
    if ticket is None:
        raise Http404
    if to != Right.READ and not is_allowed(user, to, ticket.desk_id):
        raise PermissionDenied
    return ticket


def find_ticket_for(user: User, desk: Desk, number: str) -> Ticket | None:
    """Return the desk's ticket with this number, whole or short, of several years the latest; None if there is none."""
    wanted = number.strip().upper()
    same = Q(number__endswith=f"-{int(wanted):05d}") if wanted.isdecimal() else Q(number=wanted)
    return tickets_visible_to(user).filter(same, desk=desk).order_by("-pk").first()


def get_message_for(user: User, number: str, message_pk: int, *, to: Right = Right.READ) -> Message:
    """Return a message of a ticket that `user` may treat so; refused as `get_ticket_for` refuses."""
    ticket = get_ticket_for(user, number, to=to)
    message = Message.objects.filter(ticket=ticket, pk=message_pk).first()
    if message is None:
        raise Http404
    message.ticket = ticket
    return message


# For how long after its completion a ticket's marks in the mailbox are looked at.
WATCHED = timedelta(days=7)
# How much of a message the queue shows.
WORDS = 160
VIEWS = ("all", "mine", "unprocessed", "waiting", "overdue", "complete", "junk")


def queue_of(user: User, view: str, *, topic: int | None = None, at: datetime) -> QuerySet[Ticket]:
    """Return the tickets of a view of the queue, of a topic (its id) or of all, in the order of receipt.

    The completed and the junk come newest first.
    """
    tickets = tickets_visible_to(user)
    tickets = tickets.filter(topic=topic) if topic else tickets
    if view in ("complete", "junk"):
        return tickets.filter(state=view).order_by("-completed_at" if view == "complete" else "-queued_at", "-pk")
    return tickets.filter(_in_view(user, view, at)).order_by("queued_at", "pk")


def queue_counts(user: User, *, at: datetime) -> dict[str, int]:
    """Return the size of each view of the open queue, in one query."""
    views = ("all", "mine", "unprocessed", "waiting", "overdue")
    return (
        tickets_visible_to(user)
        .filter(state__in=Ticket.OPEN)
        .aggregate(**{view: Count("pk", filter=_in_view(user, view, at)) for view in views})
    )


def _in_view(user: User, view: str, at: datetime) -> Q:
    is_open = Q(state__in=["unprocessed", "incomplete", "waiting"])
    match view:
        case "mine":
            return is_open & Q(owner__user=user)
        case "unprocessed":
            return Q(state=Ticket.State.UNPROCESSED)
        case "waiting":
            return Q(state=Ticket.State.WAITING)
        case "overdue":
            late = Deadline.objects.filter(Deadline.late(at), ticket=OuterRef("pk"))
            return is_open & Q(Exists(late))
        case _:
            return is_open


def open_of(desk: Desk, owner: Employee) -> QuerySet[Ticket]:
    """Return the open tickets of an owner at the desk in the order of receipt."""
    found = Ticket.objects.filter(desk=desk, owner=owner, state__in=["unprocessed", "incomplete", "waiting"])
    return found.select_related("client").order_by("queued_at", "pk")


def open_counts(desk: Desk) -> dict[int, int]:
    """Return how many open tickets each owner has at the desk, by employee id."""
    found = Ticket.objects.filter(desk=desk, state__in=["unprocessed", "incomplete", "waiting"], owner__isnull=False)
    return dict(found.values("owner").annotate(number=Count("pk")).order_by().values_list("owner", "number"))


def with_row_facts(tickets: QuerySet[Ticket]) -> QuerySet[Ticket]:
    """Add what a row of the queue shows, in a fixed number of queries: people, open deadlines, the last message."""
    latest = Message.objects.filter(ticket=OuterRef("pk"), kind=Message.Kind.INCOMING).order_by("-at", "-pk")
    words = Case(When(reply="", then=Left("text", 2 * WORDS)), default=Left("reply", 2 * WORDS))
    return (
        with_last_letter(tickets)
        .select_related("desk__calendar", "client", "owner", "topic")
        .annotate(words=Subquery(latest.annotate(words=words).values("words")[:1]))
        .prefetch_related(
            Prefetch(
                "deadlines",
                Deadline.objects.filter(state__in=["running", "paused", "answering"])
                .select_related("policy")
                .order_by("due_at", "pk"),
                to_attr="open_deadlines",
            ),
        )
    )


def with_last_letter(tickets: QuerySet[Ticket]) -> QuerySet[Ticket]:
    """Add `last_letter`, the id of the client's message that came last: what a list of tickets shows is read up to it."""
    letters = Message.objects.filter(ticket=OuterRef("pk"), kind=Message.Kind.INCOMING).order_by("-pk")
    return tickets.annotate(last_letter=Subquery(letters.values("pk")[:1]))


def older_unprocessed(ticket: Ticket) -> QuerySet[Ticket]:
    """Return the unprocessed tickets of the same desk that were received earlier.  (S-21)"""
    waiting = Ticket.objects.filter(desk_id=ticket.desk_id, state=Ticket.State.UNPROCESSED)
    return waiting.filter(Q(queued_at__lt=ticket.queued_at) | Q(queued_at=ticket.queued_at, pk__lt=ticket.pk)).order_by(
        "queued_at", "pk"
    )


def junk_of(user: User) -> QuerySet[Ticket]:
    """Return the junk of the desks at which `user` works, the latest first, each with its `sender`'s address."""
    latest = Message.objects.filter(ticket=OuterRef("pk"), kind=Message.Kind.INCOMING).order_by("-pk")
    junk = Ticket.objects.filter(desk__in=desks_where(user, Right.WORK), state=Ticket.State.JUNK)
    return junk.annotate(sender=Subquery(latest.values("sender_address")[:1])).order_by("-queued_at", "-pk")


def unseen_junk(user: User) -> int:
    """Return how many junk tickets came by themselves and were looked at by nobody."""
    return junk_of(user).filter(is_junk_unseen=True).count()


def is_known_client(client: Client) -> bool:
    """Tell whether the desk knows the client: a person confirmed them, or they were answered once."""
    return client.is_confirmed or Message.objects.filter(ticket__client=client, kind=Message.Kind.OUTGOING).exists()


def sender_of(ticket: Ticket) -> str:
    """Return the address from which the client wrote last, "" if they never did."""
    latest = last_from_client(ticket)
    return latest.sender_address if latest else ""


def unfinished_messages(ticket: Ticket) -> QuerySet[Message]:
    return Message.objects.filter(ticket=ticket, kind=Message.Kind.INCOMING).exclude(mark=Message.Mark.COMPLETE)


def last_from_client(ticket: Ticket) -> Message | None:
    return Message.objects.filter(ticket=ticket, kind=Message.Kind.INCOMING).order_by("-pk").first()


def last_from_clients(tickets: Iterable[Ticket]) -> dict[int, Message]:
    """Return the client's last message of each ticket, by the ticket's id."""
    letters = Message.objects.filter(ticket__in=tickets, kind=Message.Kind.INCOMING)
    last = letters.order_by().values("ticket").annotate(last=Max("pk")).values("last")
    return {one.ticket_id: one for one in Message.objects.filter(pk__in=last)}


def first_unanswered(ticket: Ticket) -> Message | None:
    """Return the client's first message whose `reply` is still owed by somebody."""
    owed = Deadline.objects.filter(message=OuterRef("pk"), kind=Kind.REPLY, state__in=["running", "paused"])
    letters = Message.objects.filter(Exists(owed), ticket=ticket, kind=Message.Kind.INCOMING)
    return letters.order_by("at", "pk").first()


def last_to_see(ticket: Ticket) -> Message | None:
    """Return what a writer must have seen before answering: the last letter of the client's, or of ours."""
    letters = messages_that_left(ticket).exclude(kind=Message.Kind.AUTOMATIC)
    return letters.order_by("-pk").first()


def messages_of(ticket: Ticket) -> QuerySet[Message]:
    return (
        Message.objects.filter(ticket=ticket)
        .select_related("author", "client", "delivery", "draft__author", "registration")
        .prefetch_related("attachments", "deadlines")
    )


def who_may_see(ticket: Ticket) -> set[int]:
    """Return who may see the ticket, by employee id: those who see all of the desk, and those who were asked about it."""
    whole = Employee.objects.filter(roles__desk=ticket.desk_id, roles__name__in=roles_with(Right.READ_ALL))
    asked = Employee.objects.filter(
        drafts__ticket=ticket, roles__desk=ticket.desk_id, roles__name__in=roles_with(Right.READ)
    )
    return {*whole.values_list("pk", flat=True), *asked.values_list("pk", flat=True)}


def notes_of(ticket: Ticket) -> QuerySet[Note]:
    return Note.objects.filter(ticket=ticket).select_related("author", "breaking_off__letter")


def events_of(ticket: Ticket) -> QuerySet[Event]:
    return Event.objects.filter(ticket=ticket).select_related("by__employee").order_by("at", "pk")


def threads_of(desk: Desk, message_ids: Iterable[str]) -> dict[str, int]:
    """Return the ids of the tickets at the desk that hold messages with these Message-IDs, by Message-ID."""
    found = Message.objects.filter(message_id__in=[one for one in message_ids if one], ticket__desk=desk)
    return dict(found.order_by("pk").values_list("message_id", "ticket_id"))


def thread_of(desk: Desk, message_ids: Iterable[str]) -> Ticket | None:
    """Return the ticket at the desk that holds a message with one of these Message-IDs, the last named first."""
    wanted = list(message_ids)
    found = threads_of(desk, wanted)
    for message_id in reversed(wanted):
        if message_id in found:
            return Ticket.objects.get(pk=found[message_id])
    return None


def survivor_of(ticket: Ticket) -> Ticket:
    """Return the ticket that this one was joined to, and that one to, as far as it goes; itself if to none."""
    while ticket.merged_into_id is not None:
        ticket = Ticket.objects.get(pk=ticket.merged_into_id)
    return ticket


def people_on(ticket: Ticket) -> set[str]:
    """Return the addresses, in lower case, of who has written on the ticket or was written to, and of its client."""
    people = set(ticket.client.addresses.values_list("email", flat=True))
    return (people | writers_on([ticket.pk]).get(ticket.pk, set())) - {"", ticket.desk.address.lower()}


def writers_on(tickets: Collection[int]) -> dict[int, set[str]]:
    """Return the addresses, in lower case, of who has written on these tickets or was written to, by the ticket's id.

    A machine that answered by itself brings nobody onto the ticket.
    """
    letters = Message.objects.filter(ticket__in=tickets).exclude(kind=Message.Kind.AUTOMATIC)
    people: dict[int, set[str]] = {}
    for ticket_id, sender, to, cc in letters.values_list("ticket_id", "sender_address", "to", "cc"):
        people.setdefault(ticket_id, set()).update(one.lower() for one in (sender, *to, *cc))
    return people


def is_on_ticket(ticket: Ticket, address: str) -> bool:
    return address.lower() in people_on(ticket)


def known_addresses(ticket: Ticket) -> set[str]:
    """Return, folded, the addresses that a message of the ticket was from or to: those need no second asking."""
    return addresses_on(messages_that_left(ticket).only("sender_address", "to", "cc"))


def client_addresses(ticket: Ticket) -> set[str]:
    """Return, folded, the addresses at which clients of the ticket read: what reaches none of them is no answer."""
    written = Message.objects.filter(ticket=ticket, kind=Message.Kind.INCOMING)
    found = {folded(one) for sender, to in written.values_list("sender_address", "reply_to") for one in (sender, *to)}
    return found | {folded(one) for one in ticket.client.addresses.values_list("email", flat=True)}


def messages_that_left(ticket: Ticket) -> QuerySet[Message]:
    """Return the ticket's messages without the replies that were taken back."""
    recalled = Delivery.objects.filter(message=OuterRef("pk"), state=Delivery.State.RECALLED)
    return Message.objects.filter(~Exists(recalled), ticket=ticket)


def client_knows(ticket: Ticket, promised_for: datetime) -> bool:
    """Tell whether the client was told of the forwarding and of this time already, so that no notice is needed."""
    promised = Deadline.objects.filter(ticket=ticket, kind=Kind.PROMISED, state__in=Deadline.OPEN, due_at=promised_for)
    return ticket.drafts.exists() and promised.exists() and first_unanswered(ticket) is None


def drafts_of(ticket: Ticket) -> QuerySet[Draft]:
    return Draft.objects.filter(ticket=ticket).select_related("author", "closed_by", "order").prefetch_related("files")


def order_of_forwarding(ticket: Ticket) -> CompetenceOrder | None:
    """Return the order by which the ticket's colleague was asked; a later one does not change it.  (E-II.4b)"""
    last = ticket.drafts.select_related("order").order_by("-version").first() if ticket.expert_id else None
    return last.order if last else None


def waiting_draft(ticket: Ticket) -> Draft | None:
    """Return the draft that waits to be sent."""
    return drafts_of(ticket).filter(state=Draft.State.SUBMITTED).first()


def waiting_registration(ticket: Ticket) -> Registration | None:
    """Return the number in the office's records that the next reply goes out under."""
    return Registration.objects.filter(ticket=ticket).first()


def drafts_owed(user: User) -> QuerySet[Draft]:
    """Return the drafts of `user` that are to be written, or wait to be sent."""
    mine = Draft.objects.filter(author__user=user, state__in=["writing", "submitted"])
    return mine.filter(ticket__desk__in=desks_where(user, Right.DRAFT), ticket__state__in=Ticket.OPEN)


def drafts_asked(user: User) -> QuerySet[Draft]:
    """Return the open drafts of the desks at which `user` works: to be sent, or with colleagues."""
    desks = desks_where(user, Right.WORK)
    return Draft.objects.filter(
        ticket__desk__in=desks, state__in=["writing", "submitted"], ticket__state__in=Ticket.OPEN
    )


def with_draft_facts(drafts: QuerySet[Draft]) -> QuerySet[Draft]:
    """Add what a list of drafts shows, in a fixed number of queries."""
    opened = Deadline.objects.filter(state__in=["running", "paused", "answering"]).order_by("due_at", "pk")
    return drafts.select_related(
        "author", "ticket__desk__calendar", "ticket__client", "ticket__owner"
    ).prefetch_related(
        Prefetch("ticket__deadlines", opened.select_related("policy"), to_attr="open_deadlines"), "ticket__drafts"
    )


def get_draft_for(user: User, pk: int) -> Draft:
    """Return a draft of `user`'s own, open or not. Http404 if it is nobody's or another's."""
    mine = Draft.objects.filter(pk=pk, author__user=user, ticket__desk__in=desks_where(user, Right.DRAFT))
    draft = mine.select_related(
        "author__user", "asked_by", "order", "ticket__desk__calendar", "ticket__client", "ticket__topic"
    ).first()
    if draft is None:
        raise Http404
    return draft


OUTBOX = ("asks", "coming")


def outbox_of(user: User, view: str) -> QuerySet[Delivery]:
    """Return replies of a view of the outbox: those that ask for a person, or those on their way; the oldest first."""
    seen = Delivery.objects.filter(desk__in=desks_where(user, Right.READ_ALL))
    seen = seen.select_related("message__ticket__desk", "message__author")
    if view == "asks":
        return seen.filter(asks_at__isnull=False).order_by("asks_at", "pk")
    return seen.filter(state__in=["queued", "sending"]).order_by("queued_at", "pk")


def unwritten_marks(desk: Desk) -> QuerySet[Message]:
    return Message.objects.filter(is_mark_written=False, ticket__desk=desk).order_by("pk")


def watched_marks(desk: Desk, *, at: datetime) -> QuerySet[Message]:
    """Return the client's messages whose marks in the mailbox are looked at: of tickets open, or lately completed.

    One whose mark is still to be written shows an old one, which says nothing.
    """
    is_live = Q(ticket__state__in=["unprocessed", "incomplete", "waiting"])
    is_live |= Q(ticket__state="complete", ticket__completed_at__gte=at - WATCHED)
    letters = Message.objects.filter(is_live, ticket__desk=desk, kind=Message.Kind.INCOMING, is_mark_written=True)
    return letters.order_by("pk")

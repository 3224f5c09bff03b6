"""Invented tickets in bulk, for trying the product out at size: the same seed and instant make the same rows.

Into an empty database an office is made first, else the first desk takes them. Everything is history, or open at the
instant of the load; nothing is mailed and nobody is told of what broke before it. Written a batch a transaction, so
that memory stays flat and the desk can work on meanwhile: ids and ticket numbers are taken as for real tickets.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby, islice
from random import Random
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from audit.models import Event
from contact.demo import wording
from contact.demo.people import PASSWORD, PEOPLE, Person, marker
from contact.demo.story import MAIL_TAKES, Author, Due, Happened, Said, Scene, Story, Writer
from directory.actions import create_employee, grant_role
from directory.actions.clients import index_clients
from directory.models import Client, ClientAddress, Desk, Employee, Role
from directory.signature import gaps, signature
from helpdesk.rows import insert_rows, reserve_ids
from sla.calendar import WorkingCalendar
from sla.models import Deadline
from sla.queries import calendar_of, policies_at
from sla.shipped import DEMONSTRATION_WEEK, load_calendar, load_policies
from tickets.models import Delivery, Message, Note, Ticket, TicketCounter

BATCH = 500
TICKETS_A_DAY = 60
FEWEST_DAYS, MOST_DAYS = 90, 550
# How much comes on a weekday that works; on one that does not, and at which hours.
WEEKDAYS = (1.25, 1.1, 1.0, 0.95, 0.8, 0.5, 0.5)
CLOSED = 0.08
HOURS = tuple(range(6, 23))
HOUR_WEIGHTS = (1, 2, 8, 14, 15, 13, 8, 9, 13, 12, 10, 6, 3, 2, 2, 1, 1)

TICKET = (
    "id", "desk_id", "number", "subject", "client_id", "owner_id", "channel", "state", "received_at", "queued_at",
    "completed_at", "resume_on", "is_junk_unseen",
)  # fmt: skip
MESSAGE = (
    "id", "ticket_id", "kind", "channel", "at", "client_id", "author_id", "sender_name", "sender_address", "to", "cc",
    "reply_to", "subject", "text", "reply", "html", "message_id", "in_reply_to", "references", "mark", "is_mark_written",
    "no_answer_reason", "is_substantive", "is_interim", "is_by_hand", "seen_mark", "files_left",
)  # fmt: skip
DEADLINE = (
    "id", "desk_id", "ticket_id", "message_id", "answer_id", "owner_id", "policy_id", "kind", "paragraph", "state",
    "started_at", "due_at", "first_due_at", "warn_at", "warnings", "paused_at", "days_left", "met_at", "cancelled_at",
    "cancel_reason", "breached_at", "is_breach_told", "steps",
)  # fmt: skip
DELIVERY = (
    "desk_id",
    "message_id",
    "state",
    "queued_at",
    "tries",
    "sending_at",
    "accepted_at",
    "is_filed",
    "error",
    "failed",
)
NOTE = ("ticket_id", "author_id", "at", "text")
EVENT = ("at", "verb", "by_id", "target_type", "target_id", "ticket_id", "data")
Row = tuple[Any, ...]
LABELS = {Said: "tickets.message", Due: "sla.deadline"}


def load(tickets: int, *, seed: int, at: datetime) -> Iterator[int]:
    """Write that many tickets up to `at`; yield after each batch how many there are."""
    rng, days = Random(seed), _days(tickets)
    desk = Desk.objects.select_related("calendar").order_by("pk").first()
    if desk is None:
        desk = office(at=at, from_at=at - timedelta(days=days + 1))
    calendar, policies = calendar_of(desk), policies_at(desk, at)
    scene = Scene(desk, calendar, policies, _authors(desk, at=at), at, rng)
    writers, done = _writers(tickets, rng), 0
    moments = arrivals(tickets, days, calendar.working, rng, at)

    def tell() -> list[Story]:
        told = ((at, rng.choice(writers), rng.choice(scene.authors)) for at in islice(moments, BATCH))
        return [Story(scene, *one).tell() for one in told]

    # The next batch is thought up while the database takes in the one before.
    with ThreadPoolExecutor(max_workers=1) as pool:
        coming = pool.submit(tell)
        while stories := coming.result():
            coming = pool.submit(tell)
            done += _write(scene, stories)
            yield done
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def arrivals(tickets: int, days: int, calendar: WorkingCalendar, rng: Random, at: datetime) -> Iterator[datetime]:
    """Yield when the tickets come, in order: so many on each of the `days` up to `at` as its weekday brings."""
    today = at.astimezone(calendar.tz).date()
    dates = [today - timedelta(days=days - one) for one in range(days + 1)]
    weights = [_weight(calendar, on, at) for on in dates]
    total, came, given = sum(weights), 0.0, 0
    for on, weight in zip(dates, weights, strict=True):
        came += weight
        number = round(tickets * came / total) - given
        given += number
        hours = rng.choices(HOURS, HOUR_WEIGHTS, k=number)
        yield from sorted(_clock(on, hour, calendar, rng, at) for hour in hours)


def office(*, at: datetime, from_at: datetime) -> Desk:
    """Make the demonstration's desk; its people can sign in only on an embedded database."""
    desk = Desk.objects.create(
        code="demo",
        name="Demonstrācijas atbalsts",
        office="Maksātnespējas kontroles dienests",
        prefix="DEMO",
        address="atbalsts@demo.example",
        phone="+371 2000 0190",
        starts_at=from_at,
    )
    load_calendar(desk, DEMONSTRATION_WEEK, by=None, at=at)
    load_policies(desk, by=None, at=at)
    for person in PEOPLE:
        _employ(person, desk, PASSWORD if settings.EMBEDDED else None, at=at)
    if settings.EMBEDDED:
        marker().touch()
    return Desk.objects.select_related("calendar").get(pk=desk.pk)


def _employ(person: Person, desk: Desk, password: str | None, *, at: datetime) -> Employee:
    names = {"first_name": person.first_name, "last_name": person.last_name}
    about = {"position": person.position, "phone": person.phone}
    employee = create_employee(person.email, password, **names, **about, by=None, at=at)
    for role in person.roles:
        grant_role(employee, desk, role, by=None, at=at)
    return employee


def _authors(desk: Desk, *, at: datetime) -> list[Author]:
    """Return who answers at the desk: its administrators, or an invented one where it has none yet."""
    held = Employee.objects.filter(roles__desk=desk, roles__name=Role.Name.ADMINISTRATOR).order_by("pk")
    people = [one for one in held if not gaps(one)] or list(held)
    if not people:
        people = [Employee.objects.filter(user__email=PEOPLE[0].email).first() or _employ(PEOPLE[0], desk, None, at=at)]
    return [Author(one.pk, one.user_id, "" if gaps(one) else signature(one, desk)) for one in people]


def _writers(tickets: int, rng: Random) -> list[Writer]:
    """Return the clients who write; those that an earlier load made are taken again."""
    invented = wording.people(min(max(tickets // 12, 20), 3000), rng)
    addresses = [address for _, _, address in invented]
    known = dict(ClientAddress.objects.filter(email__in=addresses).values_list("email", "client_id"))
    missing = [one for one in invented if one[2] not in known]
    with transaction.atomic():
        made = Client.objects.bulk_create(Client(name=name, kind=kind, is_confirmed=True) for name, kind, _ in missing)
        rows = [ClientAddress(client=client, email=one[2]) for client, one in zip(made, missing, strict=True)]
        known |= {row.email: row.client_id for row in ClientAddress.objects.bulk_create(rows)}
        index_clients([client.pk for client in made])
    return [Writer(known[address], name, address) for name, _, address in invented]


@transaction.atomic
def _write(scene: Scene, stories: list[Story]) -> int:
    ids, numbers = reserve_ids(Ticket, len(stories)), list(_numbers(scene.desk, [one.received_at for one in stories]))
    numbered = list(zip(ids, numbers, stories, strict=True))
    _give_ids(Message, [said for story in stories for said in story.messages])
    _give_ids(Deadline, [due for story in stories for due in story.dues])
    insert_rows(Ticket, TICKET, (_ticket(*one) for one in numbered))
    insert_rows(Message, MESSAGE, (row for one in numbered for row in _messages(*one)))
    insert_rows(Deadline, DEADLINE, (row for pk, _, story in numbered for row in _deadlines(pk, story)))
    sent = [said for story in stories for said in story.messages if said.kind == Message.Kind.OUTGOING]
    insert_rows(Delivery, DELIVERY, (_delivery(scene.desk, said) for said in sent))
    written = ((pk, story.author.employee, *note) for pk, _, story in numbered for note in story.notes)
    insert_rows(Note, NOTE, written)
    happened = sorted(((event, pk) for pk, _, story in numbered for event in story.events), key=lambda pair: pair[0].at)
    insert_rows(Event, EVENT, (_event(*pair) for pair in happened))
    return len(stories)


def _give_ids(model: type[Message] | type[Deadline], made: Sequence[Said | Due]) -> None:
    for one, pk in zip(made, reserve_ids(model, len(made)), strict=True):
        one.pk = pk


def _numbers(desk: Desk, moments: Iterable[datetime]) -> Iterator[str]:
    """Take the desk's next numbers of the years in which the tickets came; the next real ticket goes on from there."""
    for year, group in groupby(at.astimezone(desk.tz).year for at in moments):
        taken = len(list(group))
        TicketCounter.objects.get_or_create(desk=desk, year=year)
        counter = TicketCounter.objects.select_for_update().get(desk=desk, year=year)
        TicketCounter.objects.filter(pk=counter.pk).update(last=counter.last + taken)
        yield from (f"{desk.prefix}-{year}-{counter.last + one:05d}" for one in range(1, taken + 1))


# --- Rows, in the order of the names above -----------------------------------------------------------------------------


def _ticket(pk: int, number: str, story: Story) -> Row:
    whose = (story.writer.client, story.owner, "email", story.state)
    when = (story.received_at, story.queued_at, story.completed_at, story.resume_on, False)
    return (pk, story.scene.desk.pk, number, story.subject, *whose, *when)


def _messages(pk: int, number: str, story: Story) -> Iterator[Row]:
    desk, writer = story.scene.desk, story.writer
    for place, said in enumerate(story.messages):
        if said.kind == Message.Kind.OUTGOING:
            author, sender, to = story.author.employee, (desk.name, desk.address), [writer.address]
        else:
            author, sender, to = None, (writer.name, writer.address), [desk.address]
        message_id = f"<{number}.{place}@{sender[1].partition('@')[2]}>".lower()
        who: Row = (writer.client, author, *sender, to, [], [])
        words: Row = (said.subject, said.text, said.reply, "", message_id, "", [])
        marks = (said.mark, True, said.no_answer_reason, said.is_substantive, False, False, "", 0)
        yield (said.pk, pk, said.kind, "email", said.at, *who, *words, *marks)


def _deadlines(pk: int, story: Story) -> Iterator[Row]:
    desk, at = story.scene.desk, story.scene.at
    for due in story.dues:
        is_burning = due.state == Deadline.State.RUNNING and due.breached_at is None
        coming = [(when, tell) for when, tell in due.term.warnings if when > at] if is_burning else []
        messages = (due.message.pk if due.message else None, due.answer.pk if due.answer else None)
        what = (due.policy.pk, due.kind, due.policy.paragraph, due.state)
        when = (due.start.at, due.term.due_at, due.first_due_at, coming[0][0] if coming else None)
        warnings = [[when.isoformat(), tell] for when, tell in coming]
        ended = (due.paused_at, due.days_left, due.met_at, due.cancelled_at, due.cancel_reason)
        breach = (due.breached_at, due.breached_at is not None)
        yield (due.pk, desk.pk, pk, *messages, story.owner, *what, *when, warnings, *ended, *breach, due.term.steps)


def _delivery(desk: Desk, said: Said) -> Row:
    accepted_at = said.at + MAIL_TAKES
    return (desk.pk, said.pk, Delivery.State.SENT, said.at, 1, accepted_at, accepted_at, True, "", {})


def _event(event: Happened, pk: int) -> Row:
    target = (LABELS[type(event.target)], event.target.pk) if event.target else ("tickets.ticket", pk)
    return (event.at, str(event.verb), event.by, *target, pk, event.data)


# --- Time ---------------------------------------------------------------------------------------------------------------


def _days(tickets: int) -> int:
    return min(max(tickets // TICKETS_A_DAY, FEWEST_DAYS), MOST_DAYS)


def _weight(calendar: WorkingCalendar, on: date, at: datetime) -> float:
    """Return what part of a plain day's tickets a date brings; of the last one only what has passed."""
    weight = WEEKDAYS[on.weekday()] if calendar.is_business_day(on) else CLOSED
    begins, ends = (datetime.combine(on, time(hour), calendar.tz) for hour in (HOURS[0], HOURS[-1]))
    return weight * min(max((at - begins) / (ends - begins), 0), 1)


def _clock(on: date, hour: int, calendar: WorkingCalendar, rng: Random, at: datetime) -> datetime:
    came = datetime.combine(on, time(hour), calendar.tz).astimezone(UTC) + timedelta(seconds=rng.randrange(3600))
    if came <= at:
        return came
    begins = datetime.combine(on, time(HOURS[0]), calendar.tz).astimezone(UTC)
    return begins + timedelta(seconds=int((at - begins) / timedelta(seconds=1) * rng.random()))

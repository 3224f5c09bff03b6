"""Two weeks of an invented office, played through the product's own actions, up to a given instant."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Min

from contact.demo.knowing import know
from contact.demo.people import ADMINISTRATOR, ANDRIS, CLIENTS, PASSWORD, PEOPLE, SANTA, Person
from contact.email import inbound, maildir, outbound
from contact.email.mailbox import url_of
from contact.models import MailboxCheck
from directory.actions import create_employee, grant_role, register_client
from directory.models import Desk, Employee
from escalation.actions import mail_notices, sweep
from knowledge.shipped import load_knowledge
from sla.calendar import WorkingCalendar
from sla.models import Deadline
from sla.queries import calendar_of
from sla.shipped import DEMONSTRATION_WEEK, load_calendar, load_policies
from tickets.actions.drafting import submit_draft
from tickets.actions.forwarding import Notice, forward_ticket
from tickets.actions.registering import RecordEntry, register_reply
from tickets.actions.replying import Reply, reply_to_client
from tickets.actions.working import take_ticket
from tickets.draft_pages import expected, unit_words
from tickets.interim import interim_notice
from tickets.models import Message, Ticket

SWEEP = timedelta(minutes=1)
# How often the mailbox was looked into, and since when before the load: the mailbox page looks back a week.
CHECK, CHECKED_FOR = timedelta(minutes=5), timedelta(days=8)
# How long before the load a draft came.
BEFORE = timedelta(minutes=12)
MAILS = Path(__file__).parent / "mails"
DEPUTY = "raimonds@emus.example"
CLIENT_PHONE = "+371 2000 0190"


@dataclass(frozen=True)
class Letter:
    """A mail of the demonstration: when it arrives (business days ago, at what time), and what the office did then.

    `taken`, `forwarded` (to `expert`) and `replied` are spans after the receipt; `key` names the reply, so that later
    mails may refer to it. `draft` is what the expert submitted a moment before the load.
    """

    file: str
    days_ago: int
    clock: time
    taken: timedelta | None = None
    replied: timedelta | None = None
    key: str = ""
    text: str = ""
    forwarded: timedelta | None = None
    expert: Person | None = None
    draft: str = ""


def _minutes(number: int) -> timedelta:
    return timedelta(minutes=number)


REPLY_MEETING = """Labdien!

Kreditoru sapulci attālināti pievieno tāpat kā klātienes sapulci: sadaļā „Kreditoru sapulces” izvēlieties „Jauna sapulce” un norises vietā atzīmējiet „attālināti”. Saiti uz sapulci ierakstiet laukā „Piezīmes”.

Ja kādā solī rodas kļūda, lūdzu, atsūtiet ekrānattēlu."""
REPLY_REGISTER = """Labdien!

Prasījumu reģistru var lejupielādēt pēc tam, kad visi prasījumi ir apstiprināti. Vienam prasījumam vēl ir statuss „Melnraksts”, tādēļ poga nav pieejama. Apstipriniet to un mēģiniet vēlreiz."""
REPLY_ASSISTANT = """Labdien!

Pilnvarojumu palīgam saglabā pēc tam, kad norādīts tā termiņš. Lūdzu, aizpildiet lauku „Derīgs līdz” un saglabājiet vēlreiz."""
DRAFT_SCREEN = """Labdien!

Ekrānattēlā redzamā kļūda rodas, ja pielikuma nosaukumā ir pēdiņas. Lūdzu, pārsauciet datni, izmantojot tikai burtus, ciparus un domuzīmi, un pievienojiet to vēlreiz. Jau ievadītie dati lietā ir saglabāti."""

LETTERS = (
    Letter(
        "03-kreditoru-sapulce-windows-1257.eml",
        4,
        time(9, 20),
        _minutes(15),
        _minutes(105),
        "demo-out-2",
        REPLY_MEETING,
    ),
    Letter(
        "02-prasijumu-registrs-outlook-html.eml",
        3,
        time(14, 10),
        _minutes(30),
        _minutes(95),
        "demo-out-3",
        REPLY_REGISTER,
    ),
    Letter("09-automatiska-atbilde.eml", 3, time(15, 46)),
    Letter("01-parskats-nesakrit.eml", 2, time(10, 14), _minutes(36)),
    Letter(
        "14-pilnvarojums-atbildes-starp-rindam.eml",
        2,
        time(14, 20),
        _minutes(20),
        _minutes(80),
        "demo-out-1",
        REPLY_ASSISTANT,
    ),
    Letter("10-atgriezta-vestule.eml", 2, time(15, 41)),
    Letter("08-paldies.eml", 1, time(8, 45)),
    Letter(
        "04-tap-zinojums-iso-8859-13.eml",
        1,
        time(11, 40),
        _minutes(30),
        forwarded=_minutes(45),
        expert=SANTA,
    ),
    Letter(
        "05-kludas-ekrans-inline-attels.eml",
        1,
        time(13, 25),
        _minutes(35),
        forwarded=_minutes(50),
        expert=ANDRIS,
        draft=DRAFT_SCREEN,
    ),
    Letter("07-turpinajums-pie-parskata.eml", 1, time(16, 2), _minutes(25)),
    Letter("06-edoc-un-pdf-pielikumi.eml", 1, time(16, 35), _minutes(20)),
    Letter("13-lietas-nodosana-kopija-vairakiem.eml", 0, time(8, 40), _minutes(25)),
    Letter("15-parsutits-kreditora-prasijums.eml", 0, time(9, 5)),
    Letter("12-bez-sutitaja.eml", 0, time(9, 30)),
    Letter("11-emus-nav-pieejama.eml", 0, time(10, 50)),
)


@transaction.atomic
def load(*, at: datetime) -> Desk:
    """Make the office and play its last days up to `at`. Nothing is scheduled after `at`."""
    desk = _desk(at=at)
    people = {person.email: _employ(person, desk, at=at) for person in PEOPLE}
    for email, name, kind in CLIENTS:
        register_client(email, name, kind, by=None, at=at)
    know(desk, people, at=at)
    load_knowledge(desk, people[ADMINISTRATOR.email], people[DEPUTY], at=at)
    calendar = calendar_of(desk).working
    root = Path(unquote(urlsplit(url_of(desk)).path))
    keys: dict[bytes, bytes] = {}
    for moment, act in sorted(_acts(desk, people, calendar, root, keys, at=at), key=lambda pair: pair[0]):
        _sweep_until(moment)
        act(moment)
    _sweep_until(at)
    _note_checks(desk, at=at)
    return desk


def _note_checks(desk: Desk, *, at: datetime) -> None:
    """Record the looks into the mailbox between the mails, as beat would have: the mailbox page shows a quiet week."""
    begun = at - CHECKED_FOR
    looks = (begun + number * CHECK for number in range(CHECKED_FOR // CHECK))
    MailboxCheck.objects.bulk_create(MailboxCheck(desk=desk, at=one) for one in looks)


def _sweep_until(moment: datetime) -> None:
    """Sweep as beat would have: a minute after each warning and each deadline that came up."""
    while True:
        due = Deadline.objects.filter(breached_at=None, state="running", due_at__lt=moment - SWEEP)
        warned = Deadline.objects.filter(state="running", warn_at__lt=moment - SWEEP)
        coming = [at for at in (due.aggregate(at=Min("due_at"))["at"], warned.aggregate(at=Min("warn_at"))["at"]) if at]
        if not coming:
            return
        sweep(at=min(coming) + SWEEP)
        mail_notices(at=min(coming) + SWEEP)


def _desk(*, at: datetime) -> Desk:
    desk = Desk.objects.create(
        code="emus",
        name="EMUS atbalsts",
        office="Maksātnespējas kontroles dienests",
        prefix="EMUS",
        address="atbalsts@emus.example",
        phone=CLIENT_PHONE,
        starts_at=at - timedelta(days=60),
    )
    load_calendar(desk, DEMONSTRATION_WEEK, by=None, at=at)
    load_policies(desk, by=None, at=at)
    return Desk.objects.select_related("calendar").get(pk=desk.pk)


def _employ(person: Person, desk: Desk, *, at: datetime) -> Employee:
    employee = create_employee(
        person.email,
        PASSWORD,
        first_name=person.first_name,
        last_name=person.last_name,
        position=person.position,
        phone=person.phone,
        by=None,
        at=at,
    )
    for role in person.roles:
        grant_role(employee, desk, role, by=None, at=at)
    return employee


Act = Callable[[datetime], object]


def _acts(
    desk: Desk,
    people: dict[str, Employee],
    calendar: WorkingCalendar,
    root: Path,
    keys: dict[bytes, bytes],
    *,
    at: datetime,
) -> Iterator[tuple[datetime, Act]]:
    """Yield what happened and when: arrivals, takings, forwardings, drafts, replies; the future is left out."""
    administrator = people[ADMINISTRATOR.email]
    for number, letter in enumerate(LETTERS):
        arrived = min(_moment(desk, calendar, letter, at=at), at - timedelta(minutes=3 * (len(LETTERS) - number)))
        yield arrived, _arrival(desk, letter, root, keys)
        if letter.taken is not None and arrived + letter.taken < at:
            yield arrived + letter.taken, _taking(desk, letter, administrator)
        if letter.forwarded is not None and letter.expert and arrived + letter.forwarded < at - BEFORE:
            yield arrived + letter.forwarded, _forwarding(desk, letter, administrator, people[letter.expert.email])
            if letter.draft:
                yield at - BEFORE, _draft(desk, letter)
        if letter.replied is not None and arrived + letter.replied < at:
            yield arrived + letter.replied, _answer(desk, letter, administrator, keys)


def _moment(desk: Desk, calendar: WorkingCalendar, letter: Letter, *, at: datetime) -> datetime:
    """Return `letter.clock` on the business day that lies so many business days before the day of `at`."""
    day, left = at.astimezone(desk.tz).date(), letter.days_ago
    while left or (letter.days_ago and not calendar.is_business_day(day)):
        day -= timedelta(days=1)
        left -= calendar.is_business_day(day)
    return datetime.combine(day, letter.clock, desk.tz)


def _arrival(desk: Desk, letter: Letter, root: Path, keys: dict[bytes, bytes]) -> Act:
    def arrive(moment: datetime) -> None:
        raw = (MAILS / letter.file).read_bytes()
        for name, message_id in keys.items():
            raw = raw.replace(name, message_id)
        date = format_datetime(moment.astimezone(desk.tz)).encode()
        raw = re.sub(rb"(?m)^Date: [^\r\n]*", b"Date: " + date, raw, count=1)
        maildir.drop(root, raw, moment)
        inbound.check_inbox(desk, at=moment)

    return arrive


def _taking(desk: Desk, letter: Letter, administrator: Employee) -> Act:
    return lambda moment: take_ticket(_ticket(desk, letter), order_reason="related", by=administrator.user, at=moment)


def _answer(desk: Desk, letter: Letter, administrator: Employee, keys: dict[bytes, bytes]) -> Act:
    def answer(moment: datetime) -> None:
        key = UUID(int=hash_of(letter.key)).hex
        ticket = _ticket(desk, letter)
        message = reply_to_client(ticket, Reply(letter.text, key), by=administrator.user, at=moment)
        entry = RecordEntry(f"1-8/{340 + int(ticket.short_number)}", moment.astimezone(desk.tz).date())
        register_reply(message, entry, by=administrator.user, at=moment)
        keys[f"<{letter.key}@atbalsts.example>".encode()] = message.message_id.encode()
        outbound.deliver(message.pk, at=moment + settings.UNDO_SPAN)

    return answer


def _forwarding(desk: Desk, letter: Letter, administrator: Employee, expert: Employee) -> Act:
    def forward(moment: datetime) -> None:
        ticket = _ticket(desk, letter)
        due = expected(ticket, at=moment).promised_for
        words = interim_notice(ticket.received_at, unit_words(desk), due, desk.tz)
        notice = Notice(Reply(words, UUID(int=hash_of(f"fwd{letter.file}")).hex), due)
        forward_ticket(ticket, expert, notice, order_reason="related", by=administrator.user, at=moment)
        outbound.deliver(ticket.messages.get(is_interim=True).pk, at=moment + settings.UNDO_SPAN)

    return forward


def _draft(desk: Desk, letter: Letter) -> Act:
    def submit(moment: datetime) -> None:
        draft = _ticket(desk, letter).drafts.select_related("author__user").get()
        submit_draft(draft, letter.draft, seen=None, by=draft.author.user, at=moment)

    return submit


def hash_of(key: str) -> int:
    """Return the same number for the same key in every run."""
    return int.from_bytes(key.encode().ljust(16, b"\0")[:16], "big")


def _ticket(desk: Desk, letter: Letter) -> Ticket:
    found = re.search(rb"(?mi)^Message-ID:\s*(<[^>]+>)", (MAILS / letter.file).read_bytes())
    assert found is not None, letter.file
    return Message.objects.select_related("ticket").get(ticket__desk=desk, message_id=found[1].decode()).ticket

"""What every page shows around its own content: the navigation with its counts, the strip, the bell."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from contact.demo.people import is_demonstration
from contact.queries import MailboxFacts, mailboxes_of
from directory.models import User
from directory.queries import desks_where, sees_clients
from directory.rights import Right
from escalation.queries import outages_of, waiting_notices
from escalation.words import cause_words, outage_title
from knowledge.urls import urlpatterns as knowledge_pages
from sla.queries import years_missing
from sla.words import full_moment, moment
from tickets.approvals import approvals_waiting
from tickets.queries import drafts_asked, drafts_owed, queue_counts
from tickets.undo import Undo, undo_of

# The guidelines ask for a look every hour; the machine looks three times a minute, so ten minutes without are a fault.
CHECK_IS_OLD = timedelta(minutes=10)

# The names of the pages that stand under "Knowledge".
KNOWLEDGE = frozenset(one.name for one in knowledge_pages)


@dataclass(frozen=True)
class Item:
    label: str
    url: str
    icon: str
    count: int = 0
    state: str = ""
    current: bool = False
    phone: bool = False
    short: str = ""


@dataclass(frozen=True)
class Group:
    title: str
    items: list[Item]


@dataclass(frozen=True)
class MailboxState:
    state: str
    text: str


@dataclass(frozen=True)
class OutageLine:
    """An outage that goes on, for everybody at the desk to see on every page.  (E-II.2)"""

    url: str
    title: str
    text: str
    is_tna_told: bool


@dataclass(frozen=True)
class Shell:
    demonstration: bool
    person_name: str = ""
    position: str = ""
    items: list[Group] = field(default_factory=list)
    mailbox: MailboxState = MailboxState("unknown", "")
    outages: list[OutageLine] = field(default_factory=list)
    now: datetime | None = None
    now_words: str = ""
    notices: int = 0
    undo: Undo | None = None


def shell(request: HttpRequest) -> dict[str, object]:
    """Give the shell's facts, made only where a template asks for them."""
    return {"shell": SimpleLazyObject(lambda: _shell(request))}


def _shell(request: HttpRequest) -> Shell:
    user = getattr(request, "user", None)
    if not isinstance(user, User) or not user.is_authenticated:
        return Shell(demonstration=is_demonstration())
    now = timezone.now()
    person = getattr(user, "employee", None)
    waiting = waiting_notices(user).order_by().count()
    mailboxes = mailboxes_of(desks_where(user, Right.READ))
    return Shell(
        demonstration=is_demonstration(),
        person_name=str(person or user),
        position=person.position if person else "",
        items=_groups(request, user, waiting, mailboxes, at=now),
        mailbox=_mailbox(mailboxes, at=now),
        outages=_outages(user, at=now),
        now=now,
        now_words=full_moment(now, timezone.get_current_timezone()),
        notices=waiting,
        undo=undo_of(request.session, at=now),
    )


def _groups(
    request: HttpRequest, user: User, waiting: int, mailboxes: list[MailboxFacts], *, at: datetime
) -> list[Group]:
    name = (request.resolver_match.url_name if request.resolver_match else "") or ""
    work = _work(request, user, name, at=at)
    system = [Item(_("Notices"), reverse("notices"), "bell", waiting, "", name == "notices", True)]
    if mailboxes and desks_where(user, Right.READ_ALL):
        asking = sum(one.asking for one in mailboxes)
        system.append(Item(_("Outbox"), reverse("outbox"), "send-check", asking, "", name == "outbox"))
    if desks_where(user, Right.READ_ALL):
        system.append(Item(_("Registered replies"), reverse("registered"), "archive", 0, "", name == "registered"))
    if mail_desks := desks_where(user, Right.MAIL):
        stuck = sum(one.stuck for one in mailboxes if one.desk_id in mail_desks)
        system.append(
            Item(_("Unprocessed mail"), reverse("mails"), "mailbox", stuck, "", name in ("mails", "mail", "ledger"))
        )
    if desks_where(user, Right.READ) or desks_where(user, Right.SETTINGS):
        system.append(Item(_("Knowledge"), reverse("articles"), "book", 0, "", name in KNOWLEDGE))
        system += _settings(user, name, at=at)
    if is_demonstration():
        system.append(Item(_("Outgoing mail"), reverse("outgoing"), "send", 0, "", name == "outgoing"))
    mine = [Item(_("My profile"), reverse("profile"), "pencil-square", 0, "", name == "profile")]
    if user.is_staff:
        mine.append(Item(_("Set-up"), reverse("admin:index"), "gear"))
    who = _directory(user, name)
    return [Group(_("Work"), work), *who, Group(_("System"), system), Group(_("For me"), mine)]


def _directory(user: User, name: str) -> list[Group]:
    """Return the way to the people: clients, and colleagues with what they know and when they are there."""
    items = []
    if sees_clients(user):
        items.append(Item(_("Clients"), reverse("clients"), "people", 0, "", name.startswith("client")))
    if desks_where(user, Right.READ) or desks_where(user, Right.SETTINGS):
        is_competence = name in ("competences", "topic", "new-topic") or name.startswith(("order", "new-order"))
        items += [
            Item(_("Competences"), reverse("competences"), "diagram-3", 0, "", is_competence),
            Item(_("Absences"), reverse("absences"), "calendar2-x", 0, "", "absence" in name),
            Item(_("Colleagues"), reverse("people"), "person-check", 0, "", name in ("people", "person", "new-person")),
        ]
    return [Group(_("Who is who"), items)] if items else []


def _work(request: HttpRequest, user: User, name: str, *, at: datetime) -> list[Item]:
    counts = getattr(request, "queue_counts", None) or queue_counts(user, at=at)
    view = request.GET.get("view", "all") if name == "queue" else ""
    queue = reverse("queue")
    work = [
        Item(_("Queue"), queue, "inbox", counts["all"], "", name == "ticket" or view == "all", True),
        Item(
            _("My tickets"),
            f"{queue}?view=mine",
            "person",
            counts["mine"],
            "",
            view == "mine",
            True,
            pgettext("short", "Mine"),
        ),
    ]
    work += _drafts(user, name)
    if desks_where(user, Right.APPROVE_REPLY):
        count = approvals_waiting(user).count()
        work.append(Item(_("To be approved"), reverse("approvals"), "shield-check", count, "", name == "approvals"))
    if desks_where(user, Right.OVERDUE):
        late = "breached" if counts["overdue"] else ""
        work.append(
            Item(
                _("Overdue"),
                reverse("overdue"),
                "exclamation-triangle",
                counts["overdue"],
                late,
                name == "overdue",
                True,
            )
        )
    return work


def _drafts(user: User, name: str) -> list[Item]:
    """Return the way to the drafts: those to be written, and for administrators those that wait to be sent."""
    is_expert, is_administrator = desks_where(user, Right.DRAFT), desks_where(user, Right.WORK)
    if not is_expert and not is_administrator:
        return []
    count = drafts_owed(user).filter(state="writing").count() if is_expert else 0
    count += drafts_asked(user).filter(state="submitted").count() if is_administrator else 0
    is_current = name in ("drafts", "draft")
    return [Item(_("Drafts"), reverse("drafts"), "pencil-square", count, "", is_current, bool(is_expert))]


def _settings(user: User, name: str, *, at: datetime) -> list[Item]:
    """Return the ways to the mailbox and the terms, and to the calendar with the number of years whose moved days the reader has yet to enter."""
    missing = years_missing(user, at=at) if desks_where(user, Right.SETTINGS) else []
    year = timezone.localtime(at).year
    is_calendar = name.startswith(("calendar", "recalculation"))
    return [
        Item(_("Mailbox"), reverse("mailbox"), "envelope-check", 0, "", name in ("mailbox", "outage")),
        Item(_("Calendar"), reverse("calendar", args=[year]), "calendar-week", len(missing), "", is_calendar),
        Item(_("Terms"), reverse("terms"), "hourglass-split", 0, "", name in ("terms", "term")),
    ]


def _outages(user: User, *, at: datetime) -> list[OutageLine]:
    desks = {*desks_where(user, Right.READ), *desks_where(user, Right.SETTINGS)}
    lines = []
    for one in outages_of(desks).filter(ended_at=None):
        facts = {"began": moment(one.began_at, at, one.desk.tz), "cause": cause_words(one)}
        text = _("since %(began)s: %(cause)s") % facts
        lines.append(
            OutageLine(
                reverse("outage", args=[one.pk]), outage_title(one, has_ended=False), text, one.tna_told_at is not None
            )
        )
    return lines


def _mailbox(mailboxes: list[MailboxFacts], *, at: datetime) -> MailboxState:
    """Return when the machine last saw the mailbox, and whether that is long ago; of several, the worst.  (E-II.1a)"""
    checked = [one for one in mailboxes if one.checked_at]
    if not checked:
        return MailboxState("unknown", _("not checked yet"))
    worst = min(checked, key=lambda one: (not one.error, one.reached_at.timestamp() if one.reached_at else 0))
    good_at = worst.reached_at
    if good_at is None or at - good_at > CHECK_IS_OLD or worst.error:
        since = moment(good_at, at, timezone.get_current_timezone()) if good_at else _("the start")
        return MailboxState("down", _("not reached since %(since)s") % {"since": since})
    minutes = (at - good_at) // timedelta(minutes=1)
    return MailboxState(
        "ok", _("checked %(minutes)d min ago") % {"minutes": minutes} if minutes else _("checked just now")
    )

"""Who knows what in the demonstration office: topics, the order that distributes them, an absence."""

from datetime import datetime, timedelta

from directory.actions import enter_absence, enter_order, enter_topic
from directory.actions.absences import AbsenceFacts
from directory.actions.clients import DelegateFacts, add_delegate, add_phone
from directory.actions.competences import OrderFacts, TopicFacts
from directory.models import Absence, Client, Desk, Employee

# (code, name, description, the competent by their address, the main one first)
TOPICS: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    (
        "claims",
        "Kreditoru prasījumi",
        "Prasījumu reģistrēšana, izskatīšana un grozīšana EMUS.",
        ("santa@emus.example", "andris@emus.example"),
    ),
    (
        "reports",
        "Administratora darbības pārskati",
        "Pārskatu iesniegšana, atvēršana labošanai un termiņi.",
        ("andris@emus.example", "santa@emus.example"),
    ),
    ("meetings", "Kreditoru sapulces", "Sapulču izsludināšana, norise un protokoli.", ("santa@emus.example",)),
    (
        "access",
        "Piekļuve un pilnvarojumi",
        "Lietotāju konti, lomas un palīgu pilnvarojumi.",
        ("ilze@emus.example", "andris@emus.example"),
    ),
    ("plan-supervision", "Tiesiskās aizsardzības procesa uzraudzība", "Uzraugošās personas ziņojumi un atzinumi.", ()),
)


def know(desk: Desk, people: dict[str, Employee], *, at: datetime) -> None:
    """Let the office know who answers for what; one topic is nobody's, one person is away in a week."""
    today = at.astimezone(desk.tz).date()
    lines: dict[int, tuple[int, ...]] = {}
    for code, name, description, competent in TOPICS:
        topic = enter_topic(desk, TopicFacts(code, name, description), by=None, at=at)
        lines[topic.pk] = tuple(people[email].pk for email in competent)
    start = today - timedelta(days=60)
    enter_order(desk, OrderFacts("1-3/12", start - timedelta(days=5), start, None, lines), by=None, at=at)
    santa, andris = people["santa@emus.example"], people["andris@emus.example"]
    first_on = today + timedelta(days=7)
    away = AbsenceFacts(first_on, first_on + timedelta(days=4), Absence.Kind.VACATION, andris.pk)
    enter_absence(santa, away, by=None, at=at)
    client = Client.objects.get(addresses__email="madara.vilkabele@vilkabele-prakse.example")
    add_phone(client, "+37120000141", by=None, at=at)
    assistant = DelegateFacts("Elza Vītiņa", "elza.vitina@vilkabele-prakse.example", "", start, None)
    add_delegate(client, assistant, by=None, at=at)

"""kill -9 in every step of taking mail in and of sending: nothing lost, nothing doubled.  (E-II.1a, E-I.6)"""

import os
import sys
import threading
import time
from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from pathlib import Path

import psycopg2
import pytest

from contact.email.imap import FAILURES
from tests.crash.nursery import REPLIES, Book
from tests.crash.points import IN_DOUBT, points_of
from tests.support.dovecot import Dovecot, Stored
from tests.support.postgres import Postgres
from tests.support.processes import Process, wait_until

pytestmark = [pytest.mark.crash, pytest.mark.servers, pytest.mark.timeout(600)]
LIMIT = 400  # seconds


@dataclass(frozen=True)
class Run:
    """What a run has to do: workers, mails that come in, of them received days ago, seconds between two of them."""

    how: str
    workers: int
    mails: int = 200
    late: int = 40
    pause: float = 0.15


OFFICE = """
from tests.support.office import make_desk, make_employee
desk = make_desk()
make_employee("Ilze Kalnciema", "administrator", desk=desk)
make_employee("Raimonds Straujupe", "deputy_director", desk=desk)
"""


def message_id(number: int) -> str:
    return f"<{number}@clients.example>"


def answers_another(number: int) -> bool:
    return number % 10 == 9


def client_mail(number: int) -> bytes:
    """Every tenth mail answers the one five before it; every fourth brings two files, one of them the same in all."""
    first = number - 5 if answers_another(number) else number
    mail = EmailMessage()
    mail["From"] = f"Klients {first} <client{first}@clients.example>"
    mail["To"] = "emus@desk.example"
    mail["Subject"] = f"Jautājums {first}" if first == number else f"Re: Jautājums {first}"
    mail["Message-ID"] = message_id(number)
    if first != number:
        mail["In-Reply-To"] = mail["References"] = message_id(first)
    mail.set_content(f"Labdien! Šis ir {number}. jautājums: ko darīt?\n")
    if number % 4 == 0:
        mail.add_attachment(b"%PDF-1.4 the same", maintype="application", subtype="pdf", filename="veidlapa.pdf")
        mail.add_attachment(f"{number}".encode(), maintype="text", subtype="plain", filename="piezīme.txt")
    return mail.as_bytes()


def deliver_mails(dovecot, run: Run) -> None:
    """Let the mails come in over half a minute, in order; the first of them were received days ago and are late."""
    now = datetime.now(UTC)
    for number in range(run.mails):
        ago = timedelta(days=10) if number < run.late else timedelta(hours=1)
        while not deliver(dovecot, number, now - ago + timedelta(seconds=number)):
            time.sleep(0.2)
        time.sleep(run.pause)


def deliver(dovecot, number: int, at: datetime) -> bool:
    """Deliver a mail as a mail server does that goes on trying: once; False if the mailbox is not there now."""
    try:
        with dovecot.client() as client:
            client.select_folder("INBOX", readonly=True)
            if not client.search(["HEADER", "Message-ID", message_id(number)]):
                client.append("INBOX", client_mail(number), msg_time=at)
    except FAILURES:
        return False
    return True


class Killer(threading.Thread):
    """Kills the servers that a passage asks for, and has them started again a moment later."""

    def __init__(self, folder: Path, servers: dict) -> None:
        super().__init__(daemon=True)
        self.folder, self.servers, self.is_over, self.failure = folder, servers, False, None

    def run(self) -> None:
        try:
            while not self.is_over:
                for wish in sorted(self.folder.glob("kill-*")):
                    server = self.servers[wish.name.split("-")[1]]
                    server.kill9()
                    wish.unlink()
                    time.sleep(0.3)
                    server.start()
                time.sleep(0.01)
        except Exception as failure:
            self.failure = failure


class Redis:
    """The stack's own broker; it keeps nothing on disk, so that all that waited in it is gone."""

    def __init__(self, stack) -> None:
        self.process = stack.processes.get("redis")

    def kill9(self) -> None:
        self.process.end()

    def start(self) -> None:
        self.process.start()


UNSETTLED = """
SELECT (SELECT count(*) FROM contact_receivedmail WHERE state = 'received'),
       (SELECT count(*) FROM tickets_delivery WHERE state IN ('queued', 'sending')),
       (SELECT count(*) FROM tickets_delivery WHERE state = 'sent' AND NOT is_filed),
       (SELECT count(*) FROM tickets_message WHERE NOT is_mark_written)
"""
COUNTS = """
SELECT (SELECT count(*) FROM contact_receivedmail WHERE box = 'inbox'), (SELECT count(*) FROM tickets_delivery)
"""
MARKS = {"none": set(), "incomplete": {"\\Flagged", "$EmusIncomplete"}, "complete": {"$EmusComplete"}}


@pytest.fixture
def dovecot():
    """As everywhere, but without its log: every kill leaves lines there."""
    with Dovecot() as server:
        yield server


@pytest.fixture
def postgres():
    """A PostgreSQL that may be killed, where the tests run on one; else nothing."""
    with Postgres() if "DATABASE_URL" in os.environ else nullcontext() as server:
        yield server


@pytest.fixture
def office(make_stack, dovecot, smtp, tmp_path):
    """Return a function that runs the office until `is_done`: mails come in, replies go out, workers do it all."""

    def run(run: Run, is_done, *, postgres=None):
        stack = make_stack(MAILBOX_URL=dovecot.url, EMAIL_URL=smtp.url, server=postgres.url if postgres else "")
        stack.beat_every = 2 if run.how == "held up" else 1
        check_durable(stack)
        stack.python(OFFICE)
        programs = [*(f"worker{number}" for number in range(run.workers)), "replier"]
        for name in programs:
            command = [sys.executable, "-m", "tests.crash.nursery", name.rstrip("0123456789"), run.how, str(tmp_path)]
            stack.processes[name] = Process(command, log=tmp_path / f"{name}.log", env=stack.env | SETTINGS)
            stack.processes[name].start()
        stack.start("beat")
        killer = Killer(tmp_path, {"imap": dovecot, "database": postgres, "broker": Redis(stack)})
        killer.start()
        threading.Thread(target=deliver_mails, args=[dovecot, run], daemon=True).start()
        began = time.monotonic()
        try:
            wait_until(lambda: has_settled(stack, run, killer) and is_done(), "all is settled", seconds=LIMIT)
        finally:
            killer.is_over = True
            print(f"{time.monotonic() - began:.0f} s; unsettled: {stack.sql(UNSETTLED)}, counts: {stack.sql(COUNTS)}")
        stack.kill9("beat", *programs)
        return stack

    return run


def test_kill_9_in_every_step_loses_nothing_and_doubles_nothing(office, dovecot, smtp, tmp_path):
    stack, kills = killed(office, tmp_path, run := Run("killed", workers=1))
    assert ends(tmp_path) <= {"worker -9", "replier -9", "replier 0"}, "a process ended by itself"
    check_mails(stack, run)
    check_replies(stack, smtp, dovecot, in_doubt=sum(len(kills[name]) for name in IN_DOUBT))
    check_marks(stack, dovecot)
    check_logs(stack, "Traceback")


def test_kill_9_of_workers_and_servers_at_once_loses_nothing_and_doubles_nothing(
    postgres, office, dovecot, smtp, tmp_path
):
    run = Run("servers", workers=2, mails=1000, pause=0.02)
    stack, kills = killed(office, tmp_path, run, postgres=postgres)
    # A person whose reply met a dead database sees an error, and presses the button again. A worker may give up when
    # its broker dies; whoever keeps it running starts it anew.
    print_last_words(tmp_path)
    expected = {"worker -9", "worker 1", "replier -9", "replier 0", "replier 1"}
    assert ends(tmp_path) <= expected, "a process ended by itself"
    check_mails(stack, run)
    # A database that dies takes whatever both workers were sending with it.
    deaths = sum(len(found) for name, found in kills.items() if name.startswith("database"))
    in_doubt = sum(len(kills[name]) for name in IN_DOUBT) + 2 * deaths
    check_replies(stack, smtp, dovecot, in_doubt=in_doubt)
    check_marks(stack, dovecot)
    check_logs(stack)


def killed(office, folder, run: Run, *, postgres=None):
    """Run the office until every point has had its kills; return the stack and the kills by point."""
    book = Book(folder, points_of(run.how, has_servers="DATABASE_URL" in os.environ))
    try:
        stack = office(run, book.is_done, postgres=postgres)
    finally:
        print_kills(book)
    kills = book.read()["kills"]
    assert all(len(kills[point.name]) == len(point.kills) >= 3 for point in book.points)
    return stack, kills


def ends(folder) -> set[str]:
    found = Counter((folder / "ends.txt").read_text().splitlines())
    print("ends:", dict(found))
    return set(found)


def test_slow_workers_at_once_double_nothing_and_undo_nothing(office, dovecot, smtp):
    stack = office(run := Run("held up", workers=6), lambda: True)
    check_mails(stack, run)
    check_replies(stack, smtp, dovecot, in_doubt=0)
    check_marks(stack, dovecot)
    check_logs(stack, "Traceback")


SETTINGS = {"DJANGO_SETTINGS_MODULE": "helpdesk.settings", "LOG_LEVEL": "WARNING", "CELERY_SKIP_CHECKS": "1"}


def check_durable(stack) -> None:
    """Only a database that keeps what it has said it kept shows anything here."""
    if "DATABASE_URL" in stack.env:
        assert stack.sql("SHOW synchronous_commit") == [("on",)]
    else:
        pragma = (
            "from django.db import connection as c\nwith c.cursor() as q: answer = q.execute('PRAGMA {}').fetchone()"
        )
        assert stack.python(pragma.format("synchronous")) == [2]  # FULL
        assert stack.python(pragma.format("journal_mode")) == ["wal"]


def has_settled(stack, run: Run, killer: Killer) -> bool:
    time.sleep(0.5)
    assert killer.failure is None, killer.failure
    assert all(stack.processes[f"worker{number}"].is_running for number in range(run.workers)), "a nursery ended"
    try:
        return stack.sql(COUNTS) == [(run.mails, REPLIES)] and not any(stack.sql(UNSETTLED)[0])
    except psycopg2.OperationalError:
        return False  # it was killed this moment


def print_kills(book) -> None:
    found = book.read()
    print(f"\n{'killed':42} {'kills':>5}  on the passages (of)")
    for point in book.points:
        kills = found["kills"].get(point.name, [])
        print(f"{point.name:42} {len(kills):5}  {kills} ({found['passages'].get(point.name, 0)})")
    print(f"{sum(map(len, found['kills'].values()))} kills")


def print_last_words(folder: Path) -> None:
    for log in sorted(folder.glob("worker*.log")):
        lines = log.read_text(errors="replace").splitlines()
        for number, line in enumerate(lines):
            if "Unrecoverable error" in line:
                print(log.name, *lines[number : number + 40], sep="\n")


def equal(what: str, found, expected) -> None:
    print(f"{what}: {found}")
    assert found == expected, what


def check_mails(stack, run: Run) -> None:
    """Each mail is in the ledger once, and one message, once; nothing of it is there twice."""

    def count(query: str) -> int:
        return stack.sql(f"SELECT count(*) FROM {query}")[0][0]

    follow_ups = sum(answers_another(number) for number in range(run.mails))
    with_files = sum(number % 4 == 0 for number in range(run.mails))
    equal("mails in the ledger", count("contact_receivedmail WHERE box = 'inbox'"), run.mails)
    different = "SELECT count(DISTINCT sha256) FROM contact_receivedmail WHERE box = 'inbox'"
    equal("different mails in it", stack.sql(different)[0][0], run.mails)
    equal("with their bytes", count("contact_rawmail"), count("contact_receivedmail"))
    equal("linked", count("contact_receivedmail WHERE state = 'linked'"), run.mails)
    equal("copies of ours taken for letters by hand", count("tickets_message WHERE is_by_hand"), 0)
    ids = [row[0] for row in stack.sql("SELECT message_id FROM tickets_message WHERE kind = 'incoming'")]
    equal("messages", len(ids), run.mails)
    assert sorted(ids) == sorted(message_id(number) for number in range(run.mails)), "by Message-ID, each once"
    equal("tickets", count("tickets_ticket"), run.mails - follow_ups)
    equal("clients", count("directory_client"), run.mails - follow_ups)
    on_their_parents = count(
        "tickets_message a JOIN tickets_message b ON a.in_reply_to = b.message_id AND a.ticket_id = b.ticket_id"
        " WHERE a.kind = 'incoming'"
    )
    equal("answers on the ticket of what they answer", on_their_parents, follow_ups)
    files = count("tickets_attachment a JOIN tickets_message m ON m.id = a.message_id WHERE m.kind = 'incoming'")
    equal("files", files, 2 * with_files)
    deadlines = stack.sql("SELECT message_id, kind FROM sla_deadline")
    equal("deadlines", Counter(kind for _, kind in deadlines), {"mark": run.mails, "reply": run.mails})
    assert len(set(deadlines)) == len(deadlines), "one of each kind a message"
    breaches = "SELECT target_id FROM audit_event WHERE verb = 'deadline.breached'"
    breached = [row[0] for row in stack.sql(breaches)]
    equal("breaches, and those recorded twice", (len(breached), len(breached) - len(set(breached))), (2 * run.late, 0))
    numbers = sorted(int(row[0].rpartition("-")[2]) for row in stack.sql("SELECT number FROM tickets_ticket"))
    assert numbers == list(range(1, run.mails - follow_ups + 1)), "numbers without gap or double"
    opened = count("audit_event WHERE verb = 'ticket.opened'")
    received = count("audit_event WHERE verb = 'message.received'")
    equal("recorded: tickets opened, messages received", (opened, received), (run.mails - follow_ups, run.mails))
    next_uid = stack.sql("SELECT next_uid FROM contact_mailboxcursor WHERE folder = 'INBOX'")
    equal("cursor", next_uid, [(run.mails + 1,)])


def check_replies(stack, smtp, dovecot, *, in_doubt: int) -> None:
    """Each reply is at the mail server once, or waits for a person and is there once at most."""
    rows = stack.sql(
        "SELECT m.message_id, d.state FROM tickets_delivery d JOIN tickets_message m ON m.id = d.message_id"
    )
    states = dict(rows)
    equal("replies", (len(rows), len(states)), (REPLIES, REPLIES))
    by_state = Counter(states.values())
    print(f"replies by state: {dict(by_state)}; killed in doubt: {in_doubt}")
    assert set(by_state) <= {"sent", "unknown"}
    assert by_state["unknown"] <= in_doubt, "a person is asked only where a kill left doubt"
    at_server = Counter(message_id_of(mail) for mail in smtp.mails())
    sent = {one for one, state in states.items() if state == "sent"}
    unknown = set(states) - sent
    print(f"at the mail server: {at_server.total()}, of them unknown here: {len(unknown & set(at_server))}")
    equal("replies sent twice", {one: times for one, times in at_server.items() if times > 1}, {})
    equal("sent but not at the mail server", sent - set(at_server), set())
    assert set(at_server) <= set(states)
    copies = Counter(message_id_of(one) for one in dovecot.messages("Sent"))
    equal("copies", dict(Counter(copies.values())), {1: len(sent)})
    assert set(copies) == sent
    accepted = "SELECT count(*), count(DISTINCT target_id) FROM audit_event WHERE verb = '{}'"
    equal("recorded as accepted", stack.sql(accepted.format("reply.accepted")), [(len(sent), len(sent))])
    equal("recorded as unknown", stack.sql(accepted.format("reply.outcome_unknown")), [(len(unknown), len(unknown))])
    alerts = stack.sql(
        "SELECT count(*), count(DISTINCT message_id) FROM escalation_alert WHERE trigger = 'outcome_unknown'"
    )
    equal("told of as unknown", alerts, [(len(unknown), len(unknown))])


def message_id_of(mail) -> str:
    if isinstance(mail, Stored):
        mail = message_from_bytes(mail.raw)
    return str(mail["Message-ID"]).strip()  # a long one is folded


def check_marks(stack, dovecot) -> None:
    """The mailbox shows of each mail the mark that its message has."""
    marks = dict(stack.sql("SELECT message_id, mark FROM tickets_message WHERE kind = 'incoming'"))
    print("marks:", dict(Counter(marks.values())))
    shown = {message_id_of(one): one.flags & set.union(*MARKS.values()) for one in dovecot.messages()}
    wrong = {one: (mark, shown[one]) for one, mark in marks.items() if shown[one] != MARKS[mark]}
    equal("marks that the mailbox shows otherwise", wrong, {})


def check_logs(stack, *more: str) -> None:
    logs = "".join(stack.log(name) for name in stack.processes)
    found = {words: logs.count(words) for words in ("database is locked", "deadlock detected", *more)}
    equal("in the logs", found, dict.fromkeys(found, 0))

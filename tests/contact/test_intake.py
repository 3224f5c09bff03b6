"""Many letters at once: the same as one after another, in few statements."""

from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext

from audit.models import Event
from contact.email import inbound, intake, maildir
from contact.email.mailbox import MANY, bounded, is_much
from contact.models import MailboxCursor, RawMail, ReceivedMail
from directory.models import Client
from sla.models import Deadline
from tests.support.facts import HOUR, MINUTE
from tests.support.letters import mail
from tests.support.office import riga
from tickets.actions.receiving import Arrivals
from tickets.models import Message, Ticket

pytestmark = pytest.mark.django_db

NINE = riga("2025-11-10 09:00")


def drop(*letters: bytes) -> None:
    root = Path(settings.MAILBOX_URLS[""].removeprefix("maildir://"))
    for place, raw in enumerate(letters):
        maildir.drop(root, raw, NINE + timedelta(seconds=place))


def letters(number: int) -> list[bytes]:
    """Return letters of as many clients, each about its own matter."""
    return [
        mail(sender=f"Klients {one} <k{one}@k.example>", subject=f"Jautājums {one}", message_id=f"<{one}@k.example>")
        for one in range(number)
    ]


@contextmanager
def counted():
    """Count the statements."""
    with CaptureQueriesContext(connection) as seen:
        yield lambda: len(seen.captured_queries)


class TestFewStatements:
    """E-II.1a: a heap of letters is taken in as quickly as it can be read."""

    def test_storing_takes_as_many_for_forty_letters_as_for_four(self, desk):
        counts = []
        for number in (4, 40):
            drop(*letters(number))
            with inbound.open_mailbox(desk) as mailbox, counted() as count:
                inbound.fetch(desk, mailbox, at=NINE + HOUR)
                counts.append(count())
            ReceivedMail.objects.all().delete()
            MailboxCursor.objects.all().delete()
            for path in (Path(settings.MAILBOX_URLS[""].removeprefix("maildir://")) / "new").iterdir():
                path.unlink()
        assert counts[0] == counts[1] <= 15

    def test_linking_takes_about_as_many_for_forty_letters_as_for_four(self, desk):
        counts = []
        for number in (4, 44):
            drop(*letters(number)[-40:])
            with inbound.open_mailbox(desk) as mailbox:
                inbound.fetch(desk, mailbox, at=NINE + HOUR)
            with counted() as count:
                inbound.link_received(desk, at=NINE + HOUR)
                counts.append(count())
        assert Ticket.objects.count() == 44
        # SQLite writes a row of events a statement, in one call; the rest is the same.
        assert counts[1] <= counts[0] + 2 <= 40


class TestAsOneByOne:
    """E-II.1a: what is taken in together is what it would be taken in one after another."""

    def take_in(self, desk, *raws: bytes) -> None:
        drop(*raws)
        inbound.check_inbox(desk, at=NINE + HOUR)

    def test_numbers_run_without_a_gap_in_the_order_of_receipt(self, desk):
        self.take_in(desk, *letters(30))
        numbers = Ticket.objects.order_by("received_at").values_list("number", "subject")
        assert list(numbers) == [(f"EMUS-2025-{one + 1:05}", f"Jautājums {one}") for one in range(30)]

    def test_each_has_its_deadlines_and_its_history_in_order(self, desk):
        self.take_in(desk, *letters(3))
        for ticket in Ticket.objects.all():
            kinds = ticket.messages.get().deadlines.order_by("kind").values_list("kind", flat=True)
            assert list(kinds) == ["mark", "reply"]
            verbs = Event.objects.filter(ticket=ticket).order_by("pk").values_list("verb", flat=True)
            assert list(verbs) == ["ticket.opened", "message.received", "deadline.started", "deadline.started"]

    def test_an_answer_to_a_letter_of_the_same_heap_joins_it(self, desk):
        answer = mail(message_id="<2@k.example>", subject="Re: Jautājums", In_Reply_To="<first@krumins.example>")
        again = mail(message_id="<3@k.example>", subject="Re: Re: Jautājums", In_Reply_To="<2@k.example>")
        self.take_in(desk, mail(), answer, again, *letters(2))
        assert sorted(ticket.messages.count() for ticket in Ticket.objects.all()) == [1, 1, 3]

    def test_the_same_letter_twice_in_one_heap_is_one_message(self, desk):
        self.take_in(desk, mail(), b"Received: by alias\r\n" + mail())
        assert sorted(ReceivedMail.objects.values_list("state", flat=True)) == ["duplicate", "linked"]
        assert Message.objects.count() == 1

    def test_a_client_who_writes_twice_in_one_heap_is_one_client(self, desk):
        self.take_in(desk, mail(), mail(message_id="<2@k.example>", subject="Cits jautājums"))
        assert (Client.objects.count(), Ticket.objects.count()) == (1, 2)

    def test_an_automatic_reply_makes_no_client(self, desk):
        auto = mail(
            sender="robot@k.example",
            message_id="<2@k.example>",
            In_Reply_To="<first@krumins.example>",
            Auto_Submitted="auto-replied",
        )
        self.take_in(desk, mail(), auto)
        assert (Client.objects.count(), Message.objects.get(kind="automatic").client) == (1, None)

    def test_the_same_file_in_many_letters_is_stored_once_and_named_in_each(self, desk, tmp_path):
        raws = []
        for number in range(3):
            made = mail(message_id=f"<{number}@k.example>", subject=str(number)).decode()
            head, _, body = made.partition("\n\n")
            raws.append(
                f"{head.split('Content-Type')[0]}MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"
                f"--b\nContent-Type: text/plain\n\n{number}\n--b\nContent-Type: application/pdf; name=a.pdf\n"
                "Content-Disposition: attachment; filename=a.pdf\n\n%PDF-1.4\n--b--\n".encode()
            )
        self.take_in(desk, *raws)
        assert [message.attachments.count() for message in Message.objects.all()] == [1, 1, 1]
        assert len([path for path in (tmp_path / "attachments").rglob("*") if path.is_file()]) == 1


class TestOneBadOneAmongMany:
    """E-II.1a: a letter that breaks a step stops no other, and nothing is done by halves."""

    def test_another_worker_that_made_the_client_meanwhile_is_no_fault_of_the_letter(self, desk, monkeypatch):
        real, raised = Arrivals.write, []

        def write_once_too_late(arrivals):
            if len(raised) < 2:
                raised.append(1)
                raise IntegrityError("client_address_once")
            real(arrivals)

        monkeypatch.setattr(Arrivals, "write", write_once_too_late)
        drop(*letters(2))
        inbound.check_inbox(desk, at=NINE + HOUR)
        assert list(ReceivedMail.objects.values_list("state", flat=True)) == ["linked", "linked"]
        assert Ticket.objects.count() == 2

    def test_what_another_worker_stored_meanwhile_is_not_stored_again(self, desk):
        drop(*letters(3))
        with inbound.open_mailbox(desk) as mailbox:
            mails = [mailbox.read(uid) for uid in mailbox.all_uids()]
            assert intake.store(desk, mailbox, mails[1], at=NINE + HOUR)
            assert intake.store_many(desk, mailbox, mails, at=NINE + HOUR) == 2
            assert intake.store_many(desk, mailbox, mails, at=NINE + HOUR) == 0
        assert (ReceivedMail.objects.count(), RawMail.objects.count()) == (3, 3)

    def test_a_heap_that_fails_half_way_leaves_nothing_of_it_behind(self, desk, monkeypatch):
        def fail(*_args, **_more):
            raise OSError("no space left")

        with monkeypatch.context() as patched:
            patched.setattr("tickets.actions.receiving.files.store_many", fail)
            drop(*letters(3))
            inbound.check_inbox(desk, at=NINE + HOUR)
        assert (Ticket.objects.count(), Client.objects.count(), Deadline.objects.count()) == (0, 0, 0)
        assert set(ReceivedMail.objects.values_list("state", flat=True)) == {"received"}
        inbound.check_inbox(desk, at=NINE + HOUR + MINUTE)
        assert Ticket.objects.count() == 3


class TestBounds:
    """E-II.1a: however much waits, memory holds a little of it."""

    def test_a_large_mail_is_alone(self):
        assert list(bounded([(1, 10), (2, 25 * 2**20), (3, 10)])) == [[1], [2], [3]]

    def test_a_list_ends_at_so_many_mails_or_so_many_bytes(self):
        assert [len(ids) for ids in bounded((number, 10) for number in range(2 * MANY + 1))] == [MANY, MANY, 1]
        assert [len(ids) for ids in bounded((number, 2**20) for number in range(5))] == [4, 1]

    def test_none_is_none(self):
        assert list(bounded([])) == []
        assert not is_much([])

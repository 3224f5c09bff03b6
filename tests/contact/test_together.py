"""Letters that are taken in at one check: each finds its ticket as if it had come alone, at a fixed number of queries."""

import threading
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from contact.email import maildir, outbound
from contact.email.ahead import ahead
from contact.email.inbound import check_inbox, link_received
from contact.email.intake import fetch
from contact.email.mailbox import open_mailbox
from contact.models import ReceivedMail
from directory.models import Client, ClientAddress
from tests.support.facts import HOUR, MINUTE, events, fresh
from tests.support.letters import mail, report
from tests.support.office import riga
from tickets.actions.joining import join_ticket
from tickets.actions.replying import Reply, reply_to_client
from tickets.models import Message, Ticket

pytestmark = pytest.mark.django_db

NINE = riga("2025-11-10 09:00")
STRANGER = "Anna Ozola <anna@ozola.example>"


@pytest.fixture
def drop(desk, settings):
    """Return a function that has letters come a minute apart."""
    root = Path(settings.MAILBOX_URLS[""].removeprefix("maildir://"))

    def drop(*letters):
        for number, raw in enumerate(letters):
            maildir.drop(root, raw, NINE + number * MINUTE)

    return drop


@pytest.fixture
def together(desk, drop):
    """Return a function that takes letters in at one check and returns the messages of the mailbox."""

    def together(*letters):
        drop(*letters)
        check_inbox(desk, at=NINE + HOUR)
        return list(Message.objects.filter(received_mail__isnull=False).order_by("pk"))

    return together


def letter(number, **changes):
    return mail(message_id=f"<{number}@krumins.example>", **changes)


def answer(number, to, **changes):
    return letter(number, In_Reply_To=f"<{to}@krumins.example>", text=f"Vēstule {number}", **changes)


class TestAnswersInOneCheck:
    """E-II.3: what a letter answers may have come a moment before it."""

    def test_an_answer_is_on_the_ticket_of_what_it_answers(self, together):
        messages = together(letter(1), answer(2, to=1), answer(3, to=2))
        assert [one.ticket for one in messages] == [Ticket.objects.get()] * 3
        assert [one.deadlines.count() for one in messages] == [2, 2, 2]

    def test_a_stranger_s_answer_opens_a_ticket_that_suggests_the_first(self, together):
        first, second = together(letter(1), answer(2, to=1, sender=STRANGER))
        assert (second.ticket != first.ticket, second.ticket.suggested) == (True, first.ticket)

    def test_a_stranger_who_was_written_to_is_on_the_ticket(self, together):
        together(letter(1, Cc=STRANGER), answer(2, to=1, sender=STRANGER))
        assert Ticket.objects.count() == 1

    def test_another_address_of_a_client_who_is_known_is_on_the_ticket(self, together):
        client = Client.objects.create(name="Pēteris Krūmiņš", kind="administrator", is_confirmed=True)
        for email in ("peteris@krumins.example", "birojs@krumins.example"):
            ClientAddress.objects.create(client=client, email=email)
        together(letter(1), answer(2, to=1, sender="birojs@krumins.example"))
        assert Ticket.objects.count() == 1

    def test_the_number_in_the_subject_names_the_ticket(self, together):
        together(letter(1), letter(2, subject="Par emus-2025-00001: vēl", text="Vēl"))
        assert Ticket.objects.count() == 1

    def test_a_machine_s_answer_brings_nobody_onto_the_ticket(self, together):
        away = {"sender": STRANGER, "Auto_Submitted": "auto-replied"}
        *_, last = together(letter(1), answer(2, to=1, **away), answer(3, to=1, sender=STRANGER))
        assert (last.ticket.number, last.ticket.suggested.number) == ("EMUS-2025-00002", "EMUS-2025-00001")

    def test_the_same_letter_twice_is_one_message(self, together):
        assert len(together(letter(1), letter(1, Received="from elsewhere"))) == 1
        assert set(ReceivedMail.objects.values_list("state", flat=True)) == {"linked", "duplicate"}

    def test_two_answers_reopen_a_completed_ticket_once(self, together, ilze):
        ticket = together(letter(1))[0].ticket
        reply = reply_to_client(ticket, Reply("Labdien!", "a" * 32), by=ilze, at=NINE + MINUTE)
        outbound.deliver(reply.pk, at=NINE + MINUTE)
        assert fresh(ticket).state == "complete"
        together(answer(2, to=1), answer(3, to=2))
        assert (fresh(ticket).is_open, fresh(ticket).completed_at) == (True, None)
        assert [one.verb for one in events(ticket)].count("ticket.reopened") == 1

    def test_answers_to_a_ticket_that_was_joined_are_on_the_one_that_is_left(self, together, ilze):
        first, second = (one.ticket for one in together(letter(1), letter(2, subject="Cits", text="Cits")))
        survivor = join_ticket(second, first, by=ilze, at=NINE + HOUR)
        *_, late, named = together(answer(3, to=2), letter(4, subject=f"Re: {second.number}", text="4"))
        assert (late.ticket, named.ticket) == (survivor, survivor)

    def test_a_report_between_them_is_not_undone_by_what_was_read_before(self, together, ilze):
        ticket = together(letter(1))[0].ticket
        reply = reply_to_client(ticket, Reply("Labdien!", "a" * 32), by=ilze, at=NINE + MINUTE)
        outbound.deliver(reply.pk, at=NINE + MINUTE)
        assert fresh(ticket).state == "complete"
        together(answer(2, to=1), report(reply.message_id), answer(3, to=1))
        assert fresh(ticket).is_open
        assert [one.verb for one in events(ticket)].count("ticket.reopened") == 1


class TestCost:
    """E-II.1a: many letters at once cost no more queries than a few."""

    def test_queries_are_fixed_as_answers_grow(self, desk, drop, settings):
        settings.LOOP_MAILS_AN_HOUR = 1000

        def cost(numbers):
            drop(*(raw for one in numbers for raw in (letter(one), answer(one + 1, to=one), answer(one + 2, to=1))))
            with open_mailbox(desk) as mailbox:
                fetch(desk, mailbox, at=NINE + HOUR)
            with CaptureQueriesContext(connection) as seen:
                link_received(desk, at=NINE + HOUR)
            return len(seen)

        drop(letter(1))
        check_inbox(desk, at=NINE + HOUR)
        assert cost([10]) == cost(range(100, 160, 10))
        assert Message.objects.count() == 22

    def test_what_is_linked_is_not_linked_again(self, desk, together):
        together(letter(1), answer(2, to=1))
        assert link_received(desk, at=NINE + HOUR) == 0


class TestAhead:
    def test_they_come_in_order(self):
        assert list(ahead(lambda one: one * 2, range(5))) == [0, 2, 4, 6, 8]
        assert list(ahead(str, [])) == []

    def test_the_next_is_made_while_one_is_used(self):
        second = threading.Event()
        made = ahead(lambda one: second.set() if one == 2 else one, [1, 2])
        assert next(made) == 1
        assert second.wait(timeout=5)

    def test_a_failure_comes_where_its_item_would(self):
        made = ahead(lambda one: 1 // one, [1, 0, 1])
        assert next(made) == 1
        with pytest.raises(ZeroDivisionError):
            next(made)

    def test_closed_it_makes_no_more(self):
        begun, free = [], threading.Event()

        def make(one):
            begun.append(one)
            if one:
                free.wait(timeout=5)

        made = ahead(make, range(10))
        next(made)
        threading.Timer(0.05, free.set).start()
        made.close()
        assert free.is_set() and begun == [0, 1]

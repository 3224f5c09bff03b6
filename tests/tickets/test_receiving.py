"""A client writes: a ticket opens, or the letter joins the one it belongs to, with its own deadlines."""

import pytest

from directory.models import Client
from directory.queries import client_by_address
from tests.support.facts import HOUR, SECOND, deadline, events, fresh, last_event
from tests.support.office import OPENED, riga
from tickets import files
from tickets.actions.receiving import File
from tickets.actions.working import answer_not_needed, junk_ticket, take_ticket
from tickets.models import Ticket

pytestmark = pytest.mark.django_db


class TestOpening:
    """E-II.1a, E-II.3: a letter that belongs to no ticket opens one, unprocessed, with its deadlines."""

    def test_it_waits_unprocessed_in_the_order_of_receipt(self, ticket, nine, desk):
        assert (ticket.desk, ticket.state, ticket.owner) == (desk, "unprocessed", None)
        assert ticket.received_at == ticket.queued_at == nine
        assert ticket.subject == "Pārskatā nesakrīt kopsumma"

    def test_the_message_is_kept_as_it_came(self, message, nine):
        assert (message.kind, message.mark, message.at) == ("incoming", "none", nine)
        assert (message.sender_name, message.sender_address) == ("Pēteris Krūmiņš", "peteris@krumins.example")

    def test_reply_and_mark_run(self, message):
        assert {one.kind: one.state for one in message.deadlines.all()} == {"reply": "running", "mark": "running"}

    def test_both_the_ticket_and_the_message_are_recorded(self, ticket, message, nine):
        opened, received = events(ticket)[:2]
        assert (opened.verb, opened.by, opened.data) == ("ticket.opened", None, {"channel": "email"})
        assert (received.verb, received.target_id, received.at) == ("message.received", message.pk, nine)

    def test_a_very_long_subject_is_cut_for_the_ticket(self, receive, nine):
        message = receive(nine, subject="x" * 2000)
        assert (len(message.ticket.subject), len(message.subject)) == (300, 1000)

    def test_a_suggestion_is_kept_beside_the_new_ticket(self, ticket, receive, nine):
        other = receive(nine + HOUR, suggested=ticket, message_id="<b@b.example>").ticket
        assert (other.suggested, other.pk != ticket.pk) == (ticket, True)

    def test_files_are_stored_under_their_hash_outside_the_web_root(self, receive, nine, settings):
        message = receive(nine, files=(File("pārskats.pdf", "application/pdf", b"%PDF-1.7"),))
        (kept,) = message.attachments.all()
        assert (kept.name, kept.content_type, kept.size) == ("pārskats.pdf", "application/pdf", 8)
        assert files.path_of(kept.sha256).read_bytes() == b"%PDF-1.7"
        assert files.path_of(kept.sha256).is_relative_to(settings.ATTACHMENTS_DIR)

    def test_the_same_file_twice_is_stored_once(self, receive, nine, settings):
        for number in range(2):
            receive(nine, message_id=f"<{number}@a.example>", files=(File("a.txt", "text/plain", b"same"),))
        assert len([path for path in settings.ATTACHMENTS_DIR.rglob("*") if path.is_file()]) == 1


class TestNumbers:
    """E-II.1a: a ticket's number counts up for each desk and year."""

    def numbers(self):
        return list(Ticket.objects.order_by("pk").values_list("number", flat=True))

    def test_the_first_is_one(self, ticket):
        assert (ticket.number, ticket.short_number) == ("EMUS-2025-00001", "1")

    def test_they_count_up_for_each_desk(self, receive, cast, nine):
        for desk in ({}, {"desk": cast.other_desk}, {}):
            receive(nine, **desk)
        assert self.numbers() == ["EMUS-2025-00001", "OTHER-2025-00001", "EMUS-2025-00002"]

    def test_a_new_year_starts_anew_at_riga_s_midnight(self, receive):
        receive(riga("2025-12-31 23:59:59"))
        receive(riga("2026-01-01 00:00"))
        assert self.numbers() == ["EMUS-2025-00001", "EMUS-2026-00001"]


class TestClients:
    """E-II.1a: who writes is recognised by address; a stranger is made a client whom nobody has confirmed yet."""

    def test_a_stranger_becomes_an_unconfirmed_client(self, message):
        client = message.ticket.client
        assert (client.name, client.is_confirmed, client.kind) == ("Pēteris Krūmiņš", False, "other")
        assert client_by_address("peteris@krumins.example") == client

    def test_one_without_a_name_is_called_by_the_address(self, receive, nine):
        assert receive(nine, sender_name="").ticket.client.name == "peteris@krumins.example"

    @pytest.mark.parametrize("address", ["peteris@krumins.example", "Peteris@Krumins.EXAMPLE"])
    def test_the_same_address_in_any_case_is_the_same_client(self, message, receive, nine, address):
        again = receive(nine + HOUR, sender_address=address, sender_name="P. K.")
        assert again.ticket.client == message.ticket.client
        assert again.sender_address == "peteris@krumins.example"
        assert Client.objects.count() == 1

    def test_another_address_is_another_client(self, message, receive, nine):
        assert receive(nine, sender_address="anna@ozola.example").ticket.client != message.ticket.client


class TestFurtherMessages:
    """E-II.3: a further message has its own deadlines; a completed ticket comes back into the queue."""

    def test_it_joins_the_ticket_with_deadlines_of_its_own(self, ticket, receive, nine):
        second = receive(nine + 3 * HOUR, ticket=ticket)
        assert (second.ticket, Ticket.objects.count()) == (ticket, 1)
        assert deadline(second, "mark").due_at == nine + 4 * HOUR
        assert ticket.deadlines.filter(state="running").count() == 4

    def test_an_unprocessed_ticket_stays_unprocessed_at_its_place(self, ticket, receive, nine):
        receive(nine + HOUR, ticket=ticket)
        assert (fresh(ticket).state, fresh(ticket).queued_at) == ("unprocessed", nine)

    def test_an_incomplete_one_stays_incomplete_and_the_message_has_no_mark_yet(self, ticket, receive, ilze, nine):
        take_ticket(ticket, by=ilze, at=nine)
        second = receive(nine + HOUR, ticket=ticket)
        assert (fresh(ticket).state, second.mark, deadline(second, "mark").state) == ("incomplete", "none", "running")

    def test_a_completed_one_is_reopened_and_queued_by_the_new_receipt(self, ticket, receive, answer, nine):
        answer(ticket, sent=True)
        assert fresh(ticket).state == "complete"
        again = nine + 24 * HOUR
        receive(again, ticket=ticket)
        ticket = fresh(ticket)
        assert (ticket.state, ticket.queued_at, ticket.received_at, ticket.completed_at) == (
            "incomplete",
            again,
            nine,
            None,
        )
        event = last_event(ticket, "ticket.reopened")
        assert (event.by, event.at, event.data["state"]) == (None, again, ["complete", "incomplete"])

    def test_thanks_on_a_completed_ticket_reopen_it_until_somebody_says_no_answer_is_needed(
        self, ticket, receive, answer, ilze, nine
    ):
        answer(ticket, sent=True)
        thanks = receive(nine + HOUR, ticket=ticket, text="Paldies!", reply="Paldies!")
        answer_not_needed(thanks, "pateicība", by=ilze, at=nine + 2 * HOUR)
        assert (fresh(ticket).state, deadline(thanks, "reply").cancel_reason) == ("complete", "not_needed")


class TestJunk:
    """E-II.5: junk stays junk: what comes to it is kept and listed, and nothing is owed."""

    def test_a_further_message_is_kept_and_starts_nothing(self, ticket, receive, ilze, nine):
        junk_ticket(ticket, by=ilze, at=nine)
        second = receive(nine + HOUR, ticket=ticket)
        assert (fresh(ticket).state, second.ticket, second.deadlines.count()) == ("junk", ticket, 0)


class TestAutomatic:
    """E-II.3: an automatic message starts nothing and reopens nothing."""

    @pytest.mark.parametrize("sent", [False, True], ids=["on an open ticket", "on a completed one"])
    def test_it_is_kept_on_the_ticket_and_nothing_else_happens(self, ticket, receive, answer, nine, sent):
        answer(ticket, sent=sent)
        before = fresh(ticket).state
        automatic = receive(nine + HOUR, ticket=ticket, is_automatic=True, sender_address="robot@krumins.example")
        assert (automatic.kind, automatic.mark, automatic.deadlines.count()) == ("automatic", "complete", 0)
        assert fresh(ticket).state == before

    def test_a_machine_is_no_client(self, ticket, receive, nine):
        receive(nine, ticket=ticket, is_automatic=True, sender_address="robot@krumins.example")
        assert client_by_address("robot@krumins.example") is None


class TestReceipt:
    """E-II.3: the deadlines run from the receipt, whenever the letter was taken in."""

    def test_taken_in_late_they_run_from_the_receipt(self, receive, nine):
        message = receive(nine, fetched=nine + 5 * HOUR)
        assert deadline(message, "mark").started_at == nine
        assert deadline(message, "mark").due_at == nine + HOUR
        assert last_event(message.ticket, "message.received").at == nine + 5 * HOUR

    def test_a_letter_of_the_first_second_counts(self, receive):
        assert receive(OPENED + SECOND).deadlines.count() == 2

"""The outbox: what has not reached everybody, in words that a lawyer understands, and what can be done about it."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from contact.email import outbound
from tests.support.facts import HOUR, MINUTE, SECOND
from tickets.actions import delivering
from tickets.actions.replying import Reply, reply_to_client
from tickets.models import Delivery, Message
from tickets.words import failure_words

pytestmark = pytest.mark.django_db


class TestWords:
    """E-II.3: what a mail server says is told in plain words; its own words stand behind them."""

    @pytest.mark.parametrize(
        ("error", "expected"),
        [
            ("550 5.1.1 no such user", "no such mailbox"),
            ("550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found", "no such mailbox"),
            ("550 User unknown in virtual alias table", "no such mailbox"),
            ("x@y.example 5.1.2", "no mail server"),
            ("550 5.4.1 Recipient address rejected: Access denied", "no mail server"),
            ("552 5.2.2 The email account that you tried to reach is over quota", "mailbox is full"),
            ("452 4.2.2 Mailbox full", "mailbox is full"),
            ("552 5.3.4 26300000 bytes, the server takes 10000000", "too large"),
            ("552 message size exceeds fixed maximum message size", "too large"),
            ("550 5.7.1 Service unavailable; Client host blocked using Spamhaus", "does not let this letter pass"),
            ("535 5.7.8 Authentication credentials invalid", "did not let us in"),
            ("[Errno 111] Connection refused", "does not answer"),
            ("timed out", "does not answer"),
            ("[Errno -2] Name or service not known", "does not answer"),
            ("451 4.7.1 Greylisting in action, please come back later", "try later"),
            ("421 4.3.2 Service not available", "try later"),
            ("554 Transaction failed", "does not take it"),
            ("something odd", "another kind"),
            ("", ""),
        ],
    )
    def test_each_is_told(self, error, expected):
        from django.utils import translation

        with translation.override("en"):
            assert expected in failure_words(error)


@pytest.fixture
def failed(ticket, answer, nine):
    reply = answer(ticket)
    delivering.refuse(reply, "550 5.1.1 no such user", at=nine + MINUTE)
    return reply


class TestPage:
    """E-II.3: everything on its way or stuck stands on one page."""

    def test_a_refused_one_asks_for_a_person_and_says_why(self, browse, failed):
        answer = browse().get("/outbox/")
        (row,) = answer.context["rows"]
        assert (answer.context["view"], row.message, row.delivery.may_send_again) == ("asks", failed, True)
        assert row.delivery.why == [f"peteris@krumins.example: {failure_words('5.1.1')}"]
        assert "550 5.1.1 no such user" in answer.content.decode()

    def test_one_on_its_way_shows_its_next_try(self, browse, ticket, answer, client_mail, nine):
        client_mail("Greylisting")
        outbound.deliver(answer(ticket).pk, at=nine + 30 * MINUTE)
        answer = browse().get("/outbox/")
        (row,) = answer.context["rows"]
        assert (answer.context["view"], row.tries, "09:31" in row.next) == ("coming", 1, True)
        assert row.delivery.may_recall

    def test_what_went_out_well_is_not_there(self, browse, ticket, answer):
        answer(ticket, sent=True)
        assert browse().get("/outbox/").context["counts"] == {"asks": 0, "coming": 0}

    def test_the_navigation_counts_what_needs_a_person(self, browse, failed):
        groups = browse().get("/queue/").context["shell"].items
        (item,) = [one for group in groups for one in group.items if one.url == "/outbox/"]
        assert item.count == 1

    def test_each_button_leads_back_here(self, browse, failed):
        client = browse()
        base = f"/tickets/{failed.ticket.number}/messages/{failed.pk}"
        assert client.post(f"{base}/seen/", {"from": "outbox"}).url == "/outbox/"
        assert client.post(f"{base}/retry/", {"from": "outbox"}).url == "/outbox/"
        assert Delivery.objects.get().state == "queued"

    @pytest.mark.parametrize(("who", "rows"), [("santa", 0), ("gunta", 1), ("otto", 0)])
    def test_who_reads_the_ticket_sees_it_and_others_do_not(self, browse, failed, who, rows):
        page = browse(who).get("/outbox/")
        assert (page.status_code, len(page.context["rows"])) == (200, rows)
        assert "/retry/" not in page.content.decode()

    def test_it_costs_the_same_however_much_is_stuck(self, browse, ticket, receive, ilze, nine, failed):
        client = browse()

        def cost():
            with CaptureQueriesContext(connection) as counted:
                client.get("/outbox/")
            return len(counted)

        few = cost()
        for number in range(8):
            letter = receive(nine, sender_address=f"c{number}@x.example", message_id=f"<c{number}@x.example>")
            reply = reply_to_client(letter.ticket, Reply("A", f"{number:032d}"), order_reason="quick", by=ilze, at=nine)
            delivering.refuse(reply, "550", at=nine + MINUTE)
        assert cost() == few <= 12

    def test_an_index_finds_the_few_that_need_a_person_among_all_replies(self, ilze, desk, nine):
        from helpdesk.rows import insert_rows, reserve_ids
        from tests.support.many import many_deadlines
        from tickets.models import Ticket
        from tickets.queries import outbox_of

        many_deadlines(desk, 2000, due_at=nine, due=0, later_at=nine)
        tickets = list(Ticket.objects.values_list("pk", flat=True))
        ids = reserve_ids(Message, len(tickets))
        Message.objects.bulk_create(
            Message(pk=pk, ticket_id=ticket, kind="outgoing", at=nine, author=ilze.employee)
            for pk, ticket in zip(ids, tickets, strict=True)
        )
        names = ("desk_id", "message_id", "state", "queued_at", "tries", "is_filed", "error", "failed")
        insert_rows(Delivery, names, [(desk.pk, pk, "sent", nine, 1, True, "", {}) for pk in ids])
        Delivery.objects.filter(message__in=ids[:3]).update(asks_at=nine)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE tickets_delivery")
        assert "delivery_asks" in outbox_of(ilze, "asks").explain()
        assert outbox_of(ilze, "asks").count() == 3


class TestUndoOnThePages:
    """E-I.6: after the click the page says for how long the letter can be taken back, and its words come back."""

    @pytest.fixture(autouse=True)
    def span(self, settings):
        settings.UNDO_SPAN = timedelta(seconds=15)

    @pytest.fixture
    def sent(self, browse, ticket):
        client = browse()
        form = {
            "text": "Labdien, tas ir viss.",
            "key": "0" * 31 + "1",
            "to": ["peteris@krumins.example"],
            "chosen": "1",
        }
        from django.core.files.uploadedfile import SimpleUploadedFile

        form["attachments"] = SimpleUploadedFile("a.txt", b"saturs", "text/plain")
        assert client.post(f"/tickets/{ticket.number}/replies/", form).status_code == 302
        return client, f"/tickets/{ticket.number}/messages/{Message.objects.get(kind='outgoing').pk}/recall/"

    @pytest.mark.parametrize("page", ["/queue/", "/notices/", "/outbox/"])
    def test_it_can_be_undone_from_whatever_page_comes_next(self, sent, page):
        client, recall = sent
        answer = client.get(page)
        assert answer.context["shell"].undo.seconds == 15
        assert f'action="{recall}"' in answer.content.decode()

    def test_after_that_it_is_not_offered(self, sent, half_past):
        from freezegun import freeze_time

        client, recall = sent
        with freeze_time(half_past + 15 * SECOND):
            assert client.get("/queue/").context["shell"].undo is None

    def test_the_words_the_people_and_the_files_come_back(self, sent, ticket):
        client, recall = sent
        answer = client.post(recall)
        number = ticket.number
        assert answer.url.startswith(f"/tickets/{number}/?again=")
        page = client.get(answer.url.partition("#")[0])
        form = page.context["reply_form"]
        assert (form["text"].value(), form["is_substantive"].value()) == ("Labdien, tas ir viss.", False)
        assert [one.name for one in page.context["kept"]] == ["a.txt"]
        assert [(one.address, one.is_ticked) for one in page.context["composer"].to] == [
            ("peteris@krumins.example", True)
        ]
        assert page.context["shell"].undo is None

    def test_the_reply_that_was_taken_back_is_folded_and_says_so(self, sent, ticket):
        client, recall = sent
        client.post(recall)
        entries = client.get(f"/tickets/{ticket.number}/").context["entries"]
        assert [one.kind for one in entries if one.message] == ["in", "recalled"]

    def test_too_late_it_says_so(self, sent, half_past):
        client, recall = sent
        outbound.deliver(Message.objects.get(kind="outgoing").pk, at=half_past + 15 * SECOND)
        answer = client.post(recall)
        assert (answer.status_code, answer.context["error"].code) == (409, "left_already")

    def test_only_a_reply_that_was_taken_back_is_shown_again(self, browse, ticket, answer, nine):
        reply = answer(ticket)
        page = browse().get(f"/tickets/{ticket.number}/?again={reply.pk}")
        assert not page.context["reply_form"]["text"].value()

    def test_a_failure_of_hours_ago_is_not_undone_by_the_page_s_clock(self, browse, ticket, answer, nine):
        reply = answer(ticket)
        delivering.refuse(reply, "550 5.1.1", at=nine + HOUR)
        entries = browse().get(f"/tickets/{ticket.number}/").context["entries"]
        (entry,) = [one for one in entries if one.kind == "out"]
        assert (entry.delivery.may_recall, entry.delivery.may_send_again) == (False, True)

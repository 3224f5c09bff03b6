"""The queue as people see it: in order of receipt, fifty a page, at the same cost however long it is."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from directory.models import Client
from sla.models import Deadline, Policy
from tests.support.facts import HOUR, MINUTE
from tickets.actions.working import junk_ticket, take_ticket
from tickets.models import Message, Ticket

pytestmark = pytest.mark.django_db

# One of them for the topics to filter by.
MOST_QUERIES = 11


@pytest.fixture
def fill(desk, cast, nine):
    """Return a function that puts so many open tickets into the queue, in bulk, a minute apart."""

    def fill(number, *, start=nine - timedelta(days=2)):
        client = Client.objects.create(name="Pēteris Krūmiņš")
        first = Ticket.objects.count()
        receipts = [start + n * timedelta(seconds=10) for n in range(number)]
        tickets = Ticket.objects.bulk_create(
            Ticket(
                desk=desk,
                number=f"EMUS-2025-{first + n + 1:05d}",
                subject=f"subject {n}",
                client=client,
                owner=cast.ilze if n % 2 else None,
                state="incomplete" if n % 2 else "unprocessed",
                received_at=at,
                queued_at=at,
            )
            for n, at in enumerate(receipts)
        )
        messages = Message.objects.bulk_create(
            Message(ticket=ticket, kind="incoming", at=ticket.queued_at, client=client, text="Labdien! " * 50)
            for ticket in tickets
        )
        policy = Policy.objects.get(desk=desk, kind="reply")
        Deadline.objects.bulk_create(
            Deadline(
                desk=desk,
                ticket=message.ticket,
                message=message,
                kind="reply",
                policy=policy,
                paragraph="E II.3",
                started_at=message.at,
                due_at=message.at + timedelta(days=2),
                first_due_at=message.at + timedelta(days=2),
            )
            for message in messages
        )
        return tickets

    return fill


def queries(client, path="/queue/", **headers):
    client.get(path)  # the calendar is built once a process
    with CaptureQueriesContext(connection) as counted:
        assert client.get(path, headers=headers).status_code == 200
    return len(counted)


def shown(answer):
    return [row.ticket.number for row in answer.context["rows"]]


class TestOrder:
    """S-21: the queue's order is the order of receipt."""

    def test_the_longest_waiting_stands_first(self, receive, browse, nine):
        for number, minutes in enumerate((20, 0, 10)):
            receive(nine + minutes * MINUTE, sender_address=f"k{number}@k.example")
        assert shown(browse().get("/queue/")) == ["EMUS-2025-00002", "EMUS-2025-00003", "EMUS-2025-00001"]

    def test_a_reopened_one_stands_where_its_new_letter_came(self, ticket, receive, answer, browse, nine):
        answer(ticket, nine, sent=True)
        receive(nine + 5 * MINUTE, sender_address="anna@ozola.example")
        receive(nine + 6 * MINUTE, ticket=ticket)
        assert shown(browse().get("/queue/")) == ["EMUS-2025-00002", "EMUS-2025-00001"]

    def test_every_row_says_who_what_and_until_when(self, ticket, browse):
        page = browse().get("/queue/").content.decode()
        assert "Pēteris Krūmiņš" in page
        assert "Pārskatā nesakrīt kopsumma" in page
        assert "Ko darīt?" in page
        assert 'data-state="running"' in page

    def test_what_a_client_wrote_is_never_markup(self, cast, receive, browse, nine):
        receive(nine, subject="<script>alert(1)</script>", sender_name="<b>x</b>", reply="<i>y</i>")
        page = browse().get("/queue/").content.decode()
        assert "<script>alert" not in page
        assert "&lt;b&gt;x&lt;/b&gt;" in page


class TestViews:
    """S-21, E-I.1: each view of the queue holds its own, and says how many."""

    @pytest.fixture
    def four(self, receive, answer, cast, nine):
        tickets = [receive(nine - HOUR + n * MINUTE, sender_address=f"k{n}@k.example").ticket for n in range(4)]
        take_ticket(tickets[0], by=cast.ilze.user, at=nine)
        answer(tickets[1], nine, sent=True)
        junk_ticket(tickets[2], by=cast.ilze.user, at=nine)
        return [one.number for one in tickets]

    def test_each_shows_its_own(self, four, browse):
        client = browse()
        found = {
            view: shown(client.get(f"/queue/?view={view}"))
            for view in ("all", "mine", "unprocessed", "complete", "junk")
        }
        assert found == {
            "all": [four[0], four[3]],
            "mine": [four[0]],
            "unprocessed": [four[3]],
            "complete": [four[1]],
            "junk": [four[2]],
        }

    def test_overdue_holds_what_is_late(self, four, receive, browse, nine):
        # Received at 8:03, before the opening: its mark is due at 9:30, and it is 9:30.
        assert shown(browse().get("/queue/?view=overdue")) == []
        late = receive(nine - 48 * HOUR, sender_address="late@k.example", fetched=nine).ticket
        assert shown(browse().get("/queue/?view=overdue")) == [late.number]

    def test_an_unknown_view_is_the_whole_queue(self, four, browse):
        assert shown(browse().get("/queue/?view=nonsense")) == [four[0], four[3]]

    def test_the_counts_stand_beside_the_views(self, four, browse):
        assert browse().get("/queue/").context["counts"] == {
            "all": 2,
            "mine": 1,
            "unprocessed": 1,
            "waiting": 0,
            "overdue": 0,
        }

    @pytest.mark.parametrize("who", ["raimonds", "gunta"])
    def test_everybody_of_the_desk_sees_it(self, four, browse, who):
        assert len(shown(browse(who).get("/queue/"))) == 2

    def test_an_outsider_sees_none_of_it(self, four, browse):
        assert shown(browse("otto").get("/queue/")) == []

    def test_it_cannot_be_posted_to(self, browse):
        assert browse().post("/queue/").status_code == 405


class TestPages:
    """S-21: fifty a page."""

    def test_the_fifty_first_is_on_the_second_page(self, fill, browse):
        numbers = [ticket.number for ticket in fill(51)]
        client = browse()
        assert shown(client.get("/queue/")) == numbers[:50]
        assert shown(client.get("/queue/?page=2")) == numbers[50:]

    @pytest.mark.parametrize("page", ["3", "0", "nonsense"])
    def test_a_page_that_is_not_there_is_the_nearest(self, fill, browse, page):
        fill(51)
        assert browse().get(f"/queue/?page={page}").status_code == 200

    def test_htmx_gets_the_list_alone(self, ticket, browse):
        part = browse().get("/queue/", headers={"HX-Request": "true"}).content.decode().strip()
        assert part.startswith("<section") and part.endswith("</section>")
        assert 'id="list"' in part
        assert "<html" not in part


class TestCost:
    """E-II.1a: the queue costs the same however long it is."""

    @pytest.mark.parametrize("view", ["all", "mine", "unprocessed", "overdue"])
    def test_ten_and_sixty_tickets_ask_as_much(self, fill, browse, view):
        client, path = browse(), f"/queue/?view={view}"
        fill(10)
        few = queries(client, path)
        fill(50)
        assert queries(client, path) == few <= MOST_QUERIES

    @pytest.mark.parametrize("view", ["complete", "junk"])
    def test_a_closed_view_asks_once_more_for_its_size(self, fill, browse, view, nine):
        client, path = browse(), f"/queue/?view={view}"
        for number in (10, 50):
            fill(number)
            Ticket.objects.update(state=view, completed_at=nine if view == "complete" else None)
            assert queries(client, path) <= MOST_QUERIES + 1

    def test_the_list_that_renews_itself_asks_less(self, fill, browse):
        fill(60)
        assert queries(browse(), HX_Request="true") <= 6

    def test_ten_thousand_ask_no_more_than_fifty(self, fill, browse):
        client = browse()
        fill(50)
        few = queries(client)
        fill(9950)
        assert queries(client) <= few <= MOST_QUERIES

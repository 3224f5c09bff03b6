"""The replies that the office's records hold: listed, looked up, and taken along as a table."""

from datetime import date, timedelta

import pytest

from reports.registered import Wanted, registered_replies, table
from tests.support.office import riga
from tickets.actions.registering import RecordEntry, register_next, register_reply
from tickets.actions.replying import Reply, reply_to_client
from tickets.models import Registration

pytestmark = pytest.mark.django_db

NINE = riga("2025-11-10 09:00")


@pytest.fixture
def register(receive, ilze):
    """Return a function that answers a client's letter and registers the reply."""

    def register(number, days=0, **letter):
        at = NINE + timedelta(days=days)
        ticket = receive(NINE, message_id=f"<{number}@client.example>", **letter).ticket
        reply = reply_to_client(ticket, Reply("Labdien! Lūdzu.", f"{days:032d}"), order_reason="quick", by=ilze, at=at)
        return register_reply(reply, RecordEntry(number, at.date()), by=ilze, at=at)

    return register


@pytest.fixture
def three(register):
    register("1-8/7", 0)
    register("1-8/8", 1, sender_name="Žanete Ķirse", sender_address="zanete@kirse.example", subject="Kvorums")
    register("1-8/9", 2)


def numbers(user, **wanted):
    return [one.number for one in registered_replies(user, Wanted(**wanted))]


class TestList:
    """S-24.2: a reply is found by its registration number and date."""

    def test_the_latest_stands_first(self, three, cast):
        assert numbers(cast.gunta.user) == ["1-8/9", "1-8/8", "1-8/7"]

    def test_both_days_are_included(self, three, ilze):
        assert numbers(ilze, since=date(2025, 11, 11), until=date(2025, 11, 11)) == ["1-8/8"]

    @pytest.mark.parametrize("words", ["8/8", "kirse", "Kvorum", " 1-8/8 "])
    def test_it_is_found_by_number_client_or_subject(self, three, ilze, words):
        assert numbers(ilze, words=words) == ["1-8/8"]

    def test_a_sign_alone_is_not_every_client(self, three, ilze):
        assert numbers(ilze, words="?!") == []

    def test_a_number_that_waits_is_no_reply_yet(self, receive, ilze):
        register_next(receive(NINE).ticket, RecordEntry("1-8/7", date(2025, 11, 10)), by=ilze, at=NINE)
        assert Registration.objects.exists()
        assert numbers(ilze) == []

    def test_others_see_nothing(self, three, cast):
        assert numbers(cast.otto.user) == numbers(cast.santa.user) == []


class TestTable:
    def test_it_opens_in_a_spreadsheet(self, register, ilze):
        register("=1+1", subject='Par "kvorumu"; steidzami')
        lines = "".join(table(registered_replies(ilze, Wanted())))
        head, row, end = lines.split("\r\n")
        assert lines.startswith("\ufeff")
        assert head.count(";") == 8
        assert row.startswith('\'=1+1;2025-11-10;EMUS-2025-00001;"Re: Par ""kvorumu""; steidzami')
        assert "peteris@krumins.example;2025-11-10 09:00;Ilze Kalnciema" in row
        assert end == ""


class TestPages:
    def test_the_page_and_the_table_show_the_same(self, three, browse):
        page = browse("gunta").get("/registered/?q=8/8")
        answer = browse("gunta").get("/registered/table.csv?q=8/8")
        assert [one.number for one in page.context["page"]] == ["1-8/8"]
        assert b"".join(answer.streaming_content).decode().count("\r\n") == 2
        assert answer["Content-Disposition"].endswith('.csv"')

    def test_days_the_wrong_way_round_are_said(self, three, browse):
        page = browse().get("/registered/?since=2025-11-12&until=2025-11-10")
        assert page.context["form"].errors["until"]

    def test_for_htmx_only_the_list(self, three, browse):
        page = browse().get("/registered/", headers={"hx-request": "true"}).content.decode()
        assert page.lstrip().startswith("<section")

    @pytest.mark.parametrize("path", ["/registered/", "/registered/table.csv"])
    def test_an_expert_may_not(self, browse, path):
        assert browse("santa").get(path).status_code == 403

    def test_it_costs_the_same_however_many(self, register, browse):
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        client = browse()

        def cost():
            with CaptureQueriesContext(connection) as counted:
                client.get("/registered/")
            return len(counted)

        register("1", 0)
        few = cost()
        for number in range(2, 8):
            register(str(number), number, sender_address=f"klients{number}@birojs.example")
        assert cost() == few

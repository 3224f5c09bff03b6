"""The pages by which a ticket is joined to any other, linked, split: reachable, refused in words, for whoever works tickets."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.support.facts import HOUR, MINUTE, fresh
from tickets.actions.linking import link_tickets
from tickets.actions.splitting import Chosen, split_ticket
from tickets.actions.working import junk_ticket
from tickets.link_queries import links_of, tickets_found
from tickets.models import Link, Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def other(receive, nine, cast):
    about = {"subject": "Žurnāla izdruka", "sender_name": "Anna Ozola"}
    return receive(nine + MINUTE, sender_address="anna@ozola.example", message_id="<o@ozola.example>", **about).ticket


@pytest.fixture
def second(receive, ticket, nine):
    return receive(nine + 2 * MINUTE, ticket=ticket, message_id="<b@krumins.example>", subject="Par rēķinu")


class TestFinding:
    """E-II.3: any ticket is found by its number, its client or its subject."""

    @pytest.mark.parametrize("query", ["2", "EMUS-2025-00002", "ozol", "anna@", "zurnala", "Žurnāla IZDRUKA"])
    def test_by_number_client_or_subject(self, ticket, other, desk, ilze, query):
        assert list(tickets_found(ilze, desk, query)) == [other]

    @pytest.mark.parametrize("query", ["", "nekā", "%", "99"])
    def test_what_names_none_finds_none(self, ticket, other, desk, ilze, query):
        assert list(tickets_found(ilze, desk, query)) == []

    def test_junk_is_not_found(self, ticket, other, desk, ilze, nine):
        junk_ticket(other, by=ilze, at=nine + HOUR)
        assert list(tickets_found(ilze, desk, "zurnala")) == []

    def test_the_page_shows_the_client_s_others_first_and_then_what_was_looked_for(
        self, ticket, other, receive, browse, nine
    ):
        same = receive(nine + MINUTE, message_id="<same@krumins.example>").ticket
        client, path = browse(), f"/tickets/{ticket.number}/relations/"
        assert [row[0] for row in client.get(path).context["rows"]] == [same]
        assert [row[0] for row in client.get(path, {"q": "zurnala"}).context["rows"]] == [other]
        part = client.get(path, {"q": "zurnala"}, headers={"HX-Request": "true"}).content.decode()
        assert part.lstrip().startswith("<section") and f'value="{other.number}"' in part

    def test_its_queries_do_not_grow_with_what_is_found(self, ticket, receive, browse, nine):
        def count():
            with CaptureQueriesContext(connection) as counted:
                assert client.get(f"/tickets/{ticket.number}/relations/?q=kopsumma").status_code == 200
            return len(counted)

        client = browse()
        client.get(f"/tickets/{ticket.number}/relations/")
        first = count()
        for n in range(5):
            receive(nine + n * MINUTE, sender_address=f"k{n}@k.example", message_id=f"<{n}@k.example>")
        assert count() == first


class TestLinking:
    """E-I.1: linked tickets show each other, and the link is removed with one click."""

    def test_one_click_links_and_both_pages_show_it(self, ticket, other, browse):
        client = browse()
        client.post(f"/tickets/{ticket.number}/links/", {"into": other.short_number})
        for one, its in ((ticket, other), (other, ticket)):
            page = client.get(f"/tickets/{one.number}/")
            assert [linked.ticket for linked in page.context["links"]] == [its]
            assert f'href="/tickets/{its.number}/"' in page.content.decode()

    def test_one_click_removes_it(self, ticket, other, browse, ilze, nine):
        link = link_tickets(ticket, other, by=ilze, at=nine)
        browse().post(f"/tickets/{other.number}/links/{link.pk}/undoing/")
        assert fresh(link).undone_at is not None

    def test_a_number_of_no_ticket_links_nothing(self, ticket, browse):
        assert browse().post(f"/tickets/{ticket.number}/links/", {"into": "99"}).status_code == 302
        assert not Link.objects.exists()

    def test_who_sees_only_what_they_were_asked_about_sees_no_link_to_the_rest(self, ticket, other, cast, ilze, nine):
        link_tickets(ticket, other, by=ilze, at=nine)
        assert links_of(ticket, cast.santa.user) == []


class TestSplitting:
    """E-II.3: what is to become a ticket of its own is chosen from the whole conversation."""

    def test_the_chosen_letter_becomes_a_ticket(self, ticket, second, browse):
        client, path = browse(), f"/tickets/{ticket.number}/splitting/"
        assert f'name="messages" value="{second.pk}"' in client.get(path).content.decode()
        answer = client.post(path, {"messages": [second.pk], "subject": "Rēķins"})
        made = fresh(second).ticket
        assert (answer.url, made.subject) == (f"/tickets/{made.number}/", "Rēķins")
        assert f"/tickets/{made.number}/splitting/undoing/" in client.get(answer.url).content.decode()

    def test_a_refusal_keeps_what_was_chosen_and_says_what_to_do(self, ticket, message, second, browse):
        chosen = {"messages": [message.pk, second.pk], "subject": "Rēķins"}
        answer = browse().post(f"/tickets/{ticket.number}/splitting/", chosen)
        page = answer.content.decode()
        assert (answer.status_code, Ticket.objects.count()) == (422, 1)
        assert all(f'value="{one.pk}" checked' in page for one in (message, second))
        assert 'value="Rēķins"' in page and "data-refusal" in page

    def test_a_ticket_of_one_letter_offers_nothing(self, ticket, browse):
        assert 'name="messages"' not in browse().get(f"/tickets/{ticket.number}/splitting/").content.decode()

    def test_one_click_undoes_it(self, ticket, second, browse, ilze, nine):
        made = split_ticket(ticket, Chosen(frozenset({second.pk})), by=ilze, at=nine + HOUR)
        assert browse().post(f"/tickets/{made.number}/splitting/undoing/").url == f"/tickets/{ticket.number}/"
        assert fresh(second).ticket == ticket


@pytest.mark.parametrize("path", ["relations", "links", "splitting", "splitting/undoing"])
@pytest.mark.parametrize(("who", "status"), [("santa", 404), ("otto", 404), ("gunta", 403)])
def test_nobody_else_may(ticket, browse, path, who, status):
    client = browse(who)
    act = client.get if path == "relations" else client.post
    assert act(f"/tickets/{ticket.number}/{path}/").status_code == status

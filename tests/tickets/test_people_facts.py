"""What stands beside a ticket about its people."""

from datetime import date

import pytest

from directory.models import Absence
from tests.support.facts import fresh
from tickets.people_facts import client_facts, colleague_facts

pytestmark = pytest.mark.django_db


class TestClient:
    """S-5.5: the client's history is one click from the ticket, and the ticket one click from there."""

    def test_the_clients_other_tickets_are_counted(self, ticket, receive, ilze, nine, cast):
        assert client_facts(ticket, ilze).others == 0
        receive(nine, message_id="<second@krumins.example>", subject="Kvorums")
        found = client_facts(ticket, ilze)
        assert (found.others, found.opened) == (1, 1)
        assert client_facts(ticket, cast.santa.user).others == 0

    def test_one_comes_back_to_the_ticket(self, browse, ticket):
        page = browse().get(f"/tickets/{ticket.number}/").content.decode()
        there = f"/clients/{ticket.client_id}/?ticket={ticket.number}"
        assert f'href="{there}"' in page
        assert f'href="/tickets/{ticket.number}/"' in browse().get(there).content.decode()

    def test_but_to_nothing_else(self, browse, ticket):
        there = f"/clients/{ticket.client_id}/?ticket=../sign-out"
        assert browse().get(there).context["came_from"] == ""


class TestColleague:
    """E-II.4b: who was asked, how they are reached, and whether they are there."""

    def test_nobody_was_asked(self, ticket, nine):
        assert colleague_facts(ticket, at=nine) is None

    def test_an_absent_one_is_said_with_who_stands_in(self, draft, cast, nine):
        ticket = fresh(draft.ticket)
        assert colleague_facts(ticket, at=nine).away == ""
        days = {"first_on": date(2025, 11, 10), "last_on": date(2025, 11, 12)}
        Absence.objects.create(employee=cast.santa, stand_in=cast.raimonds, **days)
        assert str(cast.raimonds) in colleague_facts(ticket, at=nine).away

"""Two clients found to be one: compared, merged with their tickets, undone."""

import pytest

from directory.actions.clients import add_phone
from directory.models import Client, ClientMerge
from directory.queries import likely_doubles
from tests.support.facts import HOUR, MINUTE, events, fresh
from tickets.actions.client_merging import merge_clients_and_tickets, undo_client_merge
from tickets.queries import tickets_of_client

pytestmark = pytest.mark.django_db


@pytest.fixture
def second(receive, ticket, nine):
    """A ticket that the same person opened from another address."""
    about = {"sender_address": "birojs@krumins.example", "message_id": "<b@krumins.example>"}
    return receive(nine + MINUTE, **about).ticket


@pytest.fixture
def merge(ticket, second, ilze, nine):
    return lambda: merge_clients_and_tickets(second.client, ticket.client, by=ilze, at=nine + HOUR)


class TestMerging:
    """E-II.1a: one person is one client, with all of their tickets."""

    def test_the_tickets_go_over_and_tell_of_it(self, ticket, second, merge, ilze):
        merge()
        assert fresh(second).client == ticket.client
        assert list(tickets_of_client(ilze, ticket.client_id)) == [second, ticket]
        (event,) = events(second, "ticket.client_moved")
        assert (event.by, event.data["client"]) == (ilze, [second.client_id, ticket.client_id])

    def test_who_wrote_a_message_stays(self, second, merge):
        merge()
        assert second.messages.get().client == second.client

    def test_twice_is_once(self, merge, second):
        assert merge() == merge()
        assert len(events(second, "ticket.client_moved")) == 1

    def test_undone_each_has_their_own_again(self, ticket, second, merge, receive, ilze, nine):
        done = merge()
        later = receive(
            nine + 2 * HOUR, sender_address="birojs@krumins.example", message_id="<c@krumins.example>"
        ).ticket
        for _ in range(2):
            undo_client_merge(done, by=ilze, at=nine + 3 * HOUR)
        assert (fresh(second).client, fresh(ticket).client) == (second.client, ticket.client)
        assert later.client == ticket.client  # it came while they were one

    def test_a_client_without_tickets_gets_none_of_the_others(self, ticket, ilze, nine):
        empty = Client.objects.create(name="Tukšā Persona")
        undo_client_merge(merge_clients_and_tickets(empty, ticket.client, by=ilze, at=nine), by=ilze, at=nine)
        assert fresh(ticket).client == ticket.client
        assert not tickets_of_client(ilze, empty.pk).exists()

    def test_merged_once_more_it_is_another_merging(self, ticket, second, ilze, nine):
        third = merge_clients_and_tickets(second.client, ticket.client, by=ilze, at=nine)
        undo_client_merge(third, by=ilze, at=nine)
        undone = merge_clients_and_tickets(second.client, ticket.client, by=ilze, at=nine)
        assert undone != third

    def test_the_same_phone_or_name_makes_a_likely_double(self, ticket, second, receive, ilze, nine):
        stranger = receive(nine, sender_name="Cits", sender_address="c@c.example", message_id="<c@c.example>").ticket
        assert list(likely_doubles(ticket.client)) == [second.client]
        for one in (ticket.client, stranger.client):
            add_phone(one, "+37129123456", by=ilze, at=nine)
        assert set(likely_doubles(ticket.client)) == {second.client, stranger.client}


class TestPages:
    """E-II.1a: both are seen side by side before anything is done; a refusal says why; one click undoes it."""

    def test_the_whole_way(self, ticket, second, browse):
        client, path = browse(), f"/clients/{ticket.client_id}/merging/"
        assert [one.pk for one in client.get(path).context["rows"]] == [second.client_id]
        sides = client.get(path, {"other": second.client_id}).context["sides"]
        assert [(side.client, side.tickets) for side in sides] == [(ticket.client, 1), (second.client, 1)]
        answer = client.post(f"{path}merge/", {"other": second.client_id, "survivor": second.client_id})
        assert answer.url == f"/clients/{second.client_id}/merging/"
        assert fresh(ticket).client == second.client
        done = ClientMerge.objects.get()
        assert f"{done.pk}/undoing/" in client.get(answer.url).content.decode()
        client.post(f"{answer.url}{done.pk}/undoing/")
        assert fresh(ticket).client == ticket.client

    def test_two_with_certificates_are_refused_in_words(self, ticket, second, browse):
        for number, one in enumerate((ticket.client, second.client)):
            one.certificate = str(number)
            one.save()
        path = f"/clients/{ticket.client_id}/merging/merge/"
        answer = browse().post(path, {"other": second.client_id, "survivor": ticket.client_id})
        assert (answer.status_code, ClientMerge.objects.count()) == (422, 0)
        assert "data-refusal" in answer.content.decode()

    @pytest.mark.parametrize(("who", "status"), [("santa", 403), ("gunta", 403)])
    def test_nobody_else_may(self, ticket, second, browse, who, status):
        path = f"/clients/{ticket.client_id}/merging/"
        client = browse(who)
        assert client.get(path).status_code == status
        assert client.post(f"{path}merge/", {"other": second.client_id}).status_code == status

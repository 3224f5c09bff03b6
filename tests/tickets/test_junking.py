"""Junk: put aside by a person, learned by its sender, looked through and brought back."""

import pytest

from escalation.models import Alert
from tests.support.facts import HOUR, MINUTE, deadline, events, fresh
from tickets.actions.junking import ClientKnown, Junking, bring_back, look_through, put_among_junk
from tickets.models import JunkSender, Ticket
from tickets.queries import junk_of, unseen_junk

pytestmark = pytest.mark.django_db

LATER = Junking(is_later_too=True)


@pytest.fixture
def learned(ticket, ilze, nine):
    """The sender of the ticket is junk at the desk."""
    return put_among_junk(ticket, LATER, by=ilze, at=nine + MINUTE)


@pytest.fixture
def later(learned, receive, nine):
    """A later letter of that sender, on a ticket of its own."""
    return receive(nine + HOUR, message_id="<later@krumins.example>")


class TestLearned:
    """S-24.2: junk is learned by its sender, and only when a person says so."""

    def test_a_later_letter_opens_its_ticket_among_the_junk_and_owes_nothing(self, later):
        assert (later.ticket.state, later.ticket.is_junk_unseen) == ("junk", True)
        assert later.deadlines.count() == 0
        assert not Alert.objects.exists()

    def test_who_learned_it_is_recorded(self, learned, ilze, nine):
        (event,) = events(learned, "sender.junked")
        assert (event.by, event.data) == (ilze, {"sender": "peteris@krumins.example"})
        assert JunkSender.objects.get().email == "peteris@krumins.example"

    def test_in_any_case_of_the_address(self, learned, receive, nine):
        made = receive(nine + HOUR, message_id="<b@b>", sender_address="Peteris@KRUMINS.example")
        assert made.ticket.state == "junk"

    def test_without_being_asked_nothing_is_learned(self, ticket, ilze, receive, nine):
        put_among_junk(ticket, Junking(), by=ilze, at=nine + MINUTE)
        assert receive(nine + HOUR, message_id="<b@b>").ticket.state == "unprocessed"

    def test_another_sender_and_another_desk_are_not_touched(self, learned, cast, receive, nine):
        assert receive(nine, message_id="<b@b>", sender_address="anna@krumins.example").ticket.state == "unprocessed"
        assert receive(nine, message_id="<c@c>", desk=cast.other_desk).ticket.state == "unprocessed"

    def test_a_letter_on_an_open_ticket_stays_there(self, receive, ilze, nine):
        first = receive(nine, message_id="<a@a>").ticket
        junk = receive(nine, message_id="<b@b>").ticket
        put_among_junk(junk, LATER, by=ilze, at=nine + MINUTE)
        receive(nine + HOUR, ticket=first, message_id="<c@c>")
        assert fresh(first).is_open

    def test_learning_twice_learns_once(self, learned, later, ilze, nine):
        bring_back(later.ticket, by=ilze, at=nine + 2 * HOUR)
        for _ in range(2):
            put_among_junk(fresh(later.ticket), LATER, by=ilze, at=nine + 2 * HOUR)
            Ticket.objects.filter(pk=later.ticket.pk).update(state="unprocessed")
        assert JunkSender.objects.count() == 1


class TestKnownClient:
    """S-24.2: a known client is never put among the junk unawares."""

    def test_a_confirmed_client_needs_a_second_word(self, ticket, ilze, nine):
        ticket.client.is_confirmed = True
        ticket.client.save()
        with pytest.raises(ClientKnown):
            put_among_junk(ticket, LATER, by=ilze, at=nine)
        assert (fresh(ticket).state, JunkSender.objects.count()) == ("unprocessed", 0)
        assert put_among_junk(ticket, Junking(is_sure=True), by=ilze, at=nine).state == "junk"

    def test_so_does_one_who_was_answered_once(self, ticket, answer, receive, ilze, nine):
        answer(ticket, sent=True)
        other = receive(nine + HOUR, message_id="<b@b>").ticket
        with pytest.raises(ClientKnown):
            put_among_junk(other, Junking(), by=ilze, at=nine + HOUR)

    def test_the_page_warns(self, ticket, browse):
        ticket.client.is_confirmed = True
        ticket.client.save()
        page = browse().get(f"/tickets/{ticket.number}/").content.decode()
        assert 'name="sure" required' in page
        assert 'name="later"' in page

    def test_posted_without_it_nothing_happens(self, ticket, browse):
        ticket.client.is_confirmed = True
        ticket.client.save()
        assert browse().post(f"/tickets/{ticket.number}/junk/", {"later": "on"}).status_code == 409
        assert fresh(ticket).state == "unprocessed"


class TestBroughtBack:
    """S-24.2: junk can be undone, and then nothing of it was lost."""

    def test_its_deadlines_count_from_the_receipt(self, later, ilze, nine):
        ticket = bring_back(later.ticket, by=ilze, at=nine + 5 * HOUR)
        assert (ticket.state, ticket.is_junk_unseen) == ("unprocessed", False)
        assert deadline(later, "mark").started_at == nine + HOUR
        assert fresh(later).mark == "none"

    def test_the_sender_is_forgotten(self, later, ilze, receive, nine):
        bring_back(later.ticket, by=ilze, at=nine + 2 * HOUR)
        assert not JunkSender.objects.exists()
        assert len(events(later.ticket, "sender.forgiven")) == 1
        assert receive(nine + 3 * HOUR, message_id="<d@d>").ticket.state == "unprocessed"

    def test_one_click_on_the_list_does_it(self, later, browse):
        answer = browse().post(f"/tickets/{later.ticket.number}/unjunking/")
        assert answer.status_code == 302
        assert fresh(later.ticket).state == "unprocessed"


class TestLookedThrough:
    """S-24.2: no junk stays unseen: it is listed and counted until a person has looked."""

    def test_what_came_by_itself_is_counted_until_somebody_looked(self, later, ilze, nine):
        assert unseen_junk(ilze) == 1
        assert look_through(junk_of(ilze), by=ilze, at=nine + 2 * HOUR) == 1
        assert unseen_junk(ilze) == 0
        assert fresh(later.ticket).state == "junk"
        assert len(events(later.ticket, "ticket.junk_seen")) == 1

    def test_what_a_person_put_there_was_seen(self, learned, ilze):
        assert unseen_junk(ilze) == 0

    def test_a_letter_that_joins_a_junk_ticket_makes_it_unseen(self, learned, receive, ilze, nine):
        receive(nine + HOUR, ticket=learned, message_id="<b@b>")
        assert unseen_junk(ilze) == 1

    def test_the_page_lists_sender_subject_and_the_click(self, later, browse):
        page = browse().get("/junk/").content.decode()
        for words in ("peteris@krumins.example", later.subject, f"/tickets/{later.ticket.number}/unjunking/"):
            assert words in page

    def test_what_the_page_showed_is_noted_and_nothing_else(self, later, receive, browse, nine):
        client = browse()
        client.get("/junk/")
        newer = receive(nine + 2 * HOUR, message_id="<e@e>")
        client.post("/junk/seen/", {"seen": [later.ticket.pk, "x"]})
        assert not fresh(later.ticket).is_junk_unseen
        assert fresh(newer.ticket).is_junk_unseen

    def test_the_mail_page_counts_it(self, later, browse):
        answer = browse().get("/mail/")
        assert answer.context["unseen_junk"] == 1
        assert "/junk/" in answer.content.decode()

    @pytest.mark.parametrize("who", ["santa", "gunta"])
    def test_it_is_the_administrators_matter(self, later, browse, who):
        assert browse(who).get("/junk/").status_code == 403
        browse(who).post("/junk/seen/", {"seen": [later.ticket.pk]})
        assert fresh(later.ticket).is_junk_unseen

    def test_another_desk_s_junk_is_not_there(self, later, browse):
        client = browse("otto")
        assert later.subject not in client.get("/junk/").content.decode()
        client.post("/junk/seen/", {"seen": [later.ticket.pk]})
        assert fresh(later.ticket).is_junk_unseen

    def test_it_costs_the_same_however_much_there_is(
        self, learned, receive, browse, nine, django_assert_max_num_queries
    ):
        for number in range(12):
            receive(nine + HOUR, message_id=f"<{number}@x>")
        client = browse()
        with django_assert_max_num_queries(14):
            client.get("/junk/")

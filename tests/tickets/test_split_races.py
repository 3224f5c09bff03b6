"""Two things at once: a letter while its ticket is split or joined, two administrators with the same rows ticked."""

import pytest

from tests.support.facts import HOUR, MINUTE, fresh
from tests.support.office import letter, make_employee
from tickets.actions.bulk import BulkAct, Choice, act_on_tickets
from tickets.actions.handing_over import hand_over_all
from tickets.actions.joining import join_ticket
from tickets.actions.linking import link_tickets
from tickets.actions.receiving import Arrivals
from tickets.actions.splitting import Chosen, MovedMeanwhile, NothingToSplit, split_ticket, undo_split
from tickets.actions.working import take_ticket
from tickets.models import HandOver, Link, Message, Ticket
from tickets.transitions import NotAllowedInState

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def second(receive, ticket, nine):
    return receive(nine + MINUTE, ticket=ticket, message_id="<b@krumins.example>")


@pytest.fixture
def dace(desk):
    return make_employee("Dace Otra", "administrator", desk=desk)


@pytest.fixture
def tickets(receive, nine):
    return [
        receive(nine + n * MINUTE, sender_address=f"k{n}@k.example", message_id=f"<{n}@k.example>").ticket
        for n in range(4)
    ]


def refusals(outcomes):
    return [one for one in outcomes if isinstance(one, Exception)]


class TestSplitting:
    """E-II.3: whatever comes at that moment is on one of the two, with its deadlines."""

    def test_a_letter_that_comes_meanwhile_lies_whole_on_the_ticket_it_came_to(
        self,
        ticket,
        second,
        receive,
        ilze,
        nine,
        at_once,
    ):
        made, late = at_once(
            lambda: split_ticket(ticket, Chosen(frozenset({second.pk})), by=ilze, at=nine + HOUR),
            lambda: receive(nine + HOUR, ticket=ticket, message_id="<late@krumins.example>"),
        )
        assert (fresh(second).ticket, fresh(late).ticket) == (made, ticket)
        assert {one.ticket for one in fresh(late).deadlines.all()} == {ticket}
        assert fresh(ticket).state == "unprocessed"

    def test_a_batch_of_mail_that_opens_and_answers_does_not_wait_in_a_ring(
        self,
        ticket,
        second,
        desk,
        ilze,
        nine,
        at_once,
    ):
        """It holds the counter of numbers and wants the ticket; who splits never holds the ticket and wants that."""
        from django.db import transaction

        def batch():
            with transaction.atomic():
                arrivals = Arrivals(desk, ["k@k.example", "peteris@krumins.example"], at=nine + HOUR)
                new = letter(sender_address="k@k.example", message_id="<k@k.example>")
                arrivals.receive(new, ticket=None, received_at=nine + HOUR)
                answer = letter(message_id="<late@krumins.example>")
                arrivals.receive(answer, ticket=ticket, received_at=nine + HOUR)
                arrivals.write()

        outcomes = at_once(lambda: split_ticket(ticket, Chosen(frozenset({second.pk})), by=ilze, at=nine + HOUR), batch)
        assert refusals(outcomes) == []
        assert sorted(Ticket.objects.values_list("number", flat=True)) == [f"EMUS-2025-0000{n}" for n in (1, 2, 3)]

    def test_two_split_the_same_letter_and_one_ticket_comes_of_it(
        self,
        ticket,
        second,
        dace,
        ilze,
        nine,
        at_once,
    ):
        chosen = Chosen(frozenset({second.pk}))
        outcomes = at_once(
            lambda: split_ticket(ticket, chosen, by=ilze, at=nine + HOUR),
            lambda: split_ticket(ticket, chosen, by=dace.user, at=nine + HOUR),
        )
        assert all(isinstance(one, MovedMeanwhile | NothingToSplit) for one in refusals(outcomes))
        assert (Ticket.objects.count(), Link.objects.count()) == (2, 1)
        assert fresh(second).ticket != ticket


class TestJoining:
    """E-II.3: later mail of a joined ticket goes to the survivor, also that of this very moment."""

    def test_a_letter_that_comes_meanwhile_ends_on_the_survivor(self, tickets, receive, ilze, nine, at_once):
        source, into = tickets[:2]
        outcomes = at_once(
            lambda: join_ticket(source, into, by=ilze, at=nine + HOUR),
            lambda: receive(nine + HOUR, ticket=source, message_id="<late@k.example>", sender_address="k0@k.example"),
        )
        assert refusals(outcomes) == []
        assert fresh(source).state == "merged"
        assert Message.objects.get(message_id="<late@k.example>").ticket == into
        assert not source.deadlines.exists()

    def test_two_joined_crosswise_do_not_wait_in_a_ring(self, tickets, dace, ilze, nine, at_once):
        first, second = tickets[:2]
        outcomes = at_once(
            lambda: join_ticket(first, second, by=ilze, at=nine + HOUR),
            lambda: join_ticket(second, first, by=dace.user, at=nine + HOUR),
        )
        assert {fresh(first).state, fresh(second).state} == {"merged", "unprocessed"}
        assert len(refusals(outcomes)) == 1 or outcomes[0] == outcomes[1]

    def test_a_split_undone_while_the_two_are_joined_does_not_wait_in_a_ring(
        self, ticket, second, dace, ilze, nine, at_once
    ):
        for _ in range(5):
            made = split_ticket(fresh(ticket), Chosen(frozenset({second.pk})), by=ilze, at=nine + HOUR)
            outcomes = at_once(
                lambda made=made: undo_split(made, by=ilze, at=nine + HOUR),
                lambda made=made: link_tickets(ticket, made, by=dace.user, at=nine + HOUR),
            )
            assert all(isinstance(one, NotAllowedInState) for one in refusals(outcomes))
            assert fresh(second).ticket == ticket


class TestMany:
    """S-21: two people act on the same ticked rows at once: each ticket is whole, and whoever is second changes nothing."""

    def test_both_note_that_no_answer_is_needed(self, tickets, dace, ilze, nine, at_once):
        def act(by):
            choice = Choice(BulkAct.NOT_NEEDED, "zināšanai")
            return act_on_tickets([fresh(one) for one in tickets], choice, by=by, at=nine + HOUR)

        outcomes = at_once(lambda: act(ilze), lambda: act(dace.user))
        assert refusals(outcomes) == []
        assert {fresh(one).state for one in tickets} == {"complete"}
        done = [one for outcome in outcomes for one in outcome.done]
        assert sorted(one.pk for one in done) == sorted(one.pk for one in tickets)
        refused = [error.code for outcome in outcomes for _, error in outcome.refused]
        assert len(refused) == 4 and set(refused) <= {"nothing_waits", "not_allowed_in_state"}

    def test_one_takes_what_another_hands_over(self, tickets, cast, dace, ilze, nine, at_once):
        for one in tickets:
            take_ticket(one, order_reason="urgent", by=ilze, at=nine + HOUR)
        outcomes = at_once(
            lambda: hand_over_all(tickets[0].desk, cast.ilze, dace, by=cast.gunta.user, at=nine + HOUR),
            lambda: [take_ticket(one, by=ilze, at=nine + HOUR) for one in reversed(tickets)],
        )
        assert refusals(outcomes) == []
        for one in map(fresh, tickets):
            assert {due.owner for due in one.deadlines.filter(state="running")} == {one.owner}

    def test_all_are_handed_over_twice_at_once_and_told_once(self, tickets, cast, dace, ilze, nine, at_once):
        for one in tickets:
            take_ticket(one, order_reason="urgent", by=ilze, at=nine + HOUR)
        outcomes = at_once(
            *[lambda: hand_over_all(tickets[0].desk, cast.ilze, dace, by=cast.gunta.user, at=nine + HOUR)] * 2
        )
        assert refusals(outcomes) == []
        assert HandOver.objects.count() == 1
        assert {fresh(one).owner for one in tickets} == {dace}

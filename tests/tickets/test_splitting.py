"""A ticket that is two: split with its messages, files, notes and deadlines; undone; tickets linked on both sides."""

import pytest
from django.db import IntegrityError, transaction

from sla.models import Deadline
from tests.support.facts import HOUR, MINUTE, deadline, events, fresh
from tests.support.letters import mail
from tickets.actions.delivering import bounce
from tickets.actions.joining import ReplyUnderWay, join_ticket
from tickets.actions.linking import CannotLink, link_tickets, undo_link
from tickets.actions.pausing import pause_ticket
from tickets.actions.promising import promise_answer
from tickets.actions.receiving import File
from tickets.actions.replying import Reply, reply_to_client
from tickets.actions.splitting import (
    Chosen,
    MovedMeanwhile,
    NothingToSplit,
    NotSplit,
    StillOwed,
    split_ticket,
    undo_split,
)
from tickets.actions.working import add_note, answer_not_needed, junk_ticket, take_ticket
from tickets.models import Link, Message, Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def second(receive, ticket, nine):
    """A letter of an hour later on the same ticket, about something else, with a file."""
    files = (File("rekins.pdf", "application/pdf", b"%PDF-1.4"),)
    more = {"message_id": "<b@krumins.example>", "subject": "Par rēķinu", "files": files}
    return receive(nine + HOUR, ticket=ticket, **more)


@pytest.fixture
def split(ticket, second, ilze, nine):
    """Return a function that splits the second letter off."""
    return lambda *notes, at=nine + 2 * HOUR, **more: split_ticket(
        fresh(ticket), Chosen(frozenset({second.pk}), frozenset(notes), **more), by=ilze, at=at
    )


class TestSplitting:
    """E-II.3: each question has its ticket, and no deadline changes by it."""

    def test_the_letter_its_file_and_its_deadlines_go_with_their_times(self, ticket, second, split):
        before = list(second.deadlines.values_list("kind", "state", "due_at", "started_at"))
        made = split()
        assert (fresh(second).ticket, fresh(second).attachments.count()) == (made, 1)
        moved = Deadline.objects.filter(ticket=made)
        assert list(moved.values_list("kind", "state", "due_at", "started_at")) == before
        assert ticket.deadlines.count() == 2

    def test_the_new_ticket_begins_with_its_letter(self, ticket, second, split):
        made = split()
        assert (made.number, made.subject, made.client) == ("EMUS-2025-00002", "Par rēķinu", ticket.client)
        assert (made.received_at, made.queued_at, made.state) == (second.at, second.at, "unprocessed")

    def test_a_subject_may_be_given(self, split):
        assert split(subject="Rēķins").subject == "Rēķins"

    def test_notes_that_were_chosen_go_too(self, ticket, split, ilze, nine):
        goes, stays = (add_note(ticket, text, by=ilze, at=nine + HOUR) for text in ("par rēķinu", "par pārskatu"))
        made = split(goes.pk)
        assert (fresh(goes).ticket, fresh(stays).ticket) == (made, ticket)

    def test_the_owner_stays_the_same(self, ticket, second, split, cast, ilze, nine):
        take_ticket(ticket, by=ilze, at=nine + HOUR)
        made = split()
        assert made.owner == cast.ilze
        assert {one.owner for one in made.deadlines.all()} == {cast.ilze}

    def test_both_tickets_tell_of_it_and_are_linked(self, ticket, second, split, cast):
        made = split()
        assert [event.data for one in (ticket, made) for event in events(one, "ticket.split")] == [
            {"off": made.number, "messages": [second.pk]},
            {"source": ticket.number},
        ]
        link = Link.objects.get()
        assert (link.earlier, link.later, link.kind, link.by) == (ticket, made, "split", cast.ilze)

    def test_a_form_sent_twice_splits_once(self, split):
        assert split() == split()
        assert Ticket.objects.count() == 2

    def test_what_is_left_answered_is_complete(self, ticket, message, split, ilze, nine):
        answer_not_needed(message, "zināšanai", by=ilze, at=nine + HOUR)
        split()
        assert fresh(ticket).state == "complete"

    def test_what_is_split_off_answered_is_complete(self, ticket, second, split, ilze, nine):
        answer_not_needed(second, "zināšanai", by=ilze, at=nine + HOUR)
        made = split()
        assert (made.state, made.completed_at, fresh(ticket).state) == ("complete", nine + 2 * HOUR, "unprocessed")

    def test_the_rest_is_queued_by_what_it_still_owes(self, ticket, message, second, ilze, nine):
        """S-21: the order of receipt of what waits."""
        split_ticket(ticket, Chosen(frozenset({message.pk})), by=ilze, at=nine + 2 * HOUR)
        assert fresh(ticket).queued_at == second.at

    def test_what_goes_waits_for_the_client_no_more(self, ticket, second, split, ilze, nine):
        pause_ticket(ticket, nine.date().replace(day=20), by=ilze, at=nine + HOUR)
        made = split()
        assert (deadline(fresh(second), "reply").state, made.state) == ("running", "incomplete")
        assert (fresh(ticket).state, ticket.deadlines.get(kind="reply").state) == ("waiting", "paused")

    def test_an_answer_to_each_meets_its_own(self, ticket, second, split, answer, nine):
        made = split()
        answer(fresh(made), nine + 3 * HOUR, sent=True, reason="urgent")
        assert (fresh(made).state, deadline(second, "reply").state) == ("complete", "met")
        assert ticket.deadlines.get(kind="reply").state == "running"

    def test_a_reply_that_comes_back_opens_every_ticket_that_it_had_answered(self, ticket, second, split, answer, nine):
        reply = answer(fresh(ticket), nine + 2 * HOUR, sent=True)
        made = split(at=nine + 3 * HOUR)
        assert (fresh(ticket).state, made.state) == ("complete", "complete")
        bounce(reply, "5.1.1", at=nine + 4 * HOUR)
        assert (fresh(ticket).state, fresh(made).state) == ("incomplete", "incomplete")
        assert (fresh(made).completed_at, fresh(second).mark) == (None, "incomplete")
        assert deadline(second, "reply").state == "running"

    def test_and_owes_nothing_on_one_that_is_junk_by_now(self, ticket, second, split, answer, receive, ilze, nine):
        reply = answer(fresh(ticket), nine + 2 * HOUR, sent=True)
        made = split(at=nine + 3 * HOUR)
        receive(nine + 3 * HOUR, ticket=made, message_id="<c@krumins.example>")
        junk_ticket(fresh(made), by=ilze, at=nine + 3 * HOUR)
        bounce(reply, "5.1.1", at=nine + 4 * HOUR)
        assert (fresh(made).state, deadline(second, "reply").state) == ("junk", "cancelled")

    def test_the_client_s_later_answer_goes_where_its_letter_went(self, cast, split, second, mail_in, nine):
        made = split()
        mail_in(mail(message_id="<c@krumins.example>", In_Reply_To="<b@krumins.example>"), nine + 5 * HOUR)
        assert Message.objects.get(message_id="<c@krumins.example>").ticket == made


class TestRefusals:
    """E-II.3: nothing is torn apart that belongs together or is still in doubt, and no number is lost by asking."""

    def test_a_ticket_keeps_at_least_one_letter(self, ticket, message, second, ilze, nine):
        for chosen in (set(), {message.pk, second.pk}):
            with pytest.raises(NothingToSplit):
                split_ticket(ticket, Chosen(frozenset(chosen)), by=ilze, at=nine + 2 * HOUR)
        assert Ticket.objects.count() == 1

    def test_what_is_not_on_the_ticket(self, ticket, second, receive, ilze, nine):
        other = receive(nine, sender_address="anna@ozola.example", message_id="<o@ozola.example>")
        with pytest.raises(MovedMeanwhile):
            split_ticket(ticket, Chosen(frozenset({second.pk, other.pk})), by=ilze, at=nine + 2 * HOUR)
        with pytest.raises(MovedMeanwhile):
            split_ticket(ticket, Chosen(frozenset({second.pk}), frozenset({99})), by=ilze, at=nine + 2 * HOUR)

    def test_while_a_reply_is_on_its_way(self, ticket, split, ilze, nine):
        reply_to_client(ticket, Reply("Labdien!", "a" * 32), by=ilze, at=nine + HOUR)
        with pytest.raises(ReplyUnderWay):
            split()

    def test_a_promise_does_not_lose_what_it_was_made_for(self, ticket, message, second, split, ilze, nine):
        answer_not_needed(message, "zināšanai", by=ilze, at=nine + HOUR)
        told = {"told": "Zvanīju.", "told_at": nine + HOUR}
        promise_answer(ticket, nine + 72 * HOUR, **told, by=ilze, at=nine + HOUR)
        with pytest.raises(StillOwed):
            split()

    def test_a_refusal_takes_no_number(self, ticket, second, split, desk, ilze, nine):
        with pytest.raises(NothingToSplit):
            split_ticket(ticket, Chosen(frozenset()), by=ilze, at=nine + 2 * HOUR)
        assert split().number == "EMUS-2025-00002"


class TestUndoing:
    """E-II.3: a split that was wrong is undone in one step."""

    def test_everything_comes_back(self, ticket, second, split, ilze, nine):
        before = list(second.deadlines.values_list("kind", "state", "due_at"))
        made = split()
        assert undo_split(made, by=ilze, at=nine + 3 * HOUR) == ticket
        assert (fresh(second).ticket, fresh(made).state, fresh(made).merged_into) == (ticket, "merged", ticket)
        assert list(second.deadlines.values_list("kind", "state", "due_at")) == before
        assert not Link.objects.filter(undone_at=None).exists()

    def test_a_completed_rest_is_opened_by_what_comes_back(self, ticket, message, split, ilze, nine):
        answer_not_needed(message, "zināšanai", by=ilze, at=nine + HOUR)
        undo_split(split(), by=ilze, at=nine + 3 * HOUR)
        assert fresh(ticket).state == "incomplete"

    def test_a_ticket_that_was_never_split_off_is_refused(self, ticket, ilze, nine):
        with pytest.raises(NotSplit):
            undo_split(ticket, by=ilze, at=nine)

    def test_where_the_rest_was_joined_to_another_it_goes_there(self, ticket, split, receive, ilze, nine):
        made = split()
        third = receive(nine + 3 * HOUR, message_id="<third@krumins.example>").ticket
        join_ticket(fresh(ticket), third, by=ilze, at=nine + 4 * HOUR)
        assert undo_split(made, by=ilze, at=nine + 5 * HOUR) == third


class TestLinks:
    """E-I.1: what belongs together is seen on both, and each goes its own way."""

    @pytest.fixture
    def other(self, receive, nine):
        return receive(nine + MINUTE, sender_address="anna@ozola.example", message_id="<o@ozola.example>").ticket

    def test_both_tell_of_it_whichever_was_named_first(self, ticket, other, ilze, nine):
        assert link_tickets(other, ticket, by=ilze, at=nine) == link_tickets(ticket, other, by=ilze, at=nine)
        assert [event.data for one in (ticket, other) for event in events(one, "ticket.linked")] == [
            {"other": other.number},
            {"other": ticket.number},
        ]

    def test_it_is_undone_once_and_can_be_linked_again(self, ticket, other, ilze, nine):
        link = link_tickets(ticket, other, by=ilze, at=nine)
        for _ in range(2):
            undo_link(link, by=ilze, at=nine + MINUTE)
        assert len(events(ticket, "ticket.unlinked")) == 1
        assert link_tickets(ticket, other, by=ilze, at=nine + HOUR) != link

    def test_not_to_itself_nor_to_another_desk(self, ticket, receive, cast, ilze, nine):
        theirs = receive(nine, desk=cast.other_desk, message_id="<x@x.example>").ticket
        for other in (ticket, theirs):
            with pytest.raises(CannotLink):
                link_tickets(ticket, other, by=ilze, at=nine)

    def test_not_to_junk(self, ticket, other, ilze, nine):
        from tickets.transitions import NotAllowedInState

        junk_ticket(other, by=ilze, at=nine)
        with pytest.raises(NotAllowedInState):
            link_tickets(ticket, other, by=ilze, at=nine)

    def test_the_database_itself_keeps_a_pair_once(self, ticket, other, cast, ilze, nine):
        link_tickets(ticket, other, by=ilze, at=nine)
        for pair in ((ticket, other), (other, ticket)):
            with pytest.raises(IntegrityError), transaction.atomic():
                Link.objects.create(earlier=pair[0], later=pair[1], kind="related", at=nine, by=cast.ilze)

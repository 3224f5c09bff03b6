"""A ticket that belongs to another one: joined with its messages and their deadlines, undone, or said not to belong."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from contact.email import inbound, outbound
from sla.models import Deadline
from tests.support.facts import HOUR, MINUTE, deadline, events, fresh
from tests.support.letters import mail, report
from tickets.actions.approving import ask_approval
from tickets.actions.joining import (
    CannotJoin,
    PromiseOpen,
    ReplyUnderWay,
    decline_suggestion,
    join_ticket,
    undo_joining,
)
from tickets.actions.pausing import pause_ticket
from tickets.actions.promising import promise_answer
from tickets.actions.registering import RecordEntry, TwoNumbers, register_next, unregister
from tickets.actions.replying import Reply, reply_to_client
from tickets.actions.working import add_note, answer_not_needed, complete_ticket, junk_ticket, take_ticket
from tickets.models import Joining, Message, Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def second(receive, ticket, nine):
    """A letter of an hour later from the client's other address, which opened a ticket with a suggestion."""
    return receive(
        nine + HOUR, suggested=ticket, sender_address="birojs@krumins.example", message_id="<b@krumins.example>"
    )


@pytest.fixture
def other(second):
    return second.ticket


@pytest.fixture
def join(ticket, other, ilze, nine):
    """Return a function that joins the second ticket to the first."""
    return lambda at=nine + 2 * HOUR: join_ticket(fresh(other), fresh(ticket), by=ilze, at=at)


class TestJoining:
    """E-II.3: what belongs together lies together, and no deadline changes by it."""

    def test_the_messages_and_their_deadlines_move_with_their_times(self, ticket, second, join):
        before = list(second.deadlines.values_list("kind", "state", "due_at", "started_at"))
        assert join() == ticket
        assert fresh(second).ticket == ticket
        moved = Deadline.objects.filter(message=second)
        assert list(moved.values_list("kind", "state", "due_at", "started_at")) == before
        assert {one.ticket for one in moved} == {ticket}

    def test_the_emptied_ticket_is_merged_into_the_survivor(self, ticket, other, join):
        join()
        gone = fresh(other)
        assert (gone.state, gone.merged_into, gone.suggested, gone.messages.count()) == ("merged", ticket, None, 0)

    def test_notes_move_too(self, ticket, other, join, ilze, nine):
        note = add_note(other, "Zvanīju.", by=ilze, at=nine + HOUR)
        join()
        assert fresh(note).ticket == ticket

    def test_both_tickets_tell_of_it(self, ticket, other, join, ilze):
        join()
        assert [event.data for one in (other, ticket) for event in events(one, "ticket.joined")] == [
            {"into": ticket.number},
            {"joined": other.number},
        ]

    def test_the_open_deadlines_are_the_survivor_s_owner_s(self, ticket, second, join, cast, ilze, nine):
        take_ticket(ticket, by=ilze, at=nine)
        join()
        assert {one.owner for one in second.deadlines.all()} == {cast.ilze}

    def test_joining_twice_is_joining_once(self, ticket, other, join):
        assert join() == join() == ticket
        assert Joining.objects.count() == 1

    def test_one_answer_meets_the_messages_of_both(self, ticket, second, join, answer, nine):
        join()
        answer(fresh(ticket), nine + 3 * HOUR, sent=True)
        assert {one.state for one in Deadline.objects.all()} == {"met"}
        assert fresh(ticket).state == "complete"

    def test_a_completed_survivor_is_opened_by_what_is_still_owed(self, ticket, second, join, answer, nine):
        answer(ticket, nine + MINUTE, sent=True)
        join()
        assert (fresh(ticket).state, fresh(ticket).queued_at) == ("incomplete", nine + HOUR)

    def test_and_stays_complete_where_nothing_is(self, ticket, second, join, answer, ilze, nine):
        answer(ticket, nine + MINUTE, sent=True)
        answer_not_needed(second, "zināšanai", by=ilze, at=nine + HOUR)
        join()
        assert fresh(ticket).state == "complete"

    def test_a_survivor_that_waits_for_the_client_waits_no_more(self, ticket, second, join, ilze, nine):
        pause_ticket(ticket, nine.date() + timedelta(days=5), by=ilze, at=nine)
        join()
        assert (fresh(ticket).state, ticket.deadlines.filter(state="paused").count()) == ("incomplete", 0)

    def test_a_reply_that_left_before_the_joining_answers_nothing_that_came_by_it(
        self, receive, ticket, join, ilze, nine, cast
    ):
        reply = reply_to_client(
            ticket, Reply("Labdien!", "a" * 32), order_reason="quick", by=ilze, at=nine + 90 * MINUTE
        )
        outbound.deliver(reply.pk, at=nine + 91 * MINUTE)
        join()
        from tickets.actions.delivering import bounce, send_again

        bounce(fresh(reply), "550", at=nine + 3 * HOUR)
        send_again(fresh(reply), by=ilze, at=nine + 4 * HOUR)
        outbound.deliver(reply.pk, at=nine + 4 * HOUR)
        late = Message.objects.get(message_id="<b@krumins.example>")
        assert deadline(late, "reply").state == "running"


class TestRefusals:
    """E-II.3: nothing is joined where it is not known what a reply answers, or to whom something was promised."""

    def test_while_a_reply_is_on_its_way(self, ticket, join, ilze, nine):
        reply_to_client(ticket, Reply("Labdien!", "a" * 32), order_reason="quick", by=ilze, at=nine + HOUR)
        with pytest.raises(ReplyUnderWay):
            join()

    def test_while_a_promise_of_its_own_runs(self, other, join, ilze, nine):
        told = {"told": "Zvanīju.", "told_at": nine + HOUR}
        promise_answer(other, nine + 72 * HOUR, **told, by=ilze, at=nine + HOUR)
        with pytest.raises(PromiseOpen):
            join()

    def test_to_junk(self, ticket, join, ilze, nine):
        junk_ticket(ticket, by=ilze, at=nine)
        with pytest.raises(CannotJoin):
            join()

    def test_to_itself(self, ticket, ilze, nine):
        with pytest.raises(CannotJoin):
            join_ticket(ticket, ticket, by=ilze, at=nine)

    def test_to_another_desk(self, ticket, receive, cast, ilze, nine):
        theirs = receive(nine, desk=cast.other_desk, message_id="<x@x.example>").ticket
        with pytest.raises(CannotJoin):
            join_ticket(ticket, theirs, by=ilze, at=nine)
        assert fresh(ticket).state == "unprocessed"

    def test_the_database_itself_ties_merged_to_its_survivor(self, ticket, other):
        for wrong in ({"state": "merged"}, {"merged_into": other}):
            with pytest.raises(IntegrityError), transaction.atomic():
                Ticket.objects.filter(pk=ticket.pk).update(**wrong)


class TestLaterMail:
    """E-II.3: later mail of a merged ticket goes to the survivor."""

    @pytest.fixture
    def survivor(self, ticket, other, join):
        return join()

    @pytest.mark.parametrize("how", ["answer", "number"])
    def test_an_answer_and_the_old_number_both_lead_there(self, survivor, other, mail_in, nine, how):
        said = {"In_Reply_To": "<b@krumins.example>"} if how == "answer" else {"subject": f"Re: {other.number}"}
        mail_in(mail(sender="birojs@krumins.example", message_id="<c@krumins.example>", **said), nine + 5 * HOUR)
        assert Message.objects.get(message_id="<c@krumins.example>").ticket == survivor

    def test_a_letter_that_was_meant_for_it_this_very_moment(self, survivor, other, receive, nine):
        assert receive(nine + 5 * HOUR, ticket=other, message_id="<c@x.example>").ticket == survivor

    def test_the_report_on_a_reply_of_it_finds_the_reply(self, ticket, second, join, answer, mail_in, nine):
        reply = answer(second.ticket, nine + 65 * MINUTE, sent=True, reason="urgent")
        join()
        mail_in(report(reply.message_id), nine + 5 * HOUR)
        assert (fresh(ticket).state, deadline(second, "reply").state) == ("unprocessed", "running")

    def test_of_a_chain_the_last_one_gets_it(self, survivor, other, receive, ilze, nine):
        last = receive(nine + 3 * HOUR, message_id="<last@x.example>").ticket
        join_ticket(survivor, last, by=ilze, at=nine + 4 * HOUR)
        assert receive(nine + 5 * HOUR, ticket=other, message_id="<c@x.example>").ticket == last


class TestWhatWaited:
    """S-5.2, E-II.4: what waited for the reply of the joined ticket does not get lost on it, nor twice on the other."""

    @pytest.fixture
    def number(self, other, ilze, nine):
        return register_next(other, RecordEntry("1-8/345", nine.date()), by=ilze, at=nine + HOUR)

    def test_the_number_waits_on_the_survivor_and_comes_back(self, number, ticket, other, join, ilze, nine):
        join()
        assert fresh(number).ticket == ticket
        assert [event.data["number"] for event in events(other, "reply.unregistered")] == [["1-8/345", None]]
        undo_joining(fresh(other), by=ilze, at=nine + 3 * HOUR)
        assert fresh(number).ticket == other

    def test_a_number_that_a_reply_has_taken_meanwhile_stays_its_own(
        self, number, ticket, other, join, answer, ilze, nine
    ):
        join()
        reply = answer(fresh(ticket), nine + 3 * HOUR, sent=True)
        undo_joining(fresh(other), by=ilze, at=nine + 4 * HOUR)
        assert (fresh(number).message, fresh(number).ticket) == (reply, None)

    def test_a_number_that_was_taken_off_meanwhile_is_gone(self, number, other, join, ilze, nine):
        join()
        unregister(number, by=ilze, at=nine + 3 * HOUR)
        assert undo_joining(fresh(other), by=ilze, at=nine + 4 * HOUR).state != "merged"

    def test_of_two_numbers_one_is_to_be_removed_first(self, number, ticket, other, join, ilze, nine):
        register_next(ticket, RecordEntry("1-8/346", nine.date()), by=ilze, at=nine + HOUR)
        with pytest.raises(TwoNumbers):
            join()
        assert (fresh(other).state, fresh(number).ticket) == ("unprocessed", other)

    def test_words_that_waited_for_approval_are_withdrawn_and_wait_again(self, ticket, other, join, ilze, nine):
        approval = ask_approval(other, Reply("Labdien!", "a" * 32), order_reason="quick", by=ilze, at=nine + HOUR)
        join()
        assert fresh(approval).state == "withdrawn"
        undo_joining(fresh(other), by=ilze, at=nine + 3 * HOUR)
        assert (fresh(approval).state, fresh(approval).decided_at) == ("waiting", None)

    def test_words_withdrawn_before_do_not_wait_again(self, ticket, other, join, ilze, nine):
        first = ask_approval(other, Reply("Labdien!", "a" * 32), order_reason="quick", by=ilze, at=nine + HOUR)
        ask_approval(other, Reply("Labdien, Pēteri!", "b" * 32), order_reason="quick", by=ilze, at=nine + HOUR + MINUTE)
        join()
        undo_joining(fresh(other), by=ilze, at=nine + 3 * HOUR)
        assert fresh(first).state == "withdrawn"


class TestUndoing:
    """E-II.3: a joining that was wrong is undone, and what is owed is owed as before."""

    def test_everything_goes_back(self, ticket, other, second, join, ilze, nine):
        note = add_note(other, "Zvanīju.", by=ilze, at=nine + HOUR)
        before = list(second.deadlines.values_list("kind", "state", "due_at"))
        join()
        undo_joining(fresh(other), by=ilze, at=nine + 3 * HOUR)
        assert (fresh(second).ticket, fresh(note).ticket, fresh(other).merged_into) == (other, other, None)
        assert list(Deadline.objects.filter(ticket=other).values_list("kind", "state", "due_at")) == before
        assert (fresh(other).state, fresh(ticket).state) == ("incomplete", "unprocessed")

    def test_what_was_answered_meanwhile_stays_answered(self, ticket, other, second, join, answer, ilze, nine):
        join()
        answer(fresh(ticket), nine + 3 * HOUR, sent=True)
        undo_joining(fresh(other), by=ilze, at=nine + 4 * HOUR)
        assert (fresh(other).state, deadline(second, "reply").state) == ("complete", "met")

    def test_a_survivor_put_among_the_junk_does_not_take_the_deadlines_with_it(
        self, ticket, other, second, join, ilze, nine
    ):
        join()
        junk_ticket(fresh(ticket), by=ilze, at=nine + 3 * HOUR)
        undo_joining(fresh(other), by=ilze, at=nine + 4 * HOUR)
        assert deadline(second, "reply").state == "running"

    def test_a_survivor_with_nothing_left_to_do_is_complete(self, ticket, other, join, answer, ilze, nine):
        answer(ticket, nine + MINUTE, sent=True)
        join()
        undo_joining(fresh(other), by=ilze, at=nine + 3 * HOUR)
        assert (fresh(ticket).state, fresh(other).state) == ("complete", "unprocessed")

    def test_it_can_be_joined_again(self, ticket, other, second, join, ilze, nine):
        join()
        undo_joining(fresh(other), by=ilze, at=nine + 3 * HOUR)
        join(nine + 4 * HOUR)
        assert (fresh(second).ticket, Joining.objects.filter(undone_at=None).count()) == (ticket, 1)


class TestPages:
    """E-I.1: the suggestion stands on the ticket, to be taken or not; only who works tickets may."""

    @pytest.fixture(autouse=True)
    def past(self, half_past):
        """The second letter is of 10:00; look at 10:30."""
        from freezegun import freeze_time

        with freeze_time(half_past + HOUR):
            yield

    def test_one_click_joins_and_leads_to_the_survivor(self, ticket, other, browse):
        client = browse()
        page = client.get(f"/tickets/{other.number}/").content.decode()
        assert f'name="into" value="{ticket.number}"' in page
        assert client.post(f"/tickets/{other.number}/joining/", {"into": ticket.number}).url == (
            f"/tickets/{ticket.number}/"
        )
        assert fresh(other).state == "merged"
        assert ticket.number in client.get(f"/tickets/{other.number}/").content.decode()

    def test_a_short_number_will_do(self, ticket, other, browse):
        browse().post(f"/tickets/{other.number}/joining/", {"into": ticket.short_number})
        assert fresh(other).merged_into == ticket

    @pytest.mark.parametrize("into", ["", "99", "x", "OTHER-2025-00001"])
    def test_a_number_of_no_ticket_joins_nothing(self, other, browse, into):
        assert browse().post(f"/tickets/{other.number}/joining/", {"into": into}).url == f"/tickets/{other.number}/"
        assert fresh(other).state == "unprocessed"

    def test_one_click_says_that_it_does_not_belong(self, ticket, other, browse, ilze):
        browse().post(f"/tickets/{other.number}/refusal/")
        assert (fresh(other).suggested, fresh(other).state) == (None, "unprocessed")
        assert [event.by for event in events(other, "ticket.suggestion_declined")] == [ilze]
        decline_suggestion(fresh(other), by=ilze, at=ticket.received_at)
        assert len(events(other, "ticket.suggestion_declined")) == 1

    def test_one_click_undoes_it(self, other, join, browse):
        join()
        assert browse().post(f"/tickets/{other.number}/unjoining/").url == f"/tickets/{other.number}/"
        assert fresh(other).state == "unprocessed"

    @pytest.mark.parametrize("path", ["joining", "unjoining", "refusal"])
    @pytest.mark.parametrize(("who", "status"), [("santa", 404), ("otto", 404)])
    def test_nobody_else_may(self, ticket, other, browse, path, who, status):
        answer = browse(who).post(f"/tickets/{other.number}/{path}/", {"into": ticket.number})
        assert (answer.status_code, fresh(other).suggested) == (status, ticket)

    def test_the_queue_no_longer_shows_the_merged_one(self, other, join, browse):
        join()
        assert other.subject and other.number not in browse().get("/queue/").content.decode()


class TestSecondAddress:
    """E-II.3: a client's reply from a second address is suggested, not joined; joined once, it is known from then on."""

    def test_the_whole_way(self, cast, mail_in, ilze, nine):
        mail_in(mail(), nine)
        first = Ticket.objects.get()
        second = {"sender": "birojs@krumins.example", "In_Reply_To": "<first@krumins.example>"}
        mail_in(mail(message_id="<b@k.example>", **second), nine + HOUR)
        opened = Message.objects.get(message_id="<b@k.example>").ticket
        assert (opened != first, opened.suggested) == (True, first)
        join_ticket(opened, first, by=ilze, at=nine + 2 * HOUR)
        mail_in(mail(message_id="<c@k.example>", **second), nine + 3 * HOUR)
        assert Message.objects.get(message_id="<c@k.example>").ticket == first
        assert inbound.ReceivedMail.objects.filter(state="linked").count() == 3

    def test_completing_the_survivor_completes_all(self, ticket, other, second, join, ilze, nine):
        join()
        for message in ticket.messages.all():
            answer_not_needed(message, "zināšanai", by=ilze, at=nine + 3 * HOUR)
        assert complete_ticket(ticket, by=ilze, at=nine + 3 * HOUR).state == "complete"

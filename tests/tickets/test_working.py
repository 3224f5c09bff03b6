"""What the administrator does with a ticket short of answering it."""

import pytest

from audit.models import Event
from escalation.actions import sweep
from tests.support.facts import HOUR, MINUTE, SECOND, deadline, events, fresh, last_event
from tests.support.office import make_employee, riga
from tickets.actions.working import (
    OlderWaiting,
    ReasonMissing,
    RepliesOpen,
    add_note,
    answer_not_needed,
    complete_ticket,
    junk_ticket,
    take_ticket,
    unjunk_ticket,
)
from tickets.models import Note

pytestmark = pytest.mark.django_db

REPLY_DUE = riga("2025-11-11 17:00")


class TestTaking:
    """E-II.5a: a message taken in hand is marked incomplete; that is its handling."""

    def test_the_ticket_and_its_messages_become_incomplete_and_mine(self, ticket, message, ilze, nine):
        take_ticket(ticket, by=ilze, at=nine + MINUTE)
        assert (fresh(ticket).state, fresh(ticket).owner) == ("incomplete", ilze.employee)
        assert (fresh(message).mark, fresh(message).is_mark_written) == ("incomplete", False)

    def test_the_mark_is_met_and_the_reply_runs_on(self, ticket, message, ilze, nine):
        take_ticket(ticket, by=ilze, at=nine + MINUTE)
        mark, reply = deadline(message, "mark"), deadline(message, "reply")
        assert (mark.state, mark.met_at, mark.breached_at) == ("met", nine + MINUTE, None)
        assert (reply.state, reply.owner) == ("running", ilze.employee)

    def test_at_due_the_mark_is_in_time_and_a_second_later_it_is_broken(self, ticket, message, ilze, nine):
        take_ticket(ticket, by=ilze, at=nine + HOUR + SECOND)
        assert deadline(message, "mark").breached_at == nine + HOUR

    def test_it_is_recorded_with_the_owner_before(self, ticket, ilze, nine):
        take_ticket(ticket, by=ilze, at=nine)
        event = last_event(ticket, "ticket.taken")
        assert (event.by, event.at, event.data) == (ilze, nine, {"owner": [None, ilze.employee.pk]})

    def test_taking_it_again_changes_nothing(self, ticket, ilze, nine):
        take_ticket(ticket, by=ilze, at=nine)
        before = Event.objects.count()
        take_ticket(ticket, by=ilze, at=nine + HOUR)
        assert Event.objects.count() == before

    def test_a_colleague_may_take_it_over(self, ticket, message, ilze, desk, nine):
        dace = make_employee("Dace Otra", "administrator", desk=desk)
        take_ticket(ticket, by=ilze, at=nine)
        take_ticket(ticket, by=dace.user, at=nine + HOUR)
        assert (fresh(ticket).owner, deadline(message, "reply").owner) == (dace, dace)
        assert last_event(ticket, "ticket.taken").data == {"owner": [ilze.employee.pk, dace.pk]}

    def test_taking_it_again_marks_a_message_that_came_since(self, ticket, receive, ilze, nine):
        take_ticket(ticket, by=ilze, at=nine)
        second = receive(nine + HOUR, ticket=ticket)
        take_ticket(ticket, by=ilze, at=nine + HOUR + MINUTE)
        assert (fresh(second).mark, deadline(second, "mark").state) == ("incomplete", "met")

    def test_the_mailbox_is_nudged_after_the_commit(
        self, ticket, ilze, nine, nudges, django_capture_on_commit_callbacks
    ):
        with django_capture_on_commit_callbacks(execute=True):
            take_ticket(ticket, by=ilze, at=nine)
        assert nudges == [("contact.email.write_marks", ())]


class TestOrder:
    """S-21: in the order received: to start on a later one asks for a reason, and it is recorded."""

    @pytest.fixture
    def later(self, ticket, receive, nine):
        return receive(nine + MINUTE, sender_address="anna@ozola.example").ticket

    def test_without_a_reason_it_is_refused_and_names_the_older_one(self, ticket, later, ilze, nine):
        with pytest.raises(OlderWaiting) as refused:
            take_ticket(later, by=ilze, at=nine + HOUR)
        assert (refused.value.code, refused.value.data) == ("older_waiting", {"number": ticket.number})
        assert ticket.number in str(refused.value)
        assert (fresh(later).state, fresh(later).owner) == ("unprocessed", None)

    def test_a_made_up_reason_is_none(self, later, ilze, nine):
        with pytest.raises(OlderWaiting):
            take_ticket(later, order_reason="because", by=ilze, at=nine + HOUR)

    @pytest.mark.parametrize("reason", ["urgent", "quick", "related", "older_blocked"])
    def test_with_a_reason_it_is_done_and_recorded(self, ticket, later, ilze, nine, reason):
        take_ticket(later, order_reason=reason, by=ilze, at=nine + HOUR)
        event = last_event(later, "ticket.older_passed_over")
        assert (event.by, event.data) == (ilze, {"older": ticket.number, "reason": reason})

    def test_a_reply_asks_too_and_nothing_is_sent_without_one(self, later, answer, nine):
        with pytest.raises(OlderWaiting):
            answer(later, nine + HOUR)
        assert later.messages.filter(kind="outgoing").count() == 0
        answer(later, nine + HOUR, reason="quick")
        assert last_event(later, "ticket.older_passed_over").data["reason"] == "quick"

    def test_the_oldest_never_asks(self, ticket, later, ilze, nine):
        take_ticket(ticket, by=ilze, at=nine + HOUR)
        assert events(ticket, "ticket.older_passed_over") == []

    def test_work_in_hand_never_asks(self, ticket, later, receive, answer, ilze, nine):
        take_ticket(later, order_reason="urgent", by=ilze, at=nine + HOUR)
        answer(later, nine + HOUR)
        take_ticket(later, by=ilze, at=nine + 2 * HOUR)
        assert len(events(later, "ticket.older_passed_over")) == 1

    def test_an_older_one_that_is_in_hand_or_junk_is_not_waiting(self, ticket, later, ilze, nine):
        junk_ticket(ticket, by=ilze, at=nine)
        take_ticket(later, by=ilze, at=nine + HOUR)
        assert fresh(later).owner == ilze.employee

    def test_another_desk_s_older_one_is_none_of_ours(self, receive, cast, nine):
        receive(nine - HOUR, desk=cast.other_desk)
        ticket = receive(nine).ticket
        take_ticket(ticket, by=cast.ilze.user, at=nine)
        assert fresh(ticket).state == "incomplete"

    def test_of_two_received_at_the_same_instant_the_first_stored_goes_first(self, ticket, receive, ilze, nine):
        twin = receive(nine, sender_address="anna@ozola.example").ticket
        with pytest.raises(OlderWaiting):
            take_ticket(twin, by=ilze, at=nine)
        take_ticket(ticket, by=ilze, at=nine)


class TestNotes:
    """E-II.5a: an internal note is kept with its author; on an open ticket it is handling."""

    def test_it_is_kept_and_recorded(self, ticket, cast, nine):
        note = add_note(ticket, "  Prasīt Santai. ", by=cast.santa.user, at=nine + MINUTE)
        assert (note.text, note.author, note.at) == ("Prasīt Santai.", cast.santa, nine + MINUTE)
        assert (last_event(ticket, "note.added").by, last_event(ticket, "note.added").target_id) == (
            cast.santa.user,
            note.pk,
        )

    def test_it_counts_as_handling(self, ticket, message, ilze, nine):
        add_note(ticket, "Zvanīju.", by=ilze, at=nine + MINUTE)
        assert (fresh(ticket).state, fresh(message).mark) == ("incomplete", "incomplete")
        assert deadline(message, "mark").met_at == nine + MINUTE

    def test_it_takes_nobody_s_ticket(self, ticket, cast, nine):
        add_note(ticket, "Zvanīju.", by=cast.santa.user, at=nine)
        assert fresh(ticket).owner is None

    def test_on_a_completed_ticket_it_changes_nothing_else(self, ticket, answer, ilze, nine):
        answer(ticket, sent=True)
        add_note(ticket, "Zvanīju.", by=ilze, at=nine + HOUR)
        assert fresh(ticket).state == "complete"

    @pytest.mark.parametrize("text", ["", "  \n "])
    def test_an_empty_one_is_refused(self, ticket, ilze, nine, text):
        with pytest.raises(ReasonMissing):
            add_note(ticket, text, by=ilze, at=nine)
        assert (Note.objects.count(), fresh(ticket).state) == (0, "unprocessed")


class TestAnswerNotNeeded:
    """E-II.3: "atbilde nav vajadzīga" needs a reason, and cancels what was owed on that message."""

    def test_the_message_is_complete_and_its_reply_is_cancelled_with_the_reason(self, message, ilze, nine):
        answer_not_needed(message, " zināšanai ", by=ilze, at=nine + MINUTE)
        reply = deadline(message, "reply")
        assert (fresh(message).mark, fresh(message).no_answer_reason) == ("complete", "zināšanai")
        assert (reply.state, reply.cancel_reason, reply.cancelled_at) == ("cancelled", "not_needed", nine + MINUTE)
        assert deadline(message, "mark").met_at == nine + MINUTE

    def test_when_nothing_else_waits_the_ticket_is_complete(self, ticket, message, ilze, nine):
        answer_not_needed(message, "zināšanai", by=ilze, at=nine + MINUTE)
        ticket = fresh(ticket)
        assert (ticket.state, ticket.completed_at, ticket.owner) == ("complete", nine + MINUTE, ilze.employee)

    def test_while_another_message_waits_it_is_not(self, ticket, message, receive, ilze, nine):
        second = receive(nine + HOUR, ticket=ticket)
        answer_not_needed(message, "zināšanai", by=ilze, at=nine + HOUR)
        assert (fresh(ticket).state, deadline(second, "reply").state) == ("unprocessed", "running")

    def test_it_is_recorded_by_whom_and_why(self, ticket, message, ilze, nine):
        answer_not_needed(message, "zināšanai", by=ilze, at=nine)
        event = last_event(ticket, "message.answer_not_needed")
        assert (event.by, event.target_id, event.data) == (ilze, message.pk, {"reason": "zināšanai"})
        assert last_event(ticket, "ticket.completed").by == ilze

    @pytest.mark.parametrize("reason", ["", "   "])
    def test_without_a_reason_it_is_refused_and_nothing_changes(self, ticket, message, ilze, nine, reason):
        with pytest.raises(ReasonMissing) as refused:
            answer_not_needed(message, reason, by=ilze, at=nine)
        assert refused.value.code == "reason_missing"
        assert (fresh(ticket).state, deadline(message, "reply").state) == ("unprocessed", "running")

    def test_a_late_one_was_broken_first(self, message, ilze):
        answer_not_needed(message, "zināšanai", by=ilze, at=REPLY_DUE + SECOND)
        assert deadline(message, "reply").breached_at == REPLY_DUE

    def test_again_on_a_complete_message_it_changes_nothing(self, ticket, message, receive, ilze, nine):
        receive(nine, ticket=ticket)
        answer_not_needed(message, "zināšanai", by=ilze, at=nine)
        answer_not_needed(message, "cits iemesls", by=ilze, at=nine + HOUR)
        assert fresh(message).no_answer_reason == "zināšanai"


class TestCompleting:
    """E-II.5b: a ticket is completed when nothing on it waits for an answer."""

    def test_while_a_reply_is_owed_it_is_refused(self, ticket, message, ilze, nine):
        with pytest.raises(RepliesOpen) as refused:
            complete_ticket(ticket, by=ilze, at=nine)
        assert refused.value.code == "replies_open"
        assert (fresh(ticket).state, deadline(message, "mark").state) == ("unprocessed", "running")

    def test_while_the_reply_is_still_being_sent_it_is_refused(self, ticket, answer, ilze, nine):
        answer(ticket)
        with pytest.raises(RepliesOpen):
            complete_ticket(ticket, by=ilze, at=nine)

    def test_with_nothing_owed_it_is_done_and_recorded(self, ticket, message, ilze, nine):
        from sla.actions import cancel_deadlines

        cancel_deadlines(ticket.deadlines.filter(kind="reply"), "not_needed", by=ilze, at=nine)
        complete_ticket(ticket, by=ilze, at=nine + MINUTE)
        ticket = fresh(ticket)
        assert (ticket.state, ticket.completed_at, fresh(message).mark) == ("complete", nine + MINUTE, "complete")
        assert deadline(message, "mark").met_at == nine + MINUTE
        assert last_event(ticket, "ticket.completed").by == ilze

    def test_again_it_changes_nothing(self, ticket, answer, ilze, nine):
        answer(ticket, sent=True)
        before = Event.objects.count()
        complete_ticket(ticket, by=ilze, at=nine + HOUR)
        assert Event.objects.count() == before


class TestJunk:
    """E-II.5: junk owes nothing; brought back, it owes what it owed, to the same hour."""

    def test_all_deadlines_are_cancelled(self, ticket, ilze, nine):
        junk_ticket(ticket, by=ilze, at=nine + MINUTE)
        assert fresh(ticket).state == "junk"
        assert {(one.state, one.cancel_reason) for one in ticket.deadlines.all()} == {("cancelled", "junk")}
        assert (last_event(ticket, "ticket.junked").by, last_event(ticket, "ticket.junked").data["state"]) == (
            ilze,
            ["unprocessed", "junk"],
        )

    def test_brought_back_they_run_to_their_original_due_times(self, ticket, message, ilze, nine):
        junk_ticket(ticket, by=ilze, at=nine + MINUTE)
        unjunk_ticket(ticket, by=ilze, at=nine + 2 * MINUTE)
        assert fresh(ticket).state == "unprocessed"
        assert {(one.state, one.due_at) for one in ticket.deadlines.all()} == {
            ("running", nine + HOUR),
            ("running", REPLY_DUE),
        }
        assert last_event(ticket, "ticket.unjunked").data["state"] == ["junk", "unprocessed"]

    def test_brought_back_too_late_they_are_broken_at_due(self, ticket, message, ilze, nine):
        junk_ticket(ticket, by=ilze, at=nine + MINUTE)
        unjunk_ticket(ticket, by=ilze, at=nine + HOUR + SECOND)
        assert deadline(message, "mark").breached_at == nine + HOUR

    def test_brought_back_it_is_warned_of_again(self, ticket, message, ilze, nine):
        junk_ticket(ticket, by=ilze, at=nine + MINUTE)
        unjunk_ticket(ticket, by=ilze, at=nine + 2 * MINUTE)
        assert sweep(at=nine + 40 * MINUTE) == (0, 1)

    def test_one_that_was_in_hand_comes_back_into_hand(self, ticket, ilze, nine):
        take_ticket(ticket, by=ilze, at=nine)
        junk_ticket(ticket, by=ilze, at=nine + MINUTE)
        unjunk_ticket(ticket, by=ilze, at=nine + 2 * MINUTE)
        assert (fresh(ticket).state, fresh(ticket).owner) == ("incomplete", ilze.employee)

    def test_what_was_met_before_stays_met(self, ticket, message, ilze, nine):
        take_ticket(ticket, by=ilze, at=nine)
        junk_ticket(ticket, by=ilze, at=nine + MINUTE)
        unjunk_ticket(ticket, by=ilze, at=nine + 2 * MINUTE)
        assert deadline(message, "mark").met_at == nine

    def test_junk_is_out_of_the_order_of_receipt(self, ticket, receive, ilze, nine):
        later = receive(nine + MINUTE, sender_address="anna@ozola.example").ticket
        junk_ticket(ticket, by=ilze, at=nine + MINUTE)
        take_ticket(later, by=ilze, at=nine + HOUR)
        assert events(later, "ticket.older_passed_over") == []

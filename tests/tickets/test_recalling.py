"""A reply can be taken back for a moment: it never leaves, and everything is as it was."""

from datetime import timedelta

import pytest

from contact.email import outbound
from sla.models import Deadline
from tests.support.facts import HOUR, MINUTE, SECOND, deadline, events, fresh, last_event
from tests.support.office import riga
from tickets.actions import delivering
from tickets.actions.asking import ask_client
from tickets.actions.delivering import NotWaiting
from tickets.actions.recalling import LeftAlready, recall_reply
from tickets.actions.replying import Reply
from tickets.actions.working import complete_ticket, take_ticket
from tickets.models import Delivery, Message

pytestmark = pytest.mark.django_db

SPAN = 15 * SECOND
REPLY_DUE = riga("2025-11-11 17:00")
FACTS = ("kind", "state", "due_at", "first_due_at", "answering_at", "paused_at", "days_left", "met_at", "answer_id",
         "breached_at", "owner_id", "steps", "warn_at", "warnings")  # fmt: skip


@pytest.fixture(autouse=True)
def span(settings):
    settings.UNDO_SPAN = timedelta(seconds=15)


def standing(ticket):
    """Return everything about a ticket that a reply may change."""
    ticket = fresh(ticket)
    marks = list(ticket.messages.filter(kind="incoming").order_by("pk").values_list("mark", flat=True))
    deadlines = list(Deadline.objects.filter(ticket=ticket).order_by("pk").values(*FACTS))
    return ticket.state, ticket.owner, ticket.resume_on, ticket.completed_at, marks, deadlines


class TestWaiting:
    """E-I.6: a reply leaves fifteen seconds after the click; the promise it keeps is dated at the click."""

    def test_it_does_not_leave_before(self, ticket, answer, nine, outgoing):
        reply = answer(ticket)
        assert outbound.due(at=nine + SPAN - SECOND) == []
        assert outbound.deliver(reply.pk, at=nine + SPAN - SECOND) is False
        assert outgoing() == []

    def test_then_the_sweep_sends_it(self, ticket, message, answer, nine, outgoing):
        reply = answer(ticket)
        assert outbound.due(at=nine + SPAN) == [reply.pk]
        outbound.deliver(reply.pk, at=nine + SPAN)
        assert (len(outgoing()), deadline(message, "reply").met_at) == (1, nine)

    def test_the_wait_breaks_no_promise(self, ticket, message, answer):
        reply = answer(ticket, REPLY_DUE)
        outbound.deliver(reply.pk, at=REPLY_DUE + SPAN)
        assert deadline(message, "reply").breached_at is None

    def test_the_sweep_runs_often_enough_for_it_to_leave_within_twenty_seconds(self):
        from django.conf import settings

        from helpdesk.celery import app

        (every,) = [
            entry["schedule"]
            for entry in app.conf.beat_schedule.values()
            if entry["task"] == "contact.email.deliver_due"
        ]
        assert settings.UNDO_SPAN + timedelta(seconds=every) <= timedelta(seconds=20)


class TestTakingBack:
    """E-I.6: taken back, it never leaves; ticket, marks and deadlines are as before."""

    def test_nothing_leaves(self, ticket, answer, ilze, nine, outgoing):
        reply = recall_reply(answer(ticket), by=ilze, at=nine + SECOND)
        assert (reply.delivery.state, reply.delivery.try_at) == ("recalled", None)
        assert outbound.due(at=nine + HOUR) == []
        assert (outbound.deliver(reply.pk, at=nine + HOUR), outgoing()) == (False, [])

    def test_everything_is_as_before(self, ticket, answer, ilze, nine):
        before = standing(ticket)
        recall_reply(answer(ticket, nine + MINUTE), by=ilze, at=nine + MINUTE + SECOND)
        assert standing(ticket) == before

    def test_in_hand_it_stays_in_hand(self, ticket, answer, ilze, nine):
        take_ticket(ticket, by=ilze, at=nine)
        before = standing(ticket)
        recall_reply(answer(ticket, nine + MINUTE), by=ilze, at=nine + MINUTE + SECOND)
        assert standing(ticket) == before

    @pytest.mark.parametrize("is_substantive", [True, False])
    def test_a_pause_that_it_ended_goes_on_unchanged(self, ticket, answer, ilze, nine, is_substantive):
        question = Reply("Kurš pārskats?", "c" * 32)
        asked = ask_client(ticket, question, riga("2025-11-17 09:00").date(), by=ilze, at=nine)
        outbound.deliver(asked.pk, at=nine + MINUTE)
        before = standing(ticket)
        reply = answer(ticket, nine + HOUR, is_substantive=is_substantive)
        assert fresh(ticket).state == "incomplete"
        recall_reply(reply, by=ilze, at=nine + HOUR + SECOND)
        assert standing(ticket) == before
        assert before[0] == "waiting"

    def test_a_question_taken_back_never_paused_anything(self, ticket, ilze, nine):
        before = standing(ticket)
        resume_on = riga("2025-11-17 09:00").date()
        asked = ask_client(ticket, Reply("Kurš pārskats?", "c" * 32), resume_on, by=ilze, at=nine + MINUTE)
        recall_reply(asked, by=ilze, at=nine + MINUTE + SECOND)
        assert standing(ticket) == before

    def test_on_a_complete_ticket_it_stays_complete(self, ticket, answer, ilze, nine):
        outbound.deliver(answer(ticket).pk, at=nine + MINUTE)
        before = standing(ticket)
        recall_reply(answer(ticket, nine + HOUR, key="b" * 32), by=ilze, at=nine + HOUR + SECOND)
        assert standing(ticket) == before

    def test_it_is_recorded_and_the_words_are_kept(self, ticket, answer, ilze, nine):
        reply = answer(ticket)
        message_id, words = reply.message_id, reply.reply
        reply = recall_reply(reply, by=ilze, at=nine + SECOND)
        event = last_event(ticket, "reply.recalled")
        assert (event.by, event.at, event.data) == (ilze, nine + SECOND, {"message_id": message_id})
        assert (fresh(reply).reply, fresh(reply).message_id) == (words, "")

    def test_the_same_form_may_be_sent_after_all(self, ticket, answer, ilze, nine, outgoing):
        recall_reply(answer(ticket), by=ilze, at=nine + SECOND)
        again = answer(ticket, nine + MINUTE)
        outbound.deliver(again.pk, at=nine + 2 * MINUTE)
        assert (len(outgoing()), again.delivery.queued_at) == (1, nine + MINUTE)

    def test_after_the_due_time_the_promise_is_broken_at_due(self, ticket, message, answer, ilze):
        reply = answer(ticket, REPLY_DUE - SECOND)
        recall_reply(reply, by=ilze, at=REPLY_DUE + SECOND)
        assert (deadline(message, "reply").state, deadline(message, "reply").breached_at) == ("running", REPLY_DUE)

    def test_what_was_marked_in_time_stays_marked_once_that_time_is_over(self, ticket, message, answer, ilze, nine):
        reply = answer(ticket, nine + HOUR - SECOND)
        recall_reply(reply, by=ilze, at=nine + HOUR + SECOND)
        assert (deadline(message, "mark").state, deadline(message, "mark").breached_at) == ("met", None)
        assert (fresh(ticket).state, fresh(ticket).owner, fresh(message).mark) == (
            "incomplete", ilze.employee, "incomplete",
        )  # fmt: skip
        assert deadline(message, "reply").state == "running"

    def test_the_address_it_would_have_gone_to_is_still_new(self, ticket, answer, ilze, nine):
        from tickets.actions.replying import NewAddress

        fresh_address = ("jauns@x.example",)
        recall_reply(answer(ticket, cc=fresh_address, confirmed=fresh_address), by=ilze, at=nine + SECOND)
        with pytest.raises(NewAddress):
            answer(ticket, nine + MINUTE, cc=fresh_address)


class TestMeanwhile:
    """E-II.3: what others did in those seconds stands."""

    def test_the_client_wrote(self, ticket, message, receive, answer, ilze, nine):
        reply = answer(ticket)
        second = receive(nine + SECOND, ticket=ticket, message_id="<second@krumins.example>")
        recall_reply(reply, by=ilze, at=nine + 2 * SECOND)
        assert (fresh(message).mark, fresh(second).mark, fresh(ticket).state) == ("none", "none", "unprocessed")
        assert {one.state for one in ticket.deadlines.all()} == {"running"}

    def test_the_client_answered_what_the_question_asked_and_the_first_promise_is_where_it_was(
        self, ticket, message, receive, ilze, nine
    ):
        resume_on = riga("2025-11-17 09:00").date()
        asked = ask_client(ticket, Reply("Kurš pārskats?", "c" * 32), resume_on, by=ilze, at=nine)
        receive(nine + SECOND, ticket=ticket, message_id="<second@krumins.example>")
        recall_reply(asked, by=ilze, at=nine + 2 * SECOND)
        assert (deadline(message, "reply").state, deadline(message, "reply").due_at) == ("running", REPLY_DUE)

    def test_the_client_ended_the_pause(self, ticket, message, receive, answer, ilze, nine):
        asked = ask_client(ticket, Reply("Kurš?", "c" * 32), riga("2025-11-17 09:00").date(), by=ilze, at=nine)
        outbound.deliver(asked.pk, at=nine + MINUTE)
        reply = answer(ticket, nine + HOUR)
        receive(nine + HOUR + SECOND, ticket=ticket, message_id="<second@krumins.example>")
        recall_reply(reply, by=ilze, at=nine + HOUR + 2 * SECOND)
        assert (fresh(ticket).state, deadline(message, "reply").state) == ("incomplete", "running")

    def test_a_colleague_completed_it(self, ticket, message, answer, ilze, nine):
        reply = answer(ticket, is_substantive=False)
        Deadline.objects.filter(ticket=ticket, kind="reply").update(state="cancelled", cancelled_at=nine, cancel_reason="not_needed")  # fmt: skip
        complete_ticket(ticket, by=ilze, at=nine + SECOND)
        recall_reply(reply, by=ilze, at=nine + 2 * SECOND)
        assert (fresh(ticket).state, deadline(message, "reply").state) == ("complete", "cancelled")

    def test_one_more_reply_was_written_and_the_promise_waits_for_that_one(self, ticket, message, answer, ilze, nine):
        first = answer(ticket)
        second = answer(ticket, nine + SECOND, key="b" * 32, text="Vēl.")
        recall_reply(first, by=ilze, at=nine + 2 * SECOND)
        owed = deadline(message, "reply")
        assert (owed.state, owed.answer, fresh(ticket).state) == ("answering", second, "incomplete")
        outbound.deliver(second.pk, at=nine + MINUTE)
        assert (deadline(message, "reply").state, fresh(ticket).state) == ("met", "complete")

    def test_both_taken_back_the_later_first(self, ticket, answer, ilze, nine):
        before = standing(ticket)
        first = answer(ticket)
        second = answer(ticket, nine + SECOND, key="b" * 32, text="Vēl.")
        recall_reply(second, by=ilze, at=nine + 2 * SECOND)
        recall_reply(first, by=ilze, at=nine + 3 * SECOND)
        assert standing(ticket) == before


class TestTooLate:
    """E-I.6: between taking back and sending one of the two happens, never both and never neither."""

    def test_sent_it_cannot_be_taken_back(self, ticket, answer, ilze, nine):
        reply = answer(ticket)
        outbound.deliver(reply.pk, at=nine + SPAN)
        with pytest.raises(LeftAlready) as refused:
            recall_reply(reply, by=ilze, at=nine + SPAN)
        assert refused.value.code == "left_already"
        assert Delivery.objects.get().state == "sent"

    def test_twice_it_cannot_either(self, ticket, answer, ilze, nine):
        reply = recall_reply(answer(ticket), by=ilze, at=nine + SECOND)
        with pytest.raises(LeftAlready):
            recall_reply(reply, by=ilze, at=nine + SECOND)
        assert len(events(ticket, "reply.recalled")) == 1

    def test_a_worker_that_has_claimed_it_finds_nothing_to_send(self, ticket, answer, ilze, nine):
        reply = answer(ticket)
        lease = delivering.claim_try(reply.pk, at=nine + SPAN)
        recall_reply(reply, by=ilze, at=nine + SPAN)
        assert delivering.begin_sending(reply.pk, lease, at=nine + SPAN) is False

    def test_one_that_is_being_handed_over_is_not(self, ticket, answer, ilze, nine):
        reply = answer(ticket)
        lease = delivering.claim_try(reply.pk, at=nine + SPAN)
        assert delivering.begin_sending(reply.pk, lease, at=nine + SPAN)
        with pytest.raises(LeftAlready):
            recall_reply(reply, by=ilze, at=nine + SPAN)

    def test_one_that_waits_for_a_mail_server_still_can(self, ticket, message, answer, client_mail, ilze, nine):
        client_mail("Greylisting")
        reply = answer(ticket)
        outbound.deliver(reply.pk, at=nine + SPAN)
        recall_reply(reply, by=ilze, at=nine + 2 * HOUR)
        assert (Delivery.objects.get().state, deadline(message, "reply").state) == ("recalled", "running")
        # Two hours later the hour to mark is over: that it was in hand stands.
        assert deadline(message, "mark").breached_at is None

    def test_one_sent_again_by_a_person_cannot(self, ticket, answer, ilze, nine):
        reply = answer(ticket)
        delivering.refuse(reply, "550", at=nine + SPAN)
        delivering.send_again(reply, by=ilze, at=nine + MINUTE)
        with pytest.raises(LeftAlready):
            recall_reply(reply, by=ilze, at=nine + MINUTE)

    def test_a_late_report_on_it_changes_nothing(self, ticket, answer, ilze, nine):
        reply = recall_reply(answer(ticket), by=ilze, at=nine + SECOND)
        delivering.refuse(reply, "550", at=nine + MINUTE)
        with pytest.raises(NotWaiting):
            delivering.send_again(reply, by=ilze, at=nine + MINUTE)
        assert Delivery.objects.get().state == "recalled"
        assert Message.objects.filter(kind="outgoing").count() == 1

"""What became of a reply: taken, refused, come back, or nobody knows; and what that does to the promise it answers."""

import pytest

from contact.email import outbound
from escalation.actions import sweep
from escalation.models import Alert
from tests.support.facts import HOUR, MINUTE, SECOND, deadline, events, fresh, last_event
from tests.support.office import riga
from tickets.actions import delivering
from tickets.actions.delivering import NotWaiting
from tickets.actions.working import junk_ticket, unjunk_ticket

pytestmark = pytest.mark.django_db

REPLY_DUE = riga("2025-11-11 17:00")


def state(reply):
    return reply.delivery.__class__.objects.get(message=reply).state


def told(trigger):
    return [notice.recipient for alert in Alert.objects.filter(trigger=trigger) for notice in alert.notices.all()]


@pytest.fixture
def owed(message):
    """Return a function that reads the message's `reply` deadline."""
    return lambda: deadline(message, "reply")


class TestAccepted:
    """E-II.3, E-II.5b: taken by the mail server, the promise is kept, dated when the reply was queued."""

    def test_the_deadline_is_met_as_of_the_queueing(self, ticket, owed, answer):
        reply = answer(ticket, REPLY_DUE)
        outbound.deliver(reply.pk, at=REPLY_DUE + 50 * MINUTE)
        assert (owed().state, owed().met_at, owed().breached_at) == ("met", REPLY_DUE, None)

    def test_the_message_and_the_ticket_are_complete(self, ticket, message, answer, nine):
        answer(ticket, sent=True)
        assert (fresh(message).mark, fresh(message).is_mark_written) == ("complete", False)
        assert (fresh(ticket).state, fresh(ticket).completed_at) == ("complete", nine + MINUTE)

    def test_it_is_recorded_and_completed_by_who_wrote_it(self, ticket, answer, ilze):
        answer(ticket, sent=True)
        assert last_event(ticket, "reply.accepted").by is None
        assert (last_event(ticket, "deadline.met").by, last_event(ticket, "ticket.completed").by) == (ilze, ilze)

    def test_accepting_again_changes_nothing(self, ticket, answer, nine):
        reply = answer(ticket, sent=True)
        delivering.accept(reply, at=nine + HOUR)
        assert len(events(ticket, "reply.accepted")) == 1

    def test_a_late_one_is_told_of_at_once(self, ticket, answer, nudges, django_capture_on_commit_callbacks):
        with django_capture_on_commit_callbacks(execute=True):
            answer(ticket, REPLY_DUE + SECOND, sent=True)
        assert ("escalation.sweep", ()) in nudges

    def test_another_reply_meets_what_an_earlier_one_still_holds(
        self, ticket, owed, answer, client_mail, settings, nine
    ):
        folder = settings.CLIENT_MAIL
        client_mail("Broken")
        answer(ticket, sent=True)
        settings.CLIENT_MAIL = folder
        second = answer(ticket, nine + HOUR, key="b" * 32, sent=True)
        assert (owed().state, owed().met_at, owed().answer) == ("met", nine + HOUR, second)
        assert fresh(ticket).state == "complete"

    def test_what_it_met_runs_again_if_it_comes_back(self, ticket, owed, answer, client_mail, settings, nine):
        folder = settings.CLIENT_MAIL
        client_mail("Broken")
        answer(ticket, sent=True)
        settings.CLIENT_MAIL = folder
        second = answer(ticket, nine + HOUR, key="b" * 32, sent=True)
        delivering.bounce(second, "5.1.1", at=nine + 2 * HOUR)
        assert owed().state == "running"


class TestRefused:
    """E-II.3: refused for good, what it answered is owed again, and the administrator learns it."""

    @pytest.fixture
    def refused(self, ticket, answer, client_mail, nine):
        client_mail("UnknownRecipient")
        return answer(ticket, sent=True)

    def test_the_deadline_runs_again_to_the_same_hour(self, refused, owed):
        assert state(refused) == "refused"
        assert (owed().state, owed().due_at, owed().breached_at) == ("running", REPLY_DUE, None)

    def test_the_ticket_stays_in_hand(self, refused, ticket, message):
        assert (fresh(ticket).state, fresh(message).mark) == ("incomplete", "incomplete")

    def test_the_reason_is_kept_and_recorded(self, refused, ticket):
        assert "550" in refused.delivery.__class__.objects.get(message=refused).error
        assert "no such user" in last_event(ticket, "reply.refused").data["error"]

    def test_the_owner_is_told(self, refused, ilze):
        assert told("reply_refused") == [ilze.employee]

    def test_past_due_it_is_broken_at_due(self, ticket, owed, answer, client_mail):
        client_mail("UnknownRecipient")
        reply = answer(ticket, REPLY_DUE)
        outbound.deliver(reply.pk, at=REPLY_DUE + SECOND)
        assert (owed().state, owed().breached_at) == ("running", REPLY_DUE)
        sweep(at=REPLY_DUE + MINUTE)
        alert = Alert.objects.get(trigger="breach")
        assert (alert.ticket, alert.kinds) == (ticket, ["mark", "reply"])  # both came up in the same sweep

    def test_one_that_was_not_substantive_leaves_the_deadlines_alone(self, ticket, owed, answer, client_mail):
        client_mail("UnknownRecipient")
        answer(ticket, is_substantive=False, sent=True)
        assert (owed().state, told("reply_refused") != []) == ("running", True)


class TestBounced:
    """E-II.3: a hard bounce reopens what the reply had met, and tells the administrator."""

    @pytest.fixture
    def bounced(self, ticket, answer, nine):
        reply = answer(ticket, sent=True)
        delivering.bounce(reply, "peteris@krumins.example 5.1.1", at=nine + HOUR)
        return reply

    def test_the_deadline_runs_again(self, bounced, owed):
        assert state(bounced) == "bounced"
        assert (owed().state, owed().met_at, owed().due_at) == ("running", None, REPLY_DUE)

    def test_the_ticket_is_open_again_and_the_message_unfinished(self, bounced, ticket, message):
        assert (fresh(ticket).state, fresh(ticket).completed_at, fresh(message).mark) == (
            "incomplete",
            None,
            "incomplete",
        )

    def test_it_is_told_and_recorded_once(self, bounced, ticket, ilze, nine):
        delivering.bounce(bounced, "again", at=nine + 2 * HOUR)
        assert told("reply_bounced") == [ilze.employee]
        assert [event.data for event in events(ticket, "reply.bounced")] == [
            {"error": "peteris@krumins.example 5.1.1", "failed": ["peteris@krumins.example"]}
        ]

    def test_past_due_it_is_broken_at_due(self, ticket, owed, answer):
        reply = answer(ticket, REPLY_DUE, sent=True)
        delivering.bounce(reply, "5.1.1", at=REPLY_DUE + HOUR)
        assert owed().breached_at == REPLY_DUE

    def test_on_a_ticket_that_is_junk_by_now_nothing_is_owed_until_it_is_brought_back(
        self, ticket, owed, receive, answer, ilze, nine
    ):
        reply = answer(ticket)
        receive(nine + SECOND, ticket=ticket)
        outbound.deliver(reply.pk, at=nine + MINUTE)
        junk_ticket(ticket, by=ilze, at=nine + HOUR)
        delivering.bounce(reply, "5.1.1", at=nine + 2 * HOUR)
        assert (fresh(ticket).state, owed().state) == ("junk", "cancelled")
        unjunk_ticket(ticket, by=ilze, at=nine + 3 * HOUR)
        assert owed().state == "running"


class TestOutcomeUnknown:
    """E-II.3: when the line breaks nobody can tell: it waits for a person and is never sent twice by itself."""

    @pytest.fixture
    def lost(self, ticket, answer, client_mail, settings):
        folder = settings.CLIENT_MAIL
        client_mail("Broken")
        reply = answer(ticket, sent=True)
        settings.CLIENT_MAIL = folder
        return reply

    def test_it_waits_and_is_not_tried_again(self, lost, owed, outgoing, nine):
        assert (state(lost), owed().state) == ("unknown", "answering")
        assert outbound.due(at=nine + HOUR) == []
        outbound.recover(at=nine + HOUR)
        assert (outbound.deliver(lost.pk, at=nine + HOUR), outgoing()) == (False, [])

    def test_the_owner_is_told_and_it_is_recorded(self, lost, ticket, ilze):
        assert told("outcome_unknown") == [ilze.employee]
        assert len(events(ticket, "reply.outcome_unknown")) == 1

    def test_said_to_have_left_it_counts_from_its_queueing(self, lost, ticket, owed, ilze, nine):
        delivering.confirm_sent(lost, by=ilze, at=nine + HOUR)
        assert (state(lost), owed().met_at, fresh(ticket).state) == ("sent", nine, "complete")
        assert (last_event(ticket, "reply.confirmed_sent").by, events(ticket, "reply.accepted")) == (ilze, [])

    def test_sent_again_it_goes_out_once_under_the_same_id(self, lost, outgoing, ilze, nine):
        delivering.send_again(lost, by=ilze, at=nine + HOUR)
        outbound.deliver(lost.pk, at=nine + HOUR)
        (mail,) = outgoing()
        assert (state(lost), mail["Message-ID"]) == ("sent", lost.message_id)

    def test_sent_again_it_counts_from_then(self, lost, owed, ticket, ilze):
        again = REPLY_DUE + SECOND
        delivering.send_again(lost, by=ilze, at=again)
        outbound.deliver(lost.pk, at=again)
        assert (owed().met_at, owed().breached_at) == (again, REPLY_DUE)
        assert last_event(ticket, "reply.queued_again").by == ilze

    def test_nobody_decides_within_the_hour_and_the_sweep_breaks_it_at_due(self, ticket, owed, answer, client_mail):
        client_mail("Broken")
        reply = answer(ticket, REPLY_DUE - MINUTE)
        outbound.deliver(reply.pk, at=REPLY_DUE - MINUTE)
        sweep(at=REPLY_DUE + 58 * MINUTE)
        assert owed().breached_at is None
        sweep(at=REPLY_DUE + 59 * MINUTE)
        assert owed().breached_at == REPLY_DUE


class TestDeciding:
    """E-II.3: a decision is possible only while one is awaited."""

    def test_a_reply_that_was_taken_waits_for_none(self, ticket, answer, ilze, nine):
        reply = answer(ticket, sent=True)
        for decide in (delivering.confirm_sent, delivering.send_again):
            with pytest.raises(NotWaiting) as refused:
                decide(reply, by=ilze, at=nine + HOUR)
            assert refused.value.code == "not_waiting"

    def test_a_reply_still_on_its_way_waits_for_none(self, ticket, answer, ilze, nine):
        with pytest.raises(NotWaiting):
            delivering.send_again(answer(ticket), by=ilze, at=nine)

    def test_a_refused_one_cannot_be_said_to_have_left(self, ticket, answer, client_mail, ilze, nine):
        client_mail("UnknownRecipient")
        reply = answer(ticket, sent=True)
        with pytest.raises(NotWaiting):
            delivering.confirm_sent(reply, by=ilze, at=nine + HOUR)

    @pytest.mark.parametrize("how", ["refused", "bounced"])
    def test_a_failed_one_may_be_sent_again(self, ticket, owed, answer, ilze, nine, how):
        reply = answer(ticket, sent=how == "bounced")
        {"refused": delivering.refuse, "bounced": delivering.bounce}[how](reply, "550", at=nine + MINUTE)
        delivering.send_again(reply, by=ilze, at=nine + HOUR)
        assert (state(reply), owed().state) == ("queued", "answering")
        outbound.deliver(reply.pk, at=nine + HOUR)
        assert (state(reply), owed().met_at) == ("sent", nine + HOUR)

    def test_sent_again_days_later_it_has_its_full_time_to_be_tried(self, ticket, answer, client_mail, ilze, nine):
        client_mail("UnknownRecipient")
        reply = answer(ticket, sent=True)
        client_mail("Greylisting")
        later = nine + 72 * HOUR
        delivering.send_again(reply, by=ilze, at=later)
        outbound.deliver(reply.pk, at=later)
        assert (state(reply), fresh(reply).delivery.try_at) == ("queued", later + MINUTE)


class TestOneWorkerAtATime:
    """E-II.3: each attempt belongs to one worker, and a worker that died gives it back."""

    def test_a_claimed_attempt_is_not_to_be_had_for_two_minutes(self, ticket, answer, nine):
        reply = answer(ticket)
        assert delivering.claim_try(reply.pk, at=nine) == nine + 2 * MINUTE
        assert delivering.claim_try(reply.pk, at=nine + 2 * MINUTE - SECOND) is None
        assert delivering.claim_try(reply.pk, at=nine + 2 * MINUTE) is not None

    def test_before_its_time_there_is_none(self, ticket, answer, nine):
        assert delivering.claim_try(answer(ticket).pk, at=nine - SECOND) is None

    def test_who_lost_the_lease_does_not_send(self, ticket, answer, nine):
        reply = answer(ticket)
        lease = delivering.claim_try(reply.pk, at=nine)
        other = delivering.claim_try(reply.pk, at=nine + 2 * MINUTE)
        assert delivering.begin_sending(reply.pk, lease, at=nine + 3 * MINUTE) is False
        assert delivering.begin_sending(reply.pk, other, at=nine + 3 * MINUTE) is True

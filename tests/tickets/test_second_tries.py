"""A form sent twice, a reply sent again, a ticket brought back: what was found by trying to break it."""

import pytest

from contact.email import outbound
from escalation.models import Alert
from tests.support.facts import HOUR, MINUTE, deadline, fresh
from tickets.actions import delivering
from tickets.actions.replying import NotSeenYet, Reply, SentAlready, reply_to_client
from tickets.actions.working import junk_ticket, unjunk_ticket
from tickets.models import Message

pytestmark = pytest.mark.django_db


class TestTheSameForm:
    """E-II.3: sending a form twice sends one mail; another text is never taken for it."""

    def test_another_text_from_a_form_that_was_sent_is_refused(self, ticket, answer, ilze, nine):
        first = answer(ticket, sent=True)
        with pytest.raises(SentAlready):
            reply_to_client(fresh(ticket), Reply("Vēl kas.", "a" * 32), by=ilze, at=nine + HOUR)
        assert list(Message.objects.filter(kind="outgoing")) == [first]

    def test_other_people_on_a_form_that_was_sent_are_refused_too(self, ticket, answer):
        both = {"to": ("peteris@krumins.example",), "cc": ("a@x.example",), "confirmed": ("a@x.example",)}
        first = answer(ticket, **both)
        assert answer(ticket, **both) == first
        with pytest.raises(SentAlready):
            answer(ticket, to=("peteris@krumins.example",))

    def test_an_answer_written_before_the_clients_last_words_is_not_sent(self, ticket, message, receive, ilze, nine):
        later = receive(nine + MINUTE, ticket=ticket, message_id="<later@krumins.example>")
        with pytest.raises(NotSeenYet):
            reply_to_client(ticket, Reply("Labdien!", "b" * 32, seen=message.pk), by=ilze, at=nine + HOUR)
        reply_to_client(ticket, Reply("Labdien!", "b" * 32, seen=later.pk), by=ilze, at=nine + HOUR)


class TestSendingAgain:
    """E-II.3: each attempt stands for itself."""

    def test_the_copy_of_the_attempt_that_came_back_proves_nothing_of_the_next(self, ticket, answer, ilze, nine):
        reply = answer(ticket, sent=True)
        assert fresh(reply.delivery).is_filed
        delivering.bounce(reply, "5.1.1", at=nine + HOUR)
        delivering.send_again(fresh(reply), by=ilze, at=nine + 2 * HOUR)
        lease = delivering.claim_try(reply.pk, at=nine + 2 * HOUR)
        delivering.begin_sending(reply.pk, lease, at=nine + 2 * HOUR)  # and the worker dies here
        outbound.recover(at=nine + 3 * HOUR)
        assert fresh(reply.delivery).state == "unknown"

    def test_each_failure_is_told(self, ticket, answer, ilze, nine):
        reply = answer(ticket, sent=True)
        delivering.bounce(reply, "5.1.1", at=nine + HOUR)
        delivering.send_again(fresh(reply), by=ilze, at=nine + 2 * HOUR)
        outbound.deliver(reply.pk, at=nine + 2 * HOUR)
        delivering.bounce(reply, "5.1.1", at=nine + 3 * HOUR)
        assert Alert.objects.filter(trigger="reply_bounced").count() == 2


class TestBackFromTheJunk:
    """E-II.3: what came while the ticket lay among the junk is owed an answer too."""

    def test_a_letter_that_came_meanwhile_has_its_deadlines(self, ticket, receive, ilze, nine):
        junk_ticket(ticket, by=ilze, at=nine)
        meanwhile = receive(nine + HOUR, ticket=ticket, message_id="<meanwhile@krumins.example>")
        assert not meanwhile.deadlines.exists()
        unjunk_ticket(ticket, by=ilze, at=nine + 2 * HOUR)
        assert fresh(meanwhile).mark == "none"
        assert deadline(meanwhile, "reply").started_at == nine + HOUR


class TestAMailServerThatDoesNotAnswer:
    """E-II.2: the others do not wait for it one after another."""

    def test_what_is_due_waits_a_minute_too(self, ticket, receive, answer, client_mail, nine):
        first = answer(ticket)
        other = receive(nine, sender_address="cits@krumins.example", message_id="<cits@krumins.example>")
        second = answer(other.ticket, key="c" * 32, reason="urgent")
        client_mail("Unreachable")
        outbound.deliver(first.pk, at=nine)
        assert fresh(second.delivery).try_at == nine + MINUTE
        assert outbound.deliver(second.pk, at=nine) is False

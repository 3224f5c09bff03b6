"""Machines that answer machines: bounded by the hour, told once, and nothing of it lost."""

from datetime import timedelta

import pytest

from contact.email import inbound, maildir, outbound
from contact.models import ReceivedMail
from escalation.models import Alert, Notice
from tests.contact.test_inbound import root
from tests.support.facts import HOUR, MINUTE
from tests.support.letters import mail
from tests.support.office import riga
from tickets.actions.replying import Reply, reply_to_client
from tickets.models import Message, Ticket

pytestmark = pytest.mark.django_db

NINE = riga("2025-11-10 09:00")


@pytest.fixture
def flood(cast, desk, settings):
    """Return a function that has a sender write so many mails, a minute apart; five an hour are allowed."""
    settings.LOOP_MAILS_AN_HOUR = 5

    def flood(number, *, start=NINE, every=MINUTE, sender="robots@x.example", checked=None):
        for count in range(number):
            at = start + count * every
            maildir.drop(root(), mail(sender=sender, message_id=f"<{at.timestamp()}.{count}@{sender}>"), at)
        inbound.check_inbox(desk, at=checked or start + number * every)

    return flood


def reasons():
    return list(ReceivedMail.objects.order_by("received_at", "pk").values_list("state", "reason"))


class TestLoop:
    """E-II.1a: a sender who writes more often than a person can opens no more tickets."""

    def test_the_rest_of_the_hour_is_kept_unprocessed(self, flood):
        flood(8)
        assert reasons() == [("linked", "")] * 5 + [("unprocessed", "loop")] * 3
        assert Ticket.objects.count() == 5

    def test_the_administrators_are_told_once(self, flood, cast):
        flood(8)
        flood(3, start=NINE + 10 * MINUTE)
        assert Alert.objects.get().trigger == "mail_loop"
        assert [one.recipient for one in Notice.objects.all()] == [cast.ilze]

    def test_the_limit_itself_is_no_loop(self, flood):
        flood(5)
        assert Ticket.objects.count() == 5

    def test_an_hour_later_the_sender_is_heard_again(self, flood):
        flood(5)
        flood(1, start=NINE + 4 * MINUTE + HOUR + timedelta(seconds=1))
        assert Ticket.objects.count() == 6

    def test_a_second_before_they_are_not(self, flood):
        flood(5, every=timedelta(0))
        flood(1, start=NINE + HOUR)
        assert Ticket.objects.count() == 5

    def test_others_write_on(self, flood):
        flood(8)
        flood(1, sender="anna@ozola.example", start=NINE + 8 * MINUTE)
        assert Ticket.objects.count() == 6

    def test_what_waited_through_a_downtime_is_no_loop(self, flood):
        flood(10, every=HOUR, checked=NINE + 20 * HOUR)
        assert Ticket.objects.count() == 10

    def test_one_that_a_person_runs_again_becomes_a_ticket(self, flood, ilze):
        flood(6)
        stuck = ReceivedMail.objects.get(reason="loop")
        assert inbound.retry(stuck, by=ilze, at=NINE + 10 * MINUTE).state == "linked"


class TestOwnMail:
    """E-II.1a: a letter of ours that comes back never makes a ticket."""

    def test_by_its_message_id_whatever_its_sender(self, cast, mail_in):
        mail_in(mail(), NINE)
        reply = reply_to_client(Ticket.objects.get(), Reply("Labdien!", "a" * 32), by=cast.ilze.user, at=NINE + MINUTE)
        outbound.deliver(reply.pk, at=NINE + MINUTE)
        mail_in(mail(sender="forwarder@list.example", message_id=reply.message_id), NINE + HOUR)
        assert ReceivedMail.objects.filter(box="inbox").order_by("pk").last().reason == "own"
        assert (Ticket.objects.count(), Message.objects.count()) == (1, 2)

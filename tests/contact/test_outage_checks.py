"""The machine's checks of the mailbox and of the mail server: what they make of a server that goes and comes back."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection

from contact.email import inbound, outbound, sending
from contact.models import MailboxCheck, ReceivedMail, SendingCheck
from escalation.models import Alert, Notice, Outage
from sla.models import Deadline
from tests.support.dovecot import Dovecot
from tests.support.facts import HOUR, MINUTE, SECOND, fresh
from tests.support.letters import mail
from tests.support.office import make_desk, make_employee, riga
from tickets.actions.replying import Reply, reply_to_client
from tickets.models import Delivery, Message

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

TEN = riga("2025-11-10 10:00")
TWENTY = 20 * SECOND
NOWHERE = "imap://user:secret@127.0.0.1:1/INBOX"


def told(trigger):
    return Notice.objects.filter(alert__trigger=trigger).count()


class TestMailbox:
    """E-II.2: three failed checks within a minute are one outage, told once; the first good one ends it."""

    @pytest.fixture(autouse=True)
    def mailbox(self, dovecot, settings, cast):
        settings.MAILBOX_URLS = {"": dovecot.url}

    def check(self, desk, *seconds):
        for second in seconds:
            inbound.check_inbox(desk, at=TEN + second * SECOND)

    def test_a_real_server_goes_and_comes_back(self, desk, dovecot):
        self.check(desk, 0)
        dovecot.stop()
        self.check(desk, 20, 40)
        assert Outage.objects.count() == 0
        self.check(desk, 60)
        outage = Outage.objects.get()
        assert (outage.what, outage.cause, outage.failed_checks) == ("mailbox", "connect", 3)
        assert (outage.began_at, outage.noticed_at) == (TEN + 20 * SECOND, TEN + 60 * SECOND)
        self.check(desk, 80, 100)
        assert (fresh(outage).failed_checks, Alert.objects.count(), told("outage")) == (5, 1, 3)
        dovecot.start()
        self.check(desk, 120)
        assert fresh(outage).ended_at == TEN + 120 * SECOND
        assert (Alert.objects.count(), told("outage_ended")) == (2, 3)
        self.check(desk, 140)
        assert Alert.objects.count() == 2

    def test_one_failed_check_raises_nothing(self, desk, dovecot):
        self.check(desk, 0)
        dovecot.stop()
        self.check(desk, 20, 40)
        dovecot.start()
        self.check(desk, 60)
        dovecot.stop()
        self.check(desk, 80, 100)
        assert (Outage.objects.count(), Alert.objects.count()) == (0, 0)
        assert list(MailboxCheck.objects.order_by("at").values_list("cause", flat=True)) == [
            "", "connect", "connect", "", "connect", "connect"
        ]  # fmt: skip

    def test_one_that_is_slow_to_fail_says_nothing_after_a_later_good_one(self, desk, settings):
        self.check(desk, 60)
        settings.MAILBOX_URLS = {"": NOWHERE}
        self.check(desk, 0, 20, 40)
        assert Outage.objects.count() == 0

    def test_the_cause_is_the_one_found(self, desk, dovecot, settings):
        settings.MAILBOX_URLS = {"": dovecot.url.replace(":secret@", ":wrong@")}
        self.check(desk, 0, 20, 40)
        assert Outage.objects.get().cause == "login"

    def test_a_full_mailbox_is_an_outage_and_what_came_before_is_taken_in(self, desk, settings):
        with Dovecot(quota="20k") as server:
            settings.MAILBOX_URLS = {"": server.url}
            server.append(mail(text=("x" * 70 + "\n") * 270), TEN - MINUTE)
            self.check(desk, 0, 20, 40)
        assert (Outage.objects.get().cause, ReceivedMail.objects.count()) == ("quota", 1)
        assert MailboxCheck.objects.order_by("at").first().fetched == 1

    def test_gone_for_a_day_its_history_is_right_and_the_mail_has_its_true_times(self, desk, dovecot):
        self.check(desk, 0)
        dovecot.stop()
        gone, day = TEN + TWENTY, timedelta(days=1)
        for number in range(480):
            inbound.check_inbox(desk, at=gone + number * 3 * MINUTE)
        dovecot.start()
        arrived = [gone + timedelta(hours=hour) for hour in (1, 5, 22)]
        for number, at in enumerate(arrived):
            dovecot.append(mail(message_id=f"<{number}@krumins.example>", sender=f"k{number}@k.example"), at)
        back = gone + day
        inbound.check_inbox(desk, at=back)
        outage = Outage.objects.get()
        assert (outage.began_at, outage.noticed_at, outage.ended_at) == (gone, gone + 6 * MINUTE, back)
        assert outage.failed_checks == 480
        assert (Alert.objects.count(), told("outage"), told("outage_ended")) == (2, 3, 3)
        received = list(Message.objects.order_by("at").values_list("at", flat=True))
        assert received == arrived
        starts = Deadline.objects.filter(kind="reply").order_by("started_at").values_list("started_at", flat=True)
        assert list(starts) == arrived


@pytest.mark.django_db(transaction=True)
class TestWorkersAtOnce:
    """E-II.2: four workers that check at the same time make one outage and one alert."""

    def test_four_at_once(self, settings):
        settings.MAILBOX_URLS = {"": NOWHERE}
        desk = make_desk("many")
        make_employee("Gunta Abellapa", "director", desk=desk)
        inbound.check_inbox(desk, at=TEN)
        inbound.check_inbox(desk, at=TEN + TWENTY)
        together, failed = Barrier(4), []

        def run(number):
            try:
                together.wait(timeout=20)
                inbound.check_inbox(desk, at=TEN + (40 + number) * SECOND)
            except Exception as failure:
                failed.append(failure)
            finally:
                connection.close()

        threads = [Thread(target=run, args=[number]) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        assert failed == []
        assert (Outage.objects.count(), Alert.objects.count(), Notice.objects.count()) == (1, 1, 1)
        inbound.check_inbox(desk, at=TEN + MINUTE)
        assert Outage.objects.get().failed_checks == 7


class TestSending:
    """E-II.2: sending refused as a whole is an outage; a refused recipient is a bounce."""

    @pytest.fixture(autouse=True)
    def server(self, smtp, settings, cast):
        backend = "django.core.mail.backends.smtp.EmailBackend"
        settings.CLIENT_MAIL = {"backend": backend, "host": "127.0.0.1", "port": smtp.port, "timeout": 5}
        return smtp

    @pytest.fixture
    def reply_to(self, receive, ilze):
        """Return a function that queues a reply to a client's letter."""

        def reply_to(address):
            letter = receive(TEN, sender_address=address, message_id=f"<{address}>")
            answer = Reply("Labdien!", f"{abs(hash(address)):032x}"[-32:])
            return reply_to_client(letter.ticket, answer, order_reason="urgent", by=ilze, at=TEN)

        return reply_to

    def test_a_server_that_is_gone_is_tried_by_itself_and_what_waits_leaves_at_its_return(self, desk, server, reply_to):
        server.stop()
        reply = reply_to("peteris@krumins.example")
        outbound.deliver(reply.pk, at=TEN)
        assert sending.suspects() == [desk.pk]
        assert sending.try_server(desk, at=TEN + TWENTY) is False
        assert Outage.objects.count() == 0
        assert sending.try_server(desk, at=TEN + 2 * TWENTY) is False
        outage = Outage.objects.get()
        assert (outage.what, outage.cause, outage.began_at) == ("sending", "connect", TEN)
        assert (Alert.objects.count(), told("outage")) == (1, 3)
        outbound.deliver(reply.pk, at=TEN + HOUR)
        assert (fresh(reply.delivery).state, fresh(outage).failed_checks, Alert.objects.count()) == ("queued", 4, 1)
        server.start()
        back = TEN + HOUR + TWENTY
        assert sending.try_server(desk, at=back) is True
        assert (fresh(outage).ended_at, told("outage_ended"), sending.suspects()) == (back, 3, [])
        assert fresh(reply.delivery).try_at == back
        outbound.deliver(reply.pk, at=back)
        assert (fresh(reply.delivery).state, len(server.mails())) == ("sent", 1)

    def test_a_refused_sender_is_one_and_the_reply_waits_for_its_end(self, desk, server, reply_to):
        server.behave(refuse_sender=True)
        reply = reply_to("peteris@krumins.example")
        outbound.deliver(reply.pk, at=TEN)
        assert fresh(reply.delivery).state == "queued"
        for number in (1, 2):
            sending.try_server(desk, at=TEN + number * TWENTY)
        assert Outage.objects.get().cause == "refused"
        server.behave()
        sending.try_server(desk, at=TEN + MINUTE)
        outbound.deliver(reply.pk, at=TEN + MINUTE)
        assert fresh(reply.delivery).state == "sent"
        assert Outage.objects.get().ended_at == TEN + MINUTE

    def test_refused_recipients_are_none_however_many(self, server, reply_to):
        for number in range(4):
            reply = reply_to(f"refuse-{number}@krumins.example")
            outbound.deliver(reply.pk, at=TEN + number * SECOND)
            assert fresh(reply.delivery).state == "refused"
        assert (Outage.objects.count(), sending.suspects()) == (0, [])
        assert set(SendingCheck.objects.values_list("error", flat=True)) == {""}

    def test_recipients_refused_for_now_are_none_either(self, server, reply_to):
        reply = reply_to("later-a@krumins.example")
        outbound.deliver(reply.pk, at=TEN)
        assert (fresh(reply.delivery).state, sending.suspects()) == ("queued", [])

    def test_a_refused_recipient_between_two_failures_shows_that_the_server_answers(self, desk, server, reply_to):
        server.stop()
        sending.try_server(desk, at=TEN)
        sending.try_server(desk, at=TEN + TWENTY)
        server.start()
        outbound.deliver(reply_to("refuse-a@krumins.example").pk, at=TEN + 30 * SECOND)
        server.stop()
        sending.try_server(desk, at=TEN + 40 * SECOND)
        assert Outage.objects.count() == 0

    def test_a_reply_that_is_taken_ends_it_too(self, desk, server, reply_to):
        server.stop()
        for number in range(3):
            sending.try_server(desk, at=TEN + number * TWENTY)
        server.start()
        outbound.deliver(reply_to("peteris@krumins.example").pk, at=TEN + MINUTE)
        assert Outage.objects.get().ended_at == TEN + MINUTE

    def test_trying_sends_nothing(self, desk, server):
        assert sending.try_server(desk, at=TEN) is True
        assert server.mails() == []

    def test_a_reply_that_was_never_tried_keeps_its_time(self, desk, server, reply_to):
        server.stop()
        for number in range(3):
            sending.try_server(desk, at=TEN + number * TWENTY)
        reply = reply_to("peteris@krumins.example")
        Delivery.objects.filter(message=reply).update(try_at=TEN + 2 * MINUTE)  # may still be taken back
        server.start()
        sending.try_server(desk, at=TEN + MINUTE)
        assert fresh(reply.delivery).try_at == TEN + 2 * MINUTE

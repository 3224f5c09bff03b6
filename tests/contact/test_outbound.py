"""Mail out: each step committed before the next; sent once, filed once, and never lost without somebody knowing."""

from email import message_from_bytes, policy
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
from django.conf import settings

from contact.email import maildir, outbound
from contact.email.parse import parse
from tests.support.facts import HOUR, MINUTE, SECOND, events, fresh
from tests.support.office import riga
from tickets.actions import delivering
from tickets.actions.receiving import File
from tickets.actions.replying import Reply, reply_to_client
from tickets.models import Delivery

pytestmark = pytest.mark.django_db

NINE = riga("2025-11-10 09:00")


def mails(folder):
    return [message_from_bytes(path.read_bytes(), policy=policy.default) for path in sorted(Path(folder).iterdir())]


def sent_folder():
    return Path(settings.MAILBOX_URLS[""].removeprefix("maildir://")) / ".Sent" / "cur"


def copies():
    return mails(sent_folder()) if sent_folder().exists() else []


def server(name):
    settings.CLIENT_MAIL = {"backend": f"tests.support.backends.{name}"}


@pytest.fixture
def reply(cast, receive):
    """A reply that waits to be sent, on a thread, with a file."""
    letter = receive(NINE, references=("<root@krumins.example>",))
    written = Reply("Labdien, Krūmiņa kungs!", "a" * 32, files=(File("pārskats.pdf", "application/pdf", b"%PDF-1.7"),))
    return reply_to_client(letter.ticket, written, by=cast.ilze.user, at=NINE)


@pytest.fixture
def delivery(reply):
    """Return a function that reads how far the reply has come."""
    return lambda: Delivery.objects.get(message=reply)


class TestTheMail:
    """E-I.6: replies leave from the desk's own address and end with name, surname, position and contact details."""

    @pytest.fixture
    def mail(self, reply, tmp_path):
        outbound.deliver(reply.pk, at=NINE + MINUTE)
        (mail,) = mails(tmp_path / "outgoing")
        return mail

    def test_it_is_from_the_desk_to_the_client(self, mail):
        assert mail["From"] == "EMUS atbalsts <emus@desk.example>"
        assert mail["To"] == "peteris@krumins.example"
        assert mail["Subject"].strip() == "Re: Pārskatā nesakrīt kopsumma [EMUS-2025-00001]"

    def test_it_stands_in_the_thread(self, mail, reply):
        assert mail["Message-ID"] == reply.message_id
        assert mail["In-Reply-To"] == "<first@krumins.example>"
        assert mail["References"] == "<root@krumins.example> <first@krumins.example>"

    def test_its_date_is_when_it_was_written_on_riga_s_clock(self, mail):
        assert mail["Date"] == "Mon, 10 Nov 2025 09:00:00 +0200"
        assert parsedate_to_datetime(mail["Date"]) == NINE

    def test_it_ends_with_the_signature(self, mail):
        written, _, history = mail.get_body(("plain",)).get_content().partition("\n\n10.11.2025.")
        assert written.startswith("Labdien, Krūmiņa kungs!")
        assert written.endswith("Ilze Kalnciema, IS administratore\n"
                                "Maksātnespējas kontroles dienests, tālr. +371 2000 0001, emus@desk.example")  # fmt: skip
        assert history.endswith("> Labdien! Kopsumma nesakrīt. Ko darīt?\n")

    def test_its_file_comes_along(self, mail):
        (file,) = mail.iter_attachments()
        assert (file.get_filename(), file.get_content_type(), file.get_content()) == (
            "pārskats.pdf",
            "application/pdf",
            b"%PDF-1.7",
        )

    def test_our_own_parser_reads_it_back(self, mail, reply):
        read = parse(mail.as_bytes())
        assert (read.message_id, read.in_reply_to, read.is_automatic) == (reply.message_id, reply.in_reply_to, False)
        assert read.attachments[0].content == b"%PDF-1.7"


class TestAccepted:
    """E-II.3: taken by the server, it is sent, once, and a copy lies in the mailbox's Sent folder, once."""

    def test_it_is_sent_and_filed(self, reply, delivery):
        assert outbound.deliver(reply.pk, at=NINE + MINUTE) is True
        assert (delivery().state, delivery().accepted_at, delivery().is_filed) == ("sent", NINE + MINUTE, True)
        assert [copy["Message-ID"] for copy in copies()] == [reply.message_id]

    def test_the_copy_is_the_mail(self, reply, tmp_path):
        outbound.deliver(reply.pk, at=NINE + MINUTE)
        (mail,), (copy,) = mails(tmp_path / "outgoing"), copies()
        assert (copy["Date"], copy["Subject"]) == (mail["Date"], mail["Subject"])
        assert copy.get_body().get_content() == mail.get_body().get_content()

    def test_delivering_again_sends_nothing(self, reply, tmp_path):
        outbound.deliver(reply.pk, at=NINE + MINUTE)
        assert outbound.deliver(reply.pk, at=NINE + HOUR) is False
        outbound.recover(at=NINE + HOUR)
        assert (len(mails(tmp_path / "outgoing")), len(copies())) == (1, 1)

    def test_before_its_time_it_is_not_sent(self, reply):
        assert outbound.deliver(reply.pk, at=NINE - SECOND) is False

    def test_the_sweep_behind_the_nudge_finds_what_waits(self, reply):
        assert (outbound.due(at=NINE - SECOND), outbound.due(at=NINE)) == ([], [reply.pk])

    def test_where_the_server_files_copies_itself_none_is_added(self, reply, delivery):
        with outbound.open_mailbox(reply.ticket.desk) as mailbox:
            mailbox.file(outbound.compose(reply).message().as_bytes(), NINE)
        outbound.deliver(reply.pk, at=NINE + MINUTE)
        assert (len(copies()), delivery().is_filed) == (1, True)

    def test_while_the_mailbox_is_down_the_copy_waits(self, reply, delivery, settings):
        urls, settings.MAILBOX_URLS = settings.MAILBOX_URLS, {}
        outbound.deliver(reply.pk, at=NINE + MINUTE)
        assert (delivery().state, delivery().is_filed) == ("sent", False)
        settings.MAILBOX_URLS = urls
        assert (outbound.file_copies(at=NINE + HOUR), outbound.file_copies(at=NINE + HOUR)) == (1, 0)
        assert (len(copies()), delivery().is_filed) == (1, True)


class TestNotNow:
    """E-II.3: what fails for now is tried again with growing pauses, for a day."""

    @pytest.mark.parametrize("failure", ["Unreachable", "Greylisting"])
    def test_it_waits_a_minute_with_the_reason(self, reply, delivery, failure):
        server(failure)
        outbound.deliver(reply.pk, at=NINE)
        assert (delivery().state, delivery().try_at) == ("queued", NINE + MINUTE)
        assert delivery().error

    def test_the_pauses_grow_to_an_hour(self, reply, delivery):
        server("Greylisting")
        at, pauses = NINE, []
        for _ in range(9):
            outbound.deliver(reply.pk, at=at)
            pauses.append((delivery().try_at - at) // MINUTE)
            at = delivery().try_at
        assert pauses == [1, 2, 5, 10, 20, 40, 60, 60, 60]

    def test_a_file_that_cannot_be_read_now_is_waited_for(self, reply, delivery):
        from tickets import files

        path = files.path_of(reply.attachments.get().sha256)
        path.rename(path.with_suffix(".away"))
        outbound.deliver(reply.pk, at=NINE)
        assert (delivery().state, path.name in delivery().error) == ("queued", True)
        path.with_suffix(".away").rename(path)
        outbound.deliver(reply.pk, at=NINE + MINUTE)
        assert delivery().state == "sent"

    @pytest.mark.parametrize("failure", ["Unreachable", "Greylisting"])
    def test_after_a_day_it_is_given_up_and_told(self, reply, delivery, failure):
        server(failure)
        outbound.deliver(reply.pk, at=NINE + 24 * HOUR - SECOND)
        assert delivery().state == "queued"
        outbound.deliver(reply.pk, at=NINE + 26 * HOUR)
        assert (delivery().state, delivery().try_at) == ("given_up", None)
        assert [one.trigger for one in reply.alerts.all()] == ["reply_given_up"]
        assert len(events(reply.ticket, "reply.given_up")) == 1

    def test_once_the_server_is_back_it_leaves(self, reply, delivery, settings):
        folder = settings.CLIENT_MAIL
        server("Unreachable")
        outbound.deliver(reply.pk, at=NINE)
        settings.CLIENT_MAIL = folder
        assert outbound.deliver(reply.pk, at=NINE + MINUTE - SECOND) is False
        outbound.deliver(reply.pk, at=NINE + MINUTE)
        assert (delivery().state, delivery().error) == ("sent", "")


class TestRefused:
    """E-II.3: refused for good, it is not tried again."""

    @pytest.mark.parametrize(("failure", "words"), [("UnknownRecipient", "550 5.1.1"), ("TooLarge", "552 5.3.4")])
    def test_the_server_s_own_words_are_kept(self, reply, delivery, failure, words):
        server(failure)
        outbound.deliver(reply.pk, at=NINE)
        assert delivery().state == "refused"
        assert words in delivery().error
        assert outbound.due(at=NINE + 24 * HOUR) == []

    def test_an_address_that_no_mail_can_be_written_to_is_refused_too(self, cast, receive, ilze):
        letter = receive(NINE, sender_address="a@b.example\nBcc: x@y.example")
        reply = reply_to_client(letter.ticket, Reply("Labdien!", "b" * 32), by=ilze, at=NINE)
        outbound.deliver(reply.pk, at=NINE)
        assert Delivery.objects.get(message=reply).state == "refused"

    def test_a_file_of_no_known_kind_is_refused_too(self, reply, delivery):
        reply.attachments.update(content_type="nonsense")
        outbound.deliver(reply.pk, at=NINE)
        assert delivery().state == "refused"


class TestCutOff:
    """E-II.3: where the line breaks or the worker dies while sending, it is looked for in Sent, else a person says."""

    def lie_in_sent(self, reply):
        root = Path(settings.MAILBOX_URLS[""].removeprefix("maildir://"))
        with outbound.open_mailbox(reply.ticket.desk):
            pass
        path = maildir.drop(root / ".Sent", outbound.compose(reply).message().as_bytes(), NINE)
        path.rename(sent_folder() / path.name)

    def test_found_in_sent_it_was_sent(self, reply, delivery):
        self.lie_in_sent(reply)
        server("Broken")
        outbound.deliver(reply.pk, at=NINE)
        assert (delivery().state, delivery().is_filed, len(copies())) == ("sent", True, 1)

    def test_not_found_nobody_knows(self, reply, delivery):
        server("Broken")
        outbound.deliver(reply.pk, at=NINE)
        assert (delivery().state, delivery().try_at) == ("unknown", None)

    def test_with_the_mailbox_down_too_nobody_knows(self, reply, delivery, settings):
        settings.MAILBOX_URLS = {}
        server("Broken")
        outbound.deliver(reply.pk, at=NINE)
        assert delivery().state == "unknown"

    @pytest.fixture
    def died(self, reply):
        """The worker took the reply, began to send it, and died."""
        lease = delivering.claim_try(reply.pk, at=NINE)
        assert delivering.begin_sending(reply.pk, lease, at=NINE)
        return reply

    def test_for_ten_minutes_it_may_still_be_under_way(self, died, delivery, tmp_path):
        outbound.recover(at=NINE + 10 * MINUTE)
        assert delivery().state == "sending"
        assert outbound.deliver(died.pk, at=NINE + 10 * MINUTE) is False

    def test_then_it_is_looked_for_in_sent(self, died, delivery):
        self.lie_in_sent(died)
        outbound.recover(at=NINE + 10 * MINUTE + SECOND)
        assert (delivery().state, fresh(died.ticket).state) == ("sent", "complete")

    def test_and_is_never_sent_again_by_itself(self, died, delivery, tmp_path):
        outbound.recover(at=NINE + 10 * MINUTE + SECOND)
        outbound.recover(at=NINE + HOUR)
        assert (delivery().state, outbound.due(at=NINE + HOUR)) == ("unknown", [])
        assert not (tmp_path / "outgoing").exists()
        assert len(events(died.ticket, "reply.outcome_unknown")) == 1

    def test_a_worker_that_died_before_the_hand_over_has_sent_nothing(self, reply, delivery, tmp_path):
        delivering.claim_try(reply.pk, at=NINE)
        assert outbound.due(at=NINE + MINUTE) == []
        (pk,) = outbound.due(at=NINE + 2 * MINUTE)
        outbound.deliver(pk, at=NINE + 2 * MINUTE)
        assert (delivery().state, len(mails(tmp_path / "outgoing"))) == ("sent", 1)

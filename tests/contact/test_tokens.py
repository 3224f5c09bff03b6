"""A reply that comes back is found again, whatever the server that returned it has kept of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contact.email import outbound
from contact.email.tokens import bounce_address, mark_of, marked
from helpdesk.settings import mail_settings
from tests.support.facts import HOUR, MINUTE
from tests.support.office import riga
from tickets.actions.replying import Reply, reply_to_client
from tickets.models import Delivery, Message

KEY = "a secret"
NINE = riga("2025-11-10 09:00")


class TestMark:
    """E-II.3: a mark names one reply, nobody else can make it, and it survives the ways of the mail."""

    @given(st.integers(1, 2**63 - 1))
    def test_it_is_read_back_in_any_case(self, pk):
        mark = mark_of(pk, KEY)
        assert marked([mark], KEY) == marked([mark.upper()], KEY) == pk

    @pytest.mark.parametrize("text", ["<{}>", "emus+{}@desk.example", "X-Helpdesk-Reply: {}\r\n", "rfc822;emus+{}@d.e"])
    def test_it_is_found_wherever_it_stands(self, text):
        assert marked(["nothing", text.format(mark_of(7, KEY))], KEY) == 7

    def test_another_key_or_another_number_is_no_mark(self):
        mark = mark_of(7, KEY)
        assert marked([mark], "another secret") is None
        assert marked([mark.replace("rep-7-", "rep-8-")], KEY) is None

    @pytest.mark.parametrize("broken", ["x{}", "{}x", "", "rep-7-short", "rep--abcdefghijklmnop"])
    def test_what_only_looks_like_one_is_none(self, broken):
        assert marked([broken.format(mark_of(7, KEY))], KEY) is None

    def test_the_longest_fits_the_local_part_of_an_address(self):
        address = bounce_address("{local}+{mark}@{domain}", mark_of(2**63 - 1, KEY), "emus.atbalsts@desk.example")
        assert len(address.partition("@")[0]) <= 64

    def test_without_a_template_bounces_come_to_the_desk(self):
        assert bounce_address("", mark_of(7, KEY), "emus@desk.example") == "emus@desk.example"


def report(*lines, to="emus@desk.example", original=()):
    """Return a delivery report that lacks our Message-ID, with these lines in its machine-read part."""
    head = [f"To: {to}", "From: MAILER-DAEMON@mx.example", "Subject: Undelivered Mail Returned to Sender"]
    head += ["Message-ID: <report@mx.example>", "Auto-Submitted: auto-replied"]
    head += ['Content-Type: multipart/report; report-type=delivery-status; boundary="b"', ""]
    body = ["--b", "Content-Type: text/plain", "", "It did not arrive.", "--b", "Content-Type: message/delivery-status"]
    body += ["", "Reporting-MTA: dns; mx.example", *lines, "", "Final-Recipient: rfc822; peteris@krumins.example"]
    body += ["Action: failed", "Status: 5.1.1", "", "--b", "Content-Type: text/rfc822-headers", ""]
    return "\r\n".join([*head, *body, *original, "Subject: Re: something", "", "--b--", ""]).encode()


@pytest.mark.django_db
class TestBounceFindsItsMessage:
    """E-II.3: a bounce without the Message-ID of what failed still finds it."""

    @pytest.fixture
    def reply(self, cast, receive):
        message = receive(NINE)
        reply = reply_to_client(message.ticket, Reply("Labdien!", "a" * 32), by=cast.ilze.user, at=NINE)
        outbound.deliver(reply.pk, at=NINE + MINUTE)
        return reply

    @pytest.fixture
    def mark(self, reply, settings):
        return mark_of(reply.pk, settings.SECRET_KEY)

    def state(self):
        return Delivery.objects.get().state

    def test_the_mail_carries_it(self, reply, mark):
        assert outbound.compose(reply).message()["X-Helpdesk-Reply"] == mark

    def test_by_the_returned_header(self, reply, mark, mail_in):
        mail_in(report(original=[f"X-Helpdesk-Reply: {mark}"]), NINE + HOUR)
        assert self.state() == "bounced"
        assert Message.objects.get(kind="automatic").ticket == reply.ticket

    def test_by_the_envelope_s_id(self, reply, mark, mail_in):
        mail_in(report(f"Original-Envelope-Id: {mark}"), NINE + HOUR)
        assert self.state() == "bounced"

    def test_by_the_address_that_it_came_back_to(self, reply, mark, mail_in):
        mail_in(report(to=f"EMUS+{mark.upper()}@desk.example"), NINE + HOUR)
        assert self.state() == "bounced"

    def test_by_what_was_returned_encoded(self, reply, mark, mail_in):
        from base64 import encodebytes

        returned = encodebytes(f"From: emus@desk.example\r\nX-Helpdesk-Reply: {mark}\r\n\r\nLabdien".encode()).decode()
        raw = report().replace(b"Content-Type: text/rfc822-headers\r\n", b"Content-Type: text/rfc822-headers\r\n"
                               b"Content-Transfer-Encoding: base64\r\n").replace(b"Subject: Re: something", returned.encode())  # fmt: skip
        mail_in(raw, NINE + HOUR)
        assert self.state() == "bounced"

    def test_a_forged_mark_finds_nothing(self, reply, mail_in):
        mail_in(report(original=[f"X-Helpdesk-Reply: {mark_of(reply.pk, 'not our key')}"]), NINE + HOUR)
        assert self.state() == "sent"

    def test_another_desk_s_reply_is_not_touched(self, reply, mark, mail_in, cast):
        reply.ticket.__class__.objects.filter(pk=reply.ticket_id).update(desk=cast.other_desk)
        mail_in(report(original=[f"X-Helpdesk-Reply: {mark}"]), NINE + HOUR)
        assert self.state() == "sent"

    def test_a_client_who_repeats_the_mark_in_a_letter_bounces_nothing(self, reply, mark, mail_in):
        from tests.support.letters import mail

        mail_in(mail(message_id="<again@krumins.example>", text=f"X-Helpdesk-Reply: {mark}"), NINE + HOUR)
        assert self.state() == "sent"

    def test_an_automatic_answer_to_that_address_joins_its_ticket_and_bounces_nothing(self, reply, mark, mail_in):
        from tests.support.letters import mail

        away = mail(message_id="<away@krumins.example>", to=f"emus+{mark}@desk.example", Auto_Submitted="auto-replied")
        mail_in(away, NINE + HOUR)
        assert (self.state(), Message.objects.get(kind="automatic").ticket) == ("sent", reply.ticket)


@pytest.mark.django_db
@pytest.mark.servers
class TestEnvelope:
    """E-II.3: without any setting the desk's own address is the envelope's sender; the mark travels beside it."""

    @pytest.fixture
    def sent(self, smtp, settings, cast, receive):
        def sent(template=""):
            settings.CLIENT_MAIL, settings.BOUNCE_ADDRESS = mail_settings("EMAIL_URL", smtp.url), template
            reply = reply_to_client(receive(NINE).ticket, Reply("Labdien!", "a" * 32), by=cast.ilze.user, at=NINE)
            outbound.deliver(reply.pk, at=NINE)
            (mail,) = smtp.mails()
            return mail, mark_of(reply.pk, settings.SECRET_KEY)

        return sent

    def test_by_default(self, sent):
        mail, mark = sent()
        assert (mail.envelope_from, mail["From"], mail["X-Helpdesk-Reply"]) == (
            "emus@desk.example", "EMUS atbalsts <emus@desk.example>", mark,
        )  # fmt: skip

    def test_the_server_that_reports_is_given_the_mark_as_the_envelope_s_id(self, sent, smtp):
        smtp.behave(dsn=True)
        mail, mark = sent()
        assert mail.envelope_options == [f"ENVID={mark.upper()}", "RET=HDRS"]  # aiosmtpd keeps them in capitals

    def test_where_the_mailbox_takes_such_addresses(self, sent):
        mail, mark = sent("{local}+{mark}@{domain}")
        assert mail.envelope_from == f"emus+{mark}@desk.example"
        assert mail["From"] == "EMUS atbalsts <emus@desk.example>"

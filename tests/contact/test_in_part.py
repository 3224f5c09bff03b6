"""A reply to several that reached only some: recorded, told, and a promise is kept only by what reaches a client."""

import pytest

from contact.email import outbound
from escalation.models import Alert
from helpdesk.settings import mail_settings
from tests.support.facts import HOUR, MINUTE, deadline, events, fresh, last_event
from tests.support.letters import report
from tests.support.office import riga
from tickets.actions import delivering
from tickets.actions.delivering import NotWaiting
from tickets.actions.replying import Reply, reply_to_client
from tickets.models import Delivery

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

NINE = riga("2025-11-10 09:00")
PETERIS = "peteris@krumins.example"
REFUSED, LATER = "refuse-jana@krumins.example", "later-jana@krumins.example"


@pytest.fixture
def letter(cast, receive, smtp, settings):
    settings.CLIENT_MAIL = mail_settings("EMAIL_URL", smtp.url)
    return receive(NINE, cc=(REFUSED, LATER, "kolega@krumins.example"))


@pytest.fixture
def write(letter, ilze):
    """Return a function that has the letter answered and carries the answer to the mail server."""

    def write(to=(PETERIS,), cc=(), *, text="Labdien!", key="a" * 32, at=NINE, **more):
        reply = reply_to_client(letter.ticket, Reply(text, key, to=to, cc=cc, **more), by=ilze, at=at)
        outbound.deliver(reply.pk, at=at + MINUTE)
        return reply

    return write


def delivery(reply):
    return Delivery.objects.get(message=reply)


def told():
    return [one.trigger for one in Alert.objects.order_by("pk")]


class TestTheServerTakesSome:
    """E-II.3: refused recipients are told of; the client has the answer, so the promise is kept."""

    @pytest.mark.parametrize(("bad", "code"), [(REFUSED, "550"), (LATER, "451")])
    def test_it_is_sent_and_the_others_are_recorded_with_the_server_s_words(self, write, letter, bad, code):
        reply = write(cc=(bad,))
        assert delivery(reply).state == "sent"
        assert list(delivery(reply).failed) == [bad]
        assert delivery(reply).failed[bad].startswith(code)
        assert (deadline(letter, "reply").state, fresh(letter.ticket).state) == ("met", "complete")

    def test_it_is_told_once_and_waits_for_a_person(self, write, letter):
        reply = write(cc=(REFUSED,))
        assert told() == ["reply_refused"]
        assert last_event(letter.ticket, "reply.refused").data["failed"] == [REFUSED]
        assert delivery(reply).asks_at == NINE + MINUTE

    def test_its_copy_is_filed_all_the_same(self, write):
        assert delivery(write(cc=(REFUSED,))).is_filed

    def test_to_the_client_themselves_it_is_no_answer(self, receive, ilze, letter):
        client = receive(NINE, sender_address=REFUSED, cc=(PETERIS,), message_id="<jana@krumins.example>")
        answer = Reply("Labdien!", "b" * 32, to=(REFUSED,), cc=(PETERIS,))
        reply = reply_to_client(client.ticket, answer, order_reason="urgent", by=ilze, at=NINE)
        outbound.deliver(reply.pk, at=NINE + MINUTE)
        assert delivery(reply).state == "refused"
        assert (deadline(client, "reply").state, fresh(client.ticket).state) == ("running", "incomplete")
        assert delivery(reply).is_filed  # it did leave

    def test_sent_again_it_goes_only_to_who_has_yet_to_get_it(self, write, smtp, ilze, letter):
        reply = write(cc=(REFUSED, "kolega@krumins.example"))
        delivering.send_again(reply, by=ilze, at=NINE + HOUR)
        assert deadline(letter, "reply").state == "met"
        outbound.deliver(reply.pk, at=NINE + HOUR)
        # Refused once more: those who have it keep it, and nothing is owed again.
        assert delivery(reply).state == "sent"
        assert [one.envelope_to for one in smtp.mails()] == [[PETERIS, "kolega@krumins.example"]]
        assert (deadline(letter, "reply").state, fresh(letter.ticket).state) == ("met", "complete")

    def test_taken_the_second_time_nobody_is_asked_any_more(self, write, smtp, ilze):
        smtp.behave(refuse="kolega@krumins.example")
        reply = write(cc=("kolega@krumins.example",))
        smtp.behave()
        delivering.send_again(reply, by=ilze, at=NINE + HOUR)
        outbound.deliver(reply.pk, at=NINE + HOUR)
        assert [one.envelope_to for one in smtp.mails()] == [[PETERIS], ["kolega@krumins.example"]]
        assert (delivery(reply).state, delivery(reply).failed, delivery(reply).asks_at) == ("sent", {}, None)

    def test_where_it_takes_nobody_the_reply_is_refused(self, write, smtp):
        smtp.behave(refuse=True)
        reply = write(cc=("kolega@krumins.example",))
        assert (delivery(reply).state, set(delivery(reply).failed)) == ("refused", {PETERIS, "kolega@krumins.example"})


class TestItComesBackFromOne:
    """E-II.3: a later bounce of one of several is recorded and told; the promise stays kept while a client has it."""

    def test_from_a_copy(self, write, letter):
        reply = write(cc=("kolega@krumins.example",))
        delivering.bounce(reply, "5.1.1", failed={"Kolega@krumins.example": "5.1.1"}, at=NINE + HOUR)
        assert (delivery(reply).state, list(delivery(reply).failed)) == ("sent", ["Kolega@krumins.example"])
        assert (deadline(letter, "reply").state, fresh(letter.ticket).state) == ("met", "complete")
        assert told() == ["reply_bounced"]

    def test_from_the_client_though_a_colleague_has_it(self, write, letter):
        reply = write(cc=("kolega@krumins.example",))
        delivering.bounce(reply, "5.1.1", failed={PETERIS: "5.1.1"}, at=NINE + HOUR)
        assert delivery(reply).state == "bounced"
        assert (deadline(letter, "reply").state, fresh(letter.ticket).state) == ("running", "incomplete")

    def test_from_one_after_the_other(self, write, letter, receive):
        receive(NINE, ticket=letter.ticket, sender_address="kolega@krumins.example", message_id="<k@krumins.example>")
        reply = write(to=(PETERIS, "kolega@krumins.example"))
        delivering.bounce(reply, "5.1.1", failed={PETERIS: "5.1.1"}, at=NINE + HOUR)
        assert delivery(reply).state == "sent"
        delivering.bounce(reply, "5.1.1", failed={"kolega@krumins.example": "5.1.1"}, at=NINE + HOUR)
        assert delivery(reply).state == "bounced"

    def test_the_same_bounce_twice_is_told_once(self, write, letter):
        reply = write(cc=("kolega@krumins.example",))
        for hours in (1, 2):
            delivering.bounce(reply, "5.1.1", failed={"kolega@krumins.example": ""}, at=NINE + hours * HOUR)
        assert (told(), len(events(letter.ticket, "reply.bounced"))) == (["reply_bounced"], 1)

    def test_from_an_address_that_it_was_passed_on_to_a_person_decides(self, write, letter):
        reply = write(cc=("kolega@krumins.example",))
        delivering.bounce(reply, "5.1.1", failed={"elsewhere@x.example": "5.1.1"}, at=NINE + HOUR)
        assert (delivery(reply).state, told()) == ("sent", ["reply_bounced"])
        assert not delivering.may_send_again(reply, delivery(reply))

    def test_with_one_recipient_there_is_no_doubt_whose_it_is(self, write, letter):
        reply = write()
        delivering.bounce(reply, "5.1.1", failed={"elsewhere@x.example": "5.1.1"}, at=NINE + HOUR)
        assert delivery(reply).state == "bounced"

    def test_by_mail(self, write, letter, mail_in):
        reply = write(cc=("kolega@krumins.example",))
        raw = report(reply.message_id).replace(b"rfc822; peteris@", b"rfc822; kolega@")
        mail_in(raw, NINE + HOUR)
        assert (delivery(reply).state, list(delivery(reply).failed)) == ("sent", ["kolega@krumins.example"])

    def test_what_comes_back_did_leave(self, write, letter, smtp):
        smtp.behave(drop=True)
        reply = write(cc=("kolega@krumins.example",))
        assert delivery(reply).state == "unknown"
        delivering.bounce(reply, "5.1.1", failed={"kolega@krumins.example": "5.1.1"}, at=NINE + HOUR)
        assert (delivery(reply).state, deadline(letter, "reply").met_at) == ("sent", NINE)


class TestKnowing:
    """E-II.3: a person who knows and does no more says so; a later reply settles it too."""

    def test_noted_it_asks_no_more(self, write, ilze, letter):
        reply = write(cc=(REFUSED,))
        delivering.note_seen(reply, by=ilze, at=NINE + HOUR)
        assert delivery(reply).asks_at is None
        assert last_event(letter.ticket, "reply.failure_seen").by == ilze
        with pytest.raises(NotWaiting):
            delivering.note_seen(reply, by=ilze, at=NINE + HOUR)

    def test_one_of_unknown_outcome_must_be_decided(self, write, smtp, ilze):
        smtp.behave(drop=True)
        with pytest.raises(NotWaiting):
            delivering.note_seen(write(), by=ilze, at=NINE + HOUR)

    def test_a_later_reply_that_went_out_settles_the_earlier_failure(self, write):
        failed = write(cc=(REFUSED,))
        write(text="Vēlreiz.", key="b" * 32, at=NINE + HOUR)
        assert delivery(failed).asks_at is None

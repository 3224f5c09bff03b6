"""Who a letter goes to: shown, chosen, and asked about once more where an address is new to the ticket."""

import uuid

import pytest

from tests.support.facts import MINUTE, events, fresh
from tickets.actions.replying import ClientLeftOut, NewAddress, OwnAddress
from tickets.models import Delivery, Message
from tickets.people import answer_to, is_own, once, others_on, people_on

pytestmark = pytest.mark.django_db

DESK = "emus@desk.example"
PETERIS, ANNA, JANIS = "peteris@krumins.example", "anna@krumins.example", "janis@berzins.example"
TYPED = "Labdien! Tas ir rakstīts ilgi."


def said(**facts):
    return Message(**{"kind": "incoming", "sender_address": PETERIS, **facts})


class TestWhomAnAnswerGoesTo:
    """E-I.6: the sender, or where they ask to be answered; "reply to all" adds the others, without us, each once."""

    @pytest.mark.parametrize(
        ("reply_to", "expected"),
        [([], [PETERIS]), ([ANNA], [ANNA]), ([DESK], [PETERIS]), ([ANNA, DESK, JANIS], [ANNA, JANIS])],
    )
    def test_to(self, reply_to, expected):
        assert answer_to(said(reply_to=reply_to), DESK) == expected

    def test_all(self):
        letter = said(to=[DESK.upper(), ANNA, "ANNA@krumins.example"], cc=[JANIS, PETERIS, "emus+b.x@desk.example"])
        assert others_on(letter, DESK) == [ANNA, JANIS]

    def test_the_sender_who_asks_to_be_answered_elsewhere_is_not_added_behind_their_back(self):
        assert others_on(said(reply_to=[ANNA], to=[DESK], cc=[PETERIS, ANNA]), DESK) == []

    @pytest.mark.parametrize(
        ("address", "expected"),
        [
            ("Emus@Desk.example", True),
            ("emus+b.1@desk.example", True),
            ("emus@other.example", False),
            ("emu@desk.example", False),
            ("nonsense", False),
        ],
    )
    def test_the_desk_knows_itself(self, address, expected):
        assert is_own(address, DESK) is expected

    def test_each_once_as_first_written(self):
        assert once(["A@x.example", " b@x.example ", "a@X.example", ""]) == ["A@x.example", "b@x.example"]

    def test_everybody_on_the_ticket_with_the_name_they_gave(self):
        letters = [
            said(sender_name="Pēteris", to=[DESK, JANIS]),
            said(kind="outgoing", sender_address=DESK, to=[PETERIS]),
            said(sender_address=ANNA, sender_name="Anna"),
            said(kind="automatic", sender_address="mailer-daemon@mx.example", to=["nobody@x.example"]),
        ]
        found = [(one.address, one.name, one.wrote) for one in people_on(letters, DESK)]
        assert found == [(PETERIS, "Pēteris", True), (ANNA, "Anna", True), (JANIS, "", False)]


class TestSending:
    """E-I.6: a reply leaves to the addresses that were shown, and to no others."""

    def test_to_and_copy_as_chosen(self, receive, answer, nine, cast):
        letter = receive(nine, to=(DESK, ANNA), cc=(JANIS,))
        reply = answer(letter.ticket, to=(PETERIS, ANNA), cc=(JANIS, "PETERIS@krumins.example"))
        assert (reply.to, reply.cc) == ([PETERIS, ANNA], [JANIS])

    def test_where_the_client_asks_to_be_answered(self, receive, answer, nine, cast):
        letter = receive(nine, reply_to=(ANNA,), cc=(ANNA,))
        assert answer(letter.ticket).to == [ANNA]

    def test_the_copy_reaches_the_mail(self, receive, answer, nine, cast, outgoing):
        answer(receive(nine, cc=(JANIS,)).ticket, cc=(JANIS,), sent=True)
        (mail,) = outgoing()
        assert (mail["To"], mail["Cc"]) == (PETERIS, JANIS)


class TestNewAddress:
    """E-I.6: an address that was never on the ticket is asked about once more."""

    @pytest.mark.parametrize("where", ["to", "cc"])
    def test_it_is_refused_by_name_and_nothing_is_sent(self, ticket, answer, where):
        with pytest.raises(NewAddress) as refused:
            answer(ticket, **{"to": (PETERIS,), where: (PETERIS, JANIS)})
        assert (refused.value.code, refused.value.fresh) == ("new_address", [JANIS])
        assert Delivery.objects.count() == 0

    def test_confirmed_it_is_sent(self, ticket, answer):
        assert answer(ticket, cc=(JANIS,), confirmed=(JANIS.upper(),)).cc == [JANIS]

    def test_another_than_the_confirmed_one_is_asked_about_again(self, ticket, answer):
        with pytest.raises(NewAddress) as refused:
            answer(ticket, cc=(ANNA,), confirmed=(JANIS,))
        assert refused.value.fresh == [ANNA]

    @pytest.mark.parametrize("field", ["to", "cc", "sender_address"])
    def test_one_that_was_on_any_letter_is_known(self, ticket, receive, answer, nine, field):
        letter = {"sender_address": JANIS} if field == "sender_address" else {field: (JANIS,)}
        receive(nine + MINUTE, ticket=ticket, message_id="<second@x.example>", **letter)
        assert answer(ticket, nine + MINUTE, to=(PETERIS,), cc=(JANIS,)).cc == [JANIS]

    def test_once_written_to_it_is_known(self, ticket, answer, nine):
        answer(ticket, cc=(JANIS,), confirmed=(JANIS,))
        assert answer(ticket, nine + MINUTE, key="b" * 32, cc=(JANIS,)).cc == [JANIS]

    def test_where_a_letter_asks_to_be_answered_is_new_until_somebody_has_looked(self, receive, answer, nine, cast):
        # A forged letter may bear the client's name and have the answer sent elsewhere.
        with pytest.raises(NewAddress):
            answer(receive(nine, reply_to=("evil@x.example",)).ticket)

    @pytest.mark.parametrize("own", [DESK, "EMUS@desk.example", "emus+b.1@desk.example"])
    def test_the_desk_does_not_write_to_itself(self, ticket, answer, own):
        with pytest.raises(OwnAddress):
            answer(ticket, cc=(own,), confirmed=(own,))

    def test_a_substantive_answer_that_leaves_the_client_out_is_none(self, ticket, answer):
        with pytest.raises(ClientLeftOut) as refused:
            answer(ticket, to=(JANIS,), confirmed=(JANIS,))
        assert PETERIS in str(refused.value)
        assert answer(ticket, to=(JANIS,), confirmed=(JANIS,), is_substantive=False).to == [JANIS]


class TestComposer:
    """E-I.6: the form shows each address, keeps what was typed, and works without scripts."""

    @pytest.fixture
    def letter(self, receive, nine, cast):
        return receive(nine, to=(DESK, ANNA), cc=(JANIS,))

    @pytest.fixture
    def post(self, browse, letter):
        def post(**changes):
            form = {"text": TYPED, "is_substantive": "on", "key": str(uuid.UUID(int=1)), "chosen": "1", **changes}
            return browse().post(f"/tickets/{letter.ticket.number}/replies/", form)

        return post

    def test_the_client_is_ticked_and_the_others_are_offered(self, browse, letter):
        composer = browse().get(f"/tickets/{letter.ticket.number}/").context["composer"]
        assert [(one.address, one.name, one.is_ticked) for one in composer.to] == [(PETERIS, "Pēteris Krūmiņš", True)]
        assert [(one.address, one.is_ticked) for one in composer.cc] == [(ANNA, False), (JANIS, False)]
        assert composer.has_others
        assert [one.address for one in composer.people] == [PETERIS, ANNA, JANIS]

    def test_what_is_ticked_is_sent_to(self, post):
        assert post(to=[PETERIS], cc=[ANNA, JANIS]).status_code == 302
        reply = Message.objects.get(kind="outgoing")
        assert (reply.to, reply.cc) == ([PETERIS], [ANNA, JANIS])

    def test_typed_addresses_are_read_with_their_names(self, post, letter):
        typed = "Kāds <kads@x.example>;\r\notrs@x.example, "
        answer = post(to=[PETERIS], add_cc=typed, confirmed=["kads@x.example", "otrs@x.example"])
        assert answer.status_code == 302
        assert Message.objects.get(kind="outgoing").cc == ["kads@x.example", "otrs@x.example"]

    def test_a_new_one_comes_back_with_its_name_a_button_and_the_text(self, post):
        answer = post(to=[PETERIS], add_to="jauns@x.example")
        page = answer.content.decode()
        assert (answer.status_code, TYPED in page) == (422, True)
        assert answer.context["fresh"].fresh == ["jauns@x.example"]
        assert '<input type="hidden" name="confirmed" value="jauns@x.example">' in page
        (added,) = [one for one in answer.context["composer"].to if one.address == "jauns@x.example"]
        assert (added.is_ticked, added.is_new) == (True, True)
        assert post(to=[PETERIS, "jauns@x.example"], confirmed=["jauns@x.example"]).status_code == 302

    def test_asked_about_a_question_the_button_still_asks(self, post, letter):
        answer = post(to=[PETERIS], add_cc="jauns@x.example", ask="1", resume_on="2025-11-20")
        assert answer.content.decode().count('type="submit" name="ask" value="1"') == 2

    @pytest.mark.parametrize("wrong", ["nav adrese", "a@", "@b.example", "a b@c.example", "a@b.example>"])
    def test_what_is_no_address_is_said_so_and_kept(self, post, wrong):
        answer = post(to=[PETERIS], add_cc=wrong)
        assert (answer.status_code, TYPED in answer.content.decode()) == (422, True)
        form = answer.context["reply_form"]
        assert (form.typed["cc"], len(form.wrong_addresses["cc"])) == (wrong, 1)
        assert Delivery.objects.count() == 0

    def test_nobody_ticked_is_refused(self, post):
        answer = post()
        assert (answer.status_code, bool(answer.context["reply_form"].errors["to"])) == (422, True)

    def test_a_refused_letter_keeps_what_was_ticked(self, post):
        composer = post(to=[PETERIS], cc=[JANIS], text="").context["composer"]
        assert [(one.address, one.is_ticked) for one in composer.cc] == [(ANNA, False), (JANIS, True)]

    def test_what_a_client_calls_themselves_is_never_markup(self, browse, receive, nine):
        evil = "<script>alert(1)</script>"
        ticket = receive(nine, sender_address="evil@x.example", sender_name=evil, message_id="<evil@x.example>").ticket
        assert evil not in browse().get(f"/tickets/{ticket.number}/").content.decode()

    def test_nothing_of_this_changes_the_ticket_until_it_is_sent(self, post, letter):
        post(to=[PETERIS], add_to="jauns@x.example")
        assert (fresh(letter.ticket).state, events(letter.ticket, "reply.queued")) == ("unprocessed", [])

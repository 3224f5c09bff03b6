"""The reply check beside the composer, and at sending for whom no script shows it."""

import uuid

import pytest

from tests.support.facts import events
from tickets.actions.replying import IdentityCodeUnconfirmed
from tickets.models import Message

pytestmark = pytest.mark.django_db
PLAIN = "Labdien!\n\nPārbaudiet, lūdzu, 4. sadaļu."
ADVISED = "Pielikumā nosūtām paraugu."  # no greeting, and nothing is attached
CODED = "Labdien!\n\nPersonas kods 010190-12345 ir reģistrēts."


@pytest.fixture
def send(browse, message):
    """Return a function that posts the composer of the ticket as its page shows it."""

    def send(text, **more):
        posted = {"text": text, "is_substantive": "on", "key": str(uuid.uuid4()), "shows_check": "1", **more}
        return browse().post(f"/tickets/{message.ticket.number}/replies/", posted)

    return send


def codes(answer):
    return [row.code for row in answer.context["look"].rows]


def sent():
    return Message.objects.filter(kind="outgoing")


class TestAtSending:
    """E-I.5: what was found is shown before the letter leaves; advice does not stand in the way."""

    def test_nothing_found_leaves_at_once(self, send):
        assert send(PLAIN).status_code == 302
        assert sent().exists()

    def test_what_was_not_shown_yet_is_shown_first_and_the_words_stay(self, send):
        answer = send(ADVISED)
        assert (answer.status_code, sent().exists()) == (422, False)
        assert codes(answer) == ["attachment_missing", "greeting_missing"]
        assert ADVISED in answer.content.decode()

    def test_what_was_shown_does_not_stand_in_the_way(self, send):
        shown = [row.key for row in send(ADVISED).context["look"].rows]
        assert send(ADVISED, looked=shown).status_code == 302

    def test_a_file_answers_the_missing_attachment(self, send, tmp_path):
        path = tmp_path / "paraugs.txt"
        path.write_text("paraugs")
        with path.open("rb") as file:
            assert codes(send(ADVISED, attachments=file)) == ["greeting_missing"]

    def test_the_button_shows_and_does_not_send(self, send):
        answer = send(PLAIN, check="1")
        assert (answer.status_code, codes(answer), sent().exists()) == (200, [], False)

    def test_what_the_client_wrote_needs_no_explanation(self, send, receive, half_past, message):
        receive(
            half_past, ticket=message.ticket, text="Kas ir XYZ?", reply="Kas ir XYZ?", message_id="<second@x.example>"
        )
        assert codes(send("Labdien!\n\nXYZ ir nosaukums.", check="1")) == []


class TestIdentityCodes:
    """E-I.4, E-I.5: a personal identity code leaves only when its writer has confirmed it; that is recorded."""

    def test_it_asks_for_a_confirmation_even_where_it_was_shown(self, send):
        answer = send(CODED, looked=["identity_code"])
        assert (answer.status_code, sent().exists()) == (422, False)
        assert 'name="codes_confirmed"' in answer.content.decode()

    def test_confirmed_it_leaves_and_that_stays_to_be_seen(self, send, message):
        assert send(CODED, looked=["identity_code"], codes_confirmed="on").status_code == 302
        assert events(message.ticket, "reply.queued")[-1].data["codes_confirmed"] is True

    def test_a_letter_without_one_records_nothing_of_it(self, send, message):
        send(PLAIN, codes_confirmed="on")
        assert "codes_confirmed" not in events(message.ticket, "reply.queued")[-1].data

    def test_it_is_the_action_that_refuses(self, answer, ticket):
        with pytest.raises(IdentityCodeUnconfirmed):
            answer(ticket, text=CODED)
        assert answer(ticket, text=CODED, codes_confirmed=True).reply == CODED

    def test_one_in_the_subject_asks_too(self, receive, nine, answer, cast):
        letter = receive(nine, subject="Par 010190-12345")
        with pytest.raises(IdentityCodeUnconfirmed):
            answer(letter.ticket)


class TestWhileWriting:
    """E-I.5: the findings stand beside the text as it is written."""

    def look(self, browser, ticket, text, **more):
        return browser.post(f"/tickets/{ticket.number}/reply-check/", {"text": text, **more}, HTTP_HX_REQUEST="true")

    def test_places_are_told_so_that_they_can_be_shown(self, browse, ticket):
        answer = self.look(browse(), ticket, ADVISED)
        assert codes(answer) == ["attachment_missing", "greeting_missing"]
        assert f'data-select="0 {len(ADVISED)}"' in answer.content.decode()

    def test_names_of_files_count(self, browse, ticket):
        assert codes(self.look(browse(), ticket, ADVISED, names=["paraugs.pdf"])) == ["greeting_missing"]

    def test_a_notice_owes_a_date(self, browse, ticket):
        words = "Labdien!\n\nJautājumu nodevām kolēģim."
        assert codes(self.look(browse(), ticket, words)) == []
        assert codes(self.look(browse(), ticket, words, is_notice="1")) == ["promised_date_missing"]

    def test_a_confirmation_survives_the_next_look(self, browse, ticket):
        answer = self.look(browse(), ticket, CODED, codes_confirmed="on")
        assert answer.context["look"].is_confirmed

    def test_an_outsider_s_ticket_is_not_there(self, browse, ticket):
        assert self.look(browse("otto"), ticket, PLAIN).status_code == 404

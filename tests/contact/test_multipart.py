"""A reply as a client's mail program gets it, by way of a real mail server, read back by our own parser."""

from email import message_from_bytes, policy

import pytest

from contact.email import outbound
from contact.email.parse import parse
from helpdesk.settings import mail_settings
from tests.support.facts import MINUTE
from tests.support.office import riga
from tickets.actions.receiving import File
from tickets.actions.replying import Reply, reply_to_client

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

NINE = riga("2025-11-10 09:00")
WORDS = "Labdien!\n\nSkatiet https://emus.example/palidziba?a=1&b=2 un 4. sadaļu.\nOtrā rinda: <b>2 < 3</b> & viss."
ASKED = "Kopsumma nesakrīt: <img src=x onerror=alert(1)> http://evil.example/x\n\nKo darīt?"
EVIL = 'Pēteris "<script>" Krūmiņš'


@pytest.fixture
def send(smtp, settings, cast, receive):
    """Return a function that has a letter answered and gives the answer as the server took it, and as parsed."""

    def send(files=(), to=(), cc=(), **letter):
        settings.CLIENT_MAIL = mail_settings("EMAIL_URL", smtp.url)
        message = receive(NINE, **{"text": ASKED, "reply": ASKED, "sender_name": EVIL, **letter})
        written = Reply(WORDS, "a" * 32, to=to, cc=cc, files=files)
        reply = reply_to_client(message.ticket, written, by=cast.ilze.user, at=NINE + MINUTE)
        outbound.deliver(reply.pk, at=NINE + MINUTE)
        raw = (smtp.folder / "00001.eml").read_bytes()
        return raw, parse(raw), reply

    return send


class TestBothForms:
    """E-I.6: the reply is text and HTML, the same words in both, with the client's letter below as history."""

    def test_the_parts_are_what_mail_programs_expect(self, send):
        raw, _, _ = send(files=(File("pārskats.pdf", "application/pdf", b"%PDF-1.7"),))
        mail = message_from_bytes(raw, policy=policy.default)
        assert [part.get_content_type() for part in mail.walk()] == [
            "multipart/mixed", "multipart/alternative", "text/plain", "text/html", "application/pdf",
        ]  # fmt: skip

    def test_without_files_there_is_no_mixed_part(self, send):
        raw, _, _ = send()
        mail = message_from_bytes(raw, policy=policy.default)
        assert [part.get_content_type() for part in mail.walk()] == ["multipart/alternative", "text/plain", "text/html"]

    def test_the_text_is_words_signature_and_history_in_this_order(self, send):
        _, parsed, reply = send()
        assert parsed.text == (
            f"{WORDS}\n\n"
            "Ar cieņu\nIlze Kalnciema, IS administratore\n"
            "Maksātnespējas kontroles dienests, tālr. +371 2000 0001, emus@desk.example\n\n"
            f"10.11.2025. plkst. 9.00 {EVIL} <peteris@krumins.example> rakstīja:\n"
            "> Kopsumma nesakrīt: <img src=x onerror=alert(1)> http://evil.example/x\n>\n> Ko darīt?"
        )

    def test_our_own_parser_takes_the_history_off_again(self, send):
        _, parsed, reply = send()
        assert parsed.reply == reply.text.strip()

    def test_the_html_says_the_same_with_links_to_follow(self, send):
        raw, _, _ = send()
        html = message_from_bytes(raw, policy=policy.default).get_body(("html",)).get_content()
        assert "<p>Labdien!</p>" in html
        assert '<a href="https://emus.example/palidziba?a=1&amp;b=2">' in html
        assert "4. sadaļu.<br>Otrā rinda: &lt;b&gt;2 &lt; 3&lt;/b&gt; &amp; viss.</p>" in html
        assert "<br>Ilze Kalnciema, IS administratore<br>" in html
        assert html.index("Ilze Kalnciema") < html.index("rakstīja:") < html.index("Ko darīt?")

    def test_the_clients_words_are_words_and_nothing_is_fetched(self, send):
        raw, _, _ = send()
        html = message_from_bytes(raw, policy=policy.default).get_body(("html",)).get_content().lower()
        assert "<script" not in html
        assert "<img" not in html
        assert "src=" not in html.replace("src=x", "")
        assert 'href="http://evil' not in html
        assert "url(" not in html

    def test_a_letter_without_words_makes_no_history(self, send):
        _, parsed, reply = send(text="", reply="")
        assert parsed.text == reply.text.strip()

    def test_a_very_long_letter_is_not_repeated_whole(self, send):
        _, parsed, _ = send(text="x" * 100_000, reply="x" * 100_000)
        assert len(parsed.text) < 21_000


class TestThread:
    """E-I.6: References is whole, in order, and legal however long."""

    def legal(self, raw):
        head = raw.partition(b"\r\n\r\n")[0]
        return max(len(line) for line in head.split(b"\r\n")) <= 998

    def test_every_id_of_a_long_thread_in_order(self, send):
        ids = tuple(f"<{'x' * 60}{number:03}@long.example>" for number in range(199))
        raw, parsed, _ = send(references=ids)
        assert parsed.references == (*ids, "<first@krumins.example>")
        assert self.legal(raw)

    def test_a_program_that_names_only_what_it_answers(self, send):
        _, parsed, _ = send(in_reply_to="<root@krumins.example>")
        assert parsed.references == ("<root@krumins.example>", "<first@krumins.example>")

    def test_an_id_that_fits_no_line_is_left_out(self, send):
        raw, parsed, _ = send(message_id=f"<{'y' * 980}@x.example>", references=("<root@x.example>",))
        assert (parsed.in_reply_to, parsed.references) == ("", ("<root@x.example>",))
        assert self.legal(raw)

    def test_ids_of_any_length_up_to_that_stay_legal(self, send):
        raw, parsed, _ = send(message_id=f"<{'y' * 880}@x.example>", references=(f"<{'z' * 880}@x.example>",))
        assert len(parsed.references) == 2
        assert parsed.in_reply_to == parsed.references[1]
        assert self.legal(raw)

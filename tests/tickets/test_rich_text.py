"""What is written in the editor: cleaned, told as text, and sent as both."""

import uuid

import pytest

from tickets.models import Message
from tickets.rich_text import clean_written, plain_of

FORMED = (
    "<p>Labdien!</p><p></p><p>Dariet <strong>tā</strong>:</p><ol><li>atveriet</li><li>saglabājiet</li></ol>"
    '<ul><li>vai <a href="https://emus.example/x">šeit</a></li></ul><p>Skatiet https://emus.example</p>'
)
PLAIN = "Labdien!\n\nDariet tā:\n1. atveriet\n2. saglabājiet\n- vai šeit (https://emus.example/x)\nSkatiet https://emus.example"


class TestCleaning:
    """E-I.4: only the editor's own marks of form leave, whatever came by pasting."""

    @pytest.mark.parametrize(
        ("html", "cleaned"),
        [
            ("<p>a<script>b()</script><strong>c</strong></p>", "<p>a<strong>c</strong></p>"),
            ('<p onclick="x()" style="color:red" class="MsoNormal"><em>a</em></p>', "<p><em>a</em></p>"),
            ('<p><a href="javascript:x()">a</a></p>', "<p><a>a</a></p>"),
            ('<p><a href="https://a.example" target="_top">a</a></p>', '<p><a href="https://a.example">a</a></p>'),
            ('<p><img src="https://a.example/p.png"><strong>a</strong></p>', "<p><strong>a</strong></p>"),
            ("<table><tr><td><u>a</u></td></tr></table>", "<u>a</u>"),
            ("<p><strong>a&nbsp;b</strong></p><p></p>", "<p><strong>a b</strong></p><p><br></p>"),
        ],
    )
    def test_case(self, html, cleaned):
        assert clean_written(html) == cleaned

    @pytest.mark.parametrize("html", ["", "   ", "<p>Labdien!</p><p></p><p>a<br>b</p>", "<div>a</div>"])
    def test_lines_of_text_have_no_form(self, html):
        assert clean_written(html) == ""


class TestAsText:
    """E-I.5: whoever reads mail as text reads the same."""

    def test_lists_links_and_empty_lines(self):
        assert plain_of(clean_written(FORMED)) == PLAIN

    @pytest.mark.parametrize(
        ("html", "text"),
        [
            ("<p>a<br>b</p>", "a\nb"),
            ("<blockquote>a</blockquote><p><em>b</em></p>", "> a\nb"),
            ('<p><a href="mailto:a@b.example">a@b.example</a></p>', "a@b.example"),
            ("<p>1 &lt; 2 &amp; <strong>3</strong></p>", "1 < 2 & 3"),
            ("<strong>bez rindkopas</strong>", "bez rindkopas"),
            ("<p><strong>a</strong></p><p><br></p><p><br></p><p>b</p>", "a\n\n\nb"),
        ],
    )
    def test_case(self, html, text):
        assert plain_of(html) == text


@pytest.mark.django_db
class TestSending:
    """E-I.6: the letter leaves as text and as HTML, signed in both."""

    @pytest.fixture
    def send(self, browse, ticket):
        def send(**more):
            posted = {"text": "rakstīts", "is_substantive": "on", "key": str(uuid.uuid4()), **more}
            browse().post(f"/tickets/{ticket.number}/replies/", posted)
            return Message.objects.get(kind="outgoing")

        return send

    def test_the_text_is_what_the_form_says(self, send):
        sent = send(html=FORMED)
        assert sent.reply == PLAIN
        assert "<strong>tā</strong>" in sent.html

    def test_both_parts_leave_signed(self, send, outgoing, nine):
        from contact.email import outbound

        sent = send(html=FORMED)
        outbound.deliver(sent.pk, at=sent.at)
        [mail] = outgoing()
        formed = mail.get_body(("html",)).get_content()
        assert "<li>atveriet</li>" in formed and formed.count("Ilze Kalnciema") == 1
        assert mail.get_body(("plain",)).get_content().replace("\r\n", "\n").startswith(PLAIN)

    def test_without_marks_of_form_it_is_text(self, send):
        assert send(html="<p>rakstīts</p>").html == ""

    def test_taken_back_its_form_returns(self, send, browse, ticket, settings):
        from datetime import timedelta

        settings.UNDO_SPAN = timedelta(seconds=15)
        sent = send(html=FORMED)
        browse().post(f"/tickets/{ticket.number}/messages/{sent.pk}/recall/")
        page = browse().get(f"/tickets/{ticket.number}/?again={sent.pk}")
        assert page.context["reply_form"]["html"].value() == sent.html

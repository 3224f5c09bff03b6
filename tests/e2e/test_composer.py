"""The composer in a real browser: checked as one writes, ready words by the keyboard, files dropped, form kept."""

import pytest
from django.urls import reverse
from django.utils import timezone

from directory.actions import enter_topic
from directory.actions.competences import TopicFacts
from directory.models import User
from knowledge.actions import enter_template, enter_term
from knowledge.actions.wording import TemplateFields, TermFields
from tests.support.office import make_desk, make_employee
from tickets.actions.approving import ask_approval
from tickets.actions.replying import Reply
from tickets.actions.sorting import choose_topic
from tickets.models import Approval, Attachment, Message

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
DROP = """name => {
    const held = new DataTransfer();
    held.items.add(new File(["paraugs"], name, { type: "text/plain" }));
    document.querySelector("form[data-uploads]").dispatchEvent(
        new DragEvent("drop", { dataTransfer: held, bubbles: true, cancelable: true }));
}"""
PASTE = """html => {
    const held = new DataTransfer();
    held.setData("text/html", html);
    held.setData("text/plain", "x");
    document.getElementById("reply").dispatchEvent(
        new ClipboardEvent("paste", { clipboardData: held, bubbles: true, cancelable: true }));
}"""
OF_WORD = (
    "<p class=MsoNormal>Labdien!<o:p></o:p></p><p class=MsoNormal><b>Svarīgi:</b> <font face=Calibri>pielikumā paraugs,"
    " tajā ir blakusprasījums.</font></p>"
)


@pytest.fixture
def ticket(transactional_db):
    from tests.support.office import letter
    from tickets.actions.receiving import receive_message

    now = timezone.now()
    desk = make_desk(round_the_clock=True)
    ilze = make_employee("Ilze Kalnciema", "administrator", desk=desk, position="IS administratore")
    enter_term(desk, TermFields("blakusprasījums", "Procenti un citas summas."), by=ilze.user, at=now)
    enter_template(desk, TemplateFields("Noslēgums", "Ja rodas jautājumi,\nrakstiet mums."), by=ilze.user, at=now)
    return receive_message(desk, letter(), ticket=None, suggested=None, received_at=now, at=now).ticket


@pytest.fixture
def strict(ticket):
    """Return the ticket on a topic that needs the second approval."""
    now = timezone.now()
    topic = enter_topic(ticket.desk, TopicFacts("reports", "Pārskati", "", needs_second_approval=True), by=None, at=now)
    return choose_topic(ticket, topic, by=User.objects.get(), at=now)


@pytest.fixture
def writing(ticket, live_server, make_page, client):
    """Return the ticket's page, signed in as Ilze, the cursor in the reply."""
    page = make_page(viewport={"width": 1440, "height": 900})
    page.goto(f"{live_server.url}/sign-in/")
    page.get_by_label("E-pasts").fill("ilze.kalnciema@office.example")
    page.get_by_label("Parole").fill("parole")
    page.locator("form.stacked [type=submit]").click()
    page.wait_for_url(lambda url: "sign-in" not in url)
    page.goto(live_server.url + reverse("ticket", args=[ticket.number]))
    page.locator("#reply").focus()
    return page


class TestWriting:
    """E-I.5, S-5.2, S-20.1, S-15: what stands beside the text helps, and all of it leaves with the letter."""

    def test_from_a_paste_out_of_word_to_the_letter(self, writing, ticket):
        writing.evaluate(PASTE, OF_WORD)
        finding = writing.locator(".check li[data-code=attachment_missing]")
        finding.wait_for()
        writing.evaluate(DROP, "paraugs.txt")
        writing.locator(".composer__files [name=kept]").wait_for()
        finding.wait_for(state="detached")
        writing.locator(".check [data-insert]").click()
        writing.locator(".check li").wait_for(state="detached")
        writing.locator("#reply").press("Control+End")
        writing.locator("#reply-words").fill("nosl")
        writing.locator("#reply-words").press("Enter")
        writing.locator("#reply p", has_text="rakstiet mums").wait_for()
        writing.locator("#reply").press("Control+Enter")
        writing.wait_for_url("**/queue/")
        sent = Message.objects.get(kind="outgoing")
        explained = "tajā ir blakusprasījums (procenti un citas summas)."
        assert sent.reply == (
            f"Labdien!\nSvarīgi: pielikumā paraugs, {explained}\n\nJa rodas jautājumi,\nrakstiet mums."
        )
        assert "<strong>Svarīgi:</strong>" in sent.html
        assert [one.name for one in Attachment.objects.filter(message=sent)] == ["paraugs.txt"]

    def test_words_and_their_form_survive_a_closed_page_and_leave_with_the_letter(self, writing):
        writing.keyboard.type("Labdien! ")
        writing.locator("[data-format=bold]").click()
        writing.keyboard.type("Gaidiet.")
        writing.reload()
        assert writing.locator("#reply strong").inner_text() == "Gaidiet."
        assert writing.locator("[data-kept]").first.is_visible()
        writing.locator("#reply").press("Control+Enter")
        writing.wait_for_url("**/queue/")
        assert writing.evaluate("Object.keys(localStorage).filter(key => key.startsWith('keep:reply'))") == []

    def test_an_approval_s_words_are_restored_as_they_were_edited(self, writing, strict):
        writing.keyboard.type("Cits teksts")  # kept apart: it is not an edit of what was asked about
        form = "<p>Labdien! <strong>Gaidiet.</strong></p>"
        ask_approval(strict, Reply("Labdien! Gaidiet.", "e" * 32, html=form), by=User.objects.get(), at=timezone.now())
        writing.reload()
        assert writing.locator("#reply").inner_html() == form
        writing.locator("#reply").press("Control+End")
        writing.keyboard.type(" Zvaniet.")
        writing.reload()
        assert writing.locator("#reply").inner_text() == "Labdien! Gaidiet. Zvaniet."
        assert writing.locator("#reply strong").count() == 1
        # Text that has lost its form is restored without it, not with another's.
        writing.evaluate(
            "Object.keys(localStorage).filter(k => k.endsWith('-html')).forEach(k => localStorage.removeItem(k))"
        )
        writing.reload()
        assert writing.locator("#reply").inner_text() == "Labdien! Gaidiet. Zvaniet."
        assert writing.locator("#reply strong").count() == 0

    def test_enter_in_the_date_to_come_back_sends_nothing(self, writing, strict):
        writing.reload()
        writing.locator("#reply").focus()
        writing.keyboard.type("Labdien!")
        writing.locator(".composer__ask summary").click()
        with writing.expect_navigation():
            writing.locator("#reply-resume").press("Enter")
        assert writing.url.endswith("/replies/")
        assert writing.locator("#reply").inner_text() == "Labdien!"
        assert (Message.objects.filter(kind="outgoing").count(), Approval.objects.count()) == (0, 0)

    def test_tab_leads_out_of_the_editor(self, writing):
        writing.keyboard.press("Tab")
        assert writing.evaluate("document.activeElement.id") != "reply"

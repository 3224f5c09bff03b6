"""Forward, draft, send: three people and a mailbox, as they meet it: real servers, workers and browser."""

from datetime import timedelta
from email.message import EmailMessage

import pytest
from django.utils import timezone

from tests.support.processes import wait_until

pytestmark = [pytest.mark.servers, pytest.mark.browser]

OFFICE = """
from django.utils import timezone
from datetime import timedelta
from tests.support.office import make_desk, make_employee
desk = make_desk("emus", round_the_clock=True, starts_at=timezone.now() - timedelta(days=30))
make_employee("Ilze Kalnciema", "administrator", desk=desk, position="IS administratore", phone="+371 2000 0100")
make_employee("Santa Grinvalde", "expert", desk=desk, position="eksperte")
make_employee("Raimonds Straujupe", "deputy_director", desk=desk)
"""
WIDE = {"width": 1440, "height": 900}
WORDS = "Labdien!\n\nPārrēķiniet kopsummas un iesniedziet pārskatu vēlreiz."


def client_mail() -> bytes:
    mail = EmailMessage()
    mail["From"] = "Pēteris Krūmiņš <peteris@krumins.example>"
    mail["To"] = "emus@desk.example"
    mail["Subject"] = "Nesakrīt kopsumma"
    mail["Message-ID"] = "<client-1@krumins.example>"
    mail.set_content("Labdien!\n\nPārskatā nesakrīt kopsumma. Kā rīkoties?\n")
    return mail.as_bytes()


def tab_to(page, selector: str) -> None:
    """Go with Tab, and nothing else, until the element has the focus."""
    for _ in range(120):
        if page.evaluate("chosen => document.activeElement?.matches(chosen) ?? false", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"no way to {selector} by keyboard")


def sign_in(page, stack, email: str) -> None:
    page.goto(f"{stack.url}/sign-in/")
    tab_to(page, "#id_username")
    page.keyboard.type(email)
    tab_to(page, "#id_password")
    page.keyboard.type("parole")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "sign-in" not in url)


@pytest.fixture
def office(make_stack, dovecot, smtp):
    stack = make_stack(
        MAILBOX_URL=dovecot.url, EMAIL_URL=smtp.url, NOTICE_EMAIL_URL=smtp.url, NOTICE_FROM="helpdesk@desk.example"
    )
    stack.python(OFFICE)
    return stack.start()


class TestRelay:
    """E-II.4a to f: the client is told, the colleague drafts, the administrator edits and sends; every promise is kept.

    By keyboard alone (S-25): no step of it needs a mouse.
    """

    def test_the_whole_walk(self, office, dovecot, smtp, make_page):
        dovecot.append(client_mail(), timezone.now() - timedelta(minutes=1))
        office.wait_for_sql("SELECT count(*) FROM tickets_ticket", 1)
        ilze, santa = make_page(viewport=WIDE), make_page(viewport=WIDE)
        sign_in(ilze, office, "ilze.kalnciema@office.example")
        number = self.the_administrator_forwards_by_keyboard(ilze)
        self.the_client_is_told(smtp)
        office.wait_for_sql("SELECT count(*) FROM sla_deadline WHERE kind = 'reply' AND state = 'met'", 1)
        sign_in(santa, office, "santa.grinvalde@office.example")
        self.the_colleague_is_told_and_writes(office, smtp, santa)
        self.her_words_survive_a_closed_browser(office, santa)
        self.she_submits(santa)
        self.the_administrator_edits_and_sends(ilze, number)
        self.the_client_has_two_mails_in_one_thread(smtp)
        self.both_are_filed_in_the_mailbox(dovecot)
        self.every_deadline_is_met_at_its_instant(office)
        self.the_difference_is_shown(ilze, office, number)

    def the_administrator_forwards_by_keyboard(self, page):
        page.wait_for_selector(".ticket-row__subject")
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.wait_for_url("**/tickets/EMUS-*/")
        number = page.url.rstrip("/").rpartition("/")[2]
        page.keyboard.press("f")
        page.wait_for_url("**/forwarding/")
        assert "Jūsu ziņojumu saņēmām" in page.locator("#notice").input_value()
        tab_to(page, "#notice")
        page.keyboard.press("Control+Enter")
        page.wait_for_url(f"**/tickets/{number}/")
        return number

    def the_client_is_told(self, smtp):
        told = wait_until(lambda: self.to_client(smtp), "the interim notice leaves")[0]
        assert told["In-Reply-To"] == "<client-1@krumins.example>"
        assert "Atbildi nosūtīsim līdz" in told.get_body(("plain",)).get_content()

    def to_client(self, smtp):
        return [one for one in smtp.mails() if "krumins" in str(one["To"])]

    def the_colleague_is_told_and_writes(self, office, smtp, page):
        wait_until(lambda: [one for one in smtp.mails() if "santa" in str(one["To"])], "the colleague is told")
        tab_to(page, "a[href='/drafts/']")
        page.keyboard.press("Enter")
        page.wait_for_url("**/drafts/")
        assert "Kā rīkoties?" in page.locator(".ask__text").inner_text()
        tab_to(page, "#draft-text")
        page.keyboard.type(WORDS[:20])
        office.wait_for_sql("SELECT count(*) FROM tickets_draft WHERE revision > 0", 1)

    def her_words_survive_a_closed_browser(self, office, page):
        page.keyboard.type(WORDS[20:])
        page.goto("about:blank")  # before the next saving was due
        page.goto(f"{office.url}/drafts/")
        assert page.locator("#draft-text").input_value() == WORDS
        office.wait_for_sql(f"SELECT count(*) FROM tickets_draft WHERE length(text) = {len(WORDS)}", 1)

    def she_submits(self, page):
        tab_to(page, "#draft-text")
        page.keyboard.press("Control+Enter")
        page.locator(".owed").wait_for()
        page.wait_for_function("!document.querySelector('#draft-form')")

    def the_administrator_edits_and_sends(self, page, number):
        tab_to(page, "a[href='/queue/']")
        page.keyboard.press("Enter")
        page.wait_for_selector(".ticket-row__subject")
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/tickets/{number}/")
        assert page.locator("#reply-text").input_value() == WORDS
        tab_to(page, "#reply")
        page.keyboard.press("Control+End")
        page.keyboard.type(" Ja neizdodas, zvaniet.")
        page.keyboard.press("Control+Enter")
        page.wait_for_url("**/queue/")

    def the_client_has_two_mails_in_one_thread(self, smtp):
        mails = wait_until(
            lambda: self.to_client(smtp) if len(self.to_client(smtp)) == 2 else None, "the answer leaves"
        )
        assert {one["In-Reply-To"] for one in mails} == {"<client-1@krumins.example>"}
        assert {one["References"] for one in mails} == {"<client-1@krumins.example>"}
        text = mails[-1].get_body(("plain",)).get_content()
        assert "Ja neizdodas, zvaniet." in text
        assert "Ilze Kalnciema, IS administratore" in text

    def both_are_filed_in_the_mailbox(self, dovecot):
        wait_until(lambda: len(dovecot.messages("Sent")) == 2, "both copies are filed")

    def every_deadline_is_met_at_its_instant(self, office):
        office.wait_for_sql("SELECT count(*) FROM tickets_ticket WHERE state = 'complete'", 1)
        met = dict(office.sql("SELECT kind, met_at FROM sla_deadline WHERE state = 'met' AND breached_at IS NULL"))
        assert set(met) == {"mark", "reply", "draft", "send_draft", "promised"}
        assert office.sql("SELECT count(*) FROM sla_deadline")[0][0] == 5
        asked, submitted = office.sql("SELECT asked_at, submitted_at FROM tickets_draft")[0]
        sent = office.sql("SELECT at FROM tickets_message WHERE is_substantive")[0][0]
        assert (met["mark"], met["reply"]) == (asked, asked)
        assert (met["draft"], met["send_draft"], met["promised"]) == (submitted, sent, sent)

    def the_difference_is_shown(self, page, office, number):
        page.goto(f"{office.url}/tickets/{number}/")
        tab_to(page, ".entry[data-kind=out] .changes summary")
        page.keyboard.press("Enter")
        assert page.locator(".changes ins").all_inner_texts()[-1].strip() == "Ja neizdodas, zvaniet."

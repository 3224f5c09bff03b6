"""The main job, end to end, as a user meets it: real mailbox, mail server, database, broker, workers and browser."""

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
make_employee("Raimonds Straujupe", "deputy_director", desk=desk)
make_employee("Gunta Abellapa", "director", desk=desk)
"""


def client_mail(subject: str, number: int) -> bytes:
    mail = EmailMessage()
    mail["From"] = "Pēteris Krūmiņš <peteris@krumins.example>"
    mail["To"] = "emus@desk.example"
    mail["Subject"] = subject
    mail["Message-ID"] = f"<client-{number}@krumins.example>"
    mail.set_content("Labdien!\n\nPārskatā nesakrīt kopsumma. Lūdzu, pasakiet, kā rīkoties.\n\nP. Krūmiņš\n")
    return mail.as_bytes()


def sign_in(page, stack, email: str) -> None:
    page.goto(f"{stack.url}/sign-in/")
    page.get_by_label("E-pasts").fill(email)
    page.get_by_label("Parole").fill("parole")
    page.locator("form.stacked [type=submit]").click()
    page.wait_for_url(lambda url: "sign-in" not in url)


@pytest.fixture
def office(make_stack, dovecot, smtp):
    stack = make_stack(
        MAILBOX_URL=dovecot.url, EMAIL_URL=smtp.url, NOTICE_EMAIL_URL=smtp.url, NOTICE_FROM="helpdesk@desk.example"
    )
    stack.python(OFFICE)
    return stack.start()


class TestMainJob:
    """E-II.1a, E-II.3, E-II.5, E-I.6, S-21: a letter becomes a ticket and is answered; one left too long is told of."""

    def test_a_letter_is_answered_in_time_and_a_late_one_reaches_the_deputy_director(
        self, office, dovecot, smtp, make_page
    ):
        arrived = timezone.now() - timedelta(minutes=1)
        dovecot.append(client_mail("Nesakrīt kopsumma", 1), arrived)
        # Three days ago at a desk that is open round the clock: its answer was due at midnight two days ago.
        dovecot.append(client_mail("Gaidu jau trīs dienas", 2), timezone.now() - timedelta(days=3))
        office.wait_for_sql("SELECT count(*) FROM tickets_ticket", 2)

        page = make_page(viewport={"width": 1440, "height": 900})
        sign_in(page, office, "ilze.kalnciema@office.example")
        self.queue_shows_both_in_order_of_receipt(page)
        self.the_deadline_is_explained(page, office)
        self.the_older_one_is_passed_over_with_a_reason_and_answered(page)
        self.the_client_has_the_answer(smtp)
        self.the_mailbox_shows_it(office, dovecot)
        self.the_queue_no_longer_has_it(page, office)
        self.the_deputy_director_knows_of_the_late_one(office, smtp, make_page)

    def queue_shows_both_in_order_of_receipt(self, page):
        page.goto(page.url.partition("/queue")[0].rstrip("/") + "/queue/")
        subjects = page.locator(".ticket-row__subject")
        assert subjects.all_inner_texts() == ["Gaidu jau trīs dienas", "Nesakrīt kopsumma"]
        late, fresh = page.locator(".ticket-row .fuse").all()
        assert late.get_attribute("data-state") == "breached"
        assert fresh.get_attribute("data-state") == "running"

    def the_deadline_is_explained(self, page, office):
        page.get_by_role("link", name="Nesakrīt kopsumma").click()
        page.wait_for_url("**/tickets/EMUS-*/")
        for question in page.get_by_text("Kāpēc šis termiņš?").all():
            question.click()
        text = page.locator(".ticket__side").inner_text()
        assert "darbdiena" in text
        assert "saņemšanas diena neskaitās" in text

    def the_older_one_is_passed_over_with_a_reason_and_answered(self, page):
        page.locator("#reply").fill("Labdien!\n\nLūdzu, pārrēķiniet kopsummas un iesniedziet pārskatu vēlreiz.")
        page.locator("#reply-order").select_option("quick")
        page.get_by_role("button", name="Nosūtīt klientam").click()
        page.wait_for_url("**/queue/")

    def the_client_has_the_answer(self, smtp):
        answer = wait_until(lambda: [one for one in smtp.mails() if "krumins" in str(one["To"])], "the answer leaves")[
            0
        ]
        assert answer["From"].addresses[0].addr_spec == "emus@desk.example"
        assert answer["In-Reply-To"] == "<client-1@krumins.example>"
        assert answer["References"].split() == ["<client-1@krumins.example>"]
        assert answer.envelope_to == ["peteris@krumins.example"]
        text = answer.get_body(("plain",)).get_content().replace("\r\n", "\n")
        assert text.startswith("Labdien!\n\nLūdzu, pārrēķiniet kopsummas")
        assert "Ar cieņu\nIlze Kalnciema, IS administratore\n" in text
        assert "+371 2000 0100" in text

    def the_mailbox_shows_it(self, office, dovecot):
        marked = (
            "SELECT count(*) FROM tickets_message WHERE mark = 'complete' AND kind = 'incoming' AND is_mark_written"
        )
        office.wait_for_sql(marked, 1)
        assert "$EmusComplete" in dovecot.flags("<client-1@krumins.example>")
        assert "\\Seen" not in dovecot.flags("<client-2@krumins.example>")
        wait_until(lambda: dovecot.messages("Sent"), "the copy is filed")
        assert len(dovecot.messages("Sent")) == 1
        met = "SELECT count(*) FROM sla_deadline WHERE state = 'met' AND breached_at IS NULL"
        assert office.sql(met)[0][0] == 2  # mark and reply of the answered letter

    def the_queue_no_longer_has_it(self, page, office):
        page.goto(f"{office.url}/queue/")
        assert page.locator(".ticket-row__subject").all_inner_texts() == ["Gaidu jau trīs dienas"]

    def the_deputy_director_knows_of_the_late_one(self, office, smtp, make_page):
        deputy = "raimonds.straujupe@office.example"
        told = wait_until(lambda: [one for one in smtp.mails() if deputy in str(one["To"])], "the notice leaves")
        assert [one["Subject"].strip() for one in told] == ["1: nokavēti termiņi „apstrāde”, „atbilde”"]
        assert told[0]["From"].addresses[0].addr_spec == "helpdesk@desk.example"

        page = make_page(viewport={"width": 1440, "height": 900})
        sign_in(page, office, deputy)
        assert page.url.endswith("/overdue/")
        assert "Gaidu jau trīs dienas" in page.locator("main").inner_text()
        page.goto(f"{office.url}/notices/")
        waiting = page.get_by_role("button", name="Apstiprināt")
        before = waiting.count()
        assert before == 1  # its processing and its reply, told together
        waiting.first.click()
        page.wait_for_function(
            "n => document.querySelectorAll('form[action*=acknowledgement]').length === n", arg=before - 1
        )
        told_once = "SELECT count(*) FROM (SELECT alert_id, recipient_id FROM escalation_notice GROUP BY 1, 2 HAVING count(*) > 1) AS t"
        assert office.sql(told_once)[0][0] == 0

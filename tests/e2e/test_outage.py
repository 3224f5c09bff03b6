"""A mailbox that goes and comes back, as the office meets it: real servers, processes and browser."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.e2e.test_main_job import OFFICE, sign_in
from tests.e2e.test_pages import LOOKS, demonstration, problems_of  # noqa: F401 (a fixture)
from tests.support.processes import wait_until


@pytest.mark.servers
@pytest.mark.browser
class TestOutage:
    """E-II.2: found by the machine, told by another way than the mailbox, seen on every page, ended by itself."""

    @pytest.fixture
    def office(self, make_stack, dovecot, smtp):
        stack = make_stack(
            MAILBOX_URL=dovecot.url, NOTICE_EMAIL_URL=smtp.url, TNA_SUPPORT_ADDRESS="it@tna.example", EMAIL_URL=smtp.url
        )
        stack.python(OFFICE)
        return stack.start()

    def test_from_the_first_failed_check_to_the_last_word(self, office, dovecot, smtp, make_page):
        office.wait_for_sql("SELECT count(*) > 0 FROM contact_mailboxcheck WHERE error = ''")
        dovecot.stop()
        office.wait_for_sql("SELECT cause FROM escalation_outage WHERE ended_at IS NULL", "connect")
        everybody = {
            "ilze.kalnciema@office.example",
            "raimonds.straujupe@office.example",
            "gunta.abellapa@office.example",
            "it@tna.example",
        }
        wait_until(lambda: everybody <= {str(one["To"]) for one in smtp.mails()}, "everybody is told")
        page = make_page(viewport={"width": 1440, "height": 900})
        sign_in(page, office, "ilze.kalnciema@office.example")
        page.locator(".strip__outage a").click()
        page.wait_for_url("**/outages/1/")
        assert "it@tna.example" in page.locator("main").inner_text()
        office.wait_for_sql("SELECT failed_checks >= 5 FROM escalation_outage")
        dovecot.start()
        office.wait_for_sql("SELECT count(*) FROM escalation_outage WHERE ended_at IS NOT NULL", 1)
        wait_until(lambda: len(smtp.mails()) >= 8, "everybody is told of the end")
        assert sorted(str(one["To"]) for one in smtp.mails()) == sorted([*everybody, *everybody])
        assert office.sql("SELECT count(*) FROM escalation_alert")[0][0] == 2
        page.reload()
        assert page.locator(".strip__outage").count() == 0


@pytest.mark.browser
class TestPages:
    """S-25: the mailbox and the outage can be used by all, in both themes, wide and phone-sized."""

    @pytest.mark.parametrize(("theme", "width"), LOOKS)
    def test_they_break_no_rule(self, demonstration, live_server, make_page, theme, width):  # noqa: F811
        from contact.models import MailboxCheck
        from escalation import outages

        now = timezone.now()
        seen = [now - timedelta(seconds=seconds) for seconds in (20, 40, 60)]
        failure = outages.Failure("mailbox", "login", "[AUTHENTICATIONFAILED] Authentication failed.", seen)
        outage = outages.note_failure(demonstration, failure, at=now)
        MailboxCheck.objects.create(desk=demonstration, at=now - timedelta(hours=20))
        page = make_page(color_scheme=theme, viewport={"width": width, "height": 900})
        page.goto(f"{live_server.url}/sign-in/")
        page.locator("form:has(input[value='ilze@emus.example']) button").click()
        page.wait_for_url(lambda url: "sign-in" not in url)
        wrong = {}
        for path in ("/mailbox/", f"/outages/{outage.pk}/", "/queue/", "/notices/"):
            page.goto(live_server.url + path)
            assert page.locator(".strip__outage").count() == 1
            if problems := problems_of(page):
                wrong[path] = problems
        assert wrong == {}

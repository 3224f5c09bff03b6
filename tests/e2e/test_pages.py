"""Every page of the demonstration in a real browser: accessible, whole at every width, silent in the console."""

from pathlib import Path

import pytest
from django.utils import timezone

from tests.support.processes import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.once]

AXE = (ROOT / "tests/vendor/axe-core/axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
CHECK = "rules => axe.run(document, {runOnly: {type: 'tag', values: rules}})"
LOOKS = [(theme, width) for theme in ("light", "dark") for width in (1440, 390)]
OFFICE_PAGES = ("/notices/", "/profile/", "/outgoing/", "/calendar/2026/", "/calendar/2027/", "/terms/", "/nowhere/")
PEOPLE_PAGES = (
    "/clients/",
    "/clients/new/",
    "/clients/imports/",
    "/competences/",
    "/absences/",
    "/absences/new/",
    "/people/",
)
DIRECTORY_PAGES = ("/people/new/", "/competences/topics/new/", "/competences/orders/new/", "/absences/")
KNOWLEDGE_PAGES = (
    "/knowledge/",
    "/knowledge/articles/new/",
    "/knowledge/templates/",
    "/knowledge/templates/new/",
    "/knowledge/macros/",
    "/knowledge/glossary/",
    "/knowledge/glossary/new/",
    "/knowledge/check/",
)
MANAGER_PAGES = ("/calendar/2026/", "/calendar/2026/days/2026-06-22/", "/calendar/hours/", "/terms/")


@pytest.fixture
def demonstration(transactional_db, settings):
    """The demonstration office, as an embedded start loads it."""
    from contact.demo import office, people

    settings.EMBEDDED = True
    desk = office.load(at=timezone.now())
    people.marker().touch()
    bring_in_a_register()
    return desk


def bring_in_a_register() -> None:
    """Leave two registers: one whose columns wait to be confirmed, one compared, with a row of each fate."""
    from directory.actions import importing

    at = timezone.now()
    text = "Vārds;Uzvārds;E-pasts;Tālrunis\nMadara;Vilkābele;madara.vilkabele@vilkabele-prakse.example;29123456\n"
    text += "Jauna;Persona;jauna@birojs.example;\nBez;Adreses;;\nKārlis;Ežmalis;karlis.ezmalis@ezmalis.example;\n"
    for name in ("gaida.csv", "salidzinats.csv"):
        source = importing.receive_register(name, text.encode("windows-1257"), by=None, at=at)
    importing.compare_register(source, source.fields, "administrator")
    assert list(importing.work(source.pk, at=at))


def problems_of(page) -> list[str]:
    """Return what axe finds wrong, a line a node, and whether the page is wider than the window."""
    page.evaluate(AXE)
    found = page.evaluate(CHECK, RULES)["violations"]
    problems = [f"{one['id']}: {node['html'][:160]}" for one in found for node in one["nodes"]]
    if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
        problems.append("the page is wider than the window")
    return problems


def pages_of_administrator() -> list[str]:
    from contact.models import ReceivedMail
    from directory.models import Client, ClientImport, CompetenceOrder
    from tickets.models import Message, Ticket

    tickets = [f"/tickets/{number}/" for number in Ticket.objects.order_by("pk").values_list("number", flat=True)[:7]]
    mails = [f"/mail/{pk}/" for pk in ReceivedMail.objects.filter(state="unprocessed").values_list("pk", flat=True)]
    replies = Message.objects.filter(kind="outgoing").values_list("ticket__number", "pk")[:1]
    registrations = [f"/tickets/{number}/messages/{pk}/registration/" for number, pk in replies]
    views = [
        f"/queue/?view={view}" for view in ("all", "mine", "unprocessed", "waiting", "overdue", "complete", "junk")
    ]
    one, other = Client.objects.order_by("pk").values_list("pk", flat=True)[:2]
    tickets += [f"/clients/{one}/"]
    tickets += [f"/clients/imports/{pk}/" for pk in ClientImport.objects.order_by("pk").values_list("pk", flat=True)]
    tickets += [f"/competences/orders/{pk}/" for pk in CompetenceOrder.objects.values_list("pk", flat=True)]
    return [
        *(*PEOPLE_PAGES, *views, *tickets, "/mail/", "/mail/?state=history", "/mail/ledger/", "/junk/"),
        *("/drafts/", f"{tickets[0]}forwarding/"),
        *(f"{tickets[0]}breaking-off/", f"{tickets[0]}registration/", *registrations, "/registered/"),
        *(f"{tickets[0]}relations/", *(f"{one}splitting/" for one in tickets[:3]), "/handing-over/?from=1"),
        *(f"/clients/{one}/merging/", f"/clients/{one}/merging/?other={other}"),
        *(*mails, "/overdue/", *OFFICE_PAGES, *KNOWLEDGE_PAGES),
    ]


def number_of_a_late_one() -> str:
    from sla.models import Deadline

    return Deadline.objects.filter(Deadline.late(timezone.now())).values_list("ticket__number", flat=True)[0]


class TestAccessibility:
    """S-25: usable by all, checked by proper tools. WCAG 2.2 AA."""

    @pytest.mark.parametrize(("theme", "width"), LOOKS)
    def test_no_page_breaks_a_rule(self, demonstration, live_server, make_page, theme, width):
        page = make_page(color_scheme=theme, viewport={"width": width, "height": 900})
        said: list[str] = []
        page.on("console", lambda line: said.append(line.text) if line.type == "error" else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        wrong: dict[str, list[str]] = {}

        def look(path: str) -> None:
            page.goto("about:blank")  # what axe made the page before say late is not this one's
            said.clear()
            page.goto(live_server.url + path)
            words = [line for line in said if path != "/nowhere/"]  # before axe, which tries styles of its own
            if problems := [*words, *problems_of(page)]:
                wrong[path] = problems

        look("/sign-in/")
        for email, paths in (
            ("ilze@emus.example", pages_of_administrator()),
            (
                "gunta@emus.example",
                ["/overdue/", "/notices/", f"/tickets/{number_of_a_late_one()}/", *MANAGER_PAGES, *DIRECTORY_PAGES],
            ),
        ):
            page.goto(f"{live_server.url}/sign-in/")
            page.locator(f"form:has(input[value='{email}']) button").click()
            page.wait_for_url(lambda url: "sign-in" not in url)
            for path in paths:
                look(path)
            page.context.clear_cookies()
        assert wrong == {}


class TestTicking:
    """S-21: rows are ticked by the keyboard and in ranges, and nothing that was chosen is swapped away."""

    @pytest.fixture
    def queue(self, demonstration, live_server, page):
        page.goto(f"{live_server.url}/sign-in/")
        page.locator("form:has(input[value='ilze@emus.example']) button").click()
        page.wait_for_url(lambda url: "sign-in" not in url)
        page.goto(f"{live_server.url}/queue/")
        return page

    def test_x_ticks_the_row_and_shift_a_range(self, queue):
        ticks = queue.locator(".ticket-row__tick input")
        assert not queue.locator("#bulk").is_visible()
        queue.keyboard.press("j")
        queue.keyboard.press("x")
        assert queue.locator("[data-bulk-count]").inner_text() == "1"
        ticks.nth(3).click(modifiers=["Shift"])
        count = int(queue.locator("[data-bulk-count]").inner_text())
        assert count == queue.locator(".ticket-row__tick input:checked").count() > 1
        assert problems_of(queue) == []
        queue.locator("#bulk [type=reset]").click()
        assert not queue.locator("#bulk").is_visible()

    def test_enter_in_the_reason_or_on_a_box_does_nothing(self, queue):
        queue.locator(".ticket-row__tick input").first.click()
        queue.keyboard.press("Enter")
        queue.locator("#bulk summary").first.click()
        queue.locator("#bulk-reason").fill("zināšanai")
        queue.keyboard.press("Enter")
        queue.wait_for_timeout(500)
        assert queue.url.endswith("/queue/") and queue.locator("#bulk-reason").input_value() == "zināšanai"

    def test_the_list_stands_still_while_rows_are_ticked(self, queue):
        asked: list[str] = []
        queue.on("request", lambda request: asked.append(request.url) if "/queue/?" in request.url else None)
        queue.locator(".ticket-row__tick input").first.click()
        queue.evaluate("htmx.trigger('body', 'acknowledged')")
        queue.wait_for_timeout(500)
        assert asked == []
        queue.locator("#bulk [type=reset]").click()
        with queue.expect_response(lambda answer: "/queue/?" in answer.url):
            queue.evaluate("htmx.trigger('body', 'acknowledged')")


def test_the_vendored_axe_is_the_one_that_the_readme_names():
    assert "axe v4.14.1" in Path(ROOT / "tests/vendor/axe-core/axe.min.js").read_text()[:200]

"""Letters that attack their reader, in a real browser, as an administrator opens them on the ticket page."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from contact.email.sanitise import clean_html
from tests.suites.payloads import OWN, PUBLIC, aimed
from tests.support.processes import wait_until
from tickets.actions.receiving import File

pytestmark = [pytest.mark.browser, pytest.mark.once]

PNG = b"\x89PNG\r\n\x1a\n"
# A frame holds so many letters: cleaned one by one, shown together.
TOGETHER = 40
OPEN = """() => {
  for (const fold of document.querySelectorAll("details")) fold.open = true;
  for (const frame of document.querySelectorAll("iframe")) frame.loading = "eager";
}"""
ARE_SHOWN = """() => [...document.querySelectorAll("iframe")].every(frame =>
  frame.contentDocument?.URL.includes("/letter/") && frame.contentDocument.readyState === "complete")"""
BARE = """payloads => {
  for (const payload of payloads) {
    const frame = document.createElement("iframe");
    frame.srcdoc = payload;
    document.body.append(frame);
  }
}"""
# What no letter may hold: elements that act or load, handlers, addresses that run, anything that leaves its place.
LEFT = """() => [...document.querySelectorAll("iframe")].flatMap(frame => {
  const active = "script,style,link,meta,base,iframe,object,embed,form,input,button,select,textarea,svg,math,video,audio,template";
  const wrong = [...frame.contentDocument.body.querySelectorAll(active)].map(found => found.outerHTML);
  for (const found of frame.contentDocument.body.querySelectorAll("*")) {
    if ([...found.attributes].some(one => /^on|^hx-|^data-(?!remote-src)/.test(one.name))) wrong.push(found.outerHTML);
    if (found.matches("a[href]") && !/^(https?|mailto):$/.test(found.protocol)) wrong.push(found.outerHTML);
    const style = frame.contentWindow.getComputedStyle(found);
    if (style.position !== "static" || style.backgroundImage !== "none") wrong.push(found.outerHTML);
  }
  return wrong.map(html => html.slice(0, 200));
})"""


class Watch:
    """Everything that a page does which could be the work of a letter."""

    def __init__(self, page, canary: str) -> None:
        self.ran: list[str] = []
        self.asked: list[str] = []
        self.said: list[str] = []
        self.canary = canary
        page.expose_function("ran", lambda: self.ran.append("ran()"))
        page.on("dialog", self._dismiss)
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("console", lambda line: self.said.append(line.text) if line.type == "error" else None)
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("popup", lambda popup: self.ran.append(f"popup {popup.url}"))
        page.on("download", lambda download: self.ran.append(f"download {download.url}"))

    def _dismiss(self, dialog) -> None:
        self.ran.append(f"{dialog.type} {dialog.message}")
        dialog.dismiss()

    def asked_beyond(self, url: str) -> list[str]:
        return [one for one in self.asked if not one.startswith((f"{url}/", "data:"))]


@pytest.fixture
def canary() -> Iterator[ThreadingHTTPServer]:
    """A server that must never be asked; `hits` is what was."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.server.hits.append(self.path)
            self.send_response(200)
            self.end_headers()

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    server.hits = []
    server.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def show(live_server, transactional_db, cast, receive, nine, client, make_page, canary):
    """Return a function that shows letters on one ticket to the administrator and returns the page and its watch."""

    def show(letters: list[dict[str, object]]):
        ticket = None
        for number, changes in enumerate(letters):
            at = nine + timedelta(minutes=number)
            ticket = receive(at, ticket=ticket, message_id=f"<{number}@x.example>", **changes).ticket
        client.force_login(cast.ilze.user)
        page = make_page()
        page.context.add_cookies(
            [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}]
        )
        watch = Watch(page, canary.url)
        address = f"{live_server.url}/tickets/{ticket.number}/"
        page.goto(address)
        page.evaluate(OPEN)
        page.wait_for_function(ARE_SHOWN)
        assert page.locator("iframe").count() == len([one for one in letters if one["html"]])
        page.mouse.move(700, 400)
        assert page.url == address
        return page, watch

    return show


@pytest.fixture
def nine():
    from tests.support.office import riga

    return riga("2025-11-10 09:00")


def gathered(payloads: list[str], canary: str) -> list[dict[str, object]]:
    """Return letters that hold the payloads, each cleaned by itself."""
    cleaned = [f"<div>{clean_html(aimed(payload, canary))}</div>" for payload in payloads]
    return [{"html": "".join(cleaned[first : first + TOGETHER])} for first in range(0, len(cleaned), TOGETHER)]


def is_harmless(page, watch, canary, live_server) -> None:
    assert watch.ran == []
    assert watch.said == []  # a script that the frame's policy had to stop would be told of here
    assert watch.asked_beyond(live_server.url) == []
    assert canary.hits == []
    assert page.evaluate(LEFT) == []


class TestHostileLetters:
    """E-I.4, S-24: nothing that a letter holds runs or loads anything at the person who reads it."""

    @pytest.mark.parametrize("suite", PUBLIC)
    def test_nothing_of_the_public_suites_runs_or_loads(self, show, canary, live_server, suite):
        payloads = PUBLIC[suite]()
        page, watch = show(gathered(payloads, canary.url))
        print(f"{suite}: {len(payloads)} payloads shown in {page.locator('iframe').count()} frames")
        is_harmless(page, watch, canary, live_server)

    def test_nothing_of_our_own_list_does_wherever_it_stands(self, show, canary, live_server):
        attacks = [aimed(payload, canary.url).replace("\x00", "") for payload in OWN]
        page, watch = show(
            [
                {
                    "html": f"{clean_html(aimed(payload, canary.url))}<p>end</p>",
                    **dict.fromkeys(("subject", "text", "reply", "sender_name"), attack),
                    "files": (File(attack[:200], attack[:100], PNG, content_id=attack[:100]),),
                }
                for payload, attack in zip(OWN, attacks, strict=True)
            ]
        )
        print(f"our own list: {len(OWN)} payloads in the letter, its subject, text, sender and file")
        is_harmless(page, watch, canary, live_server)

    def test_the_frame_alone_holds_too_if_the_cleaning_failed(self, show, canary, live_server):
        _, watch = show([{"html": aimed(payload, canary.url).replace("\x00", "")} for payload in OWN])
        assert any("sandbox" in line for line in watch.said)  # they did try
        assert watch.ran == canary.hits == []

    def test_the_watch_sees_what_a_bare_frame_would_do(self, page, canary):
        watch = Watch(page, canary.url)
        page.goto(canary.url)  # under no policy
        page.evaluate(BARE, [aimed(payload, canary.url) for payload in OWN])
        wait_until(
            lambda: page.wait_for_timeout(50) or min(len(watch.ran), len(canary.hits)) > 20, "they run and are loaded"
        )
        print(f"bare frames: {len(watch.ran)} times something ran, {len(canary.hits)} times something was loaded")


class TestFrame:
    """E-I.4: a letter is read whole, and its pictures from elsewhere come when the reader asks, for that letter only."""

    def test_the_frame_is_as_tall_as_a_long_letter(self, show):
        page, _ = show([{"html": "".join(f"<p>{number}</p>" for number in range(500))}])
        tall = "([frame]) => frame.contentDocument.documentElement.scrollHeight"
        frames = page.locator("iframe")
        page.wait_for_function("() => document.querySelector('iframe').clientHeight > 10000")
        assert frames.evaluate_all(tall) == frames.evaluate_all("([frame]) => frame.clientHeight")

    def test_one_that_claims_to_be_endless_scrolls_within_it(self, show):
        page, _ = show([{"html": clean_html('<table><tr><td height="9000000">x</td></tr></table>')}])
        page.wait_for_function("() => document.querySelector('iframe').clientHeight === 30000")

    def test_pictures_are_loaded_when_asked_for_by_that_letter_only(self, show, live_server):
        letters = [clean_html(f'<img src="https://pictures.example/{name}.png">') for name in ("one", "two")]
        page, watch = show([{"html": html} for html in letters])
        assert watch.asked_beyond(live_server.url) == []
        with page.expect_request("https://pictures.example/**") as asked:
            page.locator("[data-asks] a").first.click()
        assert not asked.value.headers.get("referer")
        assert page.locator("[data-asks]").first.is_hidden()
        assert watch.asked_beyond(live_server.url) == ["https://pictures.example/one.png"]

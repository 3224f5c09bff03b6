"""Fixtures over real servers and a real browser. Each test gets servers of its own; what is missing skips the test
(with CI=true: fails it)."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.dovecot import Dovecot
from tests.support.graph import GraphServer
from tests.support.processes import ROOT, needs
from tests.support.smtp import SmtpServer
from tests.support.stack import SETTINGS, Stack

# Playwright's loop runs in the tests' own thread, and Django would take every query for one made inside it.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture
def clock():
    """Stop the clock; `clock.move_to(at)` sets it."""
    from freezegun import freeze_time

    with freeze_time() as stopped:
        yield stopped


@pytest.fixture
def dovecot() -> Iterator[Dovecot]:
    """A running IMAP server with one empty mailbox; `dovecot.url` is its MAILBOX_URL."""
    with Dovecot() as server:
        yield server
        print(server.log())


@pytest.fixture
def graph_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GraphServer]:
    """A running server of Microsoft 365 with one empty mailbox; `graph_server.url` is its MAILBOX_URL."""
    from contact.email import oauth

    oauth._client.cache_clear()
    with GraphServer(tmp_path) as server:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(server.certificate))
        yield server


@pytest.fixture
def smtp(tmp_path: Path) -> Iterator[SmtpServer]:
    """A running mail server; `smtp.url` is its EMAIL_URL, `smtp.mails()` is what it accepted."""
    with SmtpServer(tmp_path / "smtp") as server:
        yield server


@pytest.fixture(scope="session")
def collected_static(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The static files, collected once for all stacks of this process."""
    data = tmp_path_factory.mktemp("static")
    env = {name: value for name, value in os.environ.items() if not name.startswith(SETTINGS)}
    command = [sys.executable, "manage.py", "collectstatic", "--noinput", "-v0"]
    subprocess.run(command, cwd=ROOT, env={**env, "DATA_DIR": str(data)}, check=True, timeout=120)
    return data / "static"


@pytest.fixture
def make_stack(tmp_path: Path, collected_static: Path) -> Iterator[Callable[..., Stack]]:
    """Return `make_stack(**env) -> Stack`: migrated, not started; it is ended with the test."""
    stacks: list[Stack] = []

    def make_stack(**env: str) -> Stack:
        stack = Stack(tmp_path / f"stack{len(stacks)}", static=collected_static, **env)
        stacks.append(stack)
        stack.manage("migrate", "-v0")
        return stack

    yield make_stack
    for stack in stacks:
        stack.stop()


@pytest.fixture(scope="session")
def browser():
    """Debian's Chromium under Playwright."""
    from playwright.sync_api import sync_playwright

    program = needs("chromium", "chromium-browser", "google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def make_page(browser):
    """Return `make_page(**options) -> Page`: a page in a context of its own, Latvian, in Riga."""
    contexts = []

    def make_page(**options):
        context = browser.new_context(**{"locale": "lv-LV", "timezone_id": "Europe/Riga", **options})
        contexts.append(context)
        return context.new_page()

    yield make_page
    for context in contexts:
        context.close()


@pytest.fixture
def page(make_page):
    return make_page()

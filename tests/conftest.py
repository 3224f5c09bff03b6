"""The named cast, and the ways of a mail into the product: shared by every test."""

from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.db import connection
from django.utils import translation

from tests.support.office import letter, make_desk, make_employee, riga

pytest_plugins = ["tests.support.fixtures"]


@pytest.fixture(autouse=True)
def in_latvian():
    """Begin in the main language: a request in English, of the test before, leaves it behind in this thread."""
    translation.activate(settings.LANGUAGE_CODE)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix, tmp_path_factory) -> None:
    """Put an SQLite test database into a file, as in production: one in memory knows no waiting for a lock."""
    if connection.vendor == "sqlite":
        connection.settings_dict["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")
        options = connection.settings_dict["OPTIONS"]
        options["init_command"] = options["init_command"].replace("synchronous=FULL", "synchronous=OFF")


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, settings: object) -> None:
    """Give each test folders of its own: nothing is written into the developer's."""
    settings.DATA_DIR = tmp_path
    settings.ATTACHMENTS_DIR = tmp_path / "attachments"
    settings.QUARANTINE_DIR = tmp_path / "quarantine"
    settings.CLAMAV_URL = ""
    settings.CLIENT_MAIL = {"backend": "helpdesk.folder_mail.EmailBackend", "path": str(tmp_path / "outgoing")}
    settings.NOTICE_MAIL = {"backend": "helpdesk.folder_mail.EmailBackend", "path": str(tmp_path / "notices")}
    settings.MAILBOX_URLS = {"": f"maildir://{tmp_path}/mailbox"}
    settings.UNDO_SPAN = timedelta(0)  # tests of taking back set their own
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    settings.WHITENOISE_AUTOREFRESH = True  # nothing is collected for tests
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def own_calendars() -> None:
    """Forget the calendars of earlier tests: a rolled-back SQLite gives their ids away again."""
    from sla.queries import _built

    _built.cache_clear()


@pytest.fixture(autouse=True)
def nudges(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, tuple[object, ...]]]:
    """Keep nudges from the broker and remember them; tests with real workers ask for `real_nudges`."""
    sent: list[tuple[str, tuple[object, ...]]] = []
    monkeypatch.setattr("helpdesk.nudge._send", lambda task, *args: sent.append((task, args)))
    return sent


@pytest.fixture
def desk(db):
    return make_desk()


@pytest.fixture
def cast(desk):
    """Ilze works the queue, Santa knows, Raimonds is the deputy, Gunta the director, Otto an outsider at another desk."""
    other = make_desk("other")
    return SimpleNamespace(
        ilze=make_employee("Ilze Kalnciema", "administrator", desk=desk, position="IS administratore"),
        santa=make_employee("Santa Grinvalde", "expert", desk=desk),
        raimonds=make_employee("Raimonds Straujupe", "deputy_director", desk=desk),
        gunta=make_employee("Gunta Abellapa", "director", desk=desk),
        otto=make_employee("Otto Svesais", "administrator", desk=other),
        other_desk=other,
    )


@pytest.fixture
def ilze(cast):
    return cast.ilze.user


@pytest.fixture
def receive(desk):
    """Return a function that receives a client's letter at an instant and returns the message."""
    from tickets.actions.receiving import receive_message

    def receive(at: datetime, *, ticket=None, desk=desk, suggested=None, fetched: datetime | None = None, **changes):
        return receive_message(
            desk, letter(**changes), ticket=ticket, suggested=suggested, received_at=at, at=fetched or at
        )

    return receive


@pytest.fixture
def mail_in(desk):
    """Return a function that drops raw bytes into the desk's Maildir and checks the mailbox."""
    from contact.email import inbound, maildir

    def mail_in(raw: bytes, at: datetime, *, checked: datetime | None = None):
        maildir.drop(Path(settings.MAILBOX_URLS[""].removeprefix("maildir://")), raw, at)
        return inbound.check_inbox(desk, at=checked or at + timedelta(seconds=1))

    return mail_in


@pytest.fixture
def half_past():
    """Stop the clock at 9:30 on a plain Monday, for views: they read it."""
    from freezegun import freeze_time

    at = riga("2025-11-10 09:30")
    with freeze_time(at):
        yield at


@pytest.fixture
def browse(client, cast, half_past):
    """Return a function that gives a browser in which one of the cast is signed in."""

    def browse(who="ilze"):
        client.force_login(getattr(cast, who).user)
        return client

    return browse

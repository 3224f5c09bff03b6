"""Contract 1: one command brings the product up, says plainly why it cannot, and ends cleanly."""

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.support.processes import ROOT, Process, free_port, wait_until
from tests.support.stack import SETTINGS, Stack

pytestmark = pytest.mark.servers
CHILDREN = ("gunicorn", "\0worker\0", "\0beat\0")


def environment(data: Path, **changes: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(SETTINGS)}
    return {**kept, "DATA_DIR": str(data), **changes}


def refused(data: Path, *args: str, **changes: str) -> str:
    """Run `serve`, which must fail; return its words, which must be one line."""
    run = subprocess.run(
        [sys.executable, "manage.py", "serve", *args],
        cwd=ROOT,
        env=environment(data, **changes),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 1, run.stdout + run.stderr
    (line,) = (run.stdout + run.stderr).strip().splitlines()
    return line


class Server:
    """A `manage.py serve` on a folder."""

    def __init__(self, data: Path, log: Path, env: dict[str, str] | None = None) -> None:
        self.data, self.port = data, free_port()
        command = [sys.executable, "manage.py", "serve", "--port", str(self.port)]
        self.process = Process(command, log=log, env=env or environment(data))

    def start(self) -> "Server":
        before = self.process.output().count("The helpdesk is at")
        self.process.start()
        wait_until(
            lambda: self.process.output().count("The helpdesk is at") > before or not self.process.is_running,
            "serve announces its address",
            seconds=90,
        )
        assert self.process.is_running, self.process.output()
        wait_until(lambda: all(self.pids(one) for one in CHILDREN), "all processes are there")
        return self

    def pids(self, word: str = "") -> list[int]:
        """Return the processes that live on this server's folder and have `word` in their command."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                is_ours = f"DATA_DIR={self.data}\0".encode() in (folder / "environ").read_bytes()
                command = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            if is_ours and command and word.encode() in command:
                found.append(int(folder.name))
        return sorted(found)

    def is_up(self) -> bool:
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5).status == 200
        except OSError:
            return False

    def end(self) -> None:
        self.process.end(signal.SIGKILL)
        for pid in self.pids():
            os.kill(pid, signal.SIGKILL)


@pytest.fixture(scope="session")
def office(tmp_path_factory):
    """A data folder with the demonstration office in it, made once."""
    data = tmp_path_factory.mktemp("office") / "data"
    for command in (["migrate", "-v0"], ["load_demonstration"], ["collectstatic", "--noinput", "-v0"]):
        subprocess.run(
            [sys.executable, "manage.py", *command], cwd=ROOT, env=environment(data), check=True, timeout=120
        )
    return data


@pytest.fixture
def server(office, tmp_path):
    data = shutil.copytree(office, tmp_path / "data")
    server = Server(data, tmp_path / "serve.log")
    yield server
    server.end()
    print(server.process.output())


def count(data: Path, table: str) -> int:
    with sqlite3.connect(data / "helpdesk.sqlite3") as database:
        return database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


class TestRefusals:
    @pytest.mark.parametrize(
        ("setting", "value", "words"),
        [
            ("DATABASE_URL", "nonsense", "DATABASE_URL names no known database"),
            ("DATABASE_URL", "postgres://x@127.0.0.1:1/x", "SECRET_KEY is needed"),
            ("MAILBOX_URL", "pop://x", "MAILBOX_URL is no mailbox"),
            ("MAILBOX_URL", "imap://u:p@host:port/", "MAILBOX_URL is no mailbox"),
            ("MAILBOX_URL_OTHER", "imaps://", "MAILBOX_URL_OTHER is no mailbox"),
            ("EMAIL_URL", "nonsense", "EMAIL_URL is not the address of a mail server"),
            ("NOTICE_EMAIL_URL", "smtp://host:port", "NOTICE_EMAIL_URL is not the address of a mail server"),
            ("CELERY_BROKER_URL", "amqp://x", "CELERY_BROKER_URL must begin with redis://"),
            ("CELERY_BROKER_URL", "redis://127.0.0.1:1/0", "The broker of CELERY_BROKER_URL cannot be reached"),
            ("DEBUG", "perhaps", "DEBUG must be 1 or 0"),
            ("LOG_LEVEL", "loud", "LOG_LEVEL must be"),
            ("PORT", "http", "'http' is no port"),
        ],
    )
    def test_a_wrong_setting_is_said_in_one_line(self, tmp_path, setting, value, words):
        options = {} if setting == "PORT" else {"PORT": str(free_port())}
        assert words in refused(tmp_path / "data", **{**options, setting: value})

    def test_a_database_that_does_not_answer(self, tmp_path):
        settings = {"DATABASE_URL": "postgres://x@127.0.0.1:1/x", "SECRET_KEY": "for-tests", "PORT": str(free_port())}
        assert "The database of DATABASE_URL cannot be used" in refused(tmp_path / "data", **settings)

    def test_a_taken_port(self, tmp_path):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            words = refused(tmp_path / "data", "--port", str(port))
        assert words.endswith(f"Port {port} is taken: stop what uses it or choose another with --port.")

    def test_a_folder_that_cannot_be_written(self, tmp_path):
        (tmp_path / "file").write_text("")
        words = refused(tmp_path / "file/data", "--port", str(free_port()))
        assert f"cannot write to {tmp_path}/file/data" in words


class TestRunning:
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_a_signal_ends_every_process_with_success(self, server, number):
        server.start()
        assert server.is_up()
        assert server.process.end(number, seconds=20) == 0
        assert server.pids() == []
        assert "Stopped." in server.process.output()

    def test_kill_9_leaves_nothing_behind(self, server):
        server.start()
        os.kill(server.process.popen.pid, signal.SIGKILL)
        server.process.popen.wait(5)
        wait_until(lambda: not server.pids(), "the children of a killed server end")

    def test_a_child_that_dies_is_started_again(self, server):
        server.start()
        for word in CHILDREN:
            before = server.pids(word)
            for pid in before:
                os.kill(pid, signal.SIGKILL)
            wait_until(lambda word=word, before=before: set(server.pids(word)) - set(before), f"{word} is back")
        wait_until(server.is_up, "the web server answers again")
        assert server.process.output().count("it is started again in 2 s.") == 3

    def test_a_second_server_on_the_same_folder_is_refused(self, server):
        server.start()
        words = refused(server.data, "--port", str(free_port()))
        assert f"Another server runs on {server.data}" in words

    def test_a_second_start_keeps_what_was_there(self, server):
        tickets = count(server.data, "tickets_ticket")
        assert tickets > 0
        server.start()
        assert "ilze@emus.example" in server.process.output()
        assert "Loading the demonstration" not in server.process.output()
        assert server.process.end(signal.SIGTERM, seconds=20) == 0
        assert count(server.data, "tickets_ticket") >= tickets


class TestFirstStart:
    def test_an_empty_folder_gets_the_demonstration_and_its_logins(self, tmp_path):
        server = Server(tmp_path / "data", tmp_path / "serve.log")
        try:
            server.start()
            output = server.process.output()
            assert f"http://127.0.0.1:{server.port}/" in output
            assert "ilze@emus.example  demonstracija" in output
            assert count(server.data, "tickets_ticket") > 0
        finally:
            server.end()

    def test_a_production_database_gets_no_demonstration(self, tmp_path):
        stack = Stack(tmp_path / "stack")
        settings = {"DATABASE_URL": f"sqlite:///{tmp_path}/production.sqlite3", "SECRET_KEY": "for-tests", **stack.env}
        server = Server(stack.data, tmp_path / "serve.log", env=settings)
        try:
            server.start()
            assert server.is_up()
            assert "demonstra" not in server.process.output()
        finally:
            server.end()
            stack.stop()

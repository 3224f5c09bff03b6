"""The product as it runs: web, worker and beat as processes of their own over a database and a broker of their own."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from tests.support.processes import ROOT, Process, answers, free_port, needs, wait_until

ROLES = ("web", "worker", "beat")
SETTINGS = (
    "DATABASE_URL",
    "CELERY_BROKER_URL",
    "MAILBOX_URL",
    "EMAIL_URL",
    "NOTICE_EMAIL_URL",
    "SECRET_KEY",
    "BASE_URL",
    "PORT",
)
# The product's beat with shorter steps: a test has no half-minute to wait.
BEAT = """
import sys
from helpdesk.celery import app
for entry in app.conf.beat_schedule.values():
    if isinstance(entry["schedule"], (int, float)):
        entry["schedule"] = min(entry["schedule"], float(sys.argv[1]))
app.start(["--quiet", "beat", "--max-interval", "1"])
"""


class Stack:
    """A running product. It uses the kind of database and broker that DATABASE_URL and CELERY_BROKER_URL of this test
    run name, but always fresh ones: SQLite and a folder, or a new PostgreSQL database and a Redis of its own."""

    def __init__(
        self, folder: Path, *, static: Path | None = None, beat_every: float = 2, server: str = "", **env: str
    ) -> None:
        """`env` is added to the environment of each process, e.g. MAILBOX_URL=dovecot.url, EMAIL_URL=smtp.url.

        `server` is the address of a PostgreSQL to use instead of that of DATABASE_URL.
        """
        self.folder, self.port, self.beat_every = folder, free_port(), beat_every
        self.data = folder / "data"
        self.data.mkdir(parents=True, exist_ok=True)
        if static is not None:
            (self.data / "static").symlink_to(static)
        self.url = f"http://127.0.0.1:{self.port}"
        kept = {name: value for name, value in os.environ.items() if not name.startswith(SETTINGS)}
        self.env = {
            **kept,
            "DATA_DIR": str(self.data),
            "BASE_URL": self.url,
            "PYTHONUNBUFFERED": "1",
            "UNDO_SECONDS": "0",
        }
        self.processes: dict[str, Process] = {}
        self._make_database(server or os.environ.get("DATABASE_URL", ""))
        self._make_broker()
        self.env.update(env)

    # --- life --------------------------------------------------------------------------------------------------------

    def start(self, *names: str) -> "Stack":
        """Start the named processes (all of web, worker, beat without a name) and wait until they are ready."""
        for name in names or ROLES:
            if name not in self.processes:
                self.processes[name] = Process(self._command(name), log=self.folder / f"{name}.log", env=self.env)
            self.processes[name].start()
        for name in names or ROLES:
            self._wait_for(name)
        return self

    def kill9(self, *names: str) -> None:
        """Kill the named processes with all their children, at once."""
        for name in names or ROLES:
            self.processes[name].end(signal.SIGKILL)

    def restart(self, *names: str) -> None:
        for name in names or ROLES:
            self.processes[name].end(signal.SIGKILL)
        self.start(*names)

    def stop(self) -> None:
        """End everything and drop the database; print the logs, which pytest shows if the test failed."""
        for name, process in self.processes.items():
            process.end(signal.SIGKILL)
            print(f"--- {name}\n{process.output()[-8000:]}")
        if self._server:
            self._admin(f'DROP DATABASE IF EXISTS "{self._name}" WITH (FORCE)')

    # --- use ---------------------------------------------------------------------------------------------------------

    def manage(self, *args: str) -> str:
        """Run a management command with the stack's settings; return what it prints."""
        run = subprocess.run(
            [sys.executable, "manage.py", *args], cwd=ROOT, env=self.env, capture_output=True, text=True, timeout=120
        )
        assert run.returncode == 0, run.stdout + run.stderr
        return run.stdout

    def python(self, code: str) -> Any:
        """Run code with the stack's settings and database; return what it leaves in `answer` (JSON).

        >>> stack.python("from tickets.models import Ticket; answer = Ticket.objects.count()")
        """
        wrapped = (
            "import json, sys, django; django.setup()\nanswer = None\n"
            f"{code}\nprint('\\n' + json.dumps(answer, default=str))"
        )
        env = {**self.env, "DJANGO_SETTINGS_MODULE": "helpdesk.settings"}
        run = subprocess.run(
            [sys.executable, "-c", wrapped], cwd=ROOT, env=env, capture_output=True, text=True, timeout=120
        )
        assert run.returncode == 0, run.stdout + run.stderr
        return json.loads(run.stdout.splitlines()[-1])

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the stack's database directly, without its processes: `SELECT ...` only."""
        if self._server:
            return self._ask(self._name, query)
        with sqlite3.connect(f"file:{self.data}/helpdesk.sqlite3?mode=ro", uri=True, timeout=20) as connection:
            return connection.execute(query).fetchall()

    def wait_for_sql(self, query: str, expected: Any = None, *, seconds: float = 60) -> Any:
        """Wait until the first value of the first row is `expected` (true-like without it); return it."""

        def value() -> Any:
            rows = self.sql(query)
            found = rows[0][0] if rows else None
            return [found] if (found if expected is None else found == expected) else None

        return wait_until(value, f"{query} -> {expected!r}", seconds=seconds)[0]

    def get(self, path: str) -> int:
        """Return the HTTP status of a path; 0 if nothing answers."""
        try:
            return urllib.request.urlopen(self.url + path, timeout=10).status
        except urllib.error.HTTPError as refused:
            return refused.code
        except OSError:
            return 0

    def log(self, name: str) -> str:
        return self.processes[name].output()

    # --- how ---------------------------------------------------------------------------------------------------------

    def _command(self, name: str) -> list[str]:
        python = [sys.executable, "-m"]
        web = ["gunicorn", "helpdesk.wsgi", "--bind", f"127.0.0.1:{self.port}", "--worker-class", "gthread"]
        celery = ["celery", "--quiet", "-A", "helpdesk", "worker", "-c", "2", "--without-gossip", "--without-mingle"]
        return {
            "web": [*python, *web, "--threads", "4", "--log-level", "warning", "--no-control-socket"],
            "worker": [*python, *celery, "-n", f"{uuid4().hex[:8]}@test", "--loglevel", "INFO"],
            "beat": [sys.executable, "-c", BEAT, str(self.beat_every)],
        }[name]

    def _wait_for(self, name: str) -> None:
        process = self.processes[name]

        def ready() -> bool:
            assert process.is_running, f"{name} ended:\n{process.output()}"
            return self.get("/healthz") == 200 if name == "web" else True

        wait_until(ready, f"{name} is ready", seconds=60)

    def _make_database(self, server: str) -> None:
        self._server = urlsplit(server) if server.startswith("postgres") else None
        self._name = f"stack_{uuid4().hex[:12]}"
        if self._server:
            self._admin(f'CREATE DATABASE "{self._name}"')
            self.env["DATABASE_URL"] = self._server._replace(path=f"/{self._name}").geturl()
            self.env["SECRET_KEY"] = "for-tests"

    def _make_broker(self) -> None:
        if not os.environ.get("CELERY_BROKER_URL", "").startswith("redis"):
            return
        port = free_port()
        command = [needs("redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", self.data]
        self.processes["redis"] = Process([str(one) for one in command], log=self.folder / "redis.log")
        self.processes["redis"].start()
        wait_until(lambda: answers(port), "Redis starts")
        self.env["CELERY_BROKER_URL"] = f"redis://127.0.0.1:{port}/0"

    def _admin(self, statement: str) -> None:
        self._ask("postgres", statement)

    def _ask(self, name: str, statement: str) -> list[tuple[Any, ...]]:
        import psycopg2

        assert self._server
        connection = psycopg2.connect(self._server._replace(path=f"/{name}").geturl())
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

"""The whole product in one terminal: web, worker and beat."""

import hashlib
import os
import signal
import socket
import sys
from argparse import ArgumentParser
from contextlib import suppress
from fcntl import LOCK_EX, LOCK_NB, flock
from http.client import HTTPConnection, HTTPException
from typing import IO, Any

from celery import current_app
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import Error, connection, transaction

from helpdesk.processes import Child, Supervisor

PATIENCE = 60.0  # seconds until the web server must answer


class Command(BaseCommand):
    help = "Starts the web server, the worker and the clock, and keeps them running until Ctrl-C."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", default=os.environ.get("PORT") or "8000", help="also from PORT; %(default)s")

    def handle(self, *args: Any, host: str, port: str, **options: Any) -> None:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with suppress(KeyboardInterrupt):
            self.serve(host, checked_port(host, port))
        self.say("Stopped.")

    def serve(self, host: str, port: int) -> None:
        lock = locked_folder()
        check_database()
        check_broker()
        address = f"http://{shown(host)}:{port}"
        os.environ.setdefault("BASE_URL", address)
        self.prepare()
        supervisor = Supervisor(children(host, port), self.say)
        if not supervisor.run(lambda: is_up(host, port), lambda: self.announce(address), patience=PATIENCE):
            raise CommandError(f"The web server did not answer within {PATIENCE:.0f} seconds; see the lines above.")
        lock.close()

    def prepare(self) -> None:
        """Bring the database and the static files up to date; fill an empty embedded database."""
        from directory.models import Desk

        self.say("Preparing the database and the static files ...")
        call_command("migrate", interactive=False, verbosity=0)
        collect_static_files()
        if settings.MAY_DEMONSTRATE and not Desk.objects.exists():
            self.say("Loading the demonstration office ...")
            with transaction.atomic():  # a start that is broken off leaves an empty database, not half an office
                call_command("load_demonstration")
        connection.close()

    def announce(self, address: str) -> None:
        from contact.demo.people import demonstration_logins

        self.say(f"\nThe helpdesk is at {address}/  (Ctrl-C stops it)")
        for login in demonstration_logins():
            self.say(f"  {login.email}  {login.password}  ({login.name}, {login.role})")
        connection.close()

    def say(self, words: str) -> None:
        self.stdout.write(words)
        self.stdout.flush()


def checked_port(host: str, text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise CommandError(f"{text!r} is no port: give a number from 1 to 65535.")
    port = int(text)
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except OSError:
        raise CommandError(f"{host!r} is no address of this machine: choose another with --host.") from None
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except PermissionError:
            raise CommandError(f"Port {port} needs more rights: choose another with --port.") from None
        except OSError:
            raise CommandError(f"Port {port} is taken: stop what uses it or choose another with --port.") from None
    return port


def locked_folder() -> IO[str]:
    """Hold the data folder for this server: an embedded database has one."""
    path = settings.DATA_DIR / "serve.lock"
    try:
        lock = path.open("w")
        if settings.EMBEDDED:
            flock(lock, LOCK_EX | LOCK_NB)
    except BlockingIOError:
        raise CommandError(f"Another server runs on {settings.DATA_DIR}: stop it or set DATA_DIR.") from None
    except OSError as refused:
        raise CommandError(f"Cannot write to {settings.DATA_DIR} ({refused.strerror}): set DATA_DIR.") from None
    return lock


def check_database() -> None:
    try:
        connection.ensure_connection()
    except Error as failure:
        raise CommandError(f"The database of DATABASE_URL cannot be used: {first_line(failure)}") from None


def check_broker() -> None:
    try:
        with current_app.connection_for_write() as broker:
            broker.ensure_connection(max_retries=1, interval_start=0.2, timeout=5)
    except Exception as failure:  # each transport has errors of its own
        raise CommandError(f"The broker of CELERY_BROKER_URL cannot be reached: {first_line(failure)}") from None


def collect_static_files() -> None:
    """Collect them unless the same ones were collected before: it is half of the time of a start."""
    found = [(path, storage) for finder in get_finders() for path, storage in finder.list([])]
    facts = [(path, storage.size(path), storage.get_modified_time(path)) for path, storage in found]
    mark, stamp = hashlib.sha256(repr(facts).encode()).hexdigest(), settings.STATIC_ROOT / "collected"
    if not stamp.exists() or stamp.read_text() != mark:
        stamp.unlink(missing_ok=True)
        call_command("collectstatic", interactive=False, verbosity=0)
        stamp.write_text(mark)


def children(host: str, port: int) -> list[Child]:
    bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    python = (sys.executable, "-m")
    web = ("gunicorn", "helpdesk.wsgi", "--bind", bind, "--worker-class", "gthread", "--workers", "2", "--threads", "4")
    celery = ("celery", "--quiet", "-A", "helpdesk")
    worker = ("worker", "-c", "2", "--without-gossip", "--without-mingle", "-n", f"helpdesk-{port}@%h")
    return [
        Child("web", (*python, *web, "--log-level", "warning", "--no-control-socket")),
        Child("worker", (*python, *celery, *worker)),
        Child("beat", (*python, *celery, "beat")),
    ]


def is_up(host: str, port: int) -> bool:
    name = settings.ALLOWED_HOSTS[0].lstrip(".*") if settings.ALLOWED_HOSTS else ""
    try:
        web = HTTPConnection(shown(host).strip("[]"), port, timeout=5)
        web.request("GET", "/healthz", headers={"Host": name or "localhost"})
        return web.getresponse().status < 500
    except (OSError, HTTPException):
        return False


def shown(host: str) -> str:
    """Return the host as people type it."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)
    return f"[{host}]" if ":" in host else host


def first_line(failure: BaseException) -> str:
    return (str(failure) or type(failure).__name__).strip().splitlines()[0]

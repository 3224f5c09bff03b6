"""Runs the product's worker (or the one who replies) to be killed: python -m tests.crash.nursery PROGRAM HOW FOLDER

The nursery loads the product once and wraps the calls of `points`; each life is a fork of it, and the next one
waits at a gate until the one before has ended, as `manage.py serve` starts a worker anew. FOLDER keeps the passages,
the kills and the ends of all lives.
"""

import fcntl
import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from importlib import import_module
from pathlib import Path
from uuid import NAMESPACE_URL, uuid4, uuid5

from tests.crash.points import PAUSES, Point, points_of

REPLIES = 50
# The product's leases are minutes; a test has seconds.
SHORTENED = {
    "tickets.actions.delivering:TRY_LEASE": timedelta(seconds=2),
    "contact.email.outbound:SENDING_LIMIT": timedelta(seconds=4),
    "contact.email.turn:LEASE": timedelta(seconds=3),
}


class Book:
    """The passages and kills of every point, in a file that outlives each process."""

    def __init__(self, folder: Path, points: list[Point]) -> None:
        self.folder, self.points = folder, points
        self.path, self.lock = folder / "passages.json", folder / "passages.lock"

    def read(self) -> dict:
        return json.loads(self.path.read_text()) if self.path.exists() else {"passages": {}, "kills": {}}

    def is_done(self) -> bool:
        kills = self.read()["kills"]
        return all(len(kills.get(point.name, [])) == len(point.kills) for point in self.points)

    def passes(self, point: Point) -> None:
        """Count a passage; if it is one to kill on, note the kill, so that it is on the disk, and end this process."""
        with self.lock.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            book = self.read()
            number = book["passages"].get(point.name, 0) + 1
            book["passages"][point.name] = number
            done = book["kills"].setdefault(point.name, [])
            # With two workers a passage may be gone by the time: the next one serves.
            is_due = len(done) < len(point.kills) and number >= point.kills[len(done)]
            if is_due:
                done.append(number)
            self._write(book, durable=is_due)
            if is_due and point.victim == "itself":
                os.kill(os.getpid(), signal.SIGKILL)
        if is_due:
            self._have_killed(point.victim)

    def _have_killed(self, victim: str) -> None:
        """Ask the test, which owns the servers, to kill one; go on when it is dead."""
        wish = self.folder / f"kill-{victim}-{uuid4().hex}"
        wish.touch()
        while wish.exists():
            time.sleep(0.01)

    def _write(self, book: dict, *, durable: bool) -> None:
        part = self.path.with_suffix(".part")
        with part.open("w") as file:
            json.dump(book, file)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        part.replace(self.path)


def wrap(point: Point, book: Book) -> None:
    holder, name = find(point.where)
    wrapped = getattr(holder, name)

    @wraps(wrapped)
    def passing(*args, **kwargs):
        if point.moment == "before" and point.only(args, None):
            book.passes(point)
        answer = wrapped(*args, **kwargs)
        if point.moment == "after" and point.only(args, answer):
            book.passes(point)
        return answer

    setattr(holder, name, passing)


def hold_up(where: str, seconds: float) -> None:
    """Pause for a random while before the call and after it."""
    holder, name = find(where)
    wrapped = getattr(holder, name)

    @wraps(wrapped)
    def passing(*args, **kwargs):
        time.sleep(random.uniform(0, seconds))
        answer = wrapped(*args, **kwargs)
        time.sleep(random.uniform(0, seconds))
        return answer

    setattr(holder, name, passing)


def find(where: str):
    """Return what holds the named thing, and its name in there."""
    module, _, path = where.partition(":")
    *holders, name = path.split(".")
    found = import_module(module)
    for one in holders:
        found = getattr(found, one)
    return found, name


def work(folder: Path, wait: Callable) -> int:
    from celery.signals import celeryd_after_setup

    from helpdesk.celery import app

    celeryd_after_setup.connect(wait, weak=False)
    options = ["-P", "solo", "--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "INFO"]
    return app.worker_main(["--quiet", "worker", "-n", f"{uuid4().hex[:8]}@crash", *options]) or 0


def reply(folder: Path, wait: Callable) -> int:
    """Reply to fifty tickets as they come in; after a kill, post the last one again, as a person would."""
    from django.utils import timezone

    from directory.models import User
    from tickets.actions import replying
    from tickets.actions.receiving import File
    from tickets.models import Ticket

    wait()
    ilze = User.objects.select_related("employee").get(employee__first_name="Ilze")
    begun = folder / "begun.txt"
    while True:
        numbers = begun.read_text().split() if begun.exists() else []
        for number in numbers[-1:]:
            text, file = f"Labdien! Atbilde uz {number}.", File("atbilde.txt", "text/plain", number.encode())
            form = replying.Reply(text, str(uuid5(NAMESPACE_URL, number)), files=(file,) if number[-1] in "05" else ())
            for _ in range(2 if number[-1] in "37" else 1):  # some press the button twice
                ticket = Ticket.objects.get(number=number)
                replying.reply_to_client(ticket, form, order_reason="urgent", by=ilze, at=timezone.now())
        if len(numbers) == REPLIES:
            return 0
        found = Ticket.objects.exclude(number__in=numbers).order_by("?").first()
        if found is None:
            time.sleep(0.1)
            continue
        with begun.open("a") as file:
            file.write(f"{found.number}\n")
            file.flush()
            os.fsync(file.fileno())
        time.sleep(0.1)


def shorten_leases() -> None:
    for where, value in SHORTENED.items():
        holder, name = find(where)
        assert hasattr(holder, name), where
        setattr(holder, name, value)


def shrink_batches() -> None:
    """Have few letters in a commit, so that there are more commits to kill in."""
    from contact.email import mailbox

    mailbox.MANY = 5


def main(program: str, how: str, folder: Path) -> None:
    import django

    django.setup()
    preload()
    if how != "held up":
        shorten_leases()
        shrink_batches()
        book = Book(folder, points_of(how, has_servers="DATABASE_URL" in os.environ))
        for point in book.points:
            if point.program == program:
                wrap(point, book)
    else:
        for where, seconds in PAUSES.items():
            hold_up(where, seconds)
    gate, opened = os.pipe()  # a byte lets one life begin
    os.write(opened, b".")
    lives = [live(program, folder, gate) for _ in range(2)]
    while True:
        ended, status = os.wait()
        code = os.waitstatus_to_exitcode(status)
        with (folder / "ends.txt").open("a") as file:
            file.write(f"{program} {code}\n")
        lives.remove(ended)
        if program == "replier" and code == 0:
            os.kill(lives[0], signal.SIGKILL)  # whichever did not get through the gate
            return
        os.write(opened, b".")
        lives.append(live(program, folder, gate))


def live(program: str, folder: Path, gate: int) -> int:
    """Fork a life that gets ready and waits at the gate; return its process id."""
    child = os.fork()
    if child == 0:
        os._exit({"worker": work, "replier": reply}[program](folder, lambda **_: os.read(gate, 1)))
    return child


def preload() -> None:
    """Load what a worker loads late, so that a life begins at once."""
    from helpdesk.celery import app

    app.loader.import_default_modules()
    app.finalize()
    for name in ("celery.bin.worker", "celery.concurrency.solo", "celery.worker.consumer"):
        import_module(name)
    for name in ("filesystem", "redis"):
        import_module(f"kombu.transport.{name}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))

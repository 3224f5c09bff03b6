"""The processes of one server: started together, started again when one dies, ended together."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

LONGEST_PAUSE = 30.0  # seconds
STEADY_AFTER = 60.0
STOP_LIMIT = 8.0
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass
class Child:
    """A process that ought to run. `pause` is how long to wait before it is started again."""

    name: str
    command: Sequence[str]
    process: "subprocess.Popen[bytes] | None" = None
    started: float = 0.0
    pause: float = 1.0
    start_at: float | None = field(default=0.0)

    def start(self, *, now: float) -> None:
        # A session of its own: Ctrl-C reaches only the parent, and the whole group can be killed.
        self.process = subprocess.Popen(self.command, start_new_session=True, preexec_fn=_die_with(os.getpid()))
        self.started, self.start_at = now, None

    def look_after(self, say: Callable[[str], None], *, now: float) -> None:
        """Start the process if it is time to; notice that it died and say when it will be started again."""
        if self.start_at is not None:
            if now >= self.start_at:
                self.start(now=now)
        elif self.process is not None and self.process.poll() is not None:
            self.pause = 1.0 if now - self.started > STEADY_AFTER else min(2 * self.pause, LONGEST_PAUSE)
            self.start_at = now + self.pause
            self.signal(signal.SIGKILL)  # what it may have left behind
            say(f"{self.name} ended ({self.process.returncode}); it is started again in {self.pause:.0f} s.")

    def signal(self, number: int) -> None:
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)


def _die_with(parent: int) -> Callable[[], None]:
    """Return what a child calls to be ended when its parent dies, however that happens (Linux only)."""

    def call() -> None:
        if _libc is not None:
            _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != parent:
                os._exit(1)

    return call


class Supervisor:
    """Keeps its children alive until a signal comes, then ends them all within a few seconds."""

    def __init__(self, children: Sequence[Child], say: Callable[[str], None]) -> None:
        self.children, self.say = children, say
        self.stopping = threading.Event()

    def run(self, is_up: Callable[[], bool], announce: Callable[[], None], *, patience: float) -> bool:
        """Run until told to stop; False if the server was not up after `patience` seconds.

        The first child goes first, alone: what people wait for.
        """
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: self.stopping.set())
        try:
            limit = time.monotonic() + patience
            while not self.stopping.is_set() and not is_up():
                if time.monotonic() > limit:
                    return False
                self._look_after(self.children[:1])
            if not self.stopping.is_set():
                announce()
            while not self.stopping.is_set():
                self._look_after(self.children)
            return True
        finally:
            self.stop()

    def _look_after(self, children: Sequence[Child]) -> None:
        for child in children:
            child.look_after(self.say, now=time.monotonic())
        self.stopping.wait(0.1)

    def stop(self) -> None:
        """Ask all to end, wait, then kill what is left: whatever was under way is a row that the next start finds."""
        self.say("Stopping ...")
        running = [child for child in self.children if child.process is not None and child.process.poll() is None]
        for child in running:
            assert child.process is not None
            child.process.terminate()
        limit = time.monotonic() + STOP_LIMIT
        while time.monotonic() < limit and any(child.process and child.process.poll() is None for child in running):
            time.sleep(0.05)
        for child in self.children:
            child.signal(signal.SIGKILL)

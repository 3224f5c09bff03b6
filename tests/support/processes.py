"""Real processes for tests: found, started, waited for, ended."""

import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def needs(*programs: str) -> str:
    """Return the first of the programs that is installed; else skip the test, or fail where CI=true."""
    for program in programs:
        found = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
        if found:
            return found
    words = f"{' or '.join(programs)} is not installed"
    if os.environ.get("CI") == "true":
        pytest.fail(words)
    pytest.skip(words)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(check, what: str, *, seconds: float = 30):
    """Return what `check` answers once that is true-like; fail the test after `seconds`."""
    limit = time.monotonic() + seconds
    while True:
        answer = check()
        if answer:
            return answer
        assert time.monotonic() < limit, f"waited {seconds} s in vain: {what}"
        time.sleep(0.05)


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


class Process:
    """A process in a group of its own, with its output in a file."""

    def __init__(self, command: list[str], *, log: Path, env: dict[str, str] | None = None) -> None:
        self.command, self.log, self.env = command, log, env
        self.popen: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as out:
            self.popen = subprocess.Popen(
                self.command, stdout=out, stderr=out, cwd=ROOT, env=self.env, start_new_session=True
            )

    @property
    def is_running(self) -> bool:
        return self.popen is not None and self.popen.poll() is None

    def end(self, number: int = signal.SIGKILL, *, seconds: float = 15) -> int | None:
        """Send the signal to the whole group (SIGKILL) or to the process (others), and wait for it to end."""
        if self.popen is None:
            return None
        try:
            if number == signal.SIGKILL:
                os.killpg(self.popen.pid, number)
            else:
                self.popen.send_signal(number)
        except ProcessLookupError:
            pass
        return self.popen.wait(seconds)

    def output(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""


def kill9_tree(process: Process) -> None:
    """Kill a process and all that descend from it, and wait until none is left."""
    if process.popen is None:
        return
    found = [process.popen.pid]
    for pid in found:
        found += _children(pid)
    for pid in found:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.popen.wait(15)
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in found), "all its processes have ended")


def _children(pid: int) -> list[int]:
    try:
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []

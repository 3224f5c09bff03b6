"""A throw-away PostgreSQL of a test's own, durable as in production, for tests that kill it."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.support.processes import Process, free_port, kill9_tree, wait_until


class Postgres:
    """`with Postgres() as server:` gives a running server; `server.url` is the address of its empty databases."""

    def __init__(self) -> None:
        self.programs = _programs()
        # Below /tmp, not below pytest's folder: the user `postgres` cannot enter that one.
        self.base = Path(tempfile.mkdtemp(prefix="postgres-", dir="/tmp"))
        self.base.chmod(0o755)
        self.port = free_port()
        self.url = f"postgres://postgres@127.0.0.1:{self.port}"
        self._as = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        if self._as:
            shutil.chown(self.base, "postgres")
        new = [self.programs / "initdb", "-D", self.base / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "-N"]
        subprocess.run([*self._as, *map(str, new)], cwd="/", stdout=subprocess.DEVNULL, check=True)
        options = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": self.base,
            "fsync": "on",
            "synchronous_commit": "on",
            "full_page_writes": "on",
        }
        told = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        command = [str(self.programs / "postgres"), "-D", str(self.base / "data"), *told]
        self.process = Process([*self._as, *command], log=self.base / "log")

    def __enter__(self) -> "Postgres":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill9()
        shutil.rmtree(self.base, ignore_errors=True)

    @property
    def is_running(self) -> bool:
        return self.process.is_running

    def start(self) -> None:
        self.process.start()
        wait_until(self._answers, "PostgreSQL has recovered", seconds=60)

    def kill9(self) -> None:
        """Kill the server and every process of it, at once: they are not of one process group."""
        kill9_tree(self.process)

    def _answers(self) -> bool:
        import psycopg2

        assert self.process.is_running, self.process.output()
        try:
            psycopg2.connect(f"{self.url}/postgres", connect_timeout=5).close()
        except psycopg2.OperationalError:
            return False
        return True


def _programs() -> Path:
    found = shutil.which("pg_config")
    folders = [Path(subprocess.check_output([found, "--bindir"], text=True).strip())] if found else []
    for folder in (*folders, *sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)):
        if (folder / "initdb").exists():
            return folder
    words = "PostgreSQL's programs (initdb) are not installed"
    if os.environ.get("CI") == "true":
        pytest.fail(words)
    pytest.skip(words)

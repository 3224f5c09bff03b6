"""Celery's broker in a folder, of the embedded default: kombu's own, but what it writes appears whole or not at all.

Kombu makes a file first and fills it then; a worker that reads it between, or after a crash there, ends with an error.
"""
# mypy: disable-error-code="no-untyped-call, override"

from fcntl import LOCK_EX, flock
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import uuid4

from kombu.transport import filesystem
from kombu.utils import json


class Channel(filesystem.Channel):
    def _put(self, queue: str, message: Any, **_: Any) -> None:
        name = f"{round(monotonic() * 1000)}_{uuid4()}.{queue}.msg"
        write_whole(Path(self.data_folder_out) / name, json.dumps(message))

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str, queue: str) -> None:
        bound = [routing_key or "", pattern or "", queue or ""]
        path: Path = self._exchange_file(exchange)
        with (path.parent / "lock").open("w") as lock:
            flock(lock, LOCK_EX)
            there = json.loads(path.read_text()) if path.exists() else []
            if bound not in there:
                write_whole(path, json.dumps([bound, *there]))


class Transport(filesystem.Transport):
    Channel = Channel


def write_whole(path: Path, text: str) -> None:
    part = path.with_name(f"{path.name}.{uuid4().hex[:8]}.part")
    part.write_text(text)
    part.replace(path)

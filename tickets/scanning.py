"""The virus scanner: ClamAV's daemon, asked over its socket by the command INSTREAM."""

import socket
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

CHUNK = 65_536
TIMEOUT = 60.0


class ScannerDown(Exception):
    """Nobody answers, or not in time: to be asked again later."""


class ScanBroke(Exception):
    """The line broke over this file: it may be the file, it may be the scanner."""


class NotScanned(Exception):
    """The scanner will not look at this file, e.g. as it is too large; its words say why."""


def scan(path: Path, url: str) -> str:
    """Return the name of the virus in the file, "" if it is clean.

    `url` is clamav://host:port or clamav:///path/of/socket. Raises ScannerDown, ScanBroke, NotScanned, and
    FileNotFoundError where the file is gone.
    """
    with path.open("rb") as file, _connect(url) as line:
        try:
            answer = _ask(line, file)
        except OSError as failure:
            raise ScanBroke(str(failure)) from failure
    words = answer.rstrip(b"\0\n").decode("utf-8", "replace").removeprefix("stream: ")
    if words == "OK":
        return ""
    if words.endswith(" FOUND"):
        return words.removesuffix(" FOUND")
    if words.endswith("ERROR"):
        raise NotScanned(words)
    raise ScanBroke(words or "the connection was closed")


def _ask(line: socket.socket, file: BinaryIO) -> bytes:
    line.sendall(b"zINSTREAM\0")
    try:
        while chunk := file.read(CHUNK):
            line.sendall(len(chunk).to_bytes(4, "big") + chunk)
        line.sendall(bytes(4))
    except (BrokenPipeError, ConnectionResetError):
        pass  # it has had enough: its answer, which is read now, says why
    answer = b""
    while not answer.endswith(b"\0") and (received := line.recv(4096)):
        answer += received
    return answer


def _connect(url: str) -> socket.socket:
    parts = urlsplit(url)
    try:
        if parts.hostname:
            return socket.create_connection((parts.hostname, parts.port or 3310), timeout=TIMEOUT)
        line = socket.socket(socket.AF_UNIX)
        line.settimeout(TIMEOUT)
        line.connect(unquote(parts.path))
    except OSError as failure:
        raise ScannerDown(str(failure)) from failure
    return line

"""The contents of attachments: stored once under their hash, outside the web root."""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from tempfile import NamedTemporaryFile

from django.conf import settings


def path_of(sha256: str) -> Path:
    return Path(settings.ATTACHMENTS_DIR) / sha256[:2] / sha256


def store(content: bytes) -> str:
    """Write `content` and return its hash. A file appears whole or not at all; writing it again changes nothing."""
    return store_many([content])[0]


def store_many(contents: Iterable[bytes]) -> list[str]:
    """Write contents and return their hashes in order: all on the disk, names included, when it returns."""
    hashes, folders = [], set()
    for content in contents:
        sha256 = hashlib.sha256(content).hexdigest()
        path = path_of(sha256)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            with NamedTemporaryFile(dir=path.parent, delete=False) as part:
                part.write(content)
                part.flush()
                os.fsync(part.fileno())
            Path(part.name).replace(path)
            folders |= {path.parent, path.parent.parent}
        hashes.append(sha256)
    for folder in folders:
        _keep_names(folder)
    return hashes


def _keep_names(folder: Path) -> None:
    """Have the folder's list of names on the disk: a file that is, without its name, is lost with the power."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def quarantine(sha256: str) -> None:
    """Move an infected file to where nothing is served from; a no-op if it is there."""
    path, apart = path_of(sha256), _apart(sha256)
    apart.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        path.replace(apart)


def kept_at(sha256: str) -> Path:
    """Return where the content is, be it in quarantine."""
    path = path_of(sha256)
    return path if path.exists() else _apart(sha256)


def _apart(sha256: str) -> Path:
    return Path(settings.QUARANTINE_DIR) / sha256

"""Test mails that others publish: fetched from the package index by the test run, pinned by hash, never committed."""

import importlib.util
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

PACKAGES = {  # name -> (version, sha256 of its source package)
    "flufl.bounce": ("6.0.0", "a1df16b9d1877ae4536f7d76c00d8421fcefbe694f80f5285d05c45a2547b1bc"),
    "talon": ("1.4.4", "263d122609747691e9f75726ea565f5da8a40146a7a81eb5883e51b8224b0e5c"),
    "quotequail": ("0.5.4", "675e3e93fc7696a49fb08ba25ebd1291983c10b0bbae8a0512b2d745e9c0016a"),
    "tnefparse": ("1.4.0", "bd871432b9afecb478fda2bbd4ab3673de00db4ba5dcc723bbb6c86a76420f95"),
    "django-mailbox": ("4.10.1", "9060a4ddc81d16aa699e266649c12eaf4f29671b5266352e2fad3043a6832b52"),
    "mail-parser": ("4.8.0", "602e659b159652d378b0f9cce2d682bee692bedae72687786e2b2e52eaeb9afc"),
}
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "emus-helpdesk" / "published-mail"
TRIES = 3


class Unreachable(Exception):
    """A suite could not be had; the words say which and why."""


def folder(package: str) -> Path:
    """The unpacked source of a package; fetched once, then kept.

    Raises Unreachable. Two processes may fetch at once: the last rename loses, and both see whole folders.
    """
    version, digest = PACKAGES[package]
    kept = CACHE / f"{package}-{version}-{digest[:12]}"
    if not kept.is_dir():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
            archive = _download(package, version, digest, Path(scratch))
            with tarfile.open(archive) as opened:
                opened.extractall(Path(scratch) / "source", filter="data")
            try:
                (Path(scratch) / "source").rename(kept)
            except OSError:
                if not kept.is_dir():
                    raise
    return next(each for each in kept.iterdir() if each.is_dir())


def interpreter_mails() -> Path:
    """The mails that CPython tests its own parser with. Raises Unreachable where the interpreter came without them."""
    found = importlib.util.find_spec("test.test_email")
    if not found or not found.origin:
        raise Unreachable("this Python was installed without its own tests (test.test_email)")
    return Path(found.origin).parent / "data"


def _download(package: str, version: str, digest: str, scratch: Path) -> Path:
    pinned = scratch / "pinned.txt"
    pinned.write_text(f"{package}=={version} --hash=sha256:{digest}\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
    command += ["--no-binary", package, "--dest", str(scratch), "--requirement", str(pinned)]
    for attempt in range(1, TRIES + 1):
        done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
        if done.returncode == 0:
            return next(scratch.glob("*.tar.gz"))
        time.sleep(attempt)
    raise Unreachable(f"{package} {version} cannot be fetched: {done.stderr.strip()[-300:]}")

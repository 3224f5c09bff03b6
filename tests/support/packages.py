"""What others publish to be tested with: packages fetched by their own clients, pinned, and kept in the user's cache."""

import functools
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "emus-helpdesk-tests"
APT_HELPER = "/usr/lib/apt/apt-helper"
TRIES = 3


@dataclass(frozen=True)
class Package:
    """A file of a registry: `kind` is sdist, wheel, npm or debian; `sha256` is that of the file as it is published.

    Of Debian's sources it is the upstream's archive (.orig.tar.xz), from the mirror that this machine installs from.
    """

    kind: str
    name: str
    version: str
    sha256: str

    @property
    def command(self) -> list[str]:
        if self.kind == "npm":
            return ["npm", "pack", "--silent", f"{self.name}@{self.version}"]
        if self.kind == "debian":
            return [APT_HELPER, "download-file", f"{_mirror()}/{self._in_pool}", "source.tar.xz"]
        form = "--no-binary" if self.kind == "sdist" else "--only-binary"
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", "."]
        return [*pip, form, ":all:", f"{self.name}=={self.version}"]

    @property
    def _in_pool(self) -> str:
        shelf = self.name[: 4 if self.name.startswith("lib") else 1]
        return f"pool/main/{shelf}/{self.name}/{self.name}_{self.version}.orig.tar.xz"


@functools.cache
def _mirror() -> str:
    """Debian's mirror in apt's own configuration; "" on a machine that has none."""
    if not shutil.which("apt-get"):
        return ""
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI)"]
    known = subprocess.run(command, capture_output=True, text=True, timeout=60).stdout.split()
    return next((uri.rstrip("/") for uri in known if uri.rstrip("/").endswith("/debian")), "")


def unpacked(package: Package) -> Path:
    """Return a folder with the package's files; fetched once, then taken from the cache.

    What cannot be fetched skips the test and says so; with CI=true it fails it. Another content than the pinned one
    always fails it.
    """
    folder = CACHE / f"{package.name}-{package.version}-{package.sha256[:12]}"
    if folder.is_dir():
        return folder
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        file = _fetch(package, Path(scratch))
        assert hashlib.sha256(file.read_bytes()).hexdigest() == package.sha256, f"{file.name} is not the pinned one"
        whole = Path(scratch) / "whole"
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as archive:
                archive.extractall(whole)
        else:
            with tarfile.open(file) as archive:
                archive.extractall(whole, filter="data")
        try:
            whole.rename(folder)
        except OSError:  # another process was quicker
            shutil.rmtree(whole, ignore_errors=True)
    return folder


def _fetch(package: Package, scratch: Path) -> Path:
    words = "no client for it"
    for attempt in range(1, TRIES + 1) if shutil.which(package.command[0]) else ():
        run = subprocess.run(package.command, cwd=scratch, capture_output=True, text=True, timeout=200)
        files = [path for path in scratch.iterdir() if path.is_file()]
        if run.returncode == 0 and len(files) == 1:
            return files[0]
        words = run.stderr.strip()[-300:]
        time.sleep(attempt)
    return missing(f"{package.name} {package.version} cannot be fetched: {words}")


def missing(words: str) -> NoReturn:
    """Skip the test, saying what it lacks; with CI=true fail it."""
    if os.environ.get("CI") == "true":
        pytest.fail(words)
    pytest.skip(words)

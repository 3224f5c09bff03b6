"""What others publish to be tested with: packages fetched by their own clients, pinned, and kept in the user's cache."""

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "emus-helpdesk-tests"


@dataclass(frozen=True)
class Package:
    """A file of a registry: `kind` is sdist, wheel or npm; `sha256` is that of the file as it is published."""

    kind: str
    name: str
    version: str
    sha256: str

    @property
    def command(self) -> list[str]:
        if self.kind == "npm":
            return ["npm", "pack", "--silent", f"{self.name}@{self.version}"]
        form = "--no-binary" if self.kind == "sdist" else "--only-binary"
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", "."]
        return [*pip, form, ":all:", f"{self.name}=={self.version}"]


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
    run = None
    if shutil.which(package.command[0]):
        run = subprocess.run(package.command, cwd=scratch, capture_output=True, text=True, timeout=200)
    files = [path for path in scratch.iterdir() if path.is_file()]
    if run is not None and run.returncode == 0 and len(files) == 1:
        return files[0]
    words = f"{package.name} {package.version} cannot be fetched: {run.stderr[-300:] if run else 'no client for it'}"
    if os.environ.get("CI") == "true":
        pytest.fail(words)
    pytest.skip(words)

"""Test mails that others publish: fetched by the test run, pinned by hash, never committed."""

import importlib.util
from pathlib import Path

from tests.support.packages import Package, missing, unpacked

PACKAGES = (
    Package("sdist", "flufl.bounce", "6.0.0", "a1df16b9d1877ae4536f7d76c00d8421fcefbe694f80f5285d05c45a2547b1bc"),
    Package("sdist", "talon", "1.4.4", "263d122609747691e9f75726ea565f5da8a40146a7a81eb5883e51b8224b0e5c"),
    Package("sdist", "quotequail", "0.5.4", "675e3e93fc7696a49fb08ba25ebd1291983c10b0bbae8a0512b2d745e9c0016a"),
    Package("sdist", "tnefparse", "1.4.0", "bd871432b9afecb478fda2bbd4ab3673de00db4ba5dcc723bbb6c86a76420f95"),
    Package("sdist", "django-mailbox", "4.10.1", "9060a4ddc81d16aa699e266649c12eaf4f29671b5266352e2fad3043a6832b52"),
    Package("sdist", "mail-parser", "4.8.0", "602e659b159652d378b0f9cce2d682bee692bedae72687786e2b2e52eaeb9afc"),
    Package(
        "debian",
        "libmail-deliverystatus-bounceparser-perl",
        "1.543+repacked",
        "01f89040426ab6de77f9f0bcdce61a938ef6a24179efbfdb4f7a1f68c5263282",
    ),
    Package("npm", "baunsu", "0.2.3", "e70903f6e92ec53b8feef60f6437be6f794a5b19ded61776657637e205dbae93"),
    Package("npm", "mailparser", "0.6.2", "e29b1f023b3e1bc43d5b9588d5713692d2dee48c0a22072e7836e0728a261883"),
    Package("npm", "parse-reply", "0.0.4", "a2278b93dad5a0d9f7ce2bb7b1532e49e0af3bb61fe9b88e7ae55c064edb741a"),
)


def folder(name: str) -> Path:
    """The unpacked source of a package. What cannot be fetched skips the test, and fails it with CI=true."""
    (package,) = (each for each in PACKAGES if each.name == name)
    return next(each for each in unpacked(package).iterdir() if each.is_dir())


def interpreter_mails() -> Path:
    """The mails that CPython tests its own parser with; skips or fails as `folder` does."""
    found = importlib.util.find_spec("test.test_email")
    if not found or not found.origin:
        missing("this Python was installed without its own tests (test.test_email)")
    return Path(found.origin).parent / "data"

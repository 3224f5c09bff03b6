"""flufl.bounce, Mail::DeliveryStatus::BounceParser and baunsu: whom each of their samples gives up."""

import ast
import re
import shutil
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from contact.email.parse import ParsedMail, parse
from tests.suites.samples import Sample, Suite, differs
from tests.support.packages import missing

# --- flufl.bounce -----------------------------------------------------------------------------------------------------


def flufl(source: Path) -> Suite:
    """Expect the addresses given up for good; a mail that tells of delays only is automatic and no bounce.

    The list names each sample once for each detector: what one detector misses, another finds, so they are joined. Left
    out by rule: samples in which the listed detector must find nobody. That is said of this detector, not of the mail.
    """
    tests = (source / "tests" / "test_detectors.py").read_text(encoding="utf-8")
    (listed,) = (
        node.value
        for node in ast.parse(tests).body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "DETECTORS"
    )
    permanent, temporary = defaultdict(set), defaultdict(set)
    for _, name, addresses, is_temporary in ast.literal_eval(listed):
        found = {address.decode("ascii", "replace").lower() for address in addresses}
        permanent[name] |= set() if is_temporary else found
        temporary[name] |= found if is_temporary else set()
    files = {path.name: path.read_bytes() for path in sorted((source / "tests" / "data").glob("*.txt"))}
    telling = sorted(name for name in permanent if permanent[name] or temporary[name])
    samples = [_sample(name, files[name], permanent[name]) for name in telling]
    return Suite(tuple(samples), mails=tuple(files.values()), excluded=len(permanent) - len(telling))


def _sample(name: str, raw: bytes, permanent: set[str]) -> Sample:
    def check() -> str:
        mail = parse(raw)
        return differs("failed", permanent, _failed(mail)) or ("" if mail.is_automatic else "not seen to be automatic")

    return Sample("flufl.bounce", name, raw, check)


def _failed(mail: ParsedMail) -> set[str]:
    return {address.lower() for address, _ in mail.bounce.failed} if mail.bounce else set()


# --- Mail::DeliveryStatus::BounceParser -------------------------------------------------------------------------------

# Stands in for the module of its tests by which they state what they expect: writes it down, in hexadecimal digits.
_CHECK_REPORT = r"""
package TestBounceParser;
use Exporter "import";
our @EXPORT = qw(check_report readfile);
sub hex_of { my $value = shift; unpack "H*", ref $value ? join(",", @$value) : defined $value ? $value : "" }
sub check_report {
    my ($file, %expected) = @_;
    print join("\t", $file, map { "$_=" . hex_of($expected{$_}) } sort keys %expected), "\n";
}
1;
"""
_TEST_MORE = r"""
package Test::More;
use Exporter "import";
our @EXPORT = qw(subtest done_testing);
sub subtest { $_[1]->() }
sub done_testing { }
1;
"""


class _Report(NamedTuple):
    """What `check_report` is told of a file of the corpus; what it is not told is absent."""

    name: str
    told: dict[str, str]


def bounce_parser(source: Path) -> Suite:
    """Expect a bounce where they do, with the addresses, the status and the returned Message-ID that they state.

    Their "bounce" of nobody (`reports => 0`) is none of ours, which is a list of people.
    Left out by rule: what they mark as not yet done, mails that Debian's copy lacks or that their tests quote.
    """
    quoting = set(_FILE.findall((source / "t" / "orig-message.t").read_text(encoding="latin-1")))
    reports = [report for test in sorted((source / "t").glob("*.t")) for report in _reports(source, test)]
    files = {path.name: path.read_bytes() for path in sorted((source / "t" / "corpus").glob("*.msg"))}
    kept = [
        each
        for each in reports
        if not each.told.get("todo_is_bounce") and each.name in files and each.name not in quoting
    ]
    samples = tuple(
        Sample("BounceParser", name, files[name], lambda name=name, told=told: _compare(files[name], told))
        for name, told in kept
    )
    return Suite(samples, tuple(files.values()), excluded=len(reports) - len(kept))


_FILE = re.compile(r"t/corpus/([\w.-]+\.msg)")


def _reports(source: Path, test: Path) -> Iterator[_Report]:
    """Run one of their tests on a stand-in that only notes what `check_report` is told."""
    if "check_report" not in test.read_text(encoding="latin-1"):
        return
    perl = shutil.which("perl") or missing("perl, in which BounceParser's tests state what they expect, is not there")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "t"
        (folder / "Test").mkdir(parents=True)
        (folder / "TestBounceParser.pm").write_text(_CHECK_REPORT)
        (folder / "Test" / "More.pm").write_text(_TEST_MORE)
        (folder / "corpus").symlink_to(source / "t" / "corpus")
        run = subprocess.run(
            [perl, "-T", "-It", test], cwd=scratch, capture_output=True, text=True, timeout=60, check=True
        )
    for line in run.stdout.splitlines():
        file, *fields = line.split("\t")
        pairs = (field.split("=") for field in fields)
        yield _Report(Path(file).name, {key: bytes.fromhex(value).decode() for key, value in pairs})


def _compare(raw: bytes, told: dict[str, str]) -> str:
    mail = parse(raw)
    if told["is_bounce"] == "0" or told.get("reports") == "0":
        return differs("failed", set(), _failed(mail))
    if mail.bounce is None:
        return "not seen to be a bounce"
    addresses, statuses = (
        set(told.get("addresses", "").lower().split(",")),
        {status for _, status in mail.bounce.failed},
    )
    message_id = told.get("orig_message_id", "").strip("<>")
    return (
        (differs("failed", addresses, _failed(mail)) if "addresses" in told else "")
        or (differs("status", {told["status"]}, statuses) if "status" in told else "")
        or (differs("returned", message_id, mail.bounce.original_message_id.strip("<>")) if message_id else "")
    )


# --- baunsu -----------------------------------------------------------------------------------------------------------


def baunsu(source: Path) -> Suite:
    """Its tests expect by the beginning of a file's name: a bounce, an automatic answer, an ordinary letter.

    Left out by rule: samples of no such beginning, of which its tests expect nothing.
    """
    files = {path.name: path.read_bytes() for path in sorted((source / "tests" / "emails").glob("*.txt"))}
    expected = {name: kind for name in files if (kind := _KINDS.get(name.partition("_")[0]))}
    samples = tuple(
        Sample("baunsu", name, files[name], lambda name=name, kind=kind: differs("kind", kind, _kind(files[name])))
        for name, kind in expected.items()
    )
    return Suite(samples, tuple(files.values()), excluded=len(files) - len(expected))


_KINDS = {"bounce": "bounce", "auto": "automatic", "ordinary": "letter"}


def _kind(raw: bytes) -> str:
    mail = parse(raw)
    return "bounce" if mail.bounce else "automatic" if mail.is_automatic else "letter"

"""flufl.bounce: what its detectors must find in each of its samples."""

import ast
from collections import defaultdict
from pathlib import Path

from contact.email.parse import parse
from tests.suites.samples import Sample, Suite, differs


def bounces(source: Path) -> Suite:
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
        failed = {address.lower() for address, _ in mail.bounce.failed} if mail.bounce else set()
        return differs("failed", permanent, failed) or ("" if mail.is_automatic else "not seen to be automatic")

    return Sample("bounces", name, raw, check)

"""mailparser (Node) 0.6: its own tests, run with our parser in the place of theirs.

Left out by rule: tests of its streams and options, of names and fields that it makes up itself or that we have not, of
HTML, which we clean and it hands on, and of letters that do not say their character set, which is guessed for the
letter's likely writers: Latvians there, western Europeans here.
"""

import base64
import hashlib
import json
import re
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import playwright

from contact.email.headers import Address
from contact.email.parse import ParsedMail, parse
from tests.suites.samples import Sample, Suite

_NODE = Path(playwright.__file__).parent / "driver" / "node"  # the one that the browser's driver brings along
_RUNNER = Path(__file__).with_name("mailparser_in_node.js")
_NOT_OURS = re.compile(
    r"""\.write\(|new\ MailParser\(\{|on\("(?!end")|encodinglib|nextTick|setTimeout|readFileSync|console\.
        |\.html\b|headers\b|priority|_isMbox|receivedDate|attachments\[[1-9]\]|\.stream\b|\bnode\b
        |@mailparser"|"attachment\.|inReplyTo,\ \[[^\]]*,""",
    re.VERBOSE,
)


def mailparser(source: Path) -> Suite:
    tests = _run(source)
    ours = {name: told for name, told in tests.items() if told["raw"] and not _NOT_OURS.search(told["code"])}
    mails = {name: base64.b64decode(told["raw"]) for name, told in ours.items()}
    kept = {name: told for name, told in ours.items() if not parse(mails[name]).charset_guessed}

    @cache
    def outcome() -> dict[str, dict]:
        return _run(source, {name: _shape(parse(mails[name])) for name in kept})

    def check(name: str) -> str:
        told = outcome()[name]
        return "; ".join(told["amiss"]) if told["amiss"] or told["compared"] else "nothing was compared"

    samples = tuple(
        Sample("mailparser", name, told["code"].encode(), lambda name=name: check(name)) for name, told in kept.items()
    )
    return Suite(samples, tuple(mails.values()), excluded=len(tests) - len(kept))


def _run(source: Path, answers: dict | None = None) -> dict[str, dict]:
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(answers, file)
        file.flush()
        command = [_NODE, "--no-deprecation", _RUNNER, *([file.name] if answers else [])]
        run = subprocess.run(command, cwd=source, capture_output=True, text=True, timeout=60, check=True)
    return json.loads(run.stdout)


def _shape(mail: ParsedMail) -> dict:
    """A mail as mailparser tells it."""
    told = {
        "text": mail.text,
        "subject": mail.subject,
        "messageId": mail.message_id.strip("<>"),
        "from": [_person(mail.sender)],
        "to": [_person(person) for person in mail.to],
        "cc": [_person(person) for person in mail.cc],
        "replyTo": [_person(person) for person in mail.reply_to],
        "date": mail.date.isoformat() if mail.date else None,
        "references": [each.strip("<>") for each in mail.references],
        "inReplyTo": [mail.in_reply_to.strip("<>")],
        "attachments": [
            {
                "fileName": file.name,
                "generatedFileName": file.name,
                "contentType": file.content_type,
                "contentId": file.content_id.strip("<>"),
                "content": base64.b64encode(file.content).decode(),
                "length": file.size,
                "checksum": hashlib.md5(file.content).hexdigest(),
            }
            for file in mail.attachments
        ],
    }
    return {key: value for key, value in told.items() if value not in ("", [], [""], None) or key == "attachments"}


def _person(person: Address) -> dict[str, str]:
    return {"address": person.address, "name": person.name}

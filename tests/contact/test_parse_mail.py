import hashlib
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from contact.email.parse import parse

ROOT = Path(__file__).parents[2]
MAILS = sorted((ROOT / "contact" / "demo" / "mails").glob("*.eml"))


def lines_of(*arguments):
    out = io.StringIO()
    call_command("parse_mail", *arguments, stdout=out)
    return out.getvalue().splitlines()


class TestParseMail:
    """S-24.2: anybody can see what the product reads out of a mail, without the product's database."""

    def test_one_line_of_json_a_mail(self):
        lines = lines_of("--json", *map(str, MAILS))
        assert len(lines) == len(MAILS)
        for line, path in zip(lines, MAILS, strict=True):
            told, mail = json.loads(line), parse(path.read_bytes())
            assert (told["subject"], told["text"], told["reply"]) == (mail.subject, mail.text, mail.reply)
            assert told["date"] == (mail.date and mail.date.isoformat())

    def test_files_come_by_their_hash_and_without_their_content(self):
        (path,) = [path for path in MAILS if path.name.startswith("06-")]
        told = json.loads(lines_of("--json", str(path))[0])["attachments"]
        contents = [file.content for file in parse(path.read_bytes()).attachments]
        assert [file["sha256"] for file in told] == [hashlib.sha256(content).hexdigest() for content in contents]
        assert all("content" not in file for file in told)
        assert told[0]["container"] in ("asice", "edoc")

    def test_standard_input_is_read(self):
        command = [sys.executable, str(ROOT / "manage.py"), "parse_mail", "--json", "-"]
        done = subprocess.run(
            command, input=b"From: a@b.example\r\nSubject: \xff\0\r\n\r\nx", capture_output=True, check=True
        )
        told = json.loads(done.stdout)
        assert (told["sender"], told["text"]) == ({"name": "", "address": "a@b.example"}, "x")

    def test_without_json_it_prints_subjects(self):
        assert lines_of(str(MAILS[0])) == [parse(MAILS[0].read_bytes()).subject]

    def test_a_file_that_is_not_there_is_named(self):
        with pytest.raises(CommandError, match=r"nowhere\.eml"):
            lines_of("nowhere.eml")

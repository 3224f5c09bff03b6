import json
import random
import time
from datetime import datetime
from pathlib import Path

import pytest

from contact.email import parse as parse_module
from contact.email.parse import Address, Attachment, Bounce, ParsedMail, parse

MAILS = sorted((Path(__file__).parents[2] / "contact" / "demo" / "mails").glob("*.eml"))


@pytest.fixture(autouse=True)
def _without_the_last_net(monkeypatch):
    """Let a fault of the parser show here; in the office the mail would be shown as raw text instead."""

    def fail(raw):
        raise

    monkeypatch.setattr(parse_module, "_unparsed", fail)


def assert_storable(text):
    assert type(text) is str
    assert "\0" not in text
    json.dumps(text, ensure_ascii=False).encode("utf-8")


def assert_address(address):
    assert type(address) is Address
    assert_storable(address.name)
    assert_storable(address.address)


def assert_sound(parsed):
    assert type(parsed) is ParsedMail
    for name in ("message_id", "in_reply_to", "subject", "text", "html", "reply"):
        assert_storable(getattr(parsed, name))
    for name in ("references", "to", "cc", "attachments"):
        assert type(getattr(parsed, name)) is tuple
    for reference in parsed.references:
        assert_storable(reference)
    for address in (parsed.sender, *parsed.to, *parsed.cc):
        assert_address(address)
    assert parsed.date is None or (type(parsed.date) is datetime and parsed.date.utcoffset() is not None)
    for attachment in parsed.attachments:
        assert_attachment(attachment)
    assert type(parsed.is_automatic) is bool
    assert type(parsed.charset_guessed) is bool
    assert_bounce(parsed.bounce)


def assert_attachment(attachment):
    assert type(attachment) is Attachment
    for text in (attachment.name, attachment.content_type, attachment.content_id):
        assert_storable(text)
    assert attachment.name
    assert type(attachment.content) is bytes
    assert attachment.size == len(attachment.content)
    assert type(attachment.inline) is bool


def assert_bounce(bounce):
    if bounce is None:
        return
    assert type(bounce) is Bounce
    assert bounce.failed
    assert_storable(bounce.original_message_id)
    for address, status in bounce.failed:
        assert_storable(address)
        assert_storable(status)


class TestAnyBytes:
    """E-II.1a: no mail can stop the desk from seeing the next one."""

    def test_a_thousand_random_strings_of_bytes(self):
        chance = random.Random(20261121)
        for _ in range(1_000):
            assert_sound(parse(chance.randbytes(chance.randrange(400))))

    def test_random_arrangements_of_what_mails_are_made_of(self):
        chance = random.Random(8)
        words = [
            b"\r\n",
            b"\n",
            b"\r\n\r\n",
            b"--b",
            b"--b--",
            b"From: ",
            b"Subject: ",
            b"Date: ",
            b"Message-ID: ",
            b"<",
        ]
        words += [
            b">",
            b"@",
            b"=?utf-8?B?",
            b"?=",
            b"=?idna?Q?",
            b"%",
            b"*0*=",
            b"filename",
            b"\xff",
            b"\0",
            b"\xc4",
            b";",
        ]
        words += [b"Content-Type: multipart/mixed; boundary=b\r\n", b"Content-Type: text/html\r\n", b"<div>", b"</p>"]
        words += [
            b"Content-Transfer-Encoding: base64\r\n",
            b"Content-Type: message/delivery-status\r\n",
            b"\xed\xa0\x80",
        ]
        words += [b"Content-Type: text/plain; charset=utf-7; format=flowed\r\n", b"+2AA-", b"> ", b"wrote:", b"14:05 "]
        for _ in range(1_500):
            assert_sound(parse(b"".join(chance.choices(words, k=chance.randrange(40)))))

    @pytest.mark.parametrize("path", MAILS, ids=lambda path: path.name)
    def test_a_demo_mail_whole_cut_and_damaged(self, path):
        raw, chance = path.read_bytes(), random.Random(path.name)
        assert_sound(parse(raw))
        for _ in range(25):
            assert_sound(parse(raw[: chance.randrange(len(raw))]))
            assert_sound(parse(raw[chance.randrange(len(raw)) :]))
            damaged = bytearray(raw)
            for _ in range(chance.randrange(1, 40)):
                damaged[chance.randrange(len(raw))] = chance.randrange(256)
            assert_sound(parse(bytes(damaged)))

    def test_lone_surrogates_and_nul_are_washed_out(self):
        raw = b"From: =?utf-7?Q?+2AA-?= <a@b.example>\r\nSubject: a\0b\xed\xa0\x80\r\n\r\n\0\xed\xa0\x80 x"
        parsed = parse(raw)
        assert_sound(parsed)
        assert parsed.sender.name == "\ufffd"
        assert parsed.text.endswith(" x")


def nested(depth):
    return b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(depth))


class TestAbsurdMails:
    """S-27: one mail cannot occupy the desk's server."""

    @pytest.mark.parametrize(
        "raw",
        [
            nested(10_000),
            b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 10_000,
            b"Subject: " + b"=?utf-8?Q?" * 50_000,
            b"To: " + b"(" * 100_000,
            b"To: " + b"a, " * 100_000,
            b"To: " + b"a@b.example, " * 20_000,
            b"References: " + b"<a@b>" * 100_000,
            b"X: y\r\n" * 50_000,
            b"Subject: a\r\n" + b" b\r\n" * 100_000,
            b"From: a\r\n\r\n" + b"> " * 200_000,
            b"From: a\r\n\r\n" + b"On 1.1.2026 14:05 <a@b> wrote:\n" * 20_000,
            b"Content-Type: text/plain; format=flowed\r\n\r\n" + b"a \n" * 200_000,
            b"Content-Type: application/pdf; " + b";filename*0*=x'" * 10_000,
            b"Content-Type: text/html\r\n\r\n" + b"<div>" * 100_000,
            b"Date: Mon, 1 Jan " + b"9" * 5_000,
            b"From: mailer-daemon@b.example\r\nSubject: Undelivered\r\n\r\n" + b"a" * 1_000_000,
            b"From: mailer-daemon@b.example\r\nSubject: Undelivered\r\n\r\n" + b"not deliver " * 100_000,
            b"Content-Type: text/calendar\r\n\r\nBEGIN:VEVENT\r\nSUMMARY" + b";a=b" * 50_000,
            b"Content-Type: application/ms-tnef\r\n\r\n\x78\x9f\x3e\x22\0\0"
            + b"\x02\x02\x90\0\0\0\0\0\0\0\0" * 100_000,
            b"Content-Type: message/rfc822\r\n\r\n" * 20_000,
        ],
        ids=lambda raw: repr(raw[:40]),
    )
    def test_an_absurd_mail_is_read_in_moments(self, raw):
        started = time.perf_counter()
        assert_sound(parse(raw))
        assert time.perf_counter() - started < 5

    def test_no_more_than_a_thousand_parts_are_looked_at(self):
        raw = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\nContent-Type: a/b\r\n\r\nx\r\n" * 5_000
        assert len(parse(raw).attachments) < 1_000


class TestTheLastNet:
    """E-II.1a: even a fault in the parser does not lose a mail."""

    def test_a_mail_that_breaks_the_parser_is_shown_raw(self, monkeypatch):
        monkeypatch.undo()
        monkeypatch.setattr(parse_module, "read", lambda raw: 1 / 0)
        parsed = parse(b"Subject: x\r\n\r\nteksts\0")
        assert_sound(parsed)
        assert "teksts" in parsed.text
        assert parsed.sender == Address("", "")

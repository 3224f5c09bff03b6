"""The mailbox in a Maildir folder: the embedded default."""

import os
import time
from datetime import UTC, date

import pytest

from contact.email.mailbox import MailboxError
from contact.email.maildir import drop, opened
from tests.support.office import riga

LONG_AGO = date(2000, 1, 1)
SUMMER, WINTER = riga("2026-07-01 12:00:00"), riga("2026-11-20 09:15:30")


def letter(number: int) -> bytes:
    return f"From: a@b.example\r\nMessage-ID: <{number}@b.example>\r\nSubject: {number}\r\n\r\nĀ {number}\r\n".encode()


@pytest.fixture
def root(tmp_path):
    return tmp_path / "pasta kaste"


@pytest.fixture
def url(root):
    return f"maildir://{root}".replace(" ", "%20")


def fetched(url, *, from_uid: int = 1):
    with opened(url) as mailbox:
        recent, older = mailbox.uids(from_uid, LONG_AGO)
        assert older == []
        return [mailbox.read(uid) for uid in recent]


def names(root):
    return sorted(path.name for folder in ("new", "cur") for path in (root / folder).iterdir())


class TestFetching:
    """E-II.1a: what came into the mailbox is taken in, by the mailbox's own word on when."""

    def test_mails_come_whole_in_the_order_of_arrival(self, root, url):
        drop(root, letter(2), WINTER)
        drop(root, letter(1), SUMMER)
        assert [(mail.uid, mail.raw) for mail in fetched(url)] == [(1, letter(1)), (2, letter(2))]

    def test_received_at_is_when_the_file_was_written_in_utc(self, root, url):
        drop(root, letter(1), WINTER)
        (mail,) = fetched(url)
        assert mail.received_at == WINTER
        assert mail.received_at.tzinfo is UTC

    def test_nothing_is_marked_as_read_or_moved(self, root, url):
        path = drop(root, letter(1))
        fetched(url)
        assert path.exists()

    def test_earlier_mails_are_left_out(self, root, url):
        for number in range(1, 5):
            drop(root, letter(number), WINTER.replace(second=number))
        assert [mail.uid for mail in fetched(url, from_uid=3)] == [3, 4]

    def test_mail_from_before_the_desks_start_is_told_apart(self, root, url):
        for day in (1, 2, 3):
            drop(root, letter(day), riga(f"2026-11-0{day} 12:00"))
        with opened(url) as mailbox:
            assert mailbox.uids(1, date(2026, 11, 2)) == ([2, 3], [1])

    def test_a_mail_that_is_gone_reads_as_none(self, root, url):
        path = drop(root, letter(1))
        with opened(url) as mailbox:
            path.unlink()
            assert mailbox.read(1) is None
            assert mailbox.read(77) is None

    def test_a_mail_keeps_its_uid_when_a_reader_moves_and_flags_it(self, root, url):
        path = drop(root, letter(1), SUMMER)
        drop(root, letter(2), WINTER)
        before = {mail.raw: mail.uid for mail in fetched(url)}
        path.rename(root / "cur" / f"{path.name}:2,S")
        assert {mail.raw: mail.uid for mail in fetched(url)} == before

    def test_a_uid_is_never_given_again(self, root, url):
        path = drop(root, letter(1), SUMMER)
        fetched(url)
        path.unlink()
        drop(root, letter(2), WINTER)
        assert [mail.uid for mail in fetched(url)] == [2]

    def test_a_late_mail_with_an_old_time_comes_behind_those_that_were_seen(self, root, url):
        drop(root, letter(1), WINTER)
        fetched(url)
        drop(root, letter(2), SUMMER)
        assert [mail.raw for mail in fetched(url, from_uid=2)] == [letter(2)]

    def test_a_mail_that_is_still_being_written_is_not_seen(self, root, url):
        fetched(url)
        (root / "tmp/half").write_bytes(b"From: a")
        assert fetched(url) == []

    def test_an_empty_mailbox_is_made_and_answers_nothing(self, root, url):
        assert fetched(url) == []
        assert (root / "new").is_dir()


class TestMarks:
    """E-II.5: the mark stands in the mailbox as well."""

    @pytest.mark.parametrize(("mark", "flags"), [("incomplete", "FS"), ("complete", "Sc"), ("none", "S")])
    @pytest.mark.parametrize("before", ["none", "incomplete", "complete"])
    def test_each_mark_takes_the_place_of_the_one_before(self, root, url, before, mark, flags):
        drop(root, letter(1))
        for one in (before, mark):
            with opened(url) as mailbox:
                mailbox.set_mark(fetched(url)[0].uid, one)
        (name,) = names(root)
        assert name.endswith(f":2,{flags}")

    def test_other_peoples_flags_stay(self, root, url):
        path = drop(root, letter(1))
        path.rename(root / "cur" / f"{path.name}:2,RSa")
        with opened(url) as mailbox:
            mailbox.set_mark(1, "complete")
        assert names(root)[0].endswith(":2,RSac")

    def test_a_mail_that_is_gone_is_no_error(self, root, url):
        drop(root, letter(1)).unlink()
        with opened(url) as mailbox:
            mailbox.set_mark(1, "incomplete")
            mailbox.set_mark(77, "incomplete")

    def test_the_time_of_receipt_stays(self, root, url):
        drop(root, letter(1), SUMMER)
        with opened(url) as mailbox:
            mailbox.set_mark(1, "complete")
        assert fetched(url)[0].received_at == SUMMER


class TestSentCopies:
    """E-I.6: a copy of each reply lies in the mailbox."""

    def test_a_copy_is_filed_read_and_found_by_its_message_id(self, root, url):
        with opened(url) as mailbox:
            assert not mailbox.is_filed("<1@b.example>")
            mailbox.file(letter(1), WINTER)
            assert mailbox.is_filed("<1@b.example>")
            assert not mailbox.is_filed("<2@b.example>")
        (copy,) = (root / ".Sent/cur").iterdir()
        assert copy.read_bytes() == letter(1)
        assert copy.name.endswith(":2,S")

    def test_a_copy_is_no_mail_that_came_in(self, url):
        with opened(url) as mailbox:
            mailbox.file(letter(1), WINTER)
        assert fetched(url) == []


class TestFailures:
    def test_a_path_that_is_no_folder_is_a_mailbox_error(self, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(MailboxError, match="Not a directory"), opened(f"maildir://{tmp_path}/file/box"):
            pass


class TestUidValidity:
    """Nothing received is lost: a mailbox that was made anew says so."""

    def test_it_stays(self, root, url):
        drop(root, letter(1))
        with opened(url) as first, opened(url) as second:
            assert first.uidvalidity == second.uidvalidity

    def test_a_lost_book_of_uids_begins_another(self, root, url):
        drop(root, letter(1))
        with opened(url) as mailbox:
            before = mailbox.uidvalidity
        (root / "uids.json").unlink()
        with opened(url) as mailbox:
            assert mailbox.uidvalidity != before


def test_two_readers_at_once_give_the_same_uids(root, url):
    from concurrent.futures import ThreadPoolExecutor

    for number in range(20):
        drop(root, letter(number))
    with ThreadPoolExecutor(4) as pool:
        seen = list(pool.map(lambda _: [(mail.uid, mail.raw) for mail in fetched(url)], range(8)))
    assert all(one == seen[0] for one in seen)
    assert len(seen[0]) == 20


def test_a_mailbox_of_a_thousand_mails_is_read_in_a_moment(root, url):
    for number in range(1000):
        drop(root, letter(number))
    began = time.perf_counter()
    assert len(fetched(url)) == 1000
    assert time.perf_counter() - began < 5


class TestANameUsedAgain:
    """E-II.1a: a file that has a name of an earlier one is another letter."""

    def test_both_are_taken_in(self, root, url):
        taken = []
        for number in (1, 2):
            drop(root, letter(number), WINTER).rename(root / "new/letter.eml")
            os.utime(root / "new/letter.eml", (WINTER.timestamp() + number,) * 2)
            taken += fetched(url)
            (root / "new/letter.eml").unlink()
        assert [(mail.uid, mail.raw) for mail in taken] == [(1, letter(1)), (2, letter(2))]

"""What every mailbox does, whatever holds it: the same tests over each kind."""

from datetime import date

import pytest

from tests.support.mailboxes import GraphHouse, ImapHouse, MaildirHouse
from tests.support.office import riga

LONG_AGO = date(2000, 1, 1)
SUMMER, WINTER = riga("2026-07-01 12:00:00"), riga("2026-11-20 09:15:30")


def letter(number: int) -> bytes:
    return f"From: a@b.example\r\nMessage-ID: <{number}@b.example>\r\nSubject: {number}\r\n\r\nĀ {number}\r\n".encode()


pytestmark = pytest.mark.django_db  # Microsoft 365 has its UIDs here


@pytest.fixture(params=["maildir", "graph", pytest.param("imap", marks=pytest.mark.servers)])
def house(request, tmp_path):
    """A mailbox of each kind, with what other programs do to it."""
    if request.param == "maildir":
        return MaildirHouse(tmp_path / "pasta kaste")
    if request.param == "graph":
        return GraphHouse(request.getfixturevalue("graph_server"), request.getfixturevalue("desk"))
    return ImapHouse(request.getfixturevalue("dovecot"))


def uid_of(house, raw: bytes) -> int:
    with house.opened() as mailbox:
        return {mailbox.read(uid).raw: uid for uid in mailbox.all_uids()}[raw]


class TestListing:
    """E-II.1a: a reconciliation sees every mail that is in the mailbox."""

    def test_all_uids_are_told_whatever_their_age(self, house):
        for number, at in enumerate((WINTER, SUMMER, riga("1999-01-01 12:00")), start=1):
            house.deliver(letter(number), at)
        with house.opened() as mailbox:
            recent, older = mailbox.uids(1, LONG_AGO)
            assert mailbox.all_uids() == sorted([*recent, *older])
            assert len(mailbox.all_uids()) == 3

    def test_a_mail_that_was_deleted_is_not_among_them(self, house):
        for number in (1, 2):
            house.deliver(letter(number), WINTER)
        kept = uid_of(house, letter(2))
        house.delete(letter(1))
        with house.opened() as mailbox:
            assert mailbox.all_uids() == [kept]


class TestSentFolder:
    """E-II.3: what the office sends from its own mail program lies in Sent, and can be read there."""

    def test_it_is_a_mailbox_with_uids_of_its_own(self, house):
        house.deliver(letter(1), SUMMER)
        house.deliver(letter(2), WINTER, "Sent")
        with house.opened() as mailbox:
            sent = mailbox.sent()
            assert (mailbox.folder, sent.folder) == house.folders
            (uid,) = sent.all_uids()
            assert sent.uids(1, LONG_AGO) == ([uid], [])
            assert (sent.read(uid).raw, sent.read(uid).received_at) == (letter(2), WINTER)

    def test_both_are_used_by_turns_over_one_connection(self, house):
        house.deliver(letter(1), SUMMER)
        house.deliver(letter(2), WINTER, "Sent")
        inbox_uid = uid_of(house, letter(1))
        with house.opened() as mailbox:
            sent = mailbox.sent()
            (sent_uid,) = sent.all_uids()
            for _turn in range(2):
                assert mailbox.read(inbox_uid).raw == letter(1)
                assert sent.read(sent_uid).raw == letter(2)
            mailbox.set_mark(inbox_uid, "complete")
            assert sent.marks([sent_uid]) == {sent_uid: "none"}
            assert mailbox.marks([inbox_uid]) == {inbox_uid: "complete"}

    def test_what_we_file_is_in_it(self, house):
        with house.opened() as mailbox:
            mailbox.file(letter(1), WINTER)
            sent = mailbox.sent()
            assert [sent.read(uid).raw for uid in sent.all_uids()] == [letter(1)]

    def test_what_lies_unseen_in_it_counts_as_filed(self, house):
        house.deliver(letter(1), WINTER, "Sent")
        with house.opened() as mailbox:
            assert mailbox.is_filed("<1@b.example>")

    def test_it_has_none_itself(self, house):
        house.deliver(letter(1), WINTER, "Sent")
        with house.opened() as mailbox:
            assert mailbox.sent().sent() is None

    def test_its_uids_stay_from_one_opening_to_the_next(self, house):
        seen = []
        for number in (1, 2):
            house.deliver(letter(number), WINTER, "Sent")
            with house.opened() as mailbox:
                sent = mailbox.sent()
                seen.append((sent.uidvalidity, {sent.read(uid).raw: uid for uid in sent.all_uids()}))
        assert seen[0][0] == seen[1][0]
        assert seen[0][1].items() <= seen[1][1].items()


class TestMarksByHand:
    """E-II.5: a mark that somebody set in a mail program is read back."""

    @pytest.fixture
    def uid(self, house):
        house.deliver(letter(1), WINTER)
        return uid_of(house, letter(1))

    def mark(self, house, uid: int) -> str:
        with house.opened() as mailbox:
            return mailbox.marks([uid])[uid]

    def set_mark(self, house, uid: int, mark: str) -> None:
        with house.opened() as mailbox:
            mailbox.set_mark(uid, mark)

    @pytest.mark.parametrize("mark", ["none", "incomplete", "complete"])
    def test_what_we_wrote_is_read_as_written(self, house, uid, mark):
        self.set_mark(house, uid, mark)
        assert self.mark(house, uid) == mark

    def test_without_any_it_is_none(self, house, uid):
        assert self.mark(house, uid) == "none"

    def test_a_flag_set_by_hand_means_incomplete(self, house, uid):
        house.flag(letter(1))
        assert self.mark(house, uid) == "incomplete"

    def test_a_flag_on_what_we_marked_complete_was_set_later_and_means_incomplete(self, house, uid):
        self.set_mark(house, uid, "complete")
        house.flag(letter(1))
        assert self.mark(house, uid) == "incomplete"

    def test_a_flag_of_ours_that_was_taken_away_means_none(self, house, uid):
        self.set_mark(house, uid, "incomplete")
        house.unflag(letter(1))
        assert self.mark(house, uid) == "none"

    def test_reading_the_mail_sets_no_mark_and_marks_set_nothing_read(self, house, uid):
        assert not house.is_read(letter(1))
        house.read(letter(1))
        assert self.mark(house, uid) == "none"

    def test_many_are_read_at_once_and_those_that_are_gone_are_missing(self, house):
        for number in range(1, 5):
            house.deliver(letter(number), WINTER)
        uids = {number: uid_of(house, letter(number)) for number in range(1, 5)}
        self.set_mark(house, uids[2], "complete")
        house.flag(letter(3))
        house.delete(letter(4))
        with house.opened() as mailbox:
            assert mailbox.marks([*uids.values(), 7777]) == {
                uids[1]: "none",
                uids[2]: "complete",
                uids[3]: "incomplete",
            }
            assert mailbox.marks([]) == {}

    def test_one_that_was_moved_while_the_mailbox_is_open_is_marked_all_the_same(self, house, uid):
        with house.opened() as mailbox:
            house.read(letter(1))
            mailbox.set_mark(uid, "complete")
            assert mailbox.marks([uid]) == {uid: "complete"}

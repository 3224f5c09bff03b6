"""The mailbox on a real IMAP server."""

import time
from datetime import UTC, date, datetime, timedelta

import pytest

from contact.email.imap import opened
from contact.email.mailbox import MailboxError
from tests.support.dovecot import Dovecot
from tests.support.office import riga

pytestmark = pytest.mark.servers
LONG_AGO = date(2000, 1, 1)
SUMMER, WINTER = riga("2026-07-01 12:00:00"), riga("2026-11-20 09:15:30")


def letter(number: int) -> bytes:
    return f"From: a@b.example\r\nMessage-ID: <{number}@b.example>\r\nSubject: {number}\r\n\r\nĀ {number}\r\n".encode()


def fetched(server, *, from_uid: int = 1):
    with opened(server.url) as mailbox:
        recent, older = mailbox.uids(from_uid, LONG_AGO)
        assert older == []
        return [mailbox.read(uid) for uid in recent]


class TestFetching:
    """E-II.1a: what came into the mailbox is taken in, by the server's own word on when."""

    def test_received_at_is_the_servers_instant_in_utc(self, dovecot):
        dovecot.append(letter(1), SUMMER)
        dovecot.append(letter(2), WINTER)
        assert [mail.received_at for mail in fetched(dovecot)] == [SUMMER, WINTER]
        assert all(mail.received_at.tzinfo is UTC for mail in fetched(dovecot))

    def test_the_time_zone_of_this_machine_does_not_matter(self, dovecot, monkeypatch):
        dovecot.append(letter(1), WINTER)
        try:
            for zone in ("America/New_York", "Asia/Kolkata"):
                monkeypatch.setenv("TZ", zone)
                time.tzset()
                assert fetched(dovecot)[0].received_at == WINTER
        finally:
            monkeypatch.undo()
            time.tzset()

    def test_the_repeated_hour_of_the_autumn_change_keeps_its_two_instants(self, dovecot):
        first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
        for number, at in enumerate([first, first + timedelta(hours=1)], start=1):
            dovecot.append(letter(number), at)
        assert [mail.received_at for mail in fetched(dovecot)] == [first, first + timedelta(hours=1)]

    def test_the_bytes_come_as_they_were_delivered(self, dovecot):
        dovecot.append(letter(1))
        assert [mail.raw for mail in fetched(dovecot)] == [letter(1)]

    def test_nothing_is_marked_as_read(self, dovecot):
        dovecot.append(letter(1))
        fetched(dovecot)
        assert "\\Seen" not in dovecot.flags("<1@b.example>")

    def test_a_mail_that_someone_has_read_is_fetched_all_the_same(self, dovecot):
        uid = dovecot.append(letter(1))
        with dovecot.client() as client:
            client.select_folder("INBOX")
            client.add_flags([uid], [b"\\Seen"])
        assert [mail.uid for mail in fetched(dovecot)] == [uid]

    def test_earlier_mails_are_left_out(self, dovecot):
        uids = [dovecot.append(letter(number)) for number in range(1, 5)]
        assert [mail.uid for mail in fetched(dovecot, from_uid=uids[2])] == uids[2:]

    def test_mail_from_before_the_desks_start_is_told_apart(self, dovecot):
        times = [riga(f"2026-11-0{day} 12:00") for day in (1, 2, 3)]
        old, first, later = [dovecot.append(letter(day), at) for day, at in enumerate(times)]
        with opened(dovecot.url) as mailbox:
            assert mailbox.uids(1, date(2026, 11, 2)) == ([first, later], [old])

    def test_a_mail_that_is_gone_reads_as_none(self, dovecot):
        with opened(dovecot.url) as mailbox:
            assert mailbox.read(77) is None

    def test_asking_beyond_the_last_mail_answers_nothing(self, dovecot):
        last = dovecot.append(letter(1))
        assert fetched(dovecot, from_uid=last + 1) == []

    def test_an_empty_mailbox_answers_nothing(self, dovecot):
        assert fetched(dovecot) == []


class TestMarks:
    """E-II.5: the mark stands in the mailbox as well."""

    @pytest.mark.parametrize(
        ("mark", "flags"),
        [
            ("incomplete", {"\\Flagged", "$EmusIncomplete"}),
            ("complete", {"$EmusComplete"}),
            ("none", set()),
        ],
    )
    @pytest.mark.parametrize("before", ["none", "incomplete", "complete"])
    def test_each_mark_takes_the_place_of_the_one_before(self, dovecot, before, mark, flags):
        uid = dovecot.append(letter(1))
        for one in (before, mark):
            with opened(dovecot.url) as mailbox:
                mailbox.set_mark(uid, one)
        assert dovecot.flags("<1@b.example>") - {"\\Recent"} == flags

    def test_other_peoples_flags_stay(self, dovecot):
        uid = dovecot.append(letter(1))
        with dovecot.client() as client:
            client.select_folder("INBOX")
            client.add_flags([uid], [b"\\Seen", b"$label1"])
        with opened(dovecot.url) as mailbox:
            mailbox.set_mark(uid, "complete")
        assert {"\\Seen", "$label1", "$EmusComplete"} <= dovecot.flags("<1@b.example>")

    def test_a_mail_that_is_gone_is_no_error(self, dovecot):
        with opened(dovecot.url) as mailbox:
            mailbox.set_mark(77, "incomplete")


class TestSentCopies:
    """E-I.6: a copy of each reply lies in the mailbox."""

    def test_a_copy_is_filed_once_read_and_found_by_its_message_id(self, dovecot):
        with opened(dovecot.url) as mailbox:
            assert not mailbox.is_filed("<1@b.example>")  # no Sent folder yet
            mailbox.file(letter(1), WINTER)
            assert mailbox.is_filed("<1@b.example>")
            assert not mailbox.is_filed("<2@b.example>")
        (copy,) = dovecot.messages("Sent")
        assert (copy.raw, copy.internaldate) == (letter(1), WINTER)
        assert "\\Seen" in copy.flags

    def test_the_inbox_is_at_hand_again_after_a_look_into_sent(self, dovecot):
        uid = dovecot.append(letter(1))
        with opened(dovecot.url) as mailbox:
            mailbox.file(letter(2), WINTER)
            mailbox.is_filed("<2@b.example>")
            mailbox.set_mark(uid, "complete")
            assert mailbox.uids(1, LONG_AGO) == ([uid], [])
        assert "$EmusComplete" in dovecot.flags("<1@b.example>")

    def test_the_name_of_the_sent_folder_is_a_setting(self, dovecot):
        url = dovecot.url.replace("sent=Sent", "sent=Nos%C5%ABt%C4%ABt%C4%81s")
        with opened(url) as mailbox:
            mailbox.file(letter(1), WINTER)
            assert mailbox.is_filed("<1@b.example>")
        assert len(dovecot.messages("Nosūtītās")) == 1


class TestWhichFolderIsSent:
    """E-II.3: the Sent folder is the one that the server says is it, where the address names none."""

    def test_the_server_s_own_word_counts(self):
        with Dovecot(folders='mailbox "Nosūtītie vienumi" {\n special_use = \\Sent\n auto = create\n }') as server:
            with opened(server.url.partition("?")[0]) as mailbox:
                assert mailbox.sent().folder == "Nosūtītie vienumi"
                mailbox.file(letter(1), WINTER)
                assert mailbox.is_filed("<1@b.example>")
            assert len(server.messages("Nosūtītie vienumi")) == 1

    def test_a_usual_name_serves_where_the_server_says_nothing(self, dovecot):
        dovecot.append(letter(1), WINTER, "Sent Items")
        with opened(dovecot.url.partition("?")[0]) as mailbox:
            assert mailbox.sent().folder == "Sent Items"

    def test_without_any_there_is_none_until_a_copy_is_filed(self, dovecot):
        with opened(dovecot.url.partition("?")[0]) as mailbox:
            assert mailbox.sent() is None
            mailbox.file(letter(1), WINTER)
            assert mailbox.sent().folder == "Sent"

    def test_a_folder_that_the_address_names_and_that_is_missing_is_none(self, dovecot):
        with opened(dovecot.url) as mailbox:
            assert mailbox.sent() is None


class TestReadingDisturbsNobody:
    """E-II.1a: other mail programs on the same mailbox notice nothing."""

    def test_a_new_mail_is_still_recent_and_unseen_for_the_next_program(self, dovecot):
        uid = dovecot.append(letter(1))
        with opened(dovecot.url) as mailbox:
            mailbox.read(uid)
            mailbox.marks([uid])
        with dovecot.client() as client:
            client.select_folder("INBOX")
            assert client.get_flags(uid)[uid] == (b"\\Recent",)

    def test_a_tag_of_ours_set_by_hand_on_a_flagged_mail_means_complete(self, dovecot):
        uid = dovecot.append(letter(1))
        with opened(dovecot.url) as mailbox:
            mailbox.set_mark(uid, "incomplete")
            with dovecot.client() as client:
                client.select_folder("INBOX")
                client.add_flags([uid], [b"$EmusComplete"])
            assert mailbox.marks([uid]) == {uid: "complete"}

    def test_a_mailbox_made_anew_while_it_is_open_is_no_mailbox_to_go_on_with(self, dovecot):
        folder = dovecot.url.replace("/INBOX", "/Darbs")
        uid = dovecot.append(letter(1), WINTER, "Darbs")
        with pytest.raises(MailboxError, match="made anew"), opened(folder) as mailbox:
            mailbox.file(letter(2), WINTER)
            wait_for_the_next_second()
            with dovecot.client() as client:
                client.delete_folder("Darbs")
            dovecot.append(letter(3), WINTER, "Darbs")
            mailbox.sent().all_uids()  # the line now has the other folder at hand
            mailbox.set_mark(uid, "complete")


class TestFailures:
    def test_a_refused_login_is_a_mailbox_error(self, dovecot):
        with pytest.raises(MailboxError, match="(?i)auth"), opened(dovecot.url.replace(":secret@", ":wrong@")):
            pass

    def test_a_server_that_is_gone_is_a_mailbox_error(self, dovecot):
        dovecot.stop()
        with pytest.raises(MailboxError, match="cannot connect to 127.0.0.1"), opened(dovecot.url):
            pass

    def test_a_server_that_goes_in_the_middle_is_a_mailbox_error(self, dovecot):
        dovecot.append(letter(1))
        with pytest.raises(MailboxError), opened(dovecot.url) as mailbox:
            dovecot.stop()
            mailbox.uids(1, LONG_AGO)

    def test_a_folder_that_does_not_exist_is_a_mailbox_error(self, dovecot):
        with pytest.raises(MailboxError), opened(dovecot.url.replace("/INBOX", "/Nowhere")):
            pass


class TestUidValidity:
    """Nothing received is lost: a mailbox that was made anew says so."""

    def test_it_is_read_and_stays_over_a_restart(self, dovecot):
        dovecot.append(letter(1))
        with opened(dovecot.url) as mailbox:
            before = mailbox.uidvalidity
        dovecot.stop()
        dovecot.start()
        with opened(dovecot.url) as mailbox:
            assert mailbox.uidvalidity == before > 0

    def test_a_mailbox_that_was_made_anew_has_another(self, dovecot):
        dovecot.append(letter(1))
        with opened(dovecot.url) as mailbox:
            before = mailbox.uidvalidity
        wait_for_the_next_second()  # Dovecot takes the time of the making
        dovecot.rebuild()
        with opened(dovecot.url) as mailbox:
            assert mailbox.uidvalidity != before

    @pytest.mark.django_db
    def test_the_mails_of_a_mailbox_that_was_made_anew_are_not_taken_in_twice(self, dovecot, desk, settings):
        from contact.email.inbound import check_inbox
        from contact.models import ReceivedMail

        settings.MAILBOX_URLS = {"": dovecot.url}
        for number in (1, 2):
            dovecot.append(letter(number), WINTER)
        at = WINTER + timedelta(minutes=1)
        assert check_inbox(desk, at=at).fetched == 2
        wait_for_the_next_second()
        dovecot.rebuild()
        dovecot.append(letter(3), WINTER)
        assert check_inbox(desk, at=at).fetched == 1
        assert ReceivedMail.objects.count() == 3


def wait_for_the_next_second() -> None:
    time.sleep(1.1)


def test_a_password_with_special_letters_is_percent_encoded(dovecot):
    (dovecot.base / "users").write_text("support@example.test:{PLAIN}p@ss/w%rd::::::\n")
    with opened(dovecot.url.replace(":secret@", ":p%40ss%2Fw%25rd@")) as mailbox:
        assert mailbox.folder == "INBOX"

"""Hard mailboxes on a real IMAP server: nothing is lost, nothing stops the others, and the reason is told."""

import os
import resource
from datetime import timedelta
from pathlib import Path

import pytest

from contact.email import inbound
from contact.email.imap import ImapMailbox, opened
from contact.email.mailbox import MANY, MailboxError
from contact.models import MailboxCheck, MailboxCursor, RawMail, ReceivedMail
from tests.support.dovecot import Dovecot
from tests.support.facts import HOUR, MINUTE
from tests.support.letters import mail
from tests.support.office import riga
from tests.support.tls import make_certificate
from tickets.models import Ticket

pytestmark = [pytest.mark.servers, pytest.mark.django_db]

NINE = riga("2025-11-10 09:00")


def letter(number: int, text: str = "Labdien!") -> bytes:
    raw = mail(
        sender=f"Klients <k{number}@k.example>",
        subject=f"Jautājums {number}",
        message_id=f"<{number}@k.example>",
        text=text,
    )
    return raw.replace(b"\n", b"\r\n")


@pytest.fixture
def office(desk, dovecot, settings):
    """A desk whose mailbox is on the server."""
    settings.MAILBOX_URLS = {"": dovecot.url}
    return desk


def states() -> list[str]:
    return sorted(ReceivedMail.objects.values_list("state", flat=True))


def put(dovecot, raws, at=NINE) -> None:
    with dovecot.client() as client:
        for raw in raws:
            client.append("INBOX", raw, msg_time=at)


def drop_into(dovecot: Dovecot, raws) -> None:
    """Deliver mails as a mail server does, by files: quicker than over the line."""
    new = next(iter(dovecot.base.glob("mail/*/Maildir"))) / "new"
    owner = new.stat()
    for number, raw in enumerate(raws):
        path = new / f"{int(NINE.timestamp())}.M{number:06}P1.here"
        path.write_bytes(raw)
        os.chown(path, owner.st_uid, owner.st_gid)
        os.utime(path, (NINE.timestamp(),) * 2)


class TestManyWaiting:
    """E-II.1a: after a long absence everything comes in, in pieces that memory and time bear."""

    @pytest.mark.timeout(600)
    def test_five_thousand_mails_come_in_once_each_and_memory_stays_flat(self, office, dovecot):
        put(dovecot, [letter(0)])  # the mailbox is there now
        drop_into(dovecot, (letter(number) for number in range(1, 5000)))
        with inbound.open_mailbox(office) as mailbox:
            assert len(mailbox.all_uids()) == 5000
            inbound.fetch(office, mailbox, at=NINE + HOUR)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        assert inbound.link_received(office, at=NINE + HOUR) == 5000
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        assert (ReceivedMail.objects.count(), Ticket.objects.count()) == (5000, 5000)
        assert grown < 50  # megabytes
        assert inbound.check_inbox(office, at=NINE + HOUR).fetched == 0

    def test_a_check_that_was_cut_off_is_gone_on_with_where_it_stopped(self, office, dovecot, monkeypatch):
        put(dovecot, map(letter, range(300)))
        real, calls = ImapMailbox._fetch, []

        def cut_off(mailbox, uids):
            calls.append(len(uids))
            if len(calls) == 2:
                dovecot.stop()
            return real(mailbox, uids)

        with monkeypatch.context() as patched:
            patched.setattr(ImapMailbox, "_fetch", cut_off)
            check = inbound.check_inbox(office, at=NINE + MINUTE)
        stored = ReceivedMail.objects.count()
        assert check.error
        dovecot.start()
        assert inbound.check_inbox(office, at=NINE + HOUR).fetched == 300 - stored
        assert (0 < stored <= MANY, Ticket.objects.count()) == (True, 300)


class TestLargeMail:
    """E-II.1a: a mail of the office's limit comes in whole, and alone."""

    def test_twenty_five_megabytes_come_whole_between_two_small_ones(self, office, dovecot, monkeypatch):
        large = letter(2, "Pielikums. " * 6 + "\n" + "x" * 70 + "\n" + ("y" * 70 + "\n") * (25 * 2**20 // 72))
        put(dovecot, [letter(1), large, letter(3)])
        asked = []
        real = ImapMailbox._fetch
        monkeypatch.setattr(ImapMailbox, "_fetch", lambda box, uids: asked.append(len(uids)) or real(box, uids))
        check = inbound.check_inbox(office, at=NINE + MINUTE)
        assert (check.fetched, check.error, asked) == (3, "", [1, 1, 1])
        assert len(large) > 25 * 10**6
        assert bytes(RawMail.objects.get(mail__size=len(large)).content) == large
        assert states() == ["linked"] * 3


class TestGoneMeanwhile:
    """E-II.1a: other programs on the mailbox disturb nothing."""

    def test_a_mail_deleted_between_listing_and_fetching_stops_no_other(self, office, dovecot, monkeypatch):
        put(dovecot, map(letter, range(5)))
        real = ImapMailbox.uids

        def delete_meanwhile(mailbox, from_uid, since):
            found = real(mailbox, from_uid, since)
            with dovecot.client() as client:
                client.select_folder("INBOX")
                client.delete_messages([found[0][2]])
                client.expunge()
            return found

        with monkeypatch.context() as patched:
            patched.setattr(ImapMailbox, "uids", delete_meanwhile)
            check = inbound.check_inbox(office, at=NINE + MINUTE)
        assert (check.fetched, check.error) == (4, "")
        assert inbound.check_inbox(office, at=NINE + HOUR).fetched == 0

    def test_a_mail_that_the_server_cannot_read_stops_no_other_and_is_tried_again(self, office, dovecot):
        put(dovecot, map(letter, range(4)))
        files = [path for path in dovecot.base.glob("mail/*/Maildir/*/*") if path.parent.name in ("new", "cur")]
        broken = next(path for path in files if b"<1@k.example>" in path.read_bytes())
        owner = broken.stat()
        broken.chmod(0)
        if os.geteuid() == 0:
            os.chown(broken, 0, 0)
        assert inbound.check_inbox(office, at=NINE + MINUTE).fetched == 3
        assert MailboxCursor.objects.get().next_uid == 1
        broken.chmod(0o600)
        os.chown(broken, owner.st_uid, owner.st_gid)
        assert inbound.check_inbox(office, at=NINE + HOUR).fetched == 1

    def test_reading_moving_and_marking_by_another_program_lose_and_double_nothing(self, office, dovecot):
        put(dovecot, map(letter, range(6)))
        inbound.check_inbox(office, at=NINE + MINUTE)
        with dovecot.client() as client:
            client.create_folder("Arhīvs")
            client.select_folder("INBOX")
            uids = client.search()
            client.add_flags(uids[:2], [b"\\Seen", b"\\Flagged"])
            client.move(uids[2:4], "Arhīvs")
            client.append("INBOX", letter(6), flags=[b"\\Seen"], msg_time=NINE)
        assert inbound.check_inbox(office, at=NINE + HOUR).fetched == 1
        assert (ReceivedMail.objects.count(), Ticket.objects.count()) == (7, 7)

    def test_taking_mail_in_sets_neither_seen_nor_recent(self, office, dovecot):
        put(dovecot, map(letter, range(3)))
        inbound.check_inbox(office, at=NINE + MINUTE)
        with dovecot.client() as client:
            client.select_folder("INBOX")
            assert set(client.get_flags(client.search()).values()) == {(b"\\Recent",)}


class TestMadeAnew:
    """E-II.1a: a mailbox that was restored from a backup shows the same mails under other numbers."""

    def test_a_lost_list_of_uids_doubles_nothing_and_what_is_new_comes_in(self, office, dovecot):
        put(dovecot, map(letter, range(4)))
        inbound.check_inbox(office, at=NINE + MINUTE)
        before = MailboxCursor.objects.get().uidvalidity
        dovecot.rebuild()
        for uidlist in dovecot.base.glob("mail/*/Maildir/dovecot-uidlist"):
            assert uidlist.exists()
        put(dovecot, [letter(4)])
        check = inbound.check_inbox(office, at=NINE + HOUR)
        cursor = MailboxCursor.objects.get()
        if cursor.uidvalidity != before:  # made within the same second, Dovecot gives the same
            assert set(ReceivedMail.objects.values_list("uidvalidity", flat=True)) == {cursor.uidvalidity}
        assert (check.fetched, Ticket.objects.count()) == (1, 5)


class TestRefused:
    """E-II.2: a mailbox that cannot be had says why, and what was there comes in once it can be had again."""

    def test_a_refused_login_is_told_without_the_password(self, office, dovecot, settings):
        settings.MAILBOX_URLS = {"": dovecot.url.replace(":secret@", ":hidden-word@")}
        check = inbound.check_inbox(office, at=NINE)
        assert "AUTHENTICATIONFAILED" in check.error or "Authentication failed" in check.error
        assert "hidden-word" not in check.error

    def test_a_server_that_is_gone_for_a_day_loses_nothing(self, office, dovecot):
        put(dovecot, map(letter, range(3)))
        inbound.check_inbox(office, at=NINE + MINUTE)
        put(dovecot, map(letter, range(3, 6)))
        dovecot.stop()
        hours = [inbound.check_inbox(office, at=NINE + hour * HOUR) for hour in range(1, 25)]
        assert all("cannot connect to 127.0.0.1" in check.error for check in hours)
        dovecot.start()
        assert inbound.check_inbox(office, at=NINE + 25 * HOUR).fetched == 3
        assert MailboxCheck.objects.exclude(error="").count() == 24
        assert sorted(Ticket.objects.values_list("received_at", flat=True)) == [NINE] * 6

    def test_a_full_mailbox_is_still_read_and_refuses_a_copy_with_its_reason(self, office, settings):
        quota = (
            "mail_plugins = quota\nprotocol imap {\n mail_plugins = quota imap_quota\n}\n"
            "plugin {\n quota = maildir:User quota\n quota_rule = *:storage=20K\n}\n"
        )
        with Dovecot(more=quota) as server:
            settings.MAILBOX_URLS = {"": server.url}
            put(server, map(letter, range(3)))
            assert inbound.check_inbox(office, at=NINE + MINUTE).fetched == 3
            with pytest.raises(MailboxError, match="(?i)quota"), opened(server.url) as mailbox:
                mailbox.file(letter(4, "z" * 30_000), NINE)
            assert inbound.check_inbox(office, at=NINE + HOUR).error == ""


class TestTls:
    """E-II.2: a server whose certificate is not its own is not talked to."""

    @pytest.fixture
    def secured(self, tmp_path, monkeypatch):
        """Return a function that runs a server with TLS under a certificate, and trusts that one."""

        def url(pem: Path, server: Dovecot) -> str:
            monkeypatch.setenv("SSL_CERT_FILE", str(pem))
            return server.url.replace("imap://", "imaps://")

        return url

    def server(self, pem: Path) -> Dovecot:
        return Dovecot(
            more=f"ssl = yes\nssl_cert = <{pem}\nssl_key = <{pem}\nservice imap-login {{\n inet_listener imap {{\n"
            "  ssl = yes\n }\n}\n"
        )

    def test_a_certificate_that_is_trusted_and_its_own_serves(self, secured, tmp_path):
        pem = make_certificate(tmp_path / "good.pem")
        with self.server(pem) as server, opened(secured(pem, server)) as mailbox:
            assert mailbox.all_uids() == []

    @pytest.mark.parametrize(
        ("facts", "words"),
        [({"name": "mail.example"}, "IP address mismatch"), ({"until": -timedelta(hours=1)}, "has expired")],
    )
    def test_a_wrong_one_is_refused_with_the_reason(self, secured, tmp_path, facts, words):
        pem = make_certificate(tmp_path / "bad.pem", **facts)
        with self.server(pem) as server, pytest.raises(MailboxError, match=words), opened(secured(pem, server)):
            pass

    def test_one_that_nobody_vouches_for_is_refused(self, secured, tmp_path):
        pem = make_certificate(tmp_path / "own.pem")
        other = make_certificate(tmp_path / "other.pem")
        refused = pytest.raises(MailboxError, match="self-signed|self signed")
        with self.server(pem) as server, refused, opened(secured(other, server)):
            pass


class TestManyFolders:
    """E-II.1a: the folder is found by its name among many, whatever letters it has."""

    def test_five_hundred_folders_with_latvian_names(self, dovecot):
        names = [f"Lietas/Maksātnespēja {number} «ņž»" for number in range(500)]
        with dovecot.client() as client:
            for name in names:
                client.create_folder(name)
            client.create_folder("Nosūtītie vienumi")
            client.append(names[250], letter(1), msg_time=NINE)
        url = dovecot.url.replace("INBOX?sent=Sent", "Lietas/Maks%C4%81tnesp%C4%93ja%20250%20%C2%AB%C5%86%C5%BE%C2%BB")
        with opened(f"{url}?sent=Nos%C5%ABt%C4%ABtie%20vienumi") as mailbox:
            assert mailbox.folder == names[250]
            assert [one.raw for one in mailbox.read_many(mailbox.all_uids())] == [letter(1)]
            mailbox.file(letter(2), NINE)
            assert mailbox.sent().folder == "Nosūtītie vienumi"
            assert mailbox.is_filed("<2@k.example>")

    def test_marks_of_more_mails_than_a_command_holds_are_read(self, dovecot):
        put(dovecot, [letter(0)])
        drop_into(dovecot, (letter(number) for number in range(1, 1200)))
        with opened(dovecot.url) as mailbox:
            uids = mailbox.all_uids()
            mailbox.set_mark(uids[700], "complete")
            marks = mailbox.marks(uids)
        assert (len(marks), marks[uids[700]], marks[uids[0]]) == (1200, "complete", "none")

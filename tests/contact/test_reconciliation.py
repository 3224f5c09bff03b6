"""The ledger against a real IMAP server: what lies there must be here, whatever happened to the cursor or the folder."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from audit.models import Event
from contact.email import inbound, intake, reconciliation
from contact.models import MailboxCursor, RawMail, ReceivedMail, Reconciliation
from tests.contact.test_imap import wait_for_the_next_second
from tests.support.facts import HOUR, MINUTE
from tests.support.letters import mail
from tests.support.office import OPENED, riga
from tickets.actions.working import take_ticket
from tickets.models import Message, Ticket

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

NINE = riga("2025-11-10 09:00")


def numbered(number: int, **changes) -> bytes:
    return mail(message_id=f"<{number}@krumins.example>", subject=f"Vēstule {number}", **changes)


@pytest.fixture
def server(dovecot, desk, settings):
    """A mailbox with three mails, all of them taken in."""
    settings.MAILBOX_URLS = {"": dovecot.url}
    for number in (1, 2, 3):
        dovecot.append(numbered(number), NINE)
    inbound.check_inbox(desk, at=NINE + MINUTE)
    assert Ticket.objects.count() == 3
    return dovecot


@pytest.fixture
def compare(desk):
    """Return a function that compares the mailbox with the ledger and returns what it found in the inbox."""

    def compare(at=NINE + HOUR):
        reconciliation.ask(desk, by=None, at=at)
        assert reconciliation.compare_asked(at=at) == 2
        return Reconciliation.objects.filter(box="inbox").latest("pk")

    return compare


def forget(number: int) -> None:
    """Take a mail out of the ledger with all that came of it, as if it had never been fetched."""
    row = ReceivedMail.objects.get(subject=f"Vēstule {number}")
    RawMail.objects.filter(mail=row).delete()
    row.delete()
    ticket = Ticket.objects.get(subject=f"Vēstule {number}")
    ticket.deadlines.all().delete()
    ticket.messages.all().delete()


class TestComparison:
    """E-II.1a: what lies in the mailbox is compared with the ledger, and what is missing is taken in at once."""

    def test_a_whole_ledger_lacks_nothing(self, server, compare):
        found = compare()
        assert (found.on_server, found.in_ledger, found.missing, found.gone) == (3, 3, 0, 0)
        assert (found.folder, found.finished_at, found.error, found.took >= timedelta()) == (
            "INBOX",
            NINE + HOUR,
            "",
            True,
        )

    def test_a_mail_that_the_ledger_lost_is_taken_in_with_its_receipt(self, server, compare):
        forget(2)
        found = compare()
        assert (found.on_server, found.in_ledger, found.missing, found.fetched) == (3, 2, 1, 1)
        row = ReceivedMail.objects.get(subject="Vēstule 2")
        assert (row.state, row.received_at, row.message.deadlines.count()) == ("linked", NINE, 2)

    def test_a_cursor_that_was_pushed_too_far_hides_nothing(self, server, desk, compare):
        server.append(numbered(4), NINE + 2 * MINUTE)
        server.append(numbered(5), NINE + 3 * MINUTE)
        MailboxCursor.objects.filter(folder="INBOX").update(next_uid=99)
        inbound.check_inbox(desk, at=NINE + 10 * MINUTE)
        assert ReceivedMail.objects.count() == 3
        assert (compare().missing, ReceivedMail.objects.count(), Ticket.objects.count()) == (2, 5, 5)
        assert compare(NINE + 2 * HOUR).missing == 0

    def test_new_mail_is_not_counted_as_missed(self, server, compare):
        server.append(numbered(4), NINE + 2 * MINUTE)
        assert (compare().missing, Ticket.objects.count()) == (0, 4)

    def test_old_mail_that_is_taken_in_a_few_at_a_time_is_not_counted_as_missed(self, server, compare, monkeypatch):
        monkeypatch.setattr(intake, "OLDER_A_CHECK", 1)
        for number in (4, 5, 6):
            server.append(numbered(number), OPENED - HOUR * number * 24)
        found = compare()
        assert (found.on_server, found.in_ledger, found.missing) == (6, 4, 0)

    def test_what_was_deleted_on_the_server_is_kept_here(self, server, compare):
        with server.client() as client:
            client.select_folder("INBOX")
            client.delete_messages([1])
            client.expunge()
        found = compare()
        assert (found.on_server, found.in_ledger, found.gone, found.missing) == (2, 3, 1, 0)
        assert (ReceivedMail.objects.count(), RawMail.objects.count()) == (3, 3)

    def test_a_mailbox_that_cannot_be_reached_is_told_with_the_reason(self, server, compare):
        server.stop()
        found = compare()
        assert ("cannot connect" in found.error, found.finished_at) == (True, NINE + HOUR)

    def test_the_sent_folder_is_compared_as_well(self, server, compare):
        written = numbered(7, sender="emus@desk.example", to="anna@ozola.example")
        server.append(written, NINE, folder="Sent")
        compare()
        found = Reconciliation.objects.get(box="sent")
        assert (found.folder, found.on_server, found.in_ledger) == ("Sent", 1, 1)

    def test_a_missing_folder_is_no_fault(self, server, compare):
        compare()
        found = Reconciliation.objects.get(box="sent")
        assert (found.folder, found.error, found.on_server) == ("", "", 0)


class TestAsking:
    """E-II.1a: nightly and on demand, once, however many workers there are."""

    def test_asking_twice_asks_once(self, desk, ilze, nudges):
        reconciliation.ask(desk, by=ilze, at=NINE)
        reconciliation.ask(desk, by=ilze, at=NINE + MINUTE)
        assert list(Reconciliation.objects.order_by("box").values_list("box", "asked_at")) == [
            ("inbox", NINE),
            ("sent", NINE),
        ]
        assert [event.by for event in Event.objects.filter(verb="mailbox.comparison_asked")] == [ilze, ilze]

    def test_the_database_itself_allows_one_at_a_time(self, desk):
        Reconciliation.objects.create(desk=desk, box="inbox", asked_at=NINE)
        with pytest.raises(IntegrityError), transaction.atomic():
            Reconciliation.objects.create(desk=desk, box="inbox", asked_at=NINE)

    def test_what_another_worker_began_is_left_to_it_for_an_hour(self, desk):
        Reconciliation.objects.create(desk=desk, box="inbox", asked_at=NINE, began_at=NINE)
        assert reconciliation.compare_asked(at=NINE + HOUR) == 0
        assert reconciliation.compare_asked(at=NINE + HOUR + MINUTE) == 1

    @pytest.mark.parametrize(
        ("clock", "asked"), [("2025-11-11 01:59", 1), ("2025-11-11 02:00", 2), ("2025-11-13 09:00", 2)]
    )
    def test_every_night_once_also_after_downtime(self, desk, clock, asked):
        reconciliation.ask_nightly(at=NINE)
        reconciliation.compare_asked(at=NINE)
        for _again in range(2):
            reconciliation.ask_nightly(at=riga(clock))
            reconciliation.compare_asked(at=riga(clock))
        assert Reconciliation.objects.filter(box="inbox").count() == asked


class TestMovedOnTheServer:
    """E-II.1a: what other mail programs do in the mailbox neither loses a mail nor doubles it."""

    def move(self, server, source: str, target: str, uid: int) -> None:
        with server.client() as client:
            if not client.folder_exists(target):
                client.create_folder(target)
            client.select_folder(source)
            client.move([uid], target)

    @pytest.mark.parametrize("message_id", ["<1@krumins.example>", ""])
    def test_moved_away_and_back_it_is_the_same_mail_in_another_place(self, dovecot, desk, settings, message_id):
        settings.MAILBOX_URLS = {"": dovecot.url}
        raw = mail().replace(b"<first@krumins.example>", message_id.encode())
        uid = dovecot.append(raw, NINE)
        inbound.check_inbox(desk, at=NINE + MINUTE)
        self.move(dovecot, "INBOX", "Darbi", uid)
        inbound.check_inbox(desk, at=NINE + 2 * MINUTE)
        self.move(dovecot, "Darbi", "INBOX", 1)
        inbound.check_inbox(desk, at=NINE + 3 * MINUTE)
        row = ReceivedMail.objects.get()
        assert (row.state, row.uid > uid, Ticket.objects.count()) == ("linked", True, 1)

    def test_its_mark_is_written_in_the_new_place(self, dovecot, cast, desk, settings):
        from contact.email.marks import write_marks

        settings.MAILBOX_URLS = {"": dovecot.url}
        uid = dovecot.append(mail(), NINE)
        inbound.check_inbox(desk, at=NINE + MINUTE)
        self.move(dovecot, "INBOX", "Darbi", uid)
        take_ticket(Ticket.objects.get(), by=cast.ilze.user, at=NINE + MINUTE)
        write_marks()
        self.move(dovecot, "Darbi", "INBOX", 1)
        inbound.check_inbox(desk, at=NINE + 3 * MINUTE)
        write_marks()
        assert "\\Flagged" in dovecot.flags("<first@krumins.example>")

    @pytest.mark.parametrize("message_id", ["<1@krumins.example>", ""])
    def test_a_copy_in_the_same_folder_is_kept_as_one_and_makes_no_ticket(self, dovecot, desk, settings, message_id):
        settings.MAILBOX_URLS = {"": dovecot.url}
        raw = mail().replace(b"<first@krumins.example>", message_id.encode())
        for _copy in range(2):
            dovecot.append(raw, NINE)
            inbound.check_inbox(desk, at=NINE + MINUTE)
        assert sorted(ReceivedMail.objects.values_list("state", flat=True)) == ["duplicate", "linked"]
        assert Message.objects.count() == 1

    def test_read_flagged_and_answered_by_another_program_it_is_taken_in_as_ever(self, dovecot, desk, settings):
        settings.MAILBOX_URLS = {"": dovecot.url}
        uid = dovecot.append(mail(), NINE)
        with dovecot.client() as client:
            client.select_folder("INBOX")
            client.add_flags([uid], [b"\\Seen", b"\\Answered", b"$Forwarded"])
        inbound.check_inbox(desk, at=NINE + MINUTE)
        assert Ticket.objects.count() == 1

    def test_a_folder_that_was_made_anew_shows_nothing_missing_and_nothing_twice(self, server, compare):
        wait_for_the_next_second()
        server.rebuild()
        found = compare()
        assert (found.on_server, found.in_ledger, found.missing, found.gone) == (3, 3, 0, 0)
        assert (ReceivedMail.objects.count(), Ticket.objects.count()) == (3, 3)

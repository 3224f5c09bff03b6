"""A mailbox in Microsoft 365, over a server that answers as the documentation of Microsoft Graph says."""

from datetime import date, timedelta

import pytest

from contact.email import graph, inbound, marks
from contact.email.mailbox import MailboxError
from contact.models import ReceivedMail, RemoteMail
from tests.support.facts import HOUR, MINUTE
from tests.support.graph import SECRET, USER
from tests.support.letters import mail
from tests.support.office import riga
from tests.support.tls import make_certificate
from tickets.actions.working import take_ticket
from tickets.models import Ticket

pytestmark = pytest.mark.django_db

NINE = riga("2025-11-10 09:00")
LONG_AGO = date(2000, 1, 1)


def letter(number: int) -> bytes:
    return mail(subject=f"Jautājums {number}", message_id=f"<{number}@b.example>")


@pytest.fixture
def office(desk, graph_server, settings):
    """A desk whose mailbox is in Microsoft 365."""
    settings.MAILBOX_URLS = {"": graph_server.url}
    return desk


@pytest.fixture
def box(desk, graph_server):
    """Return a function that opens the mailbox."""
    return lambda more="": graph.opened(graph_server.url + more, desk)


class TestListing:
    """E-II.1a: what came into the mailbox is taken in, by the server's own word on when."""

    def test_mails_come_whole_over_all_pages_in_the_order_of_receipt(self, box, graph_server):
        for number in (3, 1, 2, 5, 4):
            graph_server.deliver(letter(number), NINE + number * MINUTE)
        with box() as mailbox:
            recent, older = mailbox.uids(1, LONG_AGO)
            mails = list(mailbox.read_many(recent))
        assert [one.raw for one in mails] == [letter(number) for number in range(1, 6)]
        assert [one.received_at for one in mails] == [NINE + number * MINUTE for number in range(1, 6)]
        assert older == []

    def test_mail_from_before_the_desks_start_is_told_apart(self, box, graph_server):
        for day in (1, 2, 3):
            graph_server.deliver(letter(day), riga(f"2025-11-0{day} 12:00"))
        with box() as mailbox:
            recent, older = mailbox.uids(1, date(2025, 11, 2))
        assert (len(recent), len(older)) == (2, 1)

    def test_a_second_look_asks_only_for_what_has_changed(self, box, graph_server):
        for number in range(1, 8):
            graph_server.deliver(letter(number), NINE)
        with box():
            pass
        first = len(graph_server.asked)
        graph_server.deliver(letter(8), NINE)
        with box() as mailbox:
            assert len(mailbox.all_uids()) == 8
        assert (first, len(graph_server.asked) - first) == (4, 1)

    def test_where_the_server_forgot_the_changes_all_is_listed_anew_under_the_same_uids(self, box, graph_server):
        held = [graph_server.deliver(letter(number), NINE) for number in (1, 2, 3)]
        with box() as mailbox:
            before = mailbox.all_uids()
        graph_server.change(held[0], is_gone=True)
        graph_server.deliver(letter(4), NINE)
        graph_server.forgotten = True
        with box() as mailbox:
            after = mailbox.all_uids()
        assert after[:2] == before[1:]
        assert len(after) == 3

    def test_a_mail_that_left_the_inbox_keeps_its_uid_for_when_it_comes_back(self, box, graph_server):
        held = graph_server.deliver(letter(1), NINE)
        with box() as mailbox:
            before = mailbox.all_uids()
        graph_server.change(held, is_gone=True)
        with box() as mailbox:
            assert mailbox.all_uids() == []
        graph_server.change(held, is_gone=False)
        with box() as mailbox:
            assert mailbox.all_uids() == before

    def test_a_mail_deleted_between_listing_and_reading_reads_as_none(self, box, graph_server):
        first, _second = (graph_server.deliver(letter(number), NINE) for number in (1, 2))
        with box() as mailbox:
            uids = mailbox.all_uids()
            graph_server.change(first, is_gone=True)
            assert mailbox.read(uids[0]) is None
            assert [one.raw for one in mailbox.read_many(uids)] == [letter(2)]

    def test_a_letter_becomes_a_ticket_once(self, office, graph_server):
        graph_server.deliver(letter(1), NINE)
        assert inbound.check_inbox(office, at=NINE + MINUTE).fetched == 1
        assert inbound.check_inbox(office, at=NINE + HOUR).fetched == 0
        assert (Ticket.objects.get().received_at, ReceivedMail.objects.get().state) == (NINE, "linked")


class TestMarks:
    """E-II.5: the guidelines' marks are the flags of Outlook."""

    @pytest.mark.parametrize(
        ("mark", "flag"), [("none", "notFlagged"), ("incomplete", "flagged"), ("complete", "complete")]
    )
    def test_each_is_the_flag_of_that_name(self, box, graph_server, mark, flag):
        held = graph_server.deliver(letter(1), NINE)
        with box() as mailbox:
            (uid,) = mailbox.all_uids()
            mailbox.set_mark(uid, mark)
        assert held.flag == flag

    def test_a_flag_marked_complete_in_outlook_is_read_as_complete(self, box, graph_server):
        held = graph_server.deliver(letter(1), NINE)
        with box() as mailbox:
            (uid,) = mailbox.all_uids()
            graph_server.change(held, flag="complete")
            assert mailbox.marks([uid]) == {uid: "complete"}

    def test_taking_a_ticket_flags_its_letter(self, office, graph_server, cast):
        held = graph_server.deliver(letter(1), NINE)
        inbound.check_inbox(office, at=NINE + MINUTE)
        take_ticket(Ticket.objects.get(), by=cast.ilze.user, at=NINE + HOUR)
        assert (marks.write_marks(), held.flag) == (1, "flagged")


class TestSentCopies:
    """E-I.6: a copy of each reply lies in the mailbox."""

    def test_a_copy_is_filed_as_it_is_and_found_by_its_message_id(self, box, graph_server):
        strange = mail(message_id="<o'neill+%&#1@b.example>")
        with box() as mailbox:
            assert not mailbox.is_filed("<o'neill+%&#1@b.example>")
            mailbox.file(strange, NINE)
            assert mailbox.is_filed("<o'neill+%&#1@b.example>")
        assert [(one.folder, one.raw) for one in graph_server.mails] == [("sentitems", strange)]

    def test_where_the_server_keeps_its_own_copy_none_is_filed(self, box, graph_server):
        with box("&sent=server") as mailbox:
            assert mailbox.is_filed("<1@b.example>")
        assert graph_server.mails == []


class TestSigningIn:
    """E-II.1a: the application signs in by itself, and stays signed in."""

    def test_one_token_serves_many_looks(self, box, graph_server):
        for _look in range(3):
            with box():
                pass
        (asked,) = graph_server.tokens
        assert (asked["client_secret"], asked["scope"]) == (SECRET, f"{graph_server.base}/.default")

    def test_a_token_that_the_server_no_longer_takes_is_replaced(self, box, graph_server):
        with box() as mailbox:
            graph_server.tokens.append({})  # the one that we have is not the last any more
            assert mailbox.marks([]) == {}
        assert len(graph_server.tokens) == 3

    def test_a_token_that_is_never_taken_is_a_mailbox_error(self, box, graph_server):
        graph_server.trouble = [(401, {}, "InvalidAuthenticationToken")] * 2
        with pytest.raises(MailboxError, match="401 InvalidAuthenticationToken"), box():
            pass

    def test_a_certificate_serves_instead_of_a_secret(self, desk, graph_server, tmp_path):
        pem = make_certificate(tmp_path / "application.pem", is_rsa=True)
        with graph.opened(graph_server.url_with("", f"&certificate={pem}"), desk) as mailbox:
            assert mailbox.all_uids() == []
        assert "client_secret" not in graph_server.tokens[0]

    def test_a_wrong_secret_is_a_mailbox_error_that_says_so_and_does_not_tell_it(self, desk, graph_server):
        wrong = graph_server.url_with(":guessed@")
        with (
            pytest.raises(MailboxError, match="AADSTS7000215: Invalid client secret") as raised,
            graph.opened(wrong, desk),
        ):
            pass
        assert "guessed" not in str(raised.value)

    def test_an_address_without_a_secret_says_what_is_missing(self, desk, graph_server):
        with (
            pytest.raises(MailboxError, match="a secret or a certificate"),
            graph.opened(graph_server.url_with(""), desk),
        ):
            pass

    def test_the_token_goes_nowhere_but_to_the_endpoint(self, desk, graph_server):
        with graph.opened(graph_server.url, desk) as mailbox, pytest.raises(MailboxError, match="not at the endpoint"):
            mailbox._line.ask("GET", "https://elsewhere.example/v1.0/users/x/messages")


class TestTrouble:
    """E-II.2: a server in trouble is waited for, a little, and then the reason is told."""

    @pytest.fixture(autouse=True)
    def waits(self, monkeypatch):
        waited = []
        monkeypatch.setattr("contact.email.graph.time.sleep", waited.append)
        return waited

    @pytest.mark.parametrize("status", [429, 503])
    def test_a_busy_server_is_asked_again_when_it_says(self, box, graph_server, waits, status):
        graph_server.deliver(letter(1), NINE)
        graph_server.trouble = [(status, {"Retry-After": "7"}, "TooManyRequests")] * 2
        with box() as mailbox:
            assert len(mailbox.all_uids()) == 1
        assert waits == [7.0, 7.0]

    def test_one_that_asks_for_too_long_is_left_for_the_next_check(self, office, graph_server, waits):
        graph_server.trouble = [(429, {"Retry-After": "300"}, "TooManyRequests")]
        assert "asks to wait 0:05:00" in inbound.check_inbox(office, at=NINE).error
        assert waits == []

    def test_one_that_stays_busy_is_a_mailbox_error(self, box, graph_server, waits):
        graph_server.trouble = [(503, {}, "ServiceUnavailable")] * graph.TRIES
        with pytest.raises(MailboxError, match="503 ServiceUnavailable: It says why"), box():
            pass
        assert waits == [2.0, 4.0, 8.0]

    def test_a_refused_mailbox_is_a_mailbox_error_with_graph_s_words(self, box, graph_server):
        graph_server.trouble = [(403, {}, "ErrorAccessDenied")]
        with pytest.raises(MailboxError, match="403 ErrorAccessDenied"), box():
            pass

    def test_an_unknown_user_is_a_mailbox_error_and_not_an_empty_mailbox(self, desk, graph_server):
        with (
            pytest.raises(MailboxError, match="ErrorInvalidUser"),
            graph.opened(graph_server.url.replace(USER, "nobody@desk.example"), desk),
        ):
            pass

    def test_a_server_that_is_gone_is_a_mailbox_error(self, box, graph_server):
        with box() as mailbox:
            graph_server.base = "https://127.0.0.1:1"
            mailbox._line._root = "https://127.0.0.1:1/v1.0/users/x"
            with pytest.raises(MailboxError, match="cannot reach 127.0.0.1"):
                mailbox.is_filed("<1@b.example>")

    def test_a_certificate_that_nobody_vouches_for_is_refused(self, desk, graph_server, monkeypatch):
        monkeypatch.delenv("REQUESTS_CA_BUNDLE")
        with pytest.raises(MailboxError, match="(?i)certificate"), graph.opened(graph_server.url, desk):
            pass


class TestUidsUnderConcurrency:
    """E-II.1a: two workers that list at once give one UID to a mail."""

    def test_what_another_worker_listed_meanwhile_keeps_its_uid(self, box, graph_server):
        graph_server.deliver(letter(1), NINE)
        with box() as first:
            graph_server.deliver(letter(2), NINE + timedelta(seconds=1))
            with box() as second:
                listed = second.all_uids()
            assert first.marks(listed) == dict.fromkeys(listed, "none")
        assert RemoteMail.objects.count() == 2

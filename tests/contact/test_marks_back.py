"""A mark that somebody sets in the mailbox by hand comes back as a suggestion: on a real IMAP server."""

from datetime import timedelta

import pytest

from contact.email import inbound, outbound
from contact.email.marks import write_marks
from tests.support.facts import HOUR, MINUTE, events, fresh
from tests.support.letters import mail
from tests.support.office import riga
from tickets.actions.marking import NoSuchMark, keep_our_mark, reopen_message
from tickets.actions.replying import Reply, reply_to_client
from tickets.actions.working import answer_not_needed, junk_ticket, take_ticket
from tickets.models import Message, Ticket

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

NINE = riga("2025-11-10 09:00")
TEN = NINE + HOUR
ID = "<first@krumins.example>"


@pytest.fixture
def ticket(cast, desk, dovecot, settings):
    settings.MAILBOX_URLS = {"": dovecot.url}
    dovecot.append(mail(), NINE)
    inbound.check_inbox(desk, at=NINE + MINUTE)
    return Ticket.objects.get()


@pytest.fixture
def set_flags(dovecot):
    """Return a function that does to the letter what a person does in Thunderbird or Outlook."""

    def set_flags(*add: bytes, remove: tuple[bytes, ...] = ()):
        with dovecot.client() as client:
            client.select_folder("INBOX")
            (uid,) = client.search(["HEADER", "Message-ID", ID])
            client.add_flags([uid], list(add))
            client.remove_flags([uid], list(remove))

    return set_flags


@pytest.fixture
def look(desk):
    """Return a function that checks the mailbox and returns the client's message."""

    def look(at=TEN):
        inbound.check_inbox(desk, at=at)
        return Message.objects.get(kind="incoming")

    return look


def complete_it(ticket, ilze):
    reply = reply_to_client(ticket, Reply("Labdien!", "a" * 32), by=ilze, at=NINE + MINUTE)
    outbound.deliver(reply.pk, at=NINE + MINUTE)
    write_marks()


class TestSuggestion:
    """E-II.5: a mark set by hand is told, with when it was seen; the ticket itself changes by nobody's flag."""

    def test_a_flag_on_an_unmarked_letter(self, ticket, set_flags, look):
        set_flags(b"\\Flagged")
        message = look()
        assert (message.suggested_mark, message.seen_mark_at, message.mark) == ("incomplete", TEN, "none")
        assert (fresh(ticket).state, message.deadlines.filter(state="running").count()) == ("unprocessed", 2)
        assert [event.data for event in events(ticket, "message.mark_seen")] == [{"mark": ["none", "incomplete"]}]

    def test_the_keyword_complete_on_one_in_hand(self, ticket, set_flags, look, ilze):
        take_ticket(ticket, by=ilze, at=NINE + MINUTE)
        write_marks()
        set_flags(b"$EmusComplete")
        assert (look().suggested_mark, fresh(ticket).state) == ("complete", "incomplete")

    def test_a_flag_taken_off(self, ticket, set_flags, look, ilze):
        take_ticket(ticket, by=ilze, at=NINE + MINUTE)
        write_marks()
        set_flags(remove=(b"\\Flagged", b"$EmusIncomplete"))
        assert look().suggested_mark == "none"

    def test_a_flag_on_one_that_was_complete(self, ticket, set_flags, look, ilze):
        complete_it(ticket, ilze)
        set_flags(b"\\Flagged")
        assert (look().suggested_mark, fresh(ticket).state) == ("incomplete", "complete")

    def test_it_is_told_once_and_keeps_its_instant(self, ticket, set_flags, look):
        set_flags(b"\\Flagged")
        look()
        assert look(TEN + HOUR).seen_mark_at == TEN
        assert len(events(ticket, "message.mark_seen")) == 1

    def test_taken_back_by_the_person_it_is_gone(self, ticket, set_flags, look):
        set_flags(b"\\Flagged")
        look()
        set_flags(remove=(b"\\Flagged",))
        message = look(TEN + HOUR)
        assert (message.suggested_mark, message.seen_mark, message.seen_mark_at) == ("", "", None)


class TestOurOwn:
    """E-II.5: what we wrote ourselves is no suggestion, nor is what we are about to write over."""

    def test_our_marks_come_back_as_nothing(self, ticket, look, ilze):
        for act in (lambda: take_ticket(ticket, by=ilze, at=NINE), lambda: complete_it(ticket, ilze)):
            act()
            write_marks()
            assert look().suggested_mark == ""
        assert events(ticket, "message.mark_seen") == []

    def test_a_mark_that_is_still_to_be_written_is_not_taken_for_somebody_else_s(self, ticket, look, ilze):
        take_ticket(ticket, by=ilze, at=NINE + MINUTE)
        assert (look().suggested_mark, fresh(ticket).state) == ("", "incomplete")

    def test_a_mark_that_changes_here_while_the_mailbox_is_looked_at_says_nothing(
        self, ticket, set_flags, desk, ilze, monkeypatch
    ):
        from contact.email.imap import ImapMailbox

        real = ImapMailbox.marks

        def change_meanwhile(mailbox, uids):
            seen = real(mailbox, uids)
            take_ticket(ticket, by=ilze, at=NINE + MINUTE)
            write_marks()
            return seen

        set_flags(b"$EmusComplete")
        with monkeypatch.context() as patched:
            patched.setattr(ImapMailbox, "marks", change_meanwhile)
            inbound.check_inbox(desk, at=TEN)
        assert Message.objects.get().suggested_mark == ""

    def test_once_we_write_ours_over_it_it_is_decided(self, ticket, set_flags, look, ilze):
        set_flags(b"$EmusComplete")
        look()
        take_ticket(ticket, by=ilze, at=TEN)
        write_marks()
        assert look(TEN + HOUR).suggested_mark == ""

    def test_junk_and_what_was_completed_long_ago_are_not_looked_at(self, ticket, set_flags, look, ilze):
        complete_it(ticket, ilze)
        set_flags(b"\\Flagged")
        assert look(NINE + MINUTE + timedelta(days=7, seconds=1)).suggested_mark == ""
        junk_ticket(fresh_open(ticket, ilze), by=ilze, at=TEN)
        assert look(TEN).suggested_mark == ""

    def test_one_command_asks_for_all_of_them(self, ticket, dovecot, desk, monkeypatch):
        from contact.email.imap import ImapMailbox

        for number in range(5):
            dovecot.append(mail(message_id=f"<{number}@x.example>"), NINE)
        inbound.check_inbox(desk, at=TEN)
        asked = []
        real = ImapMailbox.marks
        monkeypatch.setattr(ImapMailbox, "marks", lambda self, uids: asked.append(len(uids)) or real(self, uids))
        inbound.check_inbox(desk, at=TEN + MINUTE)
        assert asked == [6]


def fresh_open(ticket, ilze):
    """Return the completed ticket opened again by a flag."""
    message = ticket.messages.get(kind="incoming")
    Message.objects.filter(pk=message.pk).update(seen_mark="incomplete", seen_mark_at=TEN)
    return reopen_message(message, by=ilze, at=TEN)


class TestDecision:
    """E-II.5: a person takes the mark over by the proper action, or keeps ours."""

    def test_kept_ours_is_written_over_it(self, ticket, set_flags, look, dovecot, ilze):
        set_flags(b"\\Flagged")
        message = keep_our_mark(look(), by=ilze, at=TEN)
        assert (message.suggested_mark, write_marks()) == ("", 1)
        assert "\\Flagged" not in dovecot.flags(ID)
        assert look(TEN + HOUR).suggested_mark == ""
        assert [event.by for event in events(ticket, "message.mark_kept")] == [ilze]

    def test_incomplete_on_a_complete_one_opens_the_ticket_again(self, ticket, set_flags, look, dovecot, ilze):
        complete_it(ticket, ilze)
        set_flags(b"\\Flagged")
        assert reopen_message(look(), by=ilze, at=TEN).state == "incomplete"
        write_marks()
        message = look(TEN + HOUR)
        assert (message.mark, message.suggested_mark) == ("incomplete", "")
        assert {one.state for one in message.deadlines.all()} == {"met"}

    def test_without_such_a_mark_there_is_nothing_to_take_over(self, ticket, look, ilze):
        complete_it(ticket, ilze)
        with pytest.raises(NoSuchMark):
            reopen_message(look(), by=ilze, at=TEN)

    def test_complete_is_taken_over_by_its_reason(self, ticket, set_flags, look, ilze):
        set_flags(b"$EmusComplete")
        answer_not_needed(look(), "atbildēts pa tālruni", by=ilze, at=TEN)
        write_marks()
        assert (look(TEN + HOUR).suggested_mark, fresh(ticket).state) == ("", "complete")


class TestPage:
    """E-II.5: the ticket shows the mark with what can be done about it."""

    @pytest.mark.parametrize(
        ("flag", "wanted"),
        [(b"\\Flagged", "/ownership/"), (b"$EmusComplete", "?no-answer=")],
    )
    def test_it_offers_to_take_it_over_and_to_keep_ours(self, ticket, set_flags, look, browse, flag, wanted):
        set_flags(flag)
        message = look(NINE + 20 * MINUTE)
        page = browse().get(f"/tickets/{ticket.number}/").content.decode()
        foot = page.partition("seen-mark")[2].partition("</footer>")[0]
        assert wanted in foot
        assert f"/messages/{message.pk}/own-mark/" in foot

    def test_it_leads_to_the_reason_opened(self, ticket, look, browse):
        message = look(NINE + 20 * MINUTE)
        page = browse().get(f"/tickets/{ticket.number}/?no-answer={message.pk}").content.decode()
        assert '<details class="no-answer" open>' in page

    def test_a_click_keeps_ours(self, ticket, set_flags, look, browse):
        set_flags(b"\\Flagged")
        message = look(NINE + 20 * MINUTE)
        answer = browse().post(f"/tickets/{ticket.number}/messages/{message.pk}/own-mark/")
        assert (answer.url, fresh(message).suggested_mark) == (f"/tickets/{ticket.number}/#message-{message.pk}", "")

    def test_a_click_opens_it_again(self, ticket, set_flags, look, browse, ilze):
        complete_it(ticket, ilze)
        set_flags(b"\\Flagged")
        message = look(NINE + 20 * MINUTE)
        browse().post(f"/tickets/{ticket.number}/messages/{message.pk}/reopening/")
        assert fresh(ticket).state == "incomplete"

    @pytest.mark.parametrize("path", ["own-mark", "reopening", "non-answer"])
    @pytest.mark.parametrize(("who", "status"), [("santa", 404), ("otto", 404)])
    def test_nobody_else_may(self, ticket, look, browse, path, who, status):
        message = look(NINE + 20 * MINUTE)
        assert browse(who).post(f"/tickets/{ticket.number}/messages/{message.pk}/{path}/").status_code == status

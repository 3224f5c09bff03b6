"""The mark of each letter, written back to where the office sees it in its mail program: here, a Maildir's flags."""

from pathlib import Path

import pytest
from django.conf import settings

from contact.email import inbound, outbound
from contact.email.marks import write_marks
from tests.support.facts import HOUR, MINUTE, fresh
from tests.support.letters import mail
from tests.support.office import riga
from tickets.actions.replying import Reply, reply_to_client
from tickets.actions.working import answer_not_needed, take_ticket
from tickets.models import Message, Ticket

pytestmark = pytest.mark.django_db

NINE = riga("2025-11-10 09:00")


def root():
    return Path(settings.MAILBOX_URLS[""].removeprefix("maildir://"))


def flags():
    """Return the flags of the only letter in the mailbox; None while it is new."""
    (path,) = [path for name in ("new", "cur") for path in (root() / name).iterdir()]
    return path.name.partition(":2,")[2] if path.parent.name == "cur" else None


@pytest.fixture
def ticket(cast, mail_in):
    mail_in(mail(), NINE)
    return Ticket.objects.get()


class TestMarks:
    """E-II.5: incomplete while in hand, complete when answered, in the mailbox too."""

    def test_taking_a_mail_in_leaves_it_unmarked_and_unread(self, ticket):
        assert (flags(), write_marks()) == (None, 0)

    def test_in_hand_it_is_flagged(self, ticket, ilze):
        take_ticket(ticket, by=ilze, at=NINE)
        assert (write_marks(), flags()) == (1, "FS")

    def test_answered_it_is_complete_and_no_longer_flagged(self, ticket, ilze):
        take_ticket(ticket, by=ilze, at=NINE)
        write_marks()
        reply = reply_to_client(ticket, Reply("Labdien!", "a" * 32), by=ilze, at=NINE + MINUTE)
        outbound.deliver(reply.pk, at=NINE + MINUTE)
        assert (write_marks(), flags()) == (1, "Sc")

    def test_not_needing_an_answer_it_is_complete(self, ticket, ilze):
        answer_not_needed(Message.objects.get(), "zināšanai", by=ilze, at=NINE)
        write_marks()
        assert flags() == "Sc"

    def test_flags_of_people_stay(self, ticket, ilze):
        (path,) = (root() / "new").iterdir()
        path.rename(root() / "cur" / f"{path.name}:2,RS")
        take_ticket(ticket, by=ilze, at=NINE)
        write_marks()
        assert flags() == "FRS"

    def test_written_once_it_is_written(self, ticket, ilze):
        take_ticket(ticket, by=ilze, at=NINE)
        assert (write_marks(), write_marks()) == (1, 0)

    def test_a_mail_that_somebody_deleted_is_no_error(self, ticket, ilze):
        (path,) = (root() / "new").iterdir()
        path.unlink()
        take_ticket(ticket, by=ilze, at=NINE)
        assert (write_marks(), write_marks()) == (1, 0)

    def test_while_the_mailbox_is_down_it_waits(self, ticket, ilze, settings):
        urls = settings.MAILBOX_URLS
        take_ticket(ticket, by=ilze, at=NINE)
        settings.MAILBOX_URLS = {}
        assert (write_marks(), fresh(Message.objects.get()).is_mark_written) == (0, False)
        settings.MAILBOX_URLS = urls
        assert (write_marks(), flags()) == (1, "FS")

    def test_one_desk_s_mailbox_being_down_does_not_stop_another_s(self, ticket, cast, receive, ilze):
        theirs = receive(NINE, desk=cast.other_desk).ticket
        take_ticket(theirs, by=cast.otto.user, at=NINE)
        take_ticket(ticket, by=ilze, at=NINE)
        assert (write_marks(), flags()) == (1, "FS")

    def test_a_message_that_came_by_no_mailbox_needs_none(self, cast, receive, ilze):
        take_ticket(receive(NINE).ticket, by=ilze, at=NINE)
        assert (write_marks(), Message.objects.get().is_mark_written) == (1, True)

    def test_one_that_changed_while_it_was_written_is_written_again(self, ticket, ilze, monkeypatch):
        from contact.email.maildir import MaildirMailbox

        real = MaildirMailbox.set_mark

        def change_meanwhile(mailbox, uid, mark):
            real(mailbox, uid, mark)
            Message.objects.update(mark="complete", is_mark_written=False)

        take_ticket(ticket, by=ilze, at=NINE)
        with monkeypatch.context() as patched:
            patched.setattr(MaildirMailbox, "set_mark", change_meanwhile)
            write_marks()
        assert Message.objects.get().is_mark_written is False
        write_marks()
        assert flags() == "Sc"

    def test_after_the_mailbox_was_rebuilt_the_right_mail_is_marked(self, ticket, desk, ilze):
        (root() / "uids.json").unlink()
        inbound.check_inbox(desk, at=NINE + HOUR)
        take_ticket(ticket, by=ilze, at=NINE + HOUR)
        write_marks()
        assert flags() == "FS"

"""Mail in: kept before anything else is done with it, taken in once, and never dropped."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings

from contact.email import inbound, intake, maildir, watch
from contact.email.mailbox import open_mailbox
from contact.models import MailboxCheck, MailboxCursor, RawMail, ReceivedMail
from escalation.models import Alert
from sla.models import Deadline
from tests.support.facts import HOUR, MINUTE, SECOND, deadline, events, fresh
from tests.support.letters import mail, report
from tests.support.office import OPENED, riga
from tickets.actions.receiving import Arrivals
from tickets.actions.replying import Reply, reply_to_client
from tickets.models import Message, Ticket

pytestmark = pytest.mark.django_db

NINE = riga("2025-11-10 09:00")


def root():
    return Path(settings.MAILBOX_URLS[""].removeprefix("maildir://"))


def the_mail():
    return ReceivedMail.objects.get()


@pytest.fixture
def answered(cast, mail_in):
    """Return a reply that the mail server has taken, on the ticket that came by mail."""
    from contact.email import outbound

    mail_in(mail(), NINE)
    reply = reply_to_client(Ticket.objects.get(), Reply("Labdien!", "a" * 32), by=cast.ilze.user, at=NINE + MINUTE)
    outbound.deliver(reply.pk, at=NINE + MINUTE)
    return reply


class TestLedger:
    """E-II.1a: every mail is stored, bytes first, then carried to its ticket, once."""

    def test_a_letter_becomes_a_ticket(self, desk, mail_in):
        mail_in(mail(), NINE)
        message = Message.objects.get()
        assert (message.ticket.number, message.sender_name, message.subject) == (
            "EMUS-2025-00001",
            "Pēteris Krūmiņš",
            "Pārskatā nesakrīt kopsumma",
        )
        assert (the_mail().state, the_mail().message) == ("linked", message)
        assert (the_mail().sender, the_mail().subject) == ("peteris@krumins.example", "Pārskatā nesakrīt kopsumma")

    def test_its_bytes_are_kept_as_they_came(self, desk, mail_in):
        raw = mail() + b"\r\n\x00\xff tail"
        mail_in(raw, NINE)
        assert bytes(RawMail.objects.get().content) == raw
        assert the_mail().size == len(raw)

    def test_received_is_when_the_server_took_it_never_the_date_it_names(self, desk, mail_in):
        mail_in(mail(), NINE, checked=NINE + HOUR)
        assert (the_mail().received_at, the_mail().fetched_at) == (NINE, NINE + HOUR)
        assert deadline(Message.objects.get(), "mark").started_at == NINE

    def test_a_server_whose_clock_runs_ahead_receives_nothing_in_the_future(self, desk, mail_in):
        mail_in(mail(), NINE + HOUR, checked=NINE)
        assert the_mail().received_at == NINE

    def test_the_same_mail_is_taken_in_once(self, desk, mail_in):
        assert mail_in(mail(), NINE).fetched == 1
        assert inbound.check_inbox(desk, at=NINE + HOUR).fetched == 0
        assert ReceivedMail.objects.count() == Ticket.objects.count() == 1

    def test_also_when_the_cursor_was_lost(self, desk, mail_in):
        mail_in(mail(), NINE)
        MailboxCursor.objects.all().delete()
        inbound.check_inbox(desk, at=NINE + HOUR)
        assert ReceivedMail.objects.count() == Ticket.objects.count() == 1

    def test_a_mail_that_a_person_read_or_moved_is_taken_in_all_the_same(self, desk):
        path = maildir.drop(root(), mail(), NINE)
        path.rename(root() / "cur" / f"{path.name}:2,S")
        inbound.check_inbox(desk, at=NINE + MINUTE)
        assert Ticket.objects.count() == 1

    def test_a_crash_between_storing_and_linking_is_made_good_by_the_next_check(self, desk):
        maildir.drop(root(), mail(), NINE)
        with open_mailbox(desk) as mailbox:
            inbound.fetch(desk, mailbox, at=NINE + MINUTE)
        assert (the_mail().state, Ticket.objects.count()) == ("received", 0)
        inbound.check_inbox(desk, at=NINE + HOUR)
        assert (the_mail().state, Ticket.objects.get().received_at) == ("linked", NINE)

    def test_linking_one_that_is_linked_changes_nothing(self, desk, mail_in):
        mail_in(mail(), NINE)
        assert inbound.link(the_mail().pk, at=NINE + HOUR) is False
        assert Message.objects.count() == 1

    def test_a_mailbox_that_was_rebuilt_shows_the_same_mails_and_none_is_doubled(self, desk, mail_in):
        mail_in(mail(), NINE)
        mail_in(mail(message_id="<second@krumins.example>"), NINE + MINUTE)
        before = set(ReceivedMail.objects.values_list("uidvalidity", flat=True))
        (root() / "uids.json").unlink()
        inbound.check_inbox(desk, at=NINE + HOUR)
        after = set(ReceivedMail.objects.values_list("uidvalidity", flat=True))
        assert ReceivedMail.objects.count() == Ticket.objects.count() == 2
        assert before.isdisjoint(after)

    def test_after_the_rebuild_new_mail_is_taken_in(self, desk, mail_in):
        mail_in(mail(), NINE)
        (root() / "uids.json").unlink()
        mail_in(mail(message_id="<second@krumins.example>"), NINE + MINUTE)
        assert Ticket.objects.count() == 2

    def test_mails_are_carried_in_the_order_of_receipt(self, desk):
        for minute in (3, 1, 2):
            maildir.drop(root(), mail(subject=str(minute)), NINE + minute * MINUTE)
        inbound.check_inbox(desk, at=NINE + HOUR)
        assert list(Ticket.objects.order_by("number").values_list("subject", flat=True)) == ["1", "2", "3"]

    def test_attachments_come_along(self, desk, mail_in):
        raw = (
            b"From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nhello\r\n"
            b"--x\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Disposition: attachment; filename=a.pdf\r\n\r\n"
            b"%PDF\r\n--x--\r\n"
        )
        mail_in(raw, NINE)
        assert [(one.name, one.content_type) for one in Message.objects.get().attachments.all()] == [
            ("a.pdf", "application/pdf")
        ]


class TestBadMail:
    """E-II.1a: a mail that cannot be read is listed with the reason; those behind it are taken in."""

    @pytest.fixture
    def broken(self, desk, monkeypatch):
        """One of three mails breaks the step that makes a ticket of it, halfway through."""
        real = Arrivals.receive

        def receive_or_break(arrivals, letter, **facts):
            made = real(arrivals, letter, **facts)
            if letter.subject == "break":
                raise ValueError("no such\x00thing")
            return made

        with monkeypatch.context() as patched:
            patched.setattr(Arrivals, "receive", receive_or_break)
            for minute, subject in enumerate(("before", "break", "after")):
                maildir.drop(root(), mail(subject=subject), NINE + minute * MINUTE)
            inbound.check_inbox(desk, at=NINE + HOUR)
        return ReceivedMail.objects.get(state="unprocessed")

    def test_it_is_set_aside_with_its_reason_and_its_bytes(self, broken):
        assert (broken.reason, broken.error) == ("failed", "ValueError: no suchthing")
        assert bytes(broken.raw.content) == mail(subject="break")

    def test_nothing_of_it_is_left_behind_and_the_others_are_tickets(self, broken):
        assert sorted(Ticket.objects.values_list("subject", flat=True)) == ["after", "before"]

    def test_that_is_recorded(self, broken):
        from audit.models import Event

        event = Event.objects.get(verb="mail.unprocessed")
        assert (event.target_id, event.data) == (broken.pk, {"reason": "failed"})

    def test_once_the_fault_is_gone_it_can_be_run_again(self, broken, ilze):
        again = inbound.retry(broken, by=ilze, at=NINE + 2 * HOUR)
        assert (again.state, again.reason, again.error) == ("linked", "", "")
        assert again.message.ticket.received_at == NINE + MINUTE
        (event,) = [e for e in events_of_mail(broken) if e.verb == "mail.retried"]
        assert event.by == ilze


def events_of_mail(found):
    from audit.models import Event

    return list(Event.objects.filter(target_type="contact.receivedmail", target_id=found.pk).order_by("pk"))


class TestHistory:
    """E-II.1a: what is older than the desk's start is history: kept, without deadlines."""

    def test_a_second_before_the_start_it_is_history(self, desk, mail_in):
        mail_in(mail(), OPENED - SECOND, checked=OPENED)
        assert (the_mail().state, Ticket.objects.count(), Deadline.objects.count()) == ("history", 0, 0)
        assert the_mail().subject == "Pārskatā nesakrīt kopsumma"

    def test_at_the_start_it_is_work(self, desk, mail_in):
        mail_in(mail(), OPENED)
        assert the_mail().state == "linked"

    def test_years_of_it_do_not_keep_today_s_mail_waiting(self, desk, monkeypatch):
        monkeypatch.setattr(intake, "OLDER_A_CHECK", 2)
        for day in range(1, 6):
            maildir.drop(root(), mail(), OPENED - timedelta(days=day))
        maildir.drop(root(), mail(subject="today"), NINE)
        counts = []
        for minute in range(4):
            inbound.check_inbox(desk, at=NINE + HOUR + minute * MINUTE)
            counts.append((Ticket.objects.count(), ReceivedMail.objects.filter(state="history").count()))
        assert counts == [(1, 2), (1, 4), (1, 5), (1, 5)]

    def test_a_ticket_can_be_made_of_it_with_its_deadlines_from_its_receipt(self, desk, mail_in, ilze):
        mail_in(mail(), OPENED - HOUR, checked=OPENED)
        made = inbound.make_ticket(the_mail(), sender="peteris@krumins.example", by=ilze, at=NINE)
        assert made.message.ticket.received_at == OPENED - HOUR
        assert made.message.deadlines.count() == 2


class TestSetAside:
    """E-II.1a: what cannot be a ticket by itself is listed as unprocessed with the reason."""

    def test_without_a_sender(self, desk, mail_in):
        mail_in(mail(sender=""), NINE)
        assert (the_mail().state, the_mail().reason, Ticket.objects.count()) == ("unprocessed", "no_sender", 0)

    @pytest.mark.parametrize("sender", ["emus@desk.example", "EMUS <Emus@Desk.example>"])
    def test_from_the_desk_s_own_address(self, desk, mail_in, sender):
        mail_in(mail(sender=sender), NINE)
        assert (the_mail().state, the_mail().reason) == ("unprocessed", "own")

    def test_automatic_and_on_no_ticket(self, desk, mail_in):
        mail_in(mail(Auto_Submitted="auto-replied"), NINE)
        assert (the_mail().state, the_mail().reason, Ticket.objects.count()) == ("unprocessed", "automatic", 0)

    def test_automatic_on_a_ticket_is_kept_there_and_starts_nothing(self, desk, mail_in, answered):
        mail_in(
            mail(
                subject="Automātiska atbilde",
                message_id="<auto@krumins.example>",
                In_Reply_To=answered.message_id,
                Auto_Submitted="auto-replied",
            ),
            NINE + HOUR,
        )
        automatic = Message.objects.get(kind="automatic")
        assert (automatic.ticket, automatic.deadlines.count()) == (answered.ticket, 0)
        assert fresh(answered.ticket).state == "complete"

    def test_a_bytes_soup_is_set_aside_too(self, desk, mail_in):
        mail_in(b"\x00\xff\xfe not a mail", NINE)
        assert (the_mail().state, the_mail().reason) == ("unprocessed", "no_sender")


class TestBounces:
    """E-II.3: a delivery report finds the reply that it is about."""

    def test_a_hard_bounce_reopens_what_the_reply_had_met(self, answered, mail_in):
        mail_in(report(answered.message_id), NINE + HOUR)
        assert answered.delivery.__class__.objects.get(message=answered).state == "bounced"
        assert fresh(answered.ticket).state == "incomplete"
        assert Deadline.objects.get(kind="reply").state == "running"
        assert [alert.trigger for alert in Alert.objects.all()] == ["reply_bounced"]

    def test_its_words_name_the_address_and_the_status(self, answered, mail_in):
        mail_in(report(answered.message_id), NINE + HOUR)
        assert events(answered.ticket, "reply.bounced")[0].data["error"] == "peteris@krumins.example 5.1.1"

    def test_the_report_lies_on_the_ticket_and_starts_nothing(self, answered, mail_in):
        mail_in(report(answered.message_id), NINE + HOUR)
        found = Message.objects.get(kind="automatic")
        assert (found.ticket, found.deadlines.count()) == (answered.ticket, 0)

    def test_a_report_that_it_is_only_delayed_changes_nothing(self, answered, mail_in):
        mail_in(report(answered.message_id, action="delayed", status="4.4.1"), NINE + HOUR)
        assert fresh(answered.ticket).state == "complete"
        assert Alert.objects.count() == 0

    def test_a_report_on_a_mail_that_is_none_of_ours_is_set_aside(self, answered, mail_in):
        mail_in(report("<unknown@elsewhere.example>"), NINE + HOUR)
        assert ReceivedMail.objects.get(state="unprocessed").reason == "automatic"
        assert fresh(answered.ticket).state == "complete"

    def test_a_report_on_the_client_s_own_letter_is_no_bounce_of_ours(self, answered, mail_in):
        mail_in(report("<first@krumins.example>"), NINE + HOUR)
        assert answered.delivery.__class__.objects.get(message=answered).state == "sent"


class TestByHand:
    """E-II.1a: a person runs a mail again, or makes a ticket of it."""

    @pytest.fixture
    def nameless(self, desk, mail_in):
        mail_in(mail(sender=""), NINE)
        return the_mail()

    def test_run_again_with_the_same_fault_it_is_set_aside_again(self, nameless, ilze):
        again = inbound.retry(nameless, by=ilze, at=NINE + HOUR)
        assert (again.state, again.reason) == ("unprocessed", "no_sender")

    def test_a_ticket_is_made_with_the_sender_that_was_named(self, nameless, ilze):
        made = inbound.make_ticket(nameless, sender="Anna@Ozola.example", by=ilze, at=NINE + HOUR)
        message = made.message
        assert (made.state, made.sender) == ("linked", "Anna@Ozola.example")
        assert (message.sender_address, message.kind) == ("anna@ozola.example", "incoming")
        assert deadline(message, "mark").due_at == NINE + HOUR
        assert events_of_mail(nameless)[-1].by == ilze

    def test_an_automatic_one_becomes_a_letter_when_a_person_says_so(self, desk, mail_in, ilze):
        mail_in(mail(Auto_Submitted="auto-generated"), NINE)
        made = inbound.make_ticket(the_mail(), sender="robot@k.example", by=ilze, at=NINE + HOUR)
        assert (made.message.kind, made.message.deadlines.count()) == ("incoming", 2)

    def test_one_that_is_on_a_ticket_stays_there(self, desk, mail_in, ilze):
        mail_in(mail(), NINE)
        before = the_mail().message
        assert inbound.retry(the_mail(), by=ilze, at=NINE + HOUR).message == before
        assert inbound.make_ticket(the_mail(), sender="x@x.example", by=ilze, at=NINE + HOUR).message == before
        assert Ticket.objects.count() == 1


class TestCheck:
    """E-II.1a: each look into the mailbox is recorded with its result."""

    def test_a_good_one_with_what_it_brought(self, desk, mail_in):
        check = mail_in(mail(), NINE)
        assert (check.at, check.fetched, check.error) == (NINE + SECOND, 1, "")
        assert MailboxCheck.objects.get() == check

    def test_a_mailbox_that_is_gone_is_recorded_with_the_reason(self, desk, tmp_path, settings):
        (tmp_path / "mailbox").write_text("a file where the folder was")
        check = inbound.check_inbox(desk, at=NINE)
        assert (check.fetched, "mailbox" in check.error) == (0, True)

    def test_a_server_that_does_not_answer_is_recorded_with_the_reason(self, desk, settings):
        settings.MAILBOX_URLS = {"": "imap://user:secret@127.0.0.1:1/INBOX"}
        check = inbound.check_inbox(desk, at=NINE)
        assert "127.0.0.1" in check.error
        assert "secret" not in check.error

    def test_a_desk_without_a_mailbox_says_which_setting_is_missing(self, cast):
        assert inbound.check_inbox(cast.other_desk, at=NINE).error == "MAILBOX_URL_OTHER is not set"

    def test_each_desk_has_its_own_mailbox(self, cast, settings, tmp_path):
        settings.MAILBOX_URLS["other"] = f"maildir://{tmp_path}/other"
        maildir.drop(tmp_path / "other", mail(to="other@desk.example"), NINE)
        inbound.check_inbox(cast.other_desk, at=NINE + MINUTE)
        assert Ticket.objects.get().number == "OTHER-2025-00001"

    def test_what_was_stored_before_is_carried_on_while_the_mailbox_is_down(self, desk, settings):
        maildir.drop(root(), mail(), NINE)
        with open_mailbox(desk) as mailbox:
            inbound.fetch(desk, mailbox, at=NINE)
        settings.MAILBOX_URLS = {}
        inbound.check_inbox(desk, at=NINE + MINUTE)
        assert the_mail().state == "linked"

    def test_the_record_is_kept_for_ninety_days(self, desk):
        for at in (NINE, NINE + SECOND, NINE + watch.KEEP_CHECKS + SECOND):
            inbound.check_inbox(desk, at=at)
        assert list(MailboxCheck.objects.order_by("at").values_list("at", flat=True)) == [
            NINE + SECOND,
            NINE + watch.KEEP_CHECKS + SECOND,
        ]


class TestTheSameLetterTwice:
    """E-II.1a: sent to an alias and to the desk, one letter comes as two mails; it is one message."""

    def test_the_second_is_kept_and_makes_no_message(self, mail_in):
        mail_in(mail(), NINE)
        mail_in(b"Received: by alias\r\n" + mail(), NINE + MINUTE)
        assert sorted(ReceivedMail.objects.values_list("state", flat=True)) == ["duplicate", "linked"]
        assert Message.objects.count() == 1

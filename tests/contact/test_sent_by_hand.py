"""What the office writes in its own mail program: taken in from a real Sent folder as a reply, once, and in time."""

from datetime import timedelta

import pytest

from contact.email import inbound, outbound
from contact.models import MailboxCursor, ReceivedMail
from escalation.models import Alert
from sla.actions import claim_due
from sla.models import Deadline
from tests.contact.test_imap import wait_for_the_next_second
from tests.support.facts import HOUR, MINUTE, SECOND, deadline, events, fresh
from tests.support.letters import mail, report
from tests.support.office import OPENED, riga
from tickets.actions.delivering import NotWaiting, note_no_answer, send_again
from tickets.actions.pausing import pause_ticket
from tickets.actions.replying import AnsweredByHand, Reply, reply_to_client
from tickets.actions.working import junk_ticket
from tickets.models import Message, Ticket

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

NINE = riga("2025-11-10 09:00")
TEN = NINE + HOUR


def by_hand(text: str = "Labdien! Pārbaudiet 4. sadaļu.", **changes) -> bytes:
    """Return a reply as Outlook puts it into Sent."""
    facts = {
        "sender": "EMUS atbalsts <emus@desk.example>",
        "to": "Pēteris Krūmiņš <peteris@krumins.example>",
        "subject": "RE: Pārskatā nesakrīt kopsumma",
        "message_id": "<outlook-1@desk.example>",
        "In_Reply_To": "<first@krumins.example>",
    }
    return mail(text=text, **{**facts, **changes})


@pytest.fixture
def ticket(cast, desk, dovecot, settings, tmp_path):
    """A client's letter of Monday 9:00, taken in from the server: `mark` due at 10:00, `reply` on Tuesday at 17:00."""
    settings.MAILBOX_URLS = {"": dovecot.url}
    dovecot.append(mail(), NINE)
    inbound.check_inbox(desk, at=NINE + MINUTE)
    return Ticket.objects.get()


@pytest.fixture
def write(dovecot, desk):
    """Return a function that puts a mail into Sent at an instant and has the mailbox checked a minute later."""

    def write(at=NINE + 30 * MINUTE, raw: bytes | None = None, *, checked=None, **changes):
        dovecot.append(raw or by_hand(**changes), at, folder="Sent")
        inbound.check_inbox(desk, at=checked or at + MINUTE)
        return Message.objects.filter(is_by_hand=True).order_by("-pk").first()

    return write


def sent_row() -> ReceivedMail:
    return ReceivedMail.objects.get(box="sent")


class TestReply:
    """E-II.3: what the office wrote from the desk's address is a reply, and meets deadlines like any other."""

    def test_it_is_an_outgoing_message_without_an_author_dated_when_it_was_sent(self, ticket, write):
        reply = write()
        assert (reply.ticket, reply.kind, reply.author, reply.at) == (ticket, "outgoing", None, NINE + 30 * MINUTE)
        assert (reply.text.strip(), reply.to) == ("Labdien! Pārbaudiet 4. sadaļu.", ["peteris@krumins.example"])
        assert (sent_row().state, sent_row().message, reply.delivery.state) == ("linked", reply, "sent")

    def test_it_meets_the_deadlines_and_completes_the_ticket(self, ticket, write):
        reply = write()
        message = ticket.messages.get(kind="incoming")
        assert [(one.kind, one.state, one.met_at, one.breached_at) for one in message.deadlines.order_by("kind")] == [
            ("mark", "met", reply.at, None),
            ("reply", "met", reply.at, None),
        ]
        assert (fresh(ticket).state, fresh(message).mark) == ("complete", "complete")
        assert events(ticket, "reply.by_hand")[0].by is None

    def test_the_mark_is_written_to_the_client_s_letter(self, ticket, write, dovecot):
        from contact.email.marks import write_marks

        write()
        write_marks()
        assert "$EmusComplete" in dovecot.flags("<first@krumins.example>")

    def test_written_a_second_too_late_the_breach_is_recorded_at_its_due_time(self, ticket, write):
        due = deadline(ticket.messages.get(), "reply").due_at
        write(due + SECOND)
        late = Deadline.objects.get(kind="reply")
        assert (late.state, late.met_at, late.breached_at) == ("met", due + SECOND, due)

    def test_written_in_time_and_fetched_late_it_is_no_breach_and_that_stays_to_be_seen(self, ticket, write):
        due = deadline(ticket.messages.get(), "reply").due_at
        claim_due(at=due + 5 * MINUTE)
        write(due, checked=due + HOUR)
        met = Deadline.objects.get(kind="reply")
        assert (met.state, met.met_at, met.breached_at) == ("met", due, None)
        withdrawn = met.withdrawn_breaches.get()
        assert (withdrawn.breached_at, withdrawn.reason, withdrawn.by) == (due, "answered_in_mailbox", None)

    def test_a_server_whose_clock_runs_ahead_sends_nothing_in_the_future(self, ticket, write):
        assert write(NINE + HOUR, checked=NINE + 2 * MINUTE).at == NINE + 2 * MINUTE

    def test_what_the_client_wrote_after_it_is_still_owed(self, ticket, write, dovecot, desk):
        dovecot.append(mail(message_id="<second@krumins.example>", In_Reply_To="<first@krumins.example>"), TEN)
        inbound.check_inbox(desk, at=TEN)
        write(NINE + 30 * MINUTE, checked=TEN + MINUTE)
        assert [
            deadline(Message.objects.get(message_id=one), "reply").state
            for one in ("<first@krumins.example>", "<second@krumins.example>")
        ] == ["met", "running"]
        assert fresh(ticket).state == "incomplete"

    @pytest.mark.parametrize("field", ["to", "Cc"])
    def test_sent_to_the_client_in_copy_it_is_an_answer_too(self, ticket, write, field):
        people = {"to": "anna@ozola.example", "Cc": "Peteris@Krumins.example"} if field == "Cc" else {}
        assert (write(**people).is_substantive, fresh(ticket).state) == (True, "complete")

    def test_forwarded_to_a_colleague_it_is_handling_and_answers_nothing(self, ticket, write):
        reply = write(to="santa@office.example", subject="FW: Pārskatā nesakrīt kopsumma")
        message = ticket.messages.get(kind="incoming")
        assert (reply.ticket, reply.is_substantive) == (ticket, False)
        assert (deadline(message, "mark").state, deadline(message, "mark").met_at) == ("met", reply.at)
        assert (deadline(message, "reply").state, fresh(message).mark, fresh(ticket).state) == (
            "running",
            "incomplete",
            "incomplete",
        )

    def test_forwarded_while_the_client_is_waited_for_the_wait_goes_on(self, ticket, write, ilze):
        pause_ticket(ticket, NINE.date() + timedelta(days=7), by=ilze, at=NINE + 5 * MINUTE)
        write(to="santa@office.example")
        assert (fresh(ticket).state, Deadline.objects.get(kind="reply").state) == ("waiting", "paused")

    def test_a_pause_ends_with_it(self, ticket, write, ilze):
        pause_ticket(ticket, NINE.date() + timedelta(days=7), by=ilze, at=NINE + 5 * MINUTE)
        write()
        assert (fresh(ticket).state, Deadline.objects.get(kind="reply").state) == ("complete", "met")

    def test_on_junk_it_is_kept_and_changes_nothing(self, ticket, write, ilze):
        junk_ticket(ticket, by=ilze, at=NINE + 5 * MINUTE)
        assert (write().ticket, fresh(ticket).state) == (ticket, "junk")

    def test_by_the_number_in_the_subject_if_a_recipient_is_on_that_ticket(self, ticket, write):
        reply = write(subject=f"Atbilde {ticket.number}", In_Reply_To="<unknown@x.example>")
        assert reply.ticket == ticket

    def test_by_the_number_alone_it_belongs_to_no_ticket(self, ticket, write):
        facts = {"subject": f"Par {ticket.number}", "In_Reply_To": "<unknown@x.example>", "to": "anna@ozola.example"}
        assert write(**facts) is None
        assert (sent_row().state, fresh(ticket).state) == ("sent", "unprocessed")

    def test_attachments_come_along(self, ticket, write):
        raw = by_hand().replace(
            b'Content-Type: text/plain; charset="utf-8"', b'Content-Type: multipart/mixed; boundary="x"'
        )
        head, _, _body = raw.partition(b"\n\n")
        files = b"--x\n\nLabdien!\n--x\nContent-Type: application/pdf; name=a.pdf\n\n%PDF\n--x--\n"
        head = b"\n".join(line for line in head.split(b"\n") if b"Transfer-Encoding" not in line)
        assert [one.name for one in write(raw=head + b"\n\n" + files).attachments.all()] == ["a.pdf"]


class TestOnce:
    """E-II.3: nothing that left from here is taken in as written by hand, and nothing twice."""

    @pytest.fixture
    def answered(self, ticket, ilze, desk):
        """Our own reply, sent and filed in Sent."""
        reply = reply_to_client(ticket, Reply("Labdien!", "a" * 32), by=ilze, at=NINE + MINUTE)
        outbound.deliver(reply.pk, at=NINE + MINUTE)
        return reply

    def test_our_own_copy_is_a_copy(self, answered, dovecot, desk):
        inbound.check_inbox(desk, at=NINE + 2 * MINUTE)
        assert (len(dovecot.messages("Sent")), sent_row().state, Message.objects.count()) == (1, "copy", 2)

    def test_also_where_the_server_gave_it_another_message_id(self, answered, dovecot, write):
        raw = dovecot.messages("Sent")[0].raw.replace(
            f"Message-ID: {answered.message_id}".encode(), b"Message-ID: <server-made@mx.example>"
        )
        assert b"server-made" in raw
        assert write(NINE + 5 * MINUTE, raw=raw) is None
        assert sorted(ReceivedMail.objects.filter(box="sent").values_list("state", flat=True)) == ["copy", "copy"]

    def test_checked_again_it_is_not_taken_in_again(self, ticket, write, desk):
        write()
        for minute in range(3):
            inbound.check_inbox(desk, at=TEN + minute * MINUTE)
        assert (Message.objects.filter(is_by_hand=True).count(), ReceivedMail.objects.count()) == (1, 2)

    def test_saved_by_the_program_and_by_the_server_it_is_one(self, ticket, write):
        write()
        write(NINE + 40 * MINUTE, raw=b"Received: by mx\r\n" + by_hand())
        assert Message.objects.filter(is_by_hand=True).count() == 1
        assert sorted(ReceivedMail.objects.filter(box="sent").values_list("state", flat=True)) == [
            "duplicate",
            "linked",
        ]

    def test_a_sent_folder_that_was_made_anew_doubles_nothing(self, ticket, write, dovecot, desk):
        write()
        before = MailboxCursor.objects.get(folder="Sent").uidvalidity
        wait_for_the_next_second()
        with dovecot.client() as client:
            client.delete_folder("Sent")
        dovecot.append(by_hand(), NINE + 30 * MINUTE, folder="Sent")
        inbound.check_inbox(desk, at=TEN)
        assert MailboxCursor.objects.get(folder="Sent").uidvalidity != before
        assert (Message.objects.filter(is_by_hand=True).count(), ReceivedMail.objects.count()) == (1, 2)

    def test_the_copy_that_comes_back_to_the_desk_is_no_unprocessed_mail(self, ticket, write, dovecot):
        dovecot.append(b"Received: by mx\r\n" + by_hand(Cc="emus@desk.example"), NINE + 20 * MINUTE)
        write(Cc="emus@desk.example")
        assert not ReceivedMail.objects.filter(state="unprocessed").exists()
        assert Message.objects.count() == 2

    def test_while_our_own_reply_is_on_its_way_both_are_kept_and_the_deadline_is_met_once(self, ticket, write, ilze):
        ours = reply_to_client(ticket, Reply("Labdien!", "a" * 32), by=ilze, at=NINE + 35 * MINUTE)
        theirs = write(NINE + 30 * MINUTE, checked=NINE + 36 * MINUTE)
        outbound.deliver(ours.pk, at=NINE + 37 * MINUTE)
        met = Deadline.objects.get(kind="reply")
        assert (met.state, met.answer, met.met_at) == ("met", theirs, theirs.at)
        assert (ours.delivery.__class__.objects.get(message=ours).state, fresh(ticket).state) == ("sent", "complete")


class TestOnNoTicket:
    """E-II.1a: what the office wrote to somebody of its own accord is kept, and its answer shows it."""

    ANNA = {"to": "anna@ozola.example", "subject": "Par jūsu lietu", "In_Reply_To": "<none@x.example>"}

    def test_it_is_kept_as_sent_and_makes_no_ticket(self, ticket, write):
        assert write(**self.ANNA) is None
        assert (sent_row().state, sent_row().recipients, Ticket.objects.count()) == ("sent", "anna@ozola.example", 1)

    def test_answered_its_ticket_shows_it_and_the_answer_is_owed_a_reply(self, ticket, write, dovecot, desk):
        write(**self.ANNA)
        answer = {"sender": "anna@ozola.example", "message_id": "<a@ozola.example>"}
        dovecot.append(mail(**answer, In_Reply_To="<outlook-1@desk.example>"), TEN)
        inbound.check_inbox(desk, at=TEN + MINUTE)
        opened = Message.objects.get(message_id="<a@ozola.example>").ticket
        assert [(one.kind, one.is_by_hand) for one in opened.messages.all()] == [
            ("outgoing", True),
            ("incoming", False),
        ]
        assert (opened.state, Deadline.objects.get(ticket=opened, kind="reply").state) == ("unprocessed", "running")
        assert (sent_row().state, sent_row().message.ticket) == ("linked", opened)

    def test_from_another_address_than_the_desk_s_it_is_no_reply_of_the_desk(self, ticket, write):
        assert write(sender="ilze@personal.example") is None
        assert (sent_row().state, fresh(ticket).state) == ("sent", "unprocessed")

    def test_an_automatic_answer_answers_nobody(self, ticket, write):
        assert write(Auto_Submitted="auto-replied") is None
        assert fresh(ticket).state == "unprocessed"

    def test_from_before_the_desk_s_start_it_is_left_where_it_is(self, ticket, write):
        assert write(OPENED - timedelta(days=2), checked=TEN) is None
        assert ReceivedMail.objects.filter(box="sent").count() == 0

    def test_a_mailbox_without_a_sent_folder_is_no_fault(self, ticket, desk):
        assert inbound.check_inbox(desk, at=TEN).error == ""


class TestAfterwards:
    """E-II.3: a person says that it was no answer; a bounce owes it again; who writes here sees it first."""

    def test_it_was_no_answer_so_the_reply_is_owed_again(self, ticket, write, ilze):
        reply = write()
        note_no_answer(reply, by=ilze, at=TEN)
        note_no_answer(fresh(reply), by=ilze, at=TEN)
        owed = Deadline.objects.get(kind="reply")
        assert (owed.state, owed.breached_at, fresh(ticket).state) == ("running", None, "incomplete")
        assert [event.by for event in events(ticket, "reply.no_answer")] == [ilze]

    def test_after_the_due_time_the_breach_is_dated_at_it(self, ticket, write, ilze):
        due = deadline(ticket.messages.get(), "reply").due_at
        note_no_answer(write(), by=ilze, at=due + HOUR)
        assert Deadline.objects.get(kind="reply").breached_at == due

    def test_of_a_reply_that_was_written_here_that_cannot_be_said(self, ticket, ilze):
        reply = reply_to_client(ticket, Reply("Labdien!", "a" * 32), by=ilze, at=NINE + MINUTE)
        with pytest.raises(NotWaiting):
            note_no_answer(reply, by=ilze, at=TEN)

    def test_come_back_undelivered_it_is_owed_again_and_the_administrator_is_told(self, ticket, write, dovecot, desk):
        reply = write()
        dovecot.append(report(reply.message_id), TEN)
        inbound.check_inbox(desk, at=TEN + MINUTE)
        assert (Deadline.objects.get(kind="reply").state, fresh(ticket).state) == ("running", "incomplete")
        assert [alert.trigger for alert in Alert.objects.all()] == ["reply_bounced"]

    def test_it_is_not_sent_again_from_here(self, ticket, write, ilze, dovecot, desk):
        reply = write()
        dovecot.append(report(reply.message_id), TEN)
        inbound.check_inbox(desk, at=TEN + MINUTE)
        with pytest.raises(NotWaiting):
            send_again(reply, by=ilze, at=TEN + HOUR)

    def test_who_was_writing_meanwhile_is_told_before_sending_a_second_answer(self, ticket, write, ilze):
        seen = ticket.messages.get().pk
        theirs = write()
        with pytest.raises(AnsweredByHand):
            reply_to_client(ticket, Reply("Labdien!", "a" * 32, seen=seen), by=ilze, at=TEN)
        sent = reply_to_client(ticket, Reply("Labdien!", "a" * 32, seen=theirs.pk), by=ilze, at=TEN)
        assert sent.kind == "outgoing"

    def test_the_database_itself_keeps_an_author_off_it(self, ticket, write, cast):
        from django.db import IntegrityError, transaction

        reply = write()
        for wrong in ({"author": cast.ilze}, {"is_by_hand": False}):
            with pytest.raises(IntegrityError), transaction.atomic():
                Message.objects.filter(pk=reply.pk).update(**wrong)


class TestPage:
    """E-II.3: the ticket shows what was written in the mailbox, and that a person may say it was no answer."""

    def test_it_stands_in_the_conversation_without_a_name(self, ticket, write, browse):
        write(NINE + 20 * MINUTE)
        page = browse().get(f"/tickets/{ticket.number}/").content.decode()
        assert "Pārbaudiet 4. sadaļu." in page
        assert "None" not in page

    def test_a_click_says_that_it_was_no_answer(self, ticket, write, browse):
        reply = write(NINE + 20 * MINUTE)
        answer = browse().post(f"/tickets/{ticket.number}/messages/{reply.pk}/non-answer/")
        assert (answer.url, fresh(ticket).state) == (f"/tickets/{ticket.number}/", "incomplete")

    def test_who_wrote_meanwhile_gets_the_text_back_with_the_reason(self, ticket, write, browse, cast):
        seen = ticket.messages.get().pk
        write(NINE + 20 * MINUTE)
        form = {"text": "Mana atbilde", "key": "0" * 32, "seen": seen, "is_substantive": "on"}
        answer = browse().post(f"/tickets/{ticket.number}/replies/", form)
        assert (answer.status_code, "Mana atbilde" in answer.content.decode()) == (422, True)
        form["seen"] = answer.context["last_seen"].pk
        assert browse().post(f"/tickets/{ticket.number}/replies/", form).status_code == 302

    def test_everybody_a_letter_went_to_is_shown(self, cast, mail_in, browse):
        people = "emus@desk.example, otrs@krumins.example, Anna <anna@ozola.example>"
        mail_in(mail(to=people, Cc="cits@krumins.example"), NINE)
        page = browse().get(f"/tickets/{Ticket.objects.get().number}/").content.decode()
        assert "otrs@krumins.example, anna@ozola.example, cits@krumins.example" in page

"""An answer to the client: queued, signed, threaded, from the desk's address; and what it does to the promises."""

import pytest

from contact.email import outbound
from directory.models import Employee
from directory.signature import ProfileIncomplete
from tests.support.facts import HOUR, MINUTE, SECOND, deadline, events, fresh, last_event
from tests.support.office import riga
from tickets import files
from tickets.actions.receiving import File
from tickets.actions.replying import NobodyToAnswer, TextMissing
from tickets.actions.working import take_ticket
from tickets.models import Delivery, Message

pytestmark = pytest.mark.django_db

REPLY_DUE = riga("2025-11-11 17:00")


class TestQueueing:
    """E-I.6, E-II.3: an answer is kept before it is sent, from the desk's address, with the sender's signature."""

    def test_it_waits_to_be_sent_at_once(self, ticket, answer, nine):
        reply = answer(ticket)
        assert (reply.kind, reply.at, reply.delivery.state, reply.delivery.try_at) == ("outgoing", nine, "queued", nine)

    def test_the_worker_is_nudged_after_the_commit(self, ticket, answer, nudges, django_capture_on_commit_callbacks):
        with django_capture_on_commit_callbacks(execute=True):
            reply = answer(ticket)
        assert ("contact.email.deliver", (reply.pk,)) in nudges

    def test_it_goes_from_the_desk_to_the_client(self, ticket, answer, desk, ilze):
        reply = answer(ticket)
        assert (reply.sender_name, reply.sender_address, reply.to, reply.author) == (
            "EMUS atbalsts",
            "emus@desk.example",
            ["peteris@krumins.example"],
            ilze.employee,
        )

    def test_it_goes_to_who_wrote_last(self, ticket, receive, answer, nine):
        receive(nine + MINUTE, ticket=ticket, sender_address="anna@krumins.example", message_id="<anna@x.example>")
        reply = answer(ticket, nine + HOUR)
        assert (reply.to, reply.in_reply_to) == (["anna@krumins.example"], "<anna@x.example>")

    def test_it_ends_with_name_surname_position_and_contact(self, ticket, answer):
        assert answer(ticket).text == (
            "Labdien! Pārbaudiet 4. sadaļu.\n\n"
            "Ar cieņu\nIlze Kalnciema, IS administratore\n"
            "Maksātnespējas kontroles dienests, tālr. +371 2000 0001, emus@desk.example\n"
        )

    def test_it_answers_the_letter_within_its_thread(self, cast, receive, answer, nine):
        letter = receive(nine, references=("<root@a.example>", "<mid@a.example>"))
        reply = answer(letter.ticket)
        assert reply.in_reply_to == "<first@krumins.example>"
        assert reply.references == ["<root@a.example>", "<mid@a.example>", "<first@krumins.example>"]

    def test_a_letter_without_an_id_is_answered_all_the_same(self, cast, receive, answer, nine):
        reply = answer(receive(nine, message_id="").ticket)
        assert (reply.in_reply_to, reply.references) == ("", [])

    @pytest.mark.parametrize(
        ("subject", "answered"),
        [
            ("Pārskats", "Re: Pārskats [EMUS-2025-00001]"),
            ("Re: Pārskats", "Re: Pārskats [EMUS-2025-00001]"),
            ("RE: At: Re: Pārskats", "Re: Pārskats [EMUS-2025-00001]"),
            ("Re: Pārskats [EMUS-2025-00001]", "Re: Pārskats [EMUS-2025-00001]"),
            ("Reģistrs", "Re: Reģistrs [EMUS-2025-00001]"),
        ],
    )
    def test_the_subject_has_one_re_and_the_number_once(self, cast, receive, answer, nine, subject, answered):
        assert answer(receive(nine, subject=subject).ticket).subject == answered

    def test_the_longest_subject_still_takes_the_number(self, cast, receive, answer, nine):
        subject = answer(receive(nine, subject="x" * 998).ticket).subject
        assert subject.endswith(" [EMUS-2025-00001]")
        assert len(subject) <= 998

    def test_its_message_id_is_there_before_the_first_attempt(self, ticket, answer):
        assert answer(ticket, key="b" * 32).message_id == f"<emus-2025-00001.{'b' * 32}@desk.example>"

    def test_files_are_kept_with_it(self, ticket, answer):
        reply = answer(ticket, files=(File("a.pdf", "application/pdf", b"%PDF"),))
        (kept,) = reply.attachments.all()
        assert (kept.name, files.path_of(kept.sha256).read_bytes()) == ("a.pdf", b"%PDF")

    def test_it_is_recorded_by_who_wrote_it(self, ticket, answer, ilze, nine):
        reply = answer(ticket)
        event = last_event(ticket, "reply.queued")
        assert (event.by, event.at, event.target_id) == (ilze, nine, reply.pk)
        assert event.data == {"message_id": reply.message_id, "is_substantive": True}


class TestWhatAReplyDoes:
    """E-II.3, E-II.5: a reply handles the ticket; the deadline waits until the mail server has taken it."""

    def test_the_ticket_is_the_sender_s_and_in_hand(self, ticket, message, answer, ilze, nine):
        answer(ticket)
        assert (fresh(ticket).owner, fresh(ticket).state, fresh(message).mark) == (
            ilze.employee,
            "incomplete",
            "incomplete",
        )
        assert deadline(message, "mark").met_at == nine

    def test_a_ticket_in_other_hands_stays_there(self, ticket, answer, desk, nine):
        from tests.support.office import make_employee

        dace = make_employee("Dace Otra", "administrator", desk=desk)
        take_ticket(ticket, by=dace.user, at=nine)
        answer(ticket, nine + MINUTE)
        assert fresh(ticket).owner == dace

    def test_a_substantive_one_puts_the_reply_into_answering(self, ticket, message, answer, nine):
        reply = answer(ticket)
        owed = deadline(message, "reply")
        assert (owed.state, owed.answering_at, owed.answer) == ("answering", nine, reply)

    def test_one_reply_answers_all_that_were_received_before_it(self, ticket, receive, answer, nine):
        receive(nine + HOUR, ticket=ticket)
        answer(ticket, nine + 2 * HOUR)
        assert {one.state for one in ticket.deadlines.filter(kind="reply")} == {"answering"}

    def test_one_that_is_not_substantive_leaves_the_reply_running(self, ticket, message, answer, nine):
        answer(ticket, is_substantive=False, sent=True)
        assert deadline(message, "reply").state == "running"
        assert (fresh(ticket).state, fresh(message).mark) == ("incomplete", "incomplete")

    def test_a_second_too_late_it_is_broken_at_due(self, ticket, message, answer):
        answer(ticket, REPLY_DUE + SECOND)
        assert deadline(message, "reply").breached_at == REPLY_DUE

    def test_at_due_it_is_in_time(self, ticket, message, answer):
        answer(ticket, REPLY_DUE)
        assert deadline(message, "reply").breached_at is None

    def test_on_a_completed_ticket_it_goes_out_and_nothing_is_owed(self, ticket, answer, nine):
        answer(ticket, sent=True)
        answer(ticket, nine + HOUR, key="b" * 32, sent=True)
        assert (fresh(ticket).state, Delivery.objects.filter(state="sent").count()) == ("complete", 2)


class TestTwice:
    """E-II.3: the same form sent twice is one mail."""

    def test_the_same_key_is_the_same_message(self, ticket, answer, nine):
        first, second = answer(ticket), answer(ticket, nine + SECOND)
        assert first == second
        assert Message.objects.filter(kind="outgoing").count() == Delivery.objects.count() == 1
        assert len(events(ticket, "reply.queued")) == 1

    def test_another_key_is_another_message(self, ticket, answer):
        assert answer(ticket) != answer(ticket, key="b" * 32)

    def test_the_second_time_it_is_not_refused_for_what_the_first_time_did(self, ticket, message, answer, nine):
        first = answer(ticket, sent=True)
        assert answer(ticket, nine + HOUR) == first


class TestRefusals:
    """E-I.6: what may not leave does not, and nothing has changed."""

    def nothing_changed(self, ticket, message):
        assert Message.objects.filter(kind="outgoing").count() == Delivery.objects.count() == 0
        assert (fresh(ticket).state, fresh(ticket).owner, fresh(message).mark) == ("unprocessed", None, "none")
        assert {one.state for one in ticket.deadlines.all()} == {"running"}
        assert events(ticket, "reply.queued") == []

    @pytest.mark.parametrize("field", ["first_name", "last_name", "position", "phone"])
    def test_an_incomplete_profile_cannot_send_and_is_told_what_is_missing(self, ticket, message, answer, ilze, field):
        Employee.objects.filter(pk=ilze.employee.pk).update(**{field: "  "})
        ilze.refresh_from_db()
        with pytest.raises(ProfileIncomplete) as refused:
            answer(ticket)
        assert refused.value.code == "profile_incomplete"
        assert refused.value.data["missing"]
        self.nothing_changed(ticket, message)

    @pytest.mark.parametrize("text", ["", " \n "])
    def test_an_empty_text_is_refused(self, ticket, message, answer, text):
        with pytest.raises(TextMissing):
            answer(ticket, text=text)
        self.nothing_changed(ticket, message)

    def test_without_a_letter_there_is_nobody_to_answer(self, ticket, message, answer):
        Message.objects.filter(pk=message.pk).update(kind="automatic")
        with pytest.raises(NobodyToAnswer):
            answer(ticket)
        assert Delivery.objects.count() == 0


class TestClientWroteMeanwhile:
    """E-II.3: what the client wrote after the answer was queued has not been answered by it."""

    def test_it_stays_open_with_its_own_deadlines(self, ticket, message, receive, answer, nine):
        reply = answer(ticket)
        second = receive(nine + MINUTE, ticket=ticket)
        outbound.deliver(reply.pk, at=nine + 2 * MINUTE)
        assert (fresh(message).mark, deadline(message, "reply").state) == ("complete", "met")
        assert (fresh(second).mark, deadline(second, "reply").state) == ("none", "running")
        assert fresh(ticket).state == "incomplete"

    def test_one_received_before_but_taken_in_after_stays_open_too(self, ticket, receive, answer, nine):
        reply = answer(ticket, nine + HOUR)
        second = receive(nine + MINUTE, ticket=ticket, fetched=nine + HOUR + MINUTE)
        outbound.deliver(reply.pk, at=nine + 2 * HOUR)
        assert deadline(second, "reply").state == "running"

"""A ticket goes to the colleague who knows, and the client is told so, in one act."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from contact.email import outbound
from escalation.models import Notice
from sla.models import Deadline, Kind, Policy
from sla.queries import calendar_of
from sla.terms import shipped_promise
from tests.support.facts import HOUR, MINUTE, SECOND, deadline, events, fresh, last_event
from tests.support.office import RIGA, make_employee, riga
from tickets.actions import delivering
from tickets.actions.forwarding import (
    DraftWaits,
    NotCompetent,
    NoticeMissing,
    TimeNotNamed,
    forward_ticket,
)
from tickets.actions.promising import PromiseInThePast
from tickets.actions.recalling import recall_reply
from tickets.actions.replying import NotSeenYet
from tickets.actions.working import OlderWaiting, complete_ticket
from tickets.interim import interim_notice, names_time
from tickets.models import Draft, Message
from tickets.transitions import NotAllowedInState

pytestmark = pytest.mark.django_db

DRAFT_DUE = riga("2025-11-13 17:00")
PROMISED = riga("2025-11-14 17:00")


def one(ticket, kind):
    return Deadline.objects.get(ticket=ticket, kind=kind, state__in=Deadline.OPEN)


class TestForwarding:
    """E-II.4a, E-II.4b: the message goes to a colleague, and the client learns it in writing, both or neither."""

    def test_the_colleague_has_a_draft_to_write(self, ticket, forward, cast, nine):
        forward(ticket)
        (draft,) = ticket.drafts.all()
        assert (draft.author, draft.version, draft.state, draft.asked_by, draft.asked_at) == (
            cast.santa,
            1,
            "writing",
            cast.ilze,
            nine,
        )
        assert (fresh(ticket).expert, fresh(ticket).state, fresh(ticket).owner) == (cast.santa, "incomplete", cast.ilze)

    def test_the_client_is_mailed_in_the_thread(self, ticket, forward, outgoing):
        forward(ticket, sent=True)
        (mail,) = outgoing()
        assert mail["In-Reply-To"] == "<first@krumins.example>"
        text = mail.get_body(("plain",)).get_content()
        assert "Jūsu ziņojumu saņēmām 10. novembrī plkst. 9.00." in text
        assert "Atbildi nosūtīsim līdz 14. novembrim plkst. 17.00." in text
        assert "Ar cieņu\nIlze Kalnciema" in text

    def test_the_draft_runs_three_business_days_from_the_forwarding(self, ticket, forward, cast):
        forward(ticket, riga("2025-11-10 16:59"))
        due = one(ticket, Kind.DRAFT)
        assert (due.due_at, due.expert, due.owner, due.message) == (DRAFT_DUE, cast.santa, cast.ilze, None)

    def test_or_from_the_receipt_if_the_office_chose_so(self, receive, forward, desk):
        Policy.objects.filter(desk=desk, kind=Kind.DRAFT).update(runs_from="receipt")
        ticket = receive(riga("2025-11-06 12:00")).ticket
        forward(ticket, riga("2025-11-07 12:00"))
        # Saturday, 8 November, is a working day: it stands in for Monday, the 17th.
        assert one(ticket, Kind.DRAFT).due_at == riga("2025-11-10 17:00")

    def test_what_the_client_was_told_is_a_deadline(self, ticket, forward, nine):
        forward(ticket)
        promised = one(ticket, Kind.PROMISED)
        assert (promised.due_at, promised.started_at) == (PROMISED, nine)

    def test_the_colleague_is_told_and_nobody_else(self, ticket, forward, cast):
        forward(ticket)
        assert [(one.recipient, one.alert.trigger) for one in Notice.objects.all()] == [(cast.santa, "forwarded")]

    def test_it_is_recorded_who_gave_it_to_whom(self, ticket, forward, ilze, cast, nine):
        forward(ticket)
        event = last_event(ticket, "ticket.forwarded")
        assert (event.by, event.at, event.data["expert"]) == (ilze, nine, [None, cast.santa.pk])

    def test_twice_it_is_one_letter_and_one_draft(self, ticket, forward, nine):
        forward(ticket)
        forward(ticket, nine + SECOND)
        assert (Message.objects.filter(is_interim=True).count(), ticket.drafts.count()) == (1, 1)
        assert len(events(ticket, "ticket.forwarded")) == 1

    def test_to_whom_it_is_already_it_is_a_no_op(self, ticket, forward, nine):
        forward(ticket, sent=True)
        forward(ticket, nine + HOUR, key="e" * 32)
        assert Message.objects.filter(is_interim=True).count() == 1

    def test_a_pause_ends_with_it(self, ticket, forward, ilze, nine):
        from datetime import date

        from tickets.actions.pausing import pause_ticket

        pause_ticket(ticket, date(2025, 11, 20), by=ilze, at=nine)
        forward(ticket, nine + HOUR)
        assert fresh(ticket).state == "incomplete"
        assert not Deadline.objects.filter(ticket=ticket, state="paused").exists()


class TestReplyMet:
    """E-II.4a: within one business day the client is told in writing; the notice meets `reply`, not the promise."""

    def test_it_waits_until_the_mail_server_took_it(self, ticket, message, forward):
        forward(ticket)
        assert deadline(message, "reply").state == "answering"

    def test_it_is_met_at_the_instant_of_forwarding(self, ticket, message, forward, nine):
        forward(ticket, nine + HOUR, sent=True)
        met = deadline(message, "reply")
        assert (met.state, met.met_at, met.breached_at) == ("met", nine + HOUR, None)

    def test_the_answer_itself_is_still_owed(self, ticket, message, forward):
        forward(ticket, sent=True)
        assert (fresh(ticket).state, fresh(message).mark) == ("incomplete", "incomplete")
        assert {one(ticket, kind).state for kind in (Kind.DRAFT, Kind.PROMISED)} == {"running"}

    def test_a_second_too_late_it_is_broken_at_due(self, ticket, message, forward):
        due = riga("2025-11-11 17:00")
        forward(ticket, due + SECOND, sent=True)
        assert (deadline(message, "reply").state, deadline(message, "reply").breached_at) == ("met", due)

    def test_refused_it_is_owed_again(self, ticket, message, forward, nine):
        forward(ticket)
        delivering.refuse(ticket.messages.get(is_interim=True), "550", at=nine + MINUTE)
        assert deadline(message, "reply").state == "running"

    def test_come_back_it_is_owed_again_and_met_when_sent_once_more(self, ticket, message, forward, ilze, nine):
        forward(ticket, sent=True)
        notice = ticket.messages.get(is_interim=True)
        delivering.bounce(notice, "550", at=nine + HOUR)
        assert (deadline(message, "reply").state, deadline(message, "reply").met_at) == ("running", None)
        delivering.send_again(notice, by=ilze, at=nine + 2 * HOUR)
        assert deadline(message, "reply").state == "answering"
        outbound.deliver(notice.pk, at=nine + 2 * HOUR)
        assert deadline(message, "reply").met_at == nine + 2 * HOUR

    def test_come_back_after_the_answer_it_owes_nothing(self, ticket, message, forward, answer, nine):
        forward(ticket, sent=True)
        answer(ticket, nine + HOUR, sent=True)
        delivering.bounce(ticket.messages.get(is_interim=True), "550", at=nine + 2 * HOUR)
        assert (fresh(ticket).state, deadline(message, "reply").state) == ("complete", "met")

    def test_what_the_client_writes_later_has_its_own_notice(self, ticket, receive, forward, nine):
        forward(ticket, sent=True)
        second = receive(nine + HOUR, ticket=ticket, message_id="<second@krumins.example>")
        forward(ticket, nine + 2 * HOUR, key="e" * 32)
        outbound.deliver(Message.objects.filter(is_interim=True).last().pk, at=nine + 2 * HOUR)
        assert deadline(second, "reply").met_at == nine + 2 * HOUR
        assert (ticket.drafts.count(), Deadline.objects.filter(ticket=ticket, kind="promised").count()) == (1, 1)


class TestHandingOn:
    """E-II.4b: another colleague may get it; the client is told anew only if the promised time changes."""

    @pytest.fixture
    def dace(self, desk):
        return make_employee("Dace Otra", "expert", desk=desk)

    def test_the_due_time_stays_and_the_client_hears_nothing(self, ticket, draft, dace, ilze, nine):
        forward_ticket(ticket, dace, None, by=ilze, at=nine + 5 * HOUR)
        due = one(ticket, Kind.DRAFT)
        assert (due.due_at, due.expert, fresh(draft).state) == (DRAFT_DUE, dace, "handed_on")
        assert ticket.drafts.get(state="writing").author == dace
        assert Message.objects.filter(kind="outgoing").count() == 1

    def test_with_another_time_the_client_is_told(self, ticket, draft, dace, ilze, nine, notice_for):
        later = riga("2025-11-20 17:00")
        forward_ticket(ticket, dace, notice_for(ticket, later, key="e" * 32), by=ilze, at=nine + HOUR)
        assert one(ticket, Kind.PROMISED).due_at == later
        assert Deadline.objects.get(ticket=ticket, cancel_reason="replaced").due_at == PROMISED
        assert one(ticket, Kind.DRAFT).due_at == DRAFT_DUE

    def test_the_first_time_a_notice_is_needed(self, ticket, cast, ilze, nine):
        with pytest.raises(NoticeMissing):
            forward_ticket(ticket, cast.santa, None, by=ilze, at=nine)
        assert not ticket.drafts.exists()

    def test_and_again_if_the_client_has_written_since(self, ticket, draft, receive, dace, ilze, nine):
        receive(nine + HOUR, ticket=ticket, message_id="<second@krumins.example>")
        with pytest.raises(NoticeMissing):
            forward_ticket(ticket, dace, None, by=ilze, at=nine + 2 * HOUR)

    def test_while_a_draft_waits_it_is_sent_or_returned_first(self, ticket, draft, submit, dace, ilze, nine):
        submit(draft)
        with pytest.raises(DraftWaits):
            forward_ticket(ticket, dace, None, by=ilze, at=nine + 5 * HOUR)


class TestRefusals:
    """E-II.4a: a promise is what the client knows; what cannot be promised is not sent."""

    def nothing_changed(self, ticket):
        assert not Draft.objects.exists()
        assert not Message.objects.filter(kind="outgoing").exists()
        assert (fresh(ticket).state, fresh(ticket).expert) == ("unprocessed", None)

    def test_a_notice_that_names_another_time(self, ticket, forward):
        with pytest.raises(TimeNotNamed) as refused:
            forward(ticket, text="Labdien! Atbildēsim līdz 13. novembrim plkst. 17.00.")
        assert refused.value.data == {"time": "14. novembrim plkst. 17.00"}
        self.nothing_changed(ticket)

    @pytest.mark.parametrize("late", [0 * SECOND, -SECOND])
    def test_a_time_that_has_passed(self, ticket, forward, nine, late):
        with pytest.raises(PromiseInThePast):
            forward(ticket, promised_for=nine + late)
        self.nothing_changed(ticket)

    @pytest.mark.parametrize("who", ["raimonds", "otto", "ilze"])
    def test_who_is_no_expert_of_the_desk(self, ticket, forward, cast, who):
        with pytest.raises(NotCompetent):
            forward(ticket, expert=getattr(cast, who))
        self.nothing_changed(ticket)

    def test_who_may_not_sign_in_any_more(self, ticket, forward, cast):
        cast.santa.user.is_active = False
        cast.santa.user.save()
        with pytest.raises(NotCompetent):
            forward(ticket)

    def test_a_complete_ticket(self, ticket, forward, answer, nine):
        answer(ticket, sent=True)
        with pytest.raises(NotAllowedInState):
            forward(ticket, nine + HOUR)

    def test_what_the_client_wrote_since(self, ticket, message, receive, forward, nine):
        receive(nine + MINUTE, ticket=ticket)
        with pytest.raises(NotSeenYet):
            forward(ticket, nine + HOUR, seen=message.pk)

    def test_an_older_message_goes_first(self, receive, forward, nine):
        receive(nine, sender_address="anna@ozola.example", message_id="<other@ozola.example>")
        ticket = receive(nine + MINUTE, message_id="<later@krumins.example>").ticket
        with pytest.raises(OlderWaiting):
            forward(ticket, nine + HOUR)

    def test_the_database_allows_one_open_draft(self, ticket, draft, cast, nine):
        with pytest.raises(IntegrityError), transaction.atomic():
            Draft.objects.create(ticket=ticket, author=cast.santa, version=2, asked_by=cast.ilze, asked_at=nine)


class TestTakenBack:
    """E-II.4a: a notice taken back before it left has told nobody, so nobody is asked."""

    @pytest.fixture(autouse=True)
    def undo(self, settings):
        settings.UNDO_SPAN = timedelta(seconds=15)

    def test_everything_is_as_it_was(self, ticket, message, forward, ilze, nine):
        forward(ticket)
        recall_reply(ticket.messages.get(is_interim=True), by=ilze, at=nine + 5 * SECOND)
        assert (fresh(ticket).state, fresh(ticket).expert, fresh(ticket).owner) == ("unprocessed", None, None)
        assert (deadline(message, "reply").state, deadline(message, "mark").state) == ("running", "running")
        assert not Deadline.objects.filter(ticket=ticket, kind__in=("draft", "promised"), state="running").exists()
        assert ticket.drafts.get().state == "laid_aside"

    def test_it_can_be_forwarded_again(self, ticket, forward, ilze, nine):
        forward(ticket)
        recall_reply(ticket.messages.get(is_interim=True), by=ilze, at=nine + 5 * SECOND)
        forward(ticket, nine + MINUTE, key="e" * 32)
        assert ticket.drafts.get(state="writing").version == 2

    def test_an_earlier_promise_and_colleague_are_back(self, ticket, draft, desk, ilze, nine, notice_for, cast):
        dace = make_employee("Dace Otra", "expert", desk=desk)
        later = notice_for(ticket, riga("2025-11-20 17:00"), key="e" * 32)
        forward_ticket(ticket, dace, later, by=ilze, at=nine + HOUR)
        last = Message.objects.filter(is_interim=True).last()
        recall_reply(last, by=ilze, at=nine + HOUR + SECOND)
        assert (one(ticket, Kind.PROMISED).due_at, one(ticket, Kind.DRAFT).expert) == (PROMISED, cast.santa)
        assert (fresh(draft).state, fresh(ticket).expert) == ("writing", cast.santa)


class TestWithoutTheColleague:
    """E-II.4: what was answered otherwise needs no draft."""

    def test_the_administrator_s_own_answer_lays_it_aside(self, ticket, draft, answer, nine):
        answer(ticket, nine + HOUR, sent=True)
        assert (fresh(ticket).state, fresh(draft).state) == ("complete", "laid_aside")
        assert not Deadline.objects.filter(ticket=ticket, state="running").exists()

    def test_completing_the_ticket_does_too(self, ticket, draft, ilze, nine):
        complete_ticket(ticket, by=ilze, at=nine + HOUR)
        assert fresh(draft).state == "laid_aside"


class TestExpectedTime:
    """E-II.4a: the expected time is the close of business of the day on which the draft has been sent at the latest."""

    @pytest.mark.parametrize(
        ("draft_due", "promised"),
        [
            ("2025-11-13 17:00", "2025-11-14 17:00"),  # an hour after closing is the next morning
            ("2025-11-13 15:59", "2025-11-13 17:00"),
            ("2025-11-13 16:00", "2025-11-13 17:00"),  # at closing it is sent in time
            ("2025-11-14 17:00", "2025-11-19 17:00"),  # a week-end, a moved day and a holiday between
        ],
    )
    def test_by_hand(self, desk, draft_due, promised):
        policy = Policy.objects.get(desk=desk, kind="send_draft")
        assert shipped_promise(riga(draft_due), policy, calendar_of(desk)) == riga(promised)

    def test_the_notice_names_receipt_course_unit_and_time(self):
        text = interim_notice(riga("2025-11-13 11:48"), "Pirmais uzraudzības departaments", PROMISED, RIGA)
        for part in ("13. novembrī plkst. 11.48", "Pirmais uzraudzības departaments", "14. novembrim plkst. 17.00"):
            assert part in text

    def test_a_line_break_or_a_hard_space_in_it_changes_nothing(self):
        assert names_time("līdz 14.\u00a0novembrim\nplkst. 17.00.", PROMISED, RIGA)
        assert not names_time("līdz 14. novembrim plkst. 16.00.", PROMISED, RIGA)

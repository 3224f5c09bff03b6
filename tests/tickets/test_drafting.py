"""A colleague's draft: written, submitted, sent to the client or returned."""

import pytest
from django.db import IntegrityError, transaction

from contact.email import outbound
from escalation.actions import sweep
from escalation.models import Notice
from sla.models import Deadline, Kind
from tests.support.facts import HOUR, MINUTE, SECOND, deadline, events, fresh, last_event
from tests.support.office import make_employee, riga
from tickets.actions import delivering
from tickets.actions.drafting import (
    DraftMoved,
    SavedElsewhere,
    record_consultation,
    refuse_draft,
    return_draft,
    save_draft,
    send_draft,
    submit_draft,
)
from tickets.actions.forwarding import forward_ticket
from tickets.actions.recalling import recall_reply
from tickets.actions.replying import AnsweredMeanwhile, DraftHasCome, NotSeenYet, Reply, TextMissing, reply_to_client
from tickets.actions.working import ReasonMissing
from tickets.models import Draft, Message

pytestmark = pytest.mark.django_db

DRAFT_DUE = riga("2025-11-13 17:00")
WORDS = "Labdien! Pārrēķiniet kopsummas."


def last(ticket, kind):
    return Deadline.objects.filter(ticket=ticket, kind=kind).latest("pk")


@pytest.fixture
def submitted(draft, submit, nine):
    """Return Santa's draft, submitted at 11:00: to be sent until 12:00."""
    return submit(draft, nine + 2 * HOUR)


@pytest.fixture
def send(ilze, nine):
    """Return a function that has Ilze send a draft."""

    def send(draft, at=nine + 2 * HOUR + MINUTE, *, text=WORDS, key="d" * 32, sent=False, **more):
        message = send_draft(draft, Reply(text, key, **more), by=ilze, at=at)
        if sent:
            outbound.deliver(message.pk, at=at + MINUTE)
        return message

    return send


class TestWriting:
    """E-II.4c: a colleague's words are kept as they come."""

    def test_they_are_saved_without_a_word_to_anybody(self, draft, cast, nine):
        before = len(events(draft.ticket))
        assert save_draft(draft, "Lab", 0, by=cast.santa.user, at=nine + MINUTE) == 1
        assert (fresh(draft).text, fresh(draft).saved_at, len(events(draft.ticket))) == ("Lab", nine + MINUTE, before)

    def test_the_same_words_twice_are_saved_once(self, draft, cast, nine):
        save_draft(draft, "Lab", 0, by=cast.santa.user, at=nine)
        assert save_draft(draft, "Lab", 0, by=cast.santa.user, at=nine + SECOND) == 1

    def test_an_older_window_does_not_write_over_a_newer(self, draft, cast, nine):
        save_draft(draft, "Labdien", 0, by=cast.santa.user, at=nine)
        with pytest.raises(SavedElsewhere):
            save_draft(draft, "Lab", 0, by=cast.santa.user, at=nine + SECOND)
        assert fresh(draft).text == "Labdien"

    def test_a_frozen_one_is_not_changed(self, submitted, cast, nine):
        with pytest.raises(DraftMoved):
            save_draft(submitted, "cits", submitted.revision, by=cast.santa.user, at=nine + 3 * HOUR)
        assert fresh(submitted).text == WORDS


class TestSubmitting:
    """E-II.4d, E-II.4e: the draft that has come is ready in time, and is to be sent at once."""

    def test_the_draft_is_met_and_the_sending_runs(self, submitted, nine):
        met, runs = last(submitted.ticket, Kind.DRAFT), last(submitted.ticket, Kind.SEND_DRAFT)
        assert (met.state, met.met_at, met.breached_at) == ("met", nine + 2 * HOUR, None)
        assert (runs.state, runs.started_at, runs.due_at) == ("running", nine + 2 * HOUR, nine + 3 * HOUR)

    def test_the_version_is_frozen(self, submitted, nine):
        assert (submitted.state, submitted.text, submitted.submitted_at) == ("submitted", WORDS, nine + 2 * HOUR)

    @pytest.mark.parametrize(("late", "breached_at"), [(0 * SECOND, None), (SECOND, DRAFT_DUE)])
    def test_at_due_it_is_in_time_and_a_second_later_not(self, draft, submit, late, breached_at):
        submit(draft, DRAFT_DUE + late)
        assert last(draft.ticket, Kind.DRAFT).breached_at == breached_at

    def test_the_administrator_who_has_it_is_told(self, submitted, cast, desk):
        told = Notice.objects.filter(alert__trigger="draft_submitted")
        assert [one.recipient for one in told] == [cast.ilze]

    def test_it_is_recorded_by_its_author(self, submitted, cast, nine):
        event = last_event(submitted.ticket, "draft.submitted")
        assert (event.by, event.at, event.data) == (cast.santa.user, nine + 2 * HOUR, {"version": 1})

    def test_twice_it_is_once(self, submitted, submit, nine):
        submit(submitted, nine + 2 * HOUR + SECOND)
        assert len(events(submitted.ticket, "draft.submitted")) == 1
        with pytest.raises(DraftMoved):
            submit(submitted, nine + 2 * HOUR + SECOND, text="cits")

    def test_an_empty_one_is_refused(self, draft, submit):
        with pytest.raises(TextMissing):
            submit(draft, text=" \n")

    def test_the_client_s_new_message_is_read_first(self, draft, message, receive, submit, nine):
        receive(nine + HOUR, ticket=draft.ticket, message_id="<second@krumins.example>")
        with pytest.raises(NotSeenYet):
            submit(draft, seen=message.pk)
        assert fresh(draft).state == "writing"


class TestSending:
    """E-II.4e: the administrator sends that version or an edited one; who wrote and who sent stay to be seen."""

    def test_everything_that_was_owed_is_met_at_the_right_instants(self, submitted, message, send, nine):
        send(submitted, nine + 2 * HOUR + MINUTE, sent=True)
        met = {one.kind: one.met_at for one in Deadline.objects.filter(ticket=submitted.ticket, state="met")}
        assert met == {
            "mark": nine,
            "reply": nine,
            "draft": nine + 2 * HOUR,
            "send_draft": nine + 2 * HOUR + MINUTE,
            "promised": nine + 2 * HOUR + MINUTE,
        }
        assert not Deadline.objects.filter(ticket=submitted.ticket, breached_at__isnull=False).exists()
        assert (fresh(submitted.ticket).state, fresh(message).mark) == ("complete", "complete")

    def test_the_client_gets_a_second_mail_in_the_same_thread(self, submitted, send, outgoing):
        send(submitted, sent=True)
        assert [mail["In-Reply-To"] for mail in outgoing()] == ["<first@krumins.example>"] * 2

    def test_who_wrote_and_who_sent_are_kept(self, submitted, send, cast):
        sent = send(submitted, text=WORDS + " Ar cieņu")
        kept = fresh(submitted)
        assert (kept.author, kept.closed_by, kept.message, sent.author) == (cast.santa, cast.ilze, sent, cast.ilze)
        assert (kept.text, sent.reply) == (WORDS, WORDS + " Ar cieņu")
        assert last_event(kept.ticket, "draft.sent").data["is_edited"] is True

    def test_as_it_is_it_is_not_called_edited(self, submitted, send):
        send(submitted)
        assert last_event(submitted.ticket, "draft.sent").data["is_edited"] is False

    def test_an_hour_and_a_second_is_too_late(self, submitted, send, nine):
        send(submitted, nine + 3 * HOUR + SECOND)
        assert last(submitted.ticket, Kind.SEND_DRAFT).breached_at == nine + 3 * HOUR

    def test_the_same_form_twice_sends_once(self, submitted, send, nine):
        assert send(submitted) == send(submitted, nine + 3 * HOUR)
        assert Message.objects.filter(is_substantive=True).count() == 1

    def test_a_second_administrator_sends_nothing(self, submitted, send, desk, nine):
        send(submitted)
        dace = make_employee("Dace Otra", "administrator", desk=desk)
        with pytest.raises(DraftMoved):
            send_draft(submitted, Reply("Cits", "e" * 32), by=dace.user, at=nine + 3 * HOUR)
        assert Message.objects.filter(is_substantive=True).count() == 1

    def test_the_client_s_new_message_is_read_first(self, submitted, message, receive, send, nine):
        receive(nine + 2 * HOUR, ticket=submitted.ticket, message_id="<second@krumins.example>")
        with pytest.raises(NotSeenYet):
            send(submitted, seen=message.pk)
        assert fresh(submitted).state == "submitted"

    def test_who_has_not_seen_the_draft_does_not_answer_past_it(self, submitted, ilze, nine):
        notice = submitted.ticket.messages.get(is_interim=True)
        with pytest.raises(DraftHasCome):
            reply_to_client(submitted.ticket, Reply("Savs", "e" * 32, seen=notice.pk), by=ilze, at=nine + 3 * HOUR)

    def test_who_has_not_seen_a_colleague_s_letter_is_warned(self, submitted, message, send, nine):
        # The interim notice came after the client's message: it was not read by who has only seen that.
        with pytest.raises(AnsweredMeanwhile):
            send(submitted, seen=message.pk)

    def test_refused_by_the_mail_server_it_is_owed_again(self, submitted, send, nine):
        delivering.refuse(send(submitted), "550", at=nine + 2 * HOUR + 2 * MINUTE)
        assert {last(submitted.ticket, kind).state for kind in ("send_draft", "promised")} == {"running"}

    def test_taken_back_it_waits_again(self, submitted, send, ilze, nine, settings):
        from datetime import timedelta

        settings.UNDO_SPAN = timedelta(seconds=15)
        recall_reply(send(submitted), by=ilze, at=nine + 2 * HOUR + MINUTE + SECOND)
        assert (fresh(submitted).state, fresh(submitted).message) == ("submitted", None)
        assert last(submitted.ticket, Kind.SEND_DRAFT).state == "running"
        send(fresh(submitted), nine + 3 * HOUR, key="e" * 32, sent=True)
        assert fresh(submitted.ticket).state == "complete"


class TestReturning:
    """E-II.4e: returned with a reason, `send_draft` is cancelled and `draft` runs again to its original due time."""

    @pytest.fixture
    def returned(self, submitted, ilze, nine):
        return return_draft(submitted, "Trūkst trešā soļa.", by=ilze, at=nine + 2 * HOUR + MINUTE)

    def test_the_reason_stays_with_the_version(self, submitted, returned, cast):
        kept = fresh(submitted)
        assert (kept.state, kept.reason, kept.closed_by) == ("returned", "Trūkst trešā soļa.", cast.ilze)
        assert (returned.version, returned.text, returned.author, returned.state) == (2, WORDS, cast.santa, "writing")

    def test_the_deadlines_turn(self, returned):
        sending, draft = last(returned.ticket, Kind.SEND_DRAFT), last(returned.ticket, Kind.DRAFT)
        assert (sending.state, sending.cancel_reason) == ("cancelled", "returned")
        assert (draft.state, draft.due_at, draft.met_at) == ("running", DRAFT_DUE, None)

    def test_its_author_is_told(self, returned, cast):
        assert Notice.objects.get(alert__trigger="draft_returned").recipient == cast.santa

    def test_after_the_due_time_it_is_broken_at_due(self, draft, submit, ilze):
        returned = return_draft(submit(draft, DRAFT_DUE), "vēl", by=ilze, at=DRAFT_DUE + HOUR)
        assert last(returned.ticket, Kind.DRAFT).breached_at == DRAFT_DUE

    def test_its_warnings_come_again(self, returned, cast):
        sweep(at=riga("2025-11-12 17:00"))
        assert Notice.objects.filter(recipient=cast.santa, alert__trigger="warning").exists()

    def test_the_next_version_goes_the_same_way(self, returned, submit, send, nine):
        again = submit(returned, nine + 4 * HOUR, text=WORDS + " 3) iesniedziet.")
        send(again, nine + 4 * HOUR + MINUTE, text=again.text, sent=True)
        assert fresh(returned.ticket).state == "complete"
        assert [one.state for one in Draft.objects.order_by("version")] == ["returned", "sent"]

    def test_without_a_reason_it_is_refused(self, submitted, ilze, nine):
        with pytest.raises(ReasonMissing):
            return_draft(submitted, " ", by=ilze, at=nine + 3 * HOUR)

    def test_one_that_was_sent_is_not_returned(self, submitted, send, ilze, nine):
        send(submitted)
        with pytest.raises(DraftMoved):
            return_draft(submitted, "vēl", by=ilze, at=nine + 3 * HOUR)

    def test_a_stale_window_cannot_submit_the_returned_version(self, submitted, returned, submit, nine):
        with pytest.raises(DraftMoved):
            submit(submitted, nine + 3 * HOUR, text="no vecā loga")


class TestRefusing:
    """E-II.4b: a colleague whose competence it is not says why; the ticket is the administrator's again."""

    @pytest.fixture
    def refused(self, draft, cast, nine):
        refuse_draft(draft, "Tas ir juristu jautājums.", by=cast.santa.user, at=nine + HOUR)
        return fresh(draft)

    def test_the_administrator_is_told_why(self, refused, cast):
        assert (refused.state, refused.reason) == ("refused", "Tas ir juristu jautājums.")
        assert Notice.objects.get(alert__trigger="draft_refused").recipient == cast.ilze

    def test_the_time_runs_on_and_the_administrator_is_warned(self, refused, cast):
        runs = last(refused.ticket, Kind.DRAFT)
        assert (runs.state, runs.due_at, runs.expert, fresh(refused.ticket).expert) == (
            "running",
            DRAFT_DUE,
            None,
            None,
        )

    def test_another_gets_it_without_a_second_notice(self, refused, desk, ilze, nine):
        dace = make_employee("Dace Otra", "expert", desk=desk)
        forward_ticket(refused.ticket, dace, None, by=ilze, at=nine + 2 * HOUR)
        assert (last(refused.ticket, Kind.DRAFT).expert, last(refused.ticket, Kind.DRAFT).due_at) == (dace, DRAFT_DUE)

    def test_a_reason_is_needed(self, draft, cast, nine):
        with pytest.raises(ReasonMissing):
            refuse_draft(draft, "", by=cast.santa.user, at=nine)


class TestConsulting:
    """E-II.4c: consulting the client by phone is a substantive answer; what was said is on record."""

    def test_everything_is_met_at_the_call(self, draft, message, cast, nine):
        seen = draft.ticket.messages.get(is_interim=True).pk
        record_consultation(draft, "Pārrēķināt.", seen=seen, by=cast.santa.user, at=nine + HOUR)
        met = dict(Deadline.objects.filter(ticket=draft.ticket, state="met").values_list("kind", "met_at"))
        assert met == {"mark": nine, "reply": nine, "draft": nine + HOUR, "promised": nine + HOUR}
        assert (fresh(draft.ticket).state, fresh(message).mark, fresh(draft).state) == (
            "complete",
            "complete",
            "consulted",
        )

    def test_it_is_recorded_with_what_was_told(self, draft, cast, nine):
        record_consultation(draft, "Pārrēķināt.", seen=None, by=cast.santa.user, at=nine + HOUR)
        assert last_event(draft.ticket, "draft.client_consulted").data == {"told": "Pārrēķināt."}

    def test_a_notice_that_comes_back_later_owes_nothing(self, draft, message, cast, nine):
        record_consultation(draft, "Pārrēķināt.", seen=None, by=cast.santa.user, at=nine + HOUR)
        delivering.bounce(draft.ticket.messages.get(is_interim=True), "550", at=nine + 2 * HOUR)
        assert (fresh(draft.ticket).state, deadline(message, "reply").state) == ("complete", "met")

    def test_what_the_client_wrote_since_is_read_first(self, draft, message, receive, cast, nine):
        receive(nine + HOUR, ticket=draft.ticket, message_id="<second@krumins.example>")
        with pytest.raises(NotSeenYet):
            record_consultation(draft, "Jā.", seen=message.pk, by=cast.santa.user, at=nine + 2 * HOUR)

    def test_what_was_told_is_needed(self, draft, cast, nine):
        with pytest.raises(ReasonMissing):
            record_consultation(draft, " ", seen=None, by=cast.santa.user, at=nine)


class TestConstraints:
    """E-II.4c: the database itself holds what a draft is."""

    @pytest.mark.parametrize(
        "wrong",
        [
            {"state": "sent"},
            {"state": "submitted"},
            {"state": "laid_aside"},
            {"state": "returned", "closed_at": riga("2025-11-11 09:00")},
            {"closed_at": riga("2025-11-11 09:00")},
        ],
    )
    def test_half_a_state_is_refused(self, draft, wrong):
        with pytest.raises(IntegrityError), transaction.atomic():
            Draft.objects.filter(pk=draft.pk).update(**wrong)

    def test_submit_is_by_its_author(self, draft, cast, nine):
        submit_draft(draft, WORDS, seen=None, by=cast.santa.user, at=nine)
        assert last_event(draft.ticket, "draft.submitted").by == cast.santa.user

"""Deadlines from their start to their end: met, cancelled, breached, each once and dated rightly."""

import pytest
from django.db import IntegrityError, transaction

from audit.models import Event
from sla.actions import (
    cancel_deadlines,
    claim_due,
    claim_untold_breaches,
    claim_warnings,
    hold_for_sending,
    meet_deadlines,
    own_deadlines,
    release_from_sending,
    restore_deadlines,
    start_deadlines,
)
from sla.models import Deadline, Kind, Policy
from tests.support.facts import HOUR, MINUTE, SECOND, deadline, events, fresh, last_event
from tests.support.office import riga

pytestmark = pytest.mark.django_db

MONDAY = riga("2025-11-10 09:00")
MARK_WARNS, MARK_DUE = riga("2025-11-10 09:40"), riga("2025-11-10 10:00")
REPLY_WARNS, REPLY_DUE = riga("2025-11-11 15:00"), riga("2025-11-11 17:00")


@pytest.fixture
def message(receive):
    return receive(MONDAY)


@pytest.fixture
def reply(message):
    return deadline(message, Kind.REPLY)


@pytest.fixture
def mark(message):
    return deadline(message, Kind.MARK)


@pytest.fixture
def answer(message, ilze):
    from tickets.models import Message

    return Message.objects.create(ticket=message.ticket, kind="outgoing", at=MONDAY + HOUR, author=ilze.employee)


def only(one):
    return Deadline.objects.filter(pk=one.pk)


class TestStart:
    """E-II.3, E-II.5: each client's message has its own deadlines, from its receipt."""

    def test_reply_and_mark_run_from_receipt_to_the_desk_s_terms(self, reply, mark):
        assert (reply.state, reply.started_at, reply.due_at, reply.warn_at) == (
            "running",
            MONDAY,
            REPLY_DUE,
            REPLY_WARNS,
        )
        assert (mark.state, mark.started_at, mark.due_at, mark.warn_at) == ("running", MONDAY, MARK_DUE, MARK_WARNS)

    def test_each_names_its_paragraph(self, reply, mark):
        assert (reply.paragraph, mark.paragraph) == ("E II.3", "E II.5")

    def test_starting_again_starts_nothing(self, message, reply, mark):
        started = start_deadlines(message, (Kind.MARK, Kind.REPLY), received_at=MONDAY + HOUR, at=MONDAY + HOUR)
        assert started == []
        assert {one.due_at for one in message.deadlines.all()} == {MARK_DUE, REPLY_DUE}

    def test_only_the_kinds_that_were_asked_for_are_started(self, message, mark):
        only(mark).delete()
        started = start_deadlines(message, (Kind.MARK, Kind.REPLY), received_at=MONDAY, at=MONDAY)
        assert [one.kind for one in started] == ["mark"]

    def test_each_start_is_recorded_with_its_due_time(self, message, reply):
        recorded = {event.target_id: event for event in events(message.ticket, "deadline.started")}
        assert len(recorded) == 2
        assert recorded[reply.pk].data == {"kind": "reply", "due_at": "2025-11-11T15:00:00+00:00"}
        assert recorded[reply.pk].by is None

    def test_the_second_message_has_deadlines_of_its_own(self, message, receive):
        second = receive(MONDAY + 3 * HOUR, ticket=message.ticket, message_id="<second@krumins.example>")
        assert deadline(second, "mark").due_at == MARK_DUE + 3 * HOUR
        assert message.ticket.deadlines.count() == 4

    def test_the_ticket_s_owner_owns_a_new_deadline(self, message, receive, ilze):
        message.ticket.owner = ilze.employee
        message.ticket.save()
        second = receive(MONDAY + HOUR, ticket=message.ticket)
        assert deadline(second, "reply").owner == ilze.employee

    def test_a_desk_without_a_policy_starts_nothing_of_that_kind(self, desk, receive):
        Policy.objects.filter(kind=Kind.MARK).delete()
        assert [one.kind for one in receive(MONDAY).deadlines.all()] == ["reply"]

    def test_one_found_after_its_due_time_gets_no_warning(self, receive):
        late = deadline(receive(MONDAY, fetched=MARK_DUE + SECOND), "mark")
        assert late.warn_at is None

    def test_one_found_at_its_due_time_is_not_late(self, receive):
        assert deadline(receive(MONDAY, fetched=MARK_DUE), "mark").warn_at == MARK_WARNS


class TestMeet:
    """E-II: on time means at or before due; what is met later is breached first, dated at due."""

    @pytest.mark.parametrize("met_at", [MONDAY, REPLY_DUE - SECOND, REPLY_DUE])
    def test_at_or_before_due_is_on_time(self, reply, ilze, met_at):
        (met,) = meet_deadlines(only(reply), met_at=met_at, by=ilze, at=met_at)
        assert (met.state, met.met_at, met.breached_at) == ("met", met_at, None)
        assert fresh(reply).met_at == met_at

    def test_a_second_after_due_is_breached_at_due_then_met(self, message, reply, ilze):
        late = REPLY_DUE + SECOND
        meet_deadlines(only(reply), met_at=late, by=ilze, at=late)
        reply = fresh(reply)
        assert (reply.state, reply.met_at, reply.breached_at) == ("met", late, REPLY_DUE)
        breached, met = events(message.ticket)[-2:]
        assert (breached.verb, breached.at, breached.by) == ("deadline.breached", REPLY_DUE, None)
        assert (met.verb, met.at, met.by) == ("deadline.met", late, ilze)

    def test_the_instant_of_meeting_counts_not_the_instant_of_noting_it(self, reply):
        meet_deadlines(only(reply), met_at=REPLY_DUE, by=None, at=REPLY_DUE + HOUR)
        assert fresh(reply).breached_at is None

    def test_one_that_was_breached_before_keeps_its_breach(self, reply):
        claim_due(at=REPLY_DUE + SECOND)
        meet_deadlines(only(reply), met_at=REPLY_DUE + HOUR, by=None, at=REPLY_DUE + HOUR)
        assert fresh(reply).breached_at == REPLY_DUE
        assert Event.objects.filter(verb="deadline.breached", target_id=reply.pk).count() == 1

    def test_meeting_again_changes_nothing(self, reply):
        meet_deadlines(only(reply), met_at=MONDAY, by=None, at=MONDAY)
        assert meet_deadlines(only(reply), met_at=REPLY_DUE + HOUR, by=None, at=REPLY_DUE + HOUR) == []
        assert fresh(reply).met_at == MONDAY

    def test_nothing_is_met_before_it_started(self, reply):
        meet_deadlines(only(reply), met_at=MONDAY - HOUR, by=None, at=MONDAY)
        assert fresh(reply).met_at == MONDAY


class TestCancel:
    """E-II.3: a promise that is not owed is cancelled with its reason, and a late one was broken first."""

    def test_cancelling_keeps_the_reason_and_who_did_it(self, message, reply, ilze):
        cancel_deadlines(only(reply), "not_needed", by=ilze, at=MONDAY + HOUR)
        reply = fresh(reply)
        assert (reply.state, reply.cancelled_at, reply.cancel_reason) == ("cancelled", MONDAY + HOUR, "not_needed")
        assert reply.breached_at is None
        event = last_event(message.ticket, "deadline.cancelled")
        assert (event.by, event.data["reason"]) == (ilze, "not_needed")

    def test_at_due_it_is_not_late(self, reply, ilze):
        cancel_deadlines(only(reply), "not_needed", by=ilze, at=REPLY_DUE)
        assert fresh(reply).breached_at is None

    def test_a_second_later_it_is_breached_first_and_stays_so(self, reply, ilze):
        cancel_deadlines(only(reply), "not_needed", by=ilze, at=REPLY_DUE + SECOND)
        assert (fresh(reply).state, fresh(reply).breached_at) == ("cancelled", REPLY_DUE)

    def test_what_is_met_is_not_cancelled(self, reply, ilze):
        meet_deadlines(only(reply), met_at=MONDAY, by=ilze, at=MONDAY)
        assert cancel_deadlines(only(reply), "junk", by=ilze, at=MONDAY) == []

    def test_a_cancelled_one_is_neither_warned_of_nor_breached(self, reply, mark, ilze):
        cancel_deadlines(only(reply), "junk", by=ilze, at=MONDAY)
        meet_deadlines(only(mark), met_at=MONDAY, by=ilze, at=MONDAY)
        with transaction.atomic():
            assert claim_warnings(at=REPLY_WARNS) == []
        assert claim_due(at=REPLY_DUE + HOUR) == []


class TestRestore:
    """E-II: undoing a cancelling puts the deadline back to its original due time."""

    @pytest.fixture
    def junked(self, reply, ilze):
        cancel_deadlines(only(reply), "junk", by=ilze, at=MONDAY)
        return reply

    def test_it_runs_again_to_its_original_due_time(self, junked, ilze):
        restore_deadlines(only(junked), "junk", by=ilze, at=MONDAY + HOUR)
        reply = fresh(junked)
        assert (reply.state, reply.due_at, reply.cancelled_at, reply.cancel_reason) == ("running", REPLY_DUE, None, "")

    def test_and_is_warned_of_as_it_would_have_been(self, junked, ilze):
        restore_deadlines(only(junked), "junk", by=ilze, at=MONDAY + HOUR)
        assert fresh(junked).warn_at == REPLY_WARNS

    def test_past_due_it_is_breached_at_due(self, junked, ilze):
        restore_deadlines(only(junked), "junk", by=ilze, at=REPLY_DUE + SECOND)
        assert fresh(junked).breached_at == REPLY_DUE

    def test_one_cancelled_for_another_reason_stays_cancelled(self, junked, ilze):
        assert restore_deadlines(only(junked), "not_needed", by=ilze, at=MONDAY) == []
        assert fresh(junked).state == "cancelled"


class TestHoldAndRelease:
    """E-II.3: while a reply is being sent its deadline waits; refused, it runs again to the same due time."""

    def test_held_it_is_answering(self, reply, answer):
        hold_for_sending(only(reply), answer, at=MONDAY + HOUR)
        reply = fresh(reply)
        assert (reply.state, reply.answering_at, reply.answer) == ("answering", MONDAY + HOUR, answer)

    def test_held_too_late_it_is_breached_at_due(self, reply, answer):
        hold_for_sending(only(reply), answer, at=REPLY_DUE + SECOND)
        assert (fresh(reply).state, fresh(reply).breached_at) == ("answering", REPLY_DUE)

    def test_held_at_due_it_is_not_late(self, reply, answer):
        hold_for_sending(only(reply), answer, at=REPLY_DUE)
        assert fresh(reply).breached_at is None

    def test_released_it_runs_again(self, message, reply, answer):
        hold_for_sending(only(reply), answer, at=MONDAY + HOUR)
        release_from_sending(answer, at=MONDAY + HOUR + MINUTE)
        reply = fresh(reply)
        assert (reply.state, reply.due_at, reply.answering_at) == ("running", REPLY_DUE, None)
        assert last_event(message.ticket, "deadline.resumed").target_id == reply.pk

    def test_released_past_due_it_is_breached_at_due(self, reply, answer):
        hold_for_sending(only(reply), answer, at=REPLY_DUE)
        release_from_sending(answer, at=REPLY_DUE + SECOND)
        assert (fresh(reply).state, fresh(reply).breached_at) == ("running", REPLY_DUE)

    def test_what_the_answer_met_runs_again_with_its_warning(self, reply, answer):
        hold_for_sending(only(reply), answer, at=MONDAY)
        meet_deadlines(only(reply), met_at=MONDAY, by=None, at=MONDAY)
        release_from_sending(answer, at=MONDAY + HOUR)
        reply = fresh(reply)
        assert (reply.state, reply.met_at, reply.warn_at) == ("running", None, REPLY_WARNS)

    def test_what_another_answer_met_stays_met(self, reply, answer, receive):
        meet_deadlines(only(reply), met_at=MONDAY, by=None, at=MONDAY)
        assert release_from_sending(answer, at=MONDAY + HOUR) == []


class TestClaimDue:
    """E-II: the sweep marks what is past due, dated at the deadline, once."""

    def test_at_due_nothing_is_broken(self, mark):
        assert claim_due(at=MARK_DUE) == []

    def test_a_second_later_it_is_broken_at_due(self, message, mark):
        assert claim_due(at=MARK_DUE + SECOND) == [mark]
        mark = fresh(mark)
        assert (mark.breached_at, mark.state, mark.is_breach_told) == (MARK_DUE, "running", False)
        event = last_event(message.ticket, "deadline.breached")
        assert (event.at, event.data["noticed_at"]) == (MARK_DUE, "2025-11-10T10:00:01+02:00")

    def test_after_a_long_pause_it_is_still_dated_at_due(self, mark, reply):
        claim_due(at=REPLY_DUE + 72 * HOUR)
        assert (fresh(mark).breached_at, fresh(reply).breached_at) == (MARK_DUE, REPLY_DUE)

    def test_repeating_claims_nothing(self, message, mark):
        claim_due(at=MARK_DUE + SECOND)
        assert claim_due(at=MARK_DUE + SECOND) == []
        assert len(events(message.ticket, "deadline.breached")) == 1

    def test_a_batch_takes_the_longest_overdue_first(self, mark, reply):
        late = REPLY_DUE + HOUR
        assert [claim_due(at=late, batch=1), claim_due(at=late, batch=1), claim_due(at=late, batch=1)] == [
            [mark],
            [reply],
            [],
        ]

    def test_one_being_answered_is_left_alone_for_an_hour_at_most(self, reply, mark, answer):
        meet_deadlines(only(mark), met_at=MONDAY, by=None, at=MONDAY)
        held_at = REPLY_DUE - MINUTE
        hold_for_sending(only(reply), answer, at=held_at)
        assert claim_due(at=held_at + HOUR - SECOND) == []
        assert claim_due(at=held_at + HOUR) == [reply]
        assert fresh(reply).breached_at == REPLY_DUE

    def test_what_is_met_or_cancelled_is_never_broken(self, mark, reply):
        meet_deadlines(only(mark), met_at=MONDAY, by=None, at=MONDAY)
        cancel_deadlines(only(reply), "not_needed", by=None, at=MONDAY)
        assert claim_due(at=REPLY_DUE + HOUR) == []


class TestClaimWarnings:
    """E-II: one warning near the end, none after the breach."""

    def warnings(self, at):
        with transaction.atomic():
            return claim_warnings(at=at)

    def test_a_second_before_its_time_there_is_none(self, mark):
        assert self.warnings(MARK_WARNS - SECOND) == []

    def test_at_its_time_there_is_one_and_only_one(self, message, mark):
        assert self.warnings(MARK_WARNS) == [(mark, ["administrator"])]
        assert self.warnings(MARK_WARNS) == []
        assert len(events(message.ticket, "deadline.warned")) == 1

    def test_at_due_it_still_helps(self, mark):
        assert self.warnings(MARK_DUE) == [(mark, ["administrator"])]

    def test_after_due_it_says_nothing_new(self, message, mark):
        assert self.warnings(MARK_DUE + SECOND) == [(mark, [])]  # taken, and told to nobody
        assert self.warnings(MARK_DUE + SECOND) == []
        assert events(message.ticket, "deadline.warned") == []

    def test_of_several_that_came_due_at_once_the_last_is_told_and_the_rest_come_later(self, reply, mark):
        meet_deadlines(only(mark), met_at=MONDAY, by=None, at=MONDAY)
        steps = [(MONDAY + HOUR, "expert"), (MONDAY + 2 * HOUR, "director"), (REPLY_WARNS, "administrator")]
        found = [[at.isoformat(), [role]] for at, role in steps]
        only(reply).update(warnings=found, warn_at=MONDAY + HOUR)
        assert self.warnings(MONDAY + HOUR - SECOND) == []
        assert self.warnings(MONDAY + 2 * HOUR) == [(reply, ["director"])]
        assert (fresh(reply).warn_at, fresh(reply).warnings) == (REPLY_WARNS, found[2:])
        assert self.warnings(REPLY_WARNS) == [(reply, ["administrator"])]
        assert (fresh(reply).warn_at, fresh(reply).warnings) == (None, [])

    def test_after_the_breach_there_is_none(self, mark):
        claim_due(at=MARK_DUE + SECOND)
        assert fresh(mark).warn_at is None

    def test_one_being_answered_is_not_warned_of(self, reply, mark, answer):
        meet_deadlines(only(mark), met_at=MONDAY, by=None, at=MONDAY)
        hold_for_sending(only(reply), answer, at=MONDAY)
        assert self.warnings(REPLY_WARNS) == []

    def test_one_born_late_is_broken_once_and_never_warned_of(self, receive):
        message = receive(MONDAY, fetched=REPLY_DUE + HOUR)
        assert self.warnings(REPLY_DUE + HOUR) == []
        assert len(claim_due(at=REPLY_DUE + HOUR)) == 2
        assert claim_due(at=REPLY_DUE + 2 * HOUR) == []
        assert {one.breached_at for one in message.deadlines.all()} == {MARK_DUE, REPLY_DUE}


class TestClaimUntoldBreaches:
    """E-II: a breach is told once, also when telling was cut off before."""

    def test_each_is_handed_out_once(self, mark, reply):
        claim_due(at=MARK_DUE + SECOND)
        with transaction.atomic():
            assert claim_untold_breaches() == [mark]
            assert claim_untold_breaches() == []

    def test_a_telling_that_failed_is_handed_out_again(self, mark):
        claim_due(at=MARK_DUE + SECOND)
        with pytest.raises(RuntimeError), transaction.atomic():
            claim_untold_breaches()
            raise RuntimeError
        with transaction.atomic():
            assert claim_untold_breaches() == [mark]


class TestOwner:
    """E-I.1: an open deadline says who owes it."""

    def test_open_deadlines_change_hands_and_closed_ones_do_not(self, message, mark, reply, ilze):
        meet_deadlines(only(mark), met_at=MONDAY, by=None, at=MONDAY)
        own_deadlines(message.ticket, ilze.employee)
        assert (fresh(mark).owner, fresh(reply).owner) == (None, ilze.employee)


class TestConstraints:
    """E-II: the database itself refuses a deadline that contradicts itself."""

    @pytest.mark.parametrize(
        "wrong",
        [
            {"state": "met"},
            {"met_at": MONDAY},
            {"state": "cancelled"},
            {"state": "cancelled", "cancelled_at": MONDAY},
            {"state": "cancelled", "cancel_reason": "junk"},
            {"state": "paused"},
            {"state": "paused", "paused_at": MONDAY},
            {"state": "paused", "days_left": 1},
            {"state": "paused", "paused_at": MONDAY, "days_left": 0},
            {"paused_at": MONDAY, "days_left": 1},
            {"paused_at": MONDAY},
            {"days_left": 1},
            {"first_due_at": None},
            {"policy": None},
        ],
        ids=lambda wrong: ",".join(f"{name}={value}" for name, value in wrong.items()),
    )
    def test_a_contradiction_is_refused(self, reply, wrong):
        with pytest.raises(IntegrityError), transaction.atomic():
            only(reply).update(**wrong)

    def test_a_message_has_each_deadline_once(self, message, reply):
        with pytest.raises(IntegrityError), transaction.atomic():
            Deadline.objects.create(
                desk=reply.desk,
                ticket=reply.ticket,
                message=message,
                kind="reply",
                policy=reply.policy,
                paragraph="E II.3",
                started_at=MONDAY,
                due_at=REPLY_DUE,
                first_due_at=REPLY_DUE,
            )
        assert message.deadlines.count() == 2

    def test_a_ticket_has_one_open_deadline_of_a_kind_that_hangs_on_no_message(self, message, reply):
        facts = {"desk": reply.desk, "ticket": reply.ticket, "kind": "promised", "policy": reply.policy}
        facts |= {"paragraph": "E II.4", "started_at": MONDAY, "due_at": REPLY_DUE, "first_due_at": REPLY_DUE}
        first = Deadline.objects.create(**facts)
        with pytest.raises(IntegrityError), transaction.atomic():
            Deadline.objects.create(**facts)
        cancel_deadlines(only(first), "replaced", by=None, at=MONDAY)
        assert Deadline.objects.create(**facts).is_open

    @pytest.mark.parametrize(
        "wrong",
        [{"days": None}, {"days": 0}, {"span": HOUR}, {"unit": "working_time"}],
        ids=["no days", "zero days", "both amounts", "days as working time"],
    )
    def test_a_policy_s_amount_fits_its_unit(self, desk, wrong):
        with pytest.raises(IntegrityError), transaction.atomic():
            Policy.objects.filter(desk=desk, kind="reply").update(**wrong)

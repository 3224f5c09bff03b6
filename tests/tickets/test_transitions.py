"""Every state of a ticket and every act on it, through the real actions: where it leads, or that it is refused."""

from datetime import date
from itertools import product

import pytest

from audit.models import Event
from sla.actions import cancel_deadlines
from tests.support.facts import HOUR, MINUTE, fresh
from tests.support.office import letter, make_employee
from tickets.actions import draft_states
from tickets.actions.approving import approve_reply, ask_approval, return_reply
from tickets.actions.drafting import record_consultation, refuse_draft, return_draft, send_draft, submit_draft
from tickets.actions.forwarding import forward_ticket
from tickets.actions.handing_over import hand_over_tickets
from tickets.actions.handwritten import receive_own_reply
from tickets.actions.joining import join_ticket, undo_joining
from tickets.actions.linking import link_tickets
from tickets.actions.marking import reopen_message
from tickets.actions.pausing import pause_ticket
from tickets.actions.promising import promise_answer
from tickets.actions.replying import Reply, reply_to_client
from tickets.actions.sorting import choose_topic
from tickets.actions.splitting import Chosen, split_ticket
from tickets.actions.working import (
    add_note,
    answer_not_needed,
    complete_ticket,
    junk_ticket,
    take_ticket,
    unjunk_ticket,
)
from tickets.models import Draft, Message, Ticket
from tickets.transitions import TABLE, Act, NotAllowedInState, is_possible, next_state

STATES = list(Ticket.State)
# What each cell of the design's table leads to once the act is done; absent: refused. A `complete` cell here follows
# from nothing else being owed; replies are not sent yet, so they leave the ticket in hand.
EXPECTED = {
    ("unprocessed", "take"): "incomplete",
    ("unprocessed", "note"): "incomplete",
    ("unprocessed", "sort"): "unprocessed",
    ("unprocessed", "ask_approval"): "incomplete",
    ("unprocessed", "reply"): "incomplete",
    ("unprocessed", "ask"): "waiting",
    ("unprocessed", "promise"): "incomplete",
    ("unprocessed", "forward"): "incomplete",
    ("unprocessed", "not_needed"): "complete",
    ("unprocessed", "junk"): "junk",
    ("unprocessed", "complete"): "complete",
    ("unprocessed", "reopen"): "incomplete",
    ("unprocessed", "join"): "merged",
    ("unprocessed", "split"): "unprocessed",
    ("unprocessed", "link"): "unprocessed",
    ("unprocessed", "hand_over"): "unprocessed",
    ("unprocessed", "office_writes"): "complete",
    ("unprocessed", "client_writes"): "unprocessed",
    ("incomplete", "take"): "incomplete",
    ("incomplete", "note"): "incomplete",
    ("incomplete", "sort"): "incomplete",
    ("incomplete", "ask_approval"): "incomplete",
    ("incomplete", "approve"): "incomplete",
    ("incomplete", "return_reply"): "incomplete",
    ("incomplete", "reply"): "incomplete",
    ("incomplete", "ask"): "waiting",
    ("incomplete", "promise"): "incomplete",
    ("incomplete", "forward"): "incomplete",
    ("incomplete", "submit_draft"): "incomplete",
    ("incomplete", "send_draft"): "incomplete",
    ("incomplete", "return_draft"): "incomplete",
    ("incomplete", "refuse_draft"): "incomplete",
    ("incomplete", "consult"): "complete",
    ("incomplete", "not_needed"): "complete",
    ("incomplete", "junk"): "junk",
    ("incomplete", "complete"): "complete",
    ("incomplete", "reopen"): "incomplete",
    ("incomplete", "join"): "merged",
    ("incomplete", "split"): "incomplete",
    ("incomplete", "link"): "incomplete",
    ("incomplete", "hand_over"): "incomplete",
    ("incomplete", "office_writes"): "complete",
    ("incomplete", "client_writes"): "incomplete",
    ("waiting", "take"): "waiting",
    ("waiting", "note"): "waiting",
    ("waiting", "sort"): "waiting",
    ("waiting", "ask_approval"): "waiting",
    ("waiting", "approve"): "waiting",
    ("waiting", "return_reply"): "waiting",
    ("waiting", "reply"): "incomplete",
    ("waiting", "ask"): "waiting",
    ("waiting", "promise"): "waiting",
    ("waiting", "forward"): "incomplete",
    ("waiting", "not_needed"): "complete",
    ("waiting", "junk"): "junk",
    ("waiting", "complete"): "complete",
    ("waiting", "reopen"): "waiting",
    ("waiting", "join"): "merged",
    ("waiting", "split"): "waiting",
    ("waiting", "link"): "waiting",
    ("waiting", "hand_over"): "waiting",
    ("waiting", "office_writes"): "complete",
    ("waiting", "client_writes"): "incomplete",
    ("complete", "note"): "complete",
    ("complete", "sort"): "complete",
    ("complete", "ask_approval"): "complete",
    ("complete", "approve"): "complete",
    ("complete", "return_reply"): "complete",
    ("complete", "reply"): "complete",
    ("complete", "complete"): "complete",
    ("complete", "reopen"): "incomplete",
    ("complete", "join"): "merged",
    ("complete", "split"): "complete",
    ("complete", "link"): "complete",
    ("complete", "office_writes"): "complete",
    ("complete", "client_writes"): "incomplete",
    ("junk", "undo_junk"): "unprocessed",
    ("junk", "office_writes"): "junk",
    ("junk", "client_writes"): "junk",
    ("merged", "join"): "merged",
    ("merged", "undo_join"): "unprocessed",
}
NO_OPS = {("incomplete", "take"), ("complete", "complete"), ("merged", "join")}
RECORDED = {
    "take": "ticket.taken",
    "note": "note.added",
    "sort": "ticket.topic_chosen",
    "reply": "reply.queued",
    "ask": "ticket.paused",
    "promise": "promise.made",
    "forward": "ticket.forwarded",
    "submit_draft": "draft.submitted",
    "send_draft": "draft.sent",
    "return_draft": "draft.returned",
    "refuse_draft": "draft.refused",
    "consult": "draft.client_consulted",
    "ask_approval": "approval.asked",
    "approve": "approval.given",
    "return_reply": "approval.refused",
    "not_needed": "message.answer_not_needed",
    "junk": "ticket.junked",
    "undo_junk": "ticket.unjunked",
    "complete": "ticket.completed",
    "reopen": "message.reopened",
    "join": "ticket.joined",
    "undo_join": "ticket.unjoined",
    "split": "ticket.split",
    "link": "ticket.linked",
    "hand_over": "ticket.handed_over",
    "client_writes": "message.received",
    "office_writes": "reply.by_hand",
}

# Who does it, where that is not the administrator.
WHO = {
    **dict.fromkeys(("client_writes", "office_writes"), lambda cast: None),
    **dict.fromkeys(("approve", "return_reply"), lambda cast: cast.raimonds.user),
    **dict.fromkeys(("submit_draft", "refuse_draft", "consult"), lambda cast: cast.santa.user),
}


class TestTable:
    """E-II.5: what may be done in which state is one table, as data."""

    def test_it_knows_no_other_cells_than_the_design(self):
        assert set(TABLE) == set(EXPECTED)

    @pytest.mark.parametrize(("state", "act"), list(product(STATES, Act)))
    def test_a_cell_is_possible_or_refused(self, state, act):
        assert is_possible(state, act) == ((state, act) in EXPECTED)
        if is_possible(state, act):
            assert next_state(state, act) in STATES
        else:
            with pytest.raises(NotAllowedInState) as refused:
                next_state(state, act)
            assert (refused.value.code, refused.value.data) == ("not_allowed_in_state", {"state": state.label})


@pytest.mark.django_db
class TestActions:
    """E-II.5: every act keeps to the table, and every act is recorded by who did it."""

    @pytest.fixture
    def other(self, receive, nine):
        """Return a message of another ticket."""
        return receive(nine, sender_address="anna@ozola.example", message_id="<other@ozola.example>")

    @pytest.fixture
    def in_state(self, ticket, message, answer, other, ilze, nine):
        """Return a function that brings the ticket into a state by the actions themselves."""

        def in_state(state):
            if state == "incomplete":
                take_ticket(ticket, by=ilze, at=nine)
            elif state == "waiting":
                pause_ticket(ticket, date(2025, 11, 20), by=ilze, at=nine)
            elif state == "complete":
                answer(ticket, sent=True)
            elif state == "junk":
                junk_ticket(ticket, by=ilze, at=nine)
            elif state == "merged":
                join_ticket(ticket, other.ticket, by=ilze, at=nine)
            assert fresh(ticket).state == state
            return fresh(ticket)

        return in_state

    @pytest.fixture
    def a_draft(self, cast, nine):
        """Return a function that gives the ticket a draft of Santa's in a state: rows, as no act leads to each cell."""

        def a_draft(ticket, state):
            draft = draft_states.begin(ticket, cast.santa, asked_by=cast.ilze, at=nine)
            submitted_at = nine if state == "submitted" else None
            Draft.objects.filter(pk=draft.pk).update(state=state, text="Labdien!", submitted_at=submitted_at)
            return fresh(draft)

        return a_draft

    @pytest.fixture
    def do(self, message, receive, other, ilze, cast, nine, notice_for, a_draft, topic):
        """Return a function that does an act to a ticket an hour later."""
        dace = make_employee("Dace Otra", "administrator", desk=message.ticket.desk)
        by_hand = {"by": ilze, "at": nine + HOUR}
        by_raimonds = {"by": cast.raimonds.user, "at": nine + HOUR}

        def an_approval(ticket):
            return draft_states.ask(ticket, "Labdien!", None, asked_by=cast.ilze, at=nine)

        by_santa = {"by": cast.santa.user, "at": nine + HOUR}

        def do(act, ticket):
            match act:
                case Act.TAKE:
                    take_ticket(ticket, **by_hand)
                case Act.NOTE:
                    add_note(ticket, "Zvanīju.", **by_hand)
                case Act.SORT:
                    choose_topic(ticket, topic, **by_hand)
                case Act.REPLY:
                    reply_to_client(ticket, Reply("Labdien!", "c" * 32), **by_hand)
                case Act.ASK:
                    pause_ticket(ticket, date(2025, 11, 21), **by_hand)
                case Act.PROMISE:
                    told = {"told": "Zvanīju.", "told_at": nine + HOUR}
                    promise_answer(ticket, nine + 72 * HOUR, **told, **by_hand)
                case Act.FORWARD:
                    forward_ticket(ticket, cast.santa, notice_for(ticket), **by_hand)
                case Act.SUBMIT_DRAFT:
                    submit_draft(a_draft(ticket, "writing"), "Labdien!", seen=None, **by_santa)
                case Act.SEND_DRAFT:
                    send_draft(a_draft(ticket, "submitted"), Reply("Labdien!", "d" * 32), **by_hand)
                case Act.RETURN_DRAFT:
                    return_draft(a_draft(ticket, "submitted"), "trūkst soļa", **by_hand)
                case Act.REFUSE_DRAFT:
                    refuse_draft(a_draft(ticket, "writing"), "nav mana joma", **by_santa)
                case Act.CONSULT:
                    record_consultation(a_draft(ticket, "writing"), "pastāstīju", seen=None, **by_santa)
                case Act.ASK_APPROVAL:
                    ask_approval(ticket, Reply("Labdien!", "a" * 32), **by_hand)
                case Act.APPROVE:
                    approve_reply(an_approval(ticket), **by_raimonds)
                case Act.RETURN_REPLY:
                    return_reply(an_approval(ticket), "trūkst soļa", **by_raimonds)
                case Act.NOT_NEEDED:
                    answer_not_needed(message, "zināšanai", **by_hand)
                case Act.JUNK:
                    junk_ticket(ticket, **by_hand)
                case Act.UNDO_JUNK:
                    unjunk_ticket(ticket, **by_hand)
                case Act.COMPLETE:
                    cancel_deadlines(ticket.deadlines.filter(kind="reply"), "not_needed", **by_hand)
                    complete_ticket(ticket, **by_hand)
                case Act.REOPEN:
                    by_somebody = {"mark": "complete", "seen_mark": "incomplete", "seen_mark_at": nine + HOUR}
                    Message.objects.filter(pk=message.pk).update(is_mark_written=True, **by_somebody)
                    reopen_message(message, **by_hand)
                case Act.JOIN:
                    join_ticket(ticket, other.ticket, **by_hand)
                case Act.UNDO_JOIN:
                    undo_joining(ticket, **by_hand)
                case Act.SPLIT:
                    facts = {"kind": "incoming", "client": ticket.client, "mark": "complete"}
                    more = Message.objects.create(ticket=ticket, at=nine, **facts)
                    split_ticket(ticket, Chosen(frozenset({more.pk})), **by_hand)
                case Act.LINK:
                    link_tickets(ticket, other.ticket, **by_hand)
                case Act.HAND_OVER:
                    for _, refused in hand_over_tickets(ticket.desk, [ticket.pk], dace, **by_hand).refused:
                        raise refused
                case Act.CLIENT_WRITES:
                    receive(nine + HOUR, ticket=ticket)
                case Act.OFFICE_WRITES:
                    receive_own_reply(
                        ticket,
                        letter(message_id="<own@desk.example>", to=("peteris@krumins.example",)),
                        written_at=nine,
                        at=nine + HOUR,
                    )

        return do

    @pytest.mark.parametrize(("state", "act"), sorted(EXPECTED))
    def test_an_allowed_act_leads_where_the_table_says(self, in_state, do, state, act):
        ticket = in_state(state)
        do(Act(act), ticket)
        assert fresh(ticket).state == EXPECTED[state, act]

    @pytest.mark.parametrize(
        ("state", "act"),
        [
            (state, act)
            for state, act in product(STATES, Act)
            if (state, act) not in EXPECTED and act not in (Act.CLIENT_WRITES, Act.OFFICE_WRITES)
        ],
    )
    def test_any_other_is_refused_and_changes_nothing(self, in_state, do, state, act):
        ticket = in_state(state)
        before = Event.objects.count()
        with pytest.raises(NotAllowedInState):
            do(act, ticket)
        assert (fresh(ticket).state, Event.objects.count()) == (state, before)

    @pytest.mark.parametrize(("state", "act"), sorted(set(EXPECTED) - NO_OPS))
    def test_it_is_recorded_by_who_did_it_at_that_instant(self, in_state, do, ilze, cast, nine, state, act):
        ticket = in_state(state)
        before = Event.objects.order_by("-pk").first().pk
        do(Act(act), ticket)
        event = Event.objects.get(pk__gt=before, verb=RECORDED[act], ticket=ticket)
        assert (event.ticket, event.at, event.by) == (
            ticket,
            nine + HOUR,
            WHO.get(act, lambda _: ilze)(cast),
        )

    def test_the_database_itself_ties_the_completion_to_its_instant(self, ticket, nine):
        from django.db import IntegrityError, transaction

        for wrong in ({"state": "complete"}, {"completed_at": nine + MINUTE}):
            with pytest.raises(IntegrityError), transaction.atomic():
                Ticket.objects.filter(pk=ticket.pk).update(**wrong)

"""Every state of a ticket and everything that may happen to it: exactly which deadlines are open afterwards."""

from datetime import date
from itertools import product

import pytest

from sla.models import Deadline, Policy
from sla.settings import CalendarChange, DayChange, change_calendar, change_policy, recalculate
from tests.support.facts import HOUR, MINUTE, fresh
from tests.support.office import riga
from tickets.actions import delivering
from tickets.actions.asking import ask_client
from tickets.actions.pausing import pause_ticket, resume_due
from tickets.actions.promising import promise_answer
from tickets.actions.replying import Reply, reply_to_client
from tickets.actions.working import (
    RepliesOpen,
    add_note,
    answer_not_needed,
    complete_ticket,
    junk_ticket,
    take_ticket,
    unjunk_ticket,
)
from tickets.transitions import NotAllowedInState

pytestmark = pytest.mark.django_db

MARK, REPLY, PAUSED, PROMISED = "mark running", "reply running", "reply paused", "promised running"
ANSWERING = "reply answering"
# Refused: what was open stays as it was.
REFUSED = None
BEFORE = {
    "unprocessed": [MARK, REPLY],
    "incomplete": [REPLY],
    "waiting": [PAUSED],
    "complete": [],
    "junk": [],
    "promised": [PROMISED, REPLY],  # incomplete, and a time was told
}
# One row an event, one column a state, in the order of BEFORE.
TABLE = {
    "client writes": ([MARK, MARK, REPLY, REPLY], [MARK, REPLY, REPLY], [MARK, REPLY, REPLY], [MARK, REPLY], [],
                      [MARK, PROMISED, REPLY, REPLY]),
    "automatic reply comes": ([MARK, REPLY], [REPLY], [PAUSED], [], [], [PROMISED, REPLY]),
    "take": ([REPLY], [REPLY], [PAUSED], REFUSED, REFUSED, [PROMISED, REPLY]),
    "note": ([REPLY], [REPLY], [PAUSED], [], REFUSED, [PROMISED, REPLY]),
    "substantive reply queued": ([ANSWERING], [ANSWERING], [ANSWERING], [], REFUSED, ["promised answering", ANSWERING]),
    "substantive reply accepted": ([], [], [], [], REFUSED, []),
    "substantive reply refused": ([REPLY], [REPLY], [REPLY], [], REFUSED, [PROMISED, REPLY]),
    "substantive reply bounced": ([REPLY], [REPLY], [REPLY], [], REFUSED, [REPLY, PROMISED]),
    "reply that is not substantive": ([REPLY], [REPLY], [REPLY], [], REFUSED, [PROMISED, REPLY]),
    "ask and pause": ([PAUSED], [PAUSED], [PAUSED], REFUSED, REFUSED, [PROMISED, PAUSED]),
    "pause": ([PAUSED], [PAUSED], [PAUSED], REFUSED, REFUSED, [PROMISED, PAUSED]),
    "date to resume": ([MARK, REPLY], [REPLY], [REPLY], [], [], [PROMISED, REPLY]),
    "not needed": ([], [], [], REFUSED, REFUSED, []),
    "complete": (REFUSED, REFUSED, REFUSED, [], REFUSED, REFUSED),
    "junk": ([], [], [], REFUSED, REFUSED, []),
    "unjunk": (REFUSED, REFUSED, REFUSED, REFUSED, [MARK, REPLY], REFUSED),
    "promise": ([PROMISED, REPLY], [PROMISED, REPLY], [PROMISED, PAUSED], REFUSED, REFUSED, [PROMISED, REPLY]),
    "calendar change that moves the due time": ([MARK, REPLY], [REPLY], [PAUSED], [], [], [PROMISED, REPLY]),
    "policy change": ([MARK, REPLY], [REPLY], [PAUSED], [], [], [PROMISED, REPLY]),
}  # fmt: skip
CELLS = list(product(BEFORE, TABLE))
BACK_ON = date(2025, 11, 20)


def open_of(ticket):
    found = Deadline.objects.filter(ticket=ticket, state__in=Deadline.OPEN)
    return sorted(f"{one.kind} {one.state}" for one in found)


@pytest.fixture
def in_state(ticket, answer, ilze, nine):
    """Return a function that brings the ticket into a state by the actions themselves."""

    def in_state(state):
        match state:
            case "incomplete":
                take_ticket(ticket, by=ilze, at=nine)
            case "waiting":
                pause_ticket(ticket, BACK_ON, by=ilze, at=nine)
            case "complete":
                answer(ticket, sent=True)
            case "junk":
                junk_ticket(ticket, by=ilze, at=nine)
            case "promised":
                promise_answer(ticket, nine + 72 * HOUR, told="pa tālruni", told_at=nine, by=ilze, at=nine)
        assert open_of(ticket) == sorted(BEFORE[state])
        return fresh(ticket)

    return in_state


@pytest.fixture
def happens(message, receive, desk, ilze, nine):
    """Return a function that lets an event happen to the ticket an hour later."""
    at = nine + HOUR
    by = {"by": ilze, "at": at}

    def replied(ticket, report=None, **facts):
        written = reply_to_client(ticket, Reply("Labdien!", "c" * 32), **by)
        if report is not None:
            report(written, **facts, at=at + MINUTE)

    def calendar_changes():
        days = (DayChange(date(2025, 11, 11), kind="closure"),)
        begun = change_calendar(desk, CalendarChange(days), **by)
        for _ in recalculate(begun.pk, at=at):
            pass

    def happens(event, ticket):
        match event:
            case "client writes":
                receive(at, ticket=ticket, message_id="<second@krumins.example>")
            case "automatic reply comes":
                receive(at, ticket=ticket, message_id="<second@krumins.example>", is_automatic=True)
            case "take":
                take_ticket(ticket, **by)
            case "note":
                add_note(ticket, "Zvanīju.", **by)
            case "substantive reply queued":
                replied(ticket)
            case "substantive reply accepted":
                replied(ticket, delivering.accept)
            case "substantive reply refused":
                replied(ticket, delivering.refuse, error="550")
            case "substantive reply bounced":
                replied(
                    ticket,
                    lambda written, at: (delivering.accept(written, at=at), delivering.bounce(written, "550", at=at)),
                )
            case "reply that is not substantive":
                written = reply_to_client(ticket, Reply("Skatāmies.", "c" * 32, is_substantive=False), **by)
                delivering.accept(written, at=at + MINUTE)
            case "ask and pause":
                ask_client(ticket, Reply("Kura pārskata?", "c" * 32), BACK_ON, **by)
            case "pause":
                pause_ticket(ticket, BACK_ON, **by)
            case "date to resume":
                resume_due(at=riga("2025-11-20 08:00"))
            case "not needed":
                answer_not_needed(message, "zināšanai", **by)
            case "complete":
                complete_ticket(ticket, **by)
            case "junk":
                junk_ticket(ticket, **by)
            case "unjunk":
                unjunk_ticket(ticket, **by)
            case "promise":
                promise_answer(ticket, nine + 96 * HOUR, told="pa tālruni", told_at=at, **by)
            case "calendar change that moves the due time":
                calendar_changes()
            case "policy change":
                change_policy(
                    Policy.objects.get(desk=desk, kind="reply"), valid_from=nine, days=3, may_pause=False, **by
                )

    return happens


class TestTable:
    """E-II.3, E-II.4, E-II.5: each event leaves the right deadlines open, and no other."""

    def test_each_row_has_a_cell_for_each_state(self):
        assert {len(row) for row in TABLE.values()} == {len(BEFORE)}

    @pytest.mark.parametrize(("state", "event"), CELLS, ids=[f"{state}: {event}" for state, event in CELLS])
    def test_a_cell(self, in_state, happens, state, event):
        ticket = in_state(state)
        expected = TABLE[event][list(BEFORE).index(state)]
        if expected is REFUSED:
            with pytest.raises((NotAllowedInState, RepliesOpen)):
                happens(event, ticket)
        else:
            happens(event, ticket)
        assert open_of(ticket) == sorted(BEFORE[state] if expected is REFUSED else expected)
        # None of it comes too late, and what waits for the client waits in a ticket that does.
        assert not Deadline.objects.filter(ticket=ticket, breached_at__isnull=False).exists()
        assert (PAUSED in open_of(ticket)) == (fresh(ticket).state == "waiting")
        assert not (open_of(ticket) and fresh(ticket).state in ("complete", "junk"))

    def test_completing_what_owes_no_reply_leaves_no_promise_open(self, in_state, ticket, ilze, nine):
        from sla.actions import cancel_deadlines

        in_state("promised")
        cancel_deadlines(ticket.deadlines.filter(kind="reply"), "not_needed", by=ilze, at=nine)
        complete_ticket(ticket, by=ilze, at=nine + HOUR)
        assert (open_of(ticket), fresh(ticket).state) == ([], "complete")

"""Two people at one draft at the same moment: one of them is first, and the other is told so."""

import pytest

from tests.support.facts import HOUR, MINUTE, fresh
from tests.support.office import make_employee
from tickets.actions.drafting import DraftMoved, return_draft, save_draft, send_draft, submit_draft
from tickets.actions.forwarding import forward_ticket
from tickets.actions.replying import NotSeenYet, Reply
from tickets.models import Draft, Message
from tickets.queries import last_to_see

pytestmark = pytest.mark.django_db(transaction=True)

WORDS = "Labdien! Pārrēķiniet kopsummas."


@pytest.fixture
def submitted(draft, submit, nine):
    return submit(draft, nine + HOUR)


def kinds(outcomes):
    return sorted(type(one).__name__ for one in outcomes)


class TestRaces:
    """E-II.4e: whoever comes second changes nothing and is told."""

    def test_two_administrators_send_at_once_and_one_letter_leaves(self, submitted, desk, ilze, nine, at_once):
        dace = make_employee("Dace Otra", "administrator", desk=desk)
        outcomes = at_once(
            lambda: send_draft(submitted, Reply(WORDS, "d" * 32), by=ilze, at=nine + HOUR + MINUTE),
            lambda: send_draft(submitted, Reply("Cits", "e" * 32), by=dace.user, at=nine + HOUR + MINUTE),
        )
        assert kinds(outcomes) == ["DraftMoved", "Message"]
        (sent,) = Message.objects.filter(is_substantive=True)
        assert fresh(submitted).message == sent

    def test_one_sends_while_another_returns(self, submitted, desk, ilze, nine, at_once):
        dace = make_employee("Dace Otra", "administrator", desk=desk)
        outcomes = at_once(
            lambda: send_draft(submitted, Reply(WORDS, "d" * 32), by=ilze, at=nine + HOUR + MINUTE),
            lambda: return_draft(submitted, "Trūkst soļa.", by=dace.user, at=nine + HOUR + MINUTE),
        )
        refused = [one for one in outcomes if isinstance(one, DraftMoved)]
        assert len(refused) == 1
        state = fresh(submitted).state
        assert (state == "sent") == Message.objects.filter(is_substantive=True).exists()
        assert state in ("sent", "returned")

    def test_the_author_submits_anew_while_the_administrator_returns(self, submitted, cast, ilze, nine, at_once):
        outcomes = at_once(
            lambda: submit_draft(submitted, "Cits teksts", seen=None, by=cast.santa.user, at=nine + HOUR + MINUTE),
            lambda: return_draft(submitted, "Trūkst soļa.", by=ilze, at=nine + HOUR + MINUTE),
        )
        assert kinds(outcomes) == ["Draft", "DraftMoved"]
        assert (fresh(submitted).state, fresh(submitted).text) == ("returned", WORDS)
        assert Draft.objects.filter(state__in=Draft.OPEN).count() == 1

    def test_the_author_saves_while_submitting(self, draft, cast, nine, at_once):
        at_once(
            lambda: submit_draft(draft, WORDS, seen=None, by=cast.santa.user, at=nine + HOUR),
            lambda: save_draft(draft, "vecāks", 0, by=cast.santa.user, at=nine + HOUR),
        )
        assert (fresh(draft).state, fresh(draft).text) == ("submitted", WORDS)

    def test_the_client_writes_while_a_draft_is_sent(self, submitted, receive, ilze, nine, at_once):
        seen = last_to_see(submitted.ticket).pk
        outcomes = at_once(
            lambda: send_draft(submitted, Reply(WORDS, "d" * 32, seen=seen), by=ilze, at=nine + HOUR + MINUTE),
            lambda: receive(nine + HOUR + MINUTE, ticket=submitted.ticket, message_id="<second@krumins.example>"),
        )
        sent, second = outcomes
        assert isinstance(second, Message)
        # Either it was refused, or it was written before the client's words: then those are owed an answer of their own.
        if isinstance(sent, Message):
            assert second.pk > sent.pk
            assert second.deadlines.get(kind="reply").state == "running"
        else:
            assert isinstance(sent, NotSeenYet)
            assert fresh(submitted).state == "submitted"

    def test_two_administrators_forward_at_once_to_different_colleagues(
        self, ticket, desk, cast, ilze, nine, notice_for, at_once
    ):
        other = make_employee("Andris Otrais", "expert", desk=desk)
        dace = make_employee("Dace Otra", "administrator", desk=desk)
        seen = ticket.messages.get().pk
        outcomes = at_once(
            lambda: forward_ticket(ticket, cast.santa, notice_for(ticket, seen=seen), by=ilze, at=nine),
            lambda: forward_ticket(ticket, other, notice_for(ticket, key="e" * 32, seen=seen), by=dace.user, at=nine),
        )
        assert kinds(outcomes) == ["AnsweredMeanwhile", "Ticket"]
        assert Message.objects.filter(is_interim=True).count() == 1
        assert Draft.objects.filter(state="writing").count() == 1
        assert fresh(ticket).expert == Draft.objects.get(state="writing").author

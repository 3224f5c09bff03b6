"""The client is asked: sent and paused together, ended by the answer, the date, a reply, or a question that came back."""

from datetime import date

import pytest

from sla.settings import withdraw_breach
from tests.support.facts import HOUR, MINUTE, SECOND, deadline, events, fresh
from tests.support.office import riga
from tickets.actions import delivering
from tickets.actions.asking import ask_client
from tickets.actions.pausing import ResumeDateWrong, resume_due
from tickets.actions.replying import Reply
from tickets.actions.working import complete_ticket, take_ticket
from tickets.models import Message
from tickets.queries import queue_counts

pytestmark = pytest.mark.django_db

QUESTION = Reply("Kura pārskata?", "b" * 32, is_substantive=True)
BACK_ON = date(2025, 11, 14)


@pytest.fixture
def asked(ticket, ilze, nine):
    return ask_client(ticket, QUESTION, BACK_ON, by=ilze, at=nine + HOUR)


@pytest.fixture
def reply(message):
    return deadline(message, "reply")


class TestAsking:
    """E-II.3: a question is no answer; the deadlines that may pause stop with it, both or neither."""

    def test_the_question_goes_and_the_ticket_waits(self, asked, ticket, reply):
        assert (asked.is_substantive, asked.delivery.state) == (False, "queued")
        assert (fresh(ticket).state, fresh(ticket).resume_on) == ("waiting", BACK_ON)
        assert (fresh(reply).state, fresh(reply).days_left) == ("paused", 1)

    def test_a_wrong_date_sends_nothing(self, ticket, reply, ilze, nine):
        with pytest.raises(ResumeDateWrong):
            ask_client(ticket, QUESTION, nine.date(), by=ilze, at=nine)
        assert not Message.objects.filter(kind="outgoing").exists()
        assert (fresh(ticket).state, fresh(reply).state) == ("unprocessed", "running")

    def test_the_same_form_twice_asks_once(self, asked, ticket, ilze, nine):
        assert ask_client(ticket, QUESTION, BACK_ON, by=ilze, at=nine + 2 * HOUR) == asked
        assert len(events(ticket, "ticket.paused")) == 1

    def test_asking_anew_moves_the_date_and_keeps_the_days(self, asked, ticket, reply, ilze, nine):
        again = Reply("Un kurš ceturksnis?", "c" * 32)
        ask_client(ticket, again, date(2025, 11, 20), by=ilze, at=nine + 2 * HOUR)
        assert (fresh(ticket).resume_on, fresh(reply).days_left) == (date(2025, 11, 20), 1)

    def test_it_is_counted_among_the_waiting(self, asked, ilze, nine):
        assert queue_counts(ilze, at=nine + HOUR)["waiting"] == 1


class TestEnd:
    """E-II.3: the days that were left count anew from the day after the answer or the date."""

    def test_the_client_s_answer_ends_it(self, asked, ticket, reply, receive):
        receive(riga("2025-11-12 10:00"), ticket=ticket, message_id="<answer@x.example>")
        assert (fresh(ticket).state, fresh(ticket).resume_on) == ("incomplete", None)
        assert (fresh(reply).state, fresh(reply).due_at) == ("running", riga("2025-11-13 17:00"))

    @pytest.mark.parametrize(("at", "state"), [("2025-11-13 23:59:59", "waiting"), ("2025-11-14 00:00", "incomplete")])
    def test_the_date_brings_it_back(self, asked, ticket, at, state):
        resume_due(at=riga(at))
        assert fresh(ticket).state == state

    def test_a_reply_is_counted_by_the_days_that_were_left(self, asked, ticket, reply, answer):
        answer(ticket, riga("2025-11-13 10:00"), sent=True)
        assert (fresh(reply).state, fresh(reply).breached_at) == ("met", None)
        assert fresh(reply).due_at > fresh(reply).met_at
        assert fresh(ticket).state == "complete"

    def test_an_interim_reply_ends_it_too(self, asked, ticket, reply, answer):
        answer(ticket, riga("2025-11-12 10:00"), is_substantive=False)
        assert (fresh(ticket).state, fresh(reply).state, fresh(reply).due_at) == (
            "incomplete", "running", riga("2025-11-13 17:00"),
        )  # fmt: skip

    def test_taking_it_does_not(self, asked, ticket, ilze, nine):
        take_ticket(ticket, by=ilze, at=nine + 2 * HOUR)
        assert fresh(ticket).state == "waiting"

    @pytest.mark.parametrize("report", [delivering.refuse, delivering.bounce])
    def test_a_question_that_never_arrived_ends_it(self, asked, ticket, reply, report, nine):
        report(asked, "550 no such user", at=nine + 2 * HOUR)
        assert (fresh(ticket).state, fresh(reply).state) == ("incomplete", "running")

    def test_an_earlier_interim_reply_that_comes_back_does_not(self, ticket, ilze, nine, answer):
        interim = answer(ticket, nine + MINUTE, is_substantive=False, sent=True)
        ask_client(ticket, QUESTION, BACK_ON, by=ilze, at=nine + HOUR)
        delivering.bounce(interim, "550", at=nine + 2 * HOUR)
        assert fresh(ticket).state == "waiting"

    def test_a_breach_before_the_pause_stays(self, ticket, reply, ilze):
        ask_client(ticket, QUESTION, BACK_ON, by=ilze, at=riga("2025-11-11 17:00:01"))
        assert fresh(reply).breached_at == riga("2025-11-11 17:00")


class TestPage:
    """E-I.1: who is waited for, and until when, is the ticket's next step."""

    @pytest.fixture
    def browser(self, client, ilze, ticket, clock, nine):
        client.force_login(ilze)
        clock.move_to(nine)
        return client

    def post(self, browser, ticket, **changes):
        data = {"text": "Kura pārskata?", "key": "d" * 32, "ask": "1", "resume_on": "2025-11-14"}
        return browser.post(f"/tickets/{ticket.number}/replies/", {**data, **changes})

    def test_it_asks_and_comes_back_to_the_ticket(self, browser, ticket):
        answer = self.post(browser, ticket)
        assert (answer.status_code, answer.url) == (302, f"/tickets/{ticket.number}/")
        page = browser.get(answer.url, headers={"accept-language": "en"})
        assert page.context["step"].title == "Wait for the client until 14 Nov"
        assert (page.context["step"].fuse.state, page.context["status"].mark) == ("paused", "waiting")

    def test_five_business_days_are_proposed(self, browser, ticket):
        form = browser.get(f"/tickets/{ticket.number}/").context["reply_form"]
        assert form["resume_on"].value() == date(2025, 11, 19)  # the 17th is moved, the 18th a holiday

    @pytest.mark.parametrize("wrong", ["", "2025-11-10", "2025-02-30"])
    def test_a_wrong_date_is_said_at_its_field_and_the_words_stay(self, browser, ticket, wrong):
        page = self.post(browser, ticket, resume_on=wrong)
        assert (page.status_code, list(page.context["reply_form"].errors)) == (422, ["resume_on"])
        assert "Kura pārskata?" in page.content.decode()
        assert fresh(ticket).state == "unprocessed"

    def test_the_expert_may_not(self, client, cast, ticket):
        client.force_login(cast.santa.user)
        assert self.post(client, ticket).status_code == 404

    def test_an_outsider_finds_nothing(self, client, cast, ticket):
        client.force_login(cast.otto.user)
        assert self.post(client, ticket).status_code == 404

    def test_the_waiting_stand_in_a_view_of_their_own(self, browser, ticket):
        self.post(browser, ticket)
        page = browser.get("/queue/?view=waiting", headers={"accept-language": "en"})
        (row,) = page.context["rows"]
        assert (row.fuse.state, row.under, row.status.mark) == ("paused", "until 14 Nov", "waiting")


class TestWithdrawal:
    """E-II: a breach that was none is withdrawn with a reason, by the manager or the deputy, and stays to be seen."""

    @pytest.fixture
    def broken(self, ticket, reply, answer, clock):
        answer(ticket, riga("2025-11-11 17:00:30"), sent=True)
        clock.move_to(riga("2025-11-12 09:00"))
        return reply

    def path(self, deadline):
        return f"/tickets/{deadline.ticket.number}/deadlines/{deadline.pk}/withdrawal/"

    def test_the_deputy_withdraws_it_with_a_reason(self, client, cast, broken):
        client.force_login(cast.raimonds.user)
        assert client.post(self.path(broken), {"reason": "pulkstenis"}).status_code == 302
        assert fresh(broken).breached_at is None
        page = client.get(f"/tickets/{broken.ticket.number}/")
        (words,) = next(one.withdrawn for one in page.context["deadlines"] if one.deadline == broken)
        assert "pulkstenis" in words
        assert "Raimonds Straujupe" in words

    def test_without_a_reason_it_stays(self, client, cast, broken):
        client.force_login(cast.raimonds.user)
        assert client.post(self.path(broken), {"reason": " "}).status_code == 422
        assert fresh(broken).breached_at is not None

    def test_others_may_not(self, client, cast, broken):
        for person, status in ((cast.ilze, 403), (cast.santa, 404), (cast.gunta, 403), (cast.otto, 404)):
            client.force_login(person.user)
            assert client.post(self.path(broken), {"reason": "nebija"}).status_code == status

    def test_one_that_is_still_late_cannot_be(self, client, cast, reply, clock):
        from escalation.actions import sweep

        clock.move_to(at := riga("2025-11-11 17:00:01"))
        sweep(at=at)
        client.force_login(cast.raimonds.user)
        assert client.post(self.path(reply), {"reason": "nebija"}).status_code == 409


class TestCompliance:
    """S-5.3: kept with the pauses, and as it would have been without them."""

    def test_a_pause_counts_for_one_and_not_for_the_other(self, asked, ticket, answer, cast):
        from reports.queries import Kept, kept_since

        answer(ticket, riga("2025-11-13 10:00"), sent=True)
        since = riga("2025-11-01 00:00")
        assert kept_since(cast.gunta.user, since) == [Kept("mark", 1, 1, 1), Kept("reply", 1, 1, 0)]

    def test_a_breach_counts_until_it_is_withdrawn(self, ticket, reply, answer, cast):
        from reports.queries import Kept, kept_since

        answer(ticket, riga("2025-11-11 17:00:30"), sent=True)
        since = riga("2025-11-11 00:00")
        assert Kept("reply", 1, 0, 0) in kept_since(cast.gunta.user, since)
        withdraw_breach(fresh(reply), "nebija", by=cast.raimonds.user, at=riga("2025-11-12 09:00"))
        assert Kept("reply", 1, 1, 1) in kept_since(cast.gunta.user, since)

    def test_an_outsider_counts_their_own_desk_only(self, ticket, answer, cast, nine):
        from reports.queries import kept_since

        answer(ticket, nine + MINUTE, sent=True)
        assert kept_since(cast.otto.user, nine - SECOND) == []


def test_completing_a_ticket_leaves_nothing_owed(message, ticket, ilze, nine):
    from tickets.actions.promising import promise_answer
    from tickets.actions.working import answer_not_needed

    promise_answer(ticket, nine + 3 * HOUR, told="pa tālruni", told_at=nine, by=ilze, at=nine)
    answer_not_needed(message, "paldies", by=ilze, at=nine)
    complete_ticket(fresh(ticket), by=ilze, at=nine)
    assert not ticket.deadlines.filter(state__in=["running", "paused", "answering"]).exists()

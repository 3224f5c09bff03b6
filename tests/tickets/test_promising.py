"""A time told to the client is a deadline of its own; a later one replaces it, and both stay to be seen."""

import pytest

from escalation.actions import sweep
from sla.models import Deadline
from tests.support.facts import HOUR, MINUTE, SECOND, events, fresh
from tests.support.office import riga
from tickets.actions import delivering
from tickets.actions.promising import PromiseInThePast, TellingMissing, promise_answer

pytestmark = pytest.mark.django_db

WEDNESDAY = riga("2025-11-12 15:00")
TOLD = "Pa tālruni: līdz trešdienas plkst. 15.00."


@pytest.fixture
def promise(ticket, ilze, nine):
    """Return a function that records a promise and returns its deadline."""

    def promise(due_at=WEDNESDAY, at=nine + HOUR, told_at=nine):
        promise_answer(ticket, due_at, told=TOLD, told_at=told_at, by=ilze, at=at)
        return Deadline.objects.get(ticket=ticket, kind="promised", state="running")

    return promise


class TestPromise:
    """E-II.4, E-III.3: the promised time is when the answer is due."""

    def test_it_is_due_when_it_was_promised(self, promise, nine):
        made = promise()
        assert (made.due_at, made.started_at, made.paragraph) == (WEDNESDAY, nine, "E II.4")

    def test_it_is_breached_a_second_after(self, promise):
        made = promise()
        sweep(at=WEDNESDAY)
        assert fresh(made).breached_at is None
        sweep(at=WEDNESDAY + SECOND)
        assert fresh(made).breached_at == WEDNESDAY

    def test_a_substantive_reply_meets_it(self, promise, ticket, answer):
        made = promise()
        answer(ticket, riga("2025-11-11 10:00"), sent=True)
        assert (fresh(made).state, fresh(made).met_at) == ("met", riga("2025-11-11 10:00"))
        assert fresh(ticket).state == "complete"

    def test_an_interim_reply_does_not(self, promise, ticket, answer):
        made = promise()
        answer(ticket, riga("2025-11-11 10:00"), is_substantive=False, sent=True)
        assert fresh(made).state == "running"

    def test_one_made_after_the_reply_was_queued_is_not_met_by_it(self, promise, ticket, answer, nine):
        reply = answer(ticket, nine + MINUTE)
        made = promise()
        delivering.accept(reply, at=nine + 2 * HOUR)
        assert fresh(made).state != "met"

    def test_a_reply_that_comes_back_leaves_it_owed(self, promise, ticket, answer):
        made = promise()
        reply = answer(ticket, riga("2025-11-11 10:00"), sent=True)
        delivering.bounce(reply, "550", at=riga("2025-11-11 12:00"))
        assert (fresh(made).state, fresh(made).met_at) == ("running", None)

    def test_a_later_one_replaces_it(self, promise, ticket, nine):
        first = promise()
        second = promise(riga("2025-11-13 12:00"), at=nine + 2 * HOUR)
        assert (fresh(first).state, fresh(first).cancel_reason) == ("cancelled", "replaced")
        assert second.due_at == riga("2025-11-13 12:00")
        assert [len(events(ticket, verb)) for verb in ("promise.made", "promise.prolonged")] == [1, 1]

    @pytest.mark.parametrize("late", [0 * SECOND, -SECOND])
    def test_a_time_that_has_passed_is_refused(self, ticket, ilze, nine, late):
        with pytest.raises(PromiseInThePast):
            promise_answer(ticket, nine + late, told=TOLD, told_at=nine, by=ilze, at=nine)

    def test_what_was_told_and_when_is_required(self, ticket, ilze, nine):
        for told, told_at in ((" ", nine), (TOLD, nine + SECOND)):
            with pytest.raises(TellingMissing):
                promise_answer(ticket, WEDNESDAY, told=told, told_at=told_at, by=ilze, at=nine)


class TestPage:
    """E-I.1: the promise is made, prolonged and seen on the ticket."""

    @pytest.fixture
    def browser(self, client, ilze, ticket, clock, nine):
        client.force_login(ilze)
        clock.move_to(nine + HOUR)
        return client

    def post(self, browser, ticket, **changes):
        data = {
            "due_on": "2025-11-12",
            "due_time": "15:00",
            "told": TOLD,
            "told_on": "2025-11-10",
            "told_time": "09:30",
        }
        return browser.post(f"/tickets/{ticket.number}/promises/", {**data, **changes})

    def test_it_is_recorded_on_the_desk_s_clock(self, browser, ticket):
        assert self.post(browser, ticket).status_code == 302
        assert Deadline.objects.get(kind="promised").due_at == WEDNESDAY

    def test_the_form_then_says_that_it_prolongs(self, browser, ticket):
        self.post(browser, ticket)
        page = browser.get(f"/tickets/{ticket.number}/", headers={"accept-language": "en"})
        assert page.context["promise"].deadline.due_at == WEDNESDAY
        assert b"Prolong the promised time" in page.content

    def test_its_explanation_speaks_of_telling_not_of_receipt(self, browser, ticket):
        self.post(browser, ticket)
        page = browser.get(f"/tickets/{ticket.number}/", headers={"accept-language": "en"})
        texts = [row.text for row in page.context["promise"].explanation]
        assert texts == ["told to the client at 09:30", "promised to the client: 15:00", "Wed, 12 Nov, 15:00"]

    def test_once_the_rest_is_done_it_is_the_next_step(self, browser, ticket, message, ilze, nine):
        self.post(browser, ticket)
        message.deadlines.update(state="met", met_at=nine + HOUR)
        page = browser.get(f"/tickets/{ticket.number}/", headers={"accept-language": "en"})
        assert page.context["step"].title == "Answer by the time that the client was told"
        assert page.context["step"].act == "reply"

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"due_on": "2025-11-10", "due_time": "10:00"}, "due_on"),
            ({"due_on": ""}, "due_on"),
            ({"due_time": "25:00"}, "due_time"),
            ({"told": " "}, "told"),
            ({"told_time": "10:01"}, "told_on"),
        ],
    )
    def test_what_is_wrong_is_said_at_its_field(self, browser, ticket, changes, field):
        page = self.post(browser, ticket, **changes)
        assert (page.status_code, list(page.context["promise_form"].errors)) == (422, [field])
        assert not Deadline.objects.filter(kind="promised").exists()

    def test_the_expert_may_not_and_an_outsider_finds_nothing(self, client, cast, ticket):
        for person, status in ((cast.santa, 404), (cast.otto, 404)):
            client.force_login(person.user)
            assert self.post(client, ticket).status_code == status

    def test_on_a_complete_ticket_it_is_refused(self, browser, ticket, answer, nine):
        answer(ticket, nine + MINUTE, sent=True)
        assert self.post(browser, ticket).status_code == 409

"""The director's one page: what is overdue, whose, since when; what falls due next; who has not said that they know."""

import pytest

from escalation.actions import acknowledge, sweep
from escalation.models import Notice
from reports.pages import overdue_facts, tomorrow_noon
from reports.queries import due_between, overdue, unacknowledged
from tests.support.facts import HOUR, MINUTE, SECOND, deadline
from tests.support.office import riga
from tickets.actions.working import answer_not_needed, junk_ticket, take_ticket

pytestmark = pytest.mark.django_db

NINE = riga("2025-11-10 09:00")
LATE = riga("2025-11-06 09:00")  # mark due at 10:00, reply on Friday at 17:00


@pytest.fixture
def late(cast, receive):
    """Return two tickets that are late, the longer overdue stored last."""
    second = receive(LATE + HOUR, sender_address="anna@ozola.example").ticket
    first = receive(LATE).ticket
    return first, second


class TestOverdue:
    """S-5.3: what is late, the longest first, whose and since when."""

    def test_the_longest_overdue_stands_first(self, late, cast):
        found = overdue(cast.gunta.user, at=NINE)
        assert [(one.ticket, one.kind) for one in found] == [
            (late[0], "mark"),
            (late[1], "mark"),
            (late[1], "reply"),
            (late[0], "reply"),
        ]

    def test_at_due_it_is_not_late_and_a_second_later_it_is(self, late, cast):
        due = LATE + HOUR
        assert overdue(cast.gunta.user, at=due).count() == 0
        assert overdue(cast.gunta.user, at=due + SECOND).count() == 1

    def test_what_was_answered_or_is_junk_is_no_longer_there(self, late, cast):
        answer_not_needed(late[0].messages.get(), "zināšanai", by=cast.ilze.user, at=NINE)
        junk_ticket(late[1], by=cast.ilze.user, at=NINE)
        assert overdue(cast.gunta.user, at=NINE).count() == 0

    def test_it_says_whose_it_is_and_since_when(self, late, cast, browse):
        take_ticket(late[0], by=cast.ilze.user, at=NINE)
        rows = browse("gunta").get("/overdue/").context["late"]
        owners = {(row.deadline.ticket, row.deadline.kind): row.owner for row in rows}
        assert owners[late[0], "reply"] == "Ilze Kalnciema"
        assert owners[late[1], "reply"] not in ("", "Ilze Kalnciema")
        assert all(row.due for row in rows)
        assert {row.fuse.state for row in rows} == {"breached"}


class TestDueNext:
    """S-5.3: what falls due by tomorrow noon."""

    def test_until_and_with_noon(self, cast, receive):
        at = riga("2025-11-11 12:30")
        one = deadline(receive(riga("2025-11-11 11:00")), "mark")
        found = due_between(cast.gunta.user, after=riga("2025-11-11 11:30"), until=riga("2025-11-11 12:00"))
        assert list(found) == [one]
        assert list(due_between(cast.gunta.user, after=at, until=at + HOUR)) == []

    @pytest.mark.parametrize(
        ("now", "noon"),
        [
            ("2025-11-10 00:30", "2025-11-11 12:00"),
            ("2025-11-10 23:59", "2025-11-11 12:00"),
            ("2026-03-28 13:00", "2026-03-29 12:00"),  # the night in which the clock goes forward
        ],
    )
    def test_tomorrow_is_riga_s(self, now, noon):
        assert tomorrow_noon(riga(now)) == riga(noon)


class TestUnacknowledged:
    """S-5.3: who was told of a breach and has not yet said that they know."""

    def test_everybody_who_was_told_is_listed_until_all_have_acknowledged(self, cast, receive):
        receive(LATE)
        sweep(at=LATE + HOUR + SECOND)
        ((alert, notices),) = unacknowledged(cast.gunta.user, limit=20)
        assert {notice.recipient for notice in notices} == {cast.ilze, cast.raimonds}
        for number, notice in enumerate(Notice.objects.all()):
            assert len(unacknowledged(cast.gunta.user, limit=20)) == 1, number
            acknowledge(notice, by=notice.recipient.user, at=NINE)
        assert unacknowledged(cast.gunta.user, limit=20) == []

    def test_mine_is_marked_as_mine(self, cast, receive):
        receive(LATE)
        sweep(at=LATE + HOUR + SECOND)
        facts = overdue_facts(cast.raimonds.user, at=NINE)
        assert (len(facts["alerts"]), facts["mine_count"]) == (1, 1)
        assert {rung.state for rung in facts["alerts"][0].rungs} == {"here", "told"}


class TestPage:
    """S-5.3: the page is for those who answer for the promises."""

    @pytest.mark.parametrize("who", ["ilze", "raimonds", "gunta"])
    def test_administrators_and_directors_see_it(self, late, browse, who):
        answer = browse(who).get("/overdue/")
        assert (answer.status_code, answer.context["late_count"]) == (200, 4)
        assert f"/tickets/{late[0].number}/" in answer.content.decode()

    def test_the_expert_may_not(self, late, browse):
        assert browse("santa").get("/overdue/").status_code == 403

    def test_another_desk_s_people_see_their_own(self, late, browse):
        assert browse("otto").get("/overdue/").context["late_count"] == 0

    def test_htmx_gets_the_part_alone(self, late, browse):
        part = browse("gunta").get("/overdue/", headers={"HX-Request": "true"}).content.decode()
        assert 'id="overdue"' in part
        assert "<html" not in part

    def test_it_cannot_be_posted_to(self, browse):
        assert browse("gunta").post("/overdue/").status_code == 405

    def test_with_nothing_late_it_says_so(self, browse):
        answer = browse("gunta").get("/overdue/")
        assert (answer.status_code, answer.context["late"]) == (200, [])

    def test_it_costs_the_same_however_much_is_late(self, cast, receive, browse, django_assert_max_num_queries):
        for number in range(10):
            receive(LATE, message_id=f"<{number}@x.example>", sender_address=f"k{number}@k.example")
        sweep(at=NINE - MINUTE)
        client = browse("gunta")
        client.get("/overdue/")
        with django_assert_max_num_queries(15):
            assert client.get("/overdue/").context["late_count"] == 20

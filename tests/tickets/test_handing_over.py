"""Tickets that go to a colleague's hands: chosen ones, or all of who is away; told, recorded, given back."""

import pytest

from escalation.models import Notice
from escalation.words import detail, path_of, title
from tests.support.facts import HOUR, MINUTE, events, fresh
from tests.support.office import make_employee
from tickets.actions.handing_over import (
    NotAnAdministrator,
    SamePerson,
    hand_over_all,
    hand_over_tickets,
    undo_hand_over,
)
from tickets.actions.working import junk_ticket, take_ticket
from tickets.models import HandOver

pytestmark = pytest.mark.django_db


@pytest.fixture
def dace(desk):
    return make_employee("Dace Otra", "administrator", desk=desk)


@pytest.fixture
def three(receive, ilze, nine):
    """Three tickets in Ilze's hands."""
    found = []
    for number in range(3):
        letter = {"sender_address": f"k{number}@k.example", "message_id": f"<{number}@k.example>"}
        found.append(receive(nine + number * MINUTE, **letter).ticket)
        take_ticket(found[-1], order_reason="urgent", by=ilze, at=nine + HOUR)
    return found


@pytest.fixture
def away(desk, cast, dace, nine):
    """Return a function by which the director hands all of Ilze's over to Dace."""
    return lambda by=cast.gunta, at=nine + 2 * HOUR: hand_over_all(desk, cast.ilze, dace, by=by.user, at=at)


def told(employee):
    return [one.alert.trigger for one in Notice.objects.filter(recipient=employee).order_by("pk")]


class TestAll:
    """E-II.4b, design 5: an absent administrator's open tickets are handed over in one step."""

    def test_the_tickets_and_their_open_deadlines_change_hands(self, three, away, dace):
        assert len(away().done) == 3
        assert {fresh(one).owner for one in three} == {dace}
        assert {one.owner for ticket in three for one in ticket.deadlines.filter(state="running")} == {dace}
        assert {fresh(one).state for one in three} == {"incomplete"}

    def test_each_ticket_tells_of_it(self, three, away, cast, dace):
        away()
        for one in three:
            (event,) = events(one, "ticket.handed_over")
            assert (event.by, event.data["owner"]) == (cast.gunta.user, [cast.ilze.pk, dace.pk])

    def test_both_are_told_once_and_who_did_it_is_not(self, three, away, cast, dace):
        away()
        away()
        assert (told(dace), told(cast.ilze), told(cast.gunta)) == (["handed_over"], ["handed_over"], [])
        assert HandOver.objects.count() == 1

    def test_what_is_not_open_or_not_theirs_stays(self, three, away, receive, cast, ilze, nine):
        junk_ticket(three[0], by=ilze, at=nine + HOUR)
        free = receive(nine + HOUR, sender_address="x@x.example", message_id="<x@x.example>").ticket
        assert len(away().done) == 2
        assert (fresh(three[0]).owner, fresh(free).owner) == (cast.ilze, None)

    def test_only_to_who_works_the_desk_s_tickets(self, three, desk, cast, nine):
        for wrong in (cast.santa, cast.otto):
            with pytest.raises(NotAnAdministrator):
                hand_over_all(desk, cast.ilze, wrong, by=cast.gunta.user, at=nine)
        with pytest.raises(SamePerson):
            hand_over_all(desk, cast.ilze, cast.ilze, by=cast.gunta.user, at=nine)

    def test_its_notice_says_how_many_and_leads_to_them(self, three, away, dace, nine):
        away()
        alert = Notice.objects.get(recipient=dace).alert
        assert "3" in title(alert) and "Dace Otra" in title(alert)
        assert detail(alert, nine)
        assert path_of(alert) == "/queue/?view=mine"

    def test_the_queries_do_not_grow_with_the_tickets(
        self, three, away, receive, ilze, nine, django_assert_max_num_queries
    ):
        with django_assert_max_num_queries(30):
            away()


class TestChosen:
    """E-II.4b: tickets that were chosen go to a colleague; what cannot go is named."""

    def test_those_in_a_state_that_forbids_it_are_refused_by_themselves(self, three, desk, dace, ilze, nine):
        junk_ticket(three[0], by=ilze, at=nine + HOUR)
        outcome = hand_over_tickets(desk, [one.pk for one in three], dace, by=ilze, at=nine + 2 * HOUR)
        assert outcome.done == three[1:]
        assert [(one, error.code) for one, error in outcome.refused] == [(three[0], "not_allowed_in_state")]

    def test_handing_over_is_no_handling(self, receive, desk, dace, ilze, nine):
        """E-II.5a: the mark is still owed by whoever has it now."""
        message = receive(nine)
        hand_over_tickets(desk, [message.ticket_id], dace, by=ilze, at=nine + MINUTE)
        assert (fresh(message).mark, fresh(message.ticket).state) == ("none", "unprocessed")
        assert message.deadlines.get(kind="mark").state == "running"

    def test_what_is_theirs_already_changes_nothing(self, three, desk, cast, ilze, nine):
        outcome = hand_over_tickets(desk, [one.pk for one in three], cast.ilze, by=ilze, at=nine + 2 * HOUR)
        assert (len(outcome.done), outcome.hand_over, told(cast.ilze)) == (3, None, [])


class TestUndoing:
    """E-II.4b: it is undone in one step, without taking anything from whoever went on with it."""

    def test_each_goes_back_to_whose_it_was(self, three, away, cast, dace, ilze, nine):
        hand_over = away().hand_over
        assert len(undo_hand_over(hand_over, by=cast.gunta.user, at=nine + 3 * HOUR)) == 3
        assert {fresh(one).owner for one in three} == {cast.ilze}
        assert {one.owner for ticket in three for one in ticket.deadlines.filter(state="running")} == {cast.ilze}
        assert (told(dace)[-1], told(cast.ilze)[-1]) == ("handed_back", "handed_back")

    def test_what_went_on_to_a_third_stays_there(self, three, away, cast, desk, nine):
        third = make_employee("Trešā Kolēģe", "administrator", desk=desk)
        hand_over = away().hand_over
        take_ticket(three[0], by=third.user, at=nine + 3 * HOUR)
        assert undo_hand_over(hand_over, by=cast.gunta.user, at=nine + 4 * HOUR) == three[1:]
        assert fresh(three[0]).owner == third

    def test_twice_is_once(self, three, away, cast, nine):
        hand_over = away().hand_over
        undo_hand_over(hand_over, by=cast.gunta.user, at=nine + 3 * HOUR)
        assert undo_hand_over(hand_over, by=cast.gunta.user, at=nine + 4 * HOUR) == []


class TestPage:
    """E-II.4b: the page shows how many go to whom before they go; the stand-in is proposed."""

    @pytest.fixture
    def absent(self, cast, dace, desk, nine):
        """Ilze away this week; a third administrator stands in."""
        from directory.actions import enter_absence
        from directory.actions.absences import AbsenceFacts

        third = make_employee("Trešā Kolēģe", "administrator", desk=desk)
        days = AbsenceFacts(nine.date(), nine.date(), "illness", third.pk)
        enter_absence(cast.ilze, days, by=cast.gunta.user, at=nine)
        return third

    def test_the_stand_in_is_proposed_and_the_tickets_are_shown(self, three, absent, cast, browse):
        page = browse("gunta").get(f"/handing-over/?from={cast.ilze.pk}")
        assert (page.context["proposed"], page.context["number"]) == (absent.pk, 3)
        assert all(one.number in page.content.decode() for one in three)

    def test_one_click_hands_over_and_one_undoes_it(self, three, absent, cast, dace, browse):
        client = browse("gunta")
        client.post("/handing-over/", {"giver": cast.ilze.pk, "taker": dace.pk})
        assert {fresh(one).owner for one in three} == {dace}
        client.post(f"/handing-over/{HandOver.objects.get().pk}/undoing/")
        assert {fresh(one).owner for one in three} == {cast.ilze}

    def test_without_a_colleague_it_asks_for_one(self, three, cast, browse):
        answer = browse("gunta").post("/handing-over/", {"giver": cast.ilze.pk})
        assert (answer.status_code, fresh(three[0]).owner) == (422, cast.ilze)

    @pytest.mark.parametrize("who", ["santa", "otto"])
    def test_nobody_else_may(self, three, cast, dace, browse, who):
        browse(who).post("/handing-over/", {"giver": cast.ilze.pk, "taker": dace.pk})
        assert {fresh(one).owner for one in three} == {cast.ilze}

"""Who sees which tickets, in which order, and which message belongs to which."""

from datetime import date

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404

from directory.models import Role, User
from directory.rights import Right
from tests.support.facts import HOUR, MINUTE, SECOND
from tests.support.office import make_employee
from tickets.actions.pausing import pause_ticket
from tickets.actions.working import junk_ticket, take_ticket
from tickets.queries import get_message_for, get_ticket_for, is_on_ticket, queue_counts, queue_of, thread_of

pytestmark = pytest.mark.django_db


class TestAccess:
    """E-I.4: 404 for what one may not see, 403 for what one may only see."""

    def test_all_but_the_experts_see_every_ticket_of_the_desk(self, ticket, cast):
        for person in (cast.ilze, cast.raimonds, cast.gunta):
            assert get_ticket_for(person.user, ticket.number) == ticket

    def test_an_outsider_sees_nothing(self, ticket, message, cast):
        with pytest.raises(Http404):
            get_ticket_for(cast.otto.user, ticket.number)
        with pytest.raises(Http404):
            get_message_for(cast.otto.user, ticket.number, message.pk)

    def test_only_the_administrator_works_on_them(self, ticket, cast):
        assert get_ticket_for(cast.ilze.user, ticket.number, to=Right.WORK) == ticket
        for person in (cast.raimonds, cast.gunta):
            with pytest.raises(PermissionDenied):
                get_ticket_for(person.user, ticket.number, to=Right.WORK)

    def test_to_an_outsider_even_working_is_not_found(self, ticket, cast):
        with pytest.raises(Http404):
            get_ticket_for(cast.otto.user, ticket.number, to=Right.WORK)

    @pytest.mark.parametrize("role", ["manager", "security_officer", "data_protection_officer"])
    def test_roles_without_the_right_to_read_see_nothing(self, ticket, desk, role):
        with pytest.raises(Http404):
            get_ticket_for(make_employee("Dace Cita", role, desk=desk).user, ticket.number)

    def test_a_user_without_any_role_sees_nothing(self, ticket):
        with pytest.raises(Http404):
            get_ticket_for(User.objects.create_user("guest@office.example"), ticket.number)

    def test_a_message_is_found_on_its_own_ticket_only(self, message, receive, ilze, nine):
        other = receive(nine, sender_address="anna@ozola.example").ticket
        with pytest.raises(Http404):
            get_message_for(ilze, other.number, message.pk)

    def test_a_role_that_was_taken_away_is_gone(self, ticket, cast):
        Role.objects.filter(employee=cast.ilze).delete()
        with pytest.raises(Http404):
            get_ticket_for(User.objects.get(pk=cast.ilze.user.pk), ticket.number)


class TestQueue:
    """S-21: the order of receipt; each view holds its own."""

    @pytest.fixture
    def three(self, receive, cast, nine):
        """Return tickets received in another order than they were stored."""
        receipts = (nine + HOUR, nine, nine + 2 * HOUR)
        return [receive(at, sender_address=f"k{n}@k.example").ticket for n, at in enumerate(receipts)]

    def test_the_longest_waiting_is_first(self, three, ilze, nine):
        assert list(queue_of(ilze, "all", at=nine)) == [three[1], three[0], three[2]]

    def test_mine_are_those_i_took(self, three, ilze, nine):
        take_ticket(three[1], by=ilze, at=nine)
        assert list(queue_of(ilze, "mine", at=nine)) == [three[1]]
        assert list(queue_of(ilze, "unprocessed", at=nine)) == [three[0], three[2]]

    def test_overdue_from_a_second_after_due_on(self, three, ilze, nine):
        assert list(queue_of(ilze, "overdue", at=nine + HOUR)) == []
        assert list(queue_of(ilze, "overdue", at=nine + HOUR + SECOND)) == [three[1]]

    def test_the_completed_newest_first(self, three, answer, ilze, nine):
        answer(three[1], nine, sent=True)
        answer(three[0], nine + 2 * HOUR, key="b" * 32, sent=True)
        assert list(queue_of(ilze, "complete", at=nine)) == [three[0], three[1]]

    def test_one_that_waits_for_the_client_has_a_view_of_its_own(self, three, ilze, nine):
        pause_ticket(three[1], date(2025, 11, 20), by=ilze, at=nine)
        assert list(queue_of(ilze, "waiting", at=nine)) == [three[1]]
        assert list(queue_of(ilze, "all", at=nine)) == [three[1], three[0], three[2]]

    def test_junk_has_a_view_of_its_own(self, three, ilze, nine):
        junk_ticket(three[1], by=ilze, at=nine)
        assert list(queue_of(ilze, "junk", at=nine)) == [three[1]]
        assert three[1] not in queue_of(ilze, "all", at=nine)

    def test_the_counts_are_the_sizes_of_the_views(self, three, ilze, nine):
        take_ticket(three[1], by=ilze, at=nine)
        pause_ticket(three[2], date(2025, 11, 20), by=ilze, at=nine + 2 * HOUR)
        at = nine + 2 * HOUR + MINUTE
        counts = queue_counts(ilze, at=at)
        assert counts == {"all": 3, "mine": 1, "unprocessed": 1, "waiting": 1, "overdue": 1}
        assert counts == {view: queue_of(ilze, view, at=at).count() for view in counts}

    def test_another_desk_s_queue_is_empty(self, three, cast, nine):
        assert queue_counts(cast.otto.user, at=nine)["all"] == 0


class TestThread:
    """E-II.3: a letter finds its ticket by the Message-IDs that it names."""

    def test_the_last_named_wins(self, cast, receive, desk, nine):
        one = receive(nine, message_id="<1@a.example>").ticket
        two = receive(nine, message_id="<2@a.example>").ticket
        assert thread_of(desk, ["<1@a.example>", "<2@a.example>"]) == two
        assert thread_of(desk, ["<2@a.example>", "<1@a.example>", "<unknown@a.example>"]) == one

    def test_empty_and_unknown_ids_find_nothing(self, ticket, receive, desk, nine):
        receive(nine, message_id="")
        assert thread_of(desk, ["", "<unknown@a.example>"]) is None

    def test_another_desk_s_ticket_is_not_found(self, ticket, cast):
        assert thread_of(cast.other_desk, ["<first@krumins.example>"]) is None

    def test_on_a_ticket_are_its_client_and_who_wrote_there(self, ticket, receive, nine):
        receive(nine, ticket=ticket, sender_address="anna@krumins.example")
        assert is_on_ticket(ticket, "Peteris@krumins.example")
        assert is_on_ticket(ticket, "anna@krumins.example")
        assert not is_on_ticket(ticket, "cits@krumins.example")

    def test_the_desk_s_own_address_on_its_replies_does_not_count(self, ticket, answer, desk):
        answer(ticket)
        assert not is_on_ticket(ticket, desk.address)

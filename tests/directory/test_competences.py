"""Whose matter what is: topics, orders, who is asked today; and the people of the desk."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction

from audit.models import Event
from directory.actions import change_order, change_person, employ, end_order, enter_absence, enter_order, enter_topic
from directory.actions.absences import AbsenceFacts
from directory.actions.competences import (
    OrderEndPast,
    OrderFacts,
    OrderInForce,
    OrderStartTaken,
    TopicFacts,
    TopicTaken,
    change_topic,
)
from directory.actions.people import EmailTaken
from directory.models import Competence, CompetenceOrder, Topic, User
from directory.queries import competence_for, expert_for
from tests.support.facts import fresh
from tests.support.office import make_employee, riga

pytestmark = pytest.mark.django_db

NINE = riga("2025-11-10 09:00")
TODAY = date(2025, 11, 10)
DAY = timedelta(days=1)
WEEK = timedelta(days=7)


@pytest.fixture
def manager(desk):
    return make_employee("Dace Vadone", "manager", desk=desk).user


@pytest.fixture
def andris(desk):
    return make_employee("Andris Vitolkalns", "expert", desk=desk)


@pytest.fixture
def topic(desk, manager):
    return enter_topic(desk, TopicFacts("parskati", "Pārskati"), by=manager, at=NINE)


@pytest.fixture
def order(desk, manager):
    """Return a function that enters an order from a day on."""

    def order(lines, *, number="1-3/7", valid_from=TODAY, valid_until=None, at=NINE):
        facts = OrderFacts(number, TODAY - WEEK, valid_from, valid_until, lines)
        return enter_order(desk, facts, by=manager, at=at)

    return order


class TestTopics:
    """E-II.4b: a desk's topics have a code and a name, each once; a retired one stays in old orders."""

    def test_it_is_entered_and_recorded(self, topic, manager):
        event = Event.objects.get(verb="topic.entered")
        assert (event.by, event.data["code"], topic.is_retired) == (manager, "parskati", False)

    def test_a_second_with_its_code_or_name_is_refused(self, desk, topic, manager):
        for facts in (TopicFacts("parskati", "Cits"), TopicFacts("cits", "Pārskati")):
            with pytest.raises(TopicTaken):
                enter_topic(desk, facts, by=manager, at=NINE)

    def test_another_desk_may_have_the_same(self, cast, topic, manager):
        enter_topic(cast.other_desk, TopicFacts("parskati", "Pārskati"), by=manager, at=NINE)
        assert Topic.objects.filter(code="parskati").count() == 2

    def test_only_what_changed_is_recorded(self, topic, manager):
        change_topic(topic, TopicFacts("parskati", "Pārskati", needs_second_approval=True), by=manager, at=NINE)
        change_topic(topic, TopicFacts("parskati", "Pārskati", needs_second_approval=True), by=manager, at=NINE)
        (event,) = Event.objects.filter(verb="topic.changed")
        assert event.data == {"needs_second_approval": [False, True]}


class TestOrders:
    """E-II.4b: by MKD's order on the distribution of competence; a new one supersedes from its first day."""

    def test_it_names_the_main_employee_and_the_substitutes_in_order(self, cast, andris, topic, order):
        made = order({topic.pk: (cast.santa.pk, andris.pk, cast.ilze.pk)})
        found = competence_for(topic, TODAY)
        assert (found.main, found.substitutes, found.order) == (cast.santa, (andris, cast.ilze), made)

    def test_before_its_first_day_nobody_answers(self, cast, topic, order):
        order({topic.pk: (cast.santa.pk,)})
        found = competence_for(topic, TODAY - DAY)
        assert (found.main, found.order) == (None, None)

    def test_the_new_one_supersedes_from_its_first_day_and_the_past_keeps_the_old(self, cast, andris, topic, order):
        old = order({topic.pk: (cast.santa.pk,)})
        new = order({topic.pk: (andris.pk,)}, number="1-3/8", valid_from=TODAY + WEEK)
        assert competence_for(topic, TODAY + WEEK - DAY).order == old
        assert competence_for(topic, TODAY + WEEK).order == new
        assert competence_for(topic, TODAY + WEEK).main == andris

    def test_a_topic_that_the_order_in_force_leaves_out_is_a_gap(self, cast, topic, order):
        made = order({})
        found = competence_for(topic, TODAY)
        assert (found.main, found.people, found.order) == (None, (), made)

    def test_who_may_no_longer_sign_in_gives_way_to_the_substitute(self, cast, andris, topic, order):
        order({topic.pk: (cast.santa.pk, andris.pk)})
        User.objects.filter(employee=cast.santa).update(is_active=False)
        assert competence_for(topic, TODAY).main == andris

    def test_two_cannot_begin_on_one_day(self, cast, topic, order):
        order({topic.pk: (cast.santa.pk,)})
        with pytest.raises(OrderStartTaken):
            order({}, number="1-3/8")

    def test_the_database_takes_nobody_twice_for_one_topic(self, cast, topic, order):
        made = order({topic.pk: (cast.santa.pk,)})
        with pytest.raises(IntegrityError), transaction.atomic():
            Competence.objects.create(order=made, topic=topic, employee=cast.santa, place=1)

    def test_before_its_first_day_it_may_be_changed(self, cast, andris, topic, order, manager):
        made = order({topic.pk: (cast.santa.pk,)}, valid_from=TODAY + DAY)
        facts = OrderFacts("1-3/7", TODAY - WEEK, TODAY + DAY, None, {topic.pk: (andris.pk, cast.santa.pk)})
        change_order(made, facts, by=manager, at=NINE)
        assert competence_for(topic, TODAY + DAY).people == (andris, cast.santa)
        (event,) = Event.objects.filter(verb="order.changed")
        lines = {str(topic.pk): [cast.santa.pk]}, {str(topic.pk): [andris.pk, cast.santa.pk]}
        assert event.data == {"lines": list(lines)}

    def test_from_its_first_midnight_on_it_may_not(self, cast, topic, order, manager):
        made = order({topic.pk: (cast.santa.pk,)}, valid_from=TODAY + DAY)
        facts = OrderFacts("cits", TODAY, TODAY + DAY, None, {})
        with pytest.raises(OrderInForce):
            change_order(made, facts, by=manager, at=riga("2025-11-11 00:00"))
        change_order(made, facts, by=manager, at=riga("2025-11-10 23:59:59"))

    def test_it_is_given_a_last_day_after_which_none_binds(self, cast, topic, order, manager):
        made = order({topic.pk: (cast.santa.pk,)})
        end_order(made, TODAY, by=manager, at=NINE)
        assert competence_for(topic, TODAY).main == cast.santa
        assert competence_for(topic, TODAY + DAY).order is None

    def test_what_was_decided_by_it_stays(self, cast, topic, order, manager):
        made = order({topic.pk: (cast.santa.pk,)}, valid_from=TODAY - WEEK)
        with pytest.raises(OrderEndPast):
            end_order(made, TODAY - DAY, by=manager, at=NINE)
        end_order(made, TODAY, by=manager, at=NINE)
        with pytest.raises(OrderEndPast):
            end_order(made, TODAY + WEEK, by=manager, at=riga("2025-11-11 09:00"))


class TestExpert:
    """E-II.4b: absent → substitute."""

    def test_the_substitute_is_asked_while_the_main_one_is_away(self, cast, andris, topic, order):
        order({topic.pk: (cast.santa.pk, andris.pk)})
        enter_absence(cast.santa, AbsenceFacts(TODAY, TODAY, "vacation", None), by=None, at=NINE)
        assert [expert_for(topic, TODAY + DAY * number) for number in (-1, 0, 1)] == [None, andris, cast.santa]

    def test_with_all_away_the_main_one_s_stand_in_is(self, cast, topic, order):
        order({topic.pk: (cast.santa.pk,)})
        enter_absence(cast.santa, AbsenceFacts(TODAY, TODAY, "vacation", cast.ilze.pk), by=None, at=NINE)
        assert expert_for(topic, TODAY) == cast.ilze


class TestPeople:
    """E-I.3: who works at the desk, as what; the manager enters and changes it."""

    FACTS = {"first_name": "Anna", "last_name": "Jaunā", "position": "eksperte", "unit": "PUD", "phone": "1"}

    def test_a_new_person_has_a_role_and_no_password(self, desk, manager):
        made = employ(desk, "anna@x.example", roles=["expert"], by=manager, at=NINE, languages=["lv"], **self.FACTS)
        assert (made.unit, made.languages, made.user.has_usable_password()) == ("PUD", ["lv"], False)
        assert list(made.roles.values_list("desk", "name")) == [(desk.pk, "expert")]

    def test_nobody_signs_in_with_another_s_address(self, desk, cast, manager):
        with pytest.raises(EmailTaken):
            employ(desk, cast.ilze.user.email, roles=["expert"], by=manager, at=NINE, **self.FACTS)

    def test_roles_are_given_and_taken_at_this_desk_only(self, desk, cast, manager):
        change_person(cast.otto, desk, roles=["expert"], by=manager, at=NINE, unit="PUD")
        change_person(cast.otto, desk, roles=["director"], by=manager, at=NINE)
        assert set(cast.otto.roles.values_list("desk", "name")) == {
            (desk.pk, "director"),
            (cast.other_desk.pk, "administrator"),
        }
        assert Event.objects.filter(verb="role.revoked").count() == 1
        assert fresh(cast.otto).unit == "PUD"


class TestPages:
    """E-II.4b: everybody of the desk sees who answers for what; the manager enters it."""

    @pytest.fixture(autouse=True)
    def monday(self, clock, cast):
        clock.move_to(NINE)

    @pytest.fixture
    def browse(self, client):
        def browse(user):
            client.force_login(user)
            return client

        return browse

    def test_everybody_of_the_desk_sees_them_and_an_outsider_does_not(self, browse, cast, topic, order, manager):
        made = order({topic.pk: (cast.santa.pk,)})
        paths = ("/competences/", "/people/", f"/competences/orders/{made.pk}/")
        for user in (cast.ilze.user, cast.santa.user, cast.gunta.user, manager):
            assert [browse(user).get(path).status_code for path in paths] == [200, 200, 200]
        assert browse(cast.otto.user).get(f"/competences/orders/{made.pk}/").status_code == 404
        assert "Pārskati" not in browse(cast.otto.user).get("/competences/").content.decode()

    def test_only_the_manager_changes_them(self, browse, cast, topic, order):
        made = order({topic.pk: (cast.santa.pk,)}, valid_from=TODAY + DAY)
        paths = ["/competences/topics/new/", f"/competences/topics/{topic.pk}/", "/competences/orders/new/"]
        paths += [f"/competences/orders/{made.pk}/change/", f"/people/{cast.ilze.pk}/", "/people/new/"]
        for user in (cast.ilze.user, cast.santa.user, cast.raimonds.user, cast.gunta.user):
            assert {browse(user).post(path).status_code for path in paths} == {403}
        assert browse(cast.ilze.user).post(f"/competences/orders/{made.pk}/end/").status_code == 403

    def test_a_gap_and_who_is_asked_instead_are_shown(self, browse, cast, desk, andris, topic, order, manager):
        gap = enter_topic(desk, TopicFacts("rekini", "Rēķini"), by=manager, at=NINE)
        order({topic.pk: (cast.santa.pk, andris.pk)})
        enter_absence(cast.santa, AbsenceFacts(TODAY, TODAY, "vacation", None), by=None, at=NINE)
        page = browse(cast.ilze.user).get("/competences/")
        rows = {row.topic: row for row in page.context["rows"]}
        assert (rows[topic].asked, rows[gap].is_gap, page.context["gaps"]) == (andris, True, 1)

    def test_a_new_order_is_filled_in_from_the_last_and_saved(self, browse, cast, andris, topic, order, manager):
        order({topic.pk: (cast.santa.pk, andris.pk)})
        form = browse(manager).get("/competences/orders/new/").context["form"]
        assert (form[f"topic_{topic.pk}_0"].value(), form[f"topic_{topic.pk}_1"].value()) == (cast.santa.pk, andris.pk)
        data = {"number": "1-3/9", "dated_on": "2025-11-10", "valid_from": "2025-11-12"}
        data |= {f"topic_{topic.pk}_0": andris.pk, f"topic_{topic.pk}_1": cast.santa.pk}
        assert browse(manager).post("/competences/orders/new/", data).status_code == 302
        assert competence_for(topic, date(2025, 11, 12)).people == (andris, cast.santa)

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"valid_from": "2025-11-10"}, "valid_from"),
            ({"valid_until": "2025-11-11"}, "valid_until"),
            ({"number": ""}, "number"),
            ({"first": ""}, "topic_0"),
            ({"second": "same"}, "topic_0"),
        ],
    )
    def test_what_is_wrong_is_said_at_its_field(self, browse, cast, andris, topic, order, manager, changes, field):
        order({topic.pk: (cast.santa.pk,)})
        data = {"number": "2", "dated_on": "2025-11-10", "valid_from": "2025-11-12", "first": cast.santa.pk}
        data |= {"second": andris.pk, **changes}
        first, second = data.pop("first"), data.pop("second")
        data |= {f"topic_{topic.pk}_0": first, f"topic_{topic.pk}_1": first if second == "same" else second}
        page = browse(manager).post("/competences/orders/new/", data)
        assert page.status_code == 422
        assert list(page.context["form"].errors) == [field.replace("topic", f"topic_{topic.pk}")]
        assert CompetenceOrder.objects.count() == 1

    def test_an_order_in_force_is_refused_at_the_form_too(self, browse, cast, topic, order, manager):
        made = order({topic.pk: (cast.santa.pk,)})
        data = {"number": "2", "dated_on": "2025-11-10", "valid_from": "2025-11-10"}
        page = browse(manager).post(f"/competences/orders/{made.pk}/change/", data)
        assert (page.status_code, fresh(made).number) == (422, "1-3/7")

    def test_its_end_is_entered_or_refused_at_the_field(self, browse, cast, topic, order, manager):
        made = order({topic.pk: (cast.santa.pk,)})
        path = f"/competences/orders/{made.pk}/end/"
        assert browse(manager).post(path, {"valid_until": "2025-11-09"}).status_code == 422
        assert browse(manager).post(path, {"valid_until": "2025-11-30"}).status_code == 302
        assert fresh(made).valid_until == date(2025, 11, 30)

    def test_a_topic_is_entered_and_a_taken_code_said_at_its_field(self, browse, desk, manager):
        data = {"name": "Rēķini", "code": "rekini", "description": ""}
        assert browse(manager).post("/competences/topics/new/", data).status_code == 302
        page = browse(manager).post("/competences/topics/new/", data)
        assert (page.status_code, list(page.context["form"].errors)) == (422, ["code"])

    def test_the_number_of_queries_does_not_grow_with_the_topics(
        self, browse, cast, desk, andris, topic, order, manager, django_assert_num_queries
    ):
        def queries():
            from django.db import connection
            from django.test.utils import CaptureQueriesContext

            with CaptureQueriesContext(connection) as seen:
                assert browse(manager).get("/competences/").status_code == 200
                assert browse(manager).get("/people/").status_code == 200
            return len(seen)

        order({topic.pk: (cast.santa.pk, andris.pk)}, valid_from=TODAY - WEEK)
        few = queries()
        lines = {topic.pk: (cast.santa.pk,)}
        for number in range(10):
            one = enter_topic(desk, TopicFacts(f"t{number}", f"Temats {number}"), by=manager, at=NINE)
            lines[one.pk] = (andris.pk, cast.santa.pk)
            make_employee(f"Persona{number} Cita", "expert", desk=desk)
        order(lines, number="2")
        enter_absence(andris, AbsenceFacts(TODAY, TODAY, "vacation", cast.ilze.pk), by=None, at=NINE)
        assert queries() <= few + 1  # the stand-ins of those who are away

    def test_the_manager_changes_a_person_and_adds_one(self, browse, desk, cast, manager):
        data = {"first_name": "Santa", "last_name": "Grinvalde", "position": "eksperte", "unit": "PUD", "phone": "1"}
        data |= {"languages": ["lv", "en"], "roles": ["expert", "administrator"]}
        assert browse(manager).post(f"/people/{cast.santa.pk}/", data).status_code == 302
        assert fresh(cast.santa).languages == ["lv", "en"]
        assert set(cast.santa.roles.values_list("name", flat=True)) == {"expert", "administrator"}
        new = {**data, "email": "Jauna@Office.example"}
        assert browse(manager).post("/people/new/", new).status_code == 302
        assert User.objects.get(email="jauna@office.example").employee.unit == "PUD"
        assert browse(manager).post("/people/new/", new).status_code == 422

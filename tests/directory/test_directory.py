"""Who is who: clients by their address, people by their profile and their rights."""

import pytest
from django.db import IntegrityError, transaction

from audit.models import Event
from directory.actions import change_profile, enter_clients, grant_role, register_client, unknown_client
from directory.actions.clients import confirm_client
from directory.models import Client, ClientAddress, Employee, Role, User
from directory.queries import clients_by_address, desks_where, is_allowed, role_names_of
from directory.rights import RIGHTS, Right
from directory.signature import ProfileIncomplete, gaps, signature
from tests.support.facts import fresh
from tests.support.office import make_employee, recognised, riga

NINE = riga("2025-11-10 09:00")


@pytest.mark.django_db
class TestClients:
    """E-II.1a: who writes is recognised by address, whatever its case; nobody is made twice."""

    def test_a_stranger_is_made_unconfirmed_and_recorded(self):
        client = recognised(" Anna@Ozola.Example ", "Anna Ozola", at=NINE)
        assert (client.name, client.is_confirmed) == ("Anna Ozola", False)
        assert client.addresses.get().email == "anna@ozola.example"
        event = Event.objects.get(verb="client.created")
        assert (event.by, event.at, event.data) == (None, NINE, {"email": "anna@ozola.example"})

    def test_who_is_known_is_found_and_nothing_is_written(self, django_assert_num_queries):
        client = recognised("anna@ozola.example", "Anna Ozola", at=NINE)
        confirm_client(client, by=None, at=NINE)
        with django_assert_num_queries(1):
            assert clients_by_address(["ANNA@OZOLA.EXAMPLE"], NINE.date()) == {"anna@ozola.example": client}
        assert recognised("ANNA@OZOLA.EXAMPLE", "Cits vārds", at=NINE) == client
        assert fresh(client).name == "Anna Ozola"

    def test_all_addresses_of_a_client_are_theirs(self):
        client = recognised("anna@ozola.example", "Anna Ozola", at=NINE)
        ClientAddress.objects.create(client=client, email="anna@birojs.example")
        assert recognised("anna@birojs.example", "", at=NINE) == client

    def test_the_database_itself_makes_nobody_twice(self):
        """Who comes second repeats the whole of it, and finds the first one's client."""
        first = recognised("anna@ozola.example", "Anna", at=NINE)
        with pytest.raises(IntegrityError), transaction.atomic():
            enter_clients({"anna@ozola.example": unknown_client("anna@ozola.example", "Anna")}, at=NINE)
        assert recognised("anna@ozola.example", "Anna", at=NINE) == first == Client.objects.get()

    def test_one_whom_the_office_enters_is_confirmed(self, ilze):
        client = register_client("Anna@Ozola.example", "Anna Ozola", "supervisor", by=ilze, at=NINE)
        assert (client.is_confirmed, client.kind) == (True, "supervisor")
        assert recognised("anna@ozola.example", "", at=NINE) == client


class TestRights:
    """E-I.4, S-24: least privilege: one table of role and right, at one's own desk only."""

    ALLOWED = {
        Right.READ: {"administrator", "expert", "deputy_director", "director"},
        Right.READ_ALL: {"administrator", "deputy_director", "director"},
        Right.DRAFT: {"expert"},
        Right.HAND_OVER: {"administrator", "deputy_director", "director"},
        Right.NOTE: {"administrator", "expert", "deputy_director", "director"},
        Right.WORK: {"administrator"},
        Right.MAIL: {"administrator"},
        Right.OUTAGE: {"administrator"},
        Right.APPROVE_REPLY: {"deputy_director", "director"},
        Right.OVERDUE: {"administrator", "deputy_director", "director"},
        Right.SETTINGS: {"manager"},
        Right.WITHDRAW: {"deputy_director", "manager"},
        Right.DIRECTORY: {"manager"},
        Right.ABSENCES: {"manager", "director"},
        Right.CLIENTS: {"administrator", "manager"},
        Right.WORDING: {"administrator", "manager"},
        Right.ARTICLES: {"administrator", "expert", "deputy_director", "director"},
        Right.APPROVE: {"deputy_director", "director"},
    }

    def test_the_table_is_what_the_office_agreed(self):
        assert {right: {str(role) for role in roles} for right, roles in RIGHTS.items()} == self.ALLOWED

    @pytest.mark.django_db
    @pytest.mark.parametrize("role", Role.Name.values)
    def test_a_role_gives_its_rights_at_its_desk_and_nowhere_else(self, desk, cast, role):
        person = make_employee("Dace Cita", role, desk=desk).user
        for right, roles in self.ALLOWED.items():
            assert is_allowed(person, right, desk.pk) == (role in roles)
            assert not is_allowed(person, right, cast.other_desk.pk)

    @pytest.mark.django_db
    def test_a_person_may_hold_several_roles_at_several_desks(self, desk, cast):
        grant_role(cast.santa, cast.other_desk, "administrator", by=None, at=NINE)
        assert desks_where(cast.santa.user, Right.READ) == [desk.pk, cast.other_desk.pk]
        assert desks_where(cast.santa.user, Right.WORK) == [cast.other_desk.pk]
        assert role_names_of(cast.santa.user) == {"expert", "administrator"}

    @pytest.mark.django_db
    def test_granting_twice_is_granting_once(self, desk, cast, ilze):
        before = Event.objects.filter(verb="role.granted").count()
        grant_role(cast.santa, desk, "director", by=ilze, at=NINE)
        grant_role(cast.santa, desk, "director", by=ilze, at=NINE)
        assert Event.objects.filter(verb="role.granted").count() == before + 1
        assert cast.santa.roles.count() == 2


@pytest.mark.django_db
class TestSignature:
    """E-I.6: a reply ends with name, surname, position and contact details; who lacks one is told which."""

    def test_it_is_in_latvian_whatever_the_reader_s_language(self, desk, cast):
        from django.utils import translation

        with translation.override("en"):
            assert signature(cast.ilze, desk).startswith("Ar cieņu\nIlze Kalnciema, IS administratore\n")

    def test_a_desk_without_an_office_leaves_it_out(self, desk, cast):
        desk.office = ""
        assert signature(cast.ilze, desk).endswith("\ntālr. +371 2000 0001, emus@desk.example")

    @pytest.mark.parametrize("field", ["first_name", "last_name", "position", "phone"])
    def test_each_gap_is_named(self, desk, field):
        person = Employee(first_name="A", last_name="B", position="C", phone="D")
        assert gaps(person) == []
        setattr(person, field, " ")
        assert len(gaps(person)) == 1
        with pytest.raises(ProfileIncomplete):
            signature(person, desk)


@pytest.mark.django_db
class TestProfile:
    """E-I.6: a person changes what stands under their replies; every change is recorded."""

    NEW = {"first_name": "Ilze", "last_name": "Kalnciema", "position": "vecākā IS administratore", "phone": "+371 1"}

    def test_a_change_is_recorded_old_and_new(self, ilze):
        change_profile(ilze.employee, **self.NEW, by=ilze, at=NINE)
        event = Event.objects.get(verb="employee.changed")
        assert (event.by, event.data) == (
            ilze,
            {"position": ["IS administratore", "vecākā IS administratore"], "phone": ["+371 2000 0001", "+371 1"]},
        )

    def test_no_change_is_no_event(self, ilze):
        change_profile(ilze.employee, **self.NEW, by=ilze, at=NINE)
        change_profile(ilze.employee, **self.NEW, by=ilze, at=NINE)
        assert Event.objects.filter(verb="employee.changed").count() == 1

    def test_the_page_shows_and_saves_it(self, client, ilze):
        client.force_login(ilze)
        assert "IS administratore" in client.get("/profile/").content.decode()
        assert client.post("/profile/", self.NEW).status_code == 302
        assert fresh(ilze.employee).position == "vecākā IS administratore"

    def test_with_a_field_left_out_it_is_shown_again_with_what_was_typed(self, client, ilze):
        client.force_login(ilze)
        answer = client.post("/profile/", {**self.NEW, "phone": ""})
        assert (answer.status_code, "vecākā" in answer.content.decode()) == (422, True)
        assert fresh(ilze.employee).position == "IS administratore"

    def test_it_says_what_a_signature_still_lacks(self, client, ilze):
        Employee.objects.filter(pk=ilze.employee.pk).update(phone="")
        client.force_login(ilze)
        assert len(client.get("/profile/").context["missing"]) == 1

    def test_nobody_changes_another_s(self, client, ilze, cast):
        client.force_login(cast.santa.user)
        client.post("/profile/", self.NEW)
        assert fresh(ilze.employee).position == "IS administratore"


@pytest.mark.django_db
class TestSignIn:
    """E-I.4: nothing is to be seen without signing in."""

    @pytest.mark.parametrize(
        "path",
        [
            "/",
            "/queue/",
            "/tickets/EMUS-2025-00001/",
            "/mail/",
            "/outgoing/",
            "/notices/",
            "/overdue/",
            "/profile/",
            "/strip/",
        ],
    )
    def test_every_page_leads_to_the_sign_in_page_and_back(self, client, path):
        answer = client.get(path)
        assert (answer.status_code, answer.url) == (302, f"/sign-in/?next={path}")

    def test_the_sign_in_page_answers(self, client):
        assert client.get("/sign-in/").status_code == 200

    @pytest.mark.parametrize("address", ["ilze.kalnciema@office.example", "Ilze.Kalnciema@Office.EXAMPLE"])
    def test_the_address_counts_in_any_case(self, client, ilze, address):
        answer = client.post("/sign-in/", {"username": address, "password": "parole"})
        assert (answer.status_code, answer.url) == (302, "/")

    @pytest.mark.parametrize("wrong", [{"password": "nepareiza"}, {"username": "nav@office.example"}])
    def test_wrong_words_do_not_open(self, client, ilze, wrong):
        answer = client.post("/sign-in/", {"username": ilze.email, "password": "parole", **wrong})
        assert answer.status_code == 200
        assert "_auth_user_id" not in client.session

    def test_who_has_left_does_not_come_in(self, client, ilze):
        User.objects.filter(pk=ilze.pk).update(is_active=False)
        client.post("/sign-in/", {"username": ilze.email, "password": "parole"})
        assert "_auth_user_id" not in client.session

    @pytest.mark.parametrize(
        ("who", "where"),
        [("ilze", "/queue/"), ("santa", "/drafts/"), ("raimonds", "/overdue/"), ("gunta", "/overdue/")],
    )
    def test_each_person_is_led_to_their_page(self, client, cast, who, where):
        client.force_login(getattr(cast, who).user)
        assert client.get("/").url == where

    def test_the_sign_of_life_asks_nobody(self, client):
        assert (client.get("/healthz").status_code, client.get("/healthz").content) == (200, b"ok\n")

    def test_a_form_without_its_token_is_refused(self, ilze):
        from django.test import Client as Browser

        browser = Browser(enforce_csrf_checks=True)
        browser.force_login(ilze)
        assert browser.post("/profile/", TestProfile.NEW).status_code == 403

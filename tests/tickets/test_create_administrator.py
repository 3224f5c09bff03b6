"""An office that starts without the demonstration makes its first person and desk by one command."""

import pytest
from django.core.management import CommandError, call_command

from directory.models import Desk, Employee, Role
from sla.models import Calendar, Policy
from sla.queries import calendar_of
from tests.support.office import riga

pytestmark = pytest.mark.django_db
FACTS = {
    "email": "Anna@office.example",
    "first_name": "Anna",
    "last_name": "Ābele",
    "position": "IS administratore",
    "phone": "+371 2000 0001",
    "address": "support@office.example",
}


@pytest.fixture(autouse=True)
def no_terminal(monkeypatch):
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)


@pytest.fixture
def password(monkeypatch):
    monkeypatch.setenv("ADMINISTRATOR_PASSWORD", "gara un droša parole")


def run(capsys=None, **changes):
    call_command("create_administrator", **{**FACTS, **changes})
    return capsys.readouterr().out if capsys else ""


class TestFirstRun:
    def test_the_person_can_sign_in_and_open_the_set_up_pages(self, password, client):
        run()
        assert client.login(username="anna@office.example", password="gara un droša parole")
        user = Employee.objects.get().user
        assert (user.is_staff, user.is_superuser) == (True, True)

    def test_they_are_administrator_and_manager_of_the_desk(self, password):
        run()
        desk = Desk.objects.get(code="emus")
        assert desk.address == "support@office.example"
        assert set(Role.objects.filter(desk=desk).values_list("name", flat=True)) == {"administrator", "manager"}

    def test_the_desk_knows_its_working_time_and_terms(self, password):
        run()
        desk = Desk.objects.get()
        assert Policy.objects.filter(desk=desk, kind="reply").exists()
        calendar = calendar_of(desk).working
        assert calendar.is_open(riga("2026-11-16 09:00"))
        assert not calendar.is_open(riga("2026-11-18 09:00"))  # a public holiday


class TestSecondRun:
    def test_it_changes_nothing_and_says_so(self, password, capsys):
        run()
        before = Calendar.objects.get().version
        words = run(capsys, first_name="Beata", desk_name="Cits", address="other@office.example")
        assert "exists already" in words
        assert (Desk.objects.count(), Employee.objects.count(), Role.objects.count()) == (1, 1, 2)
        assert (Employee.objects.get().first_name, Desk.objects.get().address) == ("Anna", "support@office.example")
        assert Calendar.objects.get().version == before

    def test_it_needs_no_password(self, password, monkeypatch):
        run()
        monkeypatch.delenv("ADMINISTRATOR_PASSWORD")
        run()


class TestRefusals:
    @pytest.mark.parametrize("missing", sorted(FACTS))
    def test_what_is_missing_is_named(self, password, missing):
        with pytest.raises(CommandError, match=f"--{missing.replace('_', '-')} is needed"):
            run(**{missing: None})
        assert not Desk.objects.exists()

    def test_an_address_that_another_desk_has(self, password):
        run()
        with pytest.raises(CommandError, match="is the address of another desk"):
            run(desk="other")

    def test_a_wrong_address(self, password):
        with pytest.raises(CommandError, match="'support' is no e-mail address"):
            run(address="support")

    @pytest.mark.parametrize(("given", "words"), [("", "A password is needed"), ("12345678", "(?i)parol|password")])
    def test_no_password_or_a_simple_one_leaves_nothing_behind(self, monkeypatch, given, words):
        monkeypatch.setenv("ADMINISTRATOR_PASSWORD", given)
        with pytest.raises(CommandError, match=words):
            run()
        assert not Desk.objects.exists()

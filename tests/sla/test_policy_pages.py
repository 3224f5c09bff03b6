"""The terms' pages: what is owed in words, and a new version that leaves running deadlines alone."""

from datetime import timedelta

import pytest

from sla.models import Policy
from tests.support.facts import deadline, fresh
from tests.support.office import make_employee, riga

pytestmark = pytest.mark.django_db

MONDAY = riga("2025-11-10 09:00")


@pytest.fixture(autouse=True)
def monday(clock, cast):
    clock.move_to(MONDAY)


@pytest.fixture
def manager(cast, desk):
    return make_employee("Dace Vadone", "manager", desk=desk).user


@pytest.fixture
def browse(client):
    def browse(user):
        client.force_login(user)
        return client

    return browse


@pytest.fixture
def reply_term(desk):
    return Policy.objects.get(desk=desk, kind="reply")


def form(**changes):
    """Return the form of the reply's term as it is posted: two business days from tomorrow on."""
    data = {"amount": 2, "unit": "business_days", "tell_breach": ["administrator", "deputy_director"]}
    data |= {"late_receipt": "same_day", "may_pause": "on", "valid_from": "2025-11-11"}
    data |= {"warn_0": 2, "warn_unit_0": "working_hours", "warn_tell_0": ["administrator"]}
    data |= {"warn_unit_1": "business_days", "warn_unit_2": "business_days"}
    return {**data, **changes}


class TestTerms:
    """E-II, E-III: what is owed within what, and who is told, as the desk has it."""

    def test_every_kind_stands_there_with_its_paragraph(self, browse, ilze):
        rows = browse(ilze).get("/terms/", headers={"accept-language": "en"}).context["rows"]
        assert [(row.now.policy.kind, row.now.policy.variant) for row in rows] == [
            ("mark", ""), ("reply", ""), ("draft", ""), ("send_draft", ""), ("promised", ""), ("callback", ""),
            ("phone_answer", ""), ("incident_notice", ""), ("incident_notice", "phone"), ("breach_report", ""),
        ]  # fmt: skip
        assert [row.now.amount for row in rows][:3] == ["60 working minutes", "1 business day", "3 business days"]
        assert rows[-1].now.amount == "72 hours by the clock"
        assert rows[1].now.paragraph == "Guidelines II.3"

    def test_what_the_office_chose_is_named_as_its_choice(self, browse, ilze):
        reply = browse(ilze).get("/terms/", headers={"accept-language": "en"}).context["rows"][1]
        assert "stops while the client is asked" in reply.now.choices

    def test_only_the_manager_changes_one(self, browse, cast, manager, reply_term):
        path = f"/terms/{reply_term.pk}/"
        for person in (cast.ilze, cast.santa, cast.raimonds, cast.gunta):
            assert browse(person.user).get(path).status_code == 403
            assert browse(person.user).post(path, form()).status_code == 403
        assert browse(cast.otto.user).get(path).status_code == 404
        assert browse(manager).get(path).status_code == 200
        assert Policy.objects.filter(kind="reply", desk=reply_term.desk).count() == 1


class TestChange:
    """E-II.3: a new version is in force from its day on; a deadline keeps the one it began under."""

    def test_it_makes_a_version_from_the_chosen_midnight(self, browse, manager, reply_term, receive):
        answer = browse(manager).post(f"/terms/{reply_term.pk}/", form())
        assert (answer.status_code, answer.url) == (302, "/terms/")
        version = Policy.objects.get(kind="reply", desk=reply_term.desk, days=2)
        assert version.valid_from == riga("2025-11-11 00:00")
        assert version.warnings == [{"unit": "working_time", "minutes": 120, "tell": ["administrator"]}]
        assert deadline(receive(MONDAY), "reply").due_at == riga("2025-11-11 17:00")
        assert deadline(receive(riga("2025-11-11 09:00"), message_id="<2@x.example>"), "reply").due_at == riga(
            "2025-11-13 17:00"
        )

    def test_the_list_names_the_version_to_come(self, browse, manager, reply_term):
        browser = browse(manager)
        browser.post(f"/terms/{reply_term.pk}/", form())
        row = browser.get("/terms/").context["rows"][1]
        assert (row.now.policy, [one.policy.days for one in row.later]) == (reply_term, [2])

    def test_the_ticket_says_under_which_version_a_deadline_runs(self, browse, manager, reply_term, receive, clock):
        ticket = receive(MONDAY).ticket
        browse(manager).post(f"/terms/{reply_term.pk}/", form())
        ilze = ticket.desk.employees.get(first_name="Ilze").user

        def versions():
            page = browse(ilze).get(f"/tickets/{ticket.number}/", headers={"accept-language": "en"})
            return {one.deadline.kind: one.version for one in page.context["deadlines"]}

        assert versions() == {"mark": "", "reply": ""}
        clock.move_to(riga("2025-11-11 09:00"))
        assert versions() == {"mark": "", "reply": "by the term in force before 11 Nov 2025: 1 business day"}

    def test_a_superseded_version_can_no_longer_be_changed(self, browse, manager, reply_term, clock):
        browse(manager).post(f"/terms/{reply_term.pk}/", form())
        clock.move_to(riga("2025-11-11 00:00"))
        assert browse(manager).get(f"/terms/{reply_term.pk}/").status_code == 404

    def test_no_change_makes_no_version(self, browse, manager, reply_term):
        browse(manager).post(f"/terms/{reply_term.pk}/", form(amount=1))
        assert Policy.objects.filter(kind="reply", desk=reply_term.desk).count() == 1

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"valid_from": "2025-11-10"}, "valid_from"),
            ({"valid_from": "tomorrow"}, "valid_from"),
            ({"amount": 0}, "amount"),
            ({"tell_breach": []}, "tell_breach"),
            ({"warn_0": ""}, "warn_0"),
            ({"warn_tell_0": []}, "warn_tell_0"),
            ({"warn_0": 2, "warn_unit_0": "business_days"}, "warn_0"),
            ({"late_receipt": "never"}, "late_receipt"),
        ],
    )
    def test_what_is_wrong_is_said_at_its_field(self, browse, manager, reply_term, changes, field):
        page = browse(manager).post(f"/terms/{reply_term.pk}/", form(**changes))
        assert (page.status_code, list(page.context["form"].errors)) == (422, [field])

    def test_a_promise_has_no_amount_of_its_own(self, browse, manager, desk):
        term = Policy.objects.get(desk=desk, kind="promised")
        data = form(tell_breach=["director"])
        assert browse(manager).post(f"/terms/{term.pk}/", data).status_code == 302
        assert Policy.objects.filter(desk=desk, kind="promised").latest("valid_from").tell_breach == ["director"]

    def test_a_term_on_a_clock_runs_on_while_the_client_is_asked(self, browse, manager, reply_term):
        browse(manager).post(f"/terms/{reply_term.pk}/", form(amount=8, unit="working_hours"))
        version = Policy.objects.filter(kind="reply", desk=reply_term.desk).latest("valid_from")
        assert (version.unit, version.days, version.span, version.may_pause) == (
            "working_time", None, timedelta(hours=8), False,
        )  # fmt: skip


def test_the_version_that_is_not_in_force_yet_gives_way_to_another_of_its_day(client, manager, reply_term):
    client.force_login(manager)
    client.post(f"/terms/{reply_term.pk}/", form())
    later = Policy.objects.get(kind="reply", desk=reply_term.desk, days=2)
    client.post(f"/terms/{later.pk}/", form(amount=3))
    assert list(Policy.objects.filter(kind="reply", desk=reply_term.desk).values_list("days", flat=True)) == [1, 3]
    assert fresh(reply_term).days == 1

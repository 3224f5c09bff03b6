"""Who is away, who stands in, and who may say so."""

import threading
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.models import Event
from directory.actions import cancel_absence, change_absence, enter_absence, grant_role
from directory.actions.absences import AbsenceFacts, AbsenceOverlaps, NamedByDirector, StandInLoop
from directory.models import Absence
from directory.queries import present, stand_ins
from tests.support.facts import fresh
from tests.support.office import make_employee, riga

pytestmark = pytest.mark.django_db

NINE = riga("2025-11-10 09:00")
TODAY = date(2025, 11, 10)
DAY = timedelta(days=1)


def facts(stand_in=None, *, first_on=TODAY, days=1, kind="vacation"):
    return AbsenceFacts(first_on, first_on + DAY * (days - 1), kind, stand_in.pk if stand_in else None)


def enter(employee, stand_in=None, *, by=None, **rest):
    return enter_absence(employee, facts(stand_in, **rest), by=by, at=NINE)


class TestAbsence:
    """E-II.4b: absences with stand-ins; loops are refused; every write is recorded."""

    def test_it_is_entered_and_recorded(self, cast):
        enter(cast.ilze, cast.santa, by=cast.ilze.user, days=3)
        event = Event.objects.get(verb="absence.entered")
        assert (event.by, event.data["first_on"], event.data["last_on"], event.data["stand_in_id"]) == (
            cast.ilze.user, "2025-11-10", "2025-11-12", cast.santa.pk,
        )  # fmt: skip

    def test_the_notices_of_an_absent_person_go_to_the_stand_in(self, cast):
        enter(cast.ilze, cast.santa)
        assert present([cast.ilze.pk, cast.santa.pk], TODAY) == [cast.santa.pk]
        assert stand_ins([cast.ilze.pk, cast.gunta.pk], TODAY) == [cast.santa.pk, cast.gunta.pk]
        assert stand_ins([cast.ilze.pk, cast.santa.pk], TODAY) == [cast.santa.pk]
        assert stand_ins([cast.ilze.pk], TODAY + DAY) == [cast.ilze.pk]

    @pytest.mark.parametrize(("first", "refused"), [(-2, False), (-1, True), (0, True), (2, True), (3, False)])
    def test_one_s_absences_never_overlap(self, cast, first, refused):
        enter(cast.ilze, days=3)
        again = facts(first_on=TODAY + DAY * first, days=2)
        if refused:
            with pytest.raises(AbsenceOverlaps):
                enter_absence(cast.ilze, again, by=None, at=NINE)
        else:
            enter_absence(cast.ilze, again, by=None, at=NINE)
        assert Absence.objects.count() == (1 if refused else 2)

    def test_a_chain_that_would_lead_back_is_refused_with_its_day(self, cast):
        enter(cast.santa, cast.gunta)
        enter(cast.gunta, cast.ilze, first_on=TODAY - DAY, days=3)
        with pytest.raises(StandInLoop) as refused:
            enter(cast.ilze, cast.santa, first_on=TODAY - DAY, days=3)
        assert refused.value.data["day"] == "10.11.2025"
        enter(cast.ilze, cast.santa, first_on=TODAY + DAY)

    def test_a_change_is_checked_like_a_new_one_and_does_not_meet_itself(self, cast):
        absence = enter(cast.ilze, cast.santa, days=3)
        change_absence(absence, facts(cast.santa, days=2), by=None, at=NINE)
        assert fresh(absence).last_on == TODAY + DAY
        enter(cast.santa, cast.gunta)
        enter(cast.gunta)
        cancel_absence(Absence.objects.get(employee=cast.gunta), by=cast.gunta.user, at=NINE)
        enter(cast.gunta, cast.ilze, first_on=TODAY + DAY)
        with pytest.raises(StandInLoop):
            change_absence(fresh(absence), facts(cast.gunta, days=2), by=None, at=NINE)

    def test_no_change_and_a_second_cancellation_write_nothing(self, cast):
        absence = enter(cast.ilze, cast.santa)
        change_absence(absence, facts(cast.santa), by=None, at=NINE)
        cancel_absence(absence, by=cast.ilze.user, at=NINE)
        cancel_absence(absence, by=cast.ilze.user, at=NINE)
        verbs = Event.objects.filter(verb__startswith="absence.").values_list("verb", flat=True)
        assert list(verbs.order_by("pk")) == ["absence.entered", "absence.cancelled"]


class TestDeputy:
    """E-III.4: in the deputy's absence the person whom the director named for that day."""

    def test_the_deputy_enters_the_days_and_the_director_names_the_stand_in(self, cast):
        raimonds, gunta = cast.raimonds.user, cast.gunta.user
        absence = enter(cast.raimonds, by=raimonds, days=2)
        for by in (raimonds, cast.ilze.user):
            with pytest.raises(NamedByDirector):
                change_absence(absence, facts(cast.santa, days=2), by=by, at=NINE)
        change_absence(absence, facts(cast.santa, days=2), by=gunta, at=NINE)
        assert fresh(absence).stand_in == cast.santa

    def test_the_word_holds_for_the_named_days_only(self, cast):
        absence = enter(cast.raimonds, cast.santa, by=cast.gunta.user, days=2)
        with pytest.raises(NamedByDirector):
            change_absence(absence, facts(cast.santa, days=3), by=cast.raimonds.user, at=NINE)
        with pytest.raises(NamedByDirector):
            change_absence(absence, facts(days=2), by=cast.raimonds.user, at=NINE)
        change_absence(absence, facts(cast.santa, days=1), by=cast.raimonds.user, at=NINE)

    def test_a_director_of_another_desk_does_not_name_them(self, cast):
        grant_role(cast.otto, cast.other_desk, "director", by=None, at=NINE)
        with pytest.raises(NamedByDirector):
            enter(cast.raimonds, cast.santa, by=cast.otto.user)


@pytest.mark.django_db(transaction=True)
def test_two_who_name_each_other_at_once_do_not_both_get_through(cast):
    """E-II.4b: no loops, however many people save at the same moment."""
    outcome = []
    begin = threading.Barrier(2)

    def save(employee, stand_in):
        try:
            begin.wait()
            enter(employee, stand_in)
            outcome.append("saved")
        except StandInLoop:
            outcome.append("refused")
        finally:
            connection.close()

    pair = [(cast.ilze, cast.santa), (cast.santa, cast.ilze)]
    threads = [threading.Thread(target=save, args=one) for one in pair]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcome) == ["refused", "saved"]


class TestPages:
    """E-II.4b: one enters one's own absence, the manager and the director anybody's."""

    FORM = {"first_on": "2025-11-12", "last_on": "2025-11-14", "kind": "illness", "stand_in": ""}

    @pytest.fixture(autouse=True)
    def monday(self, clock, cast):
        clock.move_to(NINE)

    @pytest.fixture
    def browse(self, client):
        def browse(user):
            client.force_login(user)
            return client

        return browse

    def test_one_enters_and_takes_back_one_s_own(self, browse, cast):
        browser = browse(cast.ilze.user)
        answer = browser.post("/absences/new/", {**self.FORM, "stand_in": cast.santa.pk})
        assert (answer.status_code, answer.url) == (302, "/absences/?desk=emus&month=2025-11")
        absence = Absence.objects.get()
        assert (absence.employee, absence.stand_in) == (cast.ilze, cast.santa)
        changed = {**self.FORM, "last_on": "2025-11-13"}
        assert browser.post(f"/absences/{absence.pk}/", changed).status_code == 302
        assert fresh(absence).last_on == date(2025, 11, 13)
        assert browser.post(f"/absences/{absence.pk}/cancellation/").status_code == 302
        assert not Absence.objects.exists()

    def test_another_s_only_with_the_right(self, browse, desk, cast):
        absence = enter(cast.ilze, first_on=date(2025, 11, 12))
        manager = make_employee("Dace Vadone", "manager", desk=desk).user
        paths = (f"/absences/{absence.pk}/", f"/people/{cast.ilze.pk}/absences/new/")
        for user, expected in (
            (cast.santa.user, 403),
            (cast.raimonds.user, 403),
            (manager, 200),
            (cast.gunta.user, 200),
        ):
            assert [browse(user).get(path).status_code for path in paths] == [expected, expected]
        assert browse(cast.santa.user).post(f"/absences/{absence.pk}/cancellation/").status_code == 403
        assert [browse(cast.otto.user).get(path).status_code for path in paths] == [404, 404]

    def test_the_reason_is_seen_by_the_person_the_manager_and_the_director_only(self, browse, cast):
        enter(cast.ilze, kind="illness")
        shown = {
            user: browse(user).get("/absences/", headers={"accept-language": "en"}).context["rows"][0].kind
            for user in (cast.ilze.user, cast.gunta.user, cast.santa.user, cast.raimonds.user)
        }
        assert list(shown.values()) == ["illness", "illness", "", ""]

    def test_the_strip_shows_the_days_and_the_list_the_first_without_anybody(self, browse, cast):
        enter(cast.ilze, cast.santa, days=3)
        enter(cast.santa, first_on=TODAY + DAY)
        page = browse(cast.ilze.user).get("/absences/?month=2025-11")
        row = next(row for row in page.context["strip"] if row.employee == cast.ilze)
        assert [cell.on.day for cell in row.cells if cell.absence] == [10, 11, 12]
        assert [row.open_on for row in page.context["rows"]] == [TODAY + DAY, TODAY + DAY]

    @pytest.mark.parametrize("month", ["", "nonsense", "2025-13"])
    def test_without_a_month_it_is_this_one(self, browse, cast, month):
        assert browse(cast.ilze.user).get(f"/absences/?month={month}").context["month"] == date(2025, 11, 1)

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"last_on": "2025-11-11"}, "last_on"),
            ({"last_on": "2027-11-11"}, "last_on"),
            ({"first_on": "rīt"}, "first_on"),
            ({"first_on": "2025-11-09"}, "first_on"),
            ({"stand_in": "loop"}, "stand_in"),
            ({"stand_in": "999999"}, "stand_in"),
            ({"kind": "cits"}, "kind"),
        ],
    )
    def test_what_is_wrong_is_said_at_its_field(self, browse, cast, changes, field):
        enter(cast.ilze)
        enter(cast.santa, cast.ilze, first_on=date(2025, 11, 12))
        data = {**self.FORM, **changes}
        data["stand_in"] = cast.santa.pk if data["stand_in"] == "loop" else data["stand_in"]
        page = browse(cast.ilze.user).post("/absences/new/", data)
        assert (page.status_code, list(page.context["form"].errors)) == (422, [field])

    def test_the_number_of_queries_does_not_grow_with_the_people(self, browse, desk, cast):
        browser = browse(cast.ilze.user)

        def queries():
            with CaptureQueriesContext(connection) as seen:
                assert browser.get("/absences/").status_code == 200
            return len(seen)

        enter(cast.gunta, cast.santa)
        few = queries()
        for number in range(12):
            enter(make_employee(f"Persona{number} Cita", "expert", desk=desk), cast.santa, days=2)
        assert queries() == few

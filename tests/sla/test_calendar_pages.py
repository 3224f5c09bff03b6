"""The calendar's pages: a year seen by everybody, changed by the manager, previewed before anything moves."""

from datetime import date, time

import pytest

from sla.models import Calendar, CalendarDay, Recalculation, WithdrawnBreach
from sla.queries import calendar_of
from sla.settings import CalendarChange, DayChange, change_calendar, preview, recalculate
from tests.support.facts import HOUR, SECOND, deadline, events, fresh
from tests.support.office import make_employee, riga

pytestmark = pytest.mark.django_db

YEAR = "/calendar/2025/"
DAY = "/calendar/2025/days/2025-11-11/"
HOURS = "/calendar/hours/"
MONDAY, REPLY_DUE = riga("2025-11-10 09:00"), riga("2025-11-11 17:00")
CLOSURE = {"kind": "closure", "name": "remonts", "counts": "on"}
WEEK = {f"weekday_{number}": "08:30-17:00" for number in range(5)}


@pytest.fixture(autouse=True)
def monday(clock, cast):
    clock.move_to(MONDAY)


@pytest.fixture
def manager(cast, desk):
    return make_employee("Dace Vadone", "manager", desk=desk).user


@pytest.fixture
def browse(client):
    """Return a function that signs a person in and hands out their browser."""

    def browse(user):
        client.force_login(user)
        return client

    return browse


@pytest.fixture
def reply(receive):
    return deadline(receive(MONDAY), "reply")


def confirm(browser, path, data):
    answer = browser.post(path, {**data, "confirm": "1"})
    row = Recalculation.objects.latest("pk")
    assert (answer.status_code, answer.url) == (302, f"/calendar/recalculations/{row.pk}/")
    for _batch in recalculate(row.pk, at=MONDAY):
        pass
    return fresh(row)


class TestYear:
    """E-I.2: the working time that deadlines are counted by is plain to everybody of the desk."""

    def test_it_names_moved_days_holidays_and_the_counts(self, browse, ilze):
        page = browse(ilze).get(YEAR)
        assert page.context["business_days"] == 249
        by_day = {cell.on: cell for month in page.context["months"] for week in month.weeks for cell in week if cell}
        assert [by_day[date(2025, 11, on)].form for on in (8, 10, 15, 17, 18)] == [
            "moved_on", "work", "rest", "moved_off", "holiday",
        ]  # fmt: skip
        assert by_day[date(2025, 11, 10)].is_today
        assert by_day[date(2025, 11, 8)].glyph == "←−"

    def test_months_begin_on_monday(self, browse, ilze):
        november = browse(ilze).get(YEAR).context["months"][10]
        assert [cell.on.day if cell else 0 for cell in november.weeks[0]] == [0, 0, 0, 0, 0, 1, 2]

    def test_a_year_that_is_not_complete_says_so_at_the_top(self, browse, ilze):
        browser = browse(ilze)
        assert not browser.get("/calendar/2027/").context["is_known"]
        assert browser.get(YEAR).context["is_known"]

    def test_from_october_the_next_year_is_asked_for(self, browse, manager, desk, clock):
        Calendar.objects.filter(desk=desk).update(complete_years=[2025])
        assert browse(manager).get(YEAR).context["missing"] == [2026]
        clock.move_to(riga("2025-09-30 23:59"))
        assert browse(manager).get(YEAR).context["missing"] == []

    def test_only_the_manager_is_led_to_changes(self, browse, ilze, manager):
        assert b"/calendar/2025/days/" not in browse(ilze).get(YEAR).content
        assert b"/calendar/2025/days/2025-11-11/" in browse(manager).get(YEAR).content

    def test_the_number_of_queries_does_not_grow_with_the_days(self, browse, ilze, desk, django_assert_max_num_queries):
        browser = browse(ilze)
        browser.get(YEAR)
        with django_assert_max_num_queries(20):
            browser.get(YEAR)

    @pytest.mark.parametrize("path", ["/calendar/1999/", "/calendar/2100/", "/calendar/2025/days/2025-02-30/"])
    def test_there_is_no_such_page(self, browse, manager, path):
        assert browse(manager).get(path).status_code == 404

    def test_who_has_no_desk_finds_none(self, browse, django_user_model):
        assert browse(make_nobody(django_user_model)).get(YEAR).status_code == 404


def make_nobody(model):
    from directory.actions import create_employee

    return create_employee(
        "nobody@office.example", "x", first_name="", last_name="", position="", phone="", by=None, at=MONDAY
    ).user


class TestRights:
    """E-I.4: only the manager changes working time."""

    @pytest.mark.parametrize("path", [DAY, HOURS])
    def test_others_are_refused(self, browse, cast, path):
        for person in (cast.ilze, cast.santa, cast.raimonds, cast.gunta):
            browser = browse(person.user)
            assert browser.get(path).status_code == 403
            assert browser.post(path, {**CLOSURE, "confirm": "1"}).status_code == 403
        assert not Recalculation.objects.exists()

    def test_a_year_is_marked_by_the_manager_only(self, browse, ilze):
        answer = browse(ilze).post("/calendar/2027/completeness/", {"is_complete": "on", "confirm": "1"})
        assert answer.status_code == 403

    def test_another_desk_s_recalculation_is_not_found(self, browse, cast, manager, desk):
        row = change_calendar(desk, CalendarChange(), by=manager, at=MONDAY)
        assert browse(cast.otto.user).get(f"/calendar/recalculations/{row.pk}/").status_code == 404

    def test_another_desk_is_not_found(self, browse, manager):
        assert browse(manager).get(f"{YEAR}?desk=other").status_code == 404


class TestDay:
    """E-I.2: a day that differs from its week is entered with its reason and source."""

    def test_nothing_is_saved_before_it_is_confirmed(self, browse, manager, reply):
        page = browse(manager).post(DAY, CLOSURE)
        assert page.status_code == 200
        assert page.context["preview"].total == 1
        assert not CalendarDay.objects.filter(on="2025-11-11").exists()

    def test_the_preview_is_what_is_then_moved(self, browse, manager, reply):
        browser = browse(manager)
        (row,) = browser.post(DAY, CLOSURE).context["preview"].rows
        done = confirm(browser, DAY, CLOSURE)
        assert (done.moved, done.total, done.finished_at) == (1, 2, MONDAY)
        assert fresh(reply).due_at == riga("2025-11-12 17:00")
        assert (row.before[-5:], row.after.split(",")[1].strip()[:2], row.after[-5:]) == ("17:00", "12", "17:00")

    def test_what_becomes_late_is_named_and_then_breached_now(self, browse, manager, receive, clock):
        late = deadline(receive(riga("2025-11-07 16:00")), "reply")  # due Saturday the 8th, a moved day, at 16:00
        assert late.due_at == riga("2025-11-08 16:00")
        late = deadline(receive(riga("2025-11-08 10:00"), message_id="<two@x.example>"), "reply")
        clock.move_to(at := riga("2025-11-10 16:30"))
        data = {"kind": "shortened", "hours": "08:30-16:00", "counts": "on"}
        path = "/calendar/2025/days/2025-11-10/"
        browser = browse(manager)
        facts = browser.post(path, data).context["preview"]
        assert (facts.late, [row.is_late for row in facts.rows].count(True)) == (1, 1)
        browser.post(path, {**data, "confirm": "1"})
        for _batch in recalculate(Recalculation.objects.latest("pk").pk, at=at):
            pass
        assert fresh(late).breached_at == at

    def test_a_breach_that_the_old_calendar_made_is_withdrawn_and_stays_to_be_seen(
        self, browse, manager, reply, clock, ilze
    ):
        from escalation.actions import sweep

        sweep(at=REPLY_DUE + SECOND)
        clock.move_to(at := REPLY_DUE + HOUR)
        browser = browse(manager)
        assert browser.post(DAY, CLOSURE).context["preview"].undone == 1
        browser.post(DAY, {**CLOSURE, "confirm": "1"})
        for _batch in recalculate(Recalculation.objects.latest("pk").pk, at=at):
            pass
        assert fresh(reply).breached_at is None
        assert WithdrawnBreach.objects.get(deadline=reply).reason == "calendar"
        assert b"withdrawn" in self._english(browse(ilze), f"/tickets/{reply.ticket.number}/")

    def _english(self, browser, path):
        return browser.get(path, headers={"accept-language": "en"}).content

    def test_a_move_brings_its_other_day_along(self, browse, manager, desk):
        path = "/calendar/2025/days/2025-12-22/"
        data = {"kind": "moved_off", "other_on": "2025-12-13", "counts": "on", "source": "MK rīkojums"}
        confirm(browse(manager), path, data)
        away, here = CalendarDay.objects.filter(on__in=["2025-12-13", "2025-12-22"]).order_by("-on")
        assert (away.kind, away.hours, away.other_on) == ("moved_off", [], here.on)
        assert (here.kind, here.hours, here.other_on) == ("moved_on", [["08:30", "17:00"]], away.on)

    def test_taking_a_move_away_takes_both_days(self, browse, manager, desk):
        confirm(browse(manager), "/calendar/2025/days/2025-11-17/", {"remove": "on"})
        assert not desk.calendar.days.filter(on__in=["2025-11-08", "2025-11-17"]).exists()

    def test_saving_a_move_again_leaves_its_shortened_other_day(self, browse, manager, desk):
        data = {"kind": "moved_off", "other_on": "2025-11-08", "counts": "on", "source": "cits"}
        confirm(browse(manager), "/calendar/2025/days/2025-11-17/", data)
        assert desk.calendar.days.get(on="2025-11-08").hours == [["08:30", "16:00"]]

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"kind": "shortened"}, "hours"),
            ({"kind": "shortened", "hours": "16:00-08:30"}, "hours"),
            ({"kind": "shortened", "hours": "08:30-12:30, 12:00-16:00"}, "hours"),
            ({"kind": "shortened", "hours": "no rīta"}, "hours"),
            ({"kind": "extra", "hours": "08:30-24:30"}, "hours"),
            ({"kind": "closure", "hours": "08:30-12:00"}, "hours"),
            ({"kind": "moved_off"}, "other_on"),
            ({"kind": "moved_off", "other_on": "2025-11-11"}, "other_on"),
            ({"kind": "moved_off", "other_on": "2025-11-18"}, "other_on"),
            ({"kind": "moved_on", "other_on": "2025-11-15"}, "hours"),
            ({"kind": "holiday", "name": ""}, "name"),
            ({"kind": "nonsense"}, "kind"),
        ],
    )
    def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost(self, browse, manager, changes, field):
        page = browse(manager).post(DAY, {**CLOSURE, "source": "rīkojums Nr. 7", **changes, "confirm": "1"})
        assert page.status_code == 422
        assert list(page.context["form"].errors) == [field]
        assert "rīkojums Nr. 7" in page.content.decode()
        assert not Recalculation.objects.exists()

    def test_going_back_keeps_what_was_entered(self, browse, manager):
        page = browse(manager).post(DAY, {**CLOSURE, "edit": "1"})
        assert (page.status_code, page.context["form"]["name"].value()) == (200, "remonts")

    def test_a_preview_that_is_stale_is_shown_anew(self, browse, manager, desk):
        browser = browse(manager)
        seen = browser.post(DAY, CLOSURE).context["desk"].calendar.version
        change_calendar(desk, CalendarChange(), by=manager, at=MONDAY)
        page = browser.post(DAY, {**CLOSURE, "confirm": "1", "seen": seen})
        assert (page.status_code, page.context["is_stale"]) == (200, True)
        assert not CalendarDay.objects.filter(on="2025-11-11").exists()


class TestHours:
    """E-I.2: several intervals a day; a calendar that never opens is refused."""

    def test_a_lunch_break_is_saved_and_moves_what_it_touches(self, browse, manager, receive, desk):
        mark = deadline(receive(riga("2025-11-10 11:45")), "mark")
        week = dict.fromkeys(WEEK, "08:30-12:00, 12:30-17:00")
        confirm(browse(manager), HOURS, week)
        assert fresh(mark).due_at == riga("2025-11-10 13:15")
        desk.calendar.refresh_from_db()
        assert len(calendar_of(desk).working.intervals_on(date(2025, 11, 10))) == 2

    def test_the_end_of_the_day_may_be_the_closing(self, browse, manager, desk):
        confirm(browse(manager), HOURS, {**WEEK, "weekday_4": "16:00-24:00"})
        assert desk.calendar.weekly.get(weekday=4).closes == time()

    def test_a_week_that_never_opens_is_refused(self, browse, manager, desk):
        page = browse(manager).post(HOURS, {"weekday_0": "", "confirm": "1"})
        assert (page.status_code, list(page.context["form"].errors)) == (422, ["__all__"])
        assert desk.calendar.weekly.count() == 5

    def test_each_wrong_line_is_named(self, browse, manager):
        page = browse(manager).post(HOURS, {**WEEK, "weekday_1": "9-17", "weekday_3": "10:00-09:00"})
        assert (page.status_code, list(page.context["form"].errors)) == (422, ["weekday_1", "weekday_3"])

    def test_the_form_begins_with_the_hours_as_they_are(self, browse, manager):
        assert b'value="08:30-17:00"' in browse(manager).get(HOURS).content


class TestCompleteness:
    """E-I.2: a year whose moved days are not known says so until the manager marks it."""

    def test_the_manager_marks_a_year_and_unmarks_it(self, browse, manager, desk):
        browser, path = browse(manager), "/calendar/2027/completeness/"
        confirm(browser, path, {"is_complete": "on"})
        assert fresh(desk.calendar).complete_years == [2024, 2025, 2026, 2027]
        confirm(browser, path, {})
        assert fresh(desk.calendar).complete_years == [2024, 2025, 2026]

    def test_it_is_previewed_too(self, browse, manager, reply):
        page = browse(manager).post("/calendar/2027/completeness/", {"is_complete": "on"})
        assert (page.context["preview"].total, len(page.context["preview"].days)) == (0, 1)


class TestRecalculation:
    """E-I.2: open deadlines follow a change, whatever happens to the process."""

    def test_its_page_asks_again_until_it_is_finished(self, browse, manager, reply):
        browser = browse(manager)
        browser.post(DAY, {**CLOSURE, "confirm": "1"})
        row = Recalculation.objects.get()
        assert b'hx-trigger="every 1s"' in browser.get(f"/calendar/recalculations/{row.pk}/").content
        list(recalculate(row.pk, at=MONDAY))
        part = browser.get(f"/calendar/recalculations/{row.pk}/", headers={"hx-request": "true"}).content
        assert part.strip().startswith(b"<section")
        assert b"hx-trigger" not in part

    def test_one_that_was_stopped_goes_on_where_it_stopped(self, manager, receive, desk, monkeypatch):
        monkeypatch.setattr("sla.settings.BATCH", 1)
        found = [deadline(receive(MONDAY, message_id=f"<{number}@x.example>"), "reply") for number in range(3)]
        change = CalendarChange(days=(DayChange(date(2025, 11, 11), "closure"),))
        moved = {move.deadline.pk: move.due_at for move in preview(desk, change)}
        row = change_calendar(desk, change, by=manager, at=MONDAY)
        half = recalculate(row.pk, at=MONDAY)
        next(half), next(half)
        half.close()
        assert (fresh(row).done, fresh(row).finished_at) == (2, None)
        list(recalculate(row.pk, at=MONDAY + HOUR))
        assert (fresh(row).done, fresh(row).moved, fresh(row).finished_at) == (6, 3, MONDAY + HOUR)
        assert {one.pk: fresh(one).due_at for one in found} == moved

    def test_a_met_deadline_stays_as_it_was(self, browse, manager, reply, ilze):
        from tickets.actions.working import answer_not_needed

        answer_not_needed(reply.message, "paldies", by=ilze, at=MONDAY)
        confirm(browse(manager), DAY, CLOSURE)
        assert fresh(reply).due_at == REPLY_DUE

    def test_without_pauses_it_is_due_as_the_new_calendar_says(self, manager, reply, desk):
        row = change_calendar(
            desk, CalendarChange(days=(DayChange(date(2025, 11, 11), "closure"),)), by=manager, at=MONDAY
        )
        list(recalculate(row.pk, at=MONDAY))
        assert fresh(reply).first_due_at == fresh(reply).due_at == riga("2025-11-12 17:00")

    def test_the_ticket_says_that_its_deadline_moved(self, browse, manager, reply, ilze):
        confirm(browse(manager), DAY, CLOSURE)
        assert len(events(reply.ticket, "deadline.moved")) == 1
        texts = [entry.text for entry in browse(ilze).get(f"/tickets/{reply.ticket.number}/").context["entries"]]
        assert any("17:00" in text for text in texts)

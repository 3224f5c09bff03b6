"""The mailbox page: how it stands, the last day, the gaps, and the administrator's word."""

import pytest

from contact.email.pages import mailbox_facts, shared_host
from contact.models import MailboxCheck, SendingCheck
from escalation import outages
from escalation.models import Outage
from escalation.outages import Failure
from tests.support.facts import HOUR, MINUTE, SECOND, fresh
from tests.support.office import riga

pytestmark = pytest.mark.django_db

HALF_PAST = riga("2025-11-10 09:30")  # Monday; the browser's clock stands here


def check(desk, at, cause="", model=MailboxCheck):
    return model.objects.create(desk=desk, at=at, cause=cause, error="Connection refused" if cause else "")


def checks(desk, first, last, *, every=MINUTE, cause=""):
    number = (last - first) // every
    made = [MailboxCheck(desk=desk, at=first + n * every, cause=cause, error=cause) for n in range(number + 1)]
    MailboxCheck.objects.bulk_create(made)


@pytest.fixture(autouse=True)
def everybody(cast):
    """The cast is at the desk before anything happens."""


def open_outage(desk, what="mailbox"):
    seen = [HALF_PAST - n * 20 * SECOND for n in range(3)]
    return outages.note_failure(desk, Failure(what, "connect", "Connection refused", seen), at=HALF_PAST)


@pytest.fixture
def box(desk, ilze):
    """Return a function that gives the page's facts as they are at half past nine."""
    return lambda: mailbox_facts(desk, ilze, at=HALF_PAST)


class TestNow:
    """E-II.1a: how the mailbox and sending stand now, with the age of the last good check."""

    def test_before_the_first_check_nothing_is_known(self, box):
        assert (box().mailbox.state, box().sending.state) == ("unknown", "unknown")

    def test_a_good_check_of_a_moment_ago_is_well(self, desk, box):
        check(desk, HALF_PAST - 12 * SECOND)
        assert box().mailbox.state == "ok"
        assert "12" in box().mailbox.text

    def test_one_failed_check_says_so_and_when_it_was_last_good(self, desk, box):
        check(desk, HALF_PAST - 3 * MINUTE)
        check(desk, HALF_PAST - 20 * SECOND, "login")
        assert box().mailbox.state == "failing"
        assert "3\xa0min" in box().mailbox.text

    @pytest.mark.parametrize(("age", "state"), [(10 * MINUTE, "ok"), (10 * MINUTE + SECOND, "silent")])
    def test_where_nobody_checks_that_is_said(self, desk, box, age, state):
        check(desk, HALF_PAST - age)
        assert box().mailbox.state == state

    def test_an_outage_stands_above_all(self, desk, box):
        outage = open_outage(desk)
        assert (box().mailbox.state, box().mailbox.outage) == ("down", outage)
        assert box().sending.state == "unknown"

    def test_sending_is_told_apart(self, desk, box):
        check(desk, HALF_PAST - MINUTE)
        check(desk, HALF_PAST - MINUTE, "refused", SendingCheck)
        assert (box().mailbox.state, box().sending.state) == ("ok", "failing")
        check(desk, HALF_PAST, model=SendingCheck)
        assert box().sending.state == "ok"
        open_outage(desk, "sending")
        assert box().sending.state == "down"


class TestStrip:
    """E-II.1a: the last 24 hours in quarters of an hour."""

    def states(self, box):
        return [cell.state for cell in box().cells]

    def test_each_quarter_says_what_its_checks_found(self, desk, box):
        check(desk, riga("2025-11-10 09:30"))  # the last one
        check(desk, riga("2025-11-10 09:29:59"), "connect")
        check(desk, riga("2025-11-10 09:15"), "connect")
        check(desk, riga("2025-11-10 09:14:59"))
        check(desk, riga("2025-11-10 09:00"), "connect")
        states = self.states(box)
        assert len(states) == 96
        assert states[-3:] == ["mixed", "bad", "good"]
        assert set(states[:-3]) == {"none"}

    def test_it_reaches_back_a_day_and_no_further(self, desk, box):
        check(desk, riga("2025-11-09 09:45"))
        check(desk, riga("2025-11-09 09:44:59"), "connect")
        assert self.states(box)[0] == "good"

    def test_on_the_day_the_clock_goes_back_it_is_24_hours_all_the_same(self, desk, ilze):
        at = riga("2025-10-26 12:00")
        check(desk, at - 24 * HOUR + 15 * MINUTE)
        assert mailbox_facts(desk, ilze, at=at).cells[0].state == "good"


class TestGaps:
    """E-II.1a: spans without a good check; more than an hour of working time is a breach."""

    def gap(self, box):
        (gap,) = box().gaps
        return gap

    def test_with_checks_every_minute_there_is_none(self, desk, box):
        checks(desk, HALF_PAST - 2 * HOUR, HALF_PAST)
        assert box().gaps == []

    @pytest.mark.parametrize(("silence", "gaps"), [(10 * MINUTE, 0), (10 * MINUTE + SECOND, 1)])
    def test_longer_than_ten_minutes_is_one(self, desk, box, silence, gaps):
        check(desk, HALF_PAST - silence)
        check(desk, HALF_PAST)
        assert len(box().gaps) == gaps

    def test_failed_checks_do_not_fill_it(self, desk, box):
        check(desk, HALF_PAST - HOUR)
        checks(desk, HALF_PAST - 59 * MINUTE, HALF_PAST - MINUTE, cause="connect")
        check(desk, HALF_PAST)
        assert "1\xa0h" in self.gap(box).lasted

    @pytest.mark.parametrize(("ended", "is_breach"), [("09:29:00", False), ("09:29:01", True)])
    def test_over_an_hour_of_working_time_it_is_a_breach(self, desk, ilze, ended, is_breach):
        check(desk, riga("2025-11-08 15:59"))  # a shortened working Saturday: a minute before closing
        check(desk, riga(f"2025-11-10 {ended}"))
        (gap,) = mailbox_facts(desk, ilze, at=HALF_PAST).gaps
        assert gap.is_breach is is_breach

    def test_outside_of_it_it_is_none(self, desk, box):
        check(desk, riga("2025-11-09 10:00"))  # Sunday
        check(desk, riga("2025-11-09 20:00"))
        checks(desk, riga("2025-11-09 20:01"), HALF_PAST)
        assert self.gap(box).is_breach is False

    def test_the_one_that_goes_on_is_listed_too(self, desk, box):
        check(desk, HALF_PAST - 61 * MINUTE)
        assert self.gap(box).is_breach is False  # a minute of it before the office opened
        assert "1\xa0h" in self.gap(box).lasted

    def test_another_desk_s_checks_do_not_fill_it(self, desk, cast, box):
        check(desk, HALF_PAST - 20 * MINUTE)
        check(cast.other_desk, HALF_PAST - 10 * MINUTE)
        check(desk, HALF_PAST)
        assert len(box().gaps) == 1


class TestSharedServer:
    """E-II.2: a way that does not depend on the mailbox: the page says where the settings make it one."""

    @pytest.mark.parametrize(
        ("notices", "clients", "mailbox", "shared"),
        [
            ("mail.example", "mail.example", "imaps://u:p@imap.example/INBOX", "mail.example"),
            ("imap.example", "mail.example", "imaps://u:p@IMAP.example/INBOX", "imap.example"),
            ("other.example", "mail.example", "imaps://u:p@imap.example/INBOX", ""),
            ("other.example", "mail.example", None, ""),
        ],
    )
    def test_it_is_named(self, desk, settings, notices, clients, mailbox, shared):
        settings.NOTICE_MAIL, settings.CLIENT_MAIL = {"host": notices}, {"host": clients}
        settings.MAILBOX_URLS = {"": mailbox} if mailbox else {}
        assert shared_host(desk) == shared

    def test_folders_share_nothing(self, desk):
        assert shared_host(desk) == ""


class TestPage:
    """E-II.1a, E-II.2: the desk's people see it; what it costs does not grow."""

    @pytest.mark.parametrize("who", ["ilze", "santa", "raimonds", "gunta"])
    def test_the_desk_s_people_see_it(self, desk, browse, who):
        open_outage(desk)
        answer = browse(who).get("/mailbox/")
        assert (answer.status_code, answer.context["desk"]) == (200, desk)
        assert len(answer.context["box"].outages) == 1

    def test_nobody_else_does(self, desk, browse):
        assert browse("otto").get("/mailbox/?desk=emus").status_code == 404

    def test_htmx_gets_the_state_alone(self, browse):
        part = browse().get("/mailbox/", headers={"HX-Request": "true"}).content.decode()
        assert 'id="mailbox-now"' in part
        assert "<html" not in part

    def test_it_costs_the_same_however_much_there_is(self, desk, browse, django_assert_max_num_queries):
        for day in range(5):
            at = HALF_PAST - (day + 1) * 3 * HOUR
            seen = [at, at - SECOND, at - 2 * SECOND]
            outages.note_failure(desk, Failure("mailbox", "connect", "x", seen), at=at)
            checks(desk, at, at + HOUR, every=MINUTE, cause="connect")
            check(desk, at + HOUR)
            outages.note_success(desk, "mailbox", at=at + HOUR)
        client = browse()
        client.get("/mailbox/")
        with django_assert_max_num_queries(22):
            assert len(client.get("/mailbox/").context["box"].outages) == 5


class TestBanner:
    """E-II.2: while an outage goes on, everybody at the desk sees it on every page."""

    @pytest.mark.parametrize("path", ["/queue/", "/notices/", "/strip/"])
    def test_it_stands_on_every_page_and_leads_to_it(self, desk, browse, path):
        outage = open_outage(desk)
        assert f'href="/outages/{outage.pk}/"' in browse("santa").get(path).content.decode()

    def test_another_desk_does_not_see_it(self, desk, browse):
        outage = open_outage(desk)
        assert f"/outages/{outage.pk}/" not in browse("otto").get("/queue/").content.decode()

    def test_when_it_has_ended_it_is_gone(self, desk, browse):
        open_outage(desk)
        outages.note_success(desk, "mailbox", at=HALF_PAST)
        assert "strip__outage" not in browse().get("/queue/").content.decode()


class TestCheckNow:
    """E-II.1a: the administrator can have the mailbox checked at once."""

    def test_it_wakes_both_checks(self, desk, browse, nudges, django_capture_on_commit_callbacks):
        with django_capture_on_commit_callbacks(execute=True):
            answer = browse().post("/mailbox/checks/", {"desk": "emus"})
        assert answer.url == "/mailbox/?desk=emus"
        assert nudges == [("contact.email.check_inbox", (desk.pk,)), ("contact.email.try_server", (desk.pk,))]

    @pytest.mark.parametrize(("who", "status"), [("santa", 403), ("gunta", 403), ("otto", 404)])
    def test_nobody_else_can(self, browse, nudges, who, status):
        assert browse(who).post("/mailbox/checks/", {"desk": "emus"}).status_code == status
        assert nudges == []


class TestWord:
    """E-II.2: the administrator's word is enough."""

    def test_it_opens_an_outage(self, desk, browse, ilze):
        answer = browse().post("/mailbox/outages/", {"desk": "emus", "what": "sending", "note": "Vēstules neaiziet"})
        outage = Outage.objects.get()
        assert answer.url == f"/outages/{outage.pk}/"
        assert (outage.what, outage.note, outage.declared_by, outage.began_at) == (
            "sending",
            "Vēstules neaiziet",
            ilze,
            HALF_PAST,
        )

    @pytest.mark.parametrize("data", [{"what": "mailbox", "note": " "}, {"what": "moon", "note": "x"}, {"note": "x"}])
    def test_without_words_it_is_asked_for_them(self, browse, data):
        answer = browse().post("/mailbox/outages/", {"desk": "emus", **data})
        assert (answer.status_code, Outage.objects.count()) == (422, 0)

    @pytest.mark.parametrize(("who", "status"), [("santa", 403), ("raimonds", 403), ("otto", 404)])
    def test_nobody_else_s_is(self, browse, who, status):
        data = {"desk": "emus", "what": "mailbox", "note": "x"}
        assert browse(who).post("/mailbox/outages/", data).status_code == status
        assert Outage.objects.count() == 0


class TestOutagePage:
    """E-II.2: the outage's own page: who was told, and TNA on record."""

    @pytest.fixture
    def path(self, desk):
        return f"/outages/{open_outage(desk).pk}/"

    @pytest.mark.parametrize("who", ["ilze", "santa", "gunta"])
    def test_the_desk_s_people_see_who_was_told(self, path, browse, who):
        facts = browse(who).get(path).context["one"]
        assert (facts.state, len(facts.told), facts.is_tna_told) == ("open", 3, False)

    def test_nobody_else_does(self, path, browse):
        assert browse("otto").get(path).status_code == 404

    def test_until_tna_is_told_that_is_the_next_step(self, path, browse):
        client = browse()
        assert 'id="call" open' in " ".join(client.get(path).content.decode().split())
        call = {"told_on": "2025-11-10", "told_time": "09:30", "whom": "Jānis Dežurants", "reference": "R-17"}
        assert client.post(f"{path}calls/", call).url == path
        facts = client.get(path).context["one"]
        assert facts.is_tna_told is True
        assert "Jānis Dežurants" in facts.tna[0].text

    @pytest.mark.parametrize(
        "change", [{"whom": ""}, {"told_time": "09:31"}, {"told_on": "2025-11-09"}, {"told_on": ""}]
    )
    def test_a_call_that_cannot_have_been_is_asked_for_again(self, path, browse, change):
        call = {"told_on": "2025-11-10", "told_time": "09:30", "whom": "Jānis", "reference": "", **change}
        answer = browse().post(f"{path}calls/", call)
        assert (answer.status_code, Outage.objects.get().tna_contacts.count()) == (422, 0)

    @pytest.mark.parametrize("name", ["calls", "end"])
    @pytest.mark.parametrize(("who", "status"), [("santa", 403), ("gunta", 403), ("otto", 404)])
    def test_only_the_administrator_puts_things_on_record(self, path, browse, name, who, status):
        assert browse(who).post(f"{path}{name}/").status_code == status

    def test_it_works_again_is_refused_while_checks_fail(self, path, browse):
        assert browse().post(f"{path}end/").status_code == 409

    def test_it_works_again_ends_an_administrator_s_own(self, desk, browse, ilze):
        outage = outages.declare_outage(desk, "mailbox", "x", by=ilze, at=HALF_PAST)
        browse().post(f"/outages/{outage.pk}/end/")
        assert (fresh(outage).ended_at, fresh(outage).ended_by) == (HALF_PAST, ilze)

    def test_the_notice_leads_here_and_can_be_acknowledged_here(self, path, browse):
        client = browse("gunta")
        (notice,) = client.get("/notices/").context["notices"]
        assert (notice.url, notice.state, notice.is_late) == (path, "waiting", True)
        mine = client.get(path).context["one"].mine
        client.post(f"/notices/{mine.pk}/acknowledgement/")
        assert client.get(path).context["one"].mine is None

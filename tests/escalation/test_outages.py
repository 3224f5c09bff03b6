"""One outage, one alert, the right people, at once; and TNA's IT support on record."""

from email import message_from_bytes, policy
from pathlib import Path
from threading import Barrier, Thread

import pytest
from django.db import IntegrityError, connection, transaction

from audit.models import Event
from directory.models import Role
from escalation import outages
from escalation.actions import acknowledge, mail_notices
from escalation.models import Alert, Notice, Outage, TnaContact
from escalation.outages import CallTimeWrong, Failure, StillFailing
from escalation.queries import waiting_notices
from escalation.rules import outage_began
from tests.support.facts import HOUR, MINUTE, SECOND, fresh
from tests.support.office import make_desk, make_employee, riga

pytestmark = pytest.mark.django_db

TEN = riga("2025-11-10 10:00")
TWENTY = 20 * SECOND


def failure(*seconds, what="mailbox", cause="connect"):
    """Return a failed check whose run failed at these seconds after ten, the latest first."""
    return Failure(what, cause, "Connection refused", [TEN + second * SECOND for second in seconds])


def fail(desk, *seconds, **changes):
    return outages.note_failure(desk, failure(*seconds, **changes), at=TEN + seconds[0] * SECOND)


def told(trigger="outage"):
    """Return who was told, by name."""
    notices = Notice.objects.filter(alert__trigger=trigger).order_by("pk")
    return [str(notice.recipient) for notice in notices.select_related("recipient")]


def verbs():
    return list(Event.objects.filter(target_type="escalation.outage").order_by("pk").values_list("verb", flat=True))


def mails(folder):
    found = sorted(Path(folder).glob("*.eml")) if Path(folder).exists() else []
    return [message_from_bytes(path.read_bytes(), policy=policy.default) for path in found]


@pytest.fixture
def outage(cast, desk):
    return fail(desk, 40, 20, 0)


class TestWhatIsAnOutage:
    """E-II.2: three failed checks within a minute; one that fails by itself is none."""

    @pytest.mark.parametrize(
        ("seconds", "began"),
        [
            ([], None),
            ([0], None),
            ([20, 0], None),
            ([40, 20, 0], 0),
            ([60, 30, 0], 0),
            ([80, 60, 40, 20, 0], 0),
            ([940, 920, 900, 20, 0], 900),  # the machine stood still for a quarter of an hour
            ([920, 900, 20, 0], None),
            ([640, 340, 40], 40),  # five minutes apart they are still a run
            ([641, 340, 40], None),
        ],
    )
    def test_three_in_a_row_are_one_dated_at_the_first(self, seconds, began):
        expected = None if began is None else TEN + began * SECOND
        assert outage_began([TEN + second * SECOND for second in seconds]) == expected


class TestBeginning:
    """E-II.2: one outage with its start and cause, told at once to administrators, deputy director and director."""

    def test_one_failed_check_raises_nothing(self, cast, desk):
        assert fail(desk, 0) is None
        assert fail(desk, 20, 0) is None
        assert (Outage.objects.count(), Alert.objects.count()) == (0, 0)

    def test_the_third_opens_it(self, outage, desk):
        assert (outage.desk, outage.what, outage.cause) == (desk, "mailbox", "connect")
        assert (outage.began_at, outage.noticed_at) == (TEN, TEN + 2 * TWENTY)
        assert (outage.failed_checks, outage.error, outage.ended_at) == (3, "Connection refused", None)
        assert verbs() == ["outage.began"]

    def test_the_administrators_the_deputy_and_the_director_are_told(self, outage):
        assert told() == ["Ilze Kalnciema", "Raimonds Straujupe", "Gunta Abellapa"]
        assert set(Notice.objects.values_list("told_at", "mail_at")) == {(outage.noticed_at, outage.noticed_at)}

    def test_where_nobody_holds_a_role_the_next_one_up_is_told(self, cast, desk):
        Role.objects.filter(name__in=["administrator", "deputy_director"]).delete()
        fail(desk, 40, 20, 0)
        assert told() == ["Gunta Abellapa"]

    def test_further_failures_raise_nothing_more(self, outage, desk):
        for seconds in ((60, 40, 20, 0), (80, 60, 40, 20, 0)):
            assert fail(desk, *seconds) is None
        assert (Outage.objects.count(), Alert.objects.count(), Notice.objects.count()) == (1, 1, 3)

    def test_they_only_count(self, outage):
        outages.count_failures(outage, 5)
        outages.count_failures(outage, 4)  # of a worker that counted earlier
        assert fresh(outage).failed_checks == 5

    def test_the_mailbox_and_sending_fail_apart(self, outage, desk):
        assert fail(desk, 40, 20, 0, what="sending", cause="login") is not None
        assert Outage.objects.count() == 2

    def test_another_desk_s_people_are_not_told(self, outage, cast):
        assert waiting_notices(cast.otto.user).count() == 0

    def test_the_database_itself_keeps_it_to_one(self, outage, desk):
        with pytest.raises(IntegrityError), transaction.atomic():
            Outage.objects.create(desk=desk, what="mailbox", cause="name", began_at=TEN, noticed_at=TEN)

    def test_an_alert_has_exactly_one_cause(self, outage, desk, receive):
        message = receive(TEN)
        for cause in ({}, {"outage": outage, "ticket": message.ticket}, {"outage": outage, "message": message}):
            with pytest.raises(IntegrityError), transaction.atomic():
                Alert.objects.create(desk=desk, trigger="outage_ended", happened_at=TEN, raised_at=TEN, **cause)


class TestEnd:
    """E-II.2: the first good check ends it, and those who were told of it are told."""

    def test_it_ends_at_the_good_check(self, outage, desk):
        outages.note_success(desk, "mailbox", at=TEN + MINUTE)
        assert fresh(outage).ended_at == TEN + MINUTE
        assert verbs() == ["outage.began", "outage.ended"]

    def test_the_same_people_are_told(self, outage, cast, desk):
        Role.objects.filter(employee=cast.gunta).delete()
        make_employee("Velta Jauna", "director", desk=desk)
        outages.note_success(desk, "mailbox", at=TEN + MINUTE)
        assert told("outage_ended") == told("outage") == ["Ilze Kalnciema", "Raimonds Straujupe", "Gunta Abellapa"]

    def test_a_good_check_without_an_outage_says_nothing(self, cast, desk):
        assert outages.note_success(desk, "mailbox", at=TEN) is None
        assert Alert.objects.count() == 0

    def test_again_it_changes_nothing(self, outage, desk):
        outages.note_success(desk, "mailbox", at=TEN + MINUTE)
        assert outages.note_success(desk, "mailbox", at=TEN + 2 * MINUTE) is None
        assert (fresh(outage).ended_at, Alert.objects.count()) == (TEN + MINUTE, 2)

    def test_a_good_check_from_before_the_beginning_ends_nothing(self, outage, desk):
        assert outages.note_success(desk, "mailbox", at=TEN - SECOND) is None

    def test_the_other_kind_goes_on(self, outage, desk):
        assert outages.note_success(desk, "sending", at=TEN + MINUTE) is None
        assert fresh(outage).ended_at is None

    def test_the_next_one_is_another(self, outage, desk):
        outages.note_success(desk, "mailbox", at=TEN + MINUTE)
        assert fail(desk, 140, 120, 100).pk != outage.pk


class TestWord:
    """E-II.2: the administrator's word establishes an outage as well, and ends one that no check has seen."""

    @pytest.fixture
    def declared(self, cast, desk, ilze):
        return outages.declare_outage(desk, "mailbox", "Outlook neatveras", by=ilze, at=TEN)

    def test_it_is_told_like_any_other(self, declared, ilze):
        assert (declared.declared_by, declared.note, declared.cause) == (ilze, "Outlook neatveras", "other")
        assert (declared.began_at, declared.failed_checks) == (TEN, 0)
        assert told() == ["Ilze Kalnciema", "Raimonds Straujupe", "Gunta Abellapa"]
        assert verbs() == ["outage.declared"]

    def test_said_twice_it_is_one(self, declared, desk, ilze):
        assert outages.declare_outage(desk, "mailbox", "vēl", by=ilze, at=TEN + MINUTE) == declared
        assert (Alert.objects.count(), fresh(declared).note) == (1, "Outlook neatveras")

    def test_where_checks_have_found_it_already_it_is_the_same(self, outage, desk, ilze):
        assert outages.declare_outage(desk, "mailbox", "x", by=ilze, at=TEN + MINUTE) == outage
        assert fresh(outage).declared_by is None

    def test_failed_checks_find_it_open(self, declared, desk):
        assert fail(desk, 40, 20, 0) is None
        assert Outage.objects.count() == 1

    def test_the_machine_s_good_check_does_not_gainsay_it(self, declared, desk):
        assert outages.note_success(desk, "mailbox", at=TEN + MINUTE) is None

    def test_one_that_checks_have_seen_fail_too_ends_with_a_good_one(self, declared, desk):
        outages.count_failures(declared, 1)
        assert outages.note_success(desk, "mailbox", at=TEN + MINUTE) == declared

    def test_the_person_ends_it_and_all_are_told(self, declared, ilze):
        outages.end_outage(declared, by=ilze, at=TEN + HOUR)
        assert (fresh(declared).ended_at, fresh(declared).ended_by) == (TEN + HOUR, ilze)
        assert len(told("outage_ended")) == 3

    def test_ended_twice_it_is_told_once(self, declared, ilze):
        for at in (TEN + HOUR, TEN + 2 * HOUR):
            outages.end_outage(declared, by=ilze, at=at)
        assert (fresh(declared).ended_at, Alert.objects.count()) == (TEN + HOUR, 2)

    def test_what_the_machine_sees_fail_no_word_ends(self, outage, ilze):
        with pytest.raises(StillFailing):
            outages.end_outage(outage, by=ilze, at=TEN + HOUR)
        assert fresh(outage).ended_at is None


class TestNoticeMail:
    """E-II.2: it leaves over the notice setting, which does not depend on the mailbox, and must be acknowledged."""

    def test_the_mail_says_what_since_when_and_why(self, outage, settings, tmp_path):
        assert mail_notices(at=outage.noticed_at) == 3
        first = mails(tmp_path / "notices")[0]
        assert first["To"] == "ilze.kalnciema@office.example"
        assert "emus@desk.example" in first["Subject"]
        assert "10:00" in first.get_content()
        assert f"{settings.BASE_URL}/outages/{outage.pk}/" in first.get_content()
        assert mails(tmp_path / "outgoing") == []

    def test_each_acknowledges_for_themselves(self, outage, ilze, cast):
        acknowledge(Notice.objects.get(recipient=cast.ilze), by=ilze, at=TEN + MINUTE)
        assert waiting_notices(ilze).count() == 0
        assert waiting_notices(cast.gunta.user).count() == 1


class TestTna:
    """E-II.2: TNA's IT support is told electronically or by telephone; one of the two is on record."""

    ADDRESS = "atbalsts@tna.example"

    def is_told(self, outage):
        return fresh(outage).tna_told_at is not None

    @pytest.fixture
    def with_address(self, settings):
        settings.TNA_SUPPORT_ADDRESS = self.ADDRESS

    def test_without_an_address_nobody_is_written_to(self, outage):
        assert outages.mail_tna(at=outage.noticed_at) == 0
        assert self.is_told(outage) is False

    def test_with_one_they_are_written_to_at_once_and_once(self, with_address, outage, tmp_path):
        assert self.is_told(outage) is False
        assert outages.mail_tna(at=outage.noticed_at) == 1
        assert outages.mail_tna(at=outage.noticed_at + HOUR) == 0
        (mail,) = mails(tmp_path / "notices")
        assert mail["To"] == self.ADDRESS
        assert "Connection refused" in mail.get_content()
        assert self.is_told(outage) is True
        assert (TnaContact.objects.get().told_at, verbs()[-1]) == (outage.noticed_at, "outage.tna_told")

    def test_a_mail_that_does_not_leave_is_not_told_and_tried_again(self, with_address, outage, settings, tmp_path):
        kept, settings.NOTICE_MAIL = settings.NOTICE_MAIL, {"backend": "tests.support.backends.Unreachable"}
        at = outage.noticed_at
        assert outages.mail_tna(at=at) == 0
        contact = TnaContact.objects.get()
        assert (contact.told_at, contact.mail_at, self.is_told(outage)) == (None, at + MINUTE, False)
        assert "refused" in contact.mail_error
        settings.NOTICE_MAIL = kept
        assert outages.mail_tna(at=at + MINUTE - SECOND) == 0
        assert outages.mail_tna(at=at + MINUTE) == 1

    def test_another_worker_s_mail_is_left_to_it(self, with_address, outage):
        TnaContact.objects.update(mail_at=TEN + HOUR)
        assert outages.mail_tna(at=TEN + HOUR - SECOND) == 0

    def test_who_was_written_to_is_told_of_the_end(self, with_address, outage, desk, tmp_path):
        outages.mail_tna(at=outage.noticed_at)
        outages.note_success(desk, "mailbox", at=TEN + HOUR)
        assert outages.mail_tna(at=TEN + HOUR) == 1
        assert "11:00" in mails(tmp_path / "notices")[-1].get_content()

    def test_a_call_is_put_on_record(self, outage, ilze):
        call = outages.log_call(outage, told_at=TEN + MINUTE, whom="Jānis", reference="R-17", by=ilze, at=TEN + HOUR)
        assert (call.how, call.told_at, call.whom, call.reference, call.by) == (
            "phone",
            TEN + MINUTE,
            "Jānis",
            "R-17",
            ilze,
        )
        assert self.is_told(outage) is True
        assert verbs()[-1] == "outage.tna_told"

    @pytest.mark.parametrize("told_at", [TEN - 61 * SECOND, TEN + HOUR + SECOND])
    def test_not_before_the_outage_and_not_in_the_future(self, outage, ilze, told_at):
        with pytest.raises(CallTimeWrong):
            outages.log_call(outage, told_at=told_at, whom="Jānis", reference="", by=ilze, at=TEN + HOUR)
        assert self.is_told(outage) is False

    def test_the_first_word_to_them_stands(self, with_address, outage, ilze):
        outages.log_call(outage, told_at=TEN + MINUTE, whom="Jānis", reference="", by=ilze, at=TEN + MINUTE)
        outages.mail_tna(at=TEN + HOUR)
        assert fresh(outage).tna_told_at == TEN + MINUTE

    def test_the_end_told_is_not_the_beginning_told(self, with_address, outage, desk, settings):
        TnaContact.objects.update(mail_at=TEN + 24 * HOUR)  # it does not leave
        outages.note_success(desk, "mailbox", at=TEN + HOUR)
        assert outages.mail_tna(at=TEN + HOUR) == 1
        assert self.is_told(outage) is False


@pytest.mark.django_db(transaction=True)
class TestManyWorkers:
    """E-II.2: however many workers find it at once, it is one outage and one alert."""

    def at_once(self, work):
        together, failed = Barrier(4), []

        def run():
            try:
                together.wait(timeout=20)
                work()
            except Exception as failure:
                failed.append(failure)
            finally:
                connection.close()

        threads = [Thread(target=run) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        assert failed == []

    def test_it_begins_and_ends_once(self):
        desk = make_desk("many")
        make_employee("Ilze Kalnciema", "administrator", desk=desk)
        make_employee("Gunta Abellapa", "director", desk=desk)
        self.at_once(lambda: fail(desk, 40, 20, 0))
        assert (Outage.objects.count(), Alert.objects.count(), Notice.objects.count()) == (1, 1, 2)
        self.at_once(lambda: outages.note_success(desk, "mailbox", at=TEN + HOUR))
        assert (Alert.objects.filter(trigger="outage_ended").count(), Notice.objects.count()) == (1, 4)
        assert verbs() == ["outage.began", "outage.ended"]

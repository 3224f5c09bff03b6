"""The sweep: what is near is warned of, what is broken is told, once each, however often it runs."""

from threading import Barrier, Thread

import pytest
from django.db import connection

from contact.email import outbound
from directory.models import Role
from escalation.actions import raise_alert, sweep
from escalation.models import Alert, Notice
from sla.models import Deadline
from tests.support.facts import HOUR, MINUTE, SECOND, deadline, events, fresh
from tests.support.office import make_desk, make_employee, riga
from tickets.actions.replying import Reply, reply_to_client
from tickets.actions.working import take_ticket

pytestmark = pytest.mark.django_db

MONDAY = riga("2025-11-10 09:00")
MARK_WARNS, MARK_DUE = riga("2025-11-10 09:40"), riga("2025-11-10 10:00")
REPLY_WARNS, REPLY_DUE = riga("2025-11-11 15:00"), riga("2025-11-11 17:00")


def told(alert):
    return {notice.recipient for notice in alert.notices.select_related("recipient")}


def alerts(message, kind="mark"):
    """Return the alerts of the message's ticket that name this kind of deadline."""
    return [one for one in Alert.objects.filter(ticket=message.ticket).order_by("pk") if kind in one.kinds]


@pytest.fixture
def message(cast, receive):
    return receive(MONDAY)


class TestWarning:
    """E-II.5: near its end a deadline is told of to the administrators, once."""

    def test_the_administrators_are_told(self, message, cast):
        assert sweep(at=MARK_WARNS) == (0, 1)
        (alert,) = alerts(message)
        assert (alert.trigger, alert.happened_at, alert.raised_at) == ("warning", MARK_WARNS, MARK_WARNS)
        assert (alert.deadline, alert.kinds) == (deadline(message, "mark"), ["mark"])
        assert told(alert) == {cast.ilze}

    def test_a_second_earlier_nobody_is(self, message):
        assert sweep(at=MARK_WARNS - SECOND) == (0, 0)

    def test_sweeping_again_tells_nothing_new(self, message):
        sweep(at=MARK_WARNS)
        assert sweep(at=MARK_WARNS) == sweep(at=MARK_WARNS + MINUTE) == (0, 0)
        assert Notice.objects.count() == 1

    def test_the_owner_is_told_instead_of_all_administrators(self, message, cast, desk):
        make_employee("Dace Otra", "administrator", desk=desk)
        take_ticket(message.ticket, by=cast.ilze.user, at=MONDAY)
        sweep(at=REPLY_WARNS)
        (alert,) = alerts(message, "reply")
        assert told(alert) == {cast.ilze}

    def test_without_an_owner_all_administrators_are(self, message, cast, desk):
        dace = make_employee("Dace Otra", "administrator", desk=desk)
        sweep(at=MARK_WARNS)
        assert told(alerts(message)[0]) == {cast.ilze, dace}

    def test_an_owner_who_may_no_longer_sign_in_is_not_the_only_one_told(self, message, cast, desk):
        dace = make_employee("Dace Otra", "administrator", desk=desk)
        take_ticket(message.ticket, by=cast.ilze.user, at=MONDAY)
        type(cast.ilze.user).objects.filter(pk=cast.ilze.user.pk).update(is_active=False)
        sweep(at=REPLY_WARNS)
        assert told(alerts(message, "reply")[0]) == {dace}


class TestBreach:
    """E-II.5b: a broken promise is told of to the deputy director and the administrators, once, dated at due."""

    def test_the_deputy_and_the_administrators_are_told(self, message, cast):
        assert sweep(at=MARK_DUE + SECOND)[0] == 1
        (alert,) = alerts(message)
        assert (alert.trigger, alert.happened_at, alert.raised_at) == ("breach", MARK_DUE, MARK_DUE + SECOND)
        assert (alert.deadline, alert.kinds) == (deadline(message, "mark"), ["mark"])
        assert told(alert) == {cast.ilze, cast.raimonds}

    def test_at_due_nobody_is(self, message):
        assert sweep(at=MARK_DUE) == (0, 1)
        assert [alert.trigger for alert in alerts(message)] == ["warning"]

    def test_sweeping_again_tells_nothing_new(self, message):
        sweep(at=MARK_DUE + SECOND)
        assert sweep(at=MARK_DUE + HOUR) == (0, 0)
        assert (Alert.objects.count(), Notice.objects.count()) == (1, 2)

    def test_without_a_deputy_the_director_is_told(self, message, cast):
        Role.objects.filter(name="deputy_director").delete()
        sweep(at=MARK_DUE + SECOND)
        assert told(alerts(message)[0]) == {cast.ilze, cast.gunta}

    def test_one_warned_of_before_is_told_of_again_when_it_breaks(self, message):
        sweep(at=MARK_WARNS)
        sweep(at=MARK_DUE + SECOND)
        assert [alert.trigger for alert in alerts(message)] == ["warning", "breach"]

    def test_one_found_after_downtime_is_told_of_once_with_no_warning_before(self, cast, receive):
        message = receive(MONDAY, fetched=MARK_DUE + HOUR)
        assert sweep(at=MARK_DUE + HOUR) == (1, 0)
        assert [alert.trigger for alert in alerts(message)] == ["breach"]
        assert fresh(deadline(message, "mark")).breached_at == MARK_DUE

    def test_people_of_another_desk_are_not_told(self, message, cast):
        sweep(at=MARK_DUE + SECOND)
        assert not Notice.objects.filter(recipient=cast.otto).exists()

    def test_the_other_desk_s_people_are_told_of_its_own(self, cast, receive):
        message = receive(MONDAY, desk=cast.other_desk)
        sweep(at=MARK_DUE + SECOND)
        assert told(alerts(message)[0]) == {cast.otto}

    def test_each_alert_is_recorded_with_who_was_told(self, message, cast):
        sweep(at=MARK_DUE + SECOND)
        (event,) = events(message.ticket, "alert.raised")
        assert event.data == {"trigger": "breach", "told": [cast.ilze.pk, cast.raimonds.pk]}

    def test_the_mails_are_nudged_after_the_commit(self, message, nudges, django_capture_on_commit_callbacks):
        with django_capture_on_commit_callbacks(execute=True):
            sweep(at=MARK_DUE + SECOND)
        assert nudges == [("escalation.mail_notices", ())]

    def test_a_crash_between_breaking_and_telling_loses_nothing(self, message, monkeypatch):
        with monkeypatch.context() as broken, pytest.raises(RuntimeError):
            broken.setattr("escalation.actions.people_of", lambda desk: (_ for _ in ()).throw(RuntimeError))
            sweep(at=MARK_DUE + SECOND)
        assert fresh(deadline(message, "mark")).breached_at == MARK_DUE
        assert sweep(at=MARK_DUE + MINUTE)[0] == 1

    def test_more_than_a_batch_is_told_in_one_sweep(self, cast, receive, monkeypatch):
        monkeypatch.setattr("escalation.actions.BATCH", 2)
        messages = [receive(MONDAY, message_id=f"<{number}@krumins.example>") for number in range(5)]
        assert sweep(at=MARK_DUE + SECOND) == (5, 0)
        assert all(len(alerts(message)) == 1 for message in messages)

    def test_the_sweep_asks_no_more_for_five_than_for_one(self, cast, receive, django_assert_max_num_queries):
        for number in range(5):
            receive(MONDAY, message_id=f"<{number}@krumins.example>")
        with django_assert_max_num_queries(30):
            sweep(at=MARK_DUE + SECOND)


class TestLateBySeconds:
    """E-II.3: no answer slips between two sweeps: late by a second is late, dated at due, told once."""

    @pytest.fixture
    def answered_late(self, message, cast):
        answer = reply_to_client(
            message.ticket, Reply("Labdien!", "a" * 32), by=cast.ilze.user, at=REPLY_DUE + 30 * SECOND
        )
        outbound.deliver(answer.pk, at=REPLY_DUE + 31 * SECOND)
        return message

    @pytest.mark.parametrize("pause", [MINUTE, HOUR], ids=["the sweep a minute later", "the sweep stopped for an hour"])
    def test_an_answer_thirty_seconds_late_is_told_of_once(self, answered_late, cast, pause):
        sweep(at=REPLY_DUE + pause)
        sweep(at=REPLY_DUE + pause + MINUTE)
        late = fresh(deadline(answered_late, "reply"))
        assert (late.state, late.met_at, late.breached_at) == ("met", REPLY_DUE + 30 * SECOND, REPLY_DUE)
        # Its mark was broken too, a day before: one alert names both, dated at the first.
        (alert,) = alerts(answered_late, "reply")
        assert (alert.trigger, alert.happened_at, told(alert)) == ("breach", MARK_DUE, {cast.ilze, cast.raimonds})
        assert (alert.deadline, alert.kinds) == (deadline(answered_late, "mark"), ["mark", "reply"])
        assert Alert.objects.count() == 1

    def test_an_answer_at_due_is_told_of_to_nobody(self, message, cast):
        answer = reply_to_client(message.ticket, Reply("Labdien!", "a" * 32), by=cast.ilze.user, at=REPLY_DUE)
        outbound.deliver(answer.pk, at=REPLY_DUE + MINUTE)
        sweep(at=REPLY_DUE + HOUR)
        assert fresh(deadline(message, "reply")).breached_at is None
        assert alerts(message, "reply") == []


class TestOtherAlerts:
    """E-II: what happened to a reply is told once."""

    def test_the_same_thing_is_told_once(self, message, cast):
        facts = {"ticket_id": message.ticket_id, "message_id": message.pk, "desk_id": message.ticket.desk_id}
        for _ in range(2):
            raise_alert("reply_refused", **facts, owner_id=None, at=MONDAY)
        (alert,) = Alert.objects.filter(message=message)
        assert told(alert) == {cast.ilze}


@pytest.mark.django_db(transaction=True)
class TestManyAtOnce:
    """E-II: all of it once, however many workers sweep."""

    def test_four_sweeps_at_once_tell_each_breach_once(self, receive):
        desk = make_desk("many")
        make_employee("Ilze Kalnciema", "administrator", desk=desk)
        for number in range(30):
            receive(MONDAY, desk=desk, message_id=f"<{number}@krumins.example>")
        together, counted, failed = Barrier(4), [], []

        def run():
            try:
                together.wait(timeout=20)
                counted.append(sweep(at=MARK_DUE + SECOND))
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
        assert sum(breaches for breaches, _ in counted) == 30
        assert Alert.objects.count() == Notice.objects.count() == 30
        assert Deadline.objects.filter(breached_at=MARK_DUE, is_breach_told=True).count() == 30
        from audit.models import Event

        assert Event.objects.filter(verb="deadline.breached").count() == 30

"""Notices reach people in the app and by mail over a setting of its own, and are acknowledged by whom they are for."""

from email import message_from_bytes, policy
from pathlib import Path

import pytest
from django.utils import translation

from escalation.actions import acknowledge, mail_notices, sweep
from escalation.models import Notice
from escalation.queries import notices_of, waiting_notices
from tests.support.facts import HOUR, MINUTE, SECOND, events, fresh
from tests.support.office import riga
from tickets.actions.working import answer_not_needed, take_ticket

pytestmark = pytest.mark.django_db

MONDAY = riga("2025-11-10 09:00")
MARK_WARNS, MARK_DUE = riga("2025-11-10 09:40"), riga("2025-11-10 10:00")
SWEPT = MARK_DUE + SECOND


def mails(folder):
    found = sorted(Path(folder).glob("*.eml"))
    return [message_from_bytes(path.read_bytes(), policy=policy.default) for path in found]


@pytest.fixture
def message(cast, receive):
    return receive(MONDAY)


@pytest.fixture
def breach(message):
    sweep(at=SWEPT)
    return message


@pytest.fixture
def notice(breach, cast):
    return Notice.objects.get(recipient=cast.ilze)


class TestMail:
    """E-II.1: a notice leaves by e-mail too, over the notice setting, once."""

    def test_each_recipient_gets_one_mail(self, breach, cast, tmp_path):
        assert mail_notices(at=SWEPT) == 2
        assert {mail["To"] for mail in mails(tmp_path / "notices")} == {
            cast.ilze.user.email,
            cast.raimonds.user.email,
        }
        assert mails(tmp_path / "outgoing") == []

    def test_nothing_is_mailed_twice(self, breach, tmp_path):
        mail_notices(at=SWEPT)
        assert mail_notices(at=SWEPT + HOUR) == 0
        assert len(mails(tmp_path / "notices")) == 2

    def test_it_is_noted_that_the_mail_left(self, notice):
        mail_notices(at=SWEPT)
        notice = fresh(notice)
        assert (notice.mail_at, notice.mailed_at, notice.mail_tries) == (None, SWEPT, 1)

    def test_it_names_the_ticket_and_leads_to_it(self, breach, settings, tmp_path):
        mail_notices(at=SWEPT)
        mail = mails(tmp_path / "notices")[0]
        text = mail.get_content()
        assert mail["Subject"].startswith("1: ")
        assert mail["Auto-Submitted"] == "auto-generated"
        assert mail["From"] == settings.NOTICE_FROM
        assert f"{settings.BASE_URL}/tickets/EMUS-2025-00001/" in text
        assert f"{settings.BASE_URL}/notices/" in text
        assert "Pēteris Krūmiņš" in text
        assert "10:00" in text

    def test_its_language_is_the_office_s_whoever_sends_it(self, breach, tmp_path):
        with translation.override("en"):
            mail_notices(at=SWEPT)
        with translation.override("lv"):
            expected = translation.gettext("Subject: %(subject)s") % {"subject": breach.ticket.subject}
        assert expected in mails(tmp_path / "notices")[0].get_content()

    def test_another_worker_s_notice_is_left_to_it(self, notice, tmp_path):
        Notice.objects.update(mail_at=SWEPT + 2 * MINUTE)
        assert mail_notices(at=SWEPT + 2 * MINUTE - SECOND) == 0
        assert mail_notices(at=SWEPT + 2 * MINUTE) == 2


class TestRefusedMail:
    """E-II: a mail that is refused is tried again with growing pauses for as long as the notice waits for its reader."""

    @pytest.fixture(autouse=True)
    def server_down(self, settings):
        settings.NOTICE_MAIL = {"backend": "tests.support.backends.Unreachable"}

    def test_the_pauses_grow_to_an_hour(self, notice):
        at, pauses = SWEPT, []
        for _ in range(8):
            assert mail_notices(at=at) == 0
            pauses.append((fresh(notice).mail_at - at) // MINUTE)
            at = fresh(notice).mail_at
        assert pauses == [2, 4, 8, 16, 32, 60, 60, 60]

    def test_before_its_time_it_is_not_tried(self, notice):
        mail_notices(at=SWEPT)
        mail_notices(at=SWEPT + 2 * MINUTE - SECOND)
        assert fresh(notice).mail_tries == 1

    def test_it_is_never_given_up_and_keeps_the_reason(self, notice):
        Notice.objects.update(mail_tries=8760)  # hourly for a year
        mail_notices(at=SWEPT)
        notice = fresh(notice)
        assert (notice.mail_at, notice.mailed_at, notice.mail_tries) == (SWEPT + HOUR, None, 8761)
        assert "Connection refused" in notice.mail_error

    def test_once_acknowledged_it_is_not_tried_again(self, notice, ilze, cast):
        mail_notices(at=SWEPT)
        acknowledge(notice, by=ilze, at=SWEPT + SECOND)
        mail_notices(at=SWEPT + 2 * MINUTE)
        assert (fresh(notice).mail_at, fresh(notice).mailed_at, fresh(notice).mail_tries) == (None, None, 1)
        assert Notice.objects.get(recipient=cast.raimonds).mail_at is not None  # his own word is still awaited

    def test_a_warning_of_a_promise_since_kept_is_not_tried_again(self, message, ilze):
        sweep(at=MARK_WARNS)
        mail_notices(at=MARK_WARNS)
        take_ticket(message.ticket, by=ilze, at=MARK_WARNS + SECOND)
        mail_notices(at=MARK_WARNS + 2 * MINUTE)
        notice = Notice.objects.get()
        assert (notice.mail_at, notice.mailed_at, notice.mail_tries) == (None, None, 1)

    def test_a_breach_is_tried_again_also_after_the_answer(self, breach, notice, ilze):
        mail_notices(at=SWEPT)
        answer_not_needed(breach, "paldies", by=ilze, at=SWEPT + SECOND)
        mail_notices(at=SWEPT + 2 * MINUTE)
        assert fresh(notice).mail_tries == 2

    @pytest.mark.parametrize("backend", ["Unreachable", "Hanging"])
    def test_while_nobody_answers_the_others_wait_a_minute_and_are_not_tried(
        self, breach, notice, cast, settings, backend
    ):
        settings.NOTICE_MAIL = {"backend": f"tests.support.backends.{backend}"}
        assert mail_notices(at=SWEPT) == 0
        other = Notice.objects.get(recipient=cast.raimonds)
        assert (fresh(notice).mail_tries, fresh(notice).mail_at) == (1, SWEPT + 2 * MINUTE)
        assert (other.mail_tries, other.mail_at, other.mail_error) == (0, SWEPT + MINUTE, "")

    def test_one_more_than_a_batch_waits_too(self, breach, cast):
        mail_notices(at=SWEPT, batch=1)
        assert sorted(Notice.objects.values_list("mail_tries", "mail_at")) == [
            (0, SWEPT + MINUTE),
            (1, SWEPT + 2 * MINUTE),
        ]

    def test_what_was_held_is_not_starved_by_the_one_that_fails(self, breach, notice, cast):
        mail_notices(at=SWEPT)
        mail_notices(at=SWEPT + MINUTE)
        assert Notice.objects.get(recipient=cast.raimonds).mail_tries == 1

    def test_it_leaves_once_the_server_is_back(self, notice, settings, tmp_path):
        mail_notices(at=SWEPT)
        settings.NOTICE_MAIL = {"backend": "helpdesk.folder_mail.EmailBackend", "path": str(tmp_path / "notices")}
        assert mail_notices(at=SWEPT + 2 * MINUTE) == 2
        assert (fresh(notice).mailed_at, fresh(notice).mail_error) == (SWEPT + 2 * MINUTE, "")

    def test_one_refused_does_not_stop_the_others(self, breach, settings):
        settings.NOTICE_MAIL = {"backend": "tests.support.backends.UnknownRecipient"}
        assert mail_notices(at=SWEPT) == 0
        assert set(Notice.objects.values_list("mail_tries", flat=True)) == {1}


class TestAcknowledgement:
    """E-II.1: who was told says that they have seen it, once, and that is recorded."""

    def test_it_is_noted_and_recorded(self, breach, notice, ilze, cast):
        acknowledge(notice, by=ilze, at=SWEPT + MINUTE)
        assert fresh(notice).acknowledged_at == SWEPT + MINUTE
        (event,) = events(breach.ticket, "notice.acknowledged")
        assert (event.by, event.at, event.data) == (ilze, SWEPT + MINUTE, {"recipient": cast.ilze.pk})

    def test_the_first_time_stands(self, breach, notice, ilze):
        acknowledge(notice, by=ilze, at=SWEPT + MINUTE)
        acknowledge(notice, by=ilze, at=SWEPT + HOUR)
        assert fresh(notice).acknowledged_at == SWEPT + MINUTE
        assert len(events(breach.ticket, "notice.acknowledged")) == 1

    def test_one_person_s_word_is_not_another_s(self, notice, ilze, cast):
        acknowledge(notice, by=ilze, at=SWEPT + MINUTE)
        assert waiting_notices(ilze).count() == 0
        assert waiting_notices(cast.raimonds.user).count() == 1


class TestWaiting:
    """E-I.1: the bell counts what still waits for the reader."""

    def test_a_breach_waits_also_after_the_answer(self, breach, ilze):
        answer_not_needed(breach, "paldies", by=ilze, at=SWEPT)
        assert waiting_notices(ilze).count() == 1

    def test_a_warning_of_a_promise_since_kept_waits_for_nobody_and_stays_listed(self, message, ilze):
        sweep(at=MARK_WARNS)
        assert waiting_notices(ilze).count() == 1
        take_ticket(message.ticket, by=ilze, at=MARK_WARNS)
        assert waiting_notices(ilze).count() == 0
        assert notices_of(ilze).count() == 1

    def test_everybody_sees_their_own_only(self, breach, cast):
        assert notices_of(cast.santa.user).count() == 0
        assert notices_of(cast.raimonds.user).count() == 1

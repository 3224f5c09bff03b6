"""The number and date of a reply in the office's records: before it is written, or once it has left."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction

from knowledge.placeholders import fill
from tests.support.facts import HOUR, MINUTE, last_event
from tests.support.office import riga
from tickets.actions.recalling import recall_reply
from tickets.actions.registering import (
    NotOurReply,
    NumberMissing,
    NumberTaken,
    RecordDateWrong,
    RecordEntry,
    register_next,
    register_reply,
    unregister,
)
from tickets.models import Registration
from tickets.wording import placeholder_values

pytestmark = pytest.mark.django_db

TODAY = date(2025, 11, 10)
ENTRY = RecordEntry("1-8/345", TODAY)


@pytest.fixture
def other(receive, nine):
    return receive(nine, sender_address="anna@ozola.example").ticket


class TestAReplyThatHasLeft:
    """S-24.2: the office's records and the ticket name the same reply."""

    def test_it_gets_its_number_and_date(self, ticket, answer, ilze, nine):
        reply = answer(ticket, sent=True)
        register_reply(reply, RecordEntry("  1-8/345 ", TODAY), by=ilze, at=nine + HOUR)
        kept = Registration.objects.get(message=reply)
        assert (kept.number, kept.dated_on, kept.year, kept.by) == ("1-8/345", TODAY, 2025, ilze.employee)
        assert last_event(ticket, "reply.registered").data == {
            "number": [None, "1-8/345"],
            "dated_on": [None, "2025-11-10"],
        }

    def test_entering_it_again_changes_nothing(self, ticket, answer, ilze, nine):
        reply = answer(ticket)
        register_reply(reply, ENTRY, by=ilze, at=nine)
        before = last_event(ticket, "reply.registered").pk
        register_reply(reply, ENTRY, by=ilze, at=nine + HOUR)
        assert last_event(ticket, "reply.registered").pk == before

    def test_another_number_corrects_it_and_both_stay_to_be_seen(self, ticket, answer, ilze, nine):
        reply = answer(ticket)
        register_reply(reply, ENTRY, by=ilze, at=nine)
        register_reply(reply, RecordEntry("1-8/346", TODAY), by=ilze, at=nine)
        assert Registration.objects.get(message=reply).number == "1-8/346"
        assert last_event(ticket, "reply.registered").data["number"] == ["1-8/345", "1-8/346"]

    def test_it_can_be_taken_off(self, ticket, answer, ilze, nine):
        kept = register_reply(answer(ticket), ENTRY, by=ilze, at=nine)
        unregister(kept, by=ilze, at=nine)
        unregister(kept, by=ilze, at=nine)
        assert not Registration.objects.exists()
        assert last_event(ticket, "reply.unregistered").data["number"] == ["1-8/345", None]


class TestRefusals:
    def test_a_letter_of_the_client_is_none_of_ours(self, message, ilze, nine):
        with pytest.raises(NotOurReply):
            register_reply(message, ENTRY, by=ilze, at=nine)

    def test_nor_is_a_reply_that_was_taken_back(self, ticket, answer, ilze, nine, settings):
        settings.UNDO_SPAN = timedelta(seconds=15)
        reply = answer(ticket)
        recall_reply(reply, by=ilze, at=nine)
        with pytest.raises(NotOurReply):
            register_reply(reply, ENTRY, by=ilze, at=nine)

    def test_a_number_is_needed(self, ticket, answer, ilze, nine):
        with pytest.raises(NumberMissing):
            register_reply(answer(ticket), RecordEntry(" ", TODAY), by=ilze, at=nine)

    @pytest.mark.parametrize("day", [TODAY - timedelta(days=1), TODAY + timedelta(days=1)])
    def test_the_date_lies_between_the_letter_and_today(self, ticket, answer, ilze, nine, day):
        reply = answer(ticket)
        with pytest.raises(RecordDateWrong):
            register_reply(reply, RecordEntry("1-8/345", day), by=ilze, at=nine)

    def test_today_is_the_desks_day(self, ticket, answer, ilze, nine):
        reply, late = answer(ticket), riga("2025-11-11 00:30")  # 22.30 of the day before, UTC
        assert register_reply(reply, RecordEntry("1-8/345", date(2025, 11, 11)), by=ilze, at=late)

    def test_a_number_is_given_once_a_year(self, ticket, other, answer, ilze, nine):
        register_reply(answer(ticket), ENTRY, by=ilze, at=nine)
        second = answer(other, key="b" * 32, reason="quick")
        with pytest.raises(NumberTaken) as refused:
            register_reply(second, ENTRY, by=ilze, at=nine)
        assert ticket.short_number in str(refused.value)
        new_year = riga("2026-01-05 09:00")
        assert register_reply(second, RecordEntry("1-8/345", date(2026, 1, 5)), by=ilze, at=new_year)

    def test_the_database_knows_it_too(self, ticket, other, ilze, nine):
        facts = {"desk": ticket.desk, "number": "1", "dated_on": TODAY, "year": 2025, "by": ilze.employee, "at": nine}
        Registration.objects.create(ticket=ticket, **facts)
        with pytest.raises(IntegrityError), transaction.atomic():
            Registration.objects.create(ticket=other, **facts)


class TestTheNextReply:
    """S-5.2: the number is known before the letter is written, so that the letter can name it."""

    def test_it_takes_the_number_that_waits(self, ticket, answer, ilze, nine):
        register_next(ticket, ENTRY, by=ilze, at=nine)
        reply = answer(ticket)
        kept = Registration.objects.get()
        assert (kept.message, kept.ticket, kept.number) == (reply, None, "1-8/345")

    def test_a_template_can_name_it(self, ticket, ilze, nine):
        text = "Nr. {{ record.number }}, {{ record.dated_on }} Uz {{ ticket.received_on }} vēstuli."
        assert "⟦" in fill(text, placeholder_values(ticket, ilze.employee, at=nine))
        register_next(ticket, ENTRY, by=ilze, at=nine)
        filled = fill(text, placeholder_values(ticket, ilze.employee, at=nine))
        assert filled == "Nr. 1-8/345, 10.11.2025. Uz 10. novembrī vēstuli."

    def test_one_after_it_does_not(self, ticket, answer, ilze, nine):
        register_next(ticket, ENTRY, by=ilze, at=nine)
        answer(ticket)
        second = answer(ticket, nine + MINUTE, key="b" * 32)
        assert not Registration.objects.filter(message=second).exists()

    def test_a_question_to_the_client_leaves_it_for_the_answer(self, ticket, answer, ilze, nine):
        register_next(ticket, ENTRY, by=ilze, at=nine)
        answer(ticket, is_substantive=False)
        assert Registration.objects.get().ticket == ticket
        second = answer(ticket, nine + MINUTE, key="b" * 32)
        assert Registration.objects.get().message == second

    def test_the_notice_of_a_forwarding_leaves_it(self, ticket, forward, ilze, nine):
        register_next(ticket, ENTRY, by=ilze, at=nine)
        forward(ticket)
        assert Registration.objects.get().ticket == ticket

    def test_taken_back_the_reply_gives_it_back(self, ticket, answer, ilze, nine, settings):
        settings.UNDO_SPAN = timedelta(seconds=15)
        register_next(ticket, ENTRY, by=ilze, at=nine)
        recall_reply(answer(ticket), by=ilze, at=nine)
        assert Registration.objects.get().ticket == ticket
        again = answer(ticket, key="b" * 32)
        assert Registration.objects.get().message == again

    def test_unless_another_waits_there_by_then(self, ticket, answer, ilze, nine, settings):
        settings.UNDO_SPAN = timedelta(seconds=15)
        register_next(ticket, ENTRY, by=ilze, at=nine)
        reply = answer(ticket)
        register_next(ticket, RecordEntry("1-8/346", TODAY), by=ilze, at=nine)
        recall_reply(reply, by=ilze, at=nine)
        assert Registration.objects.get().number == "1-8/346"


class TestPages:
    """E-I.4, S-24.2: the administrator enters it; nothing typed is lost; others only see it."""

    @pytest.fixture
    def reply(self, ticket, answer):
        return answer(ticket, sent=True)

    @pytest.fixture
    def url(self, ticket, reply):
        return f"/tickets/{ticket.number}/messages/{reply.pk}/registration/"

    def test_it_is_saved_and_stands_by_the_reply(self, browse, url, ticket, reply):
        answer = browse().post(url, {"number": "1-8/345", "dated_on": "2025-11-10"})
        assert answer.url == f"/tickets/{ticket.number}/#message-{reply.pk}"
        assert "1-8/345" in browse("gunta").get(f"/tickets/{ticket.number}/").content.decode()

    def test_what_is_wrong_is_said_and_what_was_typed_stays(self, browse, url):
        answer = browse().post(url, {"number": "1-8/345", "dated_on": "2030-01-01"})
        assert answer.status_code == 422
        assert 'value="1-8/345"' in answer.content.decode()

    def test_it_is_taken_off(self, browse, url, reply):
        browse().post(url, {"number": "1-8/345", "dated_on": "2025-11-10"})
        browse().post(url, {"remove": "1"})
        assert not Registration.objects.exists()

    def test_the_next_reply_is_registered_from_the_ticket(self, browse, ticket):
        page = f"/tickets/{ticket.number}/"
        assert f"{page}registration/" in browse().get(page).content.decode()
        browse().post(f"{page}registration/", {"number": "1-8/345", "dated_on": "2025-11-10"})
        assert browse().get(page).context["registration"].number == "1-8/345"

    @pytest.mark.parametrize(("who", "status"), [("gunta", 403), ("santa", 404), ("otto", 404)])
    def test_only_administrators_of_the_desk(self, browse, url, who, status):
        assert browse(who).get(url).status_code == status
        assert browse(who).post(url, {"number": "1", "dated_on": "2025-11-10"}).status_code == status
        assert not Registration.objects.exists()

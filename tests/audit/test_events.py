"""The event log: who did what to what and when, in codes and raw values, and never changed afterwards."""

import pytest
from django.db import transaction

from audit.actions import record, record_many
from audit.models import Event
from audit.verbs import Verb
from tests.support.facts import MINUTE
from tests.support.office import riga
from tickets.models import Ticket

pytestmark = pytest.mark.django_db

NINE = riga("2025-11-10 09:00")


class TestRecording:
    """S-20.3: every event has its instant, its actor, its object and raw values."""

    def test_an_event_says_who_what_when_and_on_which_ticket(self, receive, ilze):
        message = receive(NINE)
        record(message, Verb.ANSWER_NOT_NEEDED, by=ilze, at=NINE, reason="zināšanai")
        event = Event.objects.latest("pk")
        assert (event.verb, event.by, event.at) == ("message.answer_not_needed", ilze, NINE)
        assert (event.target_type, event.target_id, event.ticket) == ("tickets.message", message.pk, message.ticket)
        assert event.data == {"reason": "zināšanai"}

    def test_a_ticket_s_own_event_is_on_that_ticket(self, receive, ilze):
        ticket = receive(NINE).ticket
        record(ticket, Verb.TICKET_TAKEN, by=ilze, at=NINE)
        assert Event.objects.latest("pk").ticket == ticket

    def test_one_about_nothing_in_particular_is_kept_too(self):
        record(None, Verb.SIGN_IN_FAILED, by=None, at=NINE, email="x@y.example")
        event = Event.objects.get()
        assert (event.target_type, event.target_id, event.ticket) == ("", None, None)

    def test_many_are_recorded_each_with_its_own_instant(self, receive):
        one, two = receive(NINE).ticket, receive(NINE).ticket
        before = Event.objects.count()
        record_many([(one, NINE, {"n": 1}), (two, NINE + MINUTE, {"n": 2})], Verb.TICKET_TAKEN, by=None)
        added = Event.objects.order_by("pk")[before:]
        assert [(event.ticket, event.at, event.data) for event in added] == [
            (one, NINE, {"n": 1}),
            (two, NINE + MINUTE, {"n": 2}),
        ]

    def test_an_event_and_its_change_stand_or_fall_together(self, receive):
        before = Event.objects.count()
        with pytest.raises(RuntimeError), transaction.atomic():
            receive(NINE)
            raise RuntimeError
        assert (Event.objects.count(), Ticket.objects.count()) == (before, 0)

    def test_every_code_is_told_apart_and_fits(self):
        assert len({str(verb) for verb in Verb}) == len(Verb)
        assert all(len(verb) <= 40 and "." in verb for verb in Verb)


class TestAppendOnly:
    """S-20.3: what was recorded is never changed or deleted."""

    @pytest.fixture
    def event(self):
        record(None, Verb.SIGNED_IN, by=None, at=NINE)
        return Event.objects.get()

    def test_it_cannot_be_changed(self, event):
        event.verb = "other"
        with pytest.raises(TypeError):
            event.save()

    def test_it_cannot_be_deleted(self, event):
        with pytest.raises(TypeError):
            event.delete()
        assert Event.objects.count() == 1

    def test_a_person_with_events_cannot_be_deleted(self, receive, ilze):
        from django.db.models import ProtectedError

        record(None, Verb.SIGNED_IN, by=ilze, at=NINE)
        with pytest.raises(ProtectedError):
            ilze.delete()

"""What stands in the place of a template's placeholders on a ticket."""

from datetime import date

import pytest

from knowledge.placeholders import PLACEHOLDERS, fill
from tickets.actions.registering import RecordEntry, register_next
from tickets.filling import values_for

pytestmark = pytest.mark.django_db


class TestValues:
    """S-5.2: a template is filled in with what is known on the ticket."""

    def test_all_of_them_are_placeholders(self, ticket, draft, ilze, nine):
        ticket.refresh_from_db()
        register_next(ticket, RecordEntry("1-8/345", date(2025, 11, 10)), by=ilze, at=nine)
        assert set(PLACEHOLDERS) - set(values_for(ticket, ilze.employee, at=nine)) == {"topic.name"}

    def test_the_letter_names_the_number_that_waits(self, ticket, ilze, nine):
        text = "Nr. {{ record.number }}, {{ record.dated_on }} Uz {{ ticket.received_on }} vēstuli."
        assert "⟦" in fill(text, values_for(ticket, ilze.employee, at=nine))
        register_next(ticket, RecordEntry("1-8/345", date(2025, 11, 10)), by=ilze, at=nine)
        filled = fill(text, values_for(ticket, ilze.employee, at=nine))
        assert filled == "Nr. 1-8/345, 10.11.2025. Uz 10. novembrī vēstuli."

    def test_the_promised_time_is_said_as_in_a_notice(self, ticket, draft, ilze, nine):
        assert values_for(ticket, ilze.employee, at=nine)["promise.due_on"] == "14. novembrim plkst. 17.00"

"""Two people on one ticket see each other; who has left is forgotten."""

from datetime import timedelta

import pytest

from tests.support.facts import SECOND, fresh
from tickets.models import Presence
from tickets.presence import STALE, note_presence, others_there

pytestmark = pytest.mark.django_db


class TestPresence:
    """E-II.3: who else has the ticket open, and whether they are writing; a second reply is never sent blindly."""

    def there(self, ticket, employee, at):
        return [str(one) for one in others_there(ticket, employee, at=at)]

    def test_they_see_each_other_and_not_themselves(self, ticket, cast, nine):
        note_presence(ticket, is_writing=False, by=cast.ilze, at=nine)
        note_presence(ticket, is_writing=True, by=cast.raimonds, at=nine)
        assert "Raimonds Straujupe" in self.there(ticket, cast.ilze, nine)[0]
        assert "Ilze Kalnciema" in self.there(ticket, cast.raimonds, nine)[0]
        assert len(self.there(ticket, None, nine)) == 2

    def test_who_writes_stands_first(self, ticket, cast, nine):
        note_presence(ticket, is_writing=False, by=cast.gunta, at=nine)
        note_presence(ticket, is_writing=True, by=cast.raimonds, at=nine)
        assert "Raimonds" in self.there(ticket, cast.ilze, nine)[0]

    @pytest.mark.parametrize(("later", "number"), [(STALE - SECOND, 1), (STALE, 0)])
    def test_after_45_seconds_nobody_is_there(self, ticket, cast, nine, later, number):
        note_presence(ticket, is_writing=True, by=cast.ilze, at=nine)
        assert len(self.there(ticket, cast.santa, nine + later)) == number

    def test_it_is_one_row_and_one_statement(self, ticket, cast, nine, django_assert_num_queries):
        note_presence(ticket, is_writing=True, by=cast.ilze, at=nine)
        with django_assert_num_queries(1):
            note_presence(ticket, is_writing=False, by=cast.ilze, at=nine + timedelta(seconds=15))
        row = Presence.objects.get()
        assert (row.seen_at, row.is_writing) == (nine + timedelta(seconds=15), False)

    def test_what_comes_late_turns_no_clock_back(self, ticket, cast, nine):
        note_presence(ticket, is_writing=True, by=cast.ilze, at=nine)
        note_presence(ticket, is_writing=False, by=cast.ilze, at=nine - SECOND)
        assert Presence.objects.get().seen_at == nine


class TestStrip:
    """E-II.3: the page tells it and asks again every quarter of a minute."""

    def test_it_stands_on_the_ticket_and_on_the_draft(self, browse, draft):
        url = f'hx-post="/tickets/{draft.ticket.number}/presence/"'
        assert url in browse().get(f"/tickets/{draft.ticket.number}/").content.decode()
        assert url in browse("santa").get(f"/drafts/{draft.pk}/").content.decode()

    def test_asking_is_being_there(self, browse, draft, cast, half_past):
        path = f"/tickets/{draft.ticket.number}/presence/"
        assert browse("santa").post(path, {"writing": "1"}).content.strip() == b""
        page = browse("ilze").post(path, headers={"accept-language": "en"})
        assert "Santa Grinvalde is writing here just now" in page.content.decode()
        assert fresh(draft.ticket).state == "incomplete"

    def test_who_may_not_see_the_ticket_is_not_there(self, browse, ticket):
        for who in ("santa", "otto"):
            assert browse(who).post(f"/tickets/{ticket.number}/presence/").status_code == 404
        assert not Presence.objects.exists()

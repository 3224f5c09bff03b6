"""Notes between colleagues name each other with an @; similar answers stand beside the editor."""

import pytest

from escalation.models import Notice
from knowledge.actions import learn_topic
from tests.support.facts import HOUR, MINUTE
from tests.support.office import make_employee
from tickets.actions.noting import write_note
from tickets.actions.sorting import choose_topic
from tickets.mentions import named_in
from tickets.similar import earlier_answers

pytestmark = pytest.mark.django_db
ENGLISH = {"accept-language": "en"}


class TestNamedIn:
    """E-II.4c: who is named is told by name and surname, or by the name alone where there is one."""

    NAMES = {
        1: ("Ilze", "Kalnciema"),
        2: ("Santa", "Grinvalde"),
        3: ("Jānis", "Bērziņš"),
        4: ("Jānis", "Ozols"),
        5: ("Anna Marija", "Liepa Ozola"),
    }

    @pytest.mark.parametrize(
        ("text", "people", "unclear"),
        [
            ("@Ilze, paskaties", (1,), ()),
            ("(@ilze kalnciema) un @SANTA", (1, 2), ()),
            ("@janis berzins zina", (3,), ()),
            ("@Jānis zina", (), ("Jānis",)),
            ("@Nezināms", (), ("Nezināms",)),
            ("raksti uz ilze@office.example", (), ()),
            ("@Ilze @Ilze", (1,), ()),
            ("@Anna Marija Liepa Ozola, @anna marija!", (5,), ()),
            ("@Ilzes", (), ("Ilzes",)),
        ],
    )
    def test_by_hand(self, text, people, unclear):
        named = named_in(text, self.NAMES)
        assert (named.people, named.unclear) == (people, unclear)


class TestMention:
    """E-II.4c: the one who is named is told; who does not see the ticket is not let in, and the writer learns it."""

    def test_the_named_is_told(self, draft, cast, nine):
        noted = write_note(draft.ticket, "@Ilze, kurš gads?", by=cast.santa.user, at=nine + HOUR)
        assert (noted.told, noted.unseeing) == ([cast.ilze], [])
        assert Notice.objects.get(alert__trigger="mentioned").recipient == cast.ilze

    def test_an_expert_who_was_not_asked_is_not_told(self, draft, desk, ilze, nine):
        dace = make_employee("Dace Otra", "expert", desk=desk)
        noted = write_note(draft.ticket, "@Dace @Santa?", by=ilze, at=nine + HOUR)
        assert (noted.unseeing, [one.first_name for one in noted.told]) == ([dace], ["Santa"])
        assert not Notice.objects.filter(recipient=dace).exists()

    def test_one_does_not_tell_oneself(self, ticket, ilze, nine):
        assert write_note(ticket, "@Ilze", by=ilze, at=nine).told == []

    def test_the_page_says_who_was_told_and_who_not(self, browse, draft, desk):
        make_employee("Dace Otra", "expert", desk=desk)
        page = browse().post(
            f"/tickets/{draft.ticket.number}/notes/", {"text": "@Santa @Dace @Kāds"}, headers=ENGLISH, follow=True
        )
        said = [str(one) for one in page.context["messages"]]
        assert said[1:] == [
            "Told: Santa Grinvalde.",
            "Not told, as they do not see this ticket: Dace Otra. Forward it, or tell them yourself.",
            "Nobody was told by @Kāds: write the name and surname of a colleague of the desk.",
        ]


class TestSimilar:
    """S-5.2: answers to the like stand beside the editor: of completed tickets that one may see."""

    @pytest.fixture
    def earlier(self, receive, topic, answer, ilze, nine):
        ticket = receive(nine, sender_address="a@b.example", message_id="<2@b.example>").ticket
        choose_topic(ticket, topic, by=ilze, at=nine)
        answer(ticket, nine + MINUTE, text="Atveriet 4. sadaļu.", key="e" * 32, sent=True, reason="quick")
        # A third letter of another kind: words that every letter has tell nothing.
        other = receive(
            nine, sender_address="c@b.example", message_id="<3@b.example>", subject="X", reply="Parole"
        ).ticket
        learn_topic(other.pk, "Parole", topic, at=nine)
        return ticket

    def test_a_completed_ticket_with_its_answer(self, ticket, earlier, topic, ilze, nine):
        choose_topic(ticket, topic, by=ilze, at=nine)
        (found,) = earlier_answers(ticket, "", to=ilze)
        assert (found.title, found.text) == (earlier.subject, "Atveriet 4. sadaļu.")

    def test_an_expert_sees_only_those_they_were_asked_about(self, draft, earlier, cast):
        assert earlier_answers(draft.ticket, "", to=cast.santa.user) == []

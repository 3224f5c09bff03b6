"""What a ticket is about: suggested from its letter, accepted or corrected by a person, learnt, and filtered by."""

import pytest

from directory.actions import enter_topic
from directory.actions.competences import TopicFacts
from knowledge.models import Lesson
from knowledge.queries import suggest_topics
from tests.support.facts import HOUR, MINUTE, fresh, last_event
from tickets.actions.sorting import TopicNotOffered, choose_topic

pytestmark = pytest.mark.django_db

ENGLISH = {"accept-language": "en"}


@pytest.fixture
def access(desk, nine):
    return enter_topic(desk, TopicFacts("access", "Piekļuve", "Lietotāju konti un paroles."), by=None, at=nine)


class TestChoosing:
    """E-II.4b: a person says what a ticket is about, and the next suggestion knows it."""

    def test_it_is_kept_and_recorded(self, ticket, topic, ilze, nine):
        choose_topic(ticket, topic, by=ilze, at=nine + MINUTE)
        assert (fresh(ticket).topic, fresh(ticket).state) == (topic, "unprocessed")
        event = last_event(ticket, "ticket.topic_chosen")
        assert (event.by, event.data["topic"]) == (ilze, [None, topic.pk])

    def test_a_correction_counts_next_time(self, ticket, topic, access, ilze, desk, nine):
        choose_topic(ticket, topic, by=ilze, at=nine)
        choose_topic(ticket, access, by=ilze, at=nine + HOUR)
        assert Lesson.objects.get().topic == access
        assert last_event(ticket, "ticket.topic_chosen").data["topic"] == [topic.pk, access.pk]
        # The description of the other topic still speaks for it, and yet the learnt letter wins.
        assert suggest_topics(desk, "Kopsumma nesakrīt, ko darīt?")[0].topic == access

    def test_twice_it_is_one_event(self, ticket, topic, ilze, nine):
        for hours in (0, 1):
            choose_topic(ticket, topic, by=ilze, at=nine + hours * HOUR)
        assert Lesson.objects.get().learned_at == nine

    def test_a_topic_of_another_desk_or_a_retired_one_is_refused(self, ticket, topic, cast, ilze, nine):
        other = enter_topic(cast.other_desk, TopicFacts("x", "X"), by=None, at=nine)
        topic.is_retired = True
        for wrong in (other, topic):
            with pytest.raises(TopicNotOffered):
                choose_topic(ticket, wrong, by=ilze, at=nine)


class TestCard:
    """E-II.4b: the suggestion explains itself: by the words that spoke for it, and by earlier letters like it."""

    def page(self, browser, ticket):
        return browser.get(f"/tickets/{ticket.number}/", headers=ENGLISH)

    def test_it_names_the_words_and_the_earlier_ticket(self, browse, ticket, topic, access, receive, ilze, nine):
        earlier = receive(nine, sender_address="a@b.example", message_id="<2@b.example>").ticket
        choose_topic(earlier, topic, by=ilze, at=nine)
        receive(
            nine, sender_address="c@b.example", message_id="<3@b.example>", subject="Parole", reply="Kur ir parole?"
        )
        card = self.page(browse(), ticket).context["topic"]
        assert (card.chosen, card.suggested[0].topic) == (None, topic)
        assert "kopsumma" in card.suggested[0].words
        assert [one.ticket for one in card.suggested[0].earlier] == [earlier]

    def test_one_click_accepts_it_and_one_corrects_it(self, browse, ticket, topic, access):
        browser, url = browse(), f"/tickets/{ticket.number}/topic/"
        assert b"because of:" in self.page(browser, ticket).content
        assert browser.post(url, {"topic": topic.pk}).status_code == 302
        assert self.page(browser, ticket).context["topic"].chosen == topic
        browser.post(url, {"topic": access.pk})
        assert fresh(ticket).topic == access
        browser.post(url, {"topic": ""})
        assert fresh(ticket).topic == access

    @pytest.mark.parametrize(("who", "status"), [("santa", 404), ("raimonds", 403), ("gunta", 403), ("otto", 404)])
    def test_who_may_not(self, browse, ticket, topic, who, status):
        assert browse(who).post(f"/tickets/{ticket.number}/topic/", {"topic": topic.pk}).status_code == status

    def test_a_foreign_topic_is_not_found(self, browse, ticket, cast, nine):
        other = enter_topic(cast.other_desk, TopicFacts("x", "X"), by=None, at=nine)
        assert browse().post(f"/tickets/{ticket.number}/topic/", {"topic": other.pk}).status_code == 404


class TestFilter:
    """E-II.4b: the queue of one topic."""

    def test_it_shows_only_the_topic_in_each_view(self, browse, ticket, topic, access, receive, ilze, nine):
        other = receive(nine, sender_address="a@b.example", message_id="<2@b.example>").ticket
        choose_topic(ticket, topic, by=ilze, at=nine)
        choose_topic(other, access, by=ilze, at=nine)
        browser = browse()
        for view, wanted, found in (("all", topic, [ticket]), ("unprocessed", access, [other]), ("mine", topic, [])):
            page = browser.get(f"/queue/?view={view}&topic={wanted.pk}")
            assert [row.ticket for row in page.context["rows"]] == found
        assert len(browser.get("/queue/?topic=x").context["rows"]) == 2

    def test_a_topic_of_another_desk_is_not_offered(self, browse, ticket, cast, nine):
        other = enter_topic(cast.other_desk, TopicFacts("x", "X"), by=None, at=nine)
        page = browse().get(f"/queue/?topic={other.pk}")
        assert (list(page.context["rows"]), page.context["topics"]) == ([], [])

"""Earlier answers beside a reply, and a good reply made an article."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from directory.actions import enter_topic
from directory.actions.competences import TopicFacts
from knowledge.actions import approve_article, learn_topic, make_article
from knowledge.actions.articles import ArticleFields
from knowledge.models import Article
from tests.support.facts import HOUR
from tests.support.office import OPENED
from tickets.similar import earlier_answers, letter_of

pytestmark = pytest.mark.django_db
WORDS = "Labdien! Pārrēķiniet kopsummas 4. sadaļā."


@pytest.fixture
def topic(desk, cast):
    return enter_topic(desk, TopicFacts("reports", "Pārskati", "Pārskata kopsumma nesakrīt."), by=None, at=OPENED)


@pytest.fixture
def article(desk, cast):
    fields = ArticleFields("Pārskata kopsumma nesakrīt. Ko darīt?", "Pārrēķiniet.", cast.ilze, date(2027, 1, 4))
    return make_article(desk, fields, ticket_id=None, by=cast.ilze.user, at=OPENED)


@pytest.fixture
def answered(receive, answer, nine, topic):
    """Return an earlier ticket of the topic whose answer has reached the client."""

    def answered(number=1):
        letter = receive(nine, message_id=f"<earlier-{number}@x.example>")
        answer(letter.ticket, nine + HOUR, text=WORDS, key=f"{number:032d}", reason="quick", sent=True)
        learn_topic(letter.ticket.pk, letter.text, topic, at=nine)
        return letter.ticket

    return answered


class TestEarlierAnswers:
    """S-5.2, E-I.3: what was answered before stands beside the reply."""

    def test_articles_like_the_letter_and_the_answers_of_completed_tickets(self, ticket, article, answered, ilze):
        earlier = answered()
        found = earlier_answers(ticket, "", to=ilze)
        assert [(one.kind, one.text) for one in found] == [("article", "Pārrēķiniet."), ("ticket", WORDS)]
        assert found[1].url.endswith(f"{earlier.number}/")

    def test_an_article_that_nobody_approved_says_so(self, ticket, article, cast, ilze):
        assert earlier_answers(ticket, "", to=ilze)[0].is_draft
        approve_article(article, by=cast.raimonds.user, at=OPENED)
        assert not earlier_answers(ticket, "", to=ilze)[0].is_draft

    def test_words_find_articles_whatever_their_ending(self, ticket, article, ilze):
        assert [one.title for one in earlier_answers(ticket, "kopsummu", to=ilze)] == [article.title]
        assert earlier_answers(ticket, "zilonis", to=ilze) == []

    def test_tickets_that_one_may_not_read_are_not_offered(self, ticket, answered, cast):
        answered()
        assert [one.kind for one in earlier_answers(ticket, "", to=cast.otto.user)] == []

    def test_the_letter_is_its_subject_and_its_words(self, ticket):
        assert letter_of(ticket) == "Pārskatā nesakrīt kopsumma\nLabdien! Kopsumma nesakrīt. Ko darīt?"

    def test_queries_stay_the_same_as_tickets_grow(self, ticket, article, answered, ilze):
        def queries():
            with CaptureQueriesContext(connection) as asked:
                earlier_answers(ticket, "", to=ilze)
            return len(asked)

        answered(1)
        queries()  # the desk is read once
        before = queries()
        answered(2)
        answered(3)
        assert queries() == before

    def test_the_part_and_the_page(self, browse, ticket, article):
        path = f"/tickets/{ticket.number}/similar/"
        part = browse().get(path, {"q": "kopsumma"}, HTTP_HX_REQUEST="true").content.decode()
        assert part.lstrip().startswith("<section") and "data-apart" in part
        page = browse().get(path).content.decode()
        assert "<html" in page and article.answer in page

    def test_an_outsider_s_ticket_is_not_there(self, browse, ticket):
        assert browse("otto").get(f"/tickets/{ticket.number}/similar/").status_code == 404


class TestAnArticleOfAReply:
    """S-12: a good answer becomes an article in one step."""

    def path(self, message):
        return f"/tickets/{message.ticket.number}/messages/{message.pk}/article/"

    def test_everything_stands_there_already(self, browse, ticket, answer, cast):
        sent = answer(ticket, text=WORDS)
        form = browse().get(self.path(sent)).context["form"]
        assert form["question"].value() == "Labdien! Kopsumma nesakrīt. Ko darīt?"
        assert (form["answer"].value(), form["owner"].value()) == (WORDS, cast.ilze.pk)

    def test_saved_it_keeps_where_it_comes_from(self, browse, ticket, answer, cast):
        sent = answer(ticket, text=WORDS)
        posted = {"question": "Ko darīt?", "answer": WORDS, "owner": cast.ilze.pk, "review_on": "2026-11-10"}
        assert browse().post(self.path(sent), posted).status_code == 302
        made = Article.objects.get()
        assert (made.ticket, made.owner, made.title) == (ticket, cast.ilze, "Ko darīt?")

    def test_what_is_refused_keeps_what_was_typed(self, browse, ticket, answer, cast):
        sent = answer(ticket, text=WORDS)
        posted = {"question": "Kods 010190-12345?", "answer": WORDS, "owner": cast.ilze.pk, "review_on": "2026-11-10"}
        refused = browse().post(self.path(sent), posted)
        assert refused.status_code == 422 and "010190-12345" in refused.content.decode()
        assert not Article.objects.exists()

    def test_a_client_s_letter_is_no_answer(self, browse, message):
        assert browse().get(self.path(message)).status_code == 404

    def test_an_outsider_finds_nothing(self, browse, ticket, answer):
        assert browse("otto").get(self.path(answer(ticket))).status_code == 404

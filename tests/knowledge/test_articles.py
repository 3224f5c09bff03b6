"""Articles: made in one step, approved, looked at again, found by their words."""

from datetime import date, timedelta

import pytest

from audit.models import Event
from directory.models import Topic
from knowledge.actions import approve_article, change_article, make_article, retire_article, review_article
from knowledge.actions.articles import ArticleFields, IdentityCodeInArticle, NotADraft, ReviewDatePast
from knowledge.actions.wording import NotOfThisDesk
from knowledge.models import ArticleWord
from knowledge.queries import articles_in_use, articles_like, articles_of, due_for_review, search_articles
from knowledge.shipped import load_knowledge
from tests.support.facts import fresh
from tests.support.office import riga

pytestmark = pytest.mark.django_db
NINE = riga("2025-11-10 09:00")
TODAY = date(2025, 11, 10)
LATER = date(2026, 5, 10)


@pytest.fixture
def fields(cast):
    def fields(**changes):
        given = {
            "question": "Kā atvērt pārskatu?\nTas ir iesniegts.",
            "answer": "Rakstiet atbalstam.",
            "owner": cast.ilze,
            "review_on": LATER,
        }
        return ArticleFields(**{**given, **changes})

    return fields


@pytest.fixture
def make(desk, ilze, fields):
    def make(**changes):
        return make_article(desk, fields(**changes), ticket_id=None, by=ilze, at=NINE)

    return make


class TestMaking:
    """S-12: an article is made from a good answer in one step, with an owner and a review date."""

    def test_question_and_answer_become_a_draft_that_names_its_ticket(self, desk, ilze, receive, fields):
        ticket = receive(NINE).ticket
        article = make_article(desk, fields(), ticket_id=ticket.pk, by=ilze, at=NINE)
        assert (article.title, article.state, article.ticket) == ("Kā atvērt pārskatu?", "draft", ticket)
        event = Event.objects.get(verb="article.made")
        assert (event.by, event.at, event.data["ticket"]) == (ilze, NINE, ticket.pk)

    @pytest.mark.parametrize("field", ["title", "question", "answer"])
    def test_an_identity_code_is_refused_wherever_it_stands(self, make, field):
        with pytest.raises(IdentityCodeInArticle):
            make(**{field: "kods 161175-19997"})

    @pytest.mark.parametrize("day", [TODAY, TODAY - timedelta(days=1)])
    def test_the_day_of_review_lies_ahead(self, make, day):
        with pytest.raises(ReviewDatePast):
            make(review_on=day)

    def test_tomorrow_is_ahead(self, make):
        assert make(review_on=TODAY + timedelta(days=1)).pk

    def test_another_desk_s_topic_is_refused(self, make, cast):
        with pytest.raises(NotOfThisDesk):
            make(topic=Topic.objects.create(desk=cast.other_desk, code="x", name="X"))


class TestStates:
    """S-12, S-20.2: what is read as approved is what somebody approved."""

    def test_it_is_approved_once_by_somebody(self, make, cast):
        article = make()
        for _ in range(2):
            approve_article(article, by=cast.raimonds.user, at=NINE)
        assert (fresh(article).state, fresh(article).approved_by) == ("approved", cast.raimonds)
        assert Event.objects.filter(verb="article.approved").count() == 1

    def test_other_words_make_it_a_draft_again_and_another_owner_does_not(self, make, cast, ilze, fields):
        article = approve_article(make(), by=cast.raimonds.user, at=NINE)
        change_article(article, fields(title=article.title, owner=cast.santa), by=ilze, at=NINE)
        assert fresh(article).state == "approved"
        change_article(article, fields(title=article.title, answer="Citādi."), by=ilze, at=NINE)
        assert fresh(article).state == "draft"
        assert Event.objects.filter(verb="article.changed").count() == 2

    def test_no_change_is_no_event(self, make, ilze, fields):
        article = make()
        change_article(article, fields(title=article.title), by=ilze, at=NINE)
        assert not Event.objects.filter(verb="article.changed").exists()

    def test_a_change_of_an_article_that_is_overdue_need_not_move_its_day(self, make, ilze, fields):
        article = make()
        later = riga("2026-06-01 09:00")
        assert change_article(article, fields(answer="Citādi."), by=ilze, at=later).answer == "Citādi."
        with pytest.raises(ReviewDatePast):
            change_article(article, fields(review_on=date(2026, 5, 11)), by=ilze, at=later)

    def test_a_retired_one_is_out_of_use_until_it_is_written_anew(self, make, ilze, cast, desk, fields):
        article = make()
        for _ in range(2):
            retire_article(article, by=ilze, at=NINE)
        assert list(articles_in_use(desk)) == []
        with pytest.raises(NotADraft):
            approve_article(article, by=cast.raimonds.user, at=NINE)
        change_article(article, fields(answer="Citādi."), by=ilze, at=NINE)
        assert list(articles_in_use(desk)) == [article]
        assert Event.objects.filter(verb="article.retired").count() == 1


class TestReview:
    """S-12: who owns an article looks at it again on the day that was set."""

    def test_it_is_due_from_that_day_on(self, make, desk):
        article = make()
        assert list(due_for_review(desk, LATER - timedelta(days=1))) == []
        assert list(due_for_review(desk, LATER)) == [article]

    def test_a_retired_one_is_never_due(self, make, desk, ilze):
        retire_article(make(), by=ilze, at=NINE)
        assert list(due_for_review(desk, LATER)) == []

    def test_it_still_holds_until_another_day(self, make, desk, ilze):
        article = make()
        again = riga("2026-05-10 10:00")
        review_article(article, review_on=date(2026, 11, 10), by=ilze, at=again)
        assert list(due_for_review(desk, LATER)) == []
        assert Event.objects.get(verb="article.reviewed").data == {"review_on": ["2026-05-10", "2026-11-10"]}
        with pytest.raises(ReviewDatePast):
            review_article(article, review_on=LATER, by=ilze, at=again)


class TestSearch:
    """S-12, E-I.3: found by words in any form, without diacritics too."""

    @pytest.fixture(autouse=True)
    def loaded(self, desk, cast):
        load_knowledge(desk, cast.ilze, cast.raimonds, at=NINE)

    @pytest.mark.parametrize(
        ("query", "title"),
        [
            ("pārskatam", "Kā atvērt labošanai jau iesniegtu pārskatu"),
            ("parskatu labosana", "Kā atvērt labošanai jau iesniegtu pārskatu"),
            ("cesij", "Kā reģistrēt kreditora maiņu pēc cesijas"),
            ("KREDITORU SAPULCE", "Kā izsludināt attālinātu kreditoru sapulci"),
            ("palīgam pilnvar", "Kā piešķirt palīgam tiesības sagatavot melnrakstus"),
        ],
    )
    def test_the_words_find_it(self, desk, query, title):
        assert title in [one.title for one in search_articles(articles_of(desk), query)]

    def test_all_words_must_be_there(self, desk):
        assert list(search_articles(articles_of(desk), "pārskats cesija")) == []

    def test_nothing_asked_is_everything(self, desk):
        assert search_articles(articles_of(desk), " , ").count() == 6

    def test_a_change_is_found_by_its_new_words_only(self, desk, ilze, fields):
        article = articles_of(desk).get(title__startswith="Kā reģistrēt")
        change_article(article, fields(title="Zilonis", question="Zilonis", answer="Zilonis"), by=ilze, at=NINE)
        assert list(search_articles(articles_of(desk), "zilonim")) == [article]
        assert list(search_articles(articles_of(desk), "cesija")) == []
        assert ArticleWord.objects.filter(article=article).count() == 1


class TestLikeness:
    """S-5.2, E-I.3: articles like a letter stand beside its answer, with the words they share."""

    @pytest.fixture(autouse=True)
    def loaded(self, desk, cast):
        load_knowledge(desk, cast.ilze, cast.raimonds, at=NINE)

    def test_the_likest_comes_first_with_its_words(self, desk):
        letter = "Labdien! Sveiki, parakstot ar eParakstu, man atveras tukss logs un nekas nenotiek. Ko darīt?"
        first = articles_like(desk, letter)[0]
        assert first.article.title.startswith("Ko darīt, ja, parakstot")
        assert {"eParakstu", "tukss", "logs"} <= set(first.words)

    def test_a_letter_of_other_words_has_none(self, desk):
        assert articles_like(desk, "abrakadabra") == []
        assert articles_like(desk, "") == []

    def test_no_more_than_asked_for_and_none_of_another_desk(self, desk, cast):
        letter = "Kreditoru pārskats, palīga paraksts, sapulce, process"
        assert len(articles_like(desk, letter, 2)) == 2
        assert articles_like(cast.other_desk, letter) == []

    def test_a_retired_one_is_not_offered(self, desk, ilze):
        article = articles_of(desk).get(title__startswith="Kā reģistrēt")
        retire_article(article, by=ilze, at=NINE)
        assert article not in [one.article for one in articles_like(desk, "cesijas līgums kreditora maiņa")]

    def test_three_questions_however_many_there_are(self, desk, make, django_assert_num_queries):
        for number in range(5):
            make(title=f"Cesija {number}")
        with django_assert_num_queries(3):
            articles_like(desk, "cesija un kreditora maiņa")

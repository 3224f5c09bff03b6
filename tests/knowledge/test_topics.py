"""Topics told by their words: the arithmetic, what is learnt and corrected, and that rows and arithmetic agree."""

import json
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from directory.folding import fold
from directory.models import Topic as TopicRow
from knowledge.actions import learn_topic
from knowledge.models import Lesson, TopicCount, TopicWord
from knowledge.queries import suggest_topics, tickets_like
from knowledge.stems import stem, telling_stems
from knowledge.topics import Model, Topic, learn, similar, suggest, unlearn
from tests.support.office import riga

NINE = riga("2025-11-10 09:00")
DATA = Path(__file__).parents[1] / "data"
CLAIMS = "Lūdzu labot kreditora prasījumu reģistrā, kreditors pieteica prasījumu"
SIGNING = "Nevar parakstīt ar eParakstu, paraksts netiek pievienots"
FAULTS = "Sistēma nedarbojas, lapa neatveras jau stundu"


def model_of(**descriptions):
    return Model({code: Topic(text) for code, text in descriptions.items()})


@pytest.fixture
def model():
    found = model_of(claims="Kreditoru prasījumi", signing="Elektroniskā parakstīšana", faults="Darbības traucējumi")
    for text, topic in ((CLAIMS, "claims"), (SIGNING, "signing"), (FAULTS, "faults")):
        learn(found, text, topic)
    return found


class TestStems:
    """S-12: words meet whatever their ending, and without diacritics."""

    @pytest.mark.parametrize(
        "words",
        [
            "pārskats pārskatu pārskatam pārskati parskatos",
            "kļūda kļūdu kļūdām kludas",
            "parakstīt parakstīšana parakstisanu parakstīts",
            "prasījums prasījumu prasījumiem prasijumam",
            "administrators administratore administratoram administratori",
        ],
    )
    def test_forms_of_a_word_meet(self, words):
        assert len({stem(word) for word in words.split()}) == 1

    def test_different_words_stay_apart(self):
        assert (
            len({stem(word) for word in ("pārskats", "prasījums", "paraksts", "kreditors", "sapulce", "depozīts")}) == 6
        )

    def test_short_words_stay_themselves(self):
        assert [stem(word) for word in ("lieta", "PIN", "tap")] == ["liet", "pin", "tap"]

    def test_russian_letters_are_written_in_latin_ones(self):
        assert fold("Кредитор") == fold("kreditor")

    def test_empty_words_and_numbers_say_nothing(self):
        assert telling_stems("Labdien! Vai 2026 ir 5 pārskati?") == [stem("pārskati")]


class TestSuggestions:
    """E-II.4b: the topic is suggested from the text, with the words that told it."""

    def test_the_nearest_topic_comes_first_with_its_words(self, model):
        first = suggest("kreditora prasijumam cits kreditors", model)[0]
        assert first.topic == "claims"
        assert set(first.words) == {"kreditora", "prasijumam"}
        assert 0.5 < first.share <= 1

    def test_a_topic_without_letters_is_told_by_its_description(self):
        model = model_of(fees="Depozīts un nodevas", claims="Kreditoru prasījumi")
        assert suggest("kad atmaksās depozītu", model)[0].topic == "fees"

    def test_words_nobody_knows_suggest_nothing(self, model):
        assert suggest("abrakadabra", model) == []
        assert suggest("", model) == []

    def test_the_shares_are_parts_of_one(self, model):
        assert sum(one.share for one in suggest(CLAIMS + SIGNING + FAULTS, model)) == pytest.approx(1)

    def test_a_word_that_few_letters_have_outweighs_one_that_all_have(self):
        model = model_of(one="", two="")
        for _ in range(3):
            learn(model, "alfa beta", "one")
        learn(model, "alfa gamma delta omega sigma kappa lambda theta zeta epsilon", "two")
        assert [one.topic for one in suggest("alfa gamma", model)] == ["two", "one"]

    def test_a_correction_counts_next_time(self, model):
        letter = "Pārskata veidlapa"
        learn(model, letter, "faults")
        assert suggest(letter, model)[0].topic == "faults"
        unlearn(model, letter, "faults")
        learn(model, letter, "signing")
        assert [one.topic for one in suggest(letter, model)] == ["signing"]

    @given(st.text(alphabet="aābcčdeēfk lmnoprsštu", max_size=60))
    def test_unlearning_leaves_no_trace(self, letter):
        model = model_of(claims="Kreditoru prasījumi", faults="Traucējumi")
        learn(model, CLAIMS, "claims")
        before = deepcopy(model)
        learn(model, letter, "faults")
        unlearn(model, letter, "faults")
        assert {one: words for one, words in model.words.items() if words} == before.words
        assert model.topics["faults"].square == pytest.approx(0, abs=1e-9)

    def test_on_the_later_half_of_the_test_mails_it_beats_the_most_frequent_topic_twice(self):
        mails = sorted(json.loads((DATA / "topic_mails.json").read_text()), key=lambda mail: mail["sent_at"])
        topics = json.loads((DATA / "topics.json").read_text())
        model = model_of(**{one["code"]: f"{one['name']} {one['description']}" for one in topics})
        for mail in mails[:60]:
            learn(model, f"{mail['subject']}\n{mail['text']}", mail["topic"])
        found = [suggest(f"{mail['subject']}\n{mail['text']}", model)[:1] for mail in mails[60:]]
        right = sum(one[0].topic == mail["topic"] for one, mail in zip(found, mails[60:], strict=True) if one)
        frequent = sum(mail["topic"] == "claims" for mail in mails[60:])
        assert right > 2 * frequent


class TestSimilar:
    """S-5.2: earlier letters like this one, with the words in common."""

    def test_the_likest_comes_first_and_says_why(self):
        among = [("1", ["prasi", "regis", "kredi"]), ("2", ["parak", "lapa"]), ("3", ["prasi", "kredi", "sapul"])]
        found = similar("kreditora prasījums reģistrā", among)
        assert [one.key for one in found] == ["1", "3"]
        assert set(found[0].words) == {"kreditora", "prasījums", "reģistrā"}

    def test_one_word_in_common_is_not_likeness(self):
        assert similar("kreditora lieta", [("1", ["kredi"])]) == []


@pytest.fixture
def topics(desk):
    rows = [("claims", "Kreditoru prasījumi"), ("signing", "Elektroniskā parakstīšana"), ("faults", "Traucējumi")]
    return {code: TopicRow.objects.create(desk=desk, code=code, name=name) for code, name in rows}


@pytest.mark.django_db
class TestLearning:
    """E-II.4b: what people choose is counted once, and counts next time."""

    def learnt(self):
        counts = dict(TopicCount.objects.values_list("topic__code", "letters"))
        return {code: number for code, number in counts.items() if number}

    def test_a_letter_is_counted_once_however_often_it_is_told(self, receive, topics):
        ticket = receive(NINE).ticket
        for hours in range(2):
            learn_topic(ticket.pk, CLAIMS, topics["claims"], at=NINE + timedelta(hours=hours))
        assert self.learnt() == {"claims": 1}
        assert Lesson.objects.get().learned_at == NINE
        assert set(TopicWord.objects.values_list("letters", flat=True)) == {1}

    def test_a_correction_takes_it_back_there_and_counts_it_here(self, receive, topics, desk):
        ticket = receive(NINE).ticket
        learn_topic(ticket.pk, FAULTS, topics["claims"], at=NINE)
        assert suggest_topics(desk, FAULTS)[0].topic == topics["claims"]
        learn_topic(ticket.pk, FAULTS, topics["signing"], at=NINE + timedelta(hours=1))
        assert self.learnt() == {"signing": 1}
        assert [one.topic for one in suggest_topics(desk, FAULTS)] == [topics["signing"]]
        assert Lesson.objects.get().topic == topics["signing"]

    def test_what_was_counted_is_taken_back_even_if_the_text_has_changed(self, receive, topics):
        ticket = receive(NINE).ticket
        learn_topic(ticket.pk, FAULTS, topics["claims"], at=NINE)
        learn_topic(ticket.pk, "Pavisam citi vārdi", topics["faults"], at=NINE)
        assert not TopicWord.objects.filter(topic=topics["claims"]).exists()
        assert TopicCount.objects.get(topic=topics["claims"]).square == 0

    def test_rows_and_arithmetic_agree(self, receive, topics, desk):
        model = Model({code: Topic(f"{row.name} ") for code, row in topics.items()})
        for number, (text, code) in enumerate(((CLAIMS, "claims"), (FAULTS, "claims"), (SIGNING, "signing"))):
            ticket = receive(NINE, message_id=f"<{number}@x.example>").ticket
            learn_topic(ticket.pk, text, topics[code], at=NINE)
            learn(model, text, code)
        for text in (CLAIMS, SIGNING + FAULTS, "kreditors parakstīja"):
            rows = [(one.topic.code, one.words) for one in suggest_topics(desk, text)]
            assert rows == [(one.topic, one.words) for one in suggest(text, model)]
            shares = [one.share for one in suggest_topics(desk, text)]
            assert shares == pytest.approx([one.share for one in suggest(text, model)])

    def test_a_retired_topic_is_not_suggested(self, topics, desk):
        TopicRow.objects.filter(code="claims").update(is_retired=True)
        assert suggest_topics(desk, "Kreditoru prasījumi") == []

    def test_another_desk_s_letters_do_not_count(self, cast, receive, topics):
        learn_topic(receive(NINE).ticket.pk, CLAIMS, topics["claims"], at=NINE)
        assert suggest_topics(cast.other_desk, CLAIMS) == []

    def test_it_asks_two_questions_however_much_was_learnt(self, receive, topics, desk, django_assert_num_queries):
        for number in range(5):
            ticket = receive(NINE, message_id=f"<{number}@x.example>").ticket
            learn_topic(ticket.pk, CLAIMS, topics["claims"], at=NINE)
        with django_assert_num_queries(2):
            suggest_topics(desk, CLAIMS)

    def test_earlier_tickets_like_it_are_found_without_itself(self, receive, topics):
        tickets = [receive(NINE, message_id=f"<{number}@x.example>").ticket for number in range(3)]
        for ticket, text in zip(tickets, (CLAIMS, "Kreditora prasījums noraidīts", SIGNING), strict=True):
            learn_topic(ticket.pk, text, topics["claims"], at=NINE)
        found = tickets_like([topics["claims"]], CLAIMS, but=tickets[0].pk)
        assert [one.ticket_id for one in found] == [tickets[1].pk]
        assert set(found[0].words) == {"kreditora", "prasījumu"}


@pytest.mark.django_db(transaction=True)
def test_many_who_choose_at_once_leave_the_letter_counted_once(receive, topics):
    """E-II.4b: corrections by several people at the same time neither double nor lose a letter."""
    ticket = receive(NINE).ticket
    choices = [topics[code] for code in ("claims", "signing", "faults") * 4]

    def choose(topic):
        try:
            learn_topic(ticket.pk, CLAIMS, topic, at=NINE)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(choose, choices))
    chosen = Lesson.objects.get().topic
    assert list(TopicCount.objects.filter(letters__gt=0).values_list("topic", "letters")) == [(chosen.pk, 1)]
    assert set(TopicWord.objects.values_list("topic", "letters")) == {(chosen.pk, 1)}

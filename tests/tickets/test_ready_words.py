"""Templates, macros and terms in the composer, the notice and the draft: filled in, and put in with one step."""

import uuid

import pytest

from directory.actions import enter_topic
from directory.actions.competences import TopicFacts
from knowledge.actions import enter_macro, enter_template, enter_term
from knowledge.actions.wording import MacroFields, TemplateFields, TermFields
from knowledge.models import Lesson
from tests.support.facts import events, fresh
from tests.support.office import OPENED
from tickets.actions.macros import MacroGone
from tickets.actions.sorting import choose_topic
from tickets.models import Message
from tickets.wording import choices, macro_choices, placeholder_values

pytestmark = pytest.mark.django_db
BODY = "Labdien, {{ client.name }}!\n\nJūsu numurs ir {{ ticket.number }}. Atbildes līdz {{ promise.due_on }}."


@pytest.fixture
def topic(desk, cast):
    return enter_topic(desk, TopicFacts("reports", "Pārskati", "Pārskatu iesniegšana."), by=None, at=OPENED)


@pytest.fixture
def template(desk, cast, topic):
    fields = TemplateFields("Pārskats atvērts", BODY, "reply", topic)
    return enter_template(desk, fields, by=None, at=OPENED)


@pytest.fixture
def macro(desk, template, topic):
    return enter_macro(desk, MacroFields("Atvērt un gaidīt", template, topic, "incomplete"), by=None, at=OPENED)


@pytest.fixture
def term(desk, cast):
    return enter_term(desk, TermFields("kvorums", "Mazākais balsu skaits."), by=None, at=OPENED)


def name_of(source, ticket):
    return next(one.name for one in (*macro_choices(ticket), *choices(ticket)) if one.source == source)


@pytest.fixture
def words(browse, ticket):
    """Return a function that asks for the words of a choice as the page's script does."""

    def words(source, **more):
        asked = {"item": name_of(source, ticket), **more}
        return browse().get(f"/tickets/{ticket.number}/ready-words/", asked).json()

    return words


@pytest.fixture
def post(browse, ticket):
    def post(**more):
        posted = {"text": "", "is_substantive": "on", "key": str(uuid.uuid4()), "shows_check": "1", **more}
        return browse().post(f"/tickets/{ticket.number}/replies/", posted)

    return post


class TestFillingIn:
    """S-5.2: what the ticket knows stands in place; what it does not know leaves a mark that the check finds."""

    def test_the_client_and_the_number(self, words, template, ticket):
        text = words(template)["text"]
        assert text.startswith(f"Labdien, {ticket.client.name}!\n\nJūsu numurs ir {ticket.number}.")
        assert "⟦" in text

    def test_a_promised_time_is_named_as_a_promise_is(self, words, template, draft):
        assert "Atbildes līdz 14. novembrim." in words(template)["text"]

    def test_what_goes_to_a_client_is_latvian_whatever_its_writer_reads(self, ticket, cast, half_past):
        from django.utils import translation

        with translation.override("en"):
            values = placeholder_values(ticket, cast.ilze, at=half_past)
        assert (values["ticket.received_on"], values["today"]) == ("10. novembrī", "10.11.2025.")

    def test_a_term_comes_with_its_explanation(self, words, term):
        assert words(term)["text"] == "kvorums (mazākais balsu skaits)"

    def test_a_notice_takes_the_day_and_the_colleague_of_its_own_form(self, browse, ticket, desk, cast):
        body = "Atbildēs {{ expert.name }} līdz {{ promise.due_on }}."
        notice = enter_template(desk, TemplateFields("Nodots", body, "notice"), by=None, at=OPENED)
        asked = {"item": f"Nodots · {choices(ticket, ('notice',))[0].name.split(' · ')[1]}", "is_notice": "1"}
        asked |= {"due_on": "2025-12-01", "expert": cast.santa.pk}
        text = browse().get(f"/tickets/{ticket.number}/ready-words/", asked).json()["text"]
        assert text == "Atbildēs Santa Grinvalde līdz 1. decembrim."
        assert notice not in [one.source for one in choices(ticket)]

    def test_an_unknown_name_is_not_there(self, browse, ticket):
        assert browse().get(f"/tickets/{ticket.number}/ready-words/", {"item": "nekas"}).status_code == 404

    def test_an_outsider_s_ticket_is_not_there(self, browse, ticket):
        assert browse("otto").get(f"/tickets/{ticket.number}/ready-words/").status_code == 404

    def test_those_of_the_ticket_s_topic_come_first(self, desk, ticket, template, topic, ilze):
        enter_template(desk, TemplateFields("Agrāka", "Labdien!", position=1), by=None, at=OPENED)
        choose_topic(ticket, topic, by=ilze, at=OPENED)
        assert [one.source.name for one in choices(fresh(ticket))] == ["Pārskats atvērts", "Agrāka"]


class TestWithoutScripts:
    """S-5.2: the button puts the words at the end of what is written; nothing is sent by it."""

    def test_the_words_stand_below_what_was_typed(self, post, term, ticket):
        answer = post(insert="1", item=name_of(term, ticket), text="Labdien!")
        assert answer.status_code == 200
        assert answer.context["reply_form"]["text"].value() == "Labdien!\n\nkvorums (mazākais balsu skaits)"
        assert not Message.objects.filter(kind="outgoing").exists()

    def test_a_macro_says_what_else_it_does(self, post, macro, ticket):
        answer = post(insert="1", item=name_of(macro, ticket))
        form = answer.context["reply_form"]
        assert form["is_substantive"].value() is False
        assert answer.context["macro"].pk == macro.pk
        assert "Pārskati" in answer.context["macro"].words


class TestMacros:
    """S-5.2: text, topic and mark in one step; what was applied stays to be seen."""

    def test_sent_the_ticket_has_the_topic_and_the_event(self, post, macro, ticket):
        assert post(text="Labdien! Pārskats ir atvērts.", macro=macro.pk).status_code == 302
        assert Lesson.objects.get(ticket=ticket).topic == macro.topic
        event = events(ticket, "macro.applied")[-1]
        assert (event.data["name"], event.data["topic"]) == ("Atvērt un gaidīt", "Pārskati")

    def test_sent_twice_it_is_applied_once(self, answer, macro, ticket):
        for _ in range(2):
            answer(ticket, macro=macro.pk)
        assert len(events(ticket, "macro.applied")) == 1

    def test_one_of_another_desk_is_refused_and_nothing_leaves(self, answer, ticket):
        with pytest.raises(MacroGone):
            answer(ticket, macro=12345)
        assert not Message.objects.filter(kind="outgoing").exists()

    def test_without_its_tick_nothing_of_it_is_done(self, post, macro, ticket):
        post(text="Labdien! Pārskats ir atvērts.")
        assert not Lesson.objects.exists()
        assert events(ticket, "macro.applied") == []

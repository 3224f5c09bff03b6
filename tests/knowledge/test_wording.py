"""Templates, macros and terms: what is refused when saved, what is filled in when used."""

import pytest

from audit.models import Event
from contact.demo import office, wording
from directory.models import Topic
from knowledge import shipped
from knowledge.actions import (
    change_macro,
    change_template,
    change_term,
    enter_macro,
    enter_template,
    enter_term,
    remove_term,
)
from knowledge.actions.rows import NameTaken
from knowledge.actions.wording import MacroFields, NotOfThisDesk, PlaceholderUnknown, TemplateFields, TermFields
from knowledge.models import GlossaryTerm, Macro, Template
from knowledge.placeholders import PLACEHOLDERS, fill, left_over, wrong_places
from knowledge.queries import facts_for_check, macros_of, templates_for, templates_of
from knowledge.reply_check import check
from knowledge.shipped import load_knowledge
from tests.support.office import riga

NINE = riga("2025-11-10 09:00")


class TestPlaceholders:
    """S-5.2: an unknown placeholder is an error when the template is saved, not when the letter leaves."""

    @pytest.mark.parametrize("text", ["Labdien!", "{{ client.name }}", "{{client.name}} un {{  today }}", "{ viens }"])
    def test_the_list_and_plain_text_are_in_order(self, text):
        assert wrong_places(text) == []

    @pytest.mark.parametrize(
        ("text", "wrong"),
        [
            ("{{ client.nme }}", ["{{ client.nme }}"]),
            ("{{}}", ["{{}}"]),
            ("{{ client.name }", ["{{"]),
            ("client.name }}", ["}}"]),
            ("{{ {{ client.name }} }}", ["{{", "}}"]),
            (
                "{{ client.name|upper }} {{ settings.SECRET_KEY }}",
                ["{{ client.name|upper }}", "{{ settings.SECRET_KEY }}"],
            ),
        ],
    )
    def test_everything_else_is_named(self, text, wrong):
        assert wrong_places(text) == wrong

    def test_known_values_stand_in_place_and_missing_ones_leave_a_mark_that_the_check_finds(self):
        text = fill("Labdien, {{ client.name }}! Līdz {{ promise.due_on }}.", {"client.name": "Anna {{ today }}"})
        assert text.startswith("Labdien, Anna {{ today }}! Līdz ⟦")  # a value is never read as a template
        assert [text[start:end] for start, end in left_over(text)][-1].startswith("⟦")
        assert fill("{{ client.name }}", {"client.name": ""}).startswith("⟦")

    def test_every_placeholder_is_described(self):
        assert all(str(words) and name == name.strip() for name, words in PLACEHOLDERS.items())


@pytest.mark.django_db
class TestTemplates:
    """S-5.2: templates of a desk, by use and topic, in the order of their list."""

    def test_it_is_entered_and_changed_with_an_event_each(self, desk, ilze):
        template = enter_template(desk, TemplateFields("Sveiciens", "Labdien!"), by=ilze, at=NINE)
        change_template(template, TemplateFields("Sveiciens", "Labrīt!"), by=ilze, at=NINE)
        change_template(template, TemplateFields("Sveiciens", "Labrīt!"), by=ilze, at=NINE)
        events = Event.objects.filter(target_type="knowledge.template").order_by("pk")
        assert [(one.verb, one.by) for one in events] == [("template.entered", ilze), ("template.changed", ilze)]
        assert events[1].data == {"body": ["Labdien!", "Labrīt!"]}

    def test_an_unknown_placeholder_is_refused_at_both(self, desk, ilze):
        with pytest.raises(PlaceholderUnknown):
            enter_template(desk, TemplateFields("A", "{{ nav }}"), by=ilze, at=NINE)
        template = enter_template(desk, TemplateFields("A", "Labdien!"), by=ilze, at=NINE)
        with pytest.raises(PlaceholderUnknown):
            change_template(template, TemplateFields("A", "{{ nav }}"), by=ilze, at=NINE)
        assert Template.objects.get().body == "Labdien!"

    def test_a_name_is_taken_once_a_desk(self, desk, cast, ilze):
        fields = TemplateFields("Sveiciens", "Labdien!")
        enter_template(desk, fields, by=ilze, at=NINE)
        enter_template(cast.other_desk, fields, by=ilze, at=NINE)
        with pytest.raises(NameTaken):
            enter_template(desk, fields, by=ilze, at=NINE)
        other = enter_template(desk, TemplateFields("Cits", "Labdien!"), by=ilze, at=NINE)
        with pytest.raises(NameTaken):
            change_template(other, fields, by=ilze, at=NINE)

    def test_another_desk_s_topic_is_refused(self, desk, cast, ilze):
        topic = Topic.objects.create(desk=cast.other_desk, code="x", name="X")
        with pytest.raises(NotOfThisDesk):
            enter_template(desk, TemplateFields("A", "Labdien!", topic=topic), by=ilze, at=NINE)

    def test_what_is_offered_is_of_the_use_and_the_topic_first(self, desk, ilze):
        topic, other = (Topic.objects.create(desk=desk, code=code, name=code) for code in ("a", "b"))
        for name, fields in {
            "any": {},
            "early": {"position": 1},
            "of topic": {"topic": topic, "position": 900},
            "of another": {"topic": other},
            "not offered": {"is_active": False},
            "question": {"use": "question"},
        }.items():
            enter_template(desk, TemplateFields(name, "Labdien!", **fields), by=ilze, at=NINE)
        assert [one.name for one in templates_for(desk, "reply", topic)] == ["of topic", "early", "any"]
        assert [one.name for one in templates_for(desk, "reply")] == ["early", "any"]
        assert templates_of(desk).count() == 6


@pytest.mark.django_db
class TestMacros:
    """S-5.2: steps that go together under one name."""

    def test_it_holds_template_topic_and_mark(self, desk, ilze):
        template = enter_template(desk, TemplateFields("A", "Labdien!"), by=ilze, at=NINE)
        macro = enter_macro(desk, MacroFields("Ātri", template, mark="complete"), by=ilze, at=NINE)
        change_macro(macro, MacroFields("Ātri", template, mark="incomplete"), by=ilze, at=NINE)
        assert Event.objects.get(verb="macro.changed").data == {"mark": ["complete", "incomplete"]}
        assert [one.mark for one in macros_of(desk)] == ["incomplete"]

    def test_another_desk_s_template_is_refused(self, desk, cast, ilze):
        template = enter_template(cast.other_desk, TemplateFields("A", "Labdien!"), by=ilze, at=NINE)
        with pytest.raises(NotOfThisDesk):
            enter_macro(desk, MacroFields("Ātri", template), by=ilze, at=NINE)
        assert not Macro.objects.exists()

    def test_marks_are_those_of_tickets(self):
        from tickets.models import Message

        assert set(Macro.Mark.values) - {""} <= set(Message.Mark.values)


@pytest.mark.django_db
class TestGlossary:
    """S-15: terms with a plain explanation and its source."""

    def test_it_is_entered_changed_and_removed_with_an_event_each(self, desk, ilze):
        term = enter_term(desk, TermFields("cesija", "Nodošana."), by=ilze, at=NINE)
        term = change_term(term, TermFields("cesija", "Nodošana citam."), by=ilze, at=NINE)
        for _ in range(2):
            remove_term(term, by=ilze, at=NINE)
        assert not GlossaryTerm.objects.exists()
        verbs = Event.objects.filter(target_type="knowledge.glossaryterm").order_by("pk").values_list("verb", flat=True)
        assert list(verbs) == ["term.entered", "term.changed", "term.removed"]

    def test_the_check_asks_only_for_what_is_marked_so(self, desk, cast, ilze):
        enter_term(desk, TermFields("cesija", "Nodošana citam."), by=ilze, at=NINE)
        enter_term(desk, TermFields("VID", "Valsts ieņēmumu dienests.", is_checked=False), by=ilze, at=NINE)
        facts = facts_for_check(desk, cast.ilze)
        text = "Labdien! VID prasījumu ieguva ar cesiju. PUD to zina."
        found = check(text, subject="x", attachments=[], facts=facts)
        assert [one.code for one in found] == ["term_unexplained", "abbreviation_unexplained"]


@pytest.mark.django_db
class TestDemonstration:
    """E-I.5: what the product ships passes its own check."""

    @pytest.fixture
    def loaded(self, desk, cast):
        load_knowledge(desk, cast.ilze, cast.raimonds, at=NINE)
        return facts_for_check(desk, cast.ilze)

    def test_everything_is_there(self, loaded, desk):
        assert desk.templates.count() == len(shipped.TEMPLATES) >= 10
        assert desk.terms.count() == len(shipped.TERMS) >= 25
        assert desk.macros.count() == len(shipped.MACROS)
        assert sorted(desk.articles.values_list("state", flat=True)) == ["approved"] * 5 + ["draft"]

    def test_templates_that_are_filled_in_raise_no_finding(self, loaded, desk):
        values = dict.fromkeys(PLACEHOLDERS, "Vērtība") | {
            "promise.due_on": "20. nov.",
            "ticket.received_on": "10. nov.",
        }
        for template in desk.templates.all():
            is_notice = template.use == Template.Use.NOTICE
            assert wrong_places(template.body) == []
            facts = facts_for_check(desk, desk.employees.first(), is_notice=is_notice)
            found = check(fill(template.body, values), subject="x", attachments=[], facts=facts)
            assert [(template.name, one.words) for one in found] == []

    def test_the_office_s_replies_raise_no_finding_with_its_glossary(self, loaded):
        replies = [office.REPLY_MEETING, office.REPLY_REGISTER, office.REPLY_ASSISTANT]
        replies += [wording.answer(cure) for _subject, _trouble, cure in wording.MATTERS]
        replies += [f"Labdien!\n\n{answer}" for _title, _code, _question, answer in shipped.ARTICLES]
        found = [one.words for text in replies for one in check(text, subject="x", attachments=[], facts=loaded)]
        assert found == []

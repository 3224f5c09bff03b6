"""The pages of what the office knows: allowed, refused, invalid, in parts."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from directory.models import Employee
from knowledge.models import Article, GlossaryTerm, Macro, Template
from knowledge.shipped import load_knowledge
from tests.support.facts import fresh
from tests.support.office import make_employee

pytestmark = pytest.mark.django_db
LISTS = ("/knowledge/", "/knowledge/templates/", "/knowledge/macros/", "/knowledge/glossary/", "/knowledge/check/")
ARTICLE = {"question": "Kā?", "answer": "Tā.", "review_on": "2026-05-10", "title": ""}
TEMPLATE = {
    "name": "Sveiciens",
    "use": "reply",
    "body": "Labdien, {{ client.name }}!",
    "position": 5,
    "is_active": "on",
}
TERM = {"word": "zilonis", "explanation": "Liels dzīvnieks.", "source": "", "is_checked": "on"}


@pytest.fixture
def loaded(desk, cast, half_past):
    load_knowledge(desk, cast.ilze, cast.raimonds, at=half_past)


@pytest.fixture
def manager(desk):
    return make_employee("Mara Vadone", "manager", desk=desk).user


def text_of(answer):
    return answer.content.decode()


class TestWhoMaySee:
    """E-I.4: the desk's own people see its knowledge; each changes what is theirs to change."""

    @pytest.mark.parametrize("path", LISTS)
    def test_lists_are_seen_by_those_who_read_tickets_and_the_manager(self, browse, client, manager, loaded, path):
        for who in ("ilze", "santa", "raimonds", "gunta"):
            assert browse(who).get(path).status_code == 200
        client.force_login(manager)
        assert client.get(path).status_code == 200

    def test_an_outsider_s_own_lists_are_empty_and_foreign_rows_are_not_there(self, browse, loaded):
        article, template = Article.objects.first(), Template.objects.first()
        outsider = browse("otto")
        assert article.title not in text_of(outsider.get("/knowledge/"))
        for path in (
            f"/knowledge/articles/{article.pk}/",
            f"/knowledge/templates/{template.pk}/",
            "/knowledge/?desk=emus",
        ):
            assert outsider.get(path).status_code == 404

    @pytest.mark.parametrize(
        "path", ["/knowledge/templates/new/", "/knowledge/macros/new/", "/knowledge/glossary/new/"]
    )
    def test_wording_is_changed_by_administrator_and_manager(self, browse, client, manager, path, loaded):
        assert browse("ilze").get(path).status_code == 200
        assert browse("santa").get(path).status_code == 403
        client.force_login(manager)
        assert client.get(path).status_code == 200

    def test_rows_that_one_only_sees_are_refused(self, browse, loaded):
        for model, path in ((Template, "templates"), (Macro, "macros"), (GlossaryTerm, "glossary")):
            assert browse("santa").post(f"/knowledge/{path}/{model.objects.first().pk}/", {}).status_code == 403

    def test_only_those_above_approve(self, browse, loaded):
        draft = Article.objects.get(state="draft")
        for who in ("ilze", "santa"):
            assert browse(who).post(f"/knowledge/articles/{draft.pk}/approval/").status_code == 403
        assert "Approve the article" not in text_of(browse("ilze").get(f"/knowledge/articles/{draft.pk}/"))
        browse("raimonds").post(f"/knowledge/articles/{draft.pk}/approval/")
        assert fresh(draft).approved_by.first_name == "Raimonds"

    def test_a_manager_reads_articles_and_does_not_write_them(self, client, manager, loaded):
        client.force_login(manager)
        pk = Article.objects.first().pk
        assert client.get(f"/knowledge/articles/{pk}/").status_code == 200
        assert client.get(f"/knowledge/articles/{pk}/change/").status_code == 403
        assert client.post(f"/knowledge/articles/{pk}/retirement/").status_code == 403

    @pytest.mark.parametrize("action", ["approval", "retirement", "review"])
    def test_nothing_is_changed_by_looking(self, browse, loaded, action):
        assert browse("raimonds").get(f"/knowledge/articles/{Article.objects.first().pk}/{action}/").status_code == 405


class TestArticlePages:
    """S-12: articles are written, searched and looked at again in the browser."""

    def test_one_is_written_and_opens_as_a_draft(self, browse, cast):
        answer = browse("santa").post("/knowledge/articles/new/", {**ARTICLE, "owner": cast.santa.pk})
        assert (answer.status_code, answer.url) == (302, "/knowledge/")
        article = Article.objects.get()
        assert (article.title, article.state, article.owner) == ("Kā?", "draft", cast.santa)

    @pytest.mark.parametrize(
        ("change", "field"),
        [({"answer": ""}, "answer"), ({"review_on": "2025-11-10"}, "review_on"), ({"answer": "161175-19997"}, None)],
    )
    def test_what_is_wrong_stands_by_its_field(self, browse, cast, change, field):
        answer = browse().post("/knowledge/articles/new/", {**ARTICLE, "owner": cast.ilze.pk, **change})
        assert (answer.status_code, list(answer.context["form"].errors)) == (422, [field or "__all__"])
        assert not Article.objects.exists()

    def test_an_owner_is_of_the_desk(self, browse, cast):
        answer = browse().post("/knowledge/articles/new/", {**ARTICLE, "owner": cast.otto.pk})
        assert list(answer.context["form"].errors) == ["owner"]

    def test_it_is_changed_reviewed_and_retired(self, browse, loaded, cast):
        article = Article.objects.filter(state="approved").first()
        page = f"/knowledge/articles/{article.pk}/"
        browse().post(f"{page}change/", {**ARTICLE, "owner": cast.ilze.pk})
        assert (fresh(article).answer, fresh(article).state) == ("Tā.", "draft")
        browse().post(f"{page}review/", {"review_on": "2027-01-01"})
        assert fresh(article).review_on.year == 2027
        browse().post(f"{page}review/", {"review_on": "nekad"})
        browse().post(f"{page}retirement/")
        assert fresh(article).state == "retired"
        assert "Citādi" not in text_of(browse().get(page))

    def test_the_list_is_searched_and_narrowed(self, browse, loaded):
        def titles(query):
            return [one.title for one in browse().get(f"/knowledge/?{query}").context["page"]]

        assert len(titles("")) == 6
        assert titles("q=cesiju") == ["Kā reģistrēt kreditora maiņu pēc cesijas"]
        assert titles("show=due") == titles("show=retired") == []
        Article.objects.filter(title__contains="cesijas").update(review_on="2025-11-10")
        assert len(titles("show=due")) == 1
        assert len(titles("show=muļķības&page=999")) == 6

    def test_it_costs_the_same_however_many_there_are(self, browse, loaded, cast):
        def queries():
            browse()
            with CaptureQueriesContext(connection) as seen:
                assert browse().get("/knowledge/?q=zilonis").status_code == 200
            return len(seen)

        few = queries()
        for number in range(30):
            browse().post("/knowledge/articles/new/", {**ARTICLE, "title": f"Zilonis {number}", "owner": cast.ilze.pk})
        assert queries() <= few + 1  # one for the rows where there were none


class TestWordingPages:
    """S-5.2, S-15: templates, macros and terms in the browser."""

    def test_a_template_is_entered_changed_and_shown_with_its_places_in_words(self, browse):
        assert browse().post("/knowledge/templates/new/", TEMPLATE).status_code == 302
        template = Template.objects.get()
        browse().post(f"/knowledge/templates/{template.pk}/", {**TEMPLATE, "name": "Cits"})
        assert fresh(template).name == "Cits"
        assert "⟦" in text_of(browse().get("/knowledge/templates/"))
        assert "{{ client.name }}" in text_of(browse().get(f"/knowledge/templates/{template.pk}/"))

    def test_an_unknown_placeholder_stands_by_the_text_with_what_was_typed(self, browse):
        answer = browse().post("/knowledge/templates/new/", {**TEMPLATE, "body": "{{ client.nmae }}"})
        assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["body"])
        assert text_of(answer).count("client.nmae") >= 2

    def test_a_name_that_is_taken_stands_by_the_name(self, browse):
        browse().post("/knowledge/templates/new/", TEMPLATE)
        answer = browse().post("/knowledge/templates/new/", TEMPLATE)
        assert list(answer.context["form"].errors) == ["name"]

    def test_a_macro_is_entered_and_changed(self, browse, loaded):
        given = {"name": "Ātri", "template": Template.objects.first().pk, "mark": "complete", "position": 1}
        browse().post("/knowledge/macros/new/", given)
        macro = Macro.objects.get(name="Ātri")
        assert (macro.mark, macro.is_active) == ("complete", False)
        browse().post(f"/knowledge/macros/{macro.pk}/", {**given, "mark": ""})
        assert fresh(macro).mark == ""

    def test_a_term_is_entered_changed_and_taken_out(self, browse):
        browse().post("/knowledge/glossary/new/", TERM)
        term = GlossaryTerm.objects.get()
        browse().post(f"/knowledge/glossary/{term.pk}/", {**TERM, "explanation": "Vēl lielāks."})
        assert fresh(term).explanation == "Vēl lielāks."
        browse().post(f"/knowledge/glossary/{term.pk}/removal/")
        assert not GlossaryTerm.objects.exists()


class TestReplyCheckPage:
    """E-I.5: the check answers as a page and as the part that a composer asks for."""

    def codes(self, answer):
        return [one.code for one in answer.context["rows"]]

    def test_without_javascript_it_is_a_page(self, browse, loaded):
        answer = browse().post("/knowledge/check/", {"text": "Pārskats ir atvērts."})
        assert (answer.status_code, self.codes(answer)) == (200, ["greeting_missing"])
        assert "<html" in text_of(answer)

    def test_a_composer_gets_the_part_alone(self, browse, loaded):
        answer = browse().post("/knowledge/check/", {"text": "Labdien!"}, headers={"HX-Request": "true"})
        assert text_of(answer).strip().startswith('<section class="check" id="findings"')
        assert "<html" not in text_of(answer)

    def test_what_is_too_long_to_be_checked_is_not_called_good(self, browse, loaded):
        answer = browse().post("/knowledge/check/", {"text": "a" * 100_001})
        assert "check2" not in text_of(answer).split('id="findings"')[1].split("</section>")[0]

    def test_it_knows_attachments_subject_earlier_letter_and_notice(self, browse, loaded):
        text = "Labdien! Pielikumā izraksts par regresu."
        known = {"files": ["a.pdf"], "subject": "Par izrakstu", "earlier": "Kas ir regress?"}
        assert self.codes(browse().post("/knowledge/check/", {"text": text, **known})) == []
        bare = self.codes(browse().post("/knowledge/check/", {"text": text, "subject": "", "is_notice": "on"}))
        assert set(bare) == {"attachment_missing", "subject_missing", "term_unexplained", "promised_date_missing"}

    def test_places_are_counted_as_the_field_counts_them(self, browse, loaded):
        text = "Labdien! 😀\r\nKods 161175-19997."
        row = browse().post("/knowledge/check/", {"text": text}).context["rows"][0]
        units = text.replace("\r\n", "\n").encode("utf-16-le")
        assert units[2 * row.start : 2 * row.end].decode("utf-16-le") == "161175-19997"

    def test_what_the_profile_lacks_is_said(self, browse, cast, loaded):
        Employee.objects.filter(pk=cast.ilze.pk).update(phone="")
        assert self.codes(browse().post("/knowledge/check/", {"text": "Labdien!"})) == ["signature_incomplete"]

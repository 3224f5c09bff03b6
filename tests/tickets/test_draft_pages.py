"""The pages of forwarding and of drafts: HTTP in, HTML out."""

from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from contact.email import outbound
from directory.actions import enter_absence, enter_order, enter_topic
from directory.actions.absences import AbsenceFacts
from directory.actions.competences import OrderFacts, TopicFacts
from tests.support.facts import MINUTE, fresh
from tests.support.office import make_employee, riga
from tickets.actions.drafting import return_draft, save_draft
from tickets.actions.sorting import choose_topic
from tickets.differences import Piece, difference
from tickets.models import Draft, Message

pytestmark = pytest.mark.django_db

ENGLISH = {"accept-language": "en"}
WORDS = "Labdien! Pārrēķiniet kopsummas."


@pytest.fixture
def at_work(browse):
    """Return a function that signs one of the cast in, at 9:30."""
    return lambda who="ilze": browse(who)


class TestForwardPage:
    """E-II.4a: the notice comes filled in, with the expected time by the calendar."""

    def post(self, browser, ticket, cast, **changes):
        page = browser.get(f"/tickets/{ticket.number}/forwarding/")
        form = page.context["form"]
        data = {"expert": cast.santa.pk, "due_on": "2025-11-14", "due_time": "17:00", "key": "f" * 32}
        data |= {"text": form["text"].value(), "seen": page.context["last_seen"].pk}
        return browser.post(f"/tickets/{ticket.number}/forwarding/", {**data, **changes})

    def test_it_is_filled_in(self, at_work, ticket, cast):
        page = at_work().get(f"/tickets/{ticket.number}/forwarding/", headers=ENGLISH)
        text = page.context["form"]["text"].value()
        assert "10. novembrī plkst. 9.00" in text
        assert "14. novembrim plkst. 17.00" in text
        assert "Maksātnespējas kontroles dienests" in text
        # The only colleague there is stands chosen.
        assert f'<option value="{cast.santa.pk}" selected>' in page.content.decode()

    def test_it_forwards_and_says_who_owes_what(self, at_work, ticket, cast):
        browser = at_work()
        assert self.post(browser, ticket, cast).status_code == 302
        assert fresh(ticket).expert == cast.santa
        page = browser.get(f"/tickets/{ticket.number}/", headers=ENGLISH)
        assert page.context["shell"].undo is None  # nothing waits in tests
        outbound.deliver(ticket.messages.get(is_interim=True).pk, at=riga("2025-11-10 09:31"))
        page = browser.get(f"/tickets/{ticket.number}/", headers=ENGLISH)
        assert page.context["step"].title == "The expert prepares a draft"
        assert (page.context["step"].whose, page.context["step"].act) == ("Santa Grinvalde", "draft")
        assert b"forwarded the ticket to Santa Grinvalde" in page.content

    def test_another_time_can_be_written_into_the_notice(self, at_work, ticket, cast):
        page = self.post(at_work(), ticket, cast, due_on="2025-11-20", due_time="12:00", rewrite="1")
        assert (page.status_code, Draft.objects.count()) == (200, 0)
        assert "20. novembrim plkst. 12.00" in page.context["form"]["text"].value()

    def test_a_time_that_the_notice_does_not_name_is_refused_and_nothing_typed_is_lost(self, at_work, ticket, cast):
        page = self.post(at_work(), ticket, cast, due_time="12:00")
        assert (page.status_code, Draft.objects.count()) == (422, 0)
        assert "14. novembrim plkst. 12.00" in page.content.decode()
        assert "14. novembrim plkst. 17.00" in page.context["form"]["text"].value()

    @pytest.mark.parametrize("changes", [{"expert": ""}, {"due_on": ""}, {"due_time": "25:00"}])
    def test_what_is_missing_is_said_at_its_field(self, at_work, ticket, cast, changes):
        page = self.post(at_work(), ticket, cast, **changes)
        assert (page.status_code, list(page.context["form"].errors)) == (422, list(changes))

    def test_handing_on_sends_nothing_while_the_time_stays(self, at_work, ticket, draft, cast, desk):
        dace = make_employee("Dace Otra", "expert", desk=desk)
        self.post(at_work(), ticket, cast, expert=dace.pk, key="e" * 32)
        assert (fresh(ticket).expert, Message.objects.filter(kind="outgoing").count()) == (dace, 1)

    @pytest.mark.parametrize(("who", "status"), [("santa", 404), ("raimonds", 403), ("gunta", 403), ("otto", 404)])
    def test_who_may_not(self, at_work, ticket, who, status):
        browser = at_work(who)
        assert browser.get(f"/tickets/{ticket.number}/forwarding/").status_code == status
        assert browser.post(f"/tickets/{ticket.number}/forwarding/", {}).status_code == status

    def test_a_complete_ticket_refuses_the_page_itself(self, at_work, ticket, answer, nine):
        answer(ticket, nine + MINUTE, sent=True)
        assert at_work().get(f"/tickets/{ticket.number}/forwarding/").status_code == 409


class TestWhoByTheOrder:
    """E-II.4b: the topic suggests the employee by the order in force, with the reason; absent → substitute, until when."""

    @pytest.fixture
    def dace(self, desk):
        return make_employee("Dace Otra", "expert", desk=desk)

    @pytest.fixture
    def order(self, desk, topic, cast, dace, nine):
        lines = {topic.pk: (cast.santa.pk, dace.pk)}
        facts = OrderFacts("1-3/12", date(2025, 9, 5), date(2025, 10, 1), None, lines)
        return enter_order(desk, facts, by=None, at=nine)

    def page(self, browser, ticket):
        return browser.get(f"/tickets/{ticket.number}/forwarding/", headers=ENGLISH)

    def test_the_main_employee_stands_chosen_and_the_order_says_why(self, at_work, ticket, topic, order, cast, dace):
        page = self.page(at_work(), ticket)
        assert (page.context["topic"], page.context["expert_pk"]) == (topic, str(cast.santa.pk))
        assert page.context["by_order"] == [cast.santa, dace]
        assert page.context["why"] == ["By order No. 1-3/12 of 5 Sep 2025 “Pārskati” is the matter of Santa Grinvalde."]

    def test_absent_the_substitute_stands_chosen_and_until_when(self, at_work, ticket, order, cast, dace, nine):
        away = AbsenceFacts(date(2025, 11, 10), date(2025, 11, 12), "vacation", None)
        enter_absence(cast.santa, away, by=None, at=nine)
        page = self.page(at_work(), ticket)
        assert page.context["expert_pk"] == str(dace.pk)
        assert page.context["why"][1:] == ["Santa Grinvalde is away until 12 Nov.", "Dace Otra is the substitute."]

    def test_a_topic_of_nobody_says_so(self, at_work, ticket, order, desk, nine):
        other = enter_topic(desk, TopicFacts("access", "Piekļuve"), by=None, at=nine)
        url = f"/tickets/{ticket.number}/forwarding/"
        page = at_work().post(url, {"topic": other.pk, "rewrite": "topic"}, headers=ENGLISH)
        assert (page.status_code, page.context["expert_pk"]) == (200, "")
        assert "nobody answers for “Piekļuve”" in page.context["why"][0]

    def test_the_notice_names_the_colleague_s_own_unit(self, at_work, ticket, order, cast):
        cast.santa.unit = "Pirmais uzraudzības departaments"
        cast.santa.save()
        text = self.page(at_work(), ticket).context["form"]["text"].value()
        assert "(Pirmais uzraudzības departaments)" in text

    def test_the_order_of_the_forwarding_stays_when_another_supersedes_it(
        self, at_work, ticket, topic, order, forward, ilze, desk, nine
    ):
        choose_topic(ticket, topic, by=ilze, at=nine)
        draft = forward(ticket).drafts.get()
        assert draft.order == order
        lines = {topic.pk: (ilze.employee.pk,)}
        later = OrderFacts("1-3/99", date(2025, 11, 9), date(2025, 11, 10), None, lines)
        enter_order(desk, later, by=None, at=nine)
        page = at_work().get(f"/tickets/{ticket.number}/", headers=ENGLISH)
        assert page.context["under_order"] == "order No. 1-3/12 of 5 Sep 2025"

    def test_chosen_by_hand_there_is_no_order(self, ticket, topic, order, forward, desk, ilze, nine):
        choose_topic(ticket, topic, by=ilze, at=nine)
        other = make_employee("Anna Trešā", "expert", desk=desk)
        assert forward(ticket, expert=other).drafts.get().order is None


class TestNoticeRecipients:
    """E-II.4a: whom the notice goes to can be chosen, as in the composer."""

    post = TestForwardPage.post

    def test_a_copy_goes_to_whom_the_client_wrote_too(self, at_work, receive, cast, nine):
        message = receive(nine, to=("emus@desk.example", "birojs@krumins.example"))
        page = at_work().get(f"/tickets/{message.ticket.number}/forwarding/")
        assert [one.address for one in page.context["composer"].to] == ["peteris@krumins.example"]
        changes = {"chosen": "1", "to": ["peteris@krumins.example"], "cc": ["birojs@krumins.example"]}
        assert self.post(at_work(), message.ticket, cast, **changes).status_code == 302
        notice = message.ticket.messages.get(is_interim=True)
        assert (notice.to, notice.cc) == (["peteris@krumins.example"], ["birojs@krumins.example"])

    def test_a_new_address_is_asked_about_once(self, at_work, ticket, cast):
        changes = {"chosen": "1", "to": ["peteris@krumins.example"], "add_cc": "jauns@krumins.example"}
        page = self.post(at_work(), ticket, cast, **changes)
        assert (page.status_code, page.context["fresh"].fresh) == (422, ["jauns@krumins.example"])
        assert self.post(at_work(), ticket, cast, **changes, confirmed=["jauns@krumins.example"]).status_code == 302

    def test_nobody_chosen_is_refused(self, at_work, ticket, cast):
        page = self.post(at_work(), ticket, cast, chosen="1")
        assert (page.status_code, list(page.context["form"].errors)) == (422, ["to"])


class TestBench:
    """E-II.4c: a colleague sees what they owe by due time, and writes beside the question."""

    def test_the_nearest_stands_open(self, at_work, draft, cast):
        page = at_work("santa").get("/drafts/", headers=ENGLISH)
        assert [one.draft for one in page.context["writing"]] == [draft]
        assert page.context["current"] == draft
        assert "Kopsumma nesakrīt. Ko darīt?" in page.content.decode()

    def test_the_words_are_saved_for_the_script_and_without_it(self, at_work, draft):
        browser, url = at_work("santa"), f"/drafts/{draft.pk}/saving/"
        data = {"text": "Lab\r\ndien", "revision": 0}
        answer = browser.post(url, data, headers={"accept": "application/json"})
        assert (answer.status_code, answer.json()["revision"], fresh(draft).text) == (200, 1, "Lab\ndien")
        assert browser.post(url, {"text": "Labdien", "revision": 1}).status_code == 302
        refused = browser.post(url, {"text": "vecs", "revision": 0}, headers={"accept": "application/json"})
        assert (refused.status_code, fresh(draft).text) == (409, "Labdien")

    def test_submitted_it_waits_with_the_administrator(self, at_work, draft):
        browser = at_work("santa")
        data = {"text": WORDS, "revision": 0, "seen": browser.get("/drafts/").context["last_seen"].pk}
        assert browser.post(f"/drafts/{draft.pk}/submission/", data).status_code == 302
        page = browser.get("/drafts/")
        assert ([one.draft for one in page.context["submitted"]], page.context["done"]) == ([draft], str(draft.pk))

    def test_refused_its_words_stay(self, at_work, draft, message, receive, nine):
        receive(nine + MINUTE, ticket=draft.ticket, message_id="<second@krumins.example>")
        data = {"text": WORDS, "revision": 0, "seen": message.pk}
        page = at_work("santa").post(f"/drafts/{draft.pk}/submission/", data)
        assert (page.status_code, fresh(draft).state, fresh(draft).text) == (422, "writing", WORDS)
        assert WORDS in page.content.decode()
        assert page.context["current"].revision == 1, "what was saved by it is what the author goes on from"

    @pytest.mark.parametrize("act", ["consultation", "refusal"])
    def test_other_words_stay_too(self, at_work, draft, message, receive, submit, nine, act):
        receive(nine + MINUTE, ticket=draft.ticket, message_id="<second@krumins.example>")
        if act == "refusal":
            submit(draft)
        page = at_work("santa").post(f"/drafts/{draft.pk}/{act}/", {"reason": "Pastāstīju.", "seen": message.pk})
        assert (page.status_code, page.context[f"{act}_form"]["reason"].value()) == (422, "Pastāstīju.")

    @pytest.mark.parametrize("act", ["saving", "submission"])
    def test_an_empty_file_loses_no_words(self, at_work, draft, message, act):
        data = {"text": WORDS, "revision": 0, "seen": message.pk, "attachments": SimpleUploadedFile("tukšs.pdf", b"")}
        page = at_work("santa").post(f"/drafts/{draft.pk}/{act}/", data)
        assert (page.status_code, fresh(draft).state) == (422, "writing")
        assert WORDS in page.content.decode()
        assert page.context["draft_form"].errors["attachments"]

    def test_a_consultation_and_a_refusal_need_their_words(self, at_work, draft):
        browser = at_work("santa")
        for act in ("consultation", "refusal"):
            assert browser.post(f"/drafts/{draft.pk}/{act}/", {"reason": " "}).status_code == 422
        assert fresh(draft).state == "writing"

    def test_a_consultation_completes_the_ticket(self, at_work, draft):
        at_work("santa").post(f"/drafts/{draft.pk}/consultation/", {"reason": "Pastāstīju."})
        assert (fresh(draft).state, fresh(draft.ticket).state) == ("consulted", "complete")

    def test_a_refusal_gives_it_back(self, at_work, draft):
        at_work("santa").post(f"/drafts/{draft.pk}/refusal/", {"reason": "Nav mana joma."})
        assert (fresh(draft).state, fresh(draft.ticket).expert) == ("refused", None)

    def test_a_note_goes_to_the_ticket(self, at_work, draft):
        at_work("santa").post(f"/drafts/{draft.pk}/notes/", {"reason": "Kurš gads?"})
        assert draft.ticket.notes.get().text == "Kurš gads?"

    def test_the_reason_of_a_return_stands_above(self, at_work, draft, submit, ilze, nine):
        return_draft(submit(draft, nine + MINUTE), "Trūkst soļa.", by=ilze, at=nine + 2 * MINUTE)
        assert "Trūkst soļa." in at_work("santa").get("/drafts/").content.decode()

    @pytest.mark.parametrize("who", ["ilze", "raimonds", "otto"])
    def test_it_is_nobody_else_s(self, at_work, draft, who):
        browser = at_work(who)
        assert browser.get(f"/drafts/{draft.pk}/").status_code == 404
        for act in ("saving", "submission", "consultation", "refusal", "notes"):
            assert browser.post(f"/drafts/{draft.pk}/{act}/", {"text": "x", "reason": "x"}).status_code == 404

    def test_the_administrator_sees_what_is_asked_for(self, at_work, draft, submit, nine):
        browser = at_work()
        page = browser.get("/drafts/")
        assert [one.draft for one in page.context["with_colleagues"]] == [draft]
        submit(draft, nine + MINUTE)
        page = browser.get("/drafts/")
        assert [one.draft for one in page.context["to_send"]] == [draft]

    def test_more_drafts_ask_no_more(self, at_work, receive, forward, nine, django_assert_max_num_queries):
        for number in range(6):
            ticket = receive(nine, sender_address=f"k{number}@k.example", message_id=f"<{number}@k.example>").ticket
            forward(ticket, nine + MINUTE, key=str(number) * 32)
        browser = at_work("santa")
        with django_assert_max_num_queries(36):
            browser.get("/drafts/")


class TestSending:
    """E-II.4e: the administrator has the version in the composer, sends it edited, and the difference is shown."""

    @pytest.fixture
    def submitted(self, draft, submit, nine):
        return submit(draft, nine + MINUTE)

    def post(self, browser, submitted, **changes):
        number = submitted.ticket.number
        seen = browser.get(f"/tickets/{number}/").context["last_seen"].pk
        data = {"text": WORDS, "key": "d" * 32, "seen": seen, "draft": submitted.pk, "is_substantive": "on"}
        return browser.post(f"/tickets/{number}/replies/", {**data, **changes})

    def test_its_words_stand_in_the_composer(self, at_work, submitted):
        page = at_work().get(f"/tickets/{submitted.ticket.number}/", headers=ENGLISH)
        assert page.context["reply_form"]["text"].value() == WORDS
        assert (page.context["step"].title, page.context["step"].act) == ("Send the draft to the client", "send")
        assert f'name="draft" value="{submitted.pk}"' in page.content.decode()

    def test_edited_it_shows_what_was_changed_and_by_whom(self, at_work, submitted):
        browser = at_work()
        self.post(browser, submitted, text="Labdien! Vēlreiz pārrēķiniet kopsummas.")
        outbound.deliver(fresh(submitted).message.pk, at=riga("2025-11-10 09:31"))
        page = browser.get(f"/tickets/{submitted.ticket.number}/", headers=ENGLISH).content.decode()
        assert "Draft by Santa Grinvalde, version 1, edited by Ilze Kalnciema" in page
        assert "<del>" in page
        assert "<ins>" in page
        assert fresh(submitted.ticket).state == "complete"

    def test_not_substantive_it_is_no_sending_of_the_draft(self, at_work, submitted):
        self.post(at_work(), submitted, is_substantive="")
        assert fresh(submitted).state == "submitted"

    def test_a_second_administrator_is_refused_with_words_kept(self, at_work, submitted, desk, client):
        browser = at_work()
        self.post(browser, submitted)
        make_employee("Dace Otra", "administrator", desk=desk)
        page = self.post(browser, submitted, key="e" * 32, text="Cits teksts")
        assert page.status_code in (409, 422)
        assert Message.objects.filter(is_substantive=True).count() == 1

    def test_it_is_returned_with_a_reason(self, at_work, submitted):
        url = f"/tickets/{submitted.ticket.number}/drafts/{submitted.pk}/returning/"
        at_work().post(url, {"reason": ""})
        assert fresh(submitted).state == "submitted"
        at_work().post(url, {"reason": "Trūkst soļa."})
        assert fresh(submitted).state == "returned"

    @pytest.mark.parametrize(("who", "status"), [("santa", 403), ("gunta", 403), ("otto", 404)])
    def test_nobody_else_returns_it(self, at_work, submitted, who, status):
        url = f"/tickets/{submitted.ticket.number}/drafts/{submitted.pk}/returning/"
        assert at_work(who).post(url, {"reason": "x"}).status_code == status


class TestWhoSees:
    """E-I.4: a colleague sees the tickets that they were asked about, and no others."""

    def test_before_and_after_the_forwarding(self, at_work, ticket, forward, nine):
        browser = at_work("santa")
        assert browser.get(f"/tickets/{ticket.number}/").status_code == 404
        forward(ticket, nine + MINUTE)
        assert browser.get(f"/tickets/{ticket.number}/").status_code == 200
        assert [row.ticket for row in browser.get("/queue/").context["rows"]] == [ticket]

    def test_nobody_s_unfinished_words_are_shown(self, at_work, draft, cast, nine):
        save_draft(draft, "nepabeigts teksts", 0, by=cast.santa.user, at=nine + MINUTE)
        assert "nepabeigts teksts" not in at_work().get(f"/tickets/{draft.ticket.number}/").content.decode()

    def test_the_notice_leads_there(self, at_work, draft):
        page = at_work("santa").get("/notices/", headers=ENGLISH).content.decode()
        assert "1: you are asked for a draft" in page


class TestDifference:
    """E-II.4e: the difference is told word by word."""

    @pytest.mark.parametrize(
        ("before", "after", "pieces"),
        [
            ("a b", "a b", [Piece("same", "a b")]),
            ("a b c", "a x c", [Piece("same", "a "), Piece("out", "b"), Piece("in", "x"), Piece("same", " c")]),
            ("", "a", [Piece("in", "a")]),
            ("a", "", [Piece("out", "a")]),
        ],
    )
    def test_by_hand(self, before, after, pieces):
        assert difference(before, after) == pieces

    def test_both_texts_can_be_read_back(self):
        before, after = "Labdien!\n\nŠķirt, 3.2. sadaļa", "Labdien!\nšķirt 3.2. sadaļu un iesniegt"
        pieces = difference(before, after)
        assert "".join(one.text for one in pieces if one.kind != "in") == before
        assert "".join(one.text for one in pieces if one.kind != "out") == after

"""On a topic that needs it no answer leaves before the deputy director has approved its very words."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from directory.actions.competences import TopicFacts, change_topic
from escalation.models import Notice
from knowledge.actions import enter_macro, enter_template
from knowledge.actions.wording import MacroFields, TemplateFields
from sla.models import Deadline
from tests.support.facts import HOUR, MINUTE, fresh, last_event
from tickets.actions import draft_states
from tickets.actions.approving import DecidedAlready, OwnWords, approve_reply, ask_approval, return_reply
from tickets.actions.drafting import send_draft
from tickets.actions.macros import MacroGone
from tickets.actions.recalling import recall_reply
from tickets.actions.replying import Reply, TextMissing
from tickets.actions.sorting import choose_topic
from tickets.actions.splitting import Chosen, split_ticket
from tickets.actions.working import OlderWaiting, ReasonMissing
from tickets.approvals import ApprovalMissing
from tickets.models import Approval, Message

pytestmark = pytest.mark.django_db

ENGLISH = {"accept-language": "en"}
WORDS = "Labdien! Pārrēķiniet kopsummas."
FORMED = "<ol><li>Pārrēķiniet <strong>tā</strong></li></ol>"
FORMED_TEXT = "Pārrēķiniet tā"  # as the editor tells it, without the number


def words(text=WORDS, **more):
    """Return an answer as its form makes it."""
    return Reply(text, "w" * 32, **more)


@pytest.fixture
def strict_topic(topic, nine):
    """Return a topic that needs the second approval."""
    return change_topic(topic, TopicFacts("reports", "Pārskati", "", needs_second_approval=True), by=None, at=nine)


@pytest.fixture
def strict(ticket, strict_topic, ilze, nine):
    """Return the ticket on such a topic."""
    return choose_topic(ticket, strict_topic, by=ilze, at=nine)


@pytest.fixture
def macro(desk, strict_topic, nine):
    """Return a macro that puts the ticket on that topic."""
    template = enter_template(desk, TemplateFields("Pārrēķins", WORDS, "reply"), by=None, at=nine)
    return enter_macro(desk, MacroFields("Pārrēķināt", template, strict_topic, "complete"), by=None, at=nine)


@pytest.fixture
def deputy(cast):
    return cast.raimonds.user


@pytest.fixture
def submitted(strict, forward, submit, nine):
    return submit(forward(strict, sent=True).drafts.get(), nine + HOUR, text=WORDS)


@pytest.fixture
def send(ilze, nine):
    return lambda draft, text=WORDS: send_draft(draft, Reply(text, "d" * 32), by=ilze, at=nine + 2 * HOUR)


class TestDraft:
    """E-II.4e: a submitted draft waits for the approval; who gave it and when is kept; `send_draft` runs on meanwhile."""

    def test_the_deputy_is_told_and_nothing_leaves_before(self, submitted, send, cast):
        assert Notice.objects.filter(alert__trigger="approval_asked").get().recipient == cast.raimonds
        with pytest.raises(ApprovalMissing) as refused:
            send(submitted)
        assert (refused.value.code, Message.objects.filter(is_substantive=True).count()) == ("approval_missing", 0)
        assert Deadline.objects.get(ticket=submitted.ticket, kind="send_draft").state == "running"

    def test_approved_it_leaves_in_these_words_and_no_others(self, submitted, send, deputy, nine):
        approve_reply(Approval.objects.get(), by=deputy, at=nine + HOUR)
        with pytest.raises(ApprovalMissing):
            send(submitted, WORDS + " Vai arī ne.")
        assert send(submitted).is_substantive
        event = last_event(submitted.ticket, "approval.given")
        assert (event.by, event.at) == (deputy, nine + HOUR)

    def test_returned_it_is_its_author_s_again_with_the_reason(self, submitted, deputy, nine):
        return_reply(Approval.objects.get(), "Trūkst soļa.", by=deputy, at=nine + HOUR)
        assert (fresh(submitted).state, fresh(submitted).reason) == ("returned", "Trūkst soļa.")
        assert Deadline.objects.get(ticket=submitted.ticket, kind="draft").state == "running"

    def test_edited_words_are_asked_about_anew(self, submitted, send, ilze, deputy, nine):
        edited = ask_approval(submitted.ticket, words(WORDS + " Zvaniet."), by=ilze, at=nine + HOUR)
        assert [one.state for one in Approval.objects.all()] == ["withdrawn", "waiting"]
        approve_reply(edited, by=deputy, at=nine + HOUR)
        assert send(submitted, WORDS + " Zvaniet.").draft == submitted

    def test_laid_aside_nothing_waits(self, submitted, nine):
        draft_states.lay_aside(submitted.ticket, at=nine + HOUR)
        assert Approval.objects.get().state == "withdrawn"


class TestDirectReply:
    """E-II.3: an administrator's own answer on such a topic waits as well; a notice or a question does not."""

    def test_it_is_refused_until_approved(self, strict, answer, ilze, deputy, nine):
        with pytest.raises(ApprovalMissing):
            answer(strict, text=WORDS)
        approve_reply(ask_approval(strict, words(), by=ilze, at=nine), by=deputy, at=nine + MINUTE)
        assert answer(strict, nine + HOUR, text=WORDS).is_substantive

    def test_a_question_does_not_wait(self, strict, answer):
        assert not answer(strict, is_substantive=False).is_substantive

    def test_an_approval_is_for_one_letter(self, strict, answer, ilze, deputy, nine):
        approve_reply(ask_approval(strict, words(), by=ilze, at=nine), by=deputy, at=nine + MINUTE)
        first = answer(strict, nine + HOUR, text=WORDS)
        with pytest.raises(ApprovalMissing):
            answer(strict, nine + 2 * HOUR, text=WORDS, key="b" * 32)
        assert ask_approval(strict, words(), by=ilze, at=nine + 2 * HOUR).state == "waiting"
        recall_reply(first, by=ilze, at=nine + HOUR)
        assert answer(strict, nine + 3 * HOUR, text=WORDS, key="b" * 32).is_substantive

    def test_another_topic_does_not_wait(self, ticket, answer):
        assert answer(ticket).is_substantive

    def test_a_macro_is_no_way_round(self, ticket, macro, answer, topic):
        with pytest.raises(ApprovalMissing) as refused:
            answer(ticket, text=WORDS, macro=macro.pk)
        assert str(refused.value) == str(ApprovalMissing(topic=str(topic)))
        assert (fresh(ticket).topic, Message.objects.filter(is_substantive=True).count()) == (None, 0)

    def test_a_split_is_no_way_round(self, strict, receive, answer, ilze, nine):
        second = receive(nine + HOUR, ticket=strict, message_id="<b@krumins.example>")
        made = split_ticket(fresh(strict), Chosen(frozenset({second.pk})), by=ilze, at=nine + HOUR)
        with pytest.raises(ApprovalMissing):
            answer(made, nine + HOUR, text=WORDS, reason="urgent")

    def test_returned_its_writer_is_told(self, strict, ilze, deputy, cast, nine):
        asked = return_reply(ask_approval(strict, words(), by=ilze, at=nine), "Skarbi.", by=deputy, at=nine + MINUTE)
        assert (asked.state, asked.reason, asked.decided_by) == ("returned", "Skarbi.", cast.raimonds)
        assert Notice.objects.get(alert__trigger="reply_not_approved").recipient == cast.ilze

    def test_asked_with_a_macro_the_ticket_gets_its_topic(self, ticket, macro, ilze, nine):
        ask_approval(ticket, words(macro=macro.pk), by=ilze, at=nine)
        assert fresh(ticket).topic == macro.topic
        with pytest.raises(MacroGone):
            ask_approval(ticket, words("Cits.", macro=12345), by=ilze, at=nine)

    def test_to_ask_before_an_older_one_needs_a_reason(self, ticket, receive, ilze, nine):
        """S-21: as with every way to start on a ticket."""
        later = receive(nine + MINUTE, sender_address="anna@ozola.example").ticket
        with pytest.raises(OlderWaiting):
            ask_approval(later, words(), by=ilze, at=nine + HOUR)
        ask_approval(later, words(), order_reason="urgent", by=ilze, at=nine + HOUR)
        assert last_event(later, "ticket.older_passed_over").data["reason"] == "urgent"

    def test_the_same_words_are_asked_about_once(self, strict, ilze, nine):
        for minutes in (0, 1):
            ask_approval(strict, words(), by=ilze, at=nine + minutes * MINUTE)
        assert Approval.objects.get().asked_at == nine

    def test_what_is_missing_or_decided_is_refused(self, strict, ilze, deputy, nine):
        with pytest.raises(TextMissing):
            ask_approval(strict, words(" "), by=ilze, at=nine)
        asked = ask_approval(strict, words(), by=ilze, at=nine)
        with pytest.raises(ReasonMissing):
            return_reply(asked, " ", by=deputy, at=nine)
        approve_reply(asked, by=deputy, at=nine)
        approve_reply(asked, by=deputy, at=nine + HOUR)
        assert fresh(asked).decided_at == nine
        with pytest.raises(DecidedAlready):
            return_reply(asked, "Tomēr ne.", by=deputy, at=nine)

    def test_nobody_approves_their_own_words(self, strict, cast, deputy, nine):
        asked = draft_states.ask(strict, WORDS, None, asked_by=cast.raimonds, at=nine)
        with pytest.raises(OwnWords):
            approve_reply(asked, by=deputy, at=nine)

    def test_the_database_lets_one_wait(self, strict, ilze, cast, nine):
        ask_approval(strict, words(), by=ilze, at=nine)
        with pytest.raises(IntegrityError), transaction.atomic():
            Approval.objects.create(ticket=strict, text="x", asked_by=cast.ilze, asked_at=nine)


class TestPages:
    """E-II.4e: the deputy's list; the composer says what it waits for; who may not is refused."""

    def test_the_deputy_approves_from_the_list(self, browse, submitted):
        browser = browse("raimonds")
        page = browser.get("/approvals/", headers=ENGLISH)
        assert [one.approval.text for one in page.context["rows"]] == [WORDS]
        assert "Ko darīt?" in page.content.decode()
        approval = Approval.objects.get()
        assert browser.post(f"/approvals/{approval.pk}/returning/", {"reason": ""}).status_code == 422
        assert browser.post(f"/approvals/{approval.pk}/approval/").status_code == 302
        assert fresh(approval).state == "approved"
        assert browser.get("/approvals/").context["rows"] == []

    def test_the_administrator_asks_from_the_composer_and_the_words_come_back(self, browse, strict):
        browser, url = browse(), f"/tickets/{strict.number}/"
        assert "leaves after the deputy director" in browser.get(url, headers=ENGLISH).content.decode()
        assert browser.post(f"{url}approvals/", {"text": WORDS, "key": "e" * 32}).status_code == 200
        page = browser.get(url, headers=ENGLISH)
        assert page.context["reply_form"]["text"].value() == WORDS
        assert (page.context["step"].title, page.context["step"].act) == ("Approve the answer", "approve")

    def test_formatted_words_are_asked_about_and_sent_as_the_same(self, browse, strict, deputy, nine):
        browser, url = browse(), f"/tickets/{strict.number}/"
        posted = {"text": FORMED_TEXT, "html": FORMED, "key": "e" * 32, "is_substantive": "on"}
        assert browser.post(f"{url}approvals/", posted).status_code == 200
        asked = approve_reply(Approval.objects.get(), by=deputy, at=timezone.now())
        assert (asked.text, asked.html) == ("1. Pārrēķiniet tā", FORMED)
        form = browser.get(url).context["reply_form"]
        assert (form["text"].value(), form["html"].value()) == (asked.text, FORMED)
        assert browser.post(f"{url}replies/", posted).status_code == 302
        assert Message.objects.get(kind="outgoing").html == FORMED

    @pytest.mark.parametrize("refused", [False, True])
    def test_asking_keeps_all_that_is_in_the_composer(self, browse, strict, macro, receive, refused):
        number = strict.number
        if refused:  # an older ticket waits: to go on with this one asks for a reason (S-21)
            number = receive(
                timezone.now(), sender_address="anna@ozola.example", message_id="<z@z.example>"
            ).ticket.number
        facts = {"cc": "anna@ozola.example", "macro": macro.pk, "html": FORMED, "key": "e" * 32}
        file = SimpleUploadedFile("paraugs.txt", b"paraugs", "text/plain")
        page = browse().post(
            f"/tickets/{number}/approvals/", {"text": FORMED_TEXT, "attachments": file, **facts}, headers=ENGLISH
        )
        form = page.context["reply_form"]
        assert (page.status_code, Approval.objects.count()) == ((422, 0) if refused else (200, 1))
        assert bool(form.non_field_errors()) == refused
        assert [one.name for one in page.context["kept"]] == ["paraugs.txt"]
        assert [one.address for one in page.context["composer"].cc if one.is_ticked] == ["anna@ozola.example"]
        assert (page.context["macro"].pk, form["html"].value()) == (macro.pk, FORMED)
        assert 'name="kept"' in page.content.decode()
        assert f"/tickets/{number}/approvals/" in page.content.decode()

    def test_sending_without_it_keeps_the_words_and_says_what_to_do(self, browse, strict):
        browser = browse()
        data = {"text": WORDS, "key": "e" * 32, "is_substantive": "on"}
        page = browser.post(f"/tickets/{strict.number}/replies/", data, headers=ENGLISH)
        assert page.status_code == 422
        assert "Ask for the approval" in page.content.decode()
        assert page.context["reply_form"]["text"].value() == WORDS

    def test_the_list_costs_the_same_however_many_wait(
        self, browse, submitted, receive, ilze, nine, django_assert_num_queries
    ):
        browser = browse("raimonds")
        browser.get("/approvals/")
        with CaptureQueriesContext(connection) as one:
            browser.get("/approvals/")
        for name in ("anna", "janis"):
            facts = {"sender_address": f"{name}@ozola.example", "message_id": f"<{name}@ozola.example>", "text": name}
            ask_approval(receive(nine + HOUR, **facts).ticket, words(), order_reason="quick", by=ilze, at=nine + HOUR)
        with django_assert_num_queries(len(one)):
            page = browser.get("/approvals/")
        assert [one.question.text for one in page.context["rows"]][1:] == ["anna", "janis"]

    @pytest.mark.parametrize(("who", "status"), [("ilze", 403), ("santa", 403), ("otto", 404), ("gunta", 302)])
    def test_who_may_decide(self, browse, submitted, who, status):
        browser, approval = browse(who), Approval.objects.get()
        assert browser.post(f"/approvals/{approval.pk}/approval/").status_code == status
        assert browser.get("/approvals/").status_code == (200 if who == "gunta" else 403)

    @pytest.mark.parametrize(("who", "status"), [("santa", 404), ("raimonds", 403), ("otto", 404)])
    def test_who_may_not_ask(self, browse, strict, who, status):
        assert browse(who).post(f"/tickets/{strict.number}/approvals/", {"text": WORDS}).status_code == status

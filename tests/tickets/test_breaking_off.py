"""A conversation is broken off: reasons and offer on record, a letter, an agreed time that is a deadline."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction

from sla.models import Deadline
from tests.support.facts import HOUR, MINUTE, deadline, events, fresh, last_event
from tests.support.office import riga
from tickets.actions.breaking_off import AgreedWithoutOffer, GroundMissing, OfferMissing, Talk, break_off
from tickets.actions.promising import PromiseInThePast
from tickets.actions.replying import NotSeenYet, Reply
from tickets.actions.working import ReasonMissing, complete_ticket, junk_ticket
from tickets.models import BreakingOff, Note
from tickets.transitions import NotAllowedInState

pytestmark = pytest.mark.django_db

KEY = UUID(int=7)
WEDNESDAY = riga("2025-11-12 15:00")
TALK = Talk(
    KEY, "guidelines", "phone", ("hostile", "insulting"), "Aizskarošas piezīmes.", "later", "Piezvanīt trešdien."
)
STANDARD = replace(TALK, rules="standard", way="visit", grounds=("aggressive",), offer="none", offered="")
LETTER = Reply("Labdien! Sarunu pārtraucām.", KEY.hex, is_substantive=False)


@pytest.fixture
def broken(ticket, ilze, nine):
    """Return a function that has Ilze break off a conversation."""

    def broken(talk=TALK, letter=None, at=nine):
        return break_off(ticket, talk, letter, by=ilze, at=at)

    return broken


class TestRecord:
    """E-I.5b: the reasons given and the offer made are recorded."""

    def test_who_when_why_and_the_offer_stay(self, broken, ilze, nine):
        kept = broken()
        assert (kept.note.author, kept.note.at, kept.note.text) == (ilze.employee, nine, "Aizskarošas piezīmes.")
        assert (kept.grounds, kept.offer, kept.offered) == (["hostile", "insulting"], "later", "Piezvanīt trešdien.")

    def test_it_is_in_the_log(self, broken, ticket):
        broken()
        data = last_event(ticket, "ticket.conversation_broken_off").data
        assert (data["rules"], data["grounds"], data["offer"]) == ("guidelines", ["hostile", "insulting"], "later")

    def test_it_handles_the_message_and_answers_nothing(self, broken, ticket, message):
        broken()
        assert fresh(ticket).state == "incomplete"
        assert (deadline(message, "mark").state, deadline(message, "reply").state) == ("met", "running")

    def test_the_same_form_records_it_once(self, broken, ticket, nine):
        first = broken(letter=LETTER)
        assert broken(letter=LETTER, at=nine + MINUTE) == first
        assert (Note.objects.count(), ticket.messages.filter(kind="outgoing").count()) == (1, 1)

    def test_a_complete_ticket_stays_complete(self, broken, ticket, message, answer, ilze, nine):
        answer(ticket, sent=True)
        complete_ticket(fresh(ticket), by=ilze, at=nine + HOUR)
        broken(at=nine + 2 * HOUR)
        assert fresh(ticket).state == "complete"

    def test_junk_is_refused(self, broken, ticket, ilze, nine):
        junk_ticket(ticket, by=ilze, at=nine)
        with pytest.raises(NotAllowedInState):
            broken()


class TestWhatIsMandatory:
    """E-I.5b: reasons and offer. S-17: under the standard alone no offer is required; a guard may be called."""

    @pytest.mark.parametrize(
        ("changes", "refusal"),
        [
            ({"reasons": " "}, ReasonMissing),
            ({"grounds": ()}, GroundMissing),
            ({"offer": "none", "offered": ""}, OfferMissing),
            ({"offered": "  "}, OfferMissing),
            ({"offer": "other_way", "agreed_for": WEDNESDAY}, AgreedWithoutOffer),
            ({"agreed_for": riga("2025-11-10 08:59")}, PromiseInThePast),
        ],
    )
    def test_it_is_refused_and_nothing_is_kept(self, broken, ticket, changes, refusal):
        with pytest.raises(refusal):
            broken(replace(TALK, **changes), letter=LETTER)
        assert not Note.objects.exists()
        assert not ticket.messages.filter(kind="outgoing").exists()
        assert fresh(ticket).state == "unprocessed"

    def test_under_the_standard_alone_nothing_need_be_offered(self, broken):
        assert broken(replace(STANDARD, is_guard_called=True)).is_guard_called

    def test_but_an_offer_without_words_is_none(self, broken):
        with pytest.raises(OfferMissing):
            broken(replace(STANDARD, offer="later"))

    def test_the_database_knows_it_too(self, broken):
        kept = broken()
        with pytest.raises(IntegrityError), transaction.atomic():
            BreakingOff.objects.filter(pk=kept.pk).update(offer="none", offered="")


class TestAgreedTime:
    """E-I.5b: an agreed later time is a deadline."""

    def test_it_is_promised(self, broken, ticket):
        broken(replace(TALK, agreed_for=WEDNESDAY))
        promised = Deadline.objects.get(ticket=ticket, kind="promised")
        assert (promised.state, promised.due_at) == ("running", WEDNESDAY)
        assert last_event(ticket, "promise.made").data["told"] == "Piezvanīt trešdien."

    def test_without_one_nothing_is_promised(self, broken, ticket):
        broken()
        assert not Deadline.objects.filter(ticket=ticket, kind="promised").exists()


class TestLetter:
    """E-I.5b: the client is told in writing, too, where an address is known."""

    def test_it_leaves_and_leaves_the_answer_owed(self, broken, ticket, message):
        kept = broken(letter=LETTER)
        assert (kept.letter.is_substantive, kept.letter.to) == (False, ["peteris@krumins.example"])
        assert deadline(message, "reply").state == "running"

    def test_what_the_client_wrote_meanwhile_is_read_first(self, broken, ticket, message, receive, nine):
        receive(nine + MINUTE, ticket=ticket)
        with pytest.raises(NotSeenYet):
            broken(letter=replace(LETTER, seen=message.pk), at=nine + HOUR)
        assert not events(ticket, "ticket.conversation_broken_off")


class TestPage:
    """E-I.5b, S-17: the administrator does it in the browser; nothing typed is lost."""

    @pytest.fixture
    def url(self, ticket):
        return f"/tickets/{ticket.number}/breaking-off/"

    @pytest.fixture
    def template(self, desk, ilze, nine):
        from knowledge.actions import enter_template
        from knowledge.actions.wording import TemplateFields

        fields = TemplateFields("Saruna pārtraukta", "Labdien! Nr. {{ ticket.number }}.", "break_off", None, 10)
        return enter_template(desk, fields, by=ilze, at=nine - timedelta(days=1))

    def form(self, message, **changes):
        return {
            "key": str(KEY), "seen": message.pk, "rules": "guidelines", "way": "phone", "grounds": ["hostile"],
            "reasons": "Aizskarošas piezīmes.", "offer": "other_way", "offered": "Rakstīt e-pastā.", **changes,
        }  # fmt: skip

    def test_the_letter_is_proposed_from_the_template(self, browse, url, template, ticket):
        page = browse().get(url)
        assert page.context["form"]["text"].value() == f"Labdien! Nr. {ticket.number}."
        assert page.context["form"]["write"].value() is True

    def test_it_is_recorded_and_shown(self, browse, url, ticket, message):
        answer = browse().post(url, self.form(message, write="on", text="Labdien!", is_guard_called="on"))
        kept = BreakingOff.objects.get()
        assert answer.url == f"/tickets/{ticket.number}/#note-{kept.note_id}"
        assert (kept.letter.reply, kept.is_guard_called) == ("Labdien!", True)
        page = browse("gunta").get(f"/tickets/{ticket.number}/").content.decode()
        assert "Rakstīt e-pastā." in page

    @pytest.mark.parametrize("wrong", [{"offer": "none", "offered": ""}, {"grounds": []}, {"agreed_on": "2025-11-12"}])
    def test_a_refusal_keeps_what_was_typed(self, browse, url, message, wrong):
        answer = browse().post(url, self.form(message, **wrong))
        assert answer.status_code == 422
        assert "Aizskarošas piezīmes." in answer.content.decode()
        assert not BreakingOff.objects.exists()

    def test_an_identity_code_goes_out_only_when_that_is_meant(self, browse, url, message):
        """E-I.4"""
        form = self.form(message, write="on", text="Labdien! Personas kods 161175-19997.")
        assert browse().post(url, form).status_code == 422
        assert not BreakingOff.objects.exists()
        assert browse().post(url, {**form, "codes_confirmed": "on"}).status_code == 302

    def test_the_templates_words_come_in_and_the_rest_stays(self, browse, url, message, template, ticket):
        answer = browse().post(url, self.form(message, rewrite="1", template=template.pk, text="Cits."))
        form = answer.context["form"]
        assert (form["text"].value(), form["reasons"].value()) == (
            f"Labdien! Nr. {ticket.number}.",
            "Aizskarošas piezīmes.",
        )
        assert form["grounds"].value() == ["hostile"]

    @pytest.mark.parametrize(("who", "status"), [("gunta", 403), ("santa", 404), ("otto", 404)])
    def test_only_administrators_of_the_desk(self, browse, url, message, who, status):
        assert browse(who).get(url).status_code == status
        assert browse(who).post(url, self.form(message)).status_code == status
        assert not BreakingOff.objects.exists()

"""The ticket's page and every button on it: allowed, refused, invalid, and what was typed is never lost."""

import uuid

import pytest

from audit.models import Event
from contact.email import outbound
from directory.models import Employee
from sla.models import Deadline
from tests.support.facts import MINUTE, deadline, fresh, last_event
from tickets.actions import delivering
from tickets.actions.working import junk_ticket, take_ticket
from tickets.models import Delivery, Message, Note, Ticket

pytestmark = pytest.mark.django_db

TYPED = "Labdien! Tas ir rakstīts ilgi un ar rūpēm."
OF_MESSAGE = ["no-answer", "delivery", "retry", "recall", "seen"]
POSTS = ["replies", "ownership", "notes", "completion", "junk", "unjunking", *OF_MESSAGE]
FOR_ADMINISTRATORS = [name for name in POSTS if name != "notes"]


@pytest.fixture
def url(ticket, message):
    """Return a function that gives the address of one of the ticket's buttons."""

    def url(name=""):
        base = f"/tickets/{ticket.number}/"
        if name in (*OF_MESSAGE, "letter"):
            return f"{base}messages/{message.pk}/{name}/"
        return f"{base}{name}/" if name else base

    return url


def form(**changes):
    return {"text": TYPED, "is_substantive": "on", "key": str(uuid.UUID(int=1)), **changes}


class TestPage:
    """E-I.1: the page shows the conversation, the deadlines with their reasons, and the one next step."""

    def test_it_shows_the_letter_and_its_deadlines(self, browse, url):
        answer = browse().get(url())
        page = answer.content.decode()
        assert "Ko darīt?" in page
        assert "Pēteris Krūmiņš" in page
        assert {one.deadline.kind for one in answer.context["deadlines"]} == {"mark", "reply"}

    def test_an_unprocessed_one_is_to_be_taken(self, browse, url):
        step = browse().get(url()).context["step"]
        assert (step.act, step.fuse.state) == ("take", "running")

    def test_in_hand_it_is_to_be_answered(self, browse, url, ticket, ilze, nine):
        take_ticket(ticket, by=ilze, at=nine)
        assert browse().get(url()).context["step"].act == "reply"

    def test_junk_can_be_brought_back(self, browse, url, ticket, ilze, nine):
        junk_ticket(ticket, by=ilze, at=nine)
        assert browse().get(url()).context["step"].act == "unjunk"

    def test_complete_it_asks_for_nothing(self, browse, url, ticket, answer):
        answer(ticket, sent=True)
        assert browse().get(url()).context["step"].act == "none"

    @pytest.mark.parametrize("failure", ["UnknownRecipient", "Broken"])
    def test_a_reply_in_trouble_is_to_be_decided_on(self, browse, url, ticket, answer, client_mail, failure):
        client_mail(failure)
        reply = answer(ticket, sent=True)
        step = browse().get(url()).context["step"]
        assert (step.act, step.message) == ("decide", reply)

    def test_once_another_reply_went_out_nothing_is_left_to_decide(
        self, browse, url, ticket, receive, answer, client_mail, settings, nine
    ):
        folder = settings.CLIENT_MAIL
        client_mail("UnknownRecipient")
        answer(ticket, sent=True)
        settings.CLIENT_MAIL = folder
        answer(ticket, nine + MINUTE, key="b" * 32, sent=True)
        receive(nine + 5 * MINUTE, ticket=ticket)
        assert browse().get(url()).context["step"].act == "take"

    def test_htmx_gets_the_next_step_alone(self, browse, url):
        part = browse().get(url(), headers={"HX-Request": "true"}).content.decode()
        assert "<html" not in part
        assert 'id="step"' in part

    @pytest.mark.parametrize("path", ["", "preview"])
    @pytest.mark.parametrize("who", ["ilze", "raimonds", "gunta"])
    def test_everybody_of_the_desk_reads_it(self, browse, url, who, path):
        assert browse(who).get(url(path)).status_code == 200

    @pytest.mark.parametrize("path", ["", "preview", "letter"])
    def test_to_an_outsider_it_is_not_there(self, browse, url, path):
        assert browse("otto").get(url(path)).status_code == 404

    def test_one_that_does_not_exist_is_not_there(self, browse):
        assert browse().get("/tickets/EMUS-2025-09999/").status_code == 404

    def test_what_a_client_wrote_is_never_markup(self, browse, cast, receive, nine):
        evil = "<script>alert(1)</script>"
        message = receive(nine, subject=evil, text=evil, reply=evil, sender_name=evil)
        assert evil not in browse().get(f"/tickets/{message.ticket.number}/").content.decode()

    def test_reading_writes_nothing(self, browse, url):
        client = browse()
        before = Event.objects.exclude(verb__startswith="account.").count()
        client.get(url())
        assert Event.objects.exclude(verb__startswith="account.").count() == before

    def test_it_costs_the_same_however_long_the_conversation(
        self, browse, url, ticket, receive, answer, nine, django_assert_max_num_queries
    ):
        client = browse()

        def cost():
            from django.db import connection
            from django.test.utils import CaptureQueriesContext

            with CaptureQueriesContext(connection) as counted:
                client.get(url())
            return len(counted)

        receive(nine + MINUTE, ticket=ticket)
        answer(ticket, nine + MINUTE)
        few = cost()
        for number in range(8):
            receive(nine + number * MINUTE, ticket=ticket)
            answer(ticket, nine + number * MINUTE, key=f"{number:032d}")
        assert cost() <= few

    def test_there_is_a_form_for_each_thing_the_administrator_may_do(self, browse, url):
        page = browse().get(url()).content.decode()
        assert all(f'action="{url(name)}"' in page for name in ("replies", "ownership", "notes", "junk", "no-answer"))

    def test_and_only_for_the_note_where_one_may_only_note(self, browse, url):
        page = browse("raimonds").get(url()).content.decode()
        assert f'action="{url("notes")}"' in page
        assert not any(f'action="{url(name)}"' in page for name in FOR_ADMINISTRATORS)


class TestWhoMay:
    """E-I.4: 403 for who sees but may not, 404 for who does not see, the sign-in page for nobody."""

    @pytest.mark.parametrize("name", FOR_ADMINISTRATORS)
    @pytest.mark.parametrize("who", ["raimonds", "gunta"])
    def test_only_administrators_work(self, browse, url, name, who):
        before = Event.objects.exclude(verb__startswith="account.").count()
        assert browse(who).post(url(name), form(reason="x")).status_code == 403
        assert Event.objects.exclude(verb__startswith="account.").count() == before

    @pytest.mark.parametrize("name", POSTS)
    def test_to_an_outsider_it_is_not_there(self, browse, url, name):
        assert browse("otto").post(url(name), form(reason="x")).status_code == 404

    @pytest.mark.parametrize("name", POSTS)
    def test_nobody_is_led_to_the_sign_in_page(self, client, url, name):
        answer = client.post(url(name), form())
        assert (answer.status_code, answer.url) == (302, f"/sign-in/?next={url(name)}")

    @pytest.mark.parametrize("name", POSTS)
    def test_looking_leads_to_the_ticket_and_writes_nothing(self, browse, url, ticket, name):
        answer = browse().get(url(name))
        assert (answer.status_code, answer.url) == (302, url())

    def test_the_expert_who_is_asked_may_write_a_note(self, browse, url, ticket, forward, cast):
        forward(ticket)
        answer = browse("santa").post(url("notes"), {"text": "Zinu, kas tas ir."})
        assert (answer.status_code, answer.url) == (302, url())
        assert Note.objects.get().author == cast.santa

    @pytest.mark.parametrize("name", [*OF_MESSAGE, "letter"])
    def test_a_message_of_another_ticket_is_not_there(self, browse, receive, ticket, nine, name):
        other = receive(nine, sender_address="anna@ozola.example")
        path = f"/tickets/{ticket.number}/messages/{other.pk}/{name}/"
        client = browse()
        answer = client.get(path) if name == "letter" else client.post(path, {"reason": "x"})
        assert answer.status_code == 404


class TestReply:
    """E-I.6, E-II.3: sending an answer; when it is refused, what was typed is still there."""

    def test_it_is_queued_now_and_the_queue_comes_next(self, browse, url, ticket, ilze, half_past):
        answer = browse().post(url("replies"), form())
        assert (answer.status_code, answer.url) == (302, "/queue/")
        reply = Message.objects.get(kind="outgoing")
        assert (reply.at, reply.author, reply.reply) == (half_past, ilze.employee, TYPED)

    def test_one_that_is_not_substantive_leads_back_to_the_ticket(self, browse, url):
        without = {key: value for key, value in form().items() if key != "is_substantive"}
        assert browse().post(url("replies"), without).url == url()
        assert Message.objects.get(kind="outgoing").is_substantive is False

    def test_files_come_along(self, browse, url):
        from django.core.files.uploadedfile import SimpleUploadedFile

        files = [SimpleUploadedFile(f"{n}.txt", b"saturs", "text/plain") for n in range(2)]
        browse().post(url("replies"), form(attachments=files))
        reply = Message.objects.get(kind="outgoing")
        assert [one.name for one in reply.attachments.order_by("pk")] == ["0.txt", "1.txt"]

    def test_the_same_form_twice_is_one_mail(self, browse, url):
        client = browse()
        client.post(url("replies"), form())
        assert client.post(url("replies"), form()).status_code == 302
        assert Delivery.objects.count() == 1

    def test_every_form_has_a_key_of_its_own(self, browse, url):
        client = browse()
        keys = {client.get(url()).context["reply_form"]["key"].value() for _ in range(2)}
        assert len(keys) == 2

    @pytest.mark.parametrize("wrong", [{"text": ""}, {"text": "  "}, {"key": ""}, {"key": "nonsense"}])
    def test_an_invalid_one_is_shown_again(self, browse, url, wrong):
        answer = browse().post(url("replies"), form(**wrong))
        assert (answer.status_code, bool(answer.context["reply_form"].errors)) == (422, True)
        assert Delivery.objects.count() == 0

    def test_with_an_incomplete_profile_it_is_refused_and_the_text_is_kept(self, browse, url, ilze):
        client = browse()
        Employee.objects.filter(pk=ilze.employee.pk).update(phone="")
        answer = client.post(url("replies"), form())
        assert (answer.status_code, TYPED in answer.content.decode()) == (422, True)
        assert Delivery.objects.count() == 0

    def test_while_an_older_one_waits_it_asks_for_the_reason_and_keeps_the_text(self, browse, ticket, receive, nine):
        later = receive(nine + MINUTE, sender_address="anna@ozola.example").ticket
        path, client = f"/tickets/{later.number}/replies/", browse()
        answer = client.post(path, form())
        assert (answer.status_code, TYPED in answer.content.decode()) == (422, True)
        assert client.post(path, form(order_reason="urgent")).status_code == 302
        assert last_event(later, "ticket.older_passed_over").data["reason"] == "urgent"

    def test_on_junk_it_is_refused_and_the_text_is_kept(self, browse, url, ticket, ilze, nine):
        junk_ticket(ticket, by=ilze, at=nine)
        answer = browse().post(url("replies"), form())
        assert answer.status_code == 422
        assert answer.context["reply_form"].non_field_errors()
        assert Delivery.objects.count() == 0


class TestOtherButtons:
    """E-II.3, E-II.5: each does its one thing now, in the name of who pressed it."""

    def test_taking(self, browse, url, ticket, ilze, half_past):
        assert browse().post(url("ownership")).url == url()
        assert fresh(ticket).owner == ilze.employee
        assert last_event(ticket, "ticket.taken").at == half_past

    def test_taking_a_later_one_is_refused_until_a_reason_is_chosen(self, browse, ticket, receive, nine):
        later = receive(nine + MINUTE, sender_address="anna@ozola.example").ticket
        path, client = f"/tickets/{later.number}/ownership/", browse()
        answer = client.post(path)
        assert (answer.status_code, ticket.number in answer.content.decode()) == (409, True)
        assert client.post(path, {"order_reason": "quick"}).status_code == 302

    def test_a_note(self, browse, url):
        assert browse().post(url("notes"), {"text": "Zvanīju."}).url == url()
        assert Note.objects.get().text == "Zvanīju."

    @pytest.mark.parametrize("text", ["", "   "])
    def test_an_empty_note_is_shown_again(self, browse, url, text):
        answer = browse().post(url("notes"), {"text": text})
        assert (answer.status_code, bool(answer.context["note_form"].errors)) == (422, True)

    def test_no_answer_needed(self, browse, url, ticket, message):
        assert browse().post(url("no-answer"), {"reason": "pateicība"}).url == url()
        assert deadline(message, "reply").cancel_reason == "not_needed"
        assert fresh(ticket).state == "complete"

    def test_no_answer_needed_without_a_reason_is_shown_again(self, browse, url, message):
        answer = browse().post(url("no-answer"), {"reason": ""})
        assert (answer.status_code, answer.context["no_answer_for"]) == (422, message.pk)
        assert deadline(message, "reply").state == "running"

    def test_too_long_a_reason_is_shown_again_as_typed(self, browse, url):
        answer = browse().post(url("no-answer"), {"reason": "x" * 301})
        assert (answer.status_code, "x" * 301 in answer.content.decode()) == (422, True)

    def test_completing(self, browse, url, ticket):
        Deadline.objects.filter(kind="reply").delete()
        assert browse().post(url("completion")).url == "/queue/"
        assert fresh(ticket).state == "complete"

    def test_completing_what_is_owed_an_answer_is_refused_with_a_page_that_says_why(self, browse, url, ticket):
        answer = browse().post(url("completion"))
        assert (answer.status_code, answer.context["error"].code) == (409, "replies_open")
        assert str(answer.context["error"]) in answer.content.decode()
        assert fresh(ticket).state == "unprocessed"

    def test_to_htmx_a_refusal_is_a_part_of_a_page(self, browse, url):
        answer = browse().post(url("completion"), headers={"HX-Request": "true"})
        assert (answer.status_code, "<html" in answer.content.decode()) == (409, False)

    def test_junk_and_back(self, browse, url, ticket):
        client = browse()
        assert client.post(url("junk")).url == "/queue/"
        assert fresh(ticket).state == "junk"
        assert client.post(url("unjunking")).url == url()
        assert fresh(ticket).state == "unprocessed"

    def test_what_cannot_be_done_in_this_state_is_refused(self, browse, url):
        answer = browse().post(url("unjunking"))
        assert (answer.status_code, answer.context["error"].code) == (409, "not_allowed_in_state")


class TestDecidingOnAReply:
    """E-II.3: a reply whose outcome is unknown, or that failed, is decided on by a person."""

    @pytest.fixture
    def lost(self, ticket, answer, client_mail, settings, nine):
        folder = settings.CLIENT_MAIL
        client_mail("Broken")
        reply = answer(ticket, sent=True)
        settings.CLIENT_MAIL = folder
        return f"/tickets/{ticket.number}/messages/{reply.pk}/"

    def test_it_left(self, lost, browse, ticket):
        assert browse().post(f"{lost}delivery/").status_code == 302
        assert (Delivery.objects.get().state, fresh(ticket).state) == ("sent", "complete")

    def test_it_is_to_be_sent_again(self, lost, browse, half_past):
        assert browse().post(f"{lost}retry/").status_code == 302
        assert (Delivery.objects.get().state, Delivery.objects.get().try_at) == ("queued", half_past)

    @pytest.mark.parametrize("act", ["delivery", "retry"])
    def test_decided_already_it_is_refused(self, lost, browse, act, ilze, nine):
        delivering.confirm_sent(Message.objects.get(kind="outgoing"), by=ilze, at=nine)
        answer = browse().post(f"{lost}{act}/")
        assert (answer.status_code, answer.context["error"].code) == (409, "not_waiting")

    @pytest.mark.parametrize("act", ["delivery", "retry"])
    def test_a_client_s_letter_has_nothing_to_decide(self, browse, url, act):
        answer = browse().post(url(act))
        assert (answer.status_code, answer.context["error"].code) == (409, "not_waiting")


class TestAfterSending:
    """E-II.3: what happened stands on the page, and the sent text is forgotten by the browser once."""

    def test_a_sent_reply_is_on_the_page(self, browse, url, ticket, answer):
        reply = answer(ticket)
        outbound.deliver(reply.pk, at=reply.at)
        (entry,) = [one for one in browse().get(url()).context["entries"] if one.kind == "out"]
        assert (entry.message, entry.delivery.state) == (reply, "sent")

    def test_the_kept_text_is_cleared_on_the_next_page_only(self, browse, url, ticket):
        client = browse()
        client.post(url("replies"), form())
        assert client.get("/queue/").context["sent"] == ticket.number
        assert client.get("/queue/").context["sent"] == ""

    def test_the_whole_way_from_letter_to_complete(self, browse, url, ticket, outgoing, half_past):
        client = browse()
        client.post(url("ownership"))
        client.post(url("replies"), form())
        outbound.deliver(Message.objects.get(kind="outgoing").pk, at=half_past)
        assert (Ticket.objects.get().state, len(outgoing())) == ("complete", 1)

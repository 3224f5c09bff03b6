"""Mail on no ticket, as the administrator sees it: listed with its reason, run again, or made a ticket by hand."""

import pytest

from contact.models import MailboxCheck, ReceivedMail
from tests.support.facts import HOUR, MINUTE, SECOND
from tests.support.letters import mail
from tests.support.office import OPENED, riga
from tickets.models import Ticket

pytestmark = pytest.mark.django_db

NINE = riga("2025-11-10 09:00")
POSTS = ["processing", "ticket"]


@pytest.fixture
def stuck(cast, mail_in):
    mail_in(mail(sender="", subject="Bez sūtītāja <b>"), NINE)
    return ReceivedMail.objects.get()


@pytest.fixture
def history(cast, mail_in):
    mail_in(mail(subject="Sena vēstule"), OPENED - HOUR, checked=NINE)
    return ReceivedMail.objects.get(state="history")


class TestList:
    """E-II.1a: nothing that was received is hidden."""

    def test_unprocessed_mail_stands_there_with_its_reason(self, stuck, browse):
        answer = browse().get("/mail/")
        page = answer.content.decode()
        assert "Bez sūtītāja &lt;b&gt;" in page
        assert str(stuck.get_reason_display()).lower() in page.lower()
        assert answer.context["counts"] == {"unprocessed": 1, "history": 0}

    def test_history_has_a_list_of_its_own(self, stuck, history, browse):
        page = browse().get("/mail/?state=history").content.decode()
        assert "Sena vēstule" in page
        assert "Bez sūtītāja" not in page

    def test_an_unknown_state_is_the_unprocessed_list(self, stuck, browse):
        assert browse().get("/mail/?state=linked").context["state"] == "unprocessed"

    @pytest.mark.parametrize("who", ["santa", "raimonds", "gunta", "otto"])
    def test_nobody_else_sees_it(self, stuck, browse, who):
        client = browse(who)
        assert "Bez sūtītāja" not in client.get("/mail/").content.decode()
        assert client.get(f"/mail/{stuck.pk}/").status_code == 404
        assert client.get(f"/mail/{stuck.pk}/raw/").status_code == 404

    def test_it_costs_the_same_however_many_there_are(self, browse, mail_in, django_assert_max_num_queries):
        client = browse()
        for number in range(12):
            mail_in(mail(sender="", message_id=f"<{number}@x.example>"), NINE + number * SECOND)
        with django_assert_max_num_queries(13):
            client.get("/mail/")


class TestMail:
    """E-II.1a: the mail can be read and kept as it came."""

    def test_it_shows_what_was_written(self, stuck, browse):
        page = browse().get(f"/mail/{stuck.pk}/").content.decode()
        assert "Kopsumma nesakrīt." in page
        assert "Bez sūtītāja &lt;b&gt;" in page

    def test_its_bytes_are_a_download(self, stuck, browse):
        answer = browse().get(f"/mail/{stuck.pk}/raw/")
        assert answer.content == mail(sender="", subject="Bez sūtītāja <b>")
        assert answer.headers["Content-Type"] == "message/rfc822"
        assert answer.headers["Content-Disposition"] == f'attachment; filename="mail-{stuck.pk}.eml"'

    @pytest.mark.parametrize("name", POSTS)
    @pytest.mark.parametrize("who", ["santa", "gunta", "otto"])
    def test_nobody_else_may_do_anything_to_it(self, stuck, browse, name, who):
        assert browse(who).post(f"/mail/{stuck.pk}/{name}/", {"sender": "a@b.example"}).status_code == 404
        assert Ticket.objects.count() == 0

    @pytest.mark.parametrize("name", POSTS)
    def test_nobody_is_led_to_the_sign_in_page_and_looking_does_nothing(self, stuck, client, cast, name):
        path = f"/mail/{stuck.pk}/{name}/"
        assert client.post(path).url == f"/sign-in/?next={path}"
        client.force_login(cast.ilze.user)
        assert client.get(path).status_code == 405

    def test_run_again_with_the_same_fault_it_stays(self, stuck, browse):
        assert browse().post(f"/mail/{stuck.pk}/processing/").url == f"/mail/{stuck.pk}/"
        assert ReceivedMail.objects.get().state == "unprocessed"

    def test_run_again_after_the_fault_it_leads_to_its_ticket(self, stuck, browse):
        from contact.models import RawMail

        RawMail.objects.update(content=mail())
        assert browse().post(f"/mail/{stuck.pk}/processing/").url == "/tickets/EMUS-2025-00001/"

    def test_a_ticket_is_made_of_it_with_a_sender(self, stuck, browse):
        answer = browse().post(f"/mail/{stuck.pk}/ticket/", {"sender": "anna@ozola.example"})
        assert answer.url == "/tickets/EMUS-2025-00001/"
        assert Ticket.objects.get().client.addresses.get().email == "anna@ozola.example"

    @pytest.mark.parametrize("sender", ["", "nav adrese"])
    def test_without_a_usable_sender_it_is_asked_for_again(self, stuck, browse, sender):
        answer = browse().post(f"/mail/{stuck.pk}/ticket/", {"sender": sender})
        assert (answer.status_code, sender in answer.content.decode()) == (422, True)
        assert Ticket.objects.count() == 0

    def test_history_too_can_become_a_ticket(self, history, browse):
        answer = browse().post(f"/mail/{history.pk}/ticket/", {"sender": "peteris@krumins.example"})
        assert answer.status_code == 302
        assert Ticket.objects.get().received_at == OPENED - HOUR


class TestOutgoing:
    """E-I.4: the folder of outgoing mail is the demonstration's; elsewhere it holds real people's letters."""

    @pytest.fixture
    def sent(self, cast, receive, tmp_path):
        from contact.email import outbound
        from tickets.actions.replying import Reply, reply_to_client

        reply = reply_to_client(receive(NINE).ticket, Reply("Labdien!", "a" * 32), by=cast.ilze.user, at=NINE)
        outbound.deliver(reply.pk, at=NINE)
        (path,) = (tmp_path / "outgoing").glob("*.eml")
        return path.name

    @pytest.fixture
    def demonstration(self, settings, tmp_path):
        settings.EMBEDDED = True
        (tmp_path / "demonstration").touch()

    def test_in_the_demonstration_it_shows_what_left(self, sent, demonstration, browse):
        client = browse()
        assert "Labdien!" in client.get("/outgoing/").content.decode()
        answer = client.get(f"/outgoing/clients/{sent}")
        assert answer.headers["Content-Type"].startswith("text/plain")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"

    @pytest.mark.parametrize("who", ["ilze", "otto"])
    def test_elsewhere_it_is_not_there(self, sent, browse, who):
        client = browse(who)
        assert client.get("/outgoing/").status_code == 404
        assert client.get(f"/outgoing/clients/{sent}").status_code == 404

    @pytest.mark.parametrize("name", ["..%2Fsecret-key", "secret-key", "nothing.eml", "%2e%2e%2f%2e%2e%2fetc%2fpasswd"])
    def test_nothing_beside_it_can_be_read(self, sent, demonstration, browse, tmp_path, name):
        (tmp_path / "secret-key").write_text("secret")
        assert browse().get(f"/outgoing/clients/{name}").status_code == 404

    def test_with_a_mail_server_there_is_no_folder(self, demonstration, browse, settings):
        settings.CLIENT_MAIL = settings.NOTICE_MAIL = {"backend": "django.core.mail.backends.smtp.EmailBackend"}
        assert browse().get("/outgoing/").status_code == 404


class TestStrip:
    """E-II.1a: every page says when the mailbox was last looked into, and when it cannot be reached."""

    def state(self, browse, desk, *checks):
        for at, error in checks:
            MailboxCheck.objects.create(desk=desk, at=at, error=error)
        return browse().get("/strip/").context["shell"].mailbox.state

    def test_never_checked_it_says_so(self, browse, desk):
        assert self.state(browse, desk) == "unknown"

    @pytest.mark.parametrize(("minutes", "state"), [(0, "ok"), (10, "ok"), (10.1, "down")])
    def test_ten_minutes_without_a_look_are_a_fault(self, browse, desk, half_past, minutes, state):
        assert self.state(browse, desk, (half_past - minutes * MINUTE, "")) == state

    def test_a_failed_look_is_a_fault_at_once(self, browse, desk, half_past):
        assert self.state(browse, desk, (half_past - MINUTE, ""), (half_past, "gone")) == "down"

    def test_a_good_one_after_it_ends_the_fault(self, browse, desk, half_past):
        assert self.state(browse, desk, (half_past - MINUTE, "gone"), (half_past, "")) == "ok"

    def test_of_two_mailboxes_the_worse_one_is_told_of(self, browse, desk, cast, half_past):
        from directory.actions import grant_role

        grant_role(cast.ilze, cast.other_desk, "administrator", by=None, at=NINE)
        MailboxCheck.objects.create(desk=cast.other_desk, at=half_past - MINUTE, error="gone")
        assert self.state(browse, desk, (half_past, "")) == "down"

    def test_another_desk_s_fault_is_none_of_ours(self, browse, desk, cast, half_past):
        MailboxCheck.objects.create(desk=cast.other_desk, at=half_past, error="gone")
        assert self.state(browse, desk, (half_past, "")) == "ok"

    def test_the_navigation_counts_what_waits_for_a_person(self, stuck, browse):
        groups = browse().get("/queue/").context["shell"].items
        assert {item.url: item.count for group in groups for item in group.items}["/mail/"] == 1

    def test_who_may_not_see_the_mail_has_no_way_to_it(self, stuck, browse):
        groups = browse("santa").get("/queue/").context["shell"].items
        assert "/mail/" not in {item.url for group in groups for item in group.items}


class TestMailOfTicket:
    """S-24.2: a letter on a ticket can be had as it came, by who may see the ticket."""

    @pytest.fixture
    def path(self, cast, mail_in):
        mail_in(mail(), NINE)
        message = ReceivedMail.objects.get().message
        return f"/tickets/{message.ticket.number}/messages/{message.pk}/raw/"

    @pytest.mark.parametrize("who", ["ilze", "raimonds"])
    def test_its_bytes_are_a_download(self, path, browse, who):
        answer = browse(who).get(path)
        assert answer.content == mail()
        assert answer.headers["Content-Disposition"].startswith("attachment")

    def test_to_an_outsider_it_is_not_there(self, path, browse):
        assert browse("otto").get(path).status_code == 404

    @pytest.mark.parametrize(("scan", "scan_at"), [("infected", None), ("waiting", NINE)])
    def test_one_that_holds_an_infected_file_is_not_given_out(self, path, browse, scan, scan_at):
        from tickets.models import Attachment

        received = ReceivedMail.objects.get()
        Attachment.objects.create(message=received.message, name="x", size=1, sha256="0", scan=scan, scan_at=scan_at)
        assert browse().get(path).status_code == 409
        assert browse().get(f"/mail/{received.pk}/raw/").status_code == 409

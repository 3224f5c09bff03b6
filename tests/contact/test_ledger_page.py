"""The ledger's page: every mail that was fetched, what became of it, and whether anything is missing."""

import pytest
from django.db import connection

from audit.models import Event
from contact.email import inbound, reconciliation
from contact.models import ReceivedMail, Reconciliation
from tests.support.facts import HOUR, MINUTE, SECOND
from tests.support.letters import mail
from tests.support.office import OPENED, riga
from tickets.actions.receiving import Arrivals
from tickets.actions.working import junk_ticket
from tickets.models import Ticket

pytestmark = pytest.mark.django_db

NINE = riga("2025-11-10 09:00")


@pytest.fixture
def mails(cast, mail_in):
    """One mail of every kind."""
    mail_in(mail(subject="Sena"), OPENED - HOUR, checked=NINE)
    mail_in(mail(subject="Jauna", message_id="<jauna@k.example>"), NINE)
    mail_in(b"Received: by alias\r\n" + mail(subject="Jauna", message_id="<jauna@k.example>"), NINE + MINUTE)
    mail_in(mail(subject="Bez sūtītāja", sender=""), NINE + 2 * MINUTE)
    mail_in(mail(subject="Mēstule", sender="loto@spam.example", message_id="<m@spam.example>"), NINE + 3 * MINUTE)
    junk_ticket(Ticket.objects.get(subject="Mēstule"), by=cast.ilze.user, at=NINE + 4 * MINUTE)


def subjects(client, query="") -> list[str]:
    return [row.mail.subject for row in client.get(f"/mail/ledger/{query}").context["rows"]]


class TestLedger:
    """E-II.1a: nothing that was fetched is hidden."""

    @pytest.mark.parametrize(
        ("view", "shown"),
        [
            ("all", ["Mēstule", "Bez sūtītāja", "Jauna", "Jauna", "Sena"]),
            ("linked", ["Mēstule", "Jauna"]),
            ("unprocessed", ["Bez sūtītāja"]),
            ("duplicate", ["Jauna"]),
            ("junk", ["Mēstule"]),
            ("history", ["Sena"]),
            ("sent", []),
            ("nonsense", ["Mēstule", "Bez sūtītāja", "Jauna", "Jauna", "Sena"]),
        ],
    )
    def test_each_view_shows_its_own_the_latest_first(self, mails, browse, view, shown):
        assert subjects(browse(), f"?view={view}") == shown

    @pytest.mark.parametrize("words", ["jauna", "JAUNA@K.example", "<jauna@k.example>"])
    def test_a_mail_is_found_by_its_subject_or_its_id(self, mails, browse, words):
        assert subjects(browse(), f"?words={words}") == ["Jauna", "Jauna"]

    def test_a_mail_is_found_by_its_sender(self, mails, browse):
        assert subjects(browse(), "?words=loto@") == ["Mēstule"]

    def test_it_leads_to_the_ticket_and_says_why_there_is_none(self, mails, browse):
        page = browse().get("/mail/ledger/").content.decode()
        message = Ticket.objects.get(subject="Jauna").messages.get()
        assert f'href="/tickets/{message.ticket.number}/#message-{message.pk}"' in page
        assert "No_sender" not in page
        assert str(ReceivedMail.Reason.NO_SENDER.label)[1:] in page

    def test_earlier_mail_stands_on_the_next_page_and_none_is_left_out(self, desk, browse, mail_in):
        for number in range(7):
            mail_in(mail(subject=str(number), sender="", message_id=f"<{number}@x.example>"), NINE)
        client = browse()
        from contact import ledger

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(ledger, "PER_PAGE", 3)
            seen, query = [], ""
            while query is not None:
                answer = client.get(f"/mail/ledger/{query}")
                seen += [row.mail.subject for row in answer.context["rows"]]
                query = answer.context["older"] or None
        assert sorted(seen) == [str(number) for number in range(7)]

    @pytest.mark.parametrize("before", ["x", "2025-11-10 1", "2025-13-45T99 1", "2025-11-10T09:00:00+00:00 x"])
    def test_a_place_that_makes_no_sense_is_the_latest(self, mails, browse, before):
        assert len(subjects(browse(), f"?before={before}")) == 5

    def test_it_costs_the_same_however_many_there_are(self, mails, browse, mail_in, django_assert_num_queries):
        client = browse()
        client.get("/mail/ledger/")
        with django_assert_num_queries(FEW) as before:
            client.get("/mail/ledger/")
        for number in range(12):
            mail_in(mail(message_id=f"<{number}@x.example>"), NINE + number * SECOND)
        with django_assert_num_queries(len(before)):
            client.get("/mail/ledger/")

    @pytest.mark.parametrize(
        ("view", "index"), [("all", "received_mail_latest"), ("unprocessed", "received_mail_in_state")]
    )
    def test_an_index_serves_it(self, desk, view, index):
        from contact.queries import ledger_of

        if connection.vendor == "postgresql":  # it would rather read a table of no rows as a whole
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        assert index in ledger_of(desk, view, "")[:51].explain()

    @pytest.mark.parametrize("who", ["santa", "raimonds", "gunta"])
    def test_who_does_not_process_mail_may_not_see_it(self, mails, browse, who):
        assert browse(who).get("/mail/ledger/").status_code == 403

    def test_another_desk_s_mail_is_not_there(self, mails, browse):
        client = browse("otto")
        assert subjects(client) == []
        assert client.get("/mail/ledger/emus/").status_code == 404


class TestComparisons:
    """E-II.1a: the comparisons with the mailbox stand on the page, and can be asked for."""

    def test_asked_for_it_is_under_way_and_then_says_what_it_found(self, mails, browse, nudges):
        client = browse()
        assert client.post("/mail/ledger/emus/comparison/").url == "/mail/ledger/emus/#comparisons"
        assert client.get("/mail/ledger/emus/").context["is_comparing"] is True
        reconciliation.compare_asked(at=NINE + HOUR)
        facts = client.get("/mail/ledger/emus/").context
        inbox = next(one.row for one in facts["comparisons"] if one.row.box == "inbox")
        assert (facts["is_comparing"], inbox.on_server, inbox.missing) == (False, 5, 0)

    @pytest.mark.parametrize("path", ["comparison", "processing"])
    @pytest.mark.parametrize(("who", "status"), [("santa", 403), ("otto", 404)])
    def test_nobody_else_may_ask(self, mails, browse, path, who, status):
        assert browse(who).post(f"/mail/ledger/emus/{path}/").status_code == status
        assert Reconciliation.objects.count() == 0

    @pytest.mark.parametrize("path", ["comparison", "processing"])
    def test_looking_asks_for_nothing(self, mails, browse, path):
        assert browse().get(f"/mail/ledger/emus/{path}/").status_code == 405


class TestRunningAllAgain:
    """E-II.1a: what could not be read is run again in one step once the fault is mended."""

    @pytest.fixture
    def unreadable(self, cast, mail_in, monkeypatch):
        def refuse(*_args, **_facts):
            raise ValueError("broken")

        with monkeypatch.context() as patched:
            patched.setattr(Arrivals, "receive", refuse)
            for number in range(3):
                mail_in(mail(message_id=f"<{number}@x.example>"), NINE + number * MINUTE)
        mail_in(mail(sender="", message_id="<9@x.example>"), NINE + HOUR)

    def test_they_become_tickets_and_others_stay_as_they_are(self, unreadable, desk, browse, ilze):
        client = browse()
        assert client.get("/mail/ledger/").context["unreadable"] == 3
        assert client.post("/mail/ledger/emus/processing/").url == "/mail/ledger/emus/"
        inbound.link_received(desk, at=NINE + HOUR)
        assert sorted(ReceivedMail.objects.values_list("state", flat=True)) == ["linked"] * 3 + ["unprocessed"]
        assert [event.by for event in Event.objects.filter(verb="mail.retried")] == [ilze] * 3
        assert client.get("/mail/ledger/").context["unreadable"] == 0


FEW = 13

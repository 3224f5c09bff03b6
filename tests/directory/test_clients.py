"""Clients: found, entered, changed; their addresses, phones and assistants; two of them found to be one."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.models import Event
from directory.actions import register_client
from directory.actions.clients import (
    AddressTaken,
    CertificateTaken,
    ClientFacts,
    ClientMerged,
    DelegateFacts,
    add_address,
    add_delegate,
    add_phone,
    change_client,
    change_delegate,
    confirm_client,
    remove_address,
    remove_phone,
)
from directory.actions.merging import MergeRefused, merge_clients, undo_merge
from directory.models import Client, ClientKey
from directory.queries import clients_found
from tests.support.facts import fresh
from tests.support.office import make_employee, recognised, riga

pytestmark = pytest.mark.django_db

NINE = riga("2025-11-10 09:00")
TODAY = date(2025, 11, 10)
DAY = timedelta(days=1)


def register(name="Žanis Ķimenītis", email="zanis@kimenitis.example", kind="administrator"):
    return register_client(email, name, kind, by=None, at=NINE)


def assistant(email="palidze@birojs.example", *, first=TODAY, last=None, phone=""):
    return DelegateFacts("Anna Palīdze", email, phone, first, last)


def found(query):
    return [one.name for one in clients_found(query)]


class TestSearch:
    """E-III.2: who calls or writes is found by the beginning of any word, without diacritics, or by the number."""

    @pytest.fixture(autouse=True)
    def two(self):
        zanis = add_phone(register(), "+37129123456", by=None, at=NINE)
        change_client(zanis, ClientFacts("Žanis Ķimenītis", "administrator", "00123-A"), by=None, at=NINE)
        register("Sarmīte Liepkalna-Ūpe", "sarmite@liepkalna.example")

    @pytest.mark.parametrize(
        "query",
        ["ķimen", "KIMENITIS", "zan kim", "kimenitis žanis", "zanis@kim", "kimenitis.example", "29123", "+371 29 12"]
        + ["00371 29123456", "2912-3456", "00123-a", " žanis  "],
    )
    def test_any_beginning_finds(self, query):
        assert found(query) == ["Žanis Ķimenītis"]

    @pytest.mark.parametrize("query", ["imenitis", "zanis liepkalna", "3456", "%", "_anis", "z*s"])
    def test_what_does_not_begin_so_is_not_found(self, query):
        assert found(query) == ([] if query != "%" else ["Sarmīte Liepkalna-Ūpe", "Žanis Ķimenītis"])

    @pytest.mark.parametrize("query", ["upe", "liepkalna-u", "liepkalna"])
    def test_a_double_name_is_found_by_its_parts(self, query):
        assert found(query) == ["Sarmīte Liepkalna-Ūpe"]

    def test_a_change_is_found_at_once_and_the_old_name_no_longer(self):
        client = clients_found("kimenitis")[0]
        change_client(client, ClientFacts("Jānis Ozols", "other"), by=None, at=NINE)
        assert (found("jan ozo"), found("00123")) == (["Jānis Ozols"], [])

    @pytest.mark.parametrize("query", ["kimen", "zan", "kimen zan"])
    def test_an_index_serves_it(self, query):
        with CaptureQueriesContext(connection) as seen:
            list(clients_found(query))
        asked = seen.captured_queries[0]["sql"]
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("SET LOCAL enable_seqscan = off")
                cursor.execute(f"EXPLAIN {asked}")
            else:
                cursor.execute(f"EXPLAIN QUERY PLAN {asked}")
            plan = "\n".join(str(row) for row in cursor.fetchall())
        words = len(query.split())
        if connection.vendor == "sqlite":
            assert plan.count("client_key_beginning") == plan.count("key>? AND key<?") == words
        else:
            # Each word alone is served by it; a second one may be looked up by the clients that the first has found.
            assert 1 <= plan.count("client_key_beginning") <= words
            assert "Seq Scan on directory_clientkey" not in plan


class TestAddressesAndPhones:
    """E-II.1a, E-III.1: a client has several addresses, each nobody else's, and several numbers, which may be shared."""

    def test_all_are_recognised_and_recorded(self):
        client = add_address(register(), " Otra@Birojs.EXAMPLE ", by=None, at=NINE)
        assert recognised("otra@birojs.example", "", at=NINE) == client
        assert Event.objects.get(verb="client.changed").data == {"address": [None, "otra@birojs.example"]}

    def test_another_s_address_is_refused(self):
        register("Anna", "anna@x.example")
        with pytest.raises(AddressTaken):
            add_address(register(), "Anna@x.example", by=None, at=NINE)
        with pytest.raises(AddressTaken):
            register("Anna", "anna@x.example")

    def test_one_that_was_removed_is_a_stranger_s(self):
        client = register()
        remove_address(client, "zanis@kimenitis.example", by=None, at=NINE)
        assert recognised("zanis@kimenitis.example", "", at=NINE) != client

    def test_adding_and_removing_twice_is_once(self):
        client = register()
        for _ in range(2):
            add_phone(client, "+37129123456", by=None, at=NINE)
        for _ in range(2):
            remove_phone(client, "+37129123456", by=None, at=NINE)
        changes = Event.objects.filter(verb="client.changed").order_by("pk").values_list("data", flat=True)
        assert list(changes) == [{"phone": [None, "+37129123456"]}, {"phone": ["+37129123456", None]}]

    def test_the_line_of_an_office_may_be_two_clients(self):
        for one in (register(), register("Anna Ozola", "anna@x.example")):
            add_phone(one, "+37167099160", by=None, at=NINE)
        assert found("67099160") == ["Anna Ozola", "Žanis Ķimenītis"]

    def test_a_certificate_is_one_client_s(self):
        change_client(register(), ClientFacts("Žanis", "administrator", "123"), by=None, at=NINE)
        with pytest.raises(CertificateTaken):
            change_client(register("Anna", "a@x.example"), ClientFacts("Anna", "other", "123"), by=None, at=NINE)

    def test_confirming_is_recorded_once(self):
        client = recognised("jauns@x.example", "Jauns", at=NINE)
        for _ in range(2):
            confirm_client(client, by=None, at=NINE)
        assert fresh(client).is_confirmed
        assert Event.objects.filter(verb="client.changed").count() == 1


class TestDelegates:
    """E-I.4: an assistant may write for a client on the days of the authority, and on no other."""

    @pytest.mark.parametrize(("day", "theirs"), [(-1, False), (0, True), (2, True), (3, False)])
    def test_a_letter_on_those_days_is_the_client_s(self, day, theirs):
        client = register()
        add_delegate(client, assistant(last=TODAY + 2 * DAY), by=None, at=NINE)
        assert (recognised("palidze@birojs.example", "Anna", at=NINE + DAY * day) == client) == theirs

    def test_it_holds_for_one_who_wrote_before_anybody_said_for_whom(self):
        before = recognised("palidze@birojs.example", "Anna Palīdze", at=NINE)
        client = register()
        add_delegate(client, assistant(), by=None, at=NINE)
        assert recognised("palidze@birojs.example", "", at=NINE) == client != before

    def test_a_confirmed_client_writes_for_themselves(self):
        own = register("Anna Palīdze", "palidze@birojs.example")
        add_delegate(register(), assistant(), by=None, at=NINE)
        assert recognised("palidze@birojs.example", "", at=NINE) == own

    def test_who_may_write_for_several_is_not_guessed(self):
        for one in (register(), register("Anna Ozola", "anna@x.example")):
            add_delegate(one, assistant(), by=None, at=NINE)
        assert recognised("palidze@birojs.example", "Anna Palīdze", at=NINE).name == "Anna Palīdze"

    def test_their_client_is_found_by_them(self):
        delegate = add_delegate(register(), assistant(phone="+37120000111"), by=None, at=NINE)
        assert found("palidze") == found("2000 0111") == ["Žanis Ķimenītis"]
        change_delegate(delegate, assistant("cita@birojs.example"), by=None, at=NINE)
        assert (found("palidze@birojs"), found("cita@birojs")) == ([], ["Žanis Ķimenītis"])

    def test_taking_the_right_away_is_a_last_day(self):
        client = register()
        delegate = add_delegate(client, assistant(), by=None, at=NINE)
        change_delegate(delegate, assistant(last=TODAY), by=None, at=NINE)
        assert recognised("palidze@birojs.example", "", at=NINE + DAY) != client


class TestMerge:
    """E-I.4: two clients found to be one: the directory's part, which can be undone."""

    @pytest.fixture
    def pair(self):
        survivor, gone = register(), recognised("otra@x.example", "Z. Kimenitis", at=NINE)
        add_phone(survivor, "+37129123456", by=None, at=NINE)
        add_phone(gone, "+37129123456", by=None, at=NINE)
        add_phone(gone, "+37129123457", by=None, at=NINE)
        add_delegate(gone, assistant(), by=None, at=NINE)
        return survivor, gone

    def reached(self, client):
        emails = [one.email for one in client.addresses.all()]
        return emails, [one.number for one in client.phones.all()], [one.email for one in client.delegates.all()]

    def test_what_reached_the_one_reaches_the_other(self, pair):
        survivor, gone = pair
        merge_clients(gone, survivor, by=None, at=NINE)
        assert recognised("otra@x.example", "", at=NINE) == survivor
        assert self.reached(survivor) == (
            ["zanis@kimenitis.example", "otra@x.example"],
            ["+37129123456", "+37129123457"],
            ["palidze@birojs.example"],
        )
        assert fresh(gone).merged_into == survivor
        assert found("kimenitis") == ["Žanis Ķimenītis"]

    def test_undoing_puts_everything_back(self, pair):
        survivor, gone = pair
        before = self.reached(survivor), self.reached(gone)
        keys = set(ClientKey.objects.values_list("client", "key"))
        undo_merge(merge_clients(gone, survivor, by=None, at=NINE), by=None, at=NINE)
        assert (self.reached(survivor), self.reached(gone)) == before
        assert set(ClientKey.objects.values_list("client", "key")) == keys
        assert fresh(gone).merged_into is None

    def test_doing_or_undoing_twice_is_once(self, pair):
        survivor, gone = pair
        merge = merge_clients(gone, survivor, by=None, at=NINE)
        assert merge_clients(gone, survivor, by=None, at=NINE) == merge
        for _ in range(2):
            undo_merge(merge, by=None, at=NINE)
        verbs = Event.objects.filter(verb__contains="merged").order_by("pk").values_list("verb", flat=True)
        assert list(verbs) == ["client.merged", "client.unmerged"]

    def test_what_came_to_the_survivor_since_stays_theirs(self, pair):
        survivor, gone = pair
        merge = merge_clients(gone, survivor, by=None, at=NINE)
        remove_address(survivor, "otra@x.example", by=None, at=NINE)
        add_address(survivor, "vel@x.example", by=None, at=NINE)
        undo_merge(merge, by=None, at=NINE)
        assert self.reached(survivor)[0] == ["zanis@kimenitis.example", "vel@x.example"]
        assert self.reached(gone)[0] == []

    def test_one_with_itself_into_a_merged_one_or_two_certificates_is_refused(self, pair):
        survivor, gone = pair
        third = register("Trešais", "tresais@x.example")
        with pytest.raises(MergeRefused):
            merge_clients(gone, gone, by=None, at=NINE)
        merge_clients(gone, survivor, by=None, at=NINE)
        for pair in ((third, gone), (gone, third)):
            with pytest.raises(MergeRefused):
                merge_clients(*pair, by=None, at=NINE)
        change_client(survivor, ClientFacts("A", "other", "1"), by=None, at=NINE)
        change_client(third, ClientFacts("B", "other", "2"), by=None, at=NINE)
        with pytest.raises(MergeRefused):
            merge_clients(third, survivor, by=None, at=NINE)

    def test_the_merged_one_is_not_changed(self, pair):
        survivor, gone = pair
        merge_clients(gone, survivor, by=None, at=NINE)
        with pytest.raises(ClientMerged):
            add_phone(gone, "+37129123458", by=None, at=NINE)


class TestPages:
    """E-III.2: the list with its search, a client's page, and the forms."""

    @pytest.fixture(autouse=True)
    def monday(self, clock, cast):
        clock.move_to(NINE)

    @pytest.fixture
    def browse(self, client):
        def browse(user):
            client.force_login(user)
            return client

        return browse

    def test_who_reads_tickets_sees_clients_and_who_works_changes_them(self, browse, desk, cast):
        client = register()
        paths = ("/clients/", f"/clients/{client.pk}/")
        officer = make_employee("Dora Drosa", "security_officer", desk=desk).user
        for user in (cast.ilze.user, cast.santa.user, cast.gunta.user):
            assert [browse(user).get(path).status_code for path in paths] == [200, 200]
        assert [browse(officer).get(path).status_code for path in paths] == [404, 404]
        posts = ("change", "confirmation", "addresses", "phones", "assistants/new")
        for user, expected in ((cast.santa.user, 403), (officer, 404)):
            assert {browse(user).post(f"/clients/{client.pk}/{post}/").status_code for post in posts} == {expected}

    def test_the_search_answers_with_a_part_of_the_page(self, browse, ilze):
        register()
        part = browse(ilze).get("/clients/?q=kimen", headers={"hx-request": "true"}).content.decode()
        assert "Žanis Ķimenītis" in part and "<html" not in part
        assert "Žanis" not in browse(ilze).get("/clients/?q=ozol").content.decode()
        assert "Žanis" not in browse(ilze).get("/clients/?only=unconfirmed").content.decode()

    def test_the_number_of_queries_does_not_grow_with_the_clients(self, browse, ilze):
        browser = browse(ilze)

        def queries():
            with CaptureQueriesContext(connection) as seen:
                assert browser.get("/clients/?q=zan").status_code == 200
            return len(seen)

        add_phone(register(), "+37129123456", by=None, at=NINE)
        few = queries()
        for number in range(20):
            client = register(f"Žanis {number}", f"zanis{number}@x.example")
            add_phone(client, "+37129123456", by=None, at=NINE)
        assert queries() == few

    def test_a_client_is_entered_changed_and_confirmed(self, browse, ilze):
        browser = browse(ilze)
        new = {"name": "Anna Ozola", "kind": "supervisor", "email": "Anna@X.example"}
        answer = browser.post("/clients/new/", new)
        client = Client.objects.get(addresses__email="anna@x.example")
        assert (answer.status_code, answer.url) == (302, f"/clients/{client.pk}/")
        assert browser.post("/clients/new/", new).status_code == 422
        facts = {"name": "Anna Ozoliņa", "kind": "administrator", "certificate": "77", "standing": "active"}
        assert browser.post(f"/clients/{client.pk}/change/", facts).status_code == 302
        assert (fresh(client).name, fresh(client).certificate) == ("Anna Ozoliņa", "77")
        stranger = recognised("cits@x.example", "Cits", at=NINE)
        assert browser.post(f"/clients/{stranger.pk}/confirmation/").status_code == 302
        assert fresh(stranger).is_confirmed

    def test_addresses_and_phones_come_and_go(self, browse, ilze):
        client, browser = register(), browse(ilze)
        browser.post(f"/clients/{client.pk}/addresses/", {"email": "B@x.example"})
        browser.post(f"/clients/{client.pk}/phones/", {"number": "29 123 456"})
        assert [str(one) for one in (*client.addresses.all(), *client.phones.all())] == [
            "zanis@kimenitis.example", "b@x.example", "+37129123456",
        ]  # fmt: skip
        browser.post(f"/clients/{client.pk}/addresses/", {"email": "b@x.example", "remove": 1})
        browser.post(f"/clients/{client.pk}/phones/", {"number": "+37129123456", "remove": 1})
        assert (client.addresses.count(), client.phones.count()) == (1, 0)

    def test_what_is_no_number_or_another_s_address_is_said_at_its_field(self, browse, ilze):
        client, browser = register(), browse(ilze)
        register("Anna", "anna@x.example")
        page = browser.post(f"/clients/{client.pk}/phones/", {"number": "112"})
        assert (page.status_code, list(page.context["phone_form"].errors)) == (422, ["number"])
        page = browser.post(f"/clients/{client.pk}/addresses/", {"email": "anna@x.example"})
        assert (page.status_code, list(page.context["address_form"].errors)) == (422, ["email"])

    def test_an_assistant_is_entered_and_given_a_last_day(self, browse, ilze):
        client, browser = register(), browse(ilze)
        data = {"name": "Anna Palīdze", "email": "P@x.example", "phone": "29123456", "valid_from": "2025-11-10"}
        assert browser.post(f"/clients/{client.pk}/assistants/new/", data).status_code == 302
        one = client.delegates.get()
        assert (one.email, one.phone) == ("p@x.example", "+37129123456")
        path = f"/clients/{client.pk}/assistants/{one.pk}/"
        assert browser.post(path, {**data, "valid_until": "2025-11-09"}).status_code == 422
        assert browser.post(path, {**data, "valid_until": "2025-11-11"}).status_code == 302
        assert fresh(one).valid_until == date(2025, 11, 11)

    def test_the_client_s_tickets_are_a_part_that_only_a_reader_of_them_gets(self, browse, cast, receive):
        ticket = receive(NINE).ticket
        path = f"/clients/{ticket.client_id}/tickets/"
        part = browse(cast.ilze.user).get(path, headers={"hx-request": "true"}).content.decode()
        assert ticket.number in part and "<html" not in part
        assert ticket.number in browse(cast.ilze.user).get(path).content.decode()
        assert ticket.number not in browse(cast.otto.user).get(path).content.decode()
        page = browse(cast.ilze.user).get(f"/tickets/{ticket.number}/").content.decode()
        assert f'href="/clients/{ticket.client_id}/?ticket={ticket.number}"' in page

"""The office's register of clients: read, compared row by row, carried out whole or not at all."""

import csv
import io
import zipfile
from datetime import date, timedelta

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from audit.models import Event
from directory.actions import importing, register_client
from directory.actions.clients import ClientFacts, add_address, change_client
from directory.actions.merging import merge_clients
from directory.models import Client, ClientImport
from directory.queries import clients_found
from directory.register.columns import guess, header_of
from directory.register.entries import masked, read
from directory.register.reading import XLSX, Format, Unreadable, detect, rows
from tests.support.facts import fresh
from tests.support.office import recognised, riga

NINE = riga("2025-11-10 09:00")
TITLES = ["Vārds", "Uzvārds", "Personas kods", "Sertifikāta Nr.", "E-pasts", "Tālrunis", "Statuss"]
ZANIS = ["Žanis", "Ķimenītis", "320101-12345", "00123", "Zanis@Kimenitis.example", "29123456", "Aktīvs"]
ANNA = ["Anna", "Ozola", "", "00124", "anna@ozola.example; a@x.example", "67099160, +371 29 123 457", "Apturēts"]


def csv_of(*lines, encoding="utf-8", separator=";"):
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator).writerows(lines)
    return text.getvalue().encode(encoding)


def xlsx_of(*lines):
    book = openpyxl.Workbook()
    for line in lines:
        book.active.append(line)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def receive(content, name="registrs.csv"):
    return importing.receive_register(name, content, by=None, at=NINE)


def worked(source, at=NINE):
    for _ in importing.work(source.pk, at=at):
        pass
    return fresh(source)


def compared(*lines, kind="administrator"):
    source = receive(csv_of(TITLES, *lines))
    return worked(importing.compare_register(source, source.fields, kind))


def applied(source):
    return worked(importing.apply_register(source, by=None))


def fates(source):
    return [(row.number, row.fate) for row in source.rows.order_by("pk")]


class TestReading:
    """The office's register comes as its sheet program writes it: any encoding, any separator, or XLSX."""

    @pytest.mark.parametrize("separator", [";", ",", "\t"])
    @pytest.mark.parametrize(
        ("encoding", "found"),
        [("utf-8", "utf-8-sig"), ("utf-8-sig", "utf-8-sig"), ("windows-1257", "windows-1257"), ("utf-16", "utf-16")],
    )
    def test_encoding_and_separator_are_found(self, encoding, separator, found):
        lines = [TITLES[:2], ["Žanis", "Ķimenītis"], ["Ā", "Š"]]
        content = csv_of(*lines, encoding=encoding, separator=separator)
        assert detect(content) == Format(found, separator)
        assert list(rows(content, detect(content))) == lines

    def test_a_comma_within_quotes_parts_nothing(self):
        content = 'Vārds;E-pasts\r\n"Ozola, Anna; jaunākā";"a@x.example,b@x.example"'.encode()
        assert list(rows(content, detect(content)))[1] == ["Ozola, Anna; jaunākā", "a@x.example,b@x.example"]

    def test_a_sheet_s_numbers_and_days_are_texts(self):
        content = xlsx_of(["Tālrunis", "Nr.", "No", None], [29123456.0, 123, date(2025, 1, 2), " a \n b "])
        assert detect(content) == Format(XLSX)
        assert list(rows(content, Format(XLSX))) == [
            ["Tālrunis", "Nr.", "No", ""],
            ["29123456", "123", "2025-01-02", "a b"],
        ]

    @pytest.mark.parametrize(
        ("content", "code"),
        [
            (b"", "empty"),
            (b" \r\n ", "empty"),
            (b"PK\x03\x04broken", "broken"),
            (b"a\0b", "encoding"),
            (b"\xd1\x81\x98", "encoding"),
        ],
    )
    def test_what_cannot_be_read_is_said(self, content, code):
        with pytest.raises(Unreadable) as wrong:
            list(rows(content, detect(content)))
        assert wrong.value.code == code

    def test_a_packed_bomb_is_not_unpacked(self):
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr("xl/worksheets/sheet1.xml", b"0" * (201 * 2**20))
        with pytest.raises(Unreadable) as wrong:
            list(rows(content.getvalue(), Format(XLSX)))
        assert wrong.value.code == "too_big"

    @given(st.binary(max_size=200))
    def test_any_bytes_are_rows_or_unreadable(self, content):
        try:
            list(rows(content, detect(content)))
        except Unreadable as wrong:
            assert wrong.code in importing.UNREADABLE


class TestColumns:
    """Titles are recognised as offices write them; the guess is shown and can be changed."""

    def test_latvian_titles_are_known_and_an_identity_code_is_left_out(self):
        expected = ["first_name", "last_name", "identity_code", "certificate", "email", "phone", "standing"]
        assert guess(TITLES) == guess([title.upper() for title in TITLES]) == expected

    def test_of_two_alike_one_is_taken_but_phones_and_addresses_all(self):
        titles = ["Vārds, uzvārds", "Vārds, uzvārds (angļu)", "E-pasts", "E-pasts 2", "Mobilais tālrunis", "Tālrunis"]
        assert guess(titles) == ["name", "", "email", "email", "phone", "phone"]

    def test_the_titles_may_stand_below_a_heading(self):
        assert header_of([["Administratoru reģistrs"], [], TITLES, ZANIS]) == 2


class TestEntries:
    """A row is a client to be, or refused with every reason."""

    FIELDS = guess(TITLES)

    def test_a_good_row(self):
        entry, reasons = read(self.FIELDS, ANNA)
        assert reasons == []
        assert (entry.name, entry.certificate, entry.standing) == ("Anna Ozola", "00124", "suspended")
        assert (entry.emails, entry.phones) == (("anna@ozola.example", "a@x.example"), ("+37167099160", "+37129123457"))

    @pytest.mark.parametrize(
        ("changes", "codes"),
        [
            ({0: "", 1: ""}, ["name_missing"]),
            ({3: "", 4: ""}, ["nothing_to_know_by"]),
            ({3: "", 4: "nav"}, ["email_wrong"]),
            ({4: "zanis@"}, ["email_wrong"]),
            ({5: "112"}, ["phone_wrong"]),
            ({6: "nezināms"}, ["standing_unknown"]),
            ({0: "A" * 201}, ["too_long"]),
            ({4: "x", 5: "y", 6: "z"}, ["email_wrong", "phone_wrong", "standing_unknown"]),
        ],
    )
    def test_a_wrong_one_has_its_reasons(self, changes, codes):
        row = [changes.get(place, cell) for place, cell in enumerate(ZANIS)]
        assert [code for code, _ in read(self.FIELDS, row)[1]] == codes

    def test_identity_codes_are_hidden_wherever_they_stand(self):
        assert masked("Žanis 010180-12345, tel.") == "Žanis 01****-*****, tel."
        entry, _ = read(["name", "certificate"], ["Žanis 010180-12345", "1"])
        assert "12345" not in entry.name

    @pytest.mark.parametrize(
        ("word", "standing"),
        [("Aktīvs", "active"), ("aktīva", "active"), ("Apturēta darbība", "suspended"), ("Izbeigts", "ended")]
        + [("neaktīvs", "ended"), ("Spēkā", "active"), ("", "")],
    )
    def test_standings_as_registers_write_them(self, word, standing):
        assert read(self.FIELDS, [*ZANIS[:6], word])[0].standing == standing


@pytest.mark.django_db
class TestComparison:
    """Every row's fate is shown before anything changes."""

    def register(self, name="Žanis Ķimenītis", email="zanis@kimenitis.example", certificate="", standing=""):
        client = register_client(email, name, "administrator", by=None, at=NINE)
        return change_client(client, ClientFacts(name, "administrator", certificate, standing), by=None, at=NINE)

    def test_new_changed_unchanged_refused_and_missing(self):
        known = self.register("Žanis Ķimens", certificate="00123", standing="active")
        gone = self.register("Prom Gājis", "prom@x.example", "00999")
        self.register("Bez Sertifikāta", "bez@x.example")
        source = compared(ZANIS, ANNA, ["", "", "", "", "", "", ""], ["Bez", "Nekā", "", "", "", "", ""])
        assert fates(source) == [(2, "changed"), (3, "new"), (5, "refused"), (0, "missing")]
        assert source.counts == {"changed": 1, "new": 1, "refused": 1, "missing": 1}
        changed, new, refused, missing = source.rows.order_by("pk")
        assert (changed.client, changed.changes) == (
            known,
            {"name": ["Žanis Ķimens", "Žanis Ķimenītis"], "phones": [[], ["+37129123456"]]},
        )
        assert new.changes["certificate"] == [None, "00124"]
        assert refused.reasons == [["nothing_to_know_by", ""]]
        assert missing.client == gone
        assert Client.objects.count() == 3

    def test_the_same_again_is_unchanged(self):
        applied(compared(ZANIS, ANNA))
        assert [fate for _, fate in fates(compared(ZANIS, ANNA))] == ["unchanged", "unchanged"]

    def test_one_made_from_a_letter_is_known_by_the_address_and_confirmed(self):
        letter = recognised("zanis@kimenitis.example", "zanis", at=NINE)
        source = compared(ZANIS, kind="supervisor")
        changes = source.rows.get().changes
        assert changes["is_confirmed"] == [False, True]
        applied(source)
        client = fresh(letter)
        assert (client.name, client.kind, client.certificate, client.is_confirmed) == (
            "Žanis Ķimenītis", "supervisor", "00123", True,
        )  # fmt: skip

    @pytest.mark.parametrize("certificate", ["00123", ""])
    def test_an_address_of_another_client_is_refused_with_the_name(self, certificate):
        self.register("Cits Cilvēks", "zanis@kimenitis.example", "00777")
        self.register("Trešais", "tresais@x.example", certificate)
        row = compared(ZANIS).rows.exclude(fate="missing").get()
        assert (row.fate, row.reasons) == ("refused", [["address_taken", "Cits Cilvēks"]])

    def test_addresses_of_two_clients_are_refused_with_both(self):
        self.register("Viens", "anna@ozola.example")
        self.register("Otrs", "a@x.example")
        reasons = compared(ANNA).rows.get().reasons
        assert reasons == [["address_taken", "Viens"], ["address_taken", "Otrs"]]

    @pytest.mark.parametrize("place", [3, 4])
    def test_a_second_row_of_one_client_is_refused_with_the_first_one_s_number(self, place):
        other = ["Anna", "Cita", "", "00555", "cita@x.example", "", ""]
        other[place] = ZANIS[place]
        assert compared(ZANIS, other).rows.get(fate="refused").reasons == [["repeated", "2"]]

    def test_a_wrong_row_s_client_is_not_missing(self):
        self.register(certificate="00123")
        assert fates(compared([*ZANIS[:5], "112", ""])) == [(2, "refused")]

    def test_what_people_added_stays(self):
        client = self.register(certificate="00123", standing="active")
        add_address(client, "mans@x.example", by=None, at=NINE)
        applied(compared(ZANIS))
        assert [str(one) for one in client.addresses.all()] == ["zanis@kimenitis.example", "mans@x.example"]

    def test_a_merged_one_s_certificate_is_the_survivor_s(self):
        gone, survivor = self.register("Ž. Ķ.", "z@x.example", "00123"), self.register()
        merge_clients(gone, survivor, by=None, at=NINE)
        row = compared(ZANIS).rows.get()
        assert (row.client, sorted(row.changes)) == (survivor, ["phones", "standing"])
        applied(row.source)
        assert fresh(survivor).standing == "active"


@pytest.mark.django_db
class TestApplying:
    """Nothing is half-imported; carrying out twice is once; what changed meanwhile is shown first."""

    def test_clients_are_made_found_and_recorded(self):
        source = applied(compared(ZANIS, ANNA))
        assert source.state == "applied"
        client = clients_found("kimenitis 29123")[0] if clients_found("kimenitis").count() == 1 else None
        assert (client.name, client.certificate, client.standing, client.is_confirmed, client.kind) == (
            "Žanis Ķimenītis", "00123", "active", True, "administrator",
        )  # fmt: skip
        assert [one.email for one in clients_found("+371 67099160")[0].addresses.all()] == [
            "anna@ozola.example", "a@x.example",
        ]  # fmt: skip
        assert recognised("a@x.example", "", at=NINE).name == "Anna Ozola"
        verbs = (
            Event.objects.filter(verb__in=["client.created", "client.changed", "import.applied"])
            .order_by("pk")
            .values_list("verb", flat=True)
        )
        assert list(verbs) == ["client.created", "client.created", "import.applied"]
        assert Event.objects.filter(target_id=client.pk, verb="client.created").get().data["import"] == source.pk

    def test_refused_rows_are_left_out(self):
        applied(compared(ZANIS, ["Bez", "Nekā", "", "", "", "", ""]))
        assert Client.objects.count() == 1

    def test_twice_is_once(self):
        source = compared(ZANIS)
        importing.apply_register(source, by=None)
        worked(source)
        worked(source)
        with pytest.raises(importing.ImportBusy):
            importing.apply_register(source, by=None)
        again = applied(compared(ZANIS))
        assert (again.counts, Client.objects.count()) == ({"unchanged": 1}, 1)
        assert Event.objects.filter(verb="client.created").count() == 1

    def test_what_changed_since_the_comparison_is_shown_and_nothing_carried_out(self):
        source = compared(ZANIS, ANNA)
        recognised("zanis@kimenitis.example", "zanis", at=NINE)
        source = applied(source)
        assert (source.state, source.is_stale, Client.objects.count()) == ("checked", True, 1)
        assert fates(source) == [(2, "changed"), (3, "new")]
        source = applied(source)
        assert (source.state, source.is_stale, Client.objects.count()) == ("applied", False, 2)

    def test_a_crash_half_way_leaves_nothing_and_is_taken_up_again(self, monkeypatch):
        source = importing.apply_register(compared(ZANIS, ANNA), by=None)
        with monkeypatch.context() as broken:
            broken.setattr("directory.actions.register_rows.index_clients", lambda ids: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                worked(source)
        assert (Client.objects.count(), fresh(source).state) == (0, "applying")
        assert importing.waiting(at=NINE) == []
        later = NINE + importing.LEASE + timedelta(seconds=1)
        assert importing.waiting(at=later) == [source.pk]
        assert (worked(source, at=later).state, Client.objects.count()) == ("applied", 2)

    def test_what_one_worker_holds_another_leaves_alone(self):
        lines = [["A", f"B{number}", "", str(number), "", "", ""] for number in range(600)]
        source = receive(csv_of(TITLES, *lines))
        source = importing.compare_register(source, source.fields, "other")
        first = importing.work(source.pk, at=NINE)
        next(first)
        assert list(importing.work(source.pk, at=NINE + timedelta(minutes=1))) == []
        list(first)
        assert (fresh(source).state, source.rows.count()) == ("checked", 600)

    def test_who_lost_the_lease_writes_nothing(self):
        source = receive(csv_of(TITLES, ZANIS))
        source = importing.compare_register(source, source.fields, "other")
        slow = importing.work(source.pk, at=NINE)
        next(slow)
        later = NINE + importing.LEASE + timedelta(seconds=1)
        quick = importing.work(source.pk, at=later)
        next(quick)
        list(slow)
        assert (fresh(source).state, fates(source)) == ("checking", [])
        list(quick)
        assert (fresh(source).state, fates(source)) == ("checked", [(2, "new")])

    def test_the_comparison_says_how_far_it_is(self):
        lines = [["A", f"B{number}", "", str(number), "", "", ""] for number in range(1200)]
        source = receive(csv_of(TITLES, *lines))
        source = importing.compare_register(source, source.fields, "other")
        seen = [(row.done, row.total) for row in map(fresh, importing.work(source.pk, at=NINE))]
        assert seen == [(0, 1200), (500, 1200), (1000, 1200), (1200, 1200)]

    def test_columns_that_name_nobody_are_refused(self):
        source = receive(csv_of(TITLES, ZANIS))
        for fields in (["first_name", "", "", "certificate"], ["name", "", "", "", ""], []):
            with pytest.raises(importing.ColumnsMissing):
                importing.compare_register(source, fields, "other")

    def test_the_file_is_kept_as_it_came(self):
        content = csv_of(TITLES, ZANIS, encoding="windows-1257")
        source = fresh(receive(content))
        assert (bytes(source.content), source.encoding, source.separator) == (content, "windows-1257", ";")

    def test_no_identity_code_is_kept_with_clients_or_rows(self):
        source = applied(compared(ZANIS))
        kept = [str(row.values) + str(row.changes) for row in source.rows.all()]
        kept += [str(one.data) for one in Event.objects.all()]
        assert not any("12345" in text.replace("29123456", "") for text in kept)


@pytest.mark.django_db
class TestPages:
    """An administrator or the manager imports; the page leads from the file to the columns to the fates."""

    @pytest.fixture(autouse=True)
    def monday(self, clock, cast):
        clock.move_to(NINE)

    def post_file(self, client, content, name="registrs.csv"):
        return client.post("/clients/imports/", {"file": SimpleUploadedFile(name, content)})

    def test_from_the_file_to_the_clients(self, client, ilze, nudges, django_capture_on_commit_callbacks):
        client.force_login(ilze)
        answer = self.post_file(client, csv_of(TITLES, ZANIS, ["Bez", "Nekā", "", "", "", "", ""], encoding="cp1257"))
        source = ClientImport.objects.get()
        path = f"/clients/imports/{source.pk}/"
        assert (answer.status_code, answer.url) == (302, path)
        page = client.get(path)
        assert page.context["form"]["column_3"].value() == "certificate"
        assert "320101" not in page.content.decode()
        fields = {f"column_{number}": field for number, field in enumerate(source.fields)}
        assert client.post(f"{path}comparison/", {**fields, "default_kind": "supervisor"}).status_code == 302
        assert 'hx-trigger="every 1s"' in client.get(path).content.decode()
        assert client.post(f"{path}application/").status_code == 409
        worked(source)
        page = client.get(path, headers={"accept-language": "en"}).content.decode()
        assert "There is neither a certificate nor an e-mail" in page
        with django_capture_on_commit_callbacks(execute=True):
            assert client.post(f"{path}application/").status_code == 302
        assert nudges == [("directory.work_import", (source.pk,))]
        worked(source)
        assert "00123" in client.get(f"{path}?fate=new").content.decode()
        assert Client.objects.get().kind == "supervisor"
        assert Event.objects.get(verb="client.created").by == ilze

    def test_it_can_be_read_in_another_way(self, client, ilze):
        client.force_login(ilze)
        self.post_file(client, csv_of(TITLES, ZANIS, encoding="cp1257"))
        source = ClientImport.objects.get()
        path = f"/clients/imports/{source.pk}/reading/"
        assert client.post(path, {"encoding": "utf-8-sig", "separator": ";"}).status_code == 422
        assert client.post(path, {"encoding": "windows-1257", "separator": ","}).status_code == 302
        assert len(fresh(source).fields) == 1

    @pytest.mark.parametrize("content", [b"PK\x03\x04broken", b"a\0b"])
    def test_a_file_that_cannot_be_read_is_refused_at_its_field(self, client, ilze, content):
        client.force_login(ilze)
        page = self.post_file(client, content)
        assert (page.status_code, list(page.context["form"].errors)) == (422, ["file"])
        assert not ClientImport.objects.exists()

    def test_columns_that_name_nobody_are_said_above_the_form(self, client, ilze):
        client.force_login(ilze)
        self.post_file(client, csv_of(TITLES, ZANIS))
        page = client.post(f"/clients/imports/{ClientImport.objects.get().pk}/comparison/", {"default_kind": "other"})
        assert (page.status_code, list(page.context["form"].errors)) == (422, ["__all__"])

    def test_only_who_may_change_clients_imports(self, client, cast):
        source = receive(csv_of(TITLES, ZANIS))
        client.force_login(cast.santa.user)
        assert client.get("/clients/imports/").status_code == 403
        for part in ("", "reading/", "comparison/", "application/"):
            path = f"/clients/imports/{source.pk}/{part}"
            assert (client.post(path) if part else client.get(path)).status_code == 403


@pytest.mark.django_db
class TestCommand:
    """The same from a terminal: a dry run unless told otherwise."""

    def run(self, path, *options):
        out = io.StringIO()
        call_command("import_clients", path, *options, stdout=out)
        return out.getvalue()

    def test_it_prints_fates_and_carries_out_only_when_told(self, tmp_path):
        path = tmp_path / "registrs.xlsx"
        path.write_bytes(xlsx_of(TITLES, ZANIS, ["Bez", "Nekā", None, None, None, None, None]))
        said = self.run(path)
        assert "row 3: There is neither a certificate" in said
        assert "2 rows: refused 1, new 1, changed 0, unchanged 0, missing 0" in said
        assert not Client.objects.exists()
        assert "Carried out." in self.run(path, "--apply")
        assert "new 0, changed 0, unchanged 1" in self.run(path, "--apply")
        assert Client.objects.count() == 1

    def test_a_file_that_is_not_there_or_no_register_is_said_in_a_line(self, tmp_path):
        with pytest.raises(CommandError):
            self.run(tmp_path / "nav.csv")
        (tmp_path / "tukss.csv").write_bytes(b"")
        with pytest.raises(CommandError):
            self.run(tmp_path / "tukss.csv")

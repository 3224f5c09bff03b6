"""Files and the virus scanner: nothing is given out before it was looked at, and nothing infected ever."""

import socket
import threading
from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured

from escalation.models import Alert, Notice
from tests.support.clamav import EICAR, ClamAV
from tests.support.facts import MINUTE, events, fresh
from tests.support.processes import free_port
from tickets import files, scanning
from tickets.actions.checking import scan_files
from tickets.actions.receiving import MOST_FILES, File
from tickets.models import Attachment

pytestmark = pytest.mark.django_db

CLEAN = File("pārskats.pdf", "application/pdf", b"%PDF-1.7 clean")
BAD = File("rēķins.pdf", "application/pdf", b"%PDF-1.7 " + EICAR)


@pytest.fixture(scope="session")
def running_clamav():
    with ClamAV() as scanner:
        yield scanner


@pytest.fixture
def clamav(running_clamav, settings):
    settings.CLAMAV_URL = running_clamav.url
    return running_clamav


@pytest.fixture
def nobody(settings):
    """A scanner that does not answer."""
    settings.CLAMAV_URL = f"clamav://127.0.0.1:{free_port()}"


@pytest.fixture
def breaking(settings):
    """A scanner that hangs up over every file."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up():
            while True:
                try:
                    server.accept()[0].close()
                except OSError:
                    return

        threading.Thread(target=hang_up, daemon=True).start()
        settings.CLAMAV_URL = f"clamav://127.0.0.1:{server.getsockname()[1]}"
        yield
        server.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def came(cast, receive, nine):
    """Return a function that receives a letter with files and returns them."""

    def came(*held, at=nine):
        message = receive(at, message_id=f"<{at.timestamp()}{len(held)}@x.example>", files=held)
        return list(message.attachments.order_by("pk"))

    return came


@pytest.fixture
def get(browse):
    """Return a function that asks for a file as the administrator."""
    client = browse()
    return lambda file: client.get(f"/tickets/{file.message.ticket.number}/files/{file.pk}/")


@pytest.mark.servers
class TestScanner:
    """E-I.4, S-24: what a real ClamAV says of a file."""

    @pytest.mark.parametrize("way", ["url", "socket_url"])
    def test_clean_and_infected_are_told_apart_over_either_socket(self, clamav, tmp_path, way):
        (tmp_path / "clean").write_bytes(b"x" * 300_000)
        (tmp_path / "bad").write_bytes(b"x" * 300_000 + EICAR)
        assert scanning.scan(tmp_path / "clean", getattr(clamav, way)) == ""
        assert scanning.scan(tmp_path / "bad", getattr(clamav, way)) == "Test.Eicar.UNOFFICIAL"

    def test_an_empty_file_is_clean(self, clamav, tmp_path):
        (tmp_path / "empty").write_bytes(b"")
        assert scanning.scan(tmp_path / "empty", clamav.url) == ""

    def test_one_that_is_too_large_is_refused_with_its_reason(self, clamav, tmp_path):
        (tmp_path / "large").write_bytes(bytes(3_000_000))
        with pytest.raises(scanning.NotScanned, match="size limit"):
            scanning.scan(tmp_path / "large", clamav.url)


@pytest.mark.servers
class TestChecked:
    """E-I.4, S-24: a file waits until it is clean; an infected one is kept apart, and the administrators know."""

    def test_a_clean_file_waits_then_is_given_out(self, clamav, came, get, nine):
        (file,) = came(CLEAN)
        assert (file.scan, file.scan_at) == ("waiting", nine)
        assert get(file).status_code == 409
        assert scan_files(at=nine + MINUTE) == 1
        assert (fresh(file).scan, fresh(file).scan_at) == ("clean", None)
        assert get(file).status_code == 200

    def test_an_infected_file_is_kept_apart_and_never_given_out(self, clamav, came, get, nine, settings):
        (file,) = came(BAD)
        scan_files(at=nine + MINUTE)
        assert (fresh(file).scan, fresh(file).scan_words) == ("infected", "Test.Eicar.UNOFFICIAL")
        assert get(file).status_code == 409
        assert not files.path_of(file.sha256).exists()
        assert (settings.QUARANTINE_DIR / file.sha256).read_bytes() == BAD.content

    def test_it_is_told_once_and_recorded(self, clamav, came, nine, cast):
        (file,) = came(BAD)
        for number in range(3):
            scan_files(at=nine + (number + 1) * MINUTE)
        (alert,) = Alert.objects.all()
        assert (alert.trigger, alert.message) == ("file_infected", file.message)
        assert [one.recipient for one in Notice.objects.all()] == [cast.ilze]
        (found,) = events(file.message.ticket, "file.infected")
        assert found.data == {"file": file.pk, "sha256": file.sha256, "words": "Test.Eicar.UNOFFICIAL"}

    def test_the_page_names_the_virus_and_offers_no_download(self, clamav, came, browse, nine):
        bad, clean = came(BAD, CLEAN)
        scan_files(at=nine + MINUTE)
        page = browse().get(f"/tickets/{bad.message.ticket.number}/").content.decode()
        assert "Test.Eicar.UNOFFICIAL" in page
        assert f"/files/{clean.pk}/" in page
        assert f"/files/{bad.pk}/" not in page

    def test_the_same_content_on_two_letters_is_settled_at_once(self, clamav, came, nine):
        first, second = *came(BAD), *came(BAD, at=nine + MINUTE)
        assert scan_files(at=nine + 2 * MINUTE) == 1
        assert fresh(first).scan == fresh(second).scan == "infected"

    def test_one_that_comes_again_is_found_again(self, clamav, came, nine):
        (first,) = came(BAD)
        scan_files(at=nine + MINUTE)
        (again,) = came(BAD, at=nine + 2 * MINUTE)
        scan_files(at=nine + 3 * MINUTE)
        assert fresh(again).scan == "infected"
        assert len(events(first.message.ticket, "file.infected")) == 1
        assert not files.path_of(again.sha256).exists()

    def test_a_crash_after_the_move_is_made_good(self, clamav, came, nine):
        (file,) = came(BAD)
        files.quarantine(file.sha256)
        scan_files(at=nine + MINUTE)
        assert fresh(file).scan == "infected"

    def test_one_too_large_for_the_scanner_is_given_out_with_a_warning(self, clamav, came, get, nine):
        (file,) = came(File("a.bin", "", bytes(3_000_000)))
        scan_files(at=nine + MINUTE)
        assert fresh(file).scan == "failed"
        assert "size limit" in fresh(file).scan_words
        assert get(file).status_code == 200

    def test_another_worker_leaves_a_file_that_is_being_scanned(self, clamav, came, nine):
        (file,) = came(CLEAN)
        Attachment.objects.update(scan_at=nine + 5 * MINUTE)
        assert scan_files(at=nine + 5 * MINUTE - timedelta(seconds=1)) == 0
        assert scan_files(at=nine + 5 * MINUTE) == 1


class TestWaiting:
    """E-I.4: while the scanner does not answer files wait; the administrators are told once."""

    def test_it_is_tried_again_with_growing_pauses(self, nobody, came, nine):
        (file,) = came(CLEAN)
        at, pauses = nine, []
        for _ in range(8):
            assert scan_files(at=at) == 0
            pauses.append((fresh(file).scan_at - at) / MINUTE)
            at = fresh(file).scan_at
        assert pauses == [1, 2, 5, 10, 20, 40, 60, 60]

    def test_the_administrators_are_told_at_the_fourth_try_and_once(self, nobody, came, nine, cast):
        (file, _), at = came(CLEAN, BAD), nine
        for number in range(8):
            assert Alert.objects.count() == (number >= 4)
            scan_files(at=at)
            at = fresh(file).scan_at
        assert Alert.objects.get().trigger == "scanner_down"
        assert [one.recipient for one in Notice.objects.all()] == [cast.ilze]

    def test_files_that_come_meanwhile_do_not_tell_again(self, nobody, came, nine):
        (file,), at = came(CLEAN), nine
        for number in range(8):
            came(File("a.txt", "", b"%d" % number), at=at)
            scan_files(at=at)
            at = fresh(file).scan_at
        assert Alert.objects.count() == 1

    def test_nothing_is_given_out_meanwhile(self, nobody, came, get, nine):
        (file,) = came(CLEAN)
        scan_files(at=nine)
        assert get(file).status_code == 409
        assert fresh(file).scan == "waiting"

    @pytest.mark.servers
    def test_once_it_answers_all_are_scanned(self, nobody, came, nine, running_clamav, settings):
        held = came(CLEAN, BAD)
        scan_files(at=nine)
        settings.CLAMAV_URL = running_clamav.url
        scan_files(at=nine + MINUTE)
        assert [fresh(one).scan for one in held] == ["clean", "infected"]

    def test_a_file_over_which_it_breaks_stops_no_other_and_is_given_up(self, breaking, came, nine):
        first, second = came(CLEAN, BAD)
        at = nine
        for _ in range(4):
            assert scan_files(at=at) == 2
            at = fresh(first).scan_at or at
        assert fresh(first).scan == fresh(second).scan == "failed"

    def test_one_whose_bytes_are_gone_is_given_up(self, nobody, came, nine):
        (file,) = came(CLEAN)
        files.path_of(file.sha256).unlink()
        scan_files(at=nine)
        assert fresh(file).scan == "failed"


class TestWithoutScanner:
    """S-24: without the setting nothing waits."""

    def test_files_are_given_out_at_once(self, came, get, nudges):
        (file,) = came(CLEAN)
        assert (file.scan, file.scan_at) == ("unscanned", None)
        assert get(file).status_code == 200

    @pytest.mark.parametrize("url", ["clamav://", "http://host:3310", "clamav://host:x", "clamav://host/path", "host"])
    def test_a_setting_that_is_nonsense_stops_the_start(self, url):
        import os
        import subprocess
        import sys

        run = subprocess.run(
            [sys.executable, "-c", "import helpdesk.settings"],
            env={**os.environ, "CLAMAV_URL": url},
            capture_output=True,
            text=True,
        )
        assert ImproperlyConfigured.__name__ in run.stderr
        assert "CLAMAV_URL is no virus scanner" in run.stderr


class TestManyFiles:
    """S-27: a mail of ten thousand parts is bounded, and says what was left."""

    def test_so_many_are_stored_and_the_rest_is_counted(self, came):
        held = came(*(File(f"{number}.txt", "text/plain", b"x") for number in range(MOST_FILES + 5)))
        assert len(held) == MOST_FILES
        assert held[0].message.files_left == 5

    def test_the_page_shows_ten_folds_the_rest_and_tells_what_is_left(self, came, browse):
        held = came(*(File(f"{number}.txt", "text/plain", b"x") for number in range(MOST_FILES + 5)))
        answer = browse().get(f"/tickets/{held[0].message.ticket.number}/")
        (entry,) = [one for one in answer.context["entries"] if one.message]
        assert "190" in entry.more_files
        assert "5" in entry.files_left
        assert f"/messages/{held[0].message.pk}/raw/" in answer.content.decode()


class TestContainers:
    """S-24.2: what a signed container holds, and who signed it, stands beside it."""

    def test_inner_files_and_signers_are_listed(self, came, browse):
        contents = {
            "files": [["pilnvara.pdf", 2048], ["<b>.txt", 3]],
            "signers": [["ILZE KALNCIEMA", "2025-11-07T14:03:00+00:00"], ["OTTO SVEŠAIS", ""]],
        }
        (file,) = came(File("pilnvara.edoc", "application/vnd.etsi.asic-e+zip", b"PK", contents=contents))
        page = browse().get(f"/tickets/{file.message.ticket.number}/").content.decode()
        for words in ("pilnvara.pdf", "&lt;b&gt;.txt", "ILZE KALNCIEMA", "16:03", "OTTO SVEŠAIS"):
            assert words in page

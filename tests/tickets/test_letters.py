"""A client's letter and its files, shown without trust: sandboxed, as downloads, to who may see the ticket only."""

import pytest

from tickets.actions.receiving import File

pytestmark = pytest.mark.django_db

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def letter(cast, receive, nine):
    """A formatted letter with a picture of its own, one from elsewhere, and two files."""
    return receive(
        nine,
        html='<p>Labdien!</p><img src="cid:Logo@1"><img src="cid:unknown"><img data-remote-src="https://x.example/1.png">',
        files=(
            File("logo.png", "image/png", PNG, content_id="logo@1", is_inline=True),
            File("pārskats.html", "text/html", b"<script>alert(1)</script>"),
            File("zīmējums.svg", "image/svg+xml", b"<svg/>"),
        ),
    )


@pytest.fixture
def path(letter):
    """Return a function that gives the address of one of the letter's files, by its number."""
    base = f"/tickets/{letter.ticket.number}"

    def path(number=None):
        if number is None:
            return f"{base}/messages/{letter.pk}/letter/"
        return f"{base}/files/{letter.attachments.order_by('pk')[number].pk}/"

    return path


class TestLetter:
    """E-I.4: a client's HTML runs nothing and fetches nothing from elsewhere."""

    def test_the_frame_allows_its_own_pictures_and_nothing_else(self, path, browse):
        policy = browse().get(path()).headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "img-src 'self' data:" in policy
        assert "script-src" not in policy
        assert "sandbox" in policy and "allow-scripts" not in policy and "allow-forms" not in policy
        assert "frame-ancestors 'self'" in policy

    def test_the_hosts_of_its_links_are_not_looked_up(self, path, browse):
        assert browse().get(path()).headers["X-DNS-Prefetch-Control"] == "off"

    def test_only_our_own_pages_may_frame_it(self, path, browse):
        assert browse().get(path()).headers["X-Frame-Options"] == "SAMEORIGIN"

    def test_its_own_pictures_come_from_its_files_in_any_case(self, path, browse):
        page = browse().get(path()).content.decode()
        assert f'src="{path(0)}?show=1"' in page
        assert "cid:" not in page

    def test_pictures_from_elsewhere_are_not_fetched(self, path, browse):
        assert ' src="https:' not in browse().get(path()).content.decode()

    def test_asked_for_they_are_and_only_by_https(self, path, browse):
        answer = browse().get(path() + "?pictures=1")
        assert ' src="https://x.example/1.png" referrerpolicy="no-referrer"' in answer.content.decode()
        assert "img-src 'self' data: https:;" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Referrer-Policy"] == "no-referrer"

    def test_asking_for_one_letter_s_pictures_is_not_remembered(self, path, browse):
        client = browse()
        client.get(path() + "?pictures=1")
        assert "https:" not in client.get(path()).headers["Content-Security-Policy"]

    def test_the_ticket_page_names_where_they_would_come_from(self, letter, browse):
        page = browse().get(f"/tickets/{letter.ticket.number}/").content.decode()
        assert "x.example" in page
        assert f"/messages/{letter.pk}/letter/?pictures=1" in page

    def test_the_subject_is_never_markup(self, cast, receive, browse, nine):
        made = receive(nine, subject="</title><script>alert(1)</script>", html="<p>x</p>")
        page = browse().get(f"/tickets/{made.ticket.number}/messages/{made.pk}/letter/").content.decode()
        assert "<script>" not in page

    def test_it_cannot_be_posted_to(self, path, browse):
        assert browse().post(path()).status_code == 405


class TestFiles:
    """E-I.4, S-24: files are served as downloads, typed by us, to who may see the ticket only."""

    @pytest.mark.parametrize("number", [0, 1, 2])
    def test_a_file_is_a_download_that_nobody_runs(self, path, browse, number):
        answer = browse().get(path(number))
        assert answer.status_code == 200
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"

    def test_its_name_survives(self, path, browse):
        assert "p%C4%81rskats.html" in browse().get(path(1)).headers["Content-Disposition"]

    def test_its_bytes_are_those_that_came(self, path, browse):
        assert b"".join(browse().get(path(1)).streaming_content) == b"<script>alert(1)</script>"

    def test_a_picture_may_be_shown_in_place(self, path, browse):
        answer = browse().get(path(0) + "?show=1")
        assert answer.headers["Content-Type"] == "image/png"
        assert answer.headers["Content-Disposition"].startswith("inline")

    @pytest.mark.parametrize("number", [1, 2])
    def test_anything_else_is_a_download_also_when_asked_to_be_shown(self, path, browse, number):
        answer = browse().get(path(number) + "?show=1")
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert answer.headers["Content-Disposition"].startswith("attachment")

    def test_to_an_outsider_it_is_not_there(self, path, browse):
        assert browse("otto").get(path(0)).status_code == 404

    def test_nobody_is_led_to_the_sign_in_page(self, path, client):
        assert client.get(path(0)).status_code == 302

    def test_under_another_ticket_s_number_it_is_not_there(self, letter, path, receive, browse, nine):
        other = receive(nine, sender_address="anna@ozola.example").ticket
        wrong = path(0).replace(letter.ticket.number, other.number)
        assert browse().get(wrong).status_code == 404

    def test_one_whose_bytes_are_gone_is_not_there(self, letter, path, browse, settings):
        for file in settings.ATTACHMENTS_DIR.rglob("*"):
            if file.is_file():
                file.unlink()
        assert browse().get(path(0)).status_code == 404

"""The files of a draft: kept over saving, frozen with the version, and leaving with the reply."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from contact.email import outbound
from tests.support.facts import HOUR, MINUTE, fresh
from tests.support.office import riga
from tickets.actions.draft_files import add_files, remove_file
from tickets.actions.drafting import DraftMoved, return_draft
from tickets.actions.receiving import File
from tickets.actions.replying import MailTooLarge
from tickets.models import DraftFile

pytestmark = pytest.mark.django_db

PLAN = File("plāns.pdf", "application/pdf", b"%PDF-1.4 plan")
WORDS = "Labdien! Plāns pielikumā."


@pytest.fixture
def with_file(draft, cast, nine):
    add_files(draft, [PLAN], by=cast.santa.user, at=nine + MINUTE)
    return draft


class TestFiles:
    """E-II.4c: what a colleague attaches belongs to the version."""

    def test_the_same_file_twice_is_once(self, with_file, cast, nine):
        add_files(with_file, [PLAN], by=cast.santa.user, at=nine + HOUR)
        assert [(one.name, one.size) for one in with_file.files.all()] == [("plāns.pdf", 13)]

    def test_submitted_it_is_frozen(self, with_file, submit, cast, nine):
        submit(with_file)
        with pytest.raises(DraftMoved):
            add_files(with_file, [File("b.txt", "text/plain", b"b")], by=cast.santa.user, at=nine + HOUR)
        with pytest.raises(DraftMoved):
            remove_file(with_file.files.get(), by=cast.santa.user, at=nine + HOUR)

    def test_the_next_version_begins_with_it_and_the_old_one_keeps_it(self, with_file, submit, ilze, cast, nine):
        again = return_draft(submit(with_file), "Trūkst soļa.", by=ilze, at=nine + 3 * HOUR)
        remove_file(again.files.get(), by=cast.santa.user, at=nine + 4 * HOUR)
        assert (with_file.files.count(), again.files.count()) == (1, 0)

    def test_too_large_for_a_letter_is_refused(self, with_file, cast, nine, settings):
        settings.MAX_MAIL = 1024
        with pytest.raises(MailTooLarge):
            add_files(with_file, [File("b.txt", "text/plain", b"b" * 2000)], by=cast.santa.user, at=nine + HOUR)
        assert with_file.files.count() == 1


class TestPages:
    """E-II.4c, E-II.4e: attached on the page, taken off there, ticked in the composer, sent with the letter."""

    def upload(self, browser, draft, act, **data):
        file = SimpleUploadedFile("plāns.pdf", b"%PDF-1.4 plan", "application/pdf")
        return browser.post(f"/drafts/{draft.pk}/{act}/", {"text": WORDS, "attachments": file, **data})

    def test_it_is_saved_with_the_words_and_taken_off(self, browse, draft):
        browser = browse("santa")
        assert self.upload(browser, draft, "saving", revision=0).status_code == 302
        assert (fresh(draft).text, draft.files.count()) == (WORDS, 1)
        # An autosave says nothing of files: they stay.
        browser.post(
            f"/drafts/{draft.pk}/saving/", {"text": WORDS, "revision": 1}, headers={"accept": "application/json"}
        )
        assert "plāns.pdf" in browser.get(f"/drafts/{draft.pk}/").content.decode()
        assert browser.post(f"/drafts/{draft.pk}/files/{draft.files.get().pk}/removal/").status_code == 302
        assert not draft.files.exists()

    def test_it_leaves_with_the_reply(self, browse, draft, outgoing):
        seen = browse("santa").get("/drafts/").context["last_seen"].pk
        assert self.upload(browse("santa"), draft, "submission", revision=0, seen=seen).status_code == 302
        browser, number = browse(), draft.ticket.number
        (kept,) = browser.get(f"/tickets/{number}/").context["kept"]
        data = {"text": WORDS, "key": "d" * 32, "seen": seen, "draft": draft.pk, "is_substantive": "on"}
        seen = browser.get(f"/tickets/{number}/").context["last_seen"].pk
        browser.post(f"/tickets/{number}/replies/", {**data, "seen": seen, "kept": [kept.token]})
        message = fresh(draft).message
        outbound.deliver(message.pk, at=riga("2025-11-10 09:31"))
        (mail,) = [one for one in outgoing() if one["Message-ID"] == message.message_id]
        (file,) = mail.iter_attachments()
        assert (file.get_filename(), file.get_content()) == ("plāns.pdf", b"%PDF-1.4 plan")

    def test_who_may_download_it(self, browse, with_file, submit):
        path = f"/tickets/{with_file.ticket.number}/draft-files/{with_file.files.get().pk}/"
        assert [browse(who).get(path).status_code for who in ("santa", "ilze", "otto")] == [200, 404, 404]
        submit(with_file)
        assert [browse(who).get(path).status_code for who in ("ilze", "raimonds", "otto")] == [200, 200, 404]

    def test_another_s_draft_takes_no_file_off(self, browse, with_file):
        path = f"/drafts/{with_file.pk}/files/{with_file.files.get().pk}/removal/"
        assert browse("ilze").post(path).status_code == 404
        assert DraftFile.objects.count() == 1

"""Files that come before their letter: kept, counted, and named by signed tokens."""

import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tickets.models import Attachment, Message

pytestmark = pytest.mark.django_db


def file(name="paraugs.txt", content=b"paraugs"):
    return SimpleUploadedFile(name, content)


@pytest.fixture
def upload(browse, ticket):
    def upload(*files, who="ilze", **more):
        return browse(who).post(f"/tickets/{ticket.number}/files/", {"attachments": list(files), **more})

    return upload


class TestFilesFirst:
    """S-20.1: a file is taken in while the letter is written, and leaves with it."""

    def test_it_leaves_with_the_letter(self, upload, browse, ticket):
        [kept] = upload(file()).context["kept"]
        posted = {"text": "Labdien! Pielikumā paraugs.", "key": str(uuid.uuid4()), "is_substantive": "on"}
        browse().post(f"/tickets/{ticket.number}/replies/", {**posted, "kept": [kept.token]})
        [sent] = Attachment.objects.all()
        assert (sent.name, sent.size, sent.message.kind) == ("paraugs.txt", 7, "outgoing")

    def test_nothing_of_the_ticket_changes_by_it(self, upload, ticket):
        upload(file())
        assert not Attachment.objects.exists()
        assert not Message.objects.filter(kind="outgoing").exists()

    def test_together_they_must_fit_into_a_letter(self, upload, settings):
        settings.MAX_MAIL = 300_000
        [kept] = upload(file(content=b"a" * 20_000)).context["kept"]
        refused = upload(file(content=b"b" * 20_000), kept=[kept.token])
        assert refused.status_code == 422 and "MB" in refused.content.decode()

    def test_an_empty_file_is_refused_with_a_reason(self, upload):
        assert upload(file(content=b"")).status_code == 422

    @pytest.mark.parametrize(("who", "status"), [("raimonds", 403), ("otto", 404)])
    def test_only_who_may_answer(self, upload, who, status):
        assert upload(file(), who=who).status_code == status

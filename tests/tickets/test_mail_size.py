"""How large a letter may be: told before writing, counted as it leaves, and nothing chosen is lost."""

import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import given
from hypothesis import strategies as st

from contact.email import outbound
from contact.email.smtp import as_sent
from helpdesk.settings import mail_settings
from tests.support.facts import MINUTE
from tickets.actions.receiving import File
from tickets.actions.replying import MailTooLarge
from tickets.models import Delivery, Message
from tickets.sizes import WORDS, mail_size, room_for_files
from tickets.words import failure_words

MB = 2**20


class TestSize:
    """S-20.1: EMUS takes letters with attachments of up to 25 MB; base64 makes files a third larger."""

    @given(st.lists(st.integers(0, 3 * 10**6), max_size=20))
    def test_what_fits_the_room_that_was_told_fits_the_mail(self, sizes):
        if sum(sizes) <= room_for_files(25 * MB):
            assert mail_size(sizes) <= 25 * MB

    def test_the_room_for_files(self):
        assert 17.5 * MB < room_for_files(25 * MB) < 18.2 * MB

    def test_there_is_never_less_than_none(self):
        assert room_for_files(1) == 0

    @pytest.mark.django_db
    @pytest.mark.parametrize("sizes", [[0], [1, 2, 3], [100_000], [57 * 1000, 123_456]])
    def test_the_mail_is_never_larger_than_was_counted_and_not_much_smaller(self, ticket, answer, sizes):
        files = tuple(
            File(f"fails-{n}.bin", "application/octet-stream", b"\xff" * size) for n, size in enumerate(sizes)
        )
        size = len(as_sent(outbound.compose(answer(ticket, files=files))))
        assert size <= mail_size(sizes) <= size + WORDS + 2048 * len(sizes)


@pytest.mark.django_db
class TestRefusing:
    """S-20.1: a letter too large is refused before it is queued, in words, and the text is kept."""

    @pytest.fixture
    def post(self, browse, ticket, settings):
        settings.MAX_MAIL = mail_size([10_000])

        def post(**changes):
            form = {"text": "Rakstīts ilgi.", "is_substantive": "on", "key": str(uuid.UUID(int=1)), **changes}
            return browse().post(f"/tickets/{ticket.number}/replies/", form)

        return post

    def upload(self, size, name="a.txt"):
        return SimpleUploadedFile(name, b"x" * size, "text/plain")

    def test_the_action_refuses(self, ticket, answer, settings):
        settings.MAX_MAIL = mail_size([1000])
        with pytest.raises(MailTooLarge) as refused:
            answer(ticket, files=(File("a.txt", "text/plain", b"x" * 1100),))
        assert refused.value.code == "mail_too_large"
        assert Delivery.objects.count() == 0

    def test_at_the_limit_it_goes(self, post):
        assert post(attachments=self.upload(10_000)).status_code == 302

    @pytest.mark.parametrize("sizes", [[11_000], [6000, 6000]])
    def test_over_it_the_text_is_shown_again(self, post, sizes):
        answer = post(attachments=[self.upload(size) for size in sizes])
        assert (answer.status_code, "Rakstīts ilgi." in answer.content.decode()) == (422, True)
        assert "attachments" in answer.context["reply_form"].errors
        assert Delivery.objects.count() == 0

    def test_the_room_is_told_beside_the_field(self, browse, ticket, settings):
        page = browse().get(f"/tickets/{ticket.number}/").content.decode()
        assert f'data-most="{room_for_files(settings.MAX_MAIL)}"' in page

    def test_files_are_kept_while_something_else_is_put_right(self, post):
        answer = post(text="", attachments=self.upload(300, "pārskats.txt"))
        (kept,) = answer.context["kept"]
        assert (answer.status_code, kept.name, kept.size) == (422, "pārskats.txt", 300)
        assert post(kept=[kept.token], attachments=self.upload(200, "b.txt")).status_code == 302
        found = Message.objects.get(kind="outgoing").attachments.order_by("pk")
        assert [(one.name, one.size) for one in found] == [("pārskats.txt", 300), ("b.txt", 200)]

    def test_files_are_kept_while_a_new_address_is_asked_about(self, post):
        answer = post(attachments=self.upload(300), add_cc="jauns@x.example")
        assert [one.size for one in answer.context["kept"]] == [300]

    def test_kept_ones_count_too(self, post):
        (kept,) = post(text="", attachments=self.upload(8000)).context["kept"]
        assert post(kept=[kept.token], attachments=self.upload(8000)).status_code == 422

    def test_a_kept_file_without_its_tick_stays_behind(self, post):
        post(text="", attachments=self.upload(300))
        assert post().status_code == 302
        assert not Message.objects.get(kind="outgoing").attachments.exists()

    @pytest.mark.parametrize("token", ["nonsense", "WyJhIl0:1abc:sig"])
    def test_a_token_that_is_not_ours_names_no_file(self, post, token):
        answer = post(kept=[token])
        assert (answer.status_code, bool(answer.context["reply_form"].errors["kept"])) == (422, True)


@pytest.mark.django_db
@pytest.mark.servers
class TestTheServersOwnLimit:
    """S-20.1: where the mail server takes less than the office says, the refusal is final and says why."""

    def test_it_is_refused_at_once_in_clear_words(self, ticket, answer, nine, smtp, settings):
        settings.CLIENT_MAIL = mail_settings("EMAIL_URL", smtp.url)
        smtp.behave(size=50_000)
        reply = answer(ticket, files=(File("a.bin", "application/octet-stream", b"\xff" * 40_000),))
        outbound.deliver(reply.pk, at=nine + MINUTE)
        delivery = Delivery.objects.get()
        assert (delivery.state, delivery.try_at, smtp.mails()) == ("refused", None, [])
        assert delivery.error.startswith("552 5.3.4")
        assert failure_words(delivery.error) == failure_words("552 5.2.3 too big") != ""

    def test_below_it_leaves(self, ticket, answer, nine, smtp, settings):
        settings.CLIENT_MAIL = mail_settings("EMAIL_URL", smtp.url)
        smtp.behave(size=80_000)
        reply = answer(ticket, files=(File("a.bin", "application/octet-stream", b"\xff" * 40_000),))
        outbound.deliver(reply.pk, at=nine + MINUTE)
        assert (Delivery.objects.get().state, len(smtp.mails())) == ("sent", 1)

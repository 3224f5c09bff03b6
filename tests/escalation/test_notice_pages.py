"""The notices as people see them, and the one button on each."""

import pytest

from escalation.actions import sweep
from escalation.models import Notice
from tests.support.facts import SECOND, fresh
from tests.support.office import riga

pytestmark = pytest.mark.django_db

EIGHT = riga("2025-11-10 08:15")  # before the opening: the mark is due at 9:30
DUE = riga("2025-11-10 09:30")


@pytest.fixture
def notice(cast, receive):
    receive(EIGHT)
    sweep(at=DUE + SECOND)
    return Notice.objects.get(recipient=cast.ilze)


@pytest.fixture
def path(notice):
    return f"/notices/{notice.pk}/acknowledgement/"


class TestPage:
    """E-II.1: everybody sees what they were told, newest first, and nothing of others'."""

    def test_it_shows_mine(self, notice, browse):
        (one,) = browse().get("/notices/").context["notices"]
        assert (one.notice, one.state, one.is_late) == (notice, "waiting", True)

    @pytest.mark.parametrize("who", ["santa", "otto"])
    def test_who_was_not_told_sees_nothing(self, notice, browse, who):
        assert browse(who).get("/notices/").context["notices"] == []

    def test_the_bell_counts_them(self, notice, browse, path):
        client = browse()
        assert client.get("/strip/").context["shell"].notices == 1
        client.post(path)
        assert client.get("/strip/").context["shell"].notices == 0

    def test_it_costs_the_same_however_many_there_are(self, cast, receive, browse, django_assert_max_num_queries):
        for number in range(12):
            receive(EIGHT, message_id=f"<{number}@x.example>", sender_address=f"k{number}@k.example")
        sweep(at=DUE + SECOND)
        client = browse()
        client.get("/notices/")
        with django_assert_max_num_queries(10):
            assert len(client.get("/notices/").context["notices"]) == 12

    def test_htmx_gets_the_list_alone(self, notice, browse):
        part = browse().get("/notices/", headers={"HX-Request": "true"}).content.decode()
        assert 'id="notices"' in part
        assert "<html" not in part


class TestAcknowledging:
    """E-II.1: only who was told can say that they have seen it."""

    def test_it_is_noted_now(self, notice, path, browse, half_past):
        answer = browse().post(path)
        assert (answer.status_code, fresh(notice).acknowledged_at) == (302, half_past)

    def test_again_it_changes_nothing(self, notice, path, browse):
        client = browse()
        client.post(path)
        assert client.post(path).status_code == 302

    @pytest.mark.parametrize("who", ["raimonds", "gunta", "otto"])
    def test_of_anybody_else_it_is_not_there(self, notice, path, browse, who):
        assert browse(who).post(path).status_code == 404
        assert fresh(notice).acknowledged_at is None

    def test_nobody_is_led_to_the_sign_in_page(self, path, client):
        assert client.post(path).url == f"/sign-in/?next={path}"

    def test_looking_is_not_acknowledging(self, notice, path, browse):
        assert browse().get(path).status_code == 405
        assert fresh(notice).acknowledged_at is None

    def test_htmx_gets_the_notice_alone(self, path, browse):
        answer = browse().post(path, headers={"HX-Request": "true"})
        assert (answer.status_code, "<html" in answer.content.decode()) == (200, False)

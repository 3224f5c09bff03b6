"""Who may do what to a ticket, through HTTP: every act by every role is let in, refused (403), or sees nothing (404)."""

import pytest

from tests.support.facts import MINUTE
from tests.support.office import make_employee
from tickets.actions import draft_states
from tickets.actions.draft_files import add_files
from tickets.actions.receiving import File

pytestmark = pytest.mark.django_db

ROLES = ("ilze", "santa", "dace", "raimonds", "gunta", "otto")
# In the order of ROLES: administrator, the expert who was asked, another expert, deputy director, director, outsider.
OFFICE = (True, 403, 404, 403, 403, 404)
READERS = (True, True, 404, True, True, 404)
AUTHOR = (404, True, 404, 404, 404, 404)
DEPUTIES = (403, 403, 404, True, True, 404)
ACTS = {
    "/tickets/{number}/ownership/": OFFICE,
    "/tickets/{number}/topic/": OFFICE,
    "/tickets/{number}/forwarding/": OFFICE,
    "/tickets/{number}/replies/": OFFICE,
    "/tickets/{number}/approvals/": OFFICE,
    "/tickets/{number}/promises/": OFFICE,
    "/tickets/{number}/completion/": OFFICE,
    "/tickets/{number}/junk/": OFFICE,
    "/tickets/{number}/drafts/{draft}/returning/": OFFICE,
    "/tickets/{number}/notes/": READERS,
    "/tickets/{number}/presence/": READERS,
    "/drafts/{draft}/saving/": AUTHOR,
    "/drafts/{draft}/submission/": AUTHOR,
    "/drafts/{draft}/consultation/": AUTHOR,
    "/drafts/{draft}/refusal/": AUTHOR,
    "/drafts/{draft}/notes/": AUTHOR,
    "/drafts/{draft}/files/{file}/removal/": AUTHOR,
    "/approvals/{approval}/approval/": DEPUTIES,
    "/approvals/{approval}/returning/": DEPUTIES,
}


class TestRoles:
    """S-13: least privilege: 404 for what one may not see, 403 for what one only sees."""

    @pytest.fixture
    def at(self, cast, desk):
        cast.dace = make_employee("Dace Otra", "expert", desk=desk)

    @pytest.mark.parametrize("act", ACTS)
    def test_an_act_by_every_role(self, browse, cast, at, draft, nine, act):
        add_files(draft, [File("a.txt", "text/plain", b"a")], by=cast.santa.user, at=nine + MINUTE)
        approval = draft_states.ask(draft.ticket, "Labdien!", None, asked_by=cast.ilze, at=nine)
        ids = {"draft": draft.pk, "approval": approval.pk, "file": draft.files.get().pk}
        path = act.format(number=draft.ticket.number, **ids)
        # Those who are refused come first: who is let in may change what there is to be done.
        for who, expected in sorted(zip(ROLES, ACTS[act], strict=True), key=lambda pair: pair[1] is True):
            status = browse(who).post(path).status_code
            assert (who, status if status in (403, 404) else True) == (who, expected)

    def test_the_table_knows_every_act_of_the_relay(self):
        from tickets.urls import urlpatterns

        posts = {"drafts/<int:pk>/", "drafts/", "approvals/"}
        relay = {str(one.pattern) for one in urlpatterns if str(one.pattern).startswith(("drafts/", "approvals/"))}
        named = {
            path.strip("/")
            .replace("{draft}", "<int:pk>")
            .replace("{approval}", "<int:pk>")
            .replace("{file}", "<int:file_pk>")
            + "/"
            for path in ACTS
        }
        assert relay - posts <= named

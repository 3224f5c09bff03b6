"""One act on many tickets: each done whole or refused by itself, the refused ones named with their reasons."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from directory.actions import grant_role
from escalation.models import Notice
from tests.support.facts import HOUR, MINUTE, events, fresh
from tests.support.office import make_employee
from tickets.actions.bulk import BulkAct, Choice, act_on_tickets, no_answer_needed
from tickets.actions.working import add_note, answer_not_needed, junk_ticket, take_ticket
from tickets.models import Note, Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def three(receive, nine):
    """Three tickets of three strangers, a minute apart, unprocessed."""
    return [
        receive(nine + n * MINUTE, sender_address=f"k{n}@k.example", message_id=f"<{n}@k.example>").ticket
        for n in range(3)
    ]


@pytest.fixture
def act(ilze, nine):
    """Return a function that does an act to tickets half an hour later."""

    def act(tickets, act, words="", **more):
        found = Ticket.objects.filter(pk__in=[one.pk for one in tickets]).select_related("desk", "client", "owner")
        return act_on_tickets(found, Choice(act, words, **more), by=ilze, at=nine + HOUR / 2)

    return act


def codes(outcome):
    return [(one, error.code) for one, error in outcome.refused]


class TestActs:
    """S-21, E-II.3: what is done to one is done to many by the same action."""

    def test_taking_goes_by_the_order_of_receipt(self, three, act, cast):
        outcome = act(reversed(three), BulkAct.TAKE)
        assert outcome.done == three
        assert {(one.owner, one.state) for one in map(fresh, three)} == {(cast.ilze, "incomplete")}

    def test_the_later_ones_alone_ask_for_a_reason(self, three, act):
        """S-21"""
        assert codes(act(three[1:], BulkAct.TAKE)) == [(one, "older_waiting") for one in three[1:]]
        assert act(three[1:], BulkAct.TAKE, order_reason="quick").done == three[1:]
        assert [event.data["reason"] for event in events(three[1], "ticket.older_passed_over")] == ["quick"]

    def test_one_topic_for_all_is_learnt_of_each(self, three, act, topic):
        """E-II.4b"""
        assert act(three, BulkAct.TOPIC, topic=topic).done == three
        assert {fresh(one).topic for one in three} == {topic}
        assert act(three, BulkAct.TOPIC, topic=topic).done == three, "again, and nothing changes"
        assert [len(events(one, "ticket.topic_chosen")) for one in three] == [1, 1, 1]

    def test_a_topic_that_is_retired_is_refused_for_each(self, three, act, topic):
        type(topic).objects.update(is_retired=True)
        topic.refresh_from_db()
        assert codes(act(three, BulkAct.TOPIC, topic=topic)) == [(one, "topic_not_offered") for one in three]

    def test_one_reason_says_that_no_answer_is_needed(self, three, act):
        outcome = act(three, BulkAct.NOT_NEEDED, "zināšanai")
        assert outcome.done == three
        assert {fresh(one).state for one in three} == {"complete"}
        assert {one.messages.get().no_answer_reason for one in three} == {"zināšanai"}

    def test_every_message_that_waits_on_a_ticket_is_meant(self, ticket, receive, act, nine):
        receive(nine + MINUTE, ticket=ticket, message_id="<b@krumins.example>")
        act([ticket], BulkAct.NOT_NEEDED, "zināšanai")
        assert set(ticket.messages.values_list("mark", flat=True)) == {"complete"}
        assert not ticket.deadlines.filter(state="running").exists()

    def test_a_note_goes_to_each(self, three, act):
        act(three, BulkAct.NOTE, "Piezvanīs rīt.")
        assert [(note.ticket, note.text) for note in Note.objects.order_by("ticket")] == [
            (one, "Piezvanīs rīt.") for one in three
        ]

    def test_whom_the_note_names_is_told_of_each(self, three, act, cast, desk):
        """E-II.4c: as of a note on one ticket."""
        dace = make_employee("Dace Otra", "administrator", desk=desk)
        assert [one.told for one in act(three, BulkAct.NOTE, "@Dace Otra, lūdzu, skaties.").noted] == [[dace]] * 3
        assert set(Notice.objects.filter(recipient=dace).values_list("alert__trigger", flat=True)) == {"mentioned"}

    def test_a_client_whom_the_desk_knows_is_no_junk_unless_one_is_sure(self, three, act):
        three[1].client.is_confirmed = True
        three[1].client.save()
        assert codes(act(three, BulkAct.JUNK)) == [(three[1], "client_known")]
        assert act([three[1]], BulkAct.JUNK, is_sure=True).done == [three[1]]

    def test_handing_over_tells_the_colleague_once(self, three, act, desk):
        dace = make_employee("Dace Otra", "administrator", desk=desk)
        assert len(act(three, BulkAct.HAND_OVER, taker=dace).done) == 3
        assert {fresh(one).owner for one in three} == {dace}
        assert Notice.objects.filter(recipient=dace).count() == 1

    def test_handing_over_to_who_does_not_work_here_is_refused_for_each(self, three, act, cast):
        assert codes(act(three, BulkAct.HAND_OVER, taker=cast.santa)) == [
            (one, "not_an_administrator") for one in three
        ]


class TestRefusals:
    """Design 2.2: what one refuses does not hold up the others, and nothing is half done within one."""

    def test_the_others_are_done(self, three, act, ilze, nine):
        junk_ticket(three[1], by=ilze, at=nine + 10 * MINUTE)
        outcome = act(three, BulkAct.NOTE, "x")
        assert (outcome.done, codes(outcome)) == ([three[0], three[2]], [(three[1], "not_allowed_in_state")])

    def test_a_ticket_of_two_letters_is_refused_whole(self, ticket, receive, act, nine, monkeypatch):
        from tickets.actions import bulk, working

        receive(nine + MINUTE, ticket=ticket, message_id="<b@krumins.example>")
        calls = []

        def second_refused(message, *args, **kwargs):
            calls.append(message)
            if len(calls) == 2:
                raise working.ReasonMissing
            return answer_not_needed(message, *args, **kwargs)

        monkeypatch.setattr(bulk, "answer_not_needed", second_refused)
        assert codes(act([ticket], BulkAct.NOT_NEEDED, "zināšanai")) == [(ticket, "reason_missing")]
        assert set(ticket.messages.values_list("mark", flat=True)) == {"none"}

    def test_where_nothing_waits_nothing_is_said(self, ticket, ilze, nine):
        from tickets.actions.bulk import NothingWaits

        take_ticket(ticket, by=ilze, at=nine)
        ticket.messages.update(mark="complete")
        with pytest.raises(NothingWaits):
            no_answer_needed(ticket, "zināšanai", by=ilze, at=nine)


class TestLettersNobodyHasRead:
    """E-II.3: what came after the list was shown is not closed with what was read."""

    @pytest.mark.parametrize("kind", [BulkAct.NOT_NEEDED, BulkAct.JUNK])
    def test_a_ticket_with_a_later_letter_is_refused_and_the_others_are_done(self, three, receive, act, nine, kind):
        seen = {one.number: one.messages.get().pk for one in three}
        later = receive(nine + 5 * MINUTE, ticket=three[1], message_id="<later@k.example>")
        outcome = act(three, kind, "zināšanai", seen=seen)
        assert (outcome.done, codes(outcome)) == ([three[0], three[2]], [(three[1], "not_seen_yet")])
        assert set(three[1].messages.values_list("mark", flat=True)) == {"none"}
        assert act([three[1]], kind, "zināšanai", seen={three[1].number: later.pk}).done == [three[1]]

    def test_the_page_says_it_and_another_try_is_of_what_it_names(self, three, receive, browse, nine):
        client = browse()
        ticks = re.findall(r'name="tickets" value="([^"]+)"', client.get("/queue/").content.decode())
        assert ticks == [f"{one.number}:{one.messages.get().pk}" for one in three]
        later = receive(nine + 5 * MINUTE, ticket=three[1], message_id="<later@k.example>")
        asked = client.post("/queue/bulk/", {"tickets": ticks, "act": "not_needed"}).content.decode()
        assert re.findall(r'name="tickets" value="([^"]+)"', asked) == ticks, "a reason that lacked reads nothing"
        client.post("/queue/bulk/", {"tickets": ticks, "act": "not_needed", "reason": "zināšanai"})
        page = client.get("/queue/bulk/outcome/")
        assert [one for one, _ in page.context["rows"]] == [three[1]]
        assert f'value="{three[1].number}:{later.pk}"' in page.content.decode()


class TestPages:
    """S-21: rows are ticked and done in one click, with or without scripts; a summary says what was not, and why."""

    def post(self, client, tickets, act, **more):
        return client.post("/queue/bulk/", {"tickets": [one.number for one in tickets], "act": act, **more})

    def test_each_row_has_its_box_and_the_bar_its_acts(self, three, browse):
        page = browse().get("/queue/").content.decode()
        assert page.count('name="tickets"') == 3
        for act in BulkAct.values:
            assert f'name="act" value="{act}"' in page

    def test_enter_does_nothing_without_scripts_either(self, three, browse):
        """The first button of a form is the one that Enter presses: here it names no act."""
        client = browse()
        page = client.get("/queue/").content.decode()
        form = page[page.index('<form class="bulk"') :]
        assert 'name="act" value=""' in re.search(r'<button[^>]*type="submit"[^>]*>', form)[0]
        assert self.post(client, three, "", reason="zināšanai").status_code == 422
        assert {fresh(one).state for one in three} == {"unprocessed"}

    def test_who_does_not_work_tickets_ticks_nothing(self, three, browse):
        client = browse("gunta")
        assert 'name="tickets"' not in client.get("/queue/").content.decode()
        assert self.post(client, three, "take").status_code == 403

    def test_all_done_leads_back_to_the_queue(self, three, browse):
        assert self.post(browse(), three, "take").url == "/queue/"
        assert {fresh(one).state for one in three} == {"incomplete"}

    def test_what_was_refused_is_listed_with_its_reason_and_can_be_tried_again(self, three, browse):
        client = browse()
        assert self.post(client, three[1:], "take").url == "/queue/bulk/outcome/"
        page = client.get("/queue/bulk/outcome/")
        assert [one for one, _ in page.context["rows"]] == three[1:]
        assert three[0].number in page.context["rows"][0][1]
        assert page.context["asks_order"] and 'name="order_reason"' in page.content.decode()
        assert self.post(client, three[1:], "take", order_reason="quick").url == "/queue/"

    def test_to_whom_is_asked_on_a_page_of_its_own(self, three, desk, browse):
        dace = make_employee("Dace Otra", "administrator", desk=desk)
        client = browse()
        answer = self.post(client, three, "hand_over")
        assert (answer.status_code, answer.content.decode().count('name="tickets"')) == (200, 3)
        assert self.post(client, three, "hand_over", taker=dace.pk).url == "/queue/"
        assert {fresh(one).owner for one in three} == {dace}

    @pytest.mark.parametrize(("act", "field"), [("not_needed", "reason"), ("note", "text"), ("hand_over", "taker")])
    def test_what_is_missing_is_asked_for_and_the_ticks_stay(self, three, browse, act, field):
        answer = self.post(browse(), three[:2], act, **{field: ""})
        page = answer.content.decode()
        assert (answer.status_code, page.count('name="tickets"')) == (422, 2)
        assert f'name="{field}"' in page and f'id="bulk-error-{field}"' in page
        assert {fresh(one).state for one in three} == {"unprocessed"}

    def test_nothing_ticked_is_said(self, three, browse):
        assert self.post(browse(), [], "take").status_code == 422

    def test_whom_the_note_told_is_said_once(self, three, desk, browse):
        dace = make_employee("Dace Otra", "administrator", desk=desk)
        client = browse()
        self.post(client, three, "note", text="@Dace Otra, lūdzu, skaties. @Neviens")
        said = [str(one) for one in client.get("/queue/").context["messages"]]
        assert len(said) == 3 and str(dace) in said[1] and "@Neviens" in said[2]

    def test_a_row_of_a_desk_where_one_only_reads_has_no_box(self, three, receive, cast, browse, nine):
        """A deputy director of one desk may be an administrator of another: only what can be done is offered."""
        grant_role(cast.ilze, cast.other_desk, "deputy_director", by=None, at=nine)
        theirs = receive(nine, desk=cast.other_desk, message_id="<x@x.example>").ticket
        page = browse().get("/queue/").content.decode()
        assert f"/tickets/{theirs.number}/" in page and f'value="{theirs.number}:' not in page
        assert page.count('name="tickets"') == 3

    def test_another_desk_s_tickets_are_left_alone(self, three, receive, cast, browse, nine):
        theirs = receive(nine, desk=cast.other_desk, message_id="<x@x.example>").ticket
        self.post(browse(), [theirs], "take")
        assert fresh(theirs).owner is None

    def test_the_cost_of_each_ticket_is_the_same(self, receive, browse, nine):
        def taken(number, start):
            tickets = [
                receive(nine, sender_address=f"k{n}@k.example", message_id=f"<{n}@k.example>").ticket
                for n in range(start, start + number)
            ]
            with CaptureQueriesContext(connection) as counted:
                self.post(client, tickets, "note", text="x")
            return len(counted)

        client = browse()
        taken(1, 0)
        one, four, seven = taken(1, 10), taken(4, 20), taken(7, 30)
        assert seven - four == four - one

    def test_a_note_on_a_completed_ticket_keeps_it_complete(self, ticket, act, ilze, nine):
        answer_not_needed(ticket.messages.get(), "zināšanai", by=ilze, at=nine)
        act([ticket], BulkAct.NOTE, "x")
        assert fresh(ticket).state == "complete"
        add_note(ticket, "y", by=ilze, at=nine + HOUR)

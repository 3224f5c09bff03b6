"""Which ticket a letter belongs to: by what it answers, or by the number in its subject from who is on that ticket."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from contact.models import ReceivedMail
from tests.support.facts import HOUR, MINUTE, fresh
from tests.support.letters import mail
from tests.support.office import riga
from tickets.actions.joining import join_ticket
from tickets.actions.replying import Reply, reply_to_client
from tickets.actions.working import junk_ticket
from tickets.models import Message, Ticket

pytestmark = pytest.mark.django_db

NINE = riga("2025-11-10 09:00")
STRANGER = "Anna Ozola <anna@ozola.example>"


@pytest.fixture
def ticket(cast, mail_in):
    mail_in(mail(), NINE)
    return Ticket.objects.get()


@pytest.fixture
def write(mail_in):
    """Return a function that takes in a further letter and returns its message."""

    def write(**changes):
        mail_in(mail(**{"message_id": "<next@krumins.example>", **changes}), NINE + HOUR)
        return Message.objects.get(message_id="<next@krumins.example>")

    return write


class TestAnswers:
    """E-II.3: a letter that answers one of the ticket's belongs to that ticket, if its writer is on it."""

    @pytest.mark.parametrize("field", ["In_Reply_To", "References"])
    def test_to_the_client_s_own_letter(self, ticket, write, field):
        assert write(**{field: "<first@krumins.example>"}).ticket == ticket

    @pytest.mark.parametrize("field", ["In_Reply_To", "References"])
    def test_to_our_reply(self, ticket, write, ilze, field):
        reply = reply_to_client(ticket, Reply("Labdien!", "a" * 32), by=ilze, at=NINE + MINUTE)
        assert write(**{field: reply.message_id}).ticket == ticket

    def test_with_another_subject(self, ticket, write):
        assert write(subject="Cits", In_Reply_To="<first@krumins.example>").ticket == ticket

    def test_from_an_address_that_is_not_on_the_ticket_it_is_suggested_not_joined(self, ticket, write):
        opened = write(sender=STRANGER, In_Reply_To="<first@krumins.example>").ticket
        assert (opened != ticket, opened.suggested, opened.deadlines.count()) == (True, ticket, 2)

    @pytest.mark.parametrize("field", ["to", "Cc"])
    def test_from_somebody_whom_the_client_wrote_to_as_well(self, cast, mail_in, write, field):
        people = {"to": "emus@desk.example, Anna <Anna@Ozola.example>"} if field == "to" else {"Cc": STRANGER}
        mail_in(mail(**people), NINE)
        answered = write(sender=STRANGER, In_Reply_To="<first@krumins.example>")
        assert (answered.ticket, Ticket.objects.count()) == (Ticket.objects.get(), 1)

    def test_from_another_address_of_the_same_client(self, ticket, write):
        ticket.client.addresses.create(email="birojs@krumins.example")
        assert write(sender="birojs@krumins.example", In_Reply_To="<first@krumins.example>").ticket == ticket

    def test_an_automatic_one_from_any_machine_brings_nobody_onto_the_ticket(self, ticket, write):
        away = {"Auto_Submitted": "auto-replied", "In_Reply_To": "<first@krumins.example>"}
        assert write(sender=STRANGER, **away).ticket == ticket
        answered = write(sender=STRANGER, message_id="<later@ozola.example>", In_Reply_To="<first@krumins.example>")
        assert answered.kind == "automatic"
        assert Message.objects.get(message_id="<later@ozola.example>").ticket.suggested == ticket

    def test_among_many_references_one_is_enough(self, ticket, write):
        assert write(References="<a@x.example> <first@krumins.example> <b@x.example>").ticket == ticket

    def test_to_something_unknown_it_opens_a_ticket(self, ticket, write):
        opened = write(In_Reply_To="<unknown@x.example>").ticket
        assert (opened != ticket, opened.suggested) == (True, None)

    def test_the_ticket_s_junk_stays_junk(self, ticket, write, ilze):
        junk_ticket(ticket, by=ilze, at=NINE + MINUTE)
        assert (write(In_Reply_To="<first@krumins.example>").ticket, fresh(ticket).state) == (ticket, "junk")


class TestLocks:
    """Design 2.2: tickets are locked in the order of their ids, so that nobody waits for another in a ring."""

    def test_of_a_joined_ticket_the_survivor_is_locked_in_the_same_statement(self, ticket, mail_in, ilze):
        mail_in(mail(message_id="<second@krumins.example>", subject="Cits"), NINE)
        joined = Ticket.objects.exclude(pk=ticket.pk).get()
        join_ticket(joined, ticket, by=ilze, at=NINE + MINUTE)
        with CaptureQueriesContext(connection) as captured:
            mail_in(mail(message_id="<next@krumins.example>", subject=f"Re: {joined.number}"), NINE + HOUR)
        assert Message.objects.get(message_id="<next@krumins.example>").ticket == ticket
        in_order = r'WHERE "tickets_ticket"."id" IN \(([^)]+)\) ORDER BY "tickets_ticket"."id" ASC'
        locked = [found[1] for one in captured if (found := re.search(in_order, one["sql"]))]
        assert [sorted(map(int, one.split(", "))) for one in locked][:1] == [[ticket.pk, joined.pk]]


class TestNumberInTheSubject:
    """E-II.3: the number alone counts only from a person on the ticket; from anybody else it is a suggestion."""

    @pytest.mark.parametrize(
        "subject", ["Re: [EMUS-2025-00001]", "par emus-2025-00001", "EMUS-2025-00001: vēl kas", "(EMUS-2025-00001)"]
    )
    def test_from_the_client_it_belongs_to_the_ticket(self, ticket, write, subject):
        assert write(subject=subject).ticket == ticket

    def test_from_a_stranger_it_opens_a_ticket_with_a_suggestion(self, ticket, write):
        opened = write(sender=STRANGER, subject="Re: [EMUS-2025-00001]").ticket
        assert (opened != ticket, opened.suggested) == (True, ticket)

    def test_who_was_written_to_on_the_ticket_is_no_stranger(self, ticket, write, mail_in):
        with_copy = mail(message_id="<copy@x.example>", In_Reply_To="<first@krumins.example>", Cc=STRANGER)
        mail_in(with_copy, NINE + MINUTE)
        assert write(sender=STRANGER, subject="EMUS-2025-00001").ticket == ticket

    @pytest.mark.parametrize(
        "subject", ["OTHER-2025-00001", "EMUS-2025-00099", "EMUS-2025-000011", "XEMUS-2025-00001", "EMUS 2025 00001"]
    )
    def test_another_number_is_none_of_ours(self, ticket, write, subject):
        opened = write(subject=subject).ticket
        assert (opened != ticket, opened.suggested) == (True, None)

    def test_another_desk_s_number_is_ignored(self, ticket, cast, receive, write):
        other = receive(NINE, desk=cast.other_desk).ticket
        opened = write(subject=other.number).ticket
        assert (opened.desk, opened.suggested) == (ticket.desk, None)

    def test_an_answer_beats_a_number(self, ticket, receive, write):
        other = receive(NINE + MINUTE, message_id="<other@krumins.example>").ticket
        assert write(subject=ticket.number, In_Reply_To="<other@krumins.example>").ticket == other

    def test_an_automatic_letter_with_a_stranger_s_number_is_set_aside(self, ticket, mail_in):
        mail_in(mail(sender=STRANGER, subject=ticket.number, Auto_Submitted="auto-replied"), NINE + HOUR)
        assert ReceivedMail.objects.filter(reason="automatic").count() == 1

"""One notice a person a ticket, one mail a person where there are many, in the right order after days of downtime."""

from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from escalation.actions import acknowledge, mail_notices, sweep
from escalation.models import Alert, Notice
from sla.actions import cancel_deadlines
from sla.models import Deadline
from sla.settings import withdraw_breach
from tests.support.facts import HOUR, MINUTE, SECOND, deadline, fresh
from tests.support.office import riga
from tickets.actions.working import junk_ticket, take_ticket, unjunk_ticket

pytestmark = pytest.mark.django_db

MONDAY = riga("2025-11-10 09:00")
MARK_DUE, REPLY_WARNS, REPLY_DUE = (riga(at) for at in ("2025-11-10 10:00", "2025-11-11 15:00", "2025-11-11 17:00"))
# The machine stood still until the Thursday after the next.
BACK = riga("2025-11-20 09:00")


@pytest.fixture
def mails(tmp_path):
    """Return a function that reads the mails that went to somebody, the oldest first."""

    def mails(person):
        found = [
            message_from_bytes(path.read_bytes(), policy=policy.default)
            for path in sorted((Path(tmp_path) / "notices").glob("*.eml"))
        ]
        return [mail for mail in found if mail["To"] == person.user.email]

    return mails


@pytest.fixture
def tickets(cast, receive):
    """Return a function that receives so many letters, each on a ticket of its own, a minute apart."""

    def tickets(number, at=MONDAY, fetched=None):
        return [
            receive(
                at + n * MINUTE,
                fetched=fetched,
                sender_address=f"k{n}@k.example",
                message_id=f"<{at:%d%H}.{n}@k.example>",
            ).ticket
            for n in range(number)
        ]

    return tickets


def numbers(notices):
    return [notice.alert.ticket.number for notice in notices]


class TestOneNotice:
    """E-II: deadlines of one ticket that come up together are one notice a person."""

    def test_mark_and_reply_broken_together_are_one_alert(self, tickets, cast):
        (ticket,) = tickets(1)
        assert sweep(at=REPLY_DUE + SECOND) == (2, 0)
        (alert,) = Alert.objects.all()
        assert (alert.ticket, alert.trigger, alert.kinds) == (ticket, "breach", ["mark", "reply"])
        assert (alert.deadline.kind, alert.happened_at, alert.raised_at) == ("mark", MARK_DUE, REPLY_DUE + SECOND)
        assert sorted(one.recipient.pk for one in alert.notices.all()) == [cast.ilze.pk, cast.raimonds.pk]

    def test_of_two_messages_on_a_ticket_too(self, tickets, receive):
        (ticket,) = tickets(1)
        receive(MONDAY + MINUTE, ticket=ticket, message_id="<second@k.example>")
        assert sweep(at=REPLY_DUE + SECOND) == (4, 0)
        assert [alert.kinds for alert in Alert.objects.all()] == [["mark", "reply"]]

    def test_what_comes_up_later_is_told_then(self, tickets):
        tickets(1)
        sweep(at=MARK_DUE + SECOND)
        sweep(at=REPLY_DUE + SECOND)
        assert [alert.kinds for alert in Alert.objects.order_by("pk")] == [["mark"], ["reply"]]

    def test_a_warning_and_a_breach_are_two_things(self, tickets):
        tickets(1)
        assert sweep(at=REPLY_WARNS) == (1, 1)
        assert [(one.trigger, one.kinds) for one in Alert.objects.order_by("pk")] == [
            ("breach", ["mark"]),
            ("warning", ["reply"]),
        ]

    def test_everybody_whom_one_of_them_names_is_told_once(self, tickets, cast):
        (ticket,) = tickets(1)
        mark, reply = ticket.deadlines.order_by("due_at")
        mark.policy.tell_breach = ["administrator"]
        mark.policy.save()
        reply.policy.tell_breach = ["director", "administrator"]
        reply.policy.save()
        sweep(at=REPLY_DUE + SECOND)
        assert [notice.recipient for notice in Notice.objects.order_by("pk")] == [cast.ilze, cast.gunta]

    def test_the_expert_of_a_later_one_is_told_too(self, tickets, cast):
        (ticket,) = tickets(1)
        reply = deadline(ticket.messages.get(), "reply")
        reply.policy.tell_breach = ["expert"]
        reply.policy.save()
        Deadline.objects.filter(pk=reply.pk).update(expert=cast.santa)
        sweep(at=REPLY_DUE + SECOND)
        assert cast.santa in [notice.recipient for notice in Notice.objects.all()]

    def test_a_breach_that_was_withdrawn_and_comes_back_is_told_anew_and_stops_no_sweep(self, tickets, cast):
        (ticket, _other) = tickets(2)
        sweep(at=MARK_DUE + SECOND)
        junk_ticket(ticket, by=cast.ilze.user, at=MARK_DUE + MINUTE)
        withdraw_breach(ticket.deadlines.get(kind="mark"), "kļūda", by=cast.raimonds.user, at=MARK_DUE + MINUTE)
        unjunk_ticket(ticket, by=cast.ilze.user, at=MARK_DUE + 2 * MINUTE)
        assert sweep(at=MARK_DUE + 3 * MINUTE) == (2, 0)
        told = Alert.objects.filter(ticket=ticket).order_by("pk")
        assert [one.happened_at for one in told] == [MARK_DUE, MARK_DUE + 3 * MINUTE]
        assert sweep(at=MARK_DUE + 4 * MINUTE) == (0, 0)


class TestDigest:
    """E-II: more than five notices at once for one person leave as one mail."""

    def test_five_are_five_mails(self, tickets, cast, mails):
        tickets(5)
        sweep(at=MARK_DUE + HOUR)
        assert mail_notices(at=MARK_DUE + HOUR) == 10
        assert (len(mails(cast.ilze)), len(mails(cast.raimonds))) == (5, 5)

    def test_six_are_one(self, tickets, cast, mails):
        made = tickets(6)
        sweep(at=MARK_DUE + HOUR)
        assert mail_notices(at=MARK_DUE + HOUR) == 12
        (mail,) = mails(cast.ilze)
        assert mail["Subject"].split()[0] == "6"
        text = mail.get_content()
        places = [text.index(f"/tickets/{ticket.number}/") for ticket in made]
        assert places == sorted(places)  # the longest overdue first
        assert text.count("/notices/") == 1
        assert len(mails(cast.raimonds)) == 1

    def test_all_of_them_are_noted_as_told(self, tickets):
        tickets(6)
        sweep(at=MARK_DUE + HOUR)
        mail_notices(at=MARK_DUE + HOUR)
        assert set(Notice.objects.values_list("mail_at", "mailed_at", "mail_tries")) == {(None, MARK_DUE + HOUR, 1)}
        assert mail_notices(at=MARK_DUE + 2 * HOUR) == 0

    def test_each_person_is_counted_for_themselves(self, tickets, cast, mails):
        made = tickets(6)
        sweep(at=MARK_DUE + HOUR)
        seen = Notice.objects.get(recipient=cast.ilze, alert__ticket=made[0])
        acknowledge(seen, by=cast.ilze.user, at=MARK_DUE + HOUR)
        assert mail_notices(at=MARK_DUE + HOUR) == 11
        assert (len(mails(cast.ilze)), len(mails(cast.raimonds))) == (5, 1)

    def test_a_digest_that_is_refused_is_tried_again_as_one(self, tickets, cast, mails, settings):
        folder = settings.NOTICE_MAIL
        settings.NOTICE_MAIL = {"backend": "tests.support.backends.UnknownRecipient"}
        tickets(6)
        sweep(at=MARK_DUE + HOUR)
        assert mail_notices(at=MARK_DUE + HOUR) == 0
        assert set(Notice.objects.values_list("mail_at", "mail_tries")) == {(MARK_DUE + HOUR + 2 * MINUTE, 1)}
        settings.NOTICE_MAIL = folder
        assert mail_notices(at=MARK_DUE + HOUR + 2 * MINUTE) == 12
        assert (len(mails(cast.ilze)), len(mails(cast.raimonds))) == (1, 1)


class TestDowntime:
    """E-II: after days of standing still everything is found in its order, each told once."""

    @pytest.fixture
    def found(self, tickets):
        """Four received and swept before; four whose letters were fetched only afterwards."""
        before = tickets(4)
        lost = tickets(4, at=MONDAY + 48 * HOUR, fetched=BACK)
        sweep(at=BACK)
        return before + lost

    def test_each_is_broken_at_its_own_due_time(self, found):
        for ticket in found:
            assert {one.breached_at == one.due_at for one in ticket.deadlines.all()} == {True}

    def test_one_notice_a_person_a_ticket_the_longest_overdue_first(self, found, cast):
        for person in (cast.ilze, cast.raimonds):
            theirs = Notice.objects.filter(recipient=person).select_related("alert__ticket").order_by("pk")
            assert numbers(theirs) == [ticket.number for ticket in found]
        assert {tuple(alert.kinds) for alert in Alert.objects.all()} == {("mark", "reply")}
        dated = list(Alert.objects.order_by("pk").values_list("happened_at", flat=True))
        assert dated == sorted(dated)

    def test_nobody_is_warned_of_what_is_broken_already(self, found):
        assert not Alert.objects.filter(trigger="warning").exists()

    def test_sweeping_again_tells_nothing_new(self, found):
        assert sweep(at=BACK) == sweep(at=BACK + timedelta(days=1)) == (0, 0)

    def test_it_is_one_mail_a_person(self, found, cast, mails):
        mail_notices(at=BACK)
        (mail,) = mails(cast.raimonds)
        places = [mail.get_content().index(f"/tickets/{ticket.number}/") for ticket in found]
        assert places == sorted(places)

    def test_what_was_kept_or_cancelled_before_is_not_among_it(self, tickets, cast):
        taken, cancelled, late = tickets(3)
        take_ticket(taken, by=cast.ilze.user, at=MONDAY)
        cancel_deadlines(cancelled.deadlines.all(), "not_needed", by=None, at=MONDAY)
        sweep(at=BACK)
        assert {alert.ticket: alert.kinds for alert in Alert.objects.all()} == {
            taken: ["reply"],
            late: ["mark", "reply"],
        }
        assert fresh(cancelled).deadlines.filter(breached_at__isnull=False).count() == 0

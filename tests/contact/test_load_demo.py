"""Contract 7: load_demo is deterministic, realistic, in bulk."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from contact.demo import bulk, office
from contact.demo.people import is_demonstration
from directory.models import Client, Desk, Employee, User
from escalation.actions import sweep
from escalation.models import Notice
from sla.models import Deadline
from sla.terms import replay
from tests.support.office import make_desk, make_employee, riga
from tickets.models import Delivery, Message, Note, Ticket, TicketCounter

pytestmark = pytest.mark.django_db
AT = riga("2025-11-20 11:00")
DAY = timedelta(days=1)


def load(tickets, *, seed=1, at=AT):
    return list(bulk.load(tickets, seed=seed, at=at))


def content():
    """Return every loaded row without its ids."""
    tickets = Ticket.objects.values_list("number", "subject", "client__name", "state", "received_at", "completed_at")
    messages = Message.objects.values_list("ticket__number", "kind", "at", "subject", "text", "message_id", "mark")
    dues = Deadline.objects.values_list("ticket__number", "kind", "state", "due_at", "met_at", "breached_at", "steps")
    notes = Note.objects.values_list("ticket__number", "at", "text")
    parts = [(tickets, "number"), (messages, "message_id"), (dues, "pk"), (notes, "pk")]
    return [list(rows.order_by(order)) for rows, order in parts]


def undone(**options):
    """Load, and return the content; the database is as it was."""
    with transaction.atomic():
        load(120, **options)
        found = content()
        transaction.set_rollback(True)
    return found


class TestDeterministic:
    def test_the_same_seed_and_instant_make_the_same_rows(self, desk):
        assert undone(seed=7) == undone(seed=7)

    def test_another_seed_makes_others(self, desk):
        assert undone(seed=7) != undone(seed=8)

    def test_batches_do_not_matter(self, desk, monkeypatch):
        once = undone(seed=7)
        monkeypatch.setattr(bulk, "BATCH", 50)
        assert undone(seed=7) == once


class TestRows:
    @pytest.fixture(autouse=True)
    def loaded(self, desk):
        assert load(300)[-1] == 300

    def test_every_reference_and_constraint_holds(self):
        connection.check_constraints()
        assert Ticket.objects.count() == len(set(Ticket.objects.values_list("number", flat=True))) == 300

    def test_every_deadline_proves_itself(self):
        assert Deadline.objects.count() > 600
        for one in Deadline.objects.all():
            assert replay(one.steps) == one.due_at

    def test_most_are_complete_and_what_is_open_is_recent(self):
        assert Ticket.objects.filter(state="complete").count() > 250
        assert Ticket.objects.filter(state="junk").exists()
        assert 0 < Ticket.objects.filter(state__in=Ticket.OPEN, queued_at__gt=AT - 20 * DAY).count() < 40
        assert not Ticket.objects.filter(state__in=Ticket.OPEN, queued_at__lt=AT - 20 * DAY).exists()

    def test_there_are_about_three_messages_a_ticket_each_with_its_text(self):
        assert 750 < Message.objects.count() < 1050
        assert not Message.objects.filter(text="").exists()
        sent = Message.objects.filter(kind="outgoing")
        assert Delivery.objects.filter(state="sent", message__in=sent).count() == sent.count() > 250

    def test_what_is_finished_owes_nothing_and_what_is_open_does(self):
        owing = Deadline.objects.filter(state__in=Deadline.OPEN).values("ticket")
        assert not Ticket.objects.filter(state__in=["complete", "junk"], pk__in=owing).exists()
        assert not Ticket.objects.filter(state__in=Ticket.OPEN).exclude(pk__in=owing).exists()
        paused = Deadline.objects.filter(state="paused").values("ticket")
        assert not Ticket.objects.filter(pk__in=paused).exclude(state="waiting").exists()

    def test_a_breach_is_dated_at_due_and_only_where_it_was_late(self):
        breached = Deadline.objects.exclude(breached_at=None)
        assert breached.exists()
        for one in breached:
            assert one.breached_at == one.due_at < (one.met_at or one.cancelled_at or AT)
        for one in Deadline.objects.filter(state="met", breached_at=None):
            assert one.started_at <= one.met_at <= one.due_at

    def test_nothing_lies_in_the_future(self):
        assert not Message.objects.filter(at__gt=AT).exists()
        assert not Deadline.objects.filter(met_at__gt=AT).exists()

    def test_a_sweep_tells_nobody_of_the_past(self):
        assert sweep(at=AT)[0] == 0
        assert Notice.objects.count() == 0

    def test_the_next_ticket_has_the_next_number(self, receive):
        last = Ticket.objects.filter(number__startswith="EMUS-2025-").order_by("number").last()
        assert receive(AT).ticket.number == f"EMUS-2025-{int(last.number[-5:]) + 1:05d}"

    def test_more_can_be_loaded_by_the_same_clients(self):
        clients = Client.objects.count()
        load(300)
        assert (Ticket.objects.count(), Client.objects.count()) == (600, clients)
        assert sum(TicketCounter.objects.values_list("last", flat=True)) == 600


class TestDemonstrationOffice:
    """The office that is played through the real actions proves itself too."""

    def test_every_deadline_proves_itself(self):
        office.load(at=AT)
        assert Deadline.objects.count() > 10
        for one in Deadline.objects.all():
            assert replay(one.steps) == one.due_at


class TestWhere:
    def test_an_empty_database_gets_an_office(self):
        load(5)
        assert Desk.objects.get().code == "demo"
        assert Ticket.objects.filter(number__startswith="DEMO-2025-").count() == 5

    def test_an_embedded_one_gets_sign_ins_and_says_that_it_is_a_demonstration(self, settings):
        settings.EMBEDDED = True
        load(5)
        assert is_demonstration()
        assert all(user.has_usable_password() for user in User.objects.all())

    def test_a_production_one_gets_none(self, settings):
        settings.EMBEDDED = False
        load(5)
        assert not is_demonstration()
        assert User.objects.exists()
        assert not any(user.has_usable_password() for user in User.objects.all())

    def test_the_first_desk_takes_them_and_its_administrator_answers(self):
        desk = make_desk()
        ilze = make_employee("Ilze Kalnciema", "administrator", desk=desk)
        load(20)
        assert set(Ticket.objects.values_list("desk", flat=True)) == {desk.pk}
        assert set(Message.objects.exclude(author=None).values_list("author", flat=True)) == {ilze.pk}
        assert (Desk.objects.count(), Employee.objects.count()) == (1, 1)


class TestCommand:
    def test_it_says_what_it_did(self, desk, capsys):
        call_command("load_demo", "--tickets", "12", "--seed", "3", "--at", "2025-11-20T11:00:00+02:00")
        assert "12 tickets loaded" in capsys.readouterr().out
        assert Ticket.objects.count() == 12

    @pytest.mark.parametrize("words", [("--tickets", "0"), ("--at", "yesterday")])
    def test_nonsense_is_refused(self, desk, words):
        with pytest.raises(CommandError):
            call_command("load_demo", *words)

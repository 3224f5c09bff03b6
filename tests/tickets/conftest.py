"""A ticket opened on a plain Monday, the office at work on it, and mail that goes into a folder."""

from datetime import timedelta
from email import message_from_bytes, policy
from threading import Barrier, Thread

import pytest
from django.db import close_old_connections, connection

from tests.support.office import riga

TOLD = riga("2025-11-14 17:00")


@pytest.fixture
def nine():
    """Return a plain Monday, 9:00 in Riga: `mark` is due at 10:00, `reply` on Tuesday at 17:00."""
    return riga("2025-11-10 09:00")


@pytest.fixture
def message(cast, receive, nine):
    return receive(nine)


@pytest.fixture
def ticket(message):
    return message.ticket


@pytest.fixture
def topic(desk, nine):
    """Return the topic of reports; nobody's competence yet."""
    from directory.actions import enter_topic
    from directory.actions.competences import TopicFacts

    return enter_topic(desk, TopicFacts("reports", "Pārskati", "Pārskata kopsumma nesakrīt."), by=None, at=nine)


@pytest.fixture
def answer(ilze, nine):
    """Return a function that queues Ilze's reply; `sent=True` has the mail server take it a minute later."""
    from contact.email import outbound
    from tickets.actions.replying import Reply, reply_to_client

    def answer(ticket, at=nine, *, text="Labdien! Pārbaudiet 4. sadaļu.", key="a" * 32, sent=False, reason="", **more):
        message = reply_to_client(ticket, Reply(text, key, **more), order_reason=reason, by=ilze, at=at)
        if sent:
            outbound.deliver(message.pk, at=at + timedelta(minutes=1))
        return message

    return answer


@pytest.fixture
def notice_for():
    """Return a function that makes the interim notice, as the composer proposes it, for a promised time."""
    from tests.support.office import RIGA
    from tickets.actions.forwarding import Notice
    from tickets.actions.replying import Reply
    from tickets.interim import interim_notice

    def notice_for(ticket, promised_for=TOLD, *, key="f" * 32, text="", **more):
        words = text or interim_notice(ticket.received_at, "dienests", promised_for, RIGA)
        return Notice(Reply(words, key, **more), promised_for)

    return notice_for


@pytest.fixture
def forward(cast, ilze, nine, notice_for):
    """Return a function that has Ilze forward a ticket to Santa; `sent=True` has the client told a minute later."""
    from contact.email import outbound
    from tickets.actions.forwarding import forward_ticket

    def forward(ticket, at=nine, *, expert=cast.santa, sent=False, **more):
        ticket = forward_ticket(ticket, expert, notice_for(ticket, **more), by=ilze, at=at)
        if sent:
            outbound.deliver(ticket.messages.get(is_interim=True).pk, at=at + timedelta(minutes=1))
        return ticket

    return forward


@pytest.fixture
def draft(ticket, forward):
    """Return Santa's draft, to be written: due on Thursday at 17:00; the client was told Friday, 17:00."""
    return forward(ticket, sent=True).drafts.get(state="writing")


@pytest.fixture
def submit(cast, nine):
    """Return a function that has its author submit a draft."""
    from tickets.actions.drafting import submit_draft

    def submit(draft, at=nine + timedelta(hours=2), *, text="Labdien! Pārrēķiniet kopsummas.", seen=None):
        return submit_draft(draft, text, seen=seen, by=draft.author.user, at=at)

    return submit


@pytest.fixture
def outgoing(tmp_path):
    """Return a function that reads the mails that went out, the oldest first."""

    def outgoing():
        paths = sorted((tmp_path / "outgoing").glob("*.eml"))
        return [message_from_bytes(path.read_bytes(), policy=policy.default) for path in paths]

    return outgoing


@pytest.fixture
def client_mail(settings):
    """Return a function that puts one of tests.support.backends between us and the clients."""

    def client_mail(name):
        settings.CLIENT_MAIL = {"backend": f"tests.support.backends.{name}"}

    return client_mail


@pytest.fixture
def at_once():
    """Return a function that starts all calls at one moment and returns what each returned or was refused with."""

    def at_once(*calls):
        barrier, outcomes = Barrier(len(calls)), [None] * len(calls)

        def run(place, call):
            close_old_connections()
            try:
                barrier.wait(timeout=20)
                outcomes[place] = call()
            except Exception as refused:
                outcomes[place] = refused
            finally:
                connection.close()

        threads = [Thread(target=run, args=pair) for pair in enumerate(calls)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        return outcomes

    return at_once

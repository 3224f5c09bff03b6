"""A hostile or destructive conversation is broken off: the reasons are given, and another time or way is offered."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit.actions import record
from audit.verbs import Verb
from directory.models import User
from helpdesk.errors import DomainError
from tickets.actions.promising import promise_answer
from tickets.actions.replying import Reply, reply_to_client
from tickets.actions.working import add_note, locked
from tickets.models import BreakingOff, Message, Ticket

Rules, Offer = BreakingOff.Rules, BreakingOff.Offer


class GroundMissing(DomainError):
    code = "ground_missing"
    words = _("Choose at least one thing for which the conversation was broken off.")


class OfferMissing(DomainError):
    code = "offer_missing"
    words = _(
        "Choose what the client was offered, another time or another way, and write it down: the guidelines ask for it. "
        "Only where nothing but the service standard binds may it be left out."
    )


class AgreedWithoutOffer(DomainError):
    code = "agreed_without_offer"
    words = _("A time was agreed on: choose that a later time was offered, or remove the time.")


@dataclass(frozen=True)
class Talk:
    """A conversation that was broken off. `reasons` are those given to the client, `grounds` what the rules name."""

    key: UUID
    rules: str
    way: str
    grounds: tuple[str, ...]
    reasons: str
    offer: str
    offered: str = ""
    agreed_for: datetime | None = None
    is_guard_called: bool = False


@transaction.atomic
def break_off(ticket: Ticket, talk: Talk, letter: Reply | None, *, by: User, at: datetime) -> BreakingOff:
    """Record that a conversation about the ticket was broken off, why, and what was offered.  (E-I.5, S-17)

    A time agreed on becomes a `promised` deadline; `letter` tells the client in writing and answers nothing. The same
    form sent twice records it once. Raises NotAllowedInState, ReasonMissing, GroundMissing, OfferMissing,
    AgreedWithoutOffer, PromiseInThePast, and what `reply_to_client` raises. Mails the client after the commit.
    """
    ticket = locked(ticket)
    done = BreakingOff.objects.filter(key=talk.key).first()
    if done is not None:
        return done
    _check(talk)
    note = add_note(ticket, talk.reasons, by=by, at=at)
    offered = talk.offered.strip()
    if talk.agreed_for is not None:
        promise_answer(ticket, talk.agreed_for, told=offered, told_at=at, by=by, at=at)
    sent = _write(ticket, letter, by=by, at=at) if letter is not None else None
    kept = BreakingOff.objects.create(
        note=note,
        key=talk.key,
        rules=talk.rules,
        way=talk.way,
        grounds=list(talk.grounds),
        offer=talk.offer,
        offered=offered,
        agreed_for=talk.agreed_for,
        is_guard_called=talk.is_guard_called,
        letter=sent,
    )
    facts = {"rules": talk.rules, "way": talk.way, "grounds": list(talk.grounds), "reasons": note.text[:1000]}
    offer = {"offer": talk.offer, "offered": offered, "guard": talk.is_guard_called}
    agreed_for = talk.agreed_for.isoformat() if talk.agreed_for else None
    record(ticket, Verb.CONVERSATION_BROKEN_OFF, by=by, at=at, **facts, **offer, agreed_for=agreed_for)
    return kept


def _check(talk: Talk) -> None:
    if not talk.grounds:
        raise GroundMissing
    is_offered = talk.offer != Offer.NONE and bool(talk.offered.strip())
    if not is_offered and (talk.offer != Offer.NONE or talk.rules != Rules.STANDARD):
        raise OfferMissing
    if talk.agreed_for is not None and talk.offer != Offer.LATER:
        raise AgreedWithoutOffer


def _write(ticket: Ticket, letter: Reply, *, by: User, at: datetime) -> Message:
    return reply_to_client(ticket, replace(letter, is_substantive=False), by=by, at=at)

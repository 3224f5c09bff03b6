"""The ticket's page, whoever shows it: the page itself, or a view whose form was refused."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from directory.queries import is_allowed
from directory.requests import Request
from directory.rights import Right
from directory.signature import gaps, signature
from sla.words import moment
from tickets import pages
from tickets.actions.working import OutOfOrder
from tickets.approvals import last_approval, needs_approval
from tickets.composing import composer_of, is_recalled
from tickets.forms import NoAnswerForm, NoteForm, PromiseForm, ReplyForm, WithdrawalForm
from tickets.kept import Kept, kept_of
from tickets.link_queries import links_of
from tickets.models import Approval, Draft, Message, Ticket
from tickets.people import answer_to
from tickets.people_facts import client_facts, colleague_facts
from tickets.queries import (
    is_known_client,
    last_from_client,
    last_to_see,
    messages_of,
    older_unprocessed,
    sender_of,
    waiting_draft,
    waiting_registration,
)
from tickets.sizes import room_for_files
from tickets.topics import topic_card
from tickets.transitions import Act, is_possible
from tickets.wording import choices, macro_by_pk, macro_choices


def done_once(request: Request) -> dict[str, str]:
    """Return, once, which ticket's reply and note were taken in, so that the browser forgets its copy of the words."""
    return {name: request.session.pop(name, "") for name in ("sent", "noted")}


def ticket_page(request: Request, found: Ticket, *, part: str = "", status: int = 200, **forms: Any) -> HttpResponse:
    """Render the ticket's page; a bound form among `forms` keeps what was typed and says what is wrong with it."""
    user, now = request.user, timezone.now()
    can_work = is_allowed(user, Right.WORK, found.desk_id)
    letters, waits = list(messages_of(found)), waiting_draft(found) if can_work else None
    facts = {
        **pages.facts_of(found, letters, user, at=now),
        **_composer(request, found, letters, forms.get("reply_form"), waits, at=now),
        "topic": topic_card(found, user),
        "promise_form": PromiseForm(auto_id="promise_%s", initial=pages.promise_default(found, at=now)),
        "withdrawal_form": WithdrawalForm(auto_id="withdrawal_%s"),
        "can_approve": is_allowed(user, Right.APPROVE_REPLY, found.desk_id),
        "can_make_article": is_allowed(user, Right.ARTICLES, found.desk_id),
        "can_withdraw": is_allowed(user, Right.WITHDRAW, found.desk_id),
        "note_form": NoteForm(auto_id="note_%s"),
        "no_answer_form": NoAnswerForm(auto_id="no_answer_%s"),
        **forms,
        "can_work": can_work,
        "is_mine": found.owner is not None and found.owner.user_id == user.pk,
        "can_note": is_allowed(user, Right.NOTE, found.desk_id) and is_possible(found.state, Act.NOTE),
        "can": {act.value: can_work and is_possible(found.state, act) for act in Act},
        "waits": waits,
        "links": links_of(found, user),
        "last_seen": last_to_see(found),
        "registration": waiting_registration(found),
        "client_facts": client_facts(found, user),
        "colleague": colleague_facts(found, at=now),
        "junk_sender": sender_of(found),
        "is_known": is_known_client(found.client),
        **({} if part else done_once(request)),
    }
    return render(request, f"tickets/detail.html{part}", facts, status=status)


def _composer(
    request: Request,
    found: Ticket,
    letters: list[Message],
    form: ReplyForm | None,
    waits: Draft | None,
    *,
    at: datetime,
) -> dict[str, Any]:
    """Return what the composer shows, with the form that was refused or a fresh one."""
    answered, again = last_from_client(found), _taken_back(request, letters)
    missing = gaps(request.user.employee)
    asked = last_approval(found) if needs_approval(found) else None
    words = asked if asked and not asked.draft else waits
    form = form or _reply_form(found, answered, again or words, at=at)
    decided_at = (asked.decided_at or asked.asked_at) if asked else None
    macro = macro_by_pk(found, int(form["macro"].value())) if str(form["macro"].value()).isdecimal() else None
    return {
        "approval_topic": found.topic if needs_approval(found) else macro.strict_topic if macro else "",
        "approval": asked,
        "approval_when": moment(decided_at, at, found.desk.tz) if decided_at else "",
        "reply_form": form,
        # What a browser keeps of words that the form came with is kept apart for each of them, and outdoes them.
        "keep_as": f"-{type(words).__name__.lower()}{words.pk}" if words else "",
        "answered": answered,
        "ready_words": [*macro_choices(found), *choices(found)] if answered else [],
        "macro": macro,
        "composer": composer_of(form, answered, letters, found.desk.address),
        "kept": _kept(again, waits),
        "most_files": room_for_files(settings.MAX_MAIL),
        "missing": missing,
        "signature": "" if missing else signature(request.user.employee, found.desk),
        "older": older_unprocessed(found).first() if found.state == Ticket.State.UNPROCESSED else None,
        "order_reasons": OutOfOrder.choices,
    }


def _kept(again: Message | None, waits: Draft | None) -> list[Kept]:
    """Return the files that come with the words: of the reply that was taken back, or of the draft that waits."""
    if again is not None:
        return [kept_of(one) for one in again.attachments.all()]
    return [kept_of(one) for one in waits.files.all()] if waits else []


def _reply_form(
    found: Ticket, answered: Message | None, words: Message | Draft | Approval | None, *, at: datetime
) -> ReplyForm:
    """Return a fresh form; with the words of a draft that waits, or all of a reply that was taken back."""
    initial: dict[str, Any] = {"resume_on": pages.resume_default(found, at=at)}
    if answered is not None:
        initial["to"] = answer_to(answered, found.desk.address)
    if isinstance(words, Message):
        initial |= {
            "text": words.reply,
            "html": words.html,
            "to": words.to,
            "cc": words.cc,
            "is_substantive": words.is_substantive,
        }
    elif words is not None:
        initial["text"] = words.text
        initial["html"] = words.html if isinstance(words, Approval) else ""
    return ReplyForm(auto_id="reply_%s", initial=initial)


def _taken_back(request: Request, letters: list[Message]) -> Message | None:
    """Return the reply that was taken back and whose words the page is asked to show again (?again=…)."""
    asked = request.GET.get("again", "")
    return next((one for one in letters if str(one.pk) == asked and is_recalled(one)), None)

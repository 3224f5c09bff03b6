"""Ready words for a letter: templates, macros and terms of the glossary, filled in for a ticket.  (S-5.2, S-15, E-I.5)"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from directory.models import Employee
from knowledge.glossary import Term
from knowledge.models import GlossaryTerm, Macro, Template
from knowledge.placeholders import fill
from knowledge.queries import macros_of, templates_of, terms_of
from sla.models import Deadline, Kind
from tickets.interim import BY_MONTH, IN_MONTH
from tickets.models import Ticket
from tickets.queries import waiting_registration

REPLY = (Template.Use.REPLY, Template.Use.QUESTION)
NOTICE = (Template.Use.NOTICE,)
KINDS: dict[type, str | Promise] = {
    Macro: gettext_lazy("macro"),
    Template: gettext_lazy("template"),
    GlossaryTerm: gettext_lazy("term"),
}


@dataclass(frozen=True)
class Choice:
    """Something to be put into a letter; `name` tells it from all others of the desk."""

    name: str
    source: Macro | Template | GlossaryTerm


@dataclass(frozen=True)
class MacroFacts:
    """What a macro does besides its text; `is_substantive` is None where the sender decides.

    `strict_topic` names the topic that it gives, if an answer on that needs approval.
    """

    pk: int
    words: str
    is_substantive: bool | None
    strict_topic: str = ""


@dataclass(frozen=True)
class Wording:
    text: str
    macro: MacroFacts | None = None


def choices(ticket: Ticket, uses: Iterable[str] = REPLY) -> list[Choice]:
    """Return what is offered: templates, those of the ticket's topic first, then terms."""
    topic, desk = ticket.topic, ticket.desk
    templates = templates_of(desk).filter(use__in=uses, is_active=True)
    ordered = sorted(templates, key=lambda one: (topic is None or one.topic_id != topic.pk, one.position, one.name))
    return [*(_choice(one) for one in ordered), *(_choice(one) for one in terms_of(desk))]


def macro_choices(ticket: Ticket) -> list[Choice]:
    return [_choice(one) for one in macros_of(ticket.desk).filter(is_active=True)]


def _choice(source: Macro | Template | GlossaryTerm) -> Choice:
    return Choice(f"{source} · {KINDS[type(source)]}", source)


def wording(
    ticket: Ticket, name: str, *, sender: Employee, given: Mapping[str, str], at: datetime, uses: Iterable[str] = REPLY
) -> Wording | None:
    """Return the words of a choice by its name; None if there is no such choice. `given` outdoes what the ticket knows."""
    offered = [*(macro_choices(ticket) if uses == REPLY else []), *choices(ticket, uses)]
    source = next((one.source for one in offered if one.name == name.strip()), None)
    if source is None:
        return None
    if isinstance(source, GlossaryTerm):
        return Wording(f"{source.word} ({Term(source.word, source.explanation).in_sentence})")
    values = {**placeholder_values(ticket, sender, at=at), **given}
    if isinstance(source, Macro):
        return Wording(fill(source.template.body, values), macro_facts(source))
    return Wording(fill(source.body, values))


def macro_facts(macro: Macro) -> MacroFacts:
    """Return a macro with a summary of all that it does."""
    parts = [_("the text of “%(template)s”") % {"template": macro.template.name}]
    if macro.topic:
        parts.append(_("topic: %(topic)s") % {"topic": macro.topic.name})
    if macro.mark:
        parts.append(_("after sending: %(mark)s") % {"mark": macro.get_mark_display()})
    words = _("Macro “%(name)s”: %(parts)s") % {"name": macro.name, "parts": "; ".join(parts)}
    topic = macro.topic if macro.topic and not macro.topic.is_retired else None
    strict = topic.name if topic and topic.needs_second_approval else ""
    return MacroFacts(macro.pk, words, macro.mark == Macro.Mark.COMPLETE if macro.mark else None, strict)


def macro_by_pk(ticket: Ticket, pk: int) -> MacroFacts | None:
    macro = macros_of(ticket.desk).filter(pk=pk).first()
    return macro_facts(macro) if macro else None


def placeholder_values(ticket: Ticket, sender: Employee, *, at: datetime) -> dict[str, str]:
    """Return what is known of the placeholders, in Latvian: it goes to a client."""
    desk, tz = ticket.desk, ticket.desk.tz
    topic = ticket.topic
    promised = Deadline.objects.filter(ticket=ticket, kind=Kind.PROMISED, state__in=Deadline.OPEN)
    due_at = promised.order_by("due_at").values_list("due_at", flat=True).first()
    received, today = ticket.received_at.astimezone(tz), at.astimezone(tz)
    values = {
        "client.name": ticket.client.name,
        "ticket.number": ticket.number,
        "ticket.subject": ticket.subject,
        "ticket.received_on": f"{received.day}. {IN_MONTH[received.month - 1]}",
        "topic.name": topic.name if topic else "",
        "promise.due_on": by_day(due_at.astimezone(tz).date()) if due_at else "",
        "sender.name": str(sender),
        "sender.position": sender.position,
        "sender.phone": sender.phone,
        "desk.name": desk.name,
        "desk.office": desk.office,
        "desk.address": desk.address,
        "desk.phone": desk.phone,
        "today": f"{today:%d.%m.%Y}.",
    }
    return values | record_values(ticket) | (expert_values(ticket.expert) if ticket.expert else {})


def record_values(ticket: Ticket) -> dict[str, str]:
    """Return the number and date in the office's records that the next reply goes out under."""
    registered = waiting_registration(ticket)
    if registered is None:
        return {}
    return {"record.number": registered.number, "record.dated_on": f"{registered.dated_on:%d.%m.%Y}."}


def expert_values(expert: Employee) -> dict[str, str]:
    return {"expert.name": str(expert), "expert.position": expert.position, "expert.unit": expert.unit}


def by_day(day: date) -> str:
    """Return the day as what a promise names: "20. novembrim"."""
    return f"{day.day}. {BY_MONTH[day.month - 1]}"

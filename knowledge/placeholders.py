"""Placeholders of a template: a closed list, checked when saved, filled in when used. Pure.  (S-5.2)

`{{ client.name }}` is filled in with the client's name. What is not known at that moment leaves a mark that people see
and that the reply check finds: "⟦client's name⟧".
"""

import re
from collections.abc import Iterator, Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Span = tuple[int, int]

# What may be written, and what will stand there.
PLACEHOLDERS: dict[str, str | Promise] = {
    "client.name": _("the client's name"),
    "ticket.number": _("the ticket's number"),
    "ticket.subject": _("the subject of the client's letter"),
    "ticket.received_on": _("the day on which the letter came"),
    "topic.name": _("the topic"),
    "promise.due_on": _("the date by which the answer is promised"),
    "expert.name": _("the competent colleague's name"),
    "expert.position": _("the competent colleague's position"),
    "expert.unit": _("the competent colleague's unit"),
    "sender.name": _("the sender's name"),
    "sender.position": _("the sender's position"),
    "sender.phone": _("the sender's phone"),
    "desk.name": _("the desk's name"),
    "desk.office": _("the office's name"),
    "desk.address": _("the desk's e-mail address"),
    "desk.phone": _("the desk's phone"),
    "record.number": _("the number under which the reply is registered"),
    "record.dated_on": _("the date on which the reply is registered"),
    "today": _("today's date"),
}
PLACE = re.compile(r"\{\{([^{}]*)\}\}")
# A brace too few or too many is a placeholder that will not be filled in.
BRACES = re.compile(r"\{\{|\}\}")
MARK = "⟦{}⟧"
LEFT = re.compile(
    r"⟦[^⟦⟧\n]*⟧|\{\{[^{}\n]*\}\}|\[[a-zāčēģīķļņšūž][^\[\]\n]{2,40}\](?!\()|_{3,}|\bX{3,}\b|\.{4,}|…{2,}|<<[^<>\n]+>>"
)


def wrong_places(text: str) -> list[str]:
    """Return what looks like a placeholder and is none: unknown names as they were written, and stray braces."""
    unknown = [found[0] for found in PLACE.finditer(text) if found[1].strip() not in PLACEHOLDERS]
    return [*unknown, *(found[0] for found in BRACES.finditer(PLACE.sub("", text)))]


def fill(text: str, values: Mapping[str, str]) -> str:
    """Return the text with the known values in place; a missing or empty one leaves its mark."""

    def value(found: re.Match[str]) -> str:
        name = found[1].strip()
        return values.get(name, "") or MARK.format(PLACEHOLDERS.get(name, name))

    return PLACE.sub(value, text)


def left_over(text: str) -> Iterator[Span]:
    """Yield what was left to be filled in: our marks, braces, brackets with small letters, rows of signs."""
    for found in LEFT.finditer(text):
        yield found.span()

"""Templates, macros and terms: what is written once and used often.  (S-5.2, S-15)"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit.actions import record
from audit.verbs import Verb
from directory.models import Desk, Topic, User
from helpdesk.errors import DomainError
from knowledge.actions.rows import Row, put_in, raw, save_named
from knowledge.models import GlossaryTerm, Macro, Template
from knowledge.placeholders import wrong_places


class PlaceholderUnknown(DomainError):
    code = "placeholder_unknown"
    words = _("These are no placeholders: %(places)s. Choose from the list, or delete them.")


class NotOfThisDesk(DomainError):
    code = "not_of_this_desk"
    words = _("The topic and the template must be of the same desk.")


@dataclass(frozen=True)
class TemplateFields:
    name: str
    body: str
    use: str = Template.Use.REPLY
    topic: Topic | None = None
    position: int = 100
    is_active: bool = True


@dataclass(frozen=True)
class MacroFields:
    name: str
    template: Template
    topic: Topic | None = None
    mark: str = Macro.Mark.UNCHANGED
    position: int = 100
    is_active: bool = True


@dataclass(frozen=True)
class TermFields:
    word: str
    explanation: str
    source: str = ""
    is_checked: bool = True


def enter_template(desk: Desk, fields: TemplateFields, *, by: User | None, at: datetime) -> Template:
    """Add a template. Raises PlaceholderUnknown, NameTaken, NotOfThisDesk."""
    _check_template(desk, fields)
    return _enter(Template(desk=desk, **_columns(fields)), fields, Verb.TEMPLATE_ENTERED, by=by, at=at)


def change_template(template: Template, fields: TemplateFields, *, by: User, at: datetime) -> Template:
    """Change a template; a no-op if nothing differs. Raises PlaceholderUnknown, NameTaken, NotOfThisDesk."""
    _check_template(template.desk, fields)
    return _change(template, fields, Verb.TEMPLATE_CHANGED, by=by, at=at)


def enter_macro(desk: Desk, fields: MacroFields, *, by: User | None, at: datetime) -> Macro:
    """Add a macro. Raises NameTaken, NotOfThisDesk."""
    _check_desk(desk, fields.topic, fields.template)
    return _enter(Macro(desk=desk, **_columns(fields)), fields, Verb.MACRO_ENTERED, by=by, at=at)


def change_macro(macro: Macro, fields: MacroFields, *, by: User, at: datetime) -> Macro:
    """Change a macro; a no-op if nothing differs. Raises NameTaken, NotOfThisDesk."""
    _check_desk(macro.desk, fields.topic, fields.template)
    return _change(macro, fields, Verb.MACRO_CHANGED, by=by, at=at)


def enter_term(desk: Desk, fields: TermFields, *, by: User | None, at: datetime) -> GlossaryTerm:
    """Add a term to the glossary. Raises NameTaken."""
    return _enter(GlossaryTerm(desk=desk, **_columns(fields)), fields, Verb.TERM_ENTERED, by=by, at=at)


def change_term(term: GlossaryTerm, fields: TermFields, *, by: User, at: datetime) -> GlossaryTerm:
    """Change a term; a no-op if nothing differs. Raises NameTaken."""
    return _change(term, fields, Verb.TERM_CHANGED, by=by, at=at)


@transaction.atomic
def remove_term(term: GlossaryTerm, *, by: User, at: datetime) -> None:
    """Take a term out of the glossary; what it said stays in the event. A no-op if it is gone."""
    found = GlossaryTerm.objects.select_for_update().filter(pk=term.pk).first()
    if found is not None:
        record(found, Verb.TERM_REMOVED, by=by, at=at, word=found.word, explanation=found.explanation)
        found.delete()


def _check_template(desk: Desk, fields: TemplateFields) -> None:
    _check_desk(desk, fields.topic)
    if wrong := wrong_places(fields.body):
        raise PlaceholderUnknown(places=", ".join(wrong))


def _check_desk(desk: Desk, *rows: Topic | Template | None) -> None:
    if any(row is not None and row.desk_id != desk.pk for row in rows):
        raise NotOfThisDesk


def _columns(fields: Any) -> dict[str, Any]:
    return {name: getattr(fields, name) for name in fields.__dataclass_fields__}


@transaction.atomic
def _enter(row: Row, fields: Any, verb: Verb, *, by: User | None, at: datetime) -> Row:
    saved = save_named(row, None)
    record(saved, verb, by=by, at=at, **{name: raw(value) for name, value in _columns(fields).items()})
    return saved


@transaction.atomic
def _change(row: Row, fields: Any, verb: Verb, *, by: User, at: datetime) -> Row:
    locked = type(row)._default_manager.select_for_update().get(pk=row.pk)
    changed = put_in(locked, _columns(fields))
    if changed:
        save_named(locked, list(changed))
        record(locked, verb, by=by, at=at, **changed)
    return locked

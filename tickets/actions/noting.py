"""A note between colleagues, and the colleagues whom it names told of it.  (E-II.4c)"""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from directory.models import Employee, User
from directory.queries import colleagues_of
from escalation.models import Alert
from escalation.rules import Told
from tickets.actions.forwarding import tell
from tickets.actions.working import add_note
from tickets.mentions import named_in
from tickets.models import Note, Ticket
from tickets.queries import who_may_see


@dataclass(frozen=True)
class Noted:
    """A note, whom it told, whom it named who cannot see the ticket, and which of its @words name nobody, or several."""

    note: Note
    told: list[Employee]
    unseeing: list[Employee]
    unclear: tuple[str, ...]


@transaction.atomic
def write_note(ticket: Ticket, text: str, *, by: User, at: datetime) -> Noted:
    """Write an internal note and tell those whom it names with an @, if they may see the ticket: it gives nobody access.

    Raises NotAllowedInState, ReasonMissing. Tells after the commit.
    """
    note = add_note(ticket, text, by=by, at=at)
    people = {one.pk: one for one in colleagues_of(ticket.desk)}
    named = named_in(text, {pk: (one.first_name, one.last_name) for pk, one in people.items()})
    seeing = who_may_see(ticket)
    told = [people[pk] for pk in named.people if pk in seeing and pk != by.employee.pk]
    unseeing = [people[pk] for pk in named.people if pk not in seeing]
    if told:
        tell(Alert.Trigger.MENTIONED, ticket, Told((), people=tuple(one.pk for one in told)), at=at)
    return Noted(note, told, unseeing, named.unclear)

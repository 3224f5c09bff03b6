"""Who must know of what. Pure: roles and the people of the desk in, recipients out."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from directory.models import Role

# So many failed checks in a row are an outage; the machine checks every 20 seconds, so they are within a minute.
CHECKS_OF_AN_OUTAGE = 3
# Checks further apart say nothing of the time between: the machine itself stood still.
LONGEST_PAUSE = timedelta(minutes=5)

Name = Role.Name

# Where nobody holds a role, the next one up is told instead; never nobody.
UP: Mapping[str, str] = {
    Name.ADMINISTRATOR: Name.DEPUTY_DIRECTOR,
    Name.DATA_PROTECTION_OFFICER: Name.DEPUTY_DIRECTOR,
    Name.DEPUTY_DIRECTOR: Name.DIRECTOR,
    Name.DIRECTOR: Name.MANAGER,
}


@dataclass(frozen=True)
class Told:
    """Whom an alert is for: roles, the ticket's own people, and `people` whom it names, by employee id."""

    roles: tuple[str, ...]
    owner: int | None = None
    expert: int | None = None
    people: tuple[int, ...] = ()


def recipients(told: Told, people: Mapping[str, Collection[int]]) -> list[int]:
    """Return the employees to tell, by id, in order and without repeats.

    `people` maps a role to those who hold it at the desk. A ticket's owner stands for the administrators and its expert
    for the experts, unless they have left the desk: who has it in hand is told, not everybody.
    """
    own = {Name.ADMINISTRATOR.value: told.owner, Name.EXPERT.value: told.expert}
    at_desk = {employee for held in people.values() for employee in held}
    found = [one for one in told.people if one in at_desk]
    for role in told.roles:
        person = own.get(role)
        if person is not None and person in at_desk:
            found.append(person)
            continue
        # An expert is the person asked for a draft; where there is none, it is the administrators' matter.
        step: str | None = Name.ADMINISTRATOR if role == Name.EXPERT else role
        while step is not None and not people.get(step):
            step = UP.get(step)
        found += people.get(step, ()) if step is not None else ()
    return list(dict.fromkeys(found))


def outage_began(failed_at: Sequence[datetime]) -> datetime | None:
    """Return when an outage began: at the first of three or more failed checks in a row; None if there is none.  (E-II.2)

    `failed_at` are the instants of the failed checks since the last good one, the latest first.
    """
    run = list(failed_at[:1])
    for at in failed_at[1:]:
        if run[-1] - at > LONGEST_PAUSE:
            break
        run.append(at)
    return run[-1] if len(run) >= CHECKS_OF_AN_OUTAGE else None

"""Who acts for whom on a day. Pure: absences in, people out, by employee id."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True)
class Away:
    """Whole days of an employee's absence, both ends included; `stand_in` is empty where nobody was named."""

    employee: int
    first_on: date
    last_on: date
    stand_in: int | None = None

    def covers(self, on: date) -> bool:
        return self.first_on <= on <= self.last_on


def who_stands_in(employee: int, on: date, absences: Iterable[Away]) -> int | None:
    """Return who acts for `employee` on that day: themselves if present, else the first present one of the chain.

    None if the chain ends with somebody absent for whom nobody was named, or leads back into itself.
    """
    away = {one.employee: one.stand_in for one in absences if one.covers(on)}
    person: int | None = employee
    seen: set[int] = set()
    while person in away:
        if person in seen:
            return None
        seen.add(person)
        person = away[person]
    return person


def who_is_asked(people: Sequence[int], on: date, absences: Collection[Away]) -> int | None:
    """Return who of the competent is asked on that day, the main one first; with all absent, who stands in for the
    main one. None if nobody is left."""
    absent = {one.employee for one in absences if one.covers(on)}
    there = next((one for one in people if one not in absent), None)
    return there if there is not None or not people else who_stands_in(people[0], on, absences)


def with_stand_ins(people: Sequence[int], on: date, absences: Collection[Away]) -> list[int]:
    """Return these people and whoever stands in for those who are away, each once: an absent person's notice waits
    for them, and somebody present has it as well."""
    acting = [who_stands_in(one, on, absences) for one in people]
    return list(dict.fromkeys([*people, *(one for one in acting if one is not None)]))


def first_loop(new: Away, others: Collection[Away]) -> date | None:
    """Return the first day on which the chain from `new` would lead back to its own employee; None if on none.

    `others` are the other absences of those days; one of the same employee must not be among them.
    """
    day = new.first_on
    while day <= new.last_on:
        away = {one.employee: one.stand_in for one in others if one.covers(day)}
        person, seen = new.stand_in, {new.employee}
        while person is not None and person not in seen:
            seen.add(person)
            person = away.get(person)
        if person == new.employee:
            return day
        day += timedelta(days=1)
    return None

"""People, desks, competences and clients, by name."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404

from directory.folding import beginnings
from directory.models import (
    Absence,
    Client,
    ClientAddress,
    ClientKey,
    ClientPhone,
    CompetenceOrder,
    Delegate,
    Desk,
    Employee,
    Role,
    Topic,
    User,
)
from directory.orders import in_force
from directory.rights import Right, roles_with
from directory.standins import Away, who_is_asked, who_stands_in


def roles_of(user: User) -> dict[int, set[str]]:
    """Return what `user` is at which desk, by desk id; asked once for each object of the user, so once a request."""
    if "_roles" not in user.__dict__:
        roles: dict[int, set[str]] = {}
        for desk_id, name in Role.objects.filter(employee__user=user).values_list("desk_id", "name"):
            roles.setdefault(desk_id, set()).add(name)
        user.__dict__["_roles"] = roles
    found: dict[int, set[str]] = user.__dict__["_roles"]
    return found


def desks_where(user: User, right: Right) -> list[int]:
    """Return the ids of the desks at which `user` has `right`."""
    return [desk_id for desk_id, names in roles_of(user).items() if names & roles_with(right)]


def is_allowed(user: User, right: Right, desk_id: int) -> bool:
    return desk_id in desks_where(user, right)


def desks_visible_to(user: User) -> QuerySet[Desk]:
    """Return the desks whose working time and terms `user` may see: where they read tickets, or manage."""
    seen = {*desks_where(user, Right.READ), *desks_where(user, Right.SETTINGS)}
    return Desk.objects.filter(pk__in=seen).select_related("calendar").order_by("pk")


def get_desk_for(user: User, code: str = "", *, to: Right = Right.READ) -> Desk:
    """Return the desk with this code that `user` may treat so; without a code the first of theirs.

    Http404 if unseen, PermissionDenied if only seen.
    """
    desks = list(desks_visible_to(user).filter(code=code) if code else desks_visible_to(user))
    if not desks:
        raise Http404
    allowed = desks if to == Right.READ else [desk for desk in desks if is_allowed(user, to, desk.pk)]
    if not allowed:
        raise PermissionDenied
    return allowed[0]


def experts_of(desk: Desk) -> QuerySet[Employee]:
    """Return the colleagues who may be asked for a draft at the desk, by name."""
    found = Employee.objects.filter(roles__desk=desk, roles__name__in=roles_with(Right.DRAFT), user__is_active=True)
    return found.distinct().order_by("last_name", "first_name", "pk")


def administrators_of(desk: Desk) -> QuerySet[Employee]:
    """Return who works the tickets of the desk and may sign in, by name."""
    return administrators_at([desk.pk])


def administrators_at(desks: Iterable[int]) -> QuerySet[Employee]:
    """Return who works the tickets of one of these desks (ids) and may sign in, by name."""
    held = {"roles__desk__in": desks, "roles__name__in": roles_with(Right.WORK)}
    found = Employee.objects.filter(**held, user__is_active=True)
    return found.distinct().select_related("user").order_by("last_name", "first_name", "pk")


def role_names_of(user: User) -> set[str]:
    """Return what `user` is, at any desk."""
    return set().union(*roles_of(user).values())


def clients_by_address(emails: Iterable[str], on: date) -> dict[str, Client]:
    """Return the clients whose these addresses are, or for whom they may write on that day, by address in lower case.

    An assistant may have written before anybody said for whom: their own client, unconfirmed, gives way.
    """
    wanted = {email.strip().lower() for email in emails}
    addresses = ClientAddress.objects.filter(email__in=wanted).select_related("client")
    found = {address.email: address.client for address in addresses}
    unsure = [email for email in wanted if email not in found or not found[email].is_confirmed]
    acting = Delegate.objects.filter(Q(valid_until=None) | Q(valid_until__gte=on), email__in=unsure, valid_from__lte=on)
    whose: dict[str, dict[int, Client]] = {}
    for delegate in acting.select_related("client"):
        whose.setdefault(delegate.email, {})[delegate.client_id] = delegate.client
    return found | {email: next(iter(those.values())) for email, those in whose.items() if len(those) == 1}


def client_by_address(email: str) -> Client | None:
    return Client.objects.filter(addresses__email=email.strip().lower()).first()


# --- Who knows, who is there -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Competent:
    """Who answers for a topic by the order in force; without an order, or a line in it, nobody."""

    main: Employee | None
    substitutes: tuple[Employee, ...]
    order: CompetenceOrder | None

    @property
    def people(self) -> tuple[Employee, ...]:
        return (self.main, *self.substitutes) if self.main else ()


def order_in_force(desk: Desk, on: date) -> CompetenceOrder | None:
    return in_force(desk.orders.all(), on)


def competence_for(topic: Topic, on: date) -> Competent:
    """Return who answers for the topic on that day. Who may no longer sign in is not among them.  (E-II.4b)"""
    return competences_of(topic.desk, on).get(topic.pk) or Competent(None, (), order_in_force(topic.desk, on))


def competences_of(desk: Desk, on: date) -> dict[int, Competent]:
    """Return who answers for what on that day, by topic id; topics that have nobody are left out."""
    order = order_in_force(desk, on)
    if order is None:
        return {}
    people: dict[int, list[Employee]] = {}
    lines = order.lines.filter(employee__user__is_active=True).select_related("employee__user").order_by("place")
    for line in lines:
        people.setdefault(line.topic_id, []).append(line.employee)
    return {topic_id: Competent(found[0], tuple(found[1:]), order) for topic_id, found in people.items()}


def expert_for(topic: Topic, on: date) -> Employee | None:
    """Return who is asked on that day: the main employee, else the first present substitute, else the main one's
    stand-in. None: it goes up.  (E-II.4b)"""
    people = [one.pk for one in competence_for(topic, on).people]
    pk = who_is_asked(people, on, away_between(on, on)) or 0
    return Employee.objects.filter(pk=pk, user__is_active=True).select_related("user").first()


@dataclass(frozen=True)
class Asked:
    """Who is asked about a topic on a day, and why: by which order, and who of those before them is away until when."""

    employee: Employee | None
    competent: Competent
    away: tuple[tuple[Employee, date], ...]

    @property
    def is_stand_in(self) -> bool:
        """Tell whether they are no competent employee of the order, but act for one."""
        return self.employee is not None and self.employee not in self.competent.people


def asked_about(topic: Topic, on: date) -> Asked:
    """Return who is asked about the topic on that day, with the reason: `expert_for`, explained.  (E-II.4b)"""
    competent, until = competence_for(topic, on), {one.employee: one.last_on for one in away_between(on, on)}
    found = expert_for(topic, on)
    before = []
    for one in competent.people:
        if one == found:
            break
        before.append(one)
    return Asked(found, competent, tuple((one, until[one.pk]) for one in before if one.pk in until))


def away_between(first_on: date, last_on: date) -> list[Away]:
    """Return the absences that touch these days, as plain facts."""
    found = Absence.objects.filter(last_on__gte=first_on, first_on__lte=last_on).order_by("pk")
    return [Away(*row) for row in found.values_list("employee_id", "first_on", "last_on", "stand_in_id")]


def present(employees: Iterable[int], on: date) -> list[int]:
    """Return those of the employees (ids) who are there on that day."""
    absent = {one.employee for one in away_between(on, on)}
    return [pk for pk in employees if pk not in absent]


def stand_ins(employees: Iterable[int], on: date) -> list[int]:
    """Return who acts on that day for these employees (ids): themselves if present, else the end of their chain; each
    once, in order. Who has nobody to act for them is left out."""
    away = away_between(on, on)
    found = [who_stands_in(pk, on, away) for pk in employees]
    return list(dict.fromkeys(pk for pk in found if pk is not None))


def colleagues_of(desk: Desk) -> QuerySet[Employee]:
    """Return who works at the desk and may sign in, by surname."""
    here = Employee.objects.filter(roles__desk=desk, user__is_active=True).distinct()
    return here.select_related("user").order_by("last_name", "first_name", "pk")


# --- Clients ---------------------------------------------------------------------------------------------------------


def clients_found(query: str) -> QuerySet[Client]:
    """Return the clients of whom every word of the query begins something: name, address, number, certificate."""
    found = Client.objects.filter(merged_into=None)
    for beginning in beginnings(query):
        found = found.filter(pk__in=ClientKey.objects.filter(key__begins=beginning).values("client"))
    return found.order_by("name", "pk")


def likely_doubles(client: Client) -> QuerySet[Client]:
    """Return other clients who may be the same person: one with the same phone, or the same name, by name."""
    phones = ClientPhone.objects.filter(number__in=client.phones.values("number")).values("client")
    others = Client.objects.filter(merged_into=None).exclude(pk=client.pk)
    return others.filter(Q(pk__in=phones) | Q(name=client.name)).order_by("name", "pk")


def sees_clients(user: User) -> bool:
    return bool(desks_where(user, Right.READ) or desks_where(user, Right.CLIENTS))


def get_client_for(user: User, pk: int, *, to: Right = Right.READ) -> Client:
    """Return the client; they belong to the office, not to a desk. Http404 if unseen, PermissionDenied if only seen."""
    client = Client.objects.select_related("merged_into").filter(pk=pk).first()
    if client is None or not sees_clients(user):
        raise Http404
    if to != Right.READ and not desks_where(user, to):
        raise PermissionDenied
    return client

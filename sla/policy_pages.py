"""The facts of the terms' page: what is owed, by when, who is told, and by what paragraph."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from directory.models import Desk, Role
from sla.models import Kind, Policy, Unit
from sla.queries import current_of, versions_of
from sla.shipped import FROM_THE_START
from sla.words import amount_words, day_words, deadline_words, paragraph_words, span_of


@dataclass(frozen=True)
class TermFacts:
    """A version of a term in words. `choices` are what the office has chosen, the guidelines being silent."""

    policy: Policy
    name: str
    amount: str
    paragraph: str
    warnings: list[str]
    told: str
    choices: list[str]
    since: str


@dataclass(frozen=True)
class TermRow:
    """A term as it is, with the versions that will follow and the number of those that went before."""

    now: TermFacts
    later: list[TermFacts]
    earlier: list[TermFacts]


def term_rows(desk: Desk, *, at: datetime) -> list[TermRow]:
    """Return the desk's terms in the order of their kinds."""
    rows = []
    for versions in versions_of(desk).values():
        current = current_of(versions, at) or versions[0]
        place = versions.index(current)
        later = [term_facts(one) for one in versions[place + 1 :]]
        earlier = [term_facts(one) for one in reversed(versions[:place])]
        rows.append(TermRow(term_facts(current), later, earlier))
    order = list(Kind.values)
    return sorted(rows, key=lambda row: (order.index(row.now.policy.kind), row.now.policy.variant))


def term_facts(policy: Policy) -> TermFacts:
    return TermFacts(
        policy=policy,
        name=term_name(policy),
        amount=amount_words(policy),
        paragraph=paragraph_words(policy.paragraph),
        warnings=[_warning(step) for step in policy.warnings],
        told=roles_words(policy.tell_breach),
        choices=_choices(policy),
        since=since_words(policy),
    )


def term_name(policy: Policy) -> str:
    """Return the name of a term, with how the matter came where that makes it another."""
    name = deadline_words(policy.kind)
    return _("%(name)s, told by phone") % {"name": name} if policy.variant == "phone" else name


def since_words(policy: Policy) -> str:
    if policy.valid_from == FROM_THE_START:
        return _("from the start")
    return day_words(policy.valid_from.astimezone(policy.desk.tz).date(), with_year=True)


def roles_words(roles: list[str]) -> str:
    return ", ".join(str(Role.Name(role).label) for role in roles)


def _warning(step: dict[str, object]) -> str:
    amount = step["days"] if step["unit"] == Unit.BUSINESS_DAYS else step["minutes"]
    tell = step["tell"]
    assert isinstance(amount, int) and isinstance(tell, list)
    return _("%(span)s before: %(roles)s") % {"span": span_of(str(step["unit"]), amount), "roles": roles_words(tell)}


def _choices(policy: Policy) -> list[str]:
    """Return what neither document settles: from when the days run, mail after hours, pauses."""
    if policy.unit != Unit.BUSINESS_DAYS:
        return []
    same_day = _("what comes outside working hours counts as received that same day")
    next_day = _("what comes outside working hours counts as received on the next business day")
    choices = [same_day if policy.late_receipt == Policy.LateReceipt.SAME_DAY else next_day]
    if policy.kind == Kind.DRAFT:
        choices.append(_("the days run from %(start)s") % {"start": policy.get_runs_from_display()})
    choices.append(_("stops while the client is asked") if policy.may_pause else _("runs on while the client is asked"))
    return choices

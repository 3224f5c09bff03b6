"""Who may do what: one table of role and right. A pure function of values; queries turn it into rows."""

from enum import StrEnum

from directory.models import Role

Name = Role.Name


class Right(StrEnum):
    READ = "ticket.read"  # at least one's own: those that one is asked about
    READ_ALL = "ticket.read_all"
    NOTE = "ticket.note"
    WORK = "ticket.work"
    HAND_OVER = "ticket.hand_over"
    DRAFT = "ticket.draft"
    MAIL = "mail.process"
    OUTAGE = "outage.declare"
    OVERDUE = "reports.overdue"
    SETTINGS = "sla.change"
    WITHDRAW = "breach.withdraw"
    DIRECTORY = "directory.change"
    ABSENCES = "absence.change"
    CLIENTS = "client.change"
    WORDING = "wording.change"
    ARTICLES = "article.write"
    APPROVE = "article.approve"
    APPROVE_REPLY = "reply.approve"


EVERYBODY = frozenset(Name)
RIGHTS: dict[Right, frozenset[str]] = {
    Right.READ: frozenset({Name.ADMINISTRATOR, Name.EXPERT, Name.DEPUTY_DIRECTOR, Name.DIRECTOR}),
    Right.READ_ALL: frozenset({Name.ADMINISTRATOR, Name.DEPUTY_DIRECTOR, Name.DIRECTOR}),
    Right.NOTE: frozenset({Name.ADMINISTRATOR, Name.EXPERT, Name.DEPUTY_DIRECTOR, Name.DIRECTOR}),
    Right.WORK: frozenset({Name.ADMINISTRATOR}),
    # All open tickets of who is away: their colleagues, or who answers for the desk.
    Right.HAND_OVER: frozenset({Name.ADMINISTRATOR, Name.DEPUTY_DIRECTOR, Name.DIRECTOR}),
    Right.DRAFT: frozenset({Name.EXPERT}),
    Right.MAIL: frozenset({Name.ADMINISTRATOR}),
    Right.OUTAGE: frozenset({Name.ADMINISTRATOR}),
    Right.SETTINGS: frozenset({Name.MANAGER}),
    Right.WITHDRAW: frozenset({Name.MANAGER, Name.DEPUTY_DIRECTOR}),
    Right.DIRECTORY: frozenset({Name.MANAGER}),
    # Anybody enters their own.
    Right.ABSENCES: frozenset({Name.MANAGER, Name.DIRECTOR}),
    Right.CLIENTS: frozenset({Name.ADMINISTRATOR, Name.MANAGER}),
    # Templates, macros and terms; articles are written by all who answer, and approved by those above them.
    Right.WORDING: frozenset({Name.ADMINISTRATOR, Name.MANAGER}),
    Right.ARTICLES: frozenset({Name.ADMINISTRATOR, Name.EXPERT, Name.DEPUTY_DIRECTOR, Name.DIRECTOR}),
    Right.APPROVE: frozenset({Name.DEPUTY_DIRECTOR, Name.DIRECTOR}),
    # The deputy director's second approval; while nobody is that, or it is their own words, the director's.
    Right.APPROVE_REPLY: frozenset({Name.DEPUTY_DIRECTOR, Name.DIRECTOR}),
    Right.OVERDUE: frozenset({Name.ADMINISTRATOR, Name.DEPUTY_DIRECTOR, Name.DIRECTOR}),
}


def roles_with(right: Right) -> frozenset[str]:
    """Return the roles that have `right` at their own desk."""
    return RIGHTS[right]

"""Where the crash test kills: each point is a call of the product, wrapped from outside; the product knows none of it.

A point is passed each time its call is reached (or returns), counted over all processes and all their lives; on the
passages named it kills, with SIGKILL: the process that passes, or a server that the process needs for its next word.
"""

from collections.abc import Callable
from dataclasses import dataclass


def always(args, answer):
    return True


def if_done(args, answer):
    """Count only a call that did it: `True`, a lease."""
    return bool(answer)


def if_whole_mail(args, answer):
    """Count only the sending of a mail's bytes, with the dot that ends them."""
    return isinstance(args[1], bytes) and args[1].endswith(b"\r\n.\r\n")


@dataclass(frozen=True)
class Point:
    name: str
    where: str  # module:attribute, to be wrapped in the process
    moment: str  # before or after the call
    kills: tuple[int, ...]  # on these passages
    only: Callable = always
    program: str = "worker"
    victim: str = "itself"  # or imap, database, broker


MANY, SOME, FEW = (5, 70, 150), (3, 12, 25), (2, 4, 7)

POINTS = [
    # --- the ledger: stored, then linked ---------------------------------------------------------------------------
    Point("store: before it", "contact.email.intake:store_many", "before", (3, 9, 16)),
    Point("store: in it, between rows and bytes", "contact.models:RawMail.objects.bulk_create", "before", FEW),
    Point("store: in it, before the commit", "contact.models:RawMail.objects.bulk_create", "after", (3, 6, 9)),
    Point("store: after the commit", "contact.email.intake:store_many", "after", (4, 8, 12), if_done),
    Point("fetch: all stored, cursor not moved", "contact.models:MailboxCursor.objects.filter", "before", FEW),
    Point("fetch: cursor moved, check not saved", "contact.email.inbound:fetch", "after", (3, 6, 9)),
    Point("check: saved, nothing linked", "contact.email.inbound:link_received", "before", (5, 8, 11)),
    Point("link: before it", "contact.email.inbound:_carry", "before", (4, 9, 14)),
    Point("link: letter read", "contact.email.inbound:parse", "after", MANY),
    Point("link: in it, letter placed", "contact.email.inbound:_link", "after", (30, 85, 140)),
    Point("link: in it, messages stored", "tickets.actions.receiving:save_started", "before", (3, 7, 11)),
    Point("link: in it, deadlines started", "tickets.actions.receiving:save_started", "after", (5, 10, 15)),
    Point("link: in it, before the commit", "contact.email.inbound:update_rows", "after", FEW),
    Point("link: after the commit", "contact.email.inbound:_carry", "after", (3, 6, 9), if_done),
    # --- a reply is posted -----------------------------------------------------------------------------------------
    Point(
        "reply: in it, all rows written", "tickets.actions.replying:hold_for_sending", "after", SOME, program="replier"
    ),
    Point("reply: after the commit, no nudge", "helpdesk.nudge:_send", "before", (5, 30, 60), program="replier"),
    Point(
        "reply: after its nudges", "tickets.actions.replying:reply_to_client", "after", (8, 20, 35), program="replier"
    ),
    # --- and sent --------------------------------------------------------------------------------------------------
    Point("send: before the claim", "tickets.actions.delivering:claim_try", "before", SOME),
    Point("send: claimed, no connection", "tickets.actions.delivering:claim_try", "after", (5, 15, 30), if_done),
    Point("send: connected, not *sending*", "tickets.actions.delivering:begin_sending", "before", (4, 16, 28)),
    Point("send: *sending*, mail not out", "tickets.actions.delivering:begin_sending", "after", (6, 18, 32), if_done),
    Point("send: mail out, no answer yet", "smtplib:SMTP.send", "after", (4, 14, 26), if_whole_mail),
    Point("send: accepted there, not here", "tickets.actions.delivering:accept", "before", (3, 11, 22)),
    Point("accept: in it, deadlines met", "tickets.actions.delivering:meet_deadlines", "after", (5, 13, 24)),
    Point(
        "accept: in it, before the commit", "tickets.actions.delivering:complete_if_nothing_waits", "after", (8, 17, 23)
    ),
    Point("accept: after the commit, no nudge", "helpdesk.nudge:_send", "before", (10, 30, 50)),
    # --- its copy, and the marks -----------------------------------------------------------------------------------
    Point("copy: before it", "contact.email.outbound:file_copy", "before", SOME),
    Point("copy: before the APPEND", "contact.email.imap:ImapMailbox.file", "before", (4, 12, 22)),
    Point("copy: after the APPEND, not noted", "contact.email.imap:ImapMailbox.file", "after", (6, 14, 24)),
    Point("copy: noted", "tickets.actions.delivering:note_filed", "after", (5, 13, 21)),
    Point("mark: before it", "contact.email.imap:ImapMailbox.set_mark", "before", SOME),
    Point("mark: in it, old flags gone", "imapclient:IMAPClient.add_flags", "before", (5, 16, 28)),
    Point("mark: written, not noted", "contact.email.imap:ImapMailbox.set_mark", "after", (7, 18, 32)),
    Point("mark: noted", "contact.email.marks:note_mark_written", "after", (9, 20, 34)),
    # --- and what the kills leave behind ---------------------------------------------------------------------------
    Point("recover: before the look into Sent", "contact.email.outbound:resolve", "before", FEW),
    Point("recover: looked, nothing noted", "tickets.actions.delivering:lose", "before", (3, 5, 8)),
    Point("recover: in it, before the commit", "tickets.actions.delivering:_alert", "after", (2, 4, 6)),
    Point("recover: noted as unknown", "tickets.actions.delivering:lose", "after", (1, 3, 5)),
]
# --- the same steps while a server dies of it, in a run of a thousand mails: victim, step, call, moment, passages ------
REPLIER = {"program": "replier"}
DONE = {"only": if_done}
SERVER_POINTS = [
    Point(f"{victim}: {name}", where, moment, kills, victim=victim, **more)
    for victim, name, where, moment, kills, more in (
        (
            "database",
            "store, before the commit",
            "contact.models:RawMail.objects.bulk_create",
            "after",
            (14, 17, 20),
            {},
        ),
        ("database", "all stored, cursor not moved", "contact.models:MailboxCursor.objects.filter", "before", FEW, {}),
        ("database", "link, before the commit", "contact.email.inbound:update_rows", "after", (11, 13, 15), {}),
        ("database", "reply, all rows written", "tickets.actions.replying:hold_for_sending", "after", SOME, REPLIER),
        ("database", "*sending*, not out", "tickets.actions.delivering:begin_sending", "after", (9, 21, 35), DONE),
        ("database", "out, not noted", "tickets.actions.delivering:accept", "before", (6, 15, 22), {}),
        (
            "database",
            "accept, before the commit",
            "tickets.actions.delivering:meet_deadlines",
            "after",
            (3, 10, 18),
            {},
        ),
        ("database", "copy filed, not noted", "contact.email.imap:ImapMailbox.file", "after", (8, 12, 17), {}),
        ("database", "mark written, not noted", "contact.email.imap:ImapMailbox.set_mark", "after", (10, 25, 38), {}),
        ("imap", "listed, not read", "contact.email.imap:ImapMailbox.read_many", "before", (6, 12, 18), {}),
        ("imap", "read and stored", "contact.email.intake:store_many", "after", (10, 15, 19), {}),
        ("imap", "copy, before the APPEND", "contact.email.imap:ImapMailbox.file", "before", (7, 11, 16), {}),
        ("imap", "copy, after the APPEND", "contact.email.imap:ImapMailbox.file", "after", (5, 10, 15), {}),
        ("imap", "mark, old flags gone", "imapclient:IMAPClient.add_flags", "before", (8, 19, 30), {}),
        ("broker", "reply committed, no nudge", "helpdesk.nudge:_send", "before", (12, 40, 70), REPLIER),
        ("broker", "stored, not linked", "contact.email.inbound:_carry", "before", (10, 15, 20), {}),
        ("broker", "accepted, no nudge", "helpdesk.nudge:_send", "before", (20, 45, 60), {}),
    )
]


def points_of(how: str, *, has_servers: bool) -> list[Point]:
    """Return the points of a run; SQLite and the folder are no servers that could be killed."""
    killable = {"imap", "database", "broker"} if has_servers else {"imap"}
    return POINTS + [point for point in SERVER_POINTS if how == "servers" and point.victim in killable]


# A reply that a kill meets here may have left or not: it is for a person to say.
IN_DOUBT = {
    "send: *sending*, mail not out",
    "send: mail out, no answer yet",
    "send: accepted there, not here",
    "accept: in it, deadlines met",
    "accept: in it, before the commit",
}

# Where workers that are all alive are held up, for at most so many seconds: what is done meanwhile by another must not
# be done again, nor undone.
PAUSES = {
    "contact.email.intake:store_many": 0.1,
    "contact.email.inbound:_link": 0.02,
    "contact.email.imap:ImapMailbox.file": 0.3,
    "contact.email.imap:ImapMailbox.set_mark": 0.1,
    "contact.email.marks:note_mark_written": 0.1,
    "tickets.actions.delivering:note_filed": 0.1,
    "tickets.actions.delivering:begin_sending": 0.1,
    "tickets.actions.delivering:meet_deadlines": 0.06,
    "tickets.actions.replying:hold_for_sending": 0.06,
    "escalation.actions:_raise": 0.1,
    "sla.actions:_breach": 0.06,
}

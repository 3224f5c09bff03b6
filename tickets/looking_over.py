"""A letter to the client looked over before it leaves: what is shown beside its text.  (E-I.2, E-I.4, E-I.5)"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from directory.models import Employee
from knowledge.pages import FindingRow, finding_rows
from knowledge.queries import facts_for_check
from knowledge.reply_check import Code, check
from tickets.actions.replying import subject_of
from tickets.models import Message, Ticket
from tickets.queries import last_from_client

# So many of the client's last letters explain their own words.
EARLIER = 5


@dataclass(frozen=True)
class Look:
    """What was found in a letter; `is_confirmed`: its writer says that the identity codes are needed."""

    rows: list[FindingRow]
    is_confirmed: bool = False

    def unseen(self, shown: Collection[str]) -> list[FindingRow]:
        """Return what the writer has not had before their eyes yet; `shown` are the keys of what they have."""
        return [row for row in self.rows if row.key not in shown]


def look_over(
    ticket: Ticket,
    text: str,
    *,
    files: Sequence[str],
    sender: Employee,
    is_notice: bool = False,
    is_confirmed: bool = False,
) -> Look:
    """Return what is to be looked at; what the sender's profile lacks is told elsewhere, and before.  (E-I.5)"""
    answered = last_from_client(ticket)
    subject = subject_of(ticket, answered.subject if answered else "")
    facts = facts_for_check(ticket.desk, sender, earlier=_earlier(ticket), is_notice=is_notice)
    found = check(text, subject=subject, attachments=files, facts=facts)
    return Look(finding_rows((one for one in found if one.code != Code.SIGNATURE), text), is_confirmed)


def _earlier(ticket: Ticket) -> str:
    letters = Message.objects.filter(ticket=ticket, kind=Message.Kind.INCOMING).order_by("-pk")[:EARLIER]
    return "\n".join(reply or text for reply, text in letters.values_list("reply", "text"))

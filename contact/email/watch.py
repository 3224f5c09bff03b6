"""What a check of a mailbox or of the mail server says of an outage.  (E-II.1a, E-II.2)"""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from contact.models import MailboxCheck, SendingCheck
from escalation import outages
from escalation.models import Outage
from escalation.queries import open_outage
from helpdesk import nudge
from tickets.actions.delivering import try_now

What = Outage.What
# How long the record of a check is kept.
KEEP_CHECKS = timedelta(days=90)
# No outage begins earlier than this many failed checks ago: the third one opens it.
MOST_IN_A_RUN = 20


def note_mailbox(check: MailboxCheck, *, at: datetime) -> None:
    """Keep a check of the mailbox; the third failed one in a row opens an outage, the first good one ends it."""
    _note(What.MAILBOX, check, at=at)


def note_sending(check: SendingCheck, *, at: datetime) -> None:
    """Keep an attempt to send, likewise; what waited for the mail server's return is tried at once."""
    if _note(What.SENDING, check, at=at):
        try_now(check.desk, at=at)
        nudge.after_commit("contact.email.deliver_due")


def _note(what: str, check: MailboxCheck | SendingCheck, *, at: datetime) -> bool:
    """Keep the check; return whether it ended an outage."""
    check.save()
    rows = type(check)._default_manager.filter(desk=check.desk)
    rows.filter(at__lt=at - KEEP_CHECKS).delete()
    if not check.error:
        return outages.note_success(check.desk, what, at=check.at) is not None
    _note_failure(what, check, rows.exclude(error=""), at=at)
    return False


def _note_failure(what: str, check: MailboxCheck | SendingCheck, failed: QuerySet[Any], *, at: datetime) -> None:
    if outage := open_outage(check.desk, what):
        outages.count_failures(outage, failed.filter(at__gte=outage.began_at).count())
        return
    good = type(check)._default_manager.filter(desk=check.desk, error="")
    good_at = good.order_by("-at").values_list("at", flat=True).first()
    later = failed.filter(at__lte=check.at, at__gt=good_at) if good_at else failed.filter(at__lte=check.at)
    # Empty where a later check was good: this one was only slow to fail.
    failed_at = list(later.order_by("-at").values_list("at", flat=True)[:MOST_IN_A_RUN])
    outages.note_failure(check.desk, outages.Failure(what, check.cause, check.error, failed_at), at=at)

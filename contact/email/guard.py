"""Machines that answer machines: how often one sender may write, and our own mail that comes back."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet

from audit.models import Event
from audit.verbs import Verb
from contact.email.parse import ParsedMail
from contact.models import ReceivedMail
from escalation.actions import raise_alert
from escalation.models import Alert
from tickets.models import Message

State, Reason = ReceivedMail.State, ReceivedMail.Reason
WINDOW = timedelta(hours=1)
UNCOUNTED = (State.RECEIVED, State.HISTORY, State.DUPLICATE)


def is_own(parsed: ParsedMail) -> bool:
    """Tell whether a letter of ours has come back: by its Message-ID, whatever its sender and its desk."""
    if not parsed.message_id:
        return False
    return Message.objects.filter(message_id=parsed.message_id, kind=Message.Kind.OUTGOING).exists()


class Guard:
    """How often the senders of some mails have written to their desk; `note` counts those carried on meanwhile.

    The clock is that of receipt: what waited through a downtime is no loop for being carried on at once.
    """

    def __init__(self, mails: Sequence[ReceivedMail], senders: Iterable[str]) -> None:
        times = [mail.received_at for mail in mails]
        rows = ReceivedMail.objects.filter(desk=mails[0].desk_id, sender__in={one for one in senders if one})
        rows = rows.filter(received_at__range=(min(times) - WINDOW, max(times))).exclude(state__in=UNCOUNTED)
        self._times: dict[str, list[datetime]] = defaultdict(list)
        for sender, received_at in rows.values_list("sender", "received_at"):
            self._times[sender].append(received_at)

    def note(self, mail: ReceivedMail) -> None:
        if mail.state not in UNCOUNTED:
            self._times[mail.sender].append(mail.received_at)

    def is_loop(self, mail: ReceivedMail) -> bool:
        """Tell whether the mail's sender had written too often in the hour before; one that a person runs again is none."""
        before = (mail.received_at - WINDOW, mail.received_at)
        if sum(before[0] <= at <= before[1] for at in self._times[mail.sender]) < settings.LOOP_MAILS_AN_HOUR:
            return False
        label = mail._meta.label_lower
        return not Event.objects.filter(verb=Verb.MAIL_RETRIED, target_type=label, target_id=mail.pk).exists()


def tell_of_loop(mail: ReceivedMail, *, at: datetime) -> None:
    """Tell the administrators of a loop, at its first mail only."""
    if _of_sender(mail).filter(reason=Reason.LOOP).exists():
        return
    last = Message.objects.filter(sender_address=mail.sender.lower(), ticket__desk=mail.desk).order_by("-pk").first()
    if last is None:
        return
    ticket = last.ticket
    raise_alert(
        Alert.Trigger.MAIL_LOOP,
        ticket_id=ticket.pk,
        message_id=last.pk,
        desk_id=ticket.desk_id,
        owner_id=ticket.owner_id,
        at=at,
    )


def _of_sender(mail: ReceivedMail) -> QuerySet[ReceivedMail]:
    """Return the mails of the sender to the desk in the hour before this one."""
    window = (mail.received_at - WINDOW, mail.received_at)
    rows = ReceivedMail.objects.filter(desk_id=mail.desk_id, sender=mail.sender, received_at__range=window)
    return rows.exclude(pk=mail.pk)

"""What an alert says, made at display time."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from escalation.models import Alert, Outage
from sla.words import deadline_words, full_moment, moment, paragraph_words

if TYPE_CHECKING:
    from tickets.models import HandOver

Trigger = Alert.Trigger
What, Cause = Outage.What, Outage.Cause
# By which an outage is told.
PARAGRAPH = "E II.2"

DRAFT_DETAILS = {
    Trigger.FORWARDED: gettext_lazy(
        "Open the ticket: the client's question, and by when the draft is due, stand there."
    ),
    Trigger.DRAFT_SUBMITTED: gettext_lazy(
        "Open the ticket and send it to the client at once, or return it with a reason."
    ),
    Trigger.DRAFT_RETURNED: gettext_lazy("The reason stands beside your words; the time to finish has not changed."),
    Trigger.APPROVAL_ASKED: gettext_lazy("Its words stand under “To be approved”: approve them, or return them."),
    Trigger.REPLY_APPROVED: gettext_lazy("Open the ticket and send it to the client at once, as it is."),
    Trigger.REPLY_NOT_APPROVED: gettext_lazy("The reason stands beside your words; put them right and ask once more."),
    Trigger.MENTIONED: gettext_lazy("Open the ticket: the note stands in the conversation."),
    Trigger.DRAFT_REFUSED: gettext_lazy("Open the ticket: hand it to another colleague, or answer yourself."),
}


# What happened to a ticket, by what raised the alert.
TITLES = {
    Trigger.OUTCOME_UNKNOWN: gettext_lazy("%(number)s: it is not known whether the reply left"),
    Trigger.REPLY_REFUSED: gettext_lazy("%(number)s: the mail server refused the reply"),
    Trigger.REPLY_GIVEN_UP: gettext_lazy("%(number)s: the reply could not be sent for a day and is given up"),
    Trigger.REPLY_BOUNCED: gettext_lazy("%(number)s: the reply came back undelivered"),
    Trigger.FORWARDED: gettext_lazy("%(number)s: you are asked for a draft"),
    Trigger.DRAFT_SUBMITTED: gettext_lazy("%(number)s: a draft waits to be sent"),
    Trigger.DRAFT_RETURNED: gettext_lazy("%(number)s: the draft was returned to you"),
    Trigger.DRAFT_REFUSED: gettext_lazy("%(number)s: the colleague has refused the draft"),
    Trigger.APPROVAL_ASKED: gettext_lazy("%(number)s: an answer waits for your approval"),
    Trigger.REPLY_APPROVED: gettext_lazy("%(number)s: the answer was approved"),
    Trigger.REPLY_NOT_APPROVED: gettext_lazy("%(number)s: the answer was not approved"),
    Trigger.MENTIONED: gettext_lazy("%(number)s: a note names you"),
    Trigger.FILE_INFECTED: gettext_lazy("%(number)s: a virus was found in a file"),
    Trigger.MAIL_LOOP: gettext_lazy("%(number)s: its sender writes again and again"),
    Trigger.SCANNER_DOWN: gettext_lazy("%(number)s: the virus scanner does not answer, files wait"),
}


def title(alert: Alert) -> str:
    """Return what happened, in one line that begins with the ticket's number, or with the desk's address."""
    if alert.outage is not None:
        return outage_title(alert.outage, has_ended=alert.trigger == Trigger.OUTAGE_ENDED)
    if alert.hand_over is not None:
        return _hand_over_title(alert.hand_over, is_back=alert.trigger == Trigger.HANDED_BACK)
    assert alert.ticket is not None  # the constraint on its cause
    number = alert.ticket.short_number
    if alert.trigger in TITLES:
        return str(TITLES[Trigger(alert.trigger)]) % {"number": number}
    return _deadline_title(number, alert.kinds, is_broken=alert.trigger == Trigger.BREACH)


def _deadline_title(number: str, kinds: list[str], *, is_broken: bool) -> str:
    facts = {"number": number, "name": _("”, “").join(deadline_words(kind).lower() for kind in kinds)}
    near = ngettext(
        "%(number)s: the deadline “%(name)s” is near", "%(number)s: the deadlines “%(name)s” are near", len(kinds)
    )
    broken = ngettext(
        "%(number)s: the deadline “%(name)s” is broken", "%(number)s: the deadlines “%(name)s” are broken", len(kinds)
    )
    return (broken if is_broken else near) % facts


def _hand_over_title(hand_over: "HandOver", *, is_back: bool) -> str:
    facts = {"number": len(hand_over.tickets), "taker": hand_over.taker, "giver": hand_over.giver or hand_over.by}
    given = ngettext(
        "%(number)d ticket was handed over: from %(giver)s to %(taker)s",
        "%(number)d tickets were handed over: from %(giver)s to %(taker)s",
        len(hand_over.tickets),
    )
    back = ngettext(
        "%(number)d ticket was handed back: from %(taker)s to %(giver)s",
        "%(number)d tickets were handed back: from %(taker)s to %(giver)s",
        len(hand_over.tickets),
    )
    return (back if is_back else given) % facts


def detail(alert: Alert, now: datetime) -> str:
    """Return when it was due and by which paragraph, or what to do."""
    if alert.outage is not None:
        return _outage_detail(alert.outage, now, has_ended=alert.trigger == Trigger.OUTAGE_ENDED)
    if alert.deadline is not None:
        due = moment(alert.deadline.due_at, now, alert.desk.tz)
        return _("Due %(due)s. %(paragraph)s.") % {"due": due, "paragraph": paragraph_words(alert.deadline.paragraph)}
    if alert.hand_over is not None:
        return _("Open the queue: the tickets and their deadlines stand there under their new owner.")
    if alert.trigger in DRAFT_DETAILS:
        return str(DRAFT_DETAILS[Trigger(alert.trigger)])
    if alert.trigger == Trigger.FILE_INFECTED:
        return _("The file is kept apart and cannot be opened. Open the ticket and ask the sender for another.")
    if alert.trigger == Trigger.MAIL_LOOP:
        return _("A machine may be answering a machine. Its further mail waits unprocessed and opens no tickets.")
    if alert.trigger == Trigger.SCANNER_DOWN:
        return _("No new file can be opened until it answers. Tell the system manager.")
    return _("Open the ticket and decide: send again, or note that it arrived.")


def path_of(alert: Alert) -> str:
    """Return the path of the page that an alert is about."""
    if alert.ticket is not None:
        return reverse("ticket", args=[alert.ticket.number])
    if alert.hand_over_id is not None:
        return f"{reverse('queue')}?view=mine"
    return reverse("outage", args=[alert.outage_id])


def outage_title(outage: Outage, *, has_ended: bool) -> str:
    """Return what fails, or what works again, in one line that begins with the desk's address."""
    words = {
        (What.MAILBOX, False): _("%(address)s: the mailbox cannot be reached"),
        (What.MAILBOX, True): _("%(address)s: the mailbox can be reached again"),
        (What.SENDING, False): _("%(address)s: no mail can be sent"),
        (What.SENDING, True): _("%(address)s: mail can be sent again"),
    }
    return words[What(outage.what), has_ended] % {"address": outage.desk.address}


def _outage_detail(outage: Outage, now: datetime, *, has_ended: bool) -> str:
    began = moment(outage.began_at, now, outage.desk.tz)
    paragraph = paragraph_words(PARAGRAPH)
    if has_ended and outage.ended_at is not None:
        facts = {"began": began, "ended": moment(outage.ended_at, now, outage.desk.tz), "paragraph": paragraph}
        return _("It failed from %(began)s until %(ended)s. %(paragraph)s.") % facts
    facts = {"began": began, "cause": cause_words(outage), "paragraph": paragraph}
    return _("Since %(began)s: %(cause)s. %(paragraph)s.") % facts


def cause_words(outage: Outage) -> str:
    """Return what is wrong: the administrator's own words where they established it, else the cause."""
    return outage.note or str(outage.get_cause_display())


def remedy_words(cause: str) -> str:
    """Return what the administrator can do about a cause."""
    match cause:
        case Cause.NAME:
            return _("The name service (DNS) or the network does not work: TNA's IT support can tell.")
        case Cause.CONNECT:
            return _("The mail server, or the network on the way to it, is down: TNA's IT support can tell.")
        case Cause.TLS:
            return _("The server's certificate has run out or is not its own: TNA's IT support has to renew it.")
        case Cause.LOGIN:
            return _(
                "The password was changed or has run out, or the account is locked: "
                "TNA's IT support gives a new one, the system manager enters it."
            )
        case Cause.QUOTA:
            return _("New mail is turned away: archive old mail, or ask TNA's IT support for more room.")
        case Cause.REFUSED:
            return _("The mail server takes no mail from this desk: TNA's IT support can tell whether it is blocked.")
        case Cause.FOLDER:
            return _("The folder is gone, or the rights to it have changed: TNA's IT support can tell.")
        case Cause.PROTOCOL:
            return _("The server answers, but not as it should: give TNA's IT support the server's own words.")
        case Cause.SETTINGS:
            return _("The address of the mailbox is not in the settings: tell the system manager.")
        case _:
            return _("Tell TNA's IT support what you see.")


def letter_to_tna(outage: Outage, now: datetime) -> str:
    """Return what TNA's IT support is written about an outage, or about its end."""
    tz, desk = outage.desk.tz, outage.desk
    lines = [
        _("Office: %(office)s, %(desk)s") % {"office": desk.office, "desk": desk.name},
        _("Began: %(at)s") % {"at": full_moment(outage.began_at, tz, with_year=True)},
        _("Cause: %(cause)s") % {"cause": cause_words(outage)},
    ]
    if outage.error:
        lines.append(_("The server's own words: %(error)s") % {"error": outage.error})
    if outage.ended_at is not None:
        lines.append(_("It works again since: %(at)s") % {"at": full_moment(outage.ended_at, tz, with_year=True)})
    else:
        lines.append(_("Please find the cause and mend it."))
    if desk.phone:
        lines.append(_("Phone: %(phone)s") % {"phone": desk.phone})
    greeting = _("Good day!")
    return "\n\n".join([greeting, outage_title(outage, has_ended=outage.ended_at is not None), "\n".join(lines)])

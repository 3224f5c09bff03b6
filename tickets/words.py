"""Tickets in words, made at display time."""

import re
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from audit.models import Event
from audit.verbs import Verb
from sla.words import day_words, deadline_words, full_moment, reason_words
from tickets.actions.working import OutOfOrder
from tickets.kinds import suffix_of
from tickets.models import Attachment, Delivery, Message

# Events that are a line of the conversation; the others are in the log only.
SHOWN = (
    Verb.TICKET_TAKEN,
    Verb.TICKET_REOPENED,
    Verb.TICKET_COMPLETED,
    Verb.TICKET_TOPIC_CHOSEN,
    Verb.TICKET_FORWARDED,
    Verb.FORWARDING_UNDONE,
    Verb.DRAFT_RETURNED,
    Verb.DRAFT_REFUSED,
    Verb.APPROVAL_ASKED,
    Verb.REPLY_APPROVED,
    Verb.REPLY_NOT_APPROVED,
    Verb.CLIENT_CONSULTED,
    Verb.TICKET_JUNKED,
    Verb.TICKET_UNJUNKED,
    Verb.OLDER_PASSED_OVER,
    Verb.ANSWER_NOT_NEEDED,
    Verb.MACRO_APPLIED,
    Verb.REPLY_CONFIRMED,
    Verb.REPLY_REQUEUED,
    Verb.REPLY_FAILURE_SEEN,
    Verb.TICKET_PAUSED,
    Verb.TICKET_RESUMED,
    Verb.PROMISE_MADE,
    Verb.PROMISE_PROLONGED,
    Verb.TICKET_JOINED,
    Verb.TICKET_UNJOINED,
    Verb.TICKET_SPLIT,
    Verb.TICKET_LINKED,
    Verb.TICKET_UNLINKED,
    Verb.TICKET_HANDED_OVER,
    Verb.TICKET_HANDED_BACK,
    Verb.CLIENT_MOVED,
    Verb.SUGGESTION_DECLINED,
    Verb.MESSAGE_REOPENED,
    Verb.MARK_KEPT,
    Verb.REPLY_NO_ANSWER,
    Verb.DEADLINE_MOVED,
    Verb.DEADLINE_BREACHED,
    Verb.BREACH_WITHDRAWN,
)


def event_words(event: Event, tz: ZoneInfo) -> str:
    """Return what happened, in a sentence that begins with who did it; instants on the clock of `tz`."""
    who = str(event.by.employee) if event.by else _("The system")
    data = event.data
    match event.verb:
        case Verb.TICKET_TAKEN:
            return _("%(who)s took the ticket in hand") % {"who": who}
        case Verb.TICKET_REOPENED:
            return _("The client wrote again: the ticket was reopened")
        case Verb.TICKET_COMPLETED:
            return _("%(who)s completed the ticket") % {"who": who}
        case Verb.TICKET_TOPIC_CHOSEN:
            return _("%(who)s said that it is about “%(topic)s”") % {"who": who, "topic": data["name"]}
        case Verb.TICKET_JUNKED:
            return _("%(who)s put the ticket among the junk") % {"who": who}
        case Verb.TICKET_UNJUNKED:
            return _("%(who)s brought the ticket back from the junk") % {"who": who}
        case Verb.OLDER_PASSED_OVER:
            reason = OutOfOrder(data["reason"]).label
            return _("%(who)s started on this before the older %(older)s: %(reason)s") % {
                "who": who, "older": data["older"], "reason": reason,
            }  # fmt: skip
        case Verb.ANSWER_NOT_NEEDED:
            return _("%(who)s noted that no answer is needed: %(reason)s") % {"who": who, "reason": data["reason"]}
        case Verb.MACRO_APPLIED if data["topic"]:
            facts = {"who": who, "name": data["name"], "topic": data["topic"]}
            return _("%(who)s applied the macro “%(name)s”; topic: %(topic)s") % facts
        case Verb.MACRO_APPLIED:
            return _("%(who)s applied the macro “%(name)s”") % {"who": who, "name": data["name"]}
        case Verb.REPLY_CONFIRMED:
            return _("%(who)s noted that the reply did leave") % {"who": who}
        case Verb.REPLY_REQUEUED:
            return _("%(who)s had the reply sent again") % {"who": who}
        case Verb.REPLY_FAILURE_SEEN:
            return _("%(who)s noted that the reply did not reach everybody") % {"who": who}
        case _:
            return _draft_words(event, who, tz) or _belonging_words(event, who) or _deadline_event_words(event, who, tz)


def _draft_words(event: Event, who: str, tz: ZoneInfo) -> str:
    """Return what passed between the administrator and the colleague; nothing for any other event."""
    data = event.data
    match event.verb:
        case Verb.TICKET_FORWARDED if data["promised_for"]:
            facts = {"who": who, "name": data["name"], "due": _instant(data["promised_for"], tz)}
            return _("%(who)s forwarded the ticket to %(name)s; the client was promised the answer by %(due)s") % facts
        case Verb.TICKET_FORWARDED:
            return _("%(who)s handed the ticket on to %(name)s; the promised time stays") % {
                "who": who,
                "name": data["name"],
            }
        case Verb.FORWARDING_UNDONE:
            return _("%(who)s took the forwarding back before the client was told") % {"who": who}
        case Verb.DRAFT_RETURNED:
            return _("%(who)s returned the draft: %(reason)s") % {"who": who, "reason": data["reason"]}
        case Verb.DRAFT_REFUSED:
            return _("%(who)s refused to write the draft: %(reason)s") % {"who": who, "reason": data["reason"]}
        case Verb.APPROVAL_ASKED:
            return _("%(who)s asked the deputy director to approve the answer") % {"who": who}
        case Verb.REPLY_APPROVED:
            return _("%(who)s approved the answer") % {"who": who}
        case Verb.REPLY_NOT_APPROVED:
            return _("%(who)s did not approve the answer: %(reason)s") % {"who": who, "reason": data["reason"]}
        case Verb.CLIENT_CONSULTED:
            return _("%(who)s consulted the client by phone: %(told)s") % {"who": who, "told": data["told"]}
        case _:
            return ""


def _belonging_words(event: Event, who: str) -> str:
    """Return what was decided about where a ticket belongs, or about the mailbox; nothing for any other event."""
    data = event.data
    match event.verb:
        case Verb.TICKET_JOINED if "into" in data:
            return _("%(who)s joined this ticket to %(number)s") % {"who": who, "number": data["into"]}
        case Verb.TICKET_JOINED:
            return _("%(who)s joined %(number)s to this ticket") % {"who": who, "number": data["joined"]}
        case Verb.TICKET_UNJOINED if "into" in data:
            return _("%(who)s took this ticket out of %(number)s again") % {"who": who, "number": data["into"]}
        case Verb.TICKET_UNJOINED:
            return _("%(who)s took %(number)s out of this ticket again") % {"who": who, "number": data["joined"]}
        case Verb.SUGGESTION_DECLINED:
            facts = {"who": who, "number": data["suggested"]}
            return _("%(who)s noted that this does not belong to %(number)s") % facts
        case Verb.MESSAGE_REOPENED:
            return _("%(who)s marked a message as incomplete again, as it was in the mailbox") % {"who": who}
        case Verb.MARK_KEPT:
            return _("%(who)s kept our mark; the one in the mailbox is written over") % {"who": who}
        case Verb.REPLY_NO_ANSWER:
            return _("%(who)s noted that the letter written in the mailbox was no answer") % {"who": who}
        case _:
            return _passing_words(event, who)


def _passing_words(event: Event, who: str) -> str:
    """Return what a ticket was split from or linked to, into whose hands it went; nothing for any other event."""
    data = event.data
    match event.verb:
        case Verb.TICKET_SPLIT if "off" in data:
            return _("%(who)s split %(number)s off this ticket") % {"who": who, "number": data["off"]}
        case Verb.TICKET_SPLIT:
            return _("%(who)s split this ticket off %(number)s") % {"who": who, "number": data["source"]}
        case Verb.TICKET_LINKED:
            return _("%(who)s linked this ticket to %(number)s") % {"who": who, "number": data["other"]}
        case Verb.TICKET_UNLINKED:
            return _("%(who)s removed the link to %(number)s") % {"who": who, "number": data["other"]}
        case Verb.TICKET_HANDED_OVER:
            return _("%(who)s handed the ticket over to %(name)s") % {"who": who, "name": data["name"]}
        case Verb.TICKET_HANDED_BACK:
            return _("%(who)s handed the ticket back to %(name)s") % {"who": who, "name": data["name"] or "–"}
        case Verb.CLIENT_MOVED:
            return _("%(who)s merged two clients: the ticket is now %(name)s's") % {"who": who, "name": data["name"]}
        case _:
            return ""


def _deadline_event_words(event: Event, who: str, tz: ZoneInfo) -> str:
    """Return what happened to the time of a ticket: a pause, a promise, a move, a breach."""
    data = event.data
    name = deadline_words(data["kind"]).lower() if "kind" in data else ""
    match event.verb:
        case Verb.TICKET_PAUSED:
            day = day_words(date.fromisoformat(data["resume_on"][-1]))
            return _("%(who)s asked the client; the ticket waits until %(day)s") % {"who": who, "day": day}
        case Verb.TICKET_RESUMED:
            return _("The wait for the client ended: the deadlines run again")
        case Verb.PROMISE_MADE | Verb.PROMISE_PROLONGED:
            told = _("%(who)s told the client that the answer comes by %(due)s: %(told)s")
            later = _("%(who)s told the client that the answer comes later, by %(due)s: %(told)s")
            facts = {"who": who, "due": _instant(data["due_at"][-1], tz), "told": data["told"]}
            return (told if event.verb == Verb.PROMISE_MADE else later) % facts
        case Verb.DEADLINE_MOVED:
            before, after = (_instant(text, tz) for text in data["due_at"])
            moved = _("The deadline “%(name)s” moved from %(before)s to %(after)s: the calendar was changed")
            return moved % {"name": name, "before": before, "after": after}
        case Verb.BREACH_WITHDRAWN:
            facts = {"who": who, "name": name, "reason": reason_words(data["reason"])}
            return _("%(who)s withdrew the breach of “%(name)s”: %(reason)s") % facts
        case _:
            return _("The deadline “%(name)s” was broken") % {"name": name}


def _instant(text: str, tz: ZoneInfo) -> str:
    return full_moment(datetime.fromisoformat(text), tz)


def delivery_words(delivery: Delivery, when: str) -> str:
    """Return what became of a reply; `when` is the instant of its acceptance in words."""
    people = {"people": ", ".join(delivery.failed)}
    match delivery.state:
        case Delivery.State.SENT if delivery.failed:
            return _("Sent %(when)s, but it did not reach %(people)s") % {"when": when, **people}
        case Delivery.State.SENT:
            return _("Sent %(when)s") % {"when": when}
        case Delivery.State.UNKNOWN:
            return _("The connection broke while sending: it is not known whether the reply left")
        case Delivery.State.REFUSED:
            return _("The mail server refused it")
        case Delivery.State.GIVEN_UP:
            return _("It could not be sent for a day, and is not tried any more")
        case Delivery.State.BOUNCED:
            return _("It came back undelivered")
        case Delivery.State.RECALLED:
            return _("Taken back before it left")
        case Delivery.State.QUEUED if delivery.error:
            return _("Could not be sent yet; it will be tried again")
        case _:
            return _("Being sent")


# What mail servers mean, by the beginning of their enhanced status (RFC 3463) or of their code; the first that fits.
MEANINGS: tuple[tuple[str, str | Promise], ...] = (
    (r"\b5\.1\.(?:[0136]|10)\b|no such (user|mailbox)|user unknown", gettext_lazy("there is no such mailbox: check the address")),
    (r"\b[45]\.1\.2\b|\b[45]\.4\.[14]\b", gettext_lazy("there is no mail server for such addresses: check the part after @")),
    (r"\b[45]\.2\.1\b", gettext_lazy("the mailbox is closed: ask the client for another address")),
    (r"\b[45]\.2\.2\b", gettext_lazy("the client's mailbox is full: reach them another way, or try later")),
    (r"\b[45]\.(2\.3|3\.4)\b|\b552\b", gettext_lazy("the letter is too large for their mail server: send fewer or smaller files")),
    (r"\b53[0-9]\b", gettext_lazy("our own mail server did not let us in: tell your technical support")),
    (r"\b5\.7\.\d+\b|\b55\d .*(spam|policy|blocked)", gettext_lazy("the mail server does not let this letter pass: tell your technical support")),
    (r"connection refused|timed out|unreachable|not known|resolution|errno", gettext_lazy("our own mail server does not answer")),
    (r"\b5\d\d\b|\b5\.\d+\.\d+\b", gettext_lazy("the mail server does not take it")),
    (r"\b4\d\d\b|\b4\.\d+\.\d+\b", gettext_lazy("the mail server asked to try later")),
)  # fmt: skip


def failure_words(error: str) -> str:
    """Return in plain words what a mail server meant, without a capital or a full stop; "" for no words at all."""
    if not error:
        return ""
    found = (words for pattern, words in MEANINGS if re.search(pattern, error, re.IGNORECASE))
    return str(next(found, _("a fault of another kind: tell your technical support")))


def mark_words(seen: str, when: str) -> str:
    """Return which mark somebody set in the mailbox; `when` is the instant at which it was seen, in words."""
    match seen:
        case Message.Mark.COMPLETE:
            return _("Somebody marked this message as complete in the mailbox (seen %(when)s).") % {"when": when}
        case Message.Mark.INCOMPLETE:
            return _("Somebody marked this message as incomplete in the mailbox (seen %(when)s).") % {"when": when}
        case _:
            return _("Somebody took the mark off this message in the mailbox (seen %(when)s).") % {"when": when}


def size_words(size: int) -> str:
    """Return a file's size as people say it."""
    if size < 1024:
        return _("%(number)d B") % {"number": size}
    if size < 1024 * 1024:
        return _("%(number)d KB") % {"number": round(size / 1024)}
    return _("%(number).1f MB") % {"number": size / 1024 / 1024}


def risk_words(file: Attachment) -> str:
    """Return what to be wary of in a file, "" if nothing."""
    match file.risk:
        case Attachment.Risk.PROGRAM:
            return _("A program, whatever its name says: do not open it.")
        case Attachment.Risk.SCRIPT:
            return _("A script: opened, it runs commands on your computer.")
        case Attachment.Risk.MACROS:
            return _("It holds macros: do not enable them.")
        case Attachment.Risk.DISGUISED:
            facts = {"suffix": suffix_of(file.name), "type": file.real_type}
            return _("Its name ends in “.%(suffix)s”, but its content is something else (%(type)s).") % facts
        case Attachment.Risk.PAGE:
            return _("A web page: opened in a browser, it can lead to a false sign-in form.")
        case Attachment.Risk.LOCKED:
            return _("Locked with a password: nobody could check what is inside.")
        case _:
            return ""


def scan_words(file: Attachment) -> str:
    """Return what the virus scanner says of a file, "" if there is nothing to say."""
    match file.scan:
        case Attachment.Scan.WAITING:
            return _("It is being checked for viruses and can be opened in a moment.")
        case Attachment.Scan.INFECTED:
            return _("The virus %(virus)s was found in it: the file is kept apart.") % {"virus": file.scan_words}
        case Attachment.Scan.FAILED:
            return _("It could not be checked for viruses: %(reason)s") % {"reason": file.scan_words}
        case _:
            return ""


def contents_words(file: Attachment) -> str:
    """Return in a line what a container holds, "" for any other file."""
    inner, signers = file.contents.get("files", []), file.contents.get("signers", [])
    if not inner and not signers:
        return ""
    files = ngettext("%(number)d file inside", "%(number)d files inside", len(inner)) % {"number": len(inner)}
    if not signers:
        return files
    names = ", ".join(signer[0] for signer in signers[:3])
    return _("%(files)s; signed by: %(names)s") % {"files": files, "names": names}


def more_files_words(number: int) -> str:
    """Return how many files are folded, "" if none."""
    words = ngettext("Show %(number)d more file", "Show %(number)d more files", max(number, 0))
    return words % {"number": number} if number > 0 else ""


def files_left_words(number: int) -> str:
    """Return how many files a mail has that were not taken out of it, "" if none."""
    words = ngettext(
        "%(number)d more file is only in the mail as it came.",
        "%(number)d more files are only in the mail as it came.",
        number,
    )
    return words % {"number": number} if number else ""

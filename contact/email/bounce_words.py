"""Failures of delivery told in words, as qmail, exim, Exchange, Yahoo and many gateways do.  Pure.

One reading for all of them: cut off the returned mail, then take the addresses that stand where reports name a
recipient: alone at the start of a line, or in a line that speaks of failure.
"""

import re
from collections.abc import Iterable, Iterator

from contact.email.headers import addresses

STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")

_MAX_WORDS = 20_000
_MAX_LINE = 1_000
_ADDRESS = r"[\w.!#$%&'*+/?^`{|}~-]+(?:=[\w.+-]+)?@[\w-]+(?:\.[\w-]+)+"
_ANY = re.compile(r"(?:SMTP[=:]|rfc822;\s?)?(" + _ADDRESS + r")(?![\w@])", re.IGNORECASE)
_NAMED = (
    r"(?:[\w ']{0,30}(?:rcpt to|user(?:id|name)?|recipient|address|mailbox|account|full|e-?mail|empfänger|adresāts"
    r"|saņēmējs|получатель|адресат|destinataire|destinatario)(?:\(?e?s\)?)?\s*:\s*)?"
)
_FIRST = re.compile(
    r"^[\s>*•·|=.-]*(?:\d{1,3}[.)]\s+)?"
    + _NAMED
    + r"(?:\"[^\"@]{0,80}\"\s*|[^\W\d_][\w .,']{0,60}(?=<))?[\s<\[(\"']*(?:mailto:|SMTP[=:]|rfc822;\s?)?("
    + _ADDRESS
    + r")(?![\w@])",
    re.IGNORECASE,
)
_NEXT = re.compile(r"[>\])\"']*\s*[,;]\s*[<\"']?(" + _ADDRESS + r")(?![\w@])")
_ORIGINALLY = re.compile(r"(?:originally addressed to|original address)\s*:?\s*<?(" + _ADDRESS + ")", re.IGNORECASE)
_LONE_NAME = re.compile(r"\s+([\w.+-]{2,64})(?:\s{2,}\S.*|\s+\(.*\))?\s*")
_REFUSED_NAME = re.compile(
    r"\s*(?:<<<\s*)?55\d(?: \d\.\d\.\d)?\s+<?([\w.+-]{1,64})>?\.\.\.\s"
)  # sendmail, of its own people
_IN_DOMAIN = re.compile(r"local[- ]part \"?([\w.+-]{1,64})\"? in domain \"?([\w.-]+\.\w+)", re.IGNORECASE)
_EXPANDED = re.compile(r"(?:expanded|generated) from:?\s*<?(" + _ADDRESS + ")", re.IGNORECASE)
_HEADING = re.compile(r"^\s*-{3,}.*-{3,}\s*$")
_NOT_GIVEN_UP = re.compile(r"transient (?:non-?fatal )?errors|\bsuccess", re.IGNORECASE)
_SUBJECT = re.compile(
    r"undeliver|non-?deliver|not (?:be )?(?:been )?deliver|deliver\w* (?:status|failure|fail|has failed|problem"
    r"|error|report|notification)"
    r"|delivery failed|failed delivery|returned (?:mail|to sender|message)"
    r"|return(?:ing|ed)? (?:message )?to sender|failure (?:notice|delivery|notification)"
    r"|mail (?:delivery )?fail|mail system error|error during delivery|mail error|delivery error|user unknown"
    r"|unknown user|mailbox (?:full|unavailable)"
    r"|rejected (?:mail|message)|message rejected|permanent delivery|bounced?\b|no such user|could not deliver"
    r"|unable to deliver"
    r"|nav piegād|nevar piegād|nepiegād|neizdevās (?:no|pie)sūtīt|piegāde (?:neizdevās|nav izdevusies)"
    r"|piegādes (?:kļūme|kļūda|statusa)"
    r"|не (?:удалось )?достав|недоставлен|невозможно доставить|ошибка доставки|unzustellbar|unzustellbare"
    r"|nicht zugestellt|zustellung fehl"
    r"|nepristatyt|nepavyko pristatyti|kohaletoimetam|edastamine ebaõnnestus|non remis|échec de la remise"
    r"|inesigibile|mancato recapito|no se (?:ha podido|pudo) entregar",
    re.IGNORECASE,
)
_FAILS = re.compile(
    r"undeliver|(?:not|n't|cannot|never|unable to|failed to|failure)\s+(?:\w+\s+){0,3}?(?:deliver|reach|receive"
    r"|accept|be sent|send|send mail)"
    r"|deliver\w*\s+(?:\w+\s+){0,4}?(?:fail|abort|problem|error|unsuccess)"
    r"|(?:fail|unsuccess|reject)\w*\s+(?:\w+\s+){0,4}?(?:deliver|recipient|address)"
    r"|permanent(?:ly)? (?:fatal )?(?:error|fail)|fatal error|did not (?:reach|receive)|returned|reject|unknown"
    r"|invalid|no such"
    r"|not (?:exist|found|known|listed|available|recognized|valid|active)|does(?:n't| not) exist|doesn't have|no longer"
    r"|over ?quota|quota|full\b|disabled|unavailable|exceed"
    r"|\b55\d\b|nav piegād|nevar piegād|neizdevās|nepiegād|не (?:удалось|может|был)|недоступен|не существует"
    r"|unzustellbar|nicht zugestellt|unbekannt"
    r"|n'existe pas|non remis|could not|unable|recipient",
    re.IGNORECASE,
)
_CONTINUES = re.compile(
    r"warning (?:message )?only|(?:will|shall|'ll) (?:be retried|continue|keep|try|retry)|(?:was|been|is|still) deferred"
    r"|attempts? (?:to deliver \w+ )?will (?:continue|be made)"
    r"|still (?:being retried|awaiting delivery|undelivered)|(?:has|have) been (?:postponed|delayed)|not yet been delivered|message (?:is )?delayed"
    r"|delayed (?:mail|delivery)|delivery delay"
    r"|do(?:es)? not need to resend|will be (?:re-?attempted|tried again)|piegāde (?:aizkav|kavēj)"
    r"|aizkavēta piegāde|доставка задерж|zustellung verzögert",
    re.IGNORECASE,
)
_DELAY_SUBJECT = re.compile(
    r"\s*(?:warning\b|delayed\b|delay\b|deliver\w* |undeliver|mail (?:system|delivery)|your (?:mail|message)|could not send)",
    re.IGNORECASE,
)
_BY_ITSELF = re.compile(
    r"\W*this (?:is an?|message (?:was|is)|e?-?mail (?:was|is)|report (?:was|is))(?: \w+)? (?:automatic|automated|auto-?generated"
    r"|(?:computer|machine|system)[- ]generated)",
    re.IGNORECASE,
)
_PASSED_ON = re.compile(r"\s*(?:re|fwd?|aw|wg|atb|pārs\w*|на|tr|ha)\s*:", re.IGNORECASE)
_GIVEN_UP = re.compile(
    r"permanent|giving up|given up|returned mail(?!: warning)|(?:deleted|expired) (?:from|in) (?:the )?(?:mail )?queue|timed out and failed"
    r"|retry timeout exceeded|not going to try|no further|been returned|removed from the (?:mail )?queue",
    re.IGNORECASE,
)
_CUT = re.compile(
    r"^[\s>|*-]*(?:-{2,}|={2,}|_{2,})?\s*(?:below (?:this line )?is (?:a copy|the (?:original|header|message|start|text))"
    r"|(?:the |your )?original (?:message|mail|headers?)(?! (?:was|is|had))"
    r"|(?:the )?(?:headers?|text|first \d+ lines|body) of (?:the|your)|(?:start of )?returned (?:mail|message)"
    r"|message (?:header|text|contents?)|(?:a |this is a )?copy of (?:the|your)|your message (?:reads|follows)"
    r"|included is a copy|unsent message|the (?:unsent|undelivered|returned) message (?:follows|is)"
    r"|undelivered message\W*$|sākotnējā|исходное|ursprüngliche|a summary of the)"
    r"|^(?:received|return-path|mime-version|content-type|x-[\w-]+):\s",
    re.IGNORECASE,
)
_TRANSCRIPT = re.compile(r"^[\s>|*]*[-=]{2,}\s*(?:transcript of|session transcript|message log)", re.IGNORECASE)
_PLAINLY = re.compile(
    r"undeliver|(?:not|n't|cannot|unable to|failed to)(?: be| been)? deliver|deliver\w* (?:has |have )?failed"
    r"|(?:user|recipient|address) (?:is )?unknown|unknown (?:user|recipient|address)|no such (?:user|address|mailbox|person)"
    r"|not a valid (?:user|address|recipient)|did not reach(?: the following| some or all|:)"
    r"|mailbox (?:is )?(?:full|unavailable)|nav piegād|nevar piegād"
    r"|не достав|недоставлен|unzustellbar|nicht zugestellt",
    re.IGNORECASE,
)
_CLAUSE_ENDS = re.compile(r"[,;!?]|[.:](?=\s|$)|\n[ \t]*\n")
_MAIL = re.compile(
    r"\b(?:ziņ[auoj]|vēstul|e-?past|messages?\b|e-?mails?\b|mail\b|письм|сообщени|nachricht)", re.IGNORECASE
)
_CODE = re.compile(r"\b55\d[ -]#?5\.\d{1,3}\.\d{1,3}\b|^.{0,200}@.{0,200}[\s(#]5\.\d{1,3}\.\d{1,3}\b", re.MULTILINE)
_TO = re.compile(r"^[\s>*|]*to:\s*[^@]*?(" + _ADDRESS + ")", re.IGNORECASE)
_FIELD = re.compile(
    r"^[\s>*|]*(?:from|to|sender|reply-to|cc|date|subject|sent|by|return-path|message-id|in-reply-to|references|errors-to|x-[\w-]+)\s*:"
    r"|mail from\b",
    re.IGNORECASE,
)
_NOT_A_RECIPIENT = re.compile(
    r"contact|assistance|please (?:reply|write|send|mail|e-mail|forward|visit|call)|questions?\b|support|abuse"
    r"|help(?:desk)?\b|(?:mail|message)s? from\b|sent by|generated from|expanded from"
    r"|was sent by|https?://|administrator|on behalf",
    re.IGNORECASE,
)
_FROM_ONE_TO = re.compile(r"\bfrom:?\s+<?" + _ADDRESS + r">?,?\s+to:?\s+<?$", re.IGNORECASE)


def mailable(address: str) -> bool:
    """Whether mail can go there: reports also name "david...@example.com" and mailboxes without a domain."""
    return "@" in address and ".." not in address


def is_failure_subject(subject: str) -> bool:
    return bool(_SUBJECT.search(subject))


def is_only_delayed(subject: str, text: str) -> bool:
    """Whether delivery is still being tried: such a mail is no failure yet."""
    report = "\n".join(_report(text))
    return bool(_CONTINUES.search(f"{subject}\n{report}")) and not _GIVEN_UP.search(f"{subject}\n{report}")


def says_of_itself(subject: str, text: str) -> bool:
    """Whether the words begin with saying that a machine wrote them."""
    return bool(_BY_ITSELF.match(text)) and not _PASSED_ON.match(subject)


def tells_of_delay(subject: str, text: str) -> bool:
    """Whether subject and words make a report of a delay; people write such words too, so the sender must be a machine."""
    return bool(_DELAY_SUBJECT.match(subject) or _BY_ITSELF.match(text)) and is_only_delayed(subject, text)


def returns_plainly(subject: str, text: str) -> bool:
    """Whether subject, words and the copy of the mail below them make a report, though its sender looks like anyone's."""
    if says_of_itself(subject, text):
        return says_plainly(text)
    report = _report(text)
    if not _SUBJECT.match(subject) or len(report) == len(text[:_MAX_WORDS].split("\n")):
        return False
    return says_plainly(text) and _speaks_of_mail("\n".join(report)[:2_000])


def _speaks_of_mail(words: str) -> bool:
    """Whether a clause says of a mail that it failed, or a server's code stands there: goods are not delivered either."""
    if _CODE.search(words):
        return True
    return any(_PLAINLY.search(clause) and _MAIL.search(clause) for clause in _CLAUSE_ENDS.split(words))


def says_plainly(text: str) -> bool:
    """Whether the words alone, without a telling subject or sender, can only be those of a report."""
    return bool(_PLAINLY.search("\n".join(_report(text))[:2_000]))


def failed_in_words(text: str, sender: str, reader: str) -> list[str]:
    """The addresses that the words of a report give up, in order.

    `sender` and `reader` are its From and To fields, whose addresses are never among the failed.
    """
    lines = list(_given_up_only(_report(text)))
    domain = next((person.address.rpartition("@")[2] for person in addresses(sender)), "")
    own = {person.address.lower() for person in addresses(f"{sender}, {reader}")}
    if originally := [match[1] for line in lines if (match := _ORIGINALLY.search(line))]:
        return _distinct(originally, own)
    told = [line for line in lines if not _FIELD.search(line)]
    words, transcript = _parted(told)
    if found := _distinct(_first_in(words), own) or _distinct(_first_in(transcript), own):
        return found
    candidates = [line for line in told if not _NOT_A_RECIPIENT.search(line)]
    amiss = [match[1] for line in told if _FAILS.search(line) for match in _ANY.finditer(line) if _is_meant(match)]
    if found := _distinct(amiss, own):
        return found
    anywhere = [match[1] for line in candidates for match in _ANY.finditer(line)]
    addressed = [match[1] for line in lines if (match := _TO.match(line))]
    expanded = [match[1] for line in lines if (match := _EXPANDED.search(line))]
    named = [f"{match[1]}@{match[2]}" for line in lines if (match := _IN_DOMAIN.search(line))]
    named += _named_without_domain(lines, domain)
    return (
        _distinct(anywhere, own)[:1]
        or _distinct(expanded, own)
        or _distinct(named, own)
        or _distinct(addressed, own)[:1]
    )


def _given_up_only(lines: list[str]) -> Iterator[str]:
    """Leave out the sections, if there are any, of those whom the mail has reached or may still reach."""
    is_left_out = False
    for line in lines:
        if _HEADING.match(line):
            is_left_out = bool(_NOT_GIVEN_UP.search(line))
        if not is_left_out:
            yield line


def _parted(lines: list[str]) -> tuple[list[str], list[str]]:
    """The words of the report and the transcript of the session below them."""
    start = next((number for number, line in enumerate(lines) if _TRANSCRIPT.match(line)), len(lines))
    return lines[:start], lines[start:]


def _first_in(lines: Iterable[str]) -> Iterator[str]:
    """The addresses at the starts of lines, with those that follow in a list."""
    for line in lines:
        match = _FIRST.match(line)
        if match and _is_meant(match):
            yield match[1]
            at = match.end()
            while following := _NEXT.match(line, at):
                yield following[1]
                at = following.end()


def _is_meant(match: re.Match[str]) -> bool:
    """Whether nothing before the address says that it is somebody else's than the recipient's."""
    before = match.string[: match.start(1)]
    return bool(_FROM_ONE_TO.search(before)) or not _NOT_A_RECIPIENT.search(before)


def _report(text: str) -> list[str]:
    """The lines before the returned mail; a header at the very top (a cut or empty report) does not end them."""
    lines = [line[:_MAX_LINE] for line in text[:_MAX_WORDS].split("\n")]
    seen = False
    for number, line in enumerate(lines):
        if seen and _CUT.match(line):
            return lines[:number]
        seen = seen or bool(_ANY.search(line) or _FAILS.search(line))
    return lines


def _distinct(found: Iterable[str], own: set[str]) -> list[str]:
    clean = (address.strip("'.-*") for address in found)
    return list(dict.fromkeys(each for each in clean if mailable(each) and each.lower() not in own))


def _named_without_domain(lines: list[str], domain: str) -> Iterator[str]:
    """Whom a server names without its own domain: AOL in indented lines below the words of failure, sendmail in its answer."""
    is_list = False
    for line in filter(str.strip, lines if domain else []):
        listed = _LONE_NAME.fullmatch(line) if is_list else None
        if match := listed or _REFUSED_NAME.match(line):
            yield f"{match[1]}@{domain}"
        is_list = bool(listed) or line.rstrip().endswith(":")

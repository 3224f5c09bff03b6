"""What the writer of a mail added, without the history that mail programs put below or around it.  Pure.

Knows Latvian, English, Russian and German programs: Gmail, Outlook, Apple Mail, Thunderbird, Inbox.lv and their kin.
"""

import re
from collections.abc import Callable, Iterator
from html import unescape
from itertools import islice

from contact.email.html_text import html_to_text

_BLANKS = " \t\n\xa0\u200b\u200c\ufeff"
_LONGEST = 500  # characters; a longer line is prose, not a header
_LONGEST_HTML = 1_000_000  # characters

_QUOTED = re.compile(  # and not the end of an attribution whose address was broken: "> wrote:"
    r"^\s{0,3}>(?!\s*(?:(?:wrote|rakstīja|schrieb|a écrit|пишет|написал\S{0,3})\s*)?:\s*$)", re.IGNORECASE
)
_ABOVE_HEADER = re.compile(r"^\s*(?:[_-]{10,}|original message|sākotnējais ziņojums)\s*:?\s*$", re.IGNORECASE)
_ORIGINAL_WORDS = (
    r"(?:Original(?:[ -]Message| Appointment| E?-?mail|-Nachricht|meddelelse)?|Reply message|Sākotnējais ziņojums|Sākotnējā ziņa"
    r"|Sākotnējā vēstule|Oriģinālais ziņojums|Oriģinālā ziņa|Oriģinālā vēstule|Исходное сообщение"
    r"|Первоначальное сообщение|Оригинальное сообщение|Ursprüngliche (?:Nachricht|E-Mail)|Originalnachricht"
    r"|Message d['’]origine|Message original|Mensaje original|Mensagem original|Messaggio originale"
    r"|Oorspronkelijk bericht"
    r"|Ursprungligt meddelande|Oprindelig (?:meddelelse|besked)|Původní zpráva|Pôvodná správa"
    r"|Eredeti üzenet|Orijinal Mesaj|Вихідне повідомлення|邮件原件|原始邮件|Opprinnelig melding"
    r"|Wiadomość oryginalna|Oryginalna wiadomość"
    r"|Originalus laiškas|Pradinis (?:laiškas|pranešimas)|Algne (?:kiri|sõnum)|Alkuperäinen viesti)"
)
_ORIGINAL = re.compile(rf"^[\s>*]*[-*]+\s*{_ORIGINAL_WORDS}\s*-+\**\s*$", re.IGNORECASE)
_GLUED_ORIGINAL = re.compile(rf"^(?P<said>.*[^\s>*-])\s*(?=-{{4,}}\s*{_ORIGINAL_WORDS}\s*-{{4,}}\s*$)", re.IGNORECASE)
_FORWARDED = re.compile(
    r"^\s*(?:-{2,}\s*(?:Forwarded message|Pārsūtīta ziņa|Pārsūtītā ziņa|Pārsūtīts ziņojums|Pārsūtītais ziņojums"
    r"|Pārsūtīta vēstule|Pārsūtītā vēstule|Пересылаемое сообщение|Переадресованное сообщение|Пересланное сообщение"
    r"|Weitergeleitete Nachricht)\s*-{2,}"
    r"|(?:Begin forwarded message|Pārsūtītās ziņas sākums|Начало переадресованного сообщения"
    r"|Anfang der weitergeleiteten Nachricht)\s*:)\s*$",
    re.IGNORECASE,
)

_HEADERS = {  # Latvian, English, Russian, German; then the neighbours and the languages of Outlook elsewhere
    "from": "no|sūtītājs|from|от|von|nuo|saatja|fra|från|van|de|da|od|lähettäjä|feladó|kimden|від"
    "|absender|expéditeur|siuntėjas|gönderen|发件人|差出人",
    "sent": "nosūtīts|sūtīts|datums|sent|date|отправлено|дата|gesendet|datum|išsiųsta|data|saadetud|kuupäev|sendt|dato"
    "|skickat|verzonden|envoyé|date d'envoi|enviad[oa](?: el| em)?|fecha|inviato|wysłano|lähetetty"
    "|odesláno|odoslané|elküldve|gönderildi|надіслано|发送时间|送信日時",
    "to": "kam|saņēmējs|to|кому|an|kellele|til|till|aan|à|para|a|do|vastaanottaja|komu|címzett|kime|empfänger|destinataire|gavėjas|saaja|收件人|宛先",
    "copy": "kopija|cc|копия|kopie|koopia",
    "subject": "temats|tēma|subject|тема|betreff|tema|teema|emne|ämne|onderwerp|objet|asunto|assunto|oggetto"
    "|temat|aihe|předmět|predmet|tárgy|konu|主题|件名",
}
_HEADER = re.compile(
    r"^[\s|]*\*{0,2}(?:" + "|".join(f"(?P<{kind}>{words})" for kind, words in _HEADERS.items()) + r")\s*[:：](?!//)",
    re.IGNORECASE,
)
_FORMAL = re.compile(r"^[\s|]*\*{0,2}(?:sūtītājs|saņēmējs|absender|empfänger|saaja)\b", re.IGNORECASE)
_INLINE_HEADER = re.compile(  # HTML whose fields stand in one line
    rf"^\s*\*?(?:{_HEADERS['from']})\s*:\*? .{{1,200}}@.{{1,200}}? \*?(?:{_HEADERS['sent']})\s*:\*? .*\d[:.]\d\d",
    re.IGNORECASE,
)

_CLOCK = re.compile(r"(?<!\d)\d{1,2}[:.h]\d{2}(?!\d)")
_DATE = re.compile(r"(?<!\d)\d{4}(?!\d)|(?<!\d)\d{1,2}[./]\s?\d{1,2}(?!\d)")
_WROTE = re.compile(
    r"\b(?:rakstīja|raksta|wrote|writes|(?:sent|said)(?=:)|пишет|писала?|написала?|schrieb|rašė|parašė|kirjutas|skrev|schreef|geschreven|écrit"
    r"|escribió|escreveu|scritto|napisał|pisze|kirjoitti|đã viết|napsala?|napísala?|írta|a scris|пише|написала?|έγραψε|yazdı)(?![\w])"
    r"|写道|のメール|작성",
    re.IGNORECASE,
)
_CITING = re.compile(r"^\s*(?:Citējot|Citēts|Quoting|Zitat von|Цитирую)\b", re.IGNORECASE)
_ADDRESS = re.compile(r"[<(\[][^\s<>()\[\]]+@[^\s<>()\[\]]+[>)\]]")
_ADDRESS_LAST = re.compile(r">\s*[:：]$")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_DATED_NAME = re.compile(  # a program's, which had no clock: a day with its year, a name of few words, nothing else
    r"^On (?:\w{3,9}, )?(?:\w{3,9}\.? \d{1,2}|\d{1,2} \w{3,9}\.?),? \d{4},? (?:[A-Z][\w.'-]{0,30} ){1,4}wrote:$"
)
_PRONOUN = re.compile(r"man|mums|jums|viņam|viņai|mir|uns|мне|нам|me|us", re.IGNORECASE)
_RULED = re.compile(r"^-{2,} .+ wrote -{2,}$")
_DATED_ADDRESS = re.compile(r"^\d{4}[/-]\d{1,2}[/-]\d{1,2}\b.*[<(][^\s<>()]+@[^\s<>()]+[>)]$")  # Gmail of old, no colon
_BEGINS = re.compile(
    r"^\s*-*\s*(?:On\b|Am\b|Le\b|El\b|Il\b|Op\b|Em\b|Den\b|På\b|W dniu\b|Dnia\b|Vào\b|\d{1,4}[./ -]"
    r"|(?:pirmd|otrd|trešd|ceturtd|piektd|sestd|svētd)[\w.]*,"
    r"|(?:пн|вт|ср|чт|пт|сб|вс|понедельник|вторник|среда|четверг|пятница|суббота|воскресенье)[.,]"
    r"|(?:mon|tue|wed|thu|fri|sat|sun|mo|di|mi|do|fr|sa|so)[\w.]*,)",
    re.IGNORECASE,
)
_DATE_BROKEN = re.compile(r"^\s*-*\s*(?:On|Am|Le|El|Il|Op|Em|Den|På)\b.{2,60}(?:,|\d|\bat|\bum|\bà)\s*$", re.IGNORECASE)
_ENDS = re.compile(r"(?:[:：]|\bwrote ?-*)\s*$")  # "... wrote:", and Zoho's "---- On ... wrote ----"
_GLUED = re.compile(r"^(?P<said>.*?\S)(?: *-{2,} *| +)(?=(?:On|Am|Le) .{8,200} (?:wrote|schrieb|a écrit) ?:\s*$)")
_LINK = re.compile(r"^\s*[(<]?https?://[^\s]+[)>]?\s*>?\s*$")
_LINK_BEGINS = re.compile(r"[(<]https?://[^\s)>]*$")


_MARK = re.compile(  # where programs say in HTML, in no language, that all below is history
    r"""(?:<hr\b[^<>]*>\s*)?<[^<>]+(?:
        \b(?:id|name)\s*=\s*["']?(?:x_)*(?:divRplyFwdMsg|OLK_SRC_BODY_SECTION|stopSpelling|zwchr|reply-intro
            |mail-editor-reference-message-container)\b
        |\bclass\s*=\s*["'](?:[\w -]*\s)?(?:x_)*(?:yahoo_quoted|zmail_extra|tutanota_quote|hs_reply|missive_quote
            |ms-outlook-mobile-reference-message)\b
        |border-style:\s*solid\s+none\s+none;\s*border-color:\s*rgb\((?:181,\s*196,\s*223|225,\s*225,\s*225)\)
        |border-top-color:\s*(?:rgb\(229,\s*229,\s*229\)|\#E5E5E5);\s*border-top-width:\s*1px;\s*border-top-style:\s*solid
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_OUTLOOKS_RULE = re.compile(  # above Outlook's header, and above any paragraph of Word's that has such a line
    r"<div\b[^<>]*\bborder:\s*none;\s*border-top:\s*solid\s*#(?:B5C4DF|E1E1E1)[^<>]*>", re.IGNORECASE
)
_MAX_RULES = 20
_FIELD = re.compile(r"^\W{0,3}[^\W\d_][^:：]{0,30}[:：]\s*\S")  # of a header, whatever its language
_INTRODUCTION = re.compile(  # a program's mark of the attribution and what is in it, whatever its language
    r"""<div\b[^<>]*\bclass\s*=\s*["'](?:[\w -]*\s)?(?:x_)*
        (?:(?P<whole>gmail_attr|moz-cite-prefix)|gmail_quote|protonmail_quote)\b[^<>]*>
        (?P<words>(?:[^<]|<(?!/?(?:div|blockquote)\b)){0,2000})
        (?=(?P<ends></div>)|<blockquote|<div[^<>]*\b(?:gmail_|moz-cite|protonmail_))""",
    re.IGNORECASE | re.VERBOSE,
)
_TAG = re.compile(r"<[^<>]*>")
_BREAK = re.compile(r"<(?:br|p)\b[^<>]*>", re.IGNORECASE)


def above_history(html: str) -> str:
    """The HTML before a mail program's mark of the history, without marked attributions; all of it if there is no mark.

    Marks are looked for in the first million characters only; attributions are not looked for in a longer mail.
    """
    ruled = islice(_OUTLOOKS_RULE.finditer(html, 0, _LONGEST_HTML), _MAX_RULES)
    marks = [
        _MARK.search(html, 0, _LONGEST_HTML),
        next((match for match in ruled if _begins_header(html, match)), None),
    ]
    if starts := [match.start() for match in marks if match]:
        html = html[: min(starts)]
    return _INTRODUCTION.sub(_without_attribution, html) if len(html) <= _LONGEST_HTML else html


def _begins_header(html: str, rule: re.Match[str]) -> bool:
    """Whether fields follow, of which one tells an address or the clock."""
    told = html_to_text(html[rule.end() : rule.end() + 5_000])
    lines = [line for line in told.split("\n") if line.strip()][:4]
    if not lines:
        return False
    is_told = "@" in lines[0] or any(_CLOCK.search(line) and _YEAR.search(line) for line in lines)
    return _is_header_block(lines, 0) or (is_told and len(lines) > 2 and all(map(_FIELD.match, lines[:3])))


def _without_attribution(match: re.Match[str]) -> str:
    """Nothing in place of one short line that ends in a colon; whatever else is there, the writer may have written."""
    lines = [line for part in _BREAK.split(match["words"]) if (line := unescape(_TAG.sub("", part)).strip())]
    is_attribution = len(lines) == 1 and len(lines[0]) <= _LONGEST and lines[0].endswith((":", "："))
    return "<div>" if is_attribution and (match["whole"] or not match["ends"]) else match[0]


def visible_reply(text: str) -> str:
    """Return what the writer added: the text without the quoted history below it.

    Answers between or below quoted lines are kept, with the quotes between them; a forwarded mail keeps its body.
    When nothing would be left, the whole text is returned.
    """
    lines = _unglued(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    for number, line in enumerate(lines):
        if len(line) > _LONGEST:
            continue
        if _FORWARDED.match(line):
            break
        if _ORIGINAL.match(line) or _is_header_block(lines, number):
            lines = _without_rule(lines[:number])
            break
        length = _attribution(lines, number, _is_surely_attribution)
        if length and not _quote_follows(lines, number):
            lines = lines[: number + 1 - length]
            break
    added = "\n".join(_without_quotes(lines)).strip(_BLANKS)
    return added or text.strip()


def _unglued(lines: list[str]) -> list[str]:
    """Part an answer from the mark of the history that stands in its line; from an attribution, if the quotation follows."""
    for number, line in enumerate(lines[:-1]):
        if len(line) <= _LONGEST and line.rstrip().endswith("----") and (match := _GLUED_ORIGINAL.match(line)):
            return [*lines[:number], match["said"], line[match.end() :], *lines[number + 1 :]]
        is_introduction = len(line) <= _LONGEST and line.rstrip().endswith(":") and not _QUOTED.match(line)
        if is_introduction and _quote_follows(lines, number):
            match = _GLUED.match(line)
            if match and _is_dated_attribution(line[match.end() :]):
                return [*lines[:number], match["said"], line[match.end() :].lstrip(), *lines[number + 1 :]]
    return lines


def _is_header_block(lines: list[str], start: int) -> bool:
    """Outlook's header begins here: fields on neighbouring lines, the sender or the date first.

    Four kinds; or three with the sender, if he has an address or the date tells the clock; or an address and the date;
    or sender and date below a drawn line. Less than that people write into their letters.
    """
    match = _HEADER.match(lines[start])
    if not match or match.lastgroup not in ("from", "sent"):
        return bool(match) and _is_whole_header(lines[start : start + 6])
    if _INLINE_HEADER.match(lines[start]):
        return True
    fields = []
    for number, line in enumerate(lines[start : start + 9], start):
        if match := _HEADER.match(line[:_LONGEST]):
            fields.append((match.lastgroup or "", line))
        elif not line.strip() and len(fields) > 2 and not any(map(_HEADER.match, lines[number + 1 : number + 2])):
            break
    kinds = _kinds(fields)
    if not kinds >= {"from", "sent"}:
        return kinds >= {"from", "to", "subject"} and _has_address(fields)
    if kinds >= {"to", "subject"} or _is_below_rule(lines, start) or _has_address(fields):
        return True
    return len(kinds) >= 3 and _has_clock(fields)


def _kinds(fields: list[tuple[str, str]]) -> set[str]:
    """The kinds of the fields; words that forms of banks and couriers have too count only beside surer ones."""
    formal = {kind for kind, line in fields if _FORMAL.match(line)}
    kinds = {kind for kind, line in fields if not _FORMAL.match(line)}
    return kinds | formal if _has_address(fields) or ("subject" in kinds and _has_clock(fields)) else kinds


def _has_address(fields: list[tuple[str, str]]) -> bool:
    return any(kind == "from" and "@" in line for kind, line in fields)


def _has_clock(fields: list[tuple[str, str]]) -> bool:
    return any(kind == "sent" and _CLOCK.search(line) and _DATE.search(line) for kind, line in fields)


def _is_below_rule(lines: list[str], start: int) -> bool:
    above = next((line for line in reversed(lines[max(0, start - 3) : start]) if line.strip()), "")
    return bool(_ABOVE_HEADER.match(above))


def _is_whole_header(lines: list[str]) -> bool:
    """Whether sender, date, reader and subject stand on neighbouring lines, in any order."""
    fields = []
    for line in lines:
        match = _HEADER.match(line[:_LONGEST])
        if not match:
            break
        fields.append((match.lastgroup or "", line))
    return _kinds(fields) >= {"from", "sent", "to", "subject"}


def _without_rule(lines: list[str]) -> list[str]:
    """Drop the line that a program puts above its header: underscores, or words that say what follows."""
    end = len(lines)
    while end and not lines[end - 1].strip():
        end -= 1
    return lines[: end - 1] if end and _ABOVE_HEADER.match(lines[end - 1]) else lines


def _attribution(lines: list[str], end: int, test: Callable[[str], bool]) -> int:
    """How many lines, up to six, make the attribution ("… wrote:") that ends at line `end`; 0 for none."""
    if not (
        _ENDS.search(lines[end][-_LONGEST:])
        or (test is _is_likely_attribution and lines[end].rstrip().endswith((">", ")")))
    ):
        return 0
    shortest, is_dated = 0, False
    joined = ""
    for count in range(1, min(7, end + 2)):
        line = lines[end + 1 - count]
        if not line.strip() or len(line) > _LONGEST or _QUOTED.match(line):
            break
        joined = f"{line.strip()} {joined}".strip().replace("< ", "<").replace(" >", ">")
        if test(joined):
            begins = bool(_BEGINS.match(line)) and not _breaks_date(lines[end - count] if count <= end else "")
            if begins or (shortest and not is_dated and _YEAR.search(line)):
                return count
            shortest, is_dated = shortest or count, is_dated or bool(_YEAR.search(joined))
    return shortest


def _breaks_date(line: str) -> bool:
    """Whether a line breaks off within "On Friday, November 20," so that the one below begins with a number."""
    return bool(_DATE_BROKEN.match(line))


def _is_surely_attribution(line: str) -> bool:
    """Believed even if no ">" follows: prose like "5.06. plkst. 14:30 kreditors man rakstīja:" must not be enough."""
    if _RULED.match(line):
        return True
    return _is_dated_attribution(line) and bool(_ADDRESS.search(line) or _names_writer(line))


def _names_writer(line: str) -> bool:
    """Whether a line of a program's, without an address, has a name of few words right beside the verb, after the clock."""
    verb = _WROTE.search(line)
    if not verb or not _BEGINS.match(line):
        return False
    clocks = [match.end() for match in _CLOCK.finditer(line, 0, verb.start())]
    before = line[clocks[-1] : verb.start()] if clocks else ""
    words = re.sub(r"^[\W\d_]+", "", before).split() or line[verb.end() :].split()
    return 0 < len(words) <= 5 and words[0][0].isupper() and not any(_PRONOUN.fullmatch(word) for word in words)


def _is_dated_attribution(line: str) -> bool:
    """Believed where the quotation follows, though the line may be glued to an answer."""
    has_address, has_clock = _ADDRESS.search(line), _CLOCK.search(line)
    if _RULED.match(line) or _DATED_NAME.match(line):
        return True
    if _WROTE.search(line):
        return bool(has_address or (has_clock and _DATE.search(line)))
    return bool(has_address and has_clock and _ADDRESS_LAST.search(line))


def _is_likely_attribution(line: str) -> bool:
    """Believed because ">" follows."""
    if not _ENDS.search(line):
        return bool(_DATED_ADDRESS.match(line))
    return bool(_WROTE.search(line) or _CITING.match(line) or _ADDRESS.search(line))


def _quote_follows(lines: list[str], number: int) -> bool:
    following = next((line for line in (lines[at] for at in range(number + 1, len(lines))) if line.strip()), "")
    return bool(_QUOTED.match(following))


def _blocks(lines: list[str]) -> Iterator[tuple[int, int]]:
    """The runs of quoted lines as half-open ranges; blank lines inside a run belong to it."""
    start = end = -1
    for number, line in enumerate(lines):
        if _QUOTED.match(line):
            start = number if start < 0 else start
            end = number + 1
        elif line.strip() and start >= 0 and not _continues_link(lines, number):
            yield start, end
            start = -1
    if start >= 0:
        yield start, end


def _continues_link(lines: list[str], number: int) -> bool:
    """A link of the quotation that its program broke out of the marks, alone or from its middle on."""
    return bool(_LINK.match(lines[number]) or _LINK_BEGINS.search(lines[number - 1]))


def _without_quotes(lines: list[str]) -> list[str]:
    """Drop the block at the end, or the only one if a mail program introduced it; keep those with answers between."""
    blocks = list(_blocks(lines))
    if not blocks:
        return lines
    start, end = blocks[-1]
    is_last = not any(line.strip() for line in lines[end:])
    above = _attribution_above(lines, start)
    if is_last or (len(blocks) == 1 and (above or _introduces_itself(lines[start:end]))):
        lines = _without_rule(lines[: start - above]) + lines[end:]
        blocks.pop()
    if blocks and (above := _attribution_above(lines, blocks[0][0])):
        first = blocks[0][0]
        lines = lines[: first - above] + lines[first:]
    return lines


def _introduces_itself(block: list[str]) -> bool:
    """Whether the quotation begins with its own attribution, as Apple Mail has it in HTML."""
    lines = [re.sub(r"^[> ]+", "", line) for line in block[:6]]
    return any(
        _attribution(lines[: number + 1], number, _is_dated_attribution) == number + 1 for number in range(len(lines))
    )


def _attribution_above(lines: list[str], start: int) -> int:
    """How many lines right above `start`, blank ones between included, introduce the quotation."""
    last = start - 1
    while last >= 0 and not lines[last].strip():
        last -= 1
    if last < 0:
        return 0
    count = _attribution(lines, last, _is_likely_attribution)
    return count + (start - 1 - last) if count else 0

"""What to look at before a reply leaves: pure, text in, findings out.  (E-I.2, E-I.5, E-I.6, S-15)

Advice never stands in the way. Two findings do: what the signature lacks blocks, a personal identity code asks for a
confirmation. Lines that quote an earlier letter are the client's words: only identity codes are looked for in them.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from knowledge.glossary import Term, first_use
from knowledge.identity_codes import identity_codes
from knowledge.placeholders import left_over
from knowledge.sentences import number_of_words, sentences

Span = tuple[int, int]
# More words than this are hard to follow; the mean of the office's good letters is about half of it.
LONG = 25


class Needs(StrEnum):
    """What a finding asks for before the reply may leave."""

    NOTHING = "nothing"
    CONFIRMATION = "confirmation"
    CURE = "cure"


class Code(StrEnum):
    SIGNATURE = "signature_incomplete"
    IDENTITY_CODE = "identity_code"
    PLACEHOLDER = "placeholder_left"
    ATTACHMENT = "attachment_missing"
    GREETING = "greeting_missing"
    NO_DATE = "promised_date_missing"
    VAGUE_DATE = "promised_date_vague"
    LONG_SENTENCE = "long_sentence"
    ABBREVIATION = "abbreviation_unexplained"
    TERM = "term_unexplained"
    SHARP = "sharp_wording"
    SIGNED_TWICE = "signed_twice"
    SUBJECT = "subject_missing"


WORDS: dict[Code, str | Promise] = {
    Code.SIGNATURE: _("Your profile lacks: %(missing)s. A reply must end with them."),
    Code.IDENTITY_CODE: _("This looks like a personal identity code. Does the client need it in the letter?"),
    Code.PLACEHOLDER: _("A place was not filled in: %(place)s"),
    Code.ATTACHMENT: _("The text speaks of an attachment, but none is attached."),
    Code.GREETING: _("The letter begins without a greeting."),
    Code.NO_DATE: _("The notice does not say by which date the client will have the answer."),
    Code.VAGUE_DATE: _("An answer is promised without a date: “%(vague)s”."),
    Code.LONG_SENTENCE: ngettext_lazy(
        "A sentence of %(words)d word: consider parting it.",
        "A sentence of %(words)d words: consider parting it.",
        "words",
    ),
    Code.ABBREVIATION: _("The abbreviation “%(abbreviation)s” is not explained."),
    Code.TERM: _("The term “%(term)s” is not explained."),
    Code.SHARP: _("This may sound sharp: “%(wording)s”."),
    Code.SIGNED_TWICE: _("The system adds the signature: without this one the letter is not signed twice."),
    Code.SUBJECT: _("The letter has no subject."),
}


@dataclass(frozen=True)
class Finding:
    """One thing to look at. `span` is its place in the text, end exclusive; None where it has none.

    `insert` is what may be put in at the end of the span: a term's explanation.
    """

    code: Code
    span: Span | None = None
    needs: Needs = Needs.NOTHING
    data: dict[str, Any] = field(default_factory=dict)
    insert: str = ""

    @property
    def words(self) -> str:
        return str(WORDS[self.code] % self.data)

    @property
    def key(self) -> str:
        """What tells this finding from others, wherever in the text it stands."""
        return ":".join((self.code, *(str(one) for one in self.data.values())))


@dataclass(frozen=True)
class Facts:
    """What the check must know besides the reply.

    `missing`: what the sender's profile lacks, in words. `terms`: those of the glossary that want an explanation;
    `known`: those that do not, which matters for abbreviations. `earlier`: what the client wrote, for they need no
    explanation of their own words. `is_notice`: the reply is an interim notice, which owes a date.
    """

    missing: Sequence[str] = ()
    terms: Sequence[Term] = ()
    known: Sequence[str] = ()
    earlier: str = ""
    is_notice: bool = False


def check(text: str, *, subject: str, attachments: Sequence[str], facts: Facts) -> list[Finding]:
    """Return what was found: what blocks first, then what needs a confirmation, then advice in the order of the text."""
    own = without_quotes(text)
    found = [Finding(Code.SIGNATURE, None, Needs.CURE, {"missing": ", ".join(facts.missing)})] if facts.missing else []
    if not subject.strip():
        found.append(Finding(Code.SUBJECT))
    found += _identity_codes(text, subject)
    if own.strip():
        found += _greeting(own)
        found += [finding for look in LOOKS for finding in look(own)]
        found += _attachment(own, attachments)
        found += _promise(own, is_notice=facts.is_notice)
        found += _terms(own, facts)
        found += _abbreviations(own, facts)
    order = (Needs.CURE, Needs.CONFIRMATION, Needs.NOTHING)
    return sorted(found, key=lambda one: (order.index(one.needs), one.span or (-1, -1)))


def without_quotes(text: str) -> str:
    """Return the text with quoted lines blanked out, every other sign in its place."""
    return re.sub(r"(?m)^[ \t]*>.*$", lambda line: " " * len(line[0]), text)


# --- Data and signature ----------------------------------------------------------------------------------------------


def _identity_codes(text: str, subject: str) -> Iterator[Finding]:
    for span in identity_codes(text):
        yield Finding(Code.IDENTITY_CODE, span, Needs.CONFIRMATION)
    if any(True for _span in identity_codes(subject)):
        yield Finding(Code.IDENTITY_CODE, None, Needs.CONFIRMATION)


SIGNED = re.compile(r"(?im)^[ \t]*ar cieņu[ \t,!]*$")


def _signed_twice(text: str) -> Iterator[Finding]:
    found = SIGNED.search(text)
    if found:
        yield Finding(Code.SIGNED_TWICE, found.span())


def _placeholders(text: str) -> Iterator[Finding]:
    for start, end in left_over(text):
        yield Finding(Code.PLACEHOLDER, (start, end), data={"place": text[start:end]})


# --- Manner ----------------------------------------------------------------------------------------------------------

GREETING = re.compile(
    r"\b(?:labdien|labrīt|labvakar|sveik[is]|sveicinā(?:ti|ta|ts)|esiet sveicinā|cienīj?am|cienīt|ļ\. ?cien|cien\.|godāt"
    r"|dear|hello|good (?:morning|afternoon|day)|здравствуйте|добрый день|доброе утро|уважаем)",
    re.IGNORECASE,
)


def _greeting(text: str) -> Iterator[Finding]:
    begun = text.lstrip()
    first_line = begun.split("\n", 1)[0]
    if not GREETING.search(first_line[:80]):
        start = len(text) - len(begun)
        yield Finding(Code.GREETING, (start, start + len(first_line)))


# Wording that blames or commands; a good letter says what can be done instead.
SHARP = re.compile(
    r"\b(?:kā jau (?:rakstīju|teicu|minēju|norādīju|skaidroju)|vairākkārt(?:īgi)? (?:rakst|skaidro|norādī)\w*"
    r"|pa(?:ts|ti|ši) vainīg\w+|jūsu (?:vaina|nezināšana|neuzmanība|nolaidība)|jūs (?:nesaprot|neizlasījāt|neizlasāt)\w*"
    r"|jums vajadzēja|acīmredzot (?:jūs|nees)\w*|tā nav mūsu (?:problēma|darīšana)|tās ir jūsu problēmas"
    r"|absurd\w+|muļķīb\w+|bezjēdzīg\w+|lasiet uzmanīgāk|vai tiešām nesaprot\w*)|!{2,}|\?!|\?{2,}",
    re.IGNORECASE,
)


def _sharp(text: str) -> Iterator[Finding]:
    for found in SHARP.finditer(text):
        yield Finding(Code.SHARP, found.span(), data={"wording": found[0]})


def _long_sentences(text: str) -> Iterator[Finding]:
    for start, end in sentences(text):
        words = number_of_words(text[start:end])
        if words > LONG:
            yield Finding(Code.LONG_SENTENCE, (start, end), data={"words": words})


# --- Attachments and promises ----------------------------------------------------------------------------------------

# "Pielikumā" said of our own letter; not of a law, of a numbered annex, or of what the client sent or has to attach.
ATTACHED = re.compile(
    r"\bpielikumā\b|\bpievienoju\b|\bpievienojam\b|\b(?:pievienotajā|pievienotajos|klātpievienot\w+)\b"
    r"|\bpievienots? šai (?:vēstulei|atbildei)\b|\bskat(?:iet|īt|\.) pielikumu\b|\bpielieku klāt\b"
    r"|\b(?:is|are|please find) (?:attached|enclosed)\b|\bво вложении\b|\bприлагаю\b",
    re.IGNORECASE,
)
OTHERS_ANNEX = re.compile(
    r"(?:\b\d+\. ?|\b(?:jūsu|jūsu \w+|vēstules|likuma|noteikumu|pārskata|plāna|rīkojuma|ziņojuma|pieteikuma|protokola) )$",
    re.IGNORECASE,
)
CLIENT_S = re.compile(
    r"^[^.!?\n]{0,60}\b(?:jūs (?:nosūt|atsūt|pievieno|iesnie)|atsūtījāt|pievienojāt|iesniedzāt)", re.IGNORECASE
)


def _attachment(text: str, attachments: Sequence[str]) -> Iterator[Finding]:
    if attachments:
        return
    for found in ATTACHED.finditer(text):
        if not OTHERS_ANNEX.search(text[: found.start()]) and not CLIENT_S.search(text[found.end() :]):
            yield Finding(Code.ATTACHMENT, found.span())
            return


MONTH = r"(?:janv|febr?|mart|apr|maij|jūn|jūl|aug|sept?|okt|nov|dec)\w*"
DATE = re.compile(
    rf"\b\d{{1,2}}\. ?{MONTH}|\b\d{{1,2}}\.\d{{1,2}}\.(?:\d{{2,4}})?|\b\d{{4}}-\d{{2}}-\d{{2}}\b"
    r"|\b(?:šodien|rīt|parīt)\b|\b\d{1,2} (?:January|February|March|April|May|June|July|August|September|October"
    r"|November|December)\b|\b\d{1,2} (?:январ|феврал|март|апрел|ма[йя]|июн|июл|август|сентябр|октябр|ноябр|декабр)",
    re.IGNORECASE,
)
# What the office itself is going to do.
PROMISE = re.compile(
    r"\b(?:atbildē|snieg|do|nosūtī|atsūtī|paziņo|informē|sazinā|piezvanī|atzvanī|sagatavo|noskaidro|pārbaudī|izlabo|salabo"
    r"|novērsī|atrisinā|precizē)(?:šu|sim|šos|simies)\b|\b(?:atbildi|ziņu) (?:jūs )?saņemsiet\b"
    r"|\btiks (?:snieg|nosūtī|sagatavo|novērs|izlabo|atrisinā)\w+",
    re.IGNORECASE,
)
# An answer promised plainly owes its date even where no time is named.
ANSWER = re.compile(
    r"\b(?:atbildē|atzvanī)(?:šu|sim)\b|\batbildi\b[^.!?\n]{0,40}\b(?:snieg(?:šu|sim)|saņemsiet)\b", re.IGNORECASE
)
CONDITION = re.compile(r"\W*(?:ja|kad|tiklīdz)\b", re.IGNORECASE)
VAGUE = re.compile(
    r"\b(?:nākamnedēļ|aiznākamnedēļ|nākam(?:ajā|ās|o) nedēļ\w+|šonedēļ|(?:nedēļas|mēneša|gada) (?:beigās|beigām|vidū|vidum|sākumā)"
    r"|tuvāk(?:ajā|o|ajās) (?:laik\w+|dien\w+)|drīzumā|visdrīzāk\w*|pēc iespējas ātrāk|iespējami (?:drīz|ātri)|vēlāk"
    r"|(?:dažu|pāris) dienu laikā|tiklīdz|līdz (?:pirmdien|otrdien|trešdien|ceturtdien|piektdien)\w+"
    r"|nākam(?:ajā|o) (?:mēnes\w+|pirmdien\w+|otrdien\w+|trešdien\w+|ceturtdien\w+|piektdien\w+))",
    re.IGNORECASE,
)


def _promise(text: str, *, is_notice: bool) -> list[Finding]:
    """Return promises whose date is vague or not said; a notice without any date is one too."""
    vague = []
    has_date = bool(DATE.search(text))
    for start, end in sentences(text):
        sentence = text[start:end]
        found = VAGUE.search(sentence) if PROMISE.search(sentence) and not DATE.search(sentence) else None
        if found is None and not has_date and not CONDITION.match(sentence):
            found = ANSWER.search(sentence)
        if found:
            place = (start + found.start(), start + found.end())
            vague.append(Finding(Code.VAGUE_DATE, place, data={"vague": found[0]}))
    if is_notice and not vague and not has_date:
        return [Finding(Code.NO_DATE)]
    return vague


# --- Words that want an explanation ----------------------------------------------------------------------------------

CAPITALS = re.compile(r"(?<![\w.@/&-])[A-ZĀČĒĢĪĶĻŅŠŪŽ]{2,5}(?![\w@/&-])")
ROMAN = re.compile(r"[IVXLC]+")
# Known to everybody who writes to the office, or no abbreviations at all.
_KNOWN = (
    "EMUS SIA AS IK PS KS EUR USD PDF PIN PUK URL XML CSV XLS XLSX DOC DOCX EDOC ASICE ZIP JPG PNG ID EID QR SMS CD DVD"
    " USB KB MB GB WWW IT ES LR LV ASV PVN IBAN NB PS NAV NE NĒ IR UN VAI VAR JAU NEVIS TIKAI LŪDZU JĀ NR"
)
KNOWN = frozenset(_KNOWN.split())
EXPLAINED_AFTER = re.compile(r"[\"”“]?\s{0,2}(?:\([^\W\d]|[–—]\s|-\s|jeb\s|, proti|, t\. ?i\.|, tas ir)")
QUOTED_BEFORE = re.compile(r"[„“\"«][^”“\"»\n]{0,40}$")
CAPITALS_BESIDE = re.compile(r"^\W{1,3}[A-ZĀČĒĢĪĶĻŅŠŪŽ]{2,}|[A-ZĀČĒĢĪĶĻŅŠŪŽ]{2,}\W{1,3}$")


def _abbreviations(text: str, facts: Facts) -> Iterator[Finding]:
    """Yield each abbreviation at its first use, unless it is explained there, or the client wrote it."""
    entered = {*facts.known, *(term.word for term in facts.terms)}
    seen: set[str] = set()
    for found in CAPITALS.finditer(text):
        word = found[0]
        if word in seen or word in KNOWN or word in entered or ROMAN.fullmatch(word):
            continue
        if QUOTED_BEFORE.search(text[: found.start()]) or _is_shouted(text, found.span()):
            continue
        seen.add(word)
        if not _is_explained(text, found.span()) and not re.search(rf"\b{word}\b", facts.earlier):
            yield Finding(Code.ABBREVIATION, found.span(), data={"abbreviation": word})


def _is_shouted(text: str, span: Span) -> bool:
    """Tell whether capitals stand next to others: a name or an emphasis, not an abbreviation."""
    after, before = text[span[1] : span[1] + 12], text[max(0, span[0] - 12) : span[0]]
    others = [
        found[0].strip(" ,.;:-–") for found in (CAPITALS_BESIDE.search(after), CAPITALS_BESIDE.search(before)) if found
    ]
    return any(other not in KNOWN for other in others)


def _is_explained(text: str, span: Span) -> bool:
    """Tell whether an explanation follows, or the abbreviation itself stands in brackets after the full name."""
    before, after = text[max(0, span[0] - 14) : span[0]], text[span[1] : span[1] + 14]
    in_brackets = re.search(r"\((?:turpmāk[^()]{0,4}|saīsināti[^()]{0,3})?$", before) and after.startswith(")")
    return bool(in_brackets or EXPLAINED_AFTER.match(after))


def _terms(text: str, facts: Facts) -> Iterator[Finding]:
    for term in facts.terms:
        span = first_use(text, term)
        if span is None or first_use(facts.earlier, term) or _is_explained(text, span):
            continue
        if not term.is_explained_in(text):
            data = {"term": text[slice(*span)]}
            yield Finding(Code.TERM, span, data=data, insert=f" ({term.in_sentence})")


Look = Callable[[str], Iterator[Finding]]
LOOKS: Sequence[Look] = (_placeholders, _long_sentences, _sharp, _signed_twice)

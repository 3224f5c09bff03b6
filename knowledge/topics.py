"""What a letter is about, told by its words, and which words told it. Pure.  (E-II.4b)

Each topic is a bag of words: those of the letters that were learnt for it, each letter counting alike whatever its
length, and those of its description as of DESCRIPTION letters more, so that a topic without letters can be suggested
too. A letter is near a topic when they share words that few letters have (TF-IDF, the cosine of the angle between
them). It is arithmetic on counts: what was learnt wrongly is taken away again without a trace.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import log, sqrt

from directory.folding import fold
from knowledge.stems import EMPTY, tokens

# As many letters as the description of a topic is worth. Found on the earlier half of the test mails.
DESCRIPTION = 2.0
# Words are compared by their beginning: five letters hold most Latvian stems and drop all endings.
BEGINNING = 5
# As many words as a suggestion names.
NAMED = 6


@dataclass
class Word:
    """What is known of a beginning in a topic: how many letters have it, and their weights summed up."""

    letters: int = 0
    weight: float = 0.0


@dataclass
class Topic:
    """What is known of a topic. `square` is the sum of the squared weights of all its words."""

    description: str
    letters: int = 0
    square: float = 0.0


@dataclass
class Model:
    """Topics by code; words by their beginning, then by topic. Only words that are asked for need be in it."""

    topics: dict[str, Topic]
    words: dict[str, dict[str, Word]] = field(default_factory=dict)


@dataclass(frozen=True)
class Suggestion:
    """A topic, its share of what speaks for any topic (0 to 1), and the words of the letter that speak for it most."""

    topic: str
    share: float
    words: tuple[str, ...]


@dataclass(frozen=True)
class Similar:
    """An earlier text that is like a new one: its key, how like (0 to 1), and the words of the new one found in it."""

    key: str
    likeness: float
    words: tuple[str, ...]


def beginnings(text: str) -> dict[str, str]:
    """Return the telling words of a text: each beginning once, with the first word that has it."""
    found: dict[str, str] = {}
    for one in tokens(text):
        folded = fold(one.word)
        if len(folded) > 2 and not folded.isdecimal() and folded not in EMPTY:
            found.setdefault(folded[:BEGINNING], one.word)
    return found


def weight_of(number: int) -> float:
    """Return what each of so many words of a letter weighs: all of them together are a vector of length 1."""
    return 1 / sqrt(number) if number else 0.0


def learn(model: Model, text: str, topic: str) -> None:
    """Count a letter for a topic."""
    _count(model, text, topic, 1)


def unlearn(model: Model, text: str, topic: str) -> None:
    """Take a letter back that was counted for a topic; together with `learn` for another it is a correction."""
    _count(model, text, topic, -1)


def _count(model: Model, text: str, topic: str, sign: int) -> None:
    found = beginnings(text)
    facts = model.topics[topic]
    facts.letters += sign
    for beginning in found:
        words = model.words.setdefault(beginning, {})
        word = words.setdefault(topic, Word())
        facts.square -= word.weight**2
        word.letters += sign
        word.weight += sign * weight_of(len(found))
        facts.square += word.weight**2
        if not word.letters:
            facts.square -= word.weight**2  # what rounding left
            del words[topic]


def suggest(text: str, model: Model) -> list[Suggestion]:
    """Return the topics that the words of the text speak for, the likeliest first; none if no word is known."""
    found = beginnings(text)
    described = {code: beginnings(topic.description) for code, topic in model.topics.items()}
    rarity = _rarity(found, model, described)
    spoken: dict[str, dict[str, float]] = {}
    for code in model.topics:
        vector = _vector(model, code, described[code])
        spoken[code] = {one: rarity[one] ** 2 * vector[one] for one in found if one in vector}
    total = sum(sum(parts.values()) for parts in spoken.values())
    ranked = sorted(spoken.items(), key=lambda pair: -sum(pair[1].values()))
    return [Suggestion(code, sum(parts.values()) / total, _named(parts, found)) for code, parts in ranked if parts]


def _rarity(found: Iterable[str], model: Model, described: Mapping[str, Mapping[str, str]]) -> dict[str, float]:
    """Return for each beginning how rare it is: the logarithm of all letters over those that have it."""
    everything = sum(topic.letters for topic in model.topics.values()) + len(described)
    rarity = {}
    for one in found:
        having = sum(word.letters for word in model.words.get(one, {}).values())
        having += sum(one in words for words in described.values())
        rarity[one] = log((everything + 1) / (having + 0.5))
    return rarity


def _vector(model: Model, code: str, described: Mapping[str, str]) -> dict[str, float]:
    """Return the weight of each known beginning in a topic, of a vector of length 1."""
    vector = {one: words[code].weight for one, words in model.words.items() if code in words}
    square = model.topics[code].square
    extra = DESCRIPTION * weight_of(len(described))
    for one in described:
        before = vector.get(one, 0.0)
        vector[one] = before + extra
        square += vector[one] ** 2 - before**2
    length = sqrt(square) or 1.0
    return {one: weight / length for one, weight in vector.items()}


def _named(parts: Mapping[str, float], found: Mapping[str, str]) -> tuple[str, ...]:
    strongest = sorted(parts, key=lambda one: -parts[one])[:NAMED]
    return tuple(found[one] for one in strongest)


def similar(text: str, among: Sequence[tuple[str, Iterable[str]]], *, most: int = 5) -> list[Similar]:
    """Return the texts most like this one; `among` holds a key and the beginnings of each.

    A text with nothing rare in common is not like it.
    """
    found = beginnings(text)
    sets = [(key, set(others)) for key, others in among]
    having = {one: sum(one in others for _key, others in sets) for one in found}
    rarity = {one: log((len(sets) + 1) / (number + 0.5)) for one, number in having.items()}
    whole = sqrt(sum(value**2 for value in rarity.values())) or 1.0
    like = []
    for key, others in sets:
        common = {one: rarity[one] for one in found if one in others}
        if len(common) > 1:
            likeness = sqrt(sum(value**2 for value in common.values())) / whole
            like.append(Similar(key, likeness, _named(common, found)))
    return sorted(like, key=lambda one: -one.likeness)[:most]

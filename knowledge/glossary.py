"""Terms of law and their plain explanation: found in a text whatever their ending. Pure.  (S-15, E-I.5)"""

from dataclasses import dataclass

from knowledge.stems import telling_stems, tokens

Span = tuple[int, int]


@dataclass(frozen=True)
class Term:
    """A term as it is looked for; `word` may be of several words."""

    word: str
    explanation: str

    @property
    def in_sentence(self) -> str:
        """The explanation as it stands within a sentence: no full stop, a small letter first unless it is a full name."""
        text = self.explanation.rstrip(". ")
        return text if self.word.isupper() else text[:1].lower() + text[1:]

    def is_explained_in(self, text: str) -> bool:
        """Tell whether most of what the explanation says stands in the text already."""
        wanted = set(telling_stems(self.explanation)) - set(telling_stems(self.word))
        return bool(wanted) and len(wanted & set(telling_stems(text))) * 3 >= len(wanted) * 2


def first_use(text: str, term: Term) -> Span | None:
    """Return where the term stands first, end exclusive; an abbreviation only in its own capitals."""
    if term.word.isupper():
        wanted, words = [term.word], [(one.word, one) for one in tokens(text)]
    else:
        wanted, words = [one.stem for one in tokens(term.word)], [(one.stem, one) for one in tokens(text)]
    for place in range(len(words) - len(wanted) + 1):
        if [key for key, _token in words[place : place + len(wanted)]] == wanted:
            return words[place][1].start, words[place + len(wanted) - 1][1].end
    return None


def with_explanation(text: str, term: Term) -> str:
    """Return the text with the explanation in brackets after the first use; unchanged if the term is not in it."""
    span = first_use(text, term)
    if span is None:
        return text
    return f"{text[: span[1]]} ({term.in_sentence}){text[span[1] :]}"

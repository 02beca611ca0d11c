"""A truth as written, in spans of one language, so that a part can go and the rest stay as it is.

A rejected answer that also differed from the chosen one in case, script or punctuation would
teach a model that difference; so failures are imitated on the surface, not on tokens.
"""

import re
from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import NamedTuple

from earmark.failures.mix import OTHER, Spoken, mix_of
from earmark.text import tokenize
from earmark.text.codeswitching import language_codes
from earmark.text.joining import HAN, join, spacing_of
from earmark.text.language import Language, language_of
from earmark.text.surface import surface_tokens

PUNCTUATION = re.compile(r"[^\w\s'’%$&+#]|_")
HAN_MEETS_HAN = re.compile(rf"(?<=[{HAN}])(?=[{HAN}])")
COMMAS = ",，、;；:： "
SENTENCE_ENDS = ".!?。！？…"
TRAILING = " \t\"'”’」』)）】"


class Span(NamedTuple):
    """Tokens `start` to `end` (exclusive) of one language, digits and the like included."""

    language: Spoken
    start: int
    end: int


class Surface:
    """A text cut into pieces of one token each, their languages, and its spans of one language."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokenize(text)

    @cached_property
    def languages(self) -> list[Language]:
        """Return the language of each token."""
        return [language_of(token) for token in self.tokens]

    @cached_property
    def pieces(self) -> list[str]:
        """Return the text in pieces of one token each, with the marks that go with it."""
        return surface_tokens(self.text) if self.tokens else []

    @cached_property
    def spans(self) -> list[Span]:
        """Return the spans of one language; tokens of neither go with the span before."""
        return _spans(self.languages)

    @property
    def is_mixed(self) -> bool:
        """Return whether both languages are in it."""
        return "zh" in self.languages and "en" in self.languages

    @property
    def matrix(self) -> Spoken:
        """Name the language that most of it is spoken in."""
        return mix_of(language_codes(self.tokens)).matrix

    @property
    def embedded(self) -> Spoken:
        """Name the other language."""
        return OTHER[self.matrix]

    @cached_property
    def closing(self) -> str:
        """Return the marks that end the last sentence; a quote or bracket is not one of them."""
        if not self.pieces:
            return ""
        trailing = self.pieces[-1][len(self.pieces[-1].rstrip(SENTENCE_ENDS + TRAILING)) :]
        return "".join(char for char in trailing if char in SENTENCE_ENDS)

    def words(self, start: int, end: int) -> str:
        """Return tokens `start` to `end` as written."""
        return "".join(self.pieces[start:end])

    def assemble(self, parts: Sequence[str]) -> str:
        """Join parts with the spacing of the text."""
        return join(parts, spacing_of(self.text))

    def keep(self, ranges: Sequence[tuple[int, int]]) -> str:
        """Keep some ranges of tokens as written, and end with the marks that the text ends with.

        >>> Surface("我们去 shopping，然后回家。").keep([(0, 3)])
        '我们去。'
        """
        kept = self.assemble([self.words(start, end) for start, end in ranges])
        if not ranges or ranges[-1][1] == len(self.tokens):
            return kept
        return kept.rstrip(COMMAS) + self.closing

    def dress(self, added: str) -> str:
        """Write foreign words the way the text is written: its punctuation, case and spacing.

        >>> Surface("we met at noon").dress("Snow fell, at last.")
        'snow fell at last'
        """
        added = added.rstrip(SENTENCE_ENDS)
        if not PUNCTUATION.search(self.text):
            added = " ".join(PUNCTUATION.sub(" ", added).split())
        letters = [char for char in self.text if char.isascii() and char.isalpha()]
        if len(letters) > 1 and all(char.isupper() for char in letters):
            added = added.upper()
        elif not any(char.isupper() for char in letters):
            added = added.lower()
        elif self.text.lstrip()[:1].isupper():
            added = added[:1].upper() + added[1:]
        if spacing_of(self.text).between_han:
            added = HAN_MEETS_HAN.sub(" ", added)
        return added + (self.closing if self.closing[-1:] in SENTENCE_ENDS else "")


@lru_cache(maxsize=16)
def surface_of(text: str) -> Surface:
    """Return the surface of a text; the last few are kept, since builders look at them again."""
    return Surface(text)


def _spans(languages: Sequence[Language]) -> list[Span]:
    """Cut into spans of one language; leading tokens of neither go with the first."""
    starts: list[tuple[Spoken, int]] = []
    for position, language in enumerate(languages):
        if language != "other" and (not starts or starts[-1][0] != language):
            starts.append((language, position if starts else 0))
    ends = [start for _, start in starts[1:]] + [len(languages)]
    return [
        Span(language, start, end) for (language, start), end in zip(starts, ends, strict=False)
    ]

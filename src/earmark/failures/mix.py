"""How much of each language is in a stretch of tokens, and what one lost to the other."""

from typing import Literal, NamedTuple

from earmark.text.language import Language

Spoken = Literal["zh", "en"]
SPOKEN: tuple[Spoken, ...] = ("zh", "en")
OTHER: dict[Spoken, Spoken] = {"zh": "en", "en": "zh"}

# How long a token takes to say, in syllables of Mandarin; an English word takes about 1.4.
SYLLABLES: dict[Language, float] = {"zh": 1.0, "en": 1.4, "other": 1.0}
# What must be written in place of lost words, in syllables for each lost syllable, to be their
# translation: English words become one or two characters, four characters may become one word.
REPLACED: dict[Spoken, float] = {"zh": 0.25, "en": 0.5}


class Mix(NamedTuple):
    """Tokens of a stretch: Mandarin, English, and all of them (numbers and the like included)."""

    zh: int
    en: int
    total: int

    @property
    def syllables(self) -> float:
        """Estimate how long the stretch takes to say, in syllables."""
        return self.total + (SYLLABLES["en"] - 1.0) * self.en

    @property
    def matrix(self) -> Spoken:
        """Name the language that takes longer to say; at a tie, Mandarin.

        >>> Mix(zh=2, en=1, total=3).matrix, Mix(zh=1, en=1, total=3).matrix
        ('zh', 'en')
        """
        return "en" if self.en * SYLLABLES["en"] > self.zh else "zh"

    def of(self, language: Spoken) -> int:
        """Return the number of tokens of a language."""
        return self.zh if language == "zh" else self.en


def mix_of(codes: str) -> Mix:
    """Count the tokens of a stretch, given as the letters of `language_codes`, by language.

    >>> mix_of("zeoz")
    Mix(zh=2, en=1, total=4)
    """
    return Mix(codes.count("z"), codes.count("e"), len(codes))


class Swap(NamedTuple):
    """Tokens that a language lost, and tokens that the other gained in their place."""

    language: Spoken
    lost: int
    gained: int

    @property
    def ratio(self) -> float:
        """Return syllables gained for each syllable lost; 0 when nothing was lost.

        >>> Swap("en", lost=1, gained=2).ratio
        1.4285714285714286
        """
        if self.lost <= 0:
            return 0.0
        gained = max(0, self.gained) * SYLLABLES[OTHER[self.language]]
        return gained / (self.lost * SYLLABLES[self.language])

    @property
    def is_replaced(self) -> bool:
        """Return whether enough is written in place of the lost words to be their translation."""
        return self.lost > 0 and self.ratio >= REPLACED[self.language]


def swap_of(language: Spoken, said: Mix, written: Mix) -> Swap:
    """Return what a language lost and the other gained between two stretches."""
    other = OTHER[language]
    return Swap(
        language,
        lost=said.of(language) - written.of(language),
        gained=written.of(other) - said.of(other),
    )

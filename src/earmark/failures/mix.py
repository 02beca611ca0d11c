"""How much of each language is in a stretch of tokens, and what one lost to the other."""

from typing import Literal, NamedTuple

from earmark.text.language import Language

Spoken = Literal["zh", "en"]
SPOKEN: tuple[Spoken, ...] = ("zh", "en")
OTHER: dict[Spoken, Spoken] = {"zh": "en", "en": "zh"}

# How long a token takes to say, in syllables of Mandarin; an English word takes about 1.4.
SYLLABLES: dict[Language, float] = {"zh": 1.0, "en": 1.4, "other": 1.0}


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

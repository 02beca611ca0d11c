"""The language of a token, from its script: enough for Mandarin beside English."""

import unicodedata
from collections.abc import Sequence
from functools import cache
from itertools import accumulate
from typing import Literal

from earmark.text.script import is_han

Language = Literal["zh", "en", "other"]
LANGUAGES: tuple[Language, ...] = ("zh", "en", "other")


@cache
def language_of(token: str) -> Language:
    """Name a token's language: Han is `zh`, Latin letters are `en`, the rest is `other`.

    Digits, kana and other scripts are `other`; a word with digits in it is `en`. Script is
    all that is looked at, so pinyin and Malay count as `en`.

    >>> [language_of(token) for token in ["好", "iphone15", "café", "50%", "コ"]]
    ['zh', 'en', 'en', 'other', 'other']
    """
    if token and is_han(token[0]):
        return "zh"
    if any(_is_latin(char) for char in token):
        return "en"
    return "other"


@cache
def _is_latin(char: str) -> bool:
    """Return whether a character is a Latin letter, accented ones included."""
    if char.isascii():
        return char.isalpha()
    return char.isalpha() and unicodedata.name(char, "").startswith("LATIN ")


class Nearest:
    """The language of the nearest word beside any place in a text or a list of tokens.

    Found in two passes over the whole: to search from each number would take the square of the
    length of a text of numbers.
    """

    def __init__(self, parts: Sequence[str]) -> None:
        languages = [None if (found := language_of(p)) == "other" else found for p in parts]
        self._before = [None, *accumulate(languages, _later)]
        self._after = [None, *accumulate(reversed(languages), _later)][::-1]

    def at(self, start: int, end: int) -> Language:
        """Name the language of the next word from `end`, else of the last before `start`, else en.

        >>> Nearest(["20", "dollars", "3", "块"]).at(2, 3)
        'zh'
        >>> Nearest(["20", "dollars", "3"]).at(2, 3), Nearest(["3"]).at(0, 1)
        ('en', 'en')
        """
        return self._after[end] or self._before[start] or "en"


def _later(known: Language | None, found: Language | None) -> Language | None:
    return found or known

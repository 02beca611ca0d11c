"""The language of a token, from its script: enough for Mandarin beside English."""

import unicodedata
from functools import cache
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
    """Say whether a character is a Latin letter, accented ones included."""
    if char.isascii():
        return char.isalpha()
    return char.isalpha() and unicodedata.name(char, "").startswith("LATIN ")

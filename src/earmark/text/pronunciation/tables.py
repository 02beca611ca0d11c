"""The two tables of pronunciations: the phones of an English word, the pinyin of a character.

From CMUdict and pypinyin (`assets/pronunciation`, made by `.ci/pronunciation.py`). The English
table stays one text of 2 MB in which words are found by bisection: a dict of its 125 000 words
takes ten times the memory and, for the words of a corpus, no less time.
"""

import gzip
from functools import cache
from importlib.resources import files

TABLES = "assets/pronunciation"


def phones_of(word: str) -> str | None:
    """Return the phones of an English word, in the letters of `classes.ARPABET`; None if unknown.

    >>> phones_of("please"), phones_of("zaoshang")
    ('pliz', None)
    """
    text = _read("english.txt.gz")
    low, high = 0, len(text)
    while low < high:
        start = text.rfind("\n", 0, (low + high) // 2) + 1
        end = text.index(" ", start)
        found = text[start:end]
        line_end = text.index("\n", end)
        if found == word:
            return text[end + 1 : line_end]
        low, high = (line_end + 1, high) if found < word else (low, start)
    return None


def pinyin_of(character: str) -> str | None:
    """Return the most frequent reading of a character, without its tone; ü is v.

    Of 中, 重 and 长 in all words the same: the word that a character is in is not looked at.

    >>> pinyin_of("女"), pinyin_of("長"), pinyin_of("コ")
    ('nv', 'zhang', None)
    """
    return _readings().get(character)


@cache
def syllables() -> frozenset[str]:
    """Return the syllables of Mandarin, in pinyin without tones."""
    return frozenset(_readings().values())


@cache
def _readings() -> dict[str, str]:
    """Return the reading of each character."""
    readings: dict[str, str] = {}
    for line in _read("han.txt.gz").splitlines():
        syllable, _, characters = line.partition(" ")
        readings |= dict.fromkeys(characters, syllable)
    return readings


@cache
def _read(name: str) -> str:
    """Return the text of a table."""
    packed = files("earmark").joinpath(TABLES, name).read_bytes()
    return gzip.decompress(packed).decode("utf-8")

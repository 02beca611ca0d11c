"""Instructions about words: that they occur, how often, or that they do not."""

import re

from earmark.judges.instructions.relation import holds, word, words
from earmark.judges.judge import Unscored

WORD_CHARACTER = re.compile(r"[^\W_]")
# Where the blocks of Han, kana and hangul begin.
FIRST_EAST_ASIAN = 0x2E80


def existence(answer: str, *, keywords: list[str]) -> bool:
    """Every keyword occurs, in any case, also within a longer word.

    >>> existence("Fresh Coffee daily", keywords=["coffee", "night"])
    False
    >>> existence("Fresh coffees every day", keywords=["coffee", "day"])
    True
    """
    lowered = answer.lower()
    return all(keyword.strip().lower() in lowered for keyword in words(keywords))


def frequency(answer: str, *, keyword: str, frequency: int, relation: str) -> bool:
    """A keyword occurs at least, or less than, so many times, also within longer words.

    >>> frequency("tea, TEA, teapot", keyword="tea", frequency=3, relation="at least")
    True
    """
    return holds(answer.lower().count(word(keyword).strip().lower()), relation, frequency)


def forbidden_words(answer: str, *, forbidden_words: list[str]) -> bool:
    """No forbidden word occurs, in any case; a longer word that holds it may.

    >>> forbidden_words("a catalogue", forbidden_words=["cat"])
    True
    >>> forbidden_words("A Cat.", forbidden_words=["cat"])
    False
    """
    return not any(has_word(answer, each) for each in words(forbidden_words))


def letter_frequency(answer: str, *, letter: str, let_frequency: int, let_relation: str) -> bool:
    """A letter occurs at least, or less than, so many times, in any case.

    >>> letter_frequency("Banana", letter="a", let_frequency=3, let_relation="at least")
    True
    """
    if len(word(letter)) != 1:
        raise Unscored(f"the letter of an instruction is {letter!r}; expected one character")
    return holds(answer.lower().count(letter.lower()), let_relation, let_frequency)


def has_word(answer: str, wanted: str) -> bool:
    """Say whether a word occurs as a whole; one that begins or ends in Han has no such edge there.

    >>> has_word("other", "the"), has_word("the other", "the"), has_word("我们的", "我们")
    (False, True, True)
    """
    wanted = wanted.strip()
    before = r"(?<![^\W_])" if _has_edge(wanted[0]) else ""
    after = r"(?![^\W_])" if _has_edge(wanted[-1]) else ""
    return bool(re.search(before + re.escape(wanted) + after, answer, re.IGNORECASE))


def _has_edge(char: str) -> bool:
    """Say whether words of this character's script have blanks between them."""
    return bool(WORD_CHARACTER.match(char)) and ord(char) < FIRST_EAST_ASIAN

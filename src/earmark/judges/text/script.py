"""How far the scripts of an answer are from those of the truth.

The reward of code-switching speech recognition by reinforcement, −error rate − ½·TV(scripts), has
this as its second term (`weight=.5`).
"""

import unicodedata
from collections import Counter
from functools import cache

from earmark.judges.judge import Answer, Case, Judge, by_answer, text_of, version_of
from earmark.text.script import is_han, is_kana


def script() -> Judge:
    """Score an answer by minus the total variation between its scripts and those of the truth.

    TV = ½ Σ |p(script) − q(script)| over the shares of letters, from 0 to 1; digits, marks and
    blanks have no script. An answer without a letter is 1 away from a truth that has some.
    """
    return by_answer("script", version_of(1), _one)


def _one(case: Case, answer: Answer) -> float:
    return -total_variation(shares(case.truth), shares(text_of(answer))) + 0.0


def shares(text: str) -> dict[str, float]:
    """Return the share of each script among the letters of a text.

    >>> shares("我们 go!"), shares("42")
    ({'han': 0.5, 'latin': 0.5}, {})
    """
    found = Counter(filter(None, map(script_of, text)))
    return {name: count / found.total() for name, count in found.items()}


@cache
def script_of(char: str) -> str:
    """Name the script of a letter by the first word of its Unicode name; empty for what is none.

    >>> [script_of(char) for char in "好コaя5!"]
    ['han', 'kana', 'latin', 'cyrillic', '', '']
    """
    if is_han(char):
        return "han"
    if is_kana(char):
        return "kana"
    return unicodedata.name(char, "").split(" ")[0].lower() if char.isalpha() else ""


def total_variation(one: dict[str, float], two: dict[str, float]) -> float:
    """Return half the sum of differences of two distributions; 1 where one of them is empty.

    >>> total_variation({"han": 0.5, "latin": 0.5}, {"han": 1.0})
    0.5
    """
    if not one or not two:
        return float(bool(one) != bool(two))
    names = sorted({*one, *two})
    return sum(abs(one.get(name, 0.0) - two.get(name, 0.0)) for name in names) / 2

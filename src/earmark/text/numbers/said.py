"""Fold what people say in several ways for one written number, on both sides alike.

两 is 二. Before 年 both readings of a year are one (九八年, 九十八年; 二千年, 二零零零年). Of a
time of day 点半, 点一刻 and 点三十 are minutes; 整 and 钟 are dropped. English drops the `and` of
one hundred and five, says one hundred for a hundred, minus for negative, percent for per cent.
"""

import re
from collections.abc import Sequence

from earmark.text.numbers.digits import EN_GROUPS, EN_ONES, EN_TENS, ZH_DIGITS, zh_digits, zh_number
from earmark.text.script import is_han

UNITS = {"十": 10, "百": 100, "千": 1000}
_DIGIT, _LEADING = f"[{ZH_DIGITS}]", f"[{ZH_DIGITS[1:]}]"
CARDINAL = re.compile(
    rf"(?:({_LEADING})千)?(?:零?({_LEADING})百)?(?:零?({_LEADING})?十)?(?:零?({_LEADING}))?"
)
YEAR = re.compile(rf"(?<![{ZH_DIGITS}十百千万亿点])([{ZH_DIGITS}十百千]{{2,}})年")
HOUR = rf"(?<=[{ZH_DIGITS}十]点)"
CLOCK = (
    (re.compile(rf"{HOUR}半"), "三十分"),
    (re.compile(rf"{HOUR}一刻"), "十五分"),
    (re.compile(rf"{HOUR}三刻"), "四十五分"),
    (re.compile(rf"{HOUR}[钟整]"), ""),
    (re.compile(rf"{HOUR}({_LEADING}?十{_LEADING}?)(?![{ZH_DIGITS}十百千万亿点分])"), r"\1分"),
)
EN_NUMBERS = frozenset([*EN_ONES, *EN_TENS])
EN_SCALES = frozenset(["hundred", *EN_GROUPS[1:]])
EN_MONEY = frozenset(["dollar", "dollars", "euro", "euros", "pound", "pounds"])
AFFECTED = frozenset(["两", "年", "点", "and", "a", "an", "negative", "per"])


def fold_said(tokens: list[str]) -> list[str]:
    """Write numbers in words in one way.

    >>> "".join(fold_said(list("两百个九十八年十二点半")))
    '二百个九八年十二点三十分'
    >>> fold_said("a hundred and five per cent".split())
    ['one', 'hundred', 'five', 'percent']
    """
    if AFFECTED.isdisjoint(map(str.casefold, tokens)):
        return tokens
    folded: list[str] = []
    for is_single, run in _runs(tokens):
        folded += _fold_han("".join(run)) if is_single else _fold_words(run)
    return folded


def _runs(tokens: Sequence[str]) -> list[tuple[bool, list[str]]]:
    """Cut tokens into runs of single Han characters and runs of others."""
    runs: list[tuple[bool, list[str]]] = []
    for token in tokens:
        single = len(token) == 1 and is_han(token)
        if not runs or runs[-1][0] != single:
            runs.append((single, []))
        runs[-1][1].append(token)
    return runs


def _fold_han(run: str) -> list[str]:
    """Fold a run of Han characters."""
    run = YEAR.sub(lambda match: _year(match[1]) + "年", run.replace("两", "二"))
    for pattern, instead in CLOCK:
        run = pattern.sub(instead, run)
    return list(run)


def _year(said: str) -> str:
    """Read a year digit by digit; tens of years, and numbers that are no year, as they are.

    >>> [_year(said) for said in ("九十八", "二零", "二千", "二零一九", "二十", "三百")]
    ['九八', '二十', '二零零零', '二零一九', '二十', '三百']
    """
    if not set(said) & UNITS.keys():
        is_decade = len(said) == 2 and said[1] == "零" != said[0]
        return zh_number(str(10 * ZH_DIGITS.index(said[0]))) if is_decade else said
    match = CARDINAL.fullmatch(said)
    if match is None:
        return said
    thousands, hundreds, tens, ones = (ZH_DIGITS.index(d) if d else 0 for d in match.groups())
    if "十" in said and not tens:
        tens = 1
    year = 1000 * thousands + 100 * hundreds + 10 * tens + ones
    is_named = year >= 1000 or (10 < year < 100 and ones)
    return zh_digits(str(year)) if is_named else said


def _fold_words(words: Sequence[str]) -> list[str]:
    """Fold words that are not Han."""
    folded: list[str] = []
    lower = [word.casefold() for word in words]
    for place, word in enumerate(words):
        before = lower[place - 1] if place else ""
        after = lower[place + 1] if place + 1 < len(lower) else ""
        said = lower[place]
        if said == "and" and before in EN_SCALES | EN_MONEY and after in EN_NUMBERS:
            continue
        if said in ("a", "an") and after in EN_SCALES:
            folded.append("one")
        elif said == "negative" and after in EN_NUMBERS:
            folded.append("minus")
        elif said == "cent" and before == "per":
            folded[-1] = "percent"
        else:
            folded.append(word)
    return folded

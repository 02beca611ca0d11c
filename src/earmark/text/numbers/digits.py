"""Say digits in words, in the language of the word beside them.

Departure: this is a fold for scoring, not speech: 2 is always 二, never 两; English reads 2019 as
a cardinal and says no `and`. What people say in several ways is folded in `said.py`.
"""

import re
from collections.abc import Sequence
from itertools import chain

from earmark.text.language import Nearest

NUMBER = re.compile(r"(\d+)(?:\.(\d+))?(%?)", re.ASCII)
MOST_DIGITS = 12

ZH_DIGITS = "零一二三四五六七八九"
ZH_GROUPS = ("", "万", "亿")
_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
)
_TENS = "zero ten twenty thirty forty fifty sixty seventy eighty ninety"
EN_ONES, EN_TENS = _ONES.split(), _TENS.split()
EN_GROUPS = ("", "thousand", "million", "billion")
IRREGULAR = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth",
    "nine": "ninth", "twelve": "twelfth",
}  # fmt: skip


def digits_to_words(tokens: list[str]) -> list[str]:
    """Replace every number token by its words; 〇 becomes 零.

    The language is that of the next token that has one, else of the one before, else English.

    >>> digits_to_words(["20", "块", "20", "dollars", "50%"])
    ['二', '十', '块', 'twenty', 'dollars', 'fifty', 'percent']
    """
    if not any(token[0].isdigit() or token == "〇" for token in tokens):
        return tokens
    near = Nearest(tokens)
    return list(chain.from_iterable(_say(tokens, place, near) for place in range(len(tokens))))


def _say(tokens: Sequence[str], place: int, near: Nearest) -> list[str]:
    """Say one token, or leave it as it is."""
    token = tokens[place]
    if token == "〇":
        return ["零"]
    match = NUMBER.fullmatch(token)
    if match is None:
        return [token]
    whole, fraction, percent = match.groups()
    if near.at(place, place + 1) == "en":
        words = en_number(whole)
        words += ["point", *(EN_ONES[int(d)] for d in fraction)] if fraction else []
        return [*words, "percent"] if percent else words
    is_year = len(whole) == 4 and not fraction and tokens[place + 1 : place + 2] == ["年"]
    said = zh_digits(whole) if is_year else zh_number(whole)
    said += "点" + zh_digits(fraction) if fraction else ""
    return list("百分之" + said if percent else said)


def zh_digits(digits: str) -> str:
    """Read digits one by one."""
    return "".join(ZH_DIGITS[int(digit)] for digit in digits)


def _is_code(digits: str) -> bool:
    """Return whether digits are read one by one: a leading zero, or too many for a number."""
    return len(digits) > MOST_DIGITS or (len(digits) > 1 and digits[0] == "0")


def zh_number(digits: str) -> str:
    """Say a whole number in Mandarin.

    >>> [zh_number(digits) for digits in ("15", "105", "110", "20010", "007")]
    ['十五', '一百零五', '一百一十', '二万零一十', '零零七']
    """
    if _is_code(digits):
        return zh_digits(digits)
    value, groups = int(digits), []
    while value:
        value, group = divmod(value, 10_000)
        groups.append(group)
    said = ""
    for power in range(len(groups) - 1, -1, -1):
        if group := groups[power]:
            gap = said and (group < 1000 or groups[power + 1] == 0)
            said += ("零" if gap else "") + _zh_group(group) + ZH_GROUPS[power]
    said = said or "零"
    return said[1:] if said.startswith("一十") else said


def _zh_group(value: int) -> str:
    """Say a number from 1 to 9999."""
    said, skipped = "", False
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = value // unit % 10
        if digit:
            said += ("零" if skipped and said else "") + ZH_DIGITS[digit] + name
        skipped = digit == 0
    return said


def en_number(digits: str) -> list[str]:
    """Say a whole number in English.

    >>> " ".join(en_number("2019")), " ".join(en_number("123")), " ".join(en_number("007"))
    ('two thousand nineteen', 'one hundred twenty three', 'zero zero seven')
    """
    if _is_code(digits):
        return [EN_ONES[int(digit)] for digit in digits]
    value, power, said = int(digits), 0, list[str]()
    while value:
        value, group = divmod(value, 1000)
        if group:
            said = [*_en_group(group), *EN_GROUPS[power].split(), *said]
        power += 1
    return said or ["zero"]


def en_ordinal(digits: str) -> list[str]:
    """Say an ordinal number in English.

    >>> " ".join(en_ordinal("21")), " ".join(en_ordinal("100")), " ".join(en_ordinal("12"))
    ('twenty first', 'one hundredth', 'twelfth')
    """
    *before, last = en_number(digits)
    if last in IRREGULAR:
        return [*before, IRREGULAR[last]]
    return [*before, f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th"]


def _en_group(value: int) -> list[str]:
    """Say a number from 1 to 999."""
    hundreds, rest = divmod(value, 100)
    said = [EN_ONES[hundreds], "hundred"] if hundreds else []
    if rest >= 20:
        tens, rest = divmod(rest, 10)
        said.append(EN_TENS[tens])
    return [*said, EN_ONES[rest]] if rest else said

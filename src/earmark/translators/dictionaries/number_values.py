"""Numbers in a list of tokens, in words of either language or digits, and their values."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from earmark.text.numbers.digits import EN_ONES, EN_TENS, IRREGULAR, ZH_DIGITS

ZH_ONES = {char: value for value, char in enumerate(ZH_DIGITS)} | {"〇": 0, "两": 2}
ZH_UNITS = {"十": 10, "百": 100, "千": 1000}
ZH_SCALES = {"万": 10_000, "亿": 100_000_000}
ZH_NUMERALS = frozenset([*ZH_ONES, *ZH_UNITS, *ZH_SCALES])
EN_SCALES = {"thousand": 1000, "million": 10**6, "billion": 10**9}
EN_VALUES = {word: value for value, word in enumerate(EN_ONES)} | {
    word: 10 * tens for tens, word in enumerate(EN_TENS) if tens > 1
}
ORDINALS = (
    {f"{word}th": value for word, value in EN_VALUES.items() if not word.endswith("y")}
    | {f"{word[:-1]}ieth": value for word, value in EN_VALUES.items() if word.endswith("y")}
    | {ordinal: EN_VALUES[word] for word, ordinal in IRREGULAR.items()}
)
EN_NUMERALS = frozenset([*EN_VALUES, *EN_SCALES, "hundred", *ORDINALS])
DIGITS = re.compile(r"(\d+(?:\.\d+)?)(%|st|nd|rd|th)?", re.ASCII)
MOST_DIGITS = 15


class Number(NamedTuple):
    """A number: tokens `start` to `end`, exclusive, its value, and whether it is in digits.

    The value is a text: `15`, `3.5`, `50%`, or `#3` for the third.
    """

    start: int
    end: int
    value: str
    in_digits: bool


def numbers_in(tokens: Sequence[str], *, zh: bool) -> list[Number]:
    """Return the numbers among tokens, as long as they can be, of one language or in digits.

    >>> [number.value for number in numbers_in(list("三百二十人第一"), zh=True)]
    ['320', '#1']
    >>> [number.value for number in numbers_in("fifty percent of 3 million".split(), zh=False)]
    ['50%', '3000000']
    """
    if zh:
        if ZH_NUMERALS.isdisjoint(tokens) and not has_digits(tokens):
            return []
        read = _zh_number
    else:
        if EN_NUMERALS.isdisjoint(tokens) and not has_digits(tokens):
            return []
        read = _en_number
    found, start = [], 0
    while start < len(tokens):
        number = read(tokens, start)
        if number is not None:
            found.append(number)
        start = start + 1 if number is None else number.end
    return found


def has_digits(tokens: Sequence[str]) -> bool:
    """Return whether a token begins with a digit."""
    return min((token[:1] for token in tokens), default=":") <= "9"


def _digits(token: str) -> tuple[str, str] | None:
    """Return the value of a token of digits, and the sign or ending that it has."""
    match = DIGITS.fullmatch(token)
    if match is None or len(match[1]) > MOST_DIGITS:
        return None
    return match[1], match[2] or ""


def _with_ending(value: str, ending: str) -> str:
    """Write a value as per cent or as an ordinal.

    >>> _with_ending("50", "%"), _with_ending("3", "rd"), _with_ending("3", "")
    ('50%', '#3', '3')
    """
    if ending == "%":
        return f"{value}%"
    return f"#{value}" if ending else value


def _zh_number(tokens: Sequence[str], start: int) -> Number | None:
    """Read the Mandarin number, or the digits, that begin at a place."""
    at, ending = start, ""
    if tokens[at] == "第":
        at, ending = at + 1, "th"
    elif tuple(tokens[at : at + 3]) == ("百", "分", "之"):
        at, ending = at + 3, "%"
    end = at
    if end < len(tokens) and (known := _digits(tokens[end])):
        value, own = known
        scale, end = 1, end + 1
        while end < len(tokens) and (times := _zh_times(tokens[end])):
            scale, end = scale * times, end + 1
        value = value if scale == 1 else _plain(float(value) * scale)
        return Number(start, end, _with_ending(value, own or ending), at == start and scale == 1)
    while end < len(tokens) and tokens[end] in ZH_NUMERALS:
        end += 1
    if end == at:
        return None
    value = zh_value("".join(tokens[at:end]))
    after = end + 1
    while after < len(tokens) and tokens[after] in ZH_ONES:
        after += 1
    if tokens[end : end + 1] == ["点"] and after > end + 1:
        value += "." + "".join(str(ZH_ONES[digit]) for digit in tokens[end + 1 : after])
        end = after
    return Number(start, end, _with_ending(value, ending), False)


def _zh_times(token: str) -> int:
    return ZH_UNITS.get(token, 0) or ZH_SCALES.get(token, 0)


def _plain(value: float) -> str:
    return str(int(value)) if value == int(value) else str(value)


def zh_value(said: str) -> str:
    """Return the value of Mandarin numerals; a row of digits is read one by one.

    >>> [zh_value(said) for said in ("二十", "一百零五", "一百五", "两万三", "二零一九", "三亿")]
    ['20', '105', '150', '23000', '2019', '300000000']
    """
    if all(char in ZH_ONES for char in said):
        return "".join(str(ZH_ONES[char]) for char in said)
    total = section = digit = 0
    last = 1
    for char in said:
        if char in ZH_ONES:
            digit = ZH_ONES[char]
            last = 1 if char in "零〇" else last
        elif char in ZH_UNITS:
            last = ZH_UNITS[char]
            section += (digit or 1) * last
            digit = 0
        else:
            last = ZH_SCALES[char]
            total = (total + section + digit or 1) * last
            section = digit = 0
    # Of 一百五 the five are tens.
    tail = digit * last // 10 if last >= 100 else digit
    return str(total + section + tail)


def _en_number(tokens: Sequence[str], start: int) -> Number | None:
    """Read the English number, or the digits, that begin at a place."""
    words = [token.lower() for token in tokens[start : start + 12]]
    known = _digits(words[0])
    if known is not None:
        value, ending = known
        end = 1
        if not ending and words[1:2] and (scale := EN_SCALES.get(words[1])):
            value, end = _plain(float(value) * scale), 2
        return _ended(start, end, value, ending, words, in_digits=end == 1)
    value, end = _spoken(words)
    if not end:
        return None
    ending = "th" if words[end - 1] in ORDINALS else ""
    return _ended(start, end, value, ending, words, in_digits=False)


def _spoken(words: Sequence[str]) -> tuple[str, int]:
    """Return the value of the number that words begin with, and how many words it has.

    >>> _spoken("one hundred and five thousand two dollars".split())
    ('105002', 6)
    >>> _spoken(["nineteen", "ninety", "eight"]), _spoken(["one", "and", "two"])
    (('1998', 3), ('1', 1))
    """
    total, groups, end = 0, list[int](), 0
    for place, word in enumerate(words):
        one = EN_VALUES.get(word, ORDINALS.get(word))
        if one is not None:
            if groups and _adds(groups[-1], one):
                groups[-1] += one
            else:
                groups.append(one)
        elif word == "hundred":
            groups[-1:] = [(groups[-1] if groups else 1) * 100]
        elif word in EN_SCALES:
            total += (groups.pop() if groups else 1) * EN_SCALES[word]
        elif word == "and" and (total or (groups and groups[-1] and groups[-1] % 100 == 0)):
            continue
        else:
            break
        end = place + 1
        if word in ORDINALS:
            break
    value = str(total + sum(groups)) if total else "".join(map(str, groups))
    return value, end


def _adds(value: int, one: int) -> bool:
    """Return whether a word belongs to the number before it, as in twenty one."""
    if not value or not one:
        return False
    return value % 100 == 0 or (value % 100 >= 20 and value % 10 == 0 and one < 10)


def _ended(
    start: int, end: int, value: str, ending: str, words: Sequence[str], *, in_digits: bool
) -> Number:
    """Take a following `percent` or `per cent` along."""
    if not ending and words[end : end + 1] == ["percent"]:
        return Number(start, start + end + 1, f"{value}%", False)
    if not ending and list(words[end : end + 2]) == ["per", "cent"]:
        return Number(start, start + end + 2, f"{value}%", False)
    return Number(start, start + end, _with_ending(value, ending), in_digits)

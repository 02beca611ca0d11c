"""Write out signs, money, ordinals, times and fractions, so that only plain numbers remain.

This works on the text, since splitting it drops the signs. `numbers.py` then says the numbers.
The language is that of the next word, else of the one before, else English.

Departure: a hyphen is a minus sign at the start of a word or after a Han character, but not
after a unit (2019年-2020年). A fraction is read as one if it is proper and its denominator at most
10, or 100; others, such as 24/7 and 3/15, are two numbers.
"""

import re
from collections.abc import Callable

from earmark.text.joining import HAN
from earmark.text.language import Nearest
from earmark.text.numbers.digits import en_number, en_ordinal
from earmark.text.script import is_han

FULL_WIDTH = str.maketrans(
    "０１２３４５６７８９＄％－−﹣．／：￥￡",
    "0123456789$%---./:¥£",
)
VULGAR = {
    "½": "1/2", "⅓": "1/3", "⅔": "2/3", "¼": "1/4", "¾": "3/4", "⅕": "1/5", "⅖": "2/5",
    "⅗": "3/5", "⅘": "4/5", "⅙": "1/6", "⅚": "5/6", "⅛": "1/8", "⅜": "3/8", "⅝": "5/8", "⅞": "7/8",
}  # fmt: skip
VULGAR_CHAR = re.compile("[" + "".join(VULGAR) + "]")
CURRENCIES = {
    "$": ("美元", "dollar"), "US$": ("美元", "dollar"), "S$": ("新币", "dollar"),
    "HK$": ("港币", "dollar"), "NT$": ("台币", "dollar"), "A$": ("澳元", "dollar"),
    "¥": ("元", "yuan"), "€": ("欧元", "euro"), "£": ("英镑", "pound"),
}  # fmt: skip
HUNDREDTHS = {"dollar": "cent", "euro": "cent", "pound": "pence"}
SAME_PLURAL = {"yuan", "pence"}
DENOMINATORS = {*range(2, 11), 100}
# Characters after which a hyphen joins two numbers: what counts, and what is counted.
UNITS = frozenset("年月日号點点时時页頁章节節楼樓层層级級岁歲块塊元分秒周週期")
OPENING = frozenset(" \t\n\u3000([{（【《“‘\"'，。,、：:；;=<>")

_NUMBER = r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)"
# A letter, digit or mark that splitting would leave in one token with what is beside it.
_MARKS = "\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\u3099\u309a\ufe20-\ufe2f\uff9e\uff9f"
# Han and kana have no case; to look for one takes most of the time in which this is compiled.
_LETTER = rf"(?:(?-i:(?![{HAN}\u3041-\u30ff]))[^\W_]|[{_MARKS}])"
_START = rf"(?<!{_LETTER})(?<![.,:/$%&+#'\-¥€£])"
_END = rf"(?!{_LETTER}|[:/$%&+#'¥€£]|[.,\-][0-9])"
TIME = rf"{_START}(?P<hour>[01]?[0-9]|2[0-4]):(?P<minute>[0-5][0-9])(?P<half>\s?[ap]m\b)?{_END}"
FRACTION = rf"{_START}(?P<above>[0-9]{{1,2}})/(?P<below>[0-9]{{1,3}}){_END}"
ORDINAL = rf"{_START}(?P<ordinal>{_NUMBER})(?:st|nd|rd|th){_END}"
MONEY = (
    rf"(?<!{_LETTER})(?<![$%&+#¥€£])(?P<currency>(?:US|HK|NT|S|A)?\$|[¥€£])"
    rf"(?P<whole>{_NUMBER})(?:\.(?P<part>[0-9]+))?"
    rf"(?:\s?(?P<scale>thousand|million|billion|trillion|[千百万萬亿億]+))?{_END}"
)
WRITTEN = re.compile("|".join((TIME, FRACTION, ORDINAL, MONEY)), re.IGNORECASE)
# Tokens that still have a sign or an ending, and what a written number is split into.
KEPT = re.compile(r"(?:us|hk|nt|s|a)?\$\d+(?:\.\d+)?|\d+(?:st|nd|rd|th)", re.ASCII | re.IGNORECASE)
PIECE = re.compile(rf"[{HAN}]|[^\s{HAN}]+")
HYPHEN = re.compile(r"-(?=(?:[A-Z]{0,2}[$¥€£])?\d)", re.ASCII)


def write_out(text: str) -> str:
    """Write signs, money, ordinals, times and fractions in words and plain numbers.

    >>> write_out("-5度，$5 for the 1st, 12:30 开会")
    '负5度，5 dollars for the first, 12点30分 开会'
    >>> write_out("1/3 of it, 三成是 1/3 吧，2019年-2020年")
    'one third of it, 三成是 3分之1 吧，2019年-2020年'
    """
    if not any(char.isdigit() or char in VULGAR for char in text):
        return text
    text = VULGAR_CHAR.sub(lambda match: f" {VULGAR[match[0]]}", text.translate(FULL_WIDTH))
    text = _replaced(HYPHEN, _say_sign, text)
    return _replaced(WRITTEN, _say, text)


def write_out_tokens(tokens: list[str]) -> list[str]:
    """Do the same for tokens that splitting has brought forth, such as $5 in `$5/`.

    >>> write_out_tokens(["$5", "or", "1st"])
    ['5', 'dollars', 'or', 'first']
    """
    if not any(KEPT.fullmatch(token) for token in tokens):
        return tokens
    return PIECE.findall(_replaced(WRITTEN, _say, " ".join(tokens)))


def _replaced(
    pattern: re.Pattern[str], say: Callable[[re.Match[str], bool], str], text: str
) -> str:
    """Replace what matches by its words; `say` is given whether the place is Mandarin."""
    if not pattern.search(text):
        return text
    near = Nearest(text)
    return pattern.sub(lambda match: say(match, near.at(*match.span()) == "zh"), text)


def _say_sign(match: re.Match[str], zh: bool) -> str:
    """Say a minus sign, or leave a hyphen."""
    start = match.start()
    before = match.string[max(0, start - 2) : start]
    last = before[-1:]
    is_sign = not last or last in OPENING
    if last and is_han(last):
        is_sign = last not in UNITS and not before[-2:-1].isdigit()
    if not is_sign:
        return match[0]
    return "负" if zh else "minus "


def _say(match: re.Match[str], zh: bool) -> str:
    """Say what was matched in the language of its place."""
    parts = match.groupdict()
    if parts["hour"]:
        return _time(parts["hour"], parts["minute"], (parts["half"] or "").strip(), zh=zh)
    if parts["above"]:
        return _fraction(match[0], int(parts["above"]), int(parts["below"]), zh=zh)
    if parts["ordinal"]:
        return " ".join(en_ordinal(parts["ordinal"].replace(",", "")))
    return _money(parts, zh=zh)


def _time(hour: str, minute: str, half: str, *, zh: bool) -> str:
    """Say a time of day.

    >>> _time("12", "05", "", zh=True), _time("3", "00", "", zh=False)
    ('12点零5分', "3 o'clock")
    """
    hour = str(int(hour))
    if zh and not half:
        if minute == "00":
            return f"{hour}点"
        return f"{hour}点{'零' if minute[0] == '0' else ''}{int(minute)}分"
    if minute == "00":
        return f"{hour} {half}" if half else f"{hour} o'clock"
    said = f"oh {minute[1]}" if minute[0] == "0" else minute
    return f"{hour} {said} {half}".rstrip()


def _fraction(written: str, above: int, below: int, *, zh: bool) -> str:
    """Say a proper fraction; two numbers that are none stay two numbers.

    >>> _fraction("3/4", 3, 4, zh=False), _fraction("24/7", 24, 7, zh=False)
    ('three quarters', '24/7')
    """
    if not 0 < above < below or below not in DENOMINATORS:
        return written
    if zh:
        return f"{below}分之{above}"
    named = {2: "half", 4: "quarter"}.get(below) or en_ordinal(str(below))[-1]
    plural = {"half": "halves"}.get(named, f"{named}s")
    return " ".join([*en_number(str(above)), named if above == 1 else plural])


def _money(parts: dict[str, str], *, zh: bool) -> str:
    """Say a sum of money: the unit follows the number.

    >>> _money({"currency": "$", "whole": "2", "part": "50", "scale": None}, zh=False)
    '2 dollars 50 cents'
    """
    whole, part, scale = parts["whole"].replace(",", ""), parts["part"], parts["scale"] or ""
    unit_zh, unit_en = CURRENCIES[parts["currency"].upper()]
    number = f"{whole}.{part}" if part else whole
    if zh or (scale and not scale.isascii()):
        return f"{number}{scale}{unit_zh}"
    hundredth = HUNDREDTHS.get(unit_en)
    if part and len(part) == 2 and not scale and hundredth:
        cents = _counted(str(int(part)), hundredth) if int(part) else ""
        return f"{_counted(whole, unit_en)} {cents}".rstrip()
    return _counted(f"{number} {scale}".rstrip(), unit_en)


def _counted(number: str, unit: str) -> str:
    """Write a number of things.

    >>> _counted("1", "dollar"), _counted("5", "yuan")
    ('1 dollar', '5 yuan')
    """
    return f"{number} {unit if number == '1' or unit in SAME_PLURAL else unit + 's'}"

"""Traditional to Simplified characters: OpenCC `t2s`, run where it can matter, to a fixed point.

Four rules are added, since `t2s` leaves alone what Taiwan and Hong Kong write otherwise: 著 as a
suffix is 着 (看著), but stays in the words that Simplified writes with it (著名); 甚麼 is 什么;
the pronouns 妳, 祢, 牠 and 祂, which sound like 你, 它 and 他, are written so.

Departure: `tw2s` has such rules too, but turns 專著 into 专着 and leaves 显著 to chance.
"""

import re
from functools import lru_cache

from opencc import OpenCC

# Traditional characters that `t2s` changes in some words only (瞭解 but not 瞭望), so that
# looking at them alone would miss them.
CHANGED_IN_WORDS = "沈藉瞭覆甦衹鍾"
PRONOUNS = str.maketrans("妳祢牠祂", "你你它他")
# What the rules of this file may change.
VARIANTS = "著甚妳祢牠祂"
# 著急 and the like have 着 even where 名著 or 著作 could be read (三名著急的人, 看著作业).
SUFFIX = re.compile(
    r"著(?=[急手重眼陆火迷凉想实落色])"
    r"|著(?!名(?![单片字牌册额])|作(?!业)|[称述])(?<![名显原专土巨卓昭]著)"
)
MOST_ROUNDS = 6


@lru_cache(maxsize=1)
def _converter() -> OpenCC:
    """Load OpenCC's tables once."""
    return OpenCC("t2s")


@lru_cache(maxsize=1)
def traditional_characters() -> frozenset[str]:
    """Return the characters that show a text to need conversion: those that may change."""
    blocks = (range(0x3400, 0xA000), range(0x20000, 0x323B0))
    han = [chr(code) for block in blocks for code in block]
    simple = _converter().convert("\n".join(han)).split("\n")
    changed = (old for old, new in zip(han, simple, strict=True) if old != new)
    return frozenset(CHANGED_IN_WORDS + VARIANTS).union(changed)


@lru_cache(maxsize=2**16)
def _simplify(han: str) -> str:
    """Convert until nothing changes: one pass turns 蕭乾 into 萧乾, but 萧乾 into 萧干."""
    for _ in range(MOST_ROUNDS):
        simple = _convert_once(han)
        if simple == han:
            break
        han = simple
    return han


def _convert_once(han: str) -> str:
    """Convert the characters that are Traditional, each in its word, then apply our own rules."""
    traditional = traditional_characters()
    converted = _converter().convert(han)
    if len(converted) != len(han):  # a phrase of another length: each character by itself
        converted = "".join(_converter().convert(char) for char in han)
    simple = "".join(
        new if old in traditional else old for old, new in zip(han, converted, strict=True)
    )
    return SUFFIX.sub("着", simple).replace("甚么", "什么").translate(PRONOUNS)


def simplify(han: str) -> str:
    """Convert a run of Han characters to Simplified ones, one for one.

    Departure: only Traditional characters change. `t2s` also rewrites some Simplified words
    (打坏 becomes 打坯), beside Traditional ones too.

    >>> simplify("後來軟體")
    '后来软体'
    >>> simplify("後來打坏"), simplify("看著著名的妳")
    ('后来打坏', '看着著名的你')
    """
    return han if traditional_characters().isdisjoint(han) else _simplify(han)

"""Traditional to Simplified characters: OpenCC `t2s`, run where it can matter, to a fixed point."""

from functools import lru_cache

from opencc import OpenCC

# Traditional characters that `t2s` changes in some words only (瞭解 but not 瞭望), so that
# looking at them alone would miss them.
CHANGED_IN_WORDS = "沈藉瞭覆甦衹鍾"
MOST_ROUNDS = 4


@lru_cache(maxsize=1)
def _converter() -> OpenCC:
    """Load OpenCC's tables once."""
    return OpenCC("t2s")


@lru_cache(maxsize=1)
def traditional_characters() -> frozenset[str]:
    """Return the characters that show a text to be Traditional: those that `t2s` changes."""
    blocks = (range(0x3400, 0xA000), range(0x20000, 0x323B0))
    han = [chr(code) for block in blocks for code in block]
    simple = _converter().convert("\n".join(han)).split("\n")
    changed = (old for old, new in zip(han, simple, strict=True) if old != new)
    return frozenset(CHANGED_IN_WORDS).union(changed)


@lru_cache(maxsize=2**16)
def _simplify(han: str) -> str:
    """Convert until nothing changes: one pass turns 蕭乾 into 萧乾, but 萧乾 into 萧干."""
    for _ in range(MOST_ROUNDS):
        simple = _converter().convert(han)
        if simple == han:
            break
        han = simple
    return han


def simplify(han: str) -> str:
    """Convert a run of Han characters to Simplified ones, one for one.

    Departure: a run without any Traditional character is left alone, because `t2s` also
    rewrites some Simplified words (打坏 becomes 打坯).

    >>> simplify("後來軟體")
    '后来软体'
    >>> simplify("打坏")
    '打坏'
    """
    return han if traditional_characters().isdisjoint(han) else _simplify(han)

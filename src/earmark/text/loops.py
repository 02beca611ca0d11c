"""Find a loop: a model that writes the same words over and over.

Two rules, either suffices. A unit of at most 10 tokens repeated at least 4 times in a row,
over at least 20 tokens and half of the text; or a text that zlib packs to less than 1 / 2.4
of its bytes, which is Whisper's alarm (arXiv 2212.04356). Normal code-switched speech passes
both; each alone misses some loops.

Departure: a text is packed only if at most half of its tokens are distinct, or one of them is
very long. Any other packs far less well, and packing is what takes time.
"""

import zlib
from collections.abc import Sequence
from typing import NamedTuple

LONGEST_UNIT = 10
FEWEST_REPEATS = 4
FEWEST_TOKENS = 20
LEAST_SHARE = 0.5
HIGHEST_COMPRESSION = 2.4

LONG_TOKEN = 30


class Loop(NamedTuple):
    """A unit of `unit_tokens` tokens from `start`, repeated `repeats` whole times in a row."""

    start: int
    unit_tokens: int
    repeats: int


def find_loop(tokens: Sequence[str]) -> Loop | None:
    """Find the loop that covers the most tokens, by the rule of repeated units; None without.

    >>> find_loop(["谢", "谢"] + ["thank", "you"] * 12)
    Loop(start=2, unit_tokens=2, repeats=12)
    >>> find_loop(["对"] * 8) is None
    True
    """
    total = len(tokens)
    needed = max(FEWEST_TOKENS, LEAST_SHARE * total)
    # A loop over `needed` tokens, 4 times or more, holds three quarters of them as repeats.
    if total < FEWEST_TOKENS or total - len(set(tokens)) < needed * (1 - 1 / FEWEST_REPEATS):
        return None
    loops = [loop for unit in range(1, LONGEST_UNIT + 1) if (loop := _longest(tokens, unit))]
    best = max(loops, key=lambda loop: loop.unit_tokens * loop.repeats, default=None)
    return best if best and best.unit_tokens * best.repeats >= needed else None


def _longest(tokens: Sequence[str], unit: int) -> Loop | None:
    """Find the longest stretch in which every token equals the one `unit` before it."""
    best = start = 0
    run = 0
    for position in range(unit, len(tokens)):
        run = run + 1 if tokens[position] == tokens[position - unit] else 0
        if run > best:
            best, start = run, position - run - unit + 1
    repeats = best // unit + 1
    return Loop(start, unit, repeats) if repeats >= FEWEST_REPEATS else None


def compression_ratio(text: str) -> float:
    """Return UTF-8 bytes / zlib bytes; normal text has about 1, a loop far more.

    >>> compression_ratio("我要 book 一个 meeting") < 1.5 < compression_ratio("对" * 16)
    True
    """
    raw = text.encode("utf-8", "replace")
    return len(raw) / len(zlib.compress(raw))


def is_looping(text: str, tokens: Sequence[str]) -> bool:
    """Say whether a text, given with its tokens, is a loop by either rule.

    >>> is_looping("谢谢观看" * 10, list("谢谢观看" * 10)), is_looping("对对对", list("对对对"))
    (True, False)
    """
    return find_loop(tokens) is not None or packs_too_well(text, tokens)


def packs_too_well(text: str, tokens: Sequence[str]) -> bool:
    """Say whether tokens repeat and the compression ratio is above Whisper's threshold.

    >>> packs_too_well("ha" * 40, ["ha" * 40]), packs_too_well("ja ja ja", ["ja", "ja", "ja"])
    (True, False)
    """
    varied = 2 * len(set(tokens)) > len(tokens)
    if not tokens or (varied and max(map(len, tokens)) < LONG_TOKEN):
        return False
    return compression_ratio(text) > HIGHEST_COMPRESSION

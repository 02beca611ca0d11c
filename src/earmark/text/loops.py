"""Find a loop: a model that writes the same words over and over. The one definition of it.

An answer is a loop by any of three rules, all of which allow what the truth repeats too:

- a unit of at most 40 tokens occurs at least 4 times in a row, 5 tokens of it beyond what
  the truth repeats; or 3 times, with 8 tokens beyond;
- zlib packs its text to less than 1 / 2.4 of its bytes, which is Whisper's alarm
  (arXiv 2212.04356), and not the truth's. This finds what is one long word (hahaha...);
- at least 3 words for noises (嘟, beep) that nobody said are 30 % of it or more.

Departure: a text is packed only if at most half of its tokens are distinct, or one of them is
very long. Any other packs far less well, and packing is what takes time.
"""

import zlib
from collections.abc import Sequence
from operator import eq
from typing import NamedTuple

LONGEST_UNIT = 40
# Repeats in a row, and tokens repeated beyond what the truth repeats: either pair is a loop.
RULES = ((4, 5), (3, 8))
FEWEST_AGAIN = min(surplus for _, surplus in RULES)
HIGHEST_COMPRESSION = 2.4
LONG_WORD = 20
LONG_TOKEN = 30
# Sounds of machines, animals and things. Laughter and hesitations are words of speech.
_ENGLISH = (
    "beep beeps beeping bip boop bleep buzz buzzing bzz bzzz ding dong tick tock click clicks "
    "clicking thud bang boom whoosh hiss chirp woof meow vroom honk blah"
)
NOISES = frozenset([*"嘟滴嘀哔嗶叮咚咣啪砰嗡轰咔嚓嘶唰咯吱喵汪哒嗒咕噜嘭哐嗞", *_ENGLISH.split()])
FEWEST_NOISES, LEAST_NOISE = 3, 0.3


class Repetition(NamedTuple):
    """A unit repeated in a row: its length, how often it occurs, tokens beyond the first."""

    unit_tokens: int
    repeats: int
    surplus: int


def repetition(tokens: Sequence[str], truth_tokens: Sequence[str] = ()) -> Repetition:
    """Find the repetition with the most tokens beyond what the truth repeats at that length.

    Fewer than five tokens that came before are not looked at; speech is full of them.

    >>> repetition("ja ja ja ja ja ja nein".split())
    Repetition(unit_tokens=1, repeats=6, surplus=5)
    >>> repetition(["ja"] * 9, ["ja"] * 9).surplus
    0
    """
    best = Repetition(0, 1, 0)
    # A token that equals the one a unit before it came before, so no run is longer than this.
    again = len(tokens) - len(set(tokens))
    if again < FEWEST_AGAIN:
        return best
    for unit in range(1, min(LONGEST_UNIT, len(tokens) // 2) + 1):
        if again <= best.surplus:
            break
        # Counting all matches is fast, and no run is longer than that.
        if sum(map(eq, tokens, tokens[unit:])) < max(FEWEST_AGAIN, best.surplus):
            continue
        run = _longest_run(tokens, unit)
        if run > best.surplus:
            surplus = run - _longest_run(truth_tokens, unit)
            if surplus > best.surplus:
                best = Repetition(unit, run // unit + 1, surplus)
    return best


def _longest_run(tokens: Sequence[str], unit: int) -> int:
    """Count the longest run of tokens that equal the one `unit` before."""
    best = run = 0
    for one, later in zip(tokens, tokens[unit:], strict=False):
        run = run + 1 if one == later else 0
        if run > best:
            best = run
    return best


def repeats_a_unit(tokens: Sequence[str], truth_tokens: Sequence[str] = ()) -> bool:
    """Return whether tokens repeat a unit far more than the truth does.

    >>> repeats_a_unit(list("图书馆谢谢观看谢谢观看谢谢观看"), list("图书馆"))
    True
    >>> repeats_a_unit(["对"] * 8, ["对"] * 7)
    False
    """
    found = repetition(tokens, truth_tokens)
    return any(found.repeats >= repeats and found.surplus >= more for repeats, more in RULES)


def compression_ratio(text: str) -> float:
    """Return UTF-8 bytes / zlib bytes; normal text has about 1, a loop far more.

    >>> compression_ratio("我要 book 一个 meeting") < 1.5 < compression_ratio("对" * 16)
    True
    """
    raw = text.encode("utf-8", "replace")
    return len(raw) / len(zlib.compress(raw))


def packs_too_well(text: str, tokens: Sequence[str]) -> bool:
    """Return whether tokens repeat and the compression ratio is above Whisper's threshold.

    >>> packs_too_well("ha" * 40, ["ha" * 40]), packs_too_well("ja ja ja", ["ja", "ja", "ja"])
    (True, False)
    """
    varied = 2 * len(set(tokens)) > len(tokens)
    if not tokens or (varied and max(map(len, tokens)) < LONG_TOKEN):
        return False
    return compression_ratio(text) > HIGHEST_COMPRESSION


def is_noise(tokens: Sequence[str], truth_tokens: Sequence[str] = ()) -> bool:
    """Return whether words for noises that nobody said are much of an answer.

    >>> is_noise(list("我来了嘟嘟嘟")), is_noise(list("我来了嘟嘟嘟"), list("嘟嘟嘟"))
    (True, False)
    """
    if NOISES.isdisjoint(tokens):
        return False
    count = sum(token in NOISES for token in tokens)
    said = sum(token in NOISES for token in truth_tokens)
    return count - said >= FEWEST_NOISES and count - said >= LEAST_NOISE * len(tokens)


def is_loop(
    text: str, tokens: Sequence[str], truth: str = "", truth_tokens: Sequence[str] = ()
) -> bool:
    """Return whether an answer, given with its tokens, repeats itself as the truth does not.

    >>> is_loop("谢谢观看" * 4, list("谢谢观看" * 4)), is_loop("对对对", list("对对对"))
    (True, False)
    >>> is_loop("对" * 30, ["对"] * 30, "对" * 29, ["对"] * 29)
    False
    """
    if is_noise(tokens, truth_tokens):
        return True
    # Without a token that comes back, only a word of the kind of hahahaha can be a loop.
    if (
        len(tokens) - len(set(tokens)) < FEWEST_AGAIN
        and max(map(len, tokens), default=0) < LONG_WORD
    ):
        return False
    if repeats_a_unit(tokens, truth_tokens):
        return True
    return packs_too_well(text, tokens) and not packs_too_well(truth, truth_tokens)

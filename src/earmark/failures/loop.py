"""Hallucination: the same words over and over."""

from collections.abc import Sequence
from operator import eq
from random import Random
from typing import NamedTuple

from earmark.failures.evidence import Evidence
from earmark.failures.mode import Tools
from earmark.failures.surface import Surface
from earmark.text.loops import is_looping

LONGEST_UNIT = 40
# Repeats in a row, and tokens repeated beyond what the truth repeats: either pair is a loop.
RULES = ((4, 5), (3, 8))
FEWEST_AGAIN = min(surplus for _, surplus in RULES)
LONG_WORD = 20
IMITATED_UNIT = 4
IMITATED_REPEATS = 5


class Repetition(NamedTuple):
    """A unit repeated in a row: its length, how often it stands there, tokens beyond the first."""

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


def is_loop(tokens: Sequence[str], truth_tokens: Sequence[str]) -> bool:
    """Say whether tokens repeat a unit far more than the truth does."""
    found = repetition(tokens, truth_tokens)
    return any(found.repeats >= repeats and found.surplus >= more for repeats, more in RULES)


def detect(evidence: Evidence) -> bool:
    """Say whether the hypothesis repeats itself as the truth does not.

    With a truth at hand short loops count too, which `earmark.text.loops` must let pass.
    """
    tokens = evidence.hyp_tokens
    # Without a token that comes back, only a word of the kind of hahahaha can be a loop.
    if (
        len(tokens) - len(set(tokens)) < FEWEST_AGAIN
        and len(max(tokens, key=len, default="")) < LONG_WORD
    ):
        return False
    if is_loop(tokens, evidence.truth_tokens):
        return True
    truth = evidence.truth or ""
    return is_looping(evidence.hyp, tokens) and not is_looping(truth, evidence.truth_tokens)


def imitate(truth: Surface, rng: Random, tools: Tools) -> str | None:
    """Write up to some token, then repeat the last few; None when the truth repeats itself so."""
    if not truth.tokens:
        return None
    end = rng.randint(1, len(truth.tokens))
    unit = rng.randint(1, min(IMITATED_UNIT, end, max(1, tools.longest // IMITATED_REPEATS)))
    least = max(IMITATED_REPEATS, -(-RULES[1][1] // unit))
    copies = rng.randint(least, max(least, tools.longest // unit))
    again = truth.words(end - unit, end)
    text = truth.assemble([truth.words(0, end), *[again] * copies])
    if end < len(truth.tokens):
        text = text.rstrip(" ,，、") + truth.closing
    return text if is_loop(Surface(text).tokens, truth.tokens) else None

"""Hallucination: the same words over and over."""

from random import Random

from earmark.failures.evidence import Evidence
from earmark.failures.mode import Tools
from earmark.failures.surface import Surface
from earmark.text.loops import RULES, is_loop, repeats_a_unit

IMITATED_UNIT = 4
IMITATED_REPEATS = 5


def detect(evidence: Evidence) -> bool:
    """Return whether the hypothesis repeats itself as the truth does not."""
    truth, hyp = evidence.truth or "", evidence.hyp
    return is_loop(hyp, evidence.hyp_tokens, truth, evidence.truth_tokens)


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
    return text if repeats_a_unit(Surface(text).tokens, truth.tokens) else None

"""Hallucination: a phrase from the subtitles that the model learned from."""

from random import Random

from earmark.failures.evidence import Evidence
from earmark.failures.mode import Tools
from earmark.failures.phrases import phrases
from earmark.failures.surface import Surface

# A mere "thank you" is a stock phrase only in place of something longer, in syllables.
LONGER = 4.0


def detect(evidence: Evidence) -> bool:
    """Return whether the hypothesis holds a stock phrase whose meaning is not in the truth."""
    truth, hyp = evidence.truth_tokens, evidence.hyp_tokens
    if phrases("stock_phrases").find(hyp, unless=truth):
        return True
    weak = phrases("weak_stock_phrases")
    if evidence.hits or evidence.said.syllables < LONGER:
        return False
    return len(hyp) > 0 and weak.find(hyp, unless=truth) == tuple(hyp)


def imitate(truth: Surface, rng: Random, tools: Tools) -> str | None:
    """Write a stock phrase after the truth or in its place; None when the truth says them all."""
    known = phrases("stock_phrases")
    said = known.groups_in(truth.tokens)
    unsaid = [group for n, group in enumerate(known.texts) if n not in said]
    if not unsaid or not truth.tokens:
        return None
    phrase = truth.dress(rng.choice(rng.choice(unsaid)))
    return phrase if rng.random() < 0.5 else truth.assemble([truth.text, phrase])

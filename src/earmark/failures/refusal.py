"""Format: the model declines to transcribe."""

from collections.abc import Sequence
from random import Random

from earmark.failures.evidence import Evidence
from earmark.failures.mode import Tools
from earmark.failures.phrases import phrases, tokenized
from earmark.failures.surface import Surface


def refuses(tokens: Sequence[str], truth_tokens: Sequence[str]) -> bool:
    """Return whether a text opens with an apology and speaks of the task, as the truth does not."""
    if phrases("refusal_openers").opens(tokens) is None:
        return False
    return phrases("refusal_markers").find(tokens, unless=truth_tokens) is not None


def detect(evidence: Evidence) -> bool:
    """Return whether the hypothesis is a refusal."""
    return refuses(evidence.hyp_tokens, evidence.truth_tokens)


def imitate(truth: Surface, rng: Random, tools: Tools) -> str | None:
    """Refuse; None when the truth itself speaks of every such thing."""
    refusals = [text for text, tokens in tokenized("refusals") if refuses(tokens, truth.tokens)]
    return rng.choice(refusals) if refusals and truth.tokens else None

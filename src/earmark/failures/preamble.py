"""Format: an assistant talks about its task before, after or instead of the transcript."""

from random import Random

from earmark.failures.evidence import Evidence
from earmark.failures.mode import Tools
from earmark.failures.phrases import phrases, tokenized
from earmark.failures.surface import Surface

# Talk counts when somewhere this much more was written than was said, in syllables.
LEAST_SURPLUS = 2.8


def detect(evidence: Evidence) -> bool:
    """Say whether there is talk of transcripts, audio or the speaker, of which nobody spoke.

    Some stretch, or the hypothesis as a whole, must be longer than what was said.
    """
    markers = phrases("preamble_markers")
    if not markers.find(evidence.hyp_tokens, unless=evidence.truth_tokens):
        return False
    surplus = [stretch.surplus for stretch in evidence.stretches]
    talk = evidence.written.syllables - evidence.said.syllables
    return max(talk, *surplus, 0.0) >= LEAST_SURPLUS


def imitate(truth: Surface, rng: Random, tools: Tools) -> str | None:
    """Wrap the truth in such talk; None when the truth itself speaks of recordings so."""
    if not truth.tokens:
        return None
    markers = phrases("preamble_markers")
    unsaid = [
        wrapper
        for wrapper, tokens in tokenized("preambles")
        if markers.find(tokens, unless=truth.tokens)
    ]
    return rng.choice(unsaid).replace("{}", truth.text) if unsaid else None

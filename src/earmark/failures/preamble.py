"""Format: an assistant talks about its task before, after or instead of the transcript."""

from random import Random

from earmark.failures.evidence import Evidence
from earmark.failures.mode import Tools
from earmark.failures.phrases import phrases, tokenized
from earmark.failures.surface import Surface

# A marker counts in a stretch that says this much more than was said there, in syllables.
LEAST_SURPLUS = 2.8


def detect(evidence: Evidence) -> bool:
    """Say whether a stretch that nobody said speaks of transcripts, audio or the speaker.

    The stretch, or the hypothesis as a whole, must be longer than what was said.
    """
    markers = phrases("preamble_markers")
    talk = evidence.written.syllables - evidence.said.syllables
    return any(
        markers.find(evidence.hyp_tokens[stretch.hyp], unless=evidence.truth_tokens)
        for stretch in evidence.stretches
        if max(stretch.surplus, talk) >= LEAST_SURPLUS
    )


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

"""Format: an assistant talks about its task before, after or instead of the transcript."""

from random import Random

from earmark.failures.evidence import Evidence, syllables
from earmark.failures.mode import Tools
from earmark.failures.phrases import listed, phrases
from earmark.failures.surface import Surface

# A marker counts in a stretch that says this much more than was said there, in syllables.
LEAST_SURPLUS = 2.8


def detect(evidence: Evidence) -> bool:
    """Say whether a stretch that nobody said speaks of transcripts, audio or the speaker.

    The stretch, or the hypothesis as a whole, must be longer than what was said.
    """
    markers = phrases("preamble_markers")
    talk = syllables(evidence.hyp_languages) - syllables(evidence.truth_languages)
    for truth, hyp in evidence.stretches:
        said = syllables(evidence.truth_languages[truth])
        surplus = syllables(evidence.hyp_languages[hyp]) - said
        if max(surplus, talk) >= LEAST_SURPLUS and markers.find(
            evidence.hyp_tokens[hyp], unless=evidence.truth_tokens
        ):
            return True
    return False


def imitate(truth: Surface, rng: Random, tools: Tools) -> str | None:
    """Wrap the truth in such talk; None when the truth itself speaks of recordings so."""
    if not truth.tokens:
        return None
    markers = phrases("preamble_markers")
    unsaid = [
        wrapper
        for wrapper in listed("preambles")
        if markers.find(Surface(wrapper).tokens, unless=truth.tokens)
    ]
    return rng.choice(unsaid).replace("{}", truth.text) if unsaid else None

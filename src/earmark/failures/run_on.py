"""Hallucination: the speech is there, and then words that nobody said."""

from random import Random

from earmark.failures.evidence import Evidence, Stretch
from earmark.failures.mode import Tools
from earmark.failures.phrases import listed
from earmark.failures.surface import Surface

# A stretch is surplus when it is this much longer than what was said there, in syllables ...
LEAST_SURPLUS = 5.0
FACTOR = 2.5
# ... in a hypothesis that has at least this share of the truth,
LEAST_HITS = 0.5
# or when the hypothesis as a whole is more than twice as long as the truth and then some.
RUNAWAY_FACTOR, RUNAWAY_TOKENS = 2, 10


def detect(evidence: Evidence) -> bool:
    """Return whether the hypothesis says much more than was said."""
    said, written = evidence.said.total, evidence.written.total
    if not said:
        return False
    if written > RUNAWAY_FACTOR * said + RUNAWAY_TOKENS:
        return True
    if evidence.hits < LEAST_HITS * said:
        return False
    return any(
        _is_surplus(stretch) and not {"m", "x"} & set(evidence.places[number].letters)
        for number, stretch in enumerate(evidence.stretches)
    )


def _is_surplus(stretch: Stretch) -> bool:
    """Return whether a stretch is much longer than what was said there."""
    return (
        stretch.surplus >= LEAST_SURPLUS
        and stretch.written.syllables >= FACTOR * stretch.said.syllables
    )


def longest_surplus(evidence: Evidence) -> float:
    """Return how much longer, in syllables, a stretch is than what was said there, at most."""
    return max(
        (
            stretch.surplus
            for stretch in evidence.stretches
            if stretch.written.syllables >= FACTOR * stretch.said.syllables
        ),
        default=0.0,
    )


def imitate(truth: Surface, rng: Random, tools: Tools) -> str | None:
    """Add a sentence or two about something else, in a language of the truth."""
    if not truth.tokens:
        return None
    language = rng.choice(sorted({span.language for span in truth.spans}) or ["en"])
    sentences = rng.sample(listed("unrelated")[language], 2)
    one, both = (truth.dress(text) for text in (sentences[0], truth.assemble(sentences)))
    wants_both = rng.random() < 0.5 and len(Surface(both).tokens) <= tools.longest
    return truth.assemble([truth.text, both if wants_both else one])

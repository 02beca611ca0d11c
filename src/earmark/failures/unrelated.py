"""Hallucination: a sentence about something else."""

from collections import Counter
from collections.abc import Sequence
from random import Random

from rapidfuzz import fuzz

from earmark.failures.evidence import Evidence
from earmark.failures.lost_language import fate
from earmark.failures.mode import Tools
from earmark.failures.phrases import listed
from earmark.failures.surface import Surface
from earmark.text.language import language_of

# Too few tokens on either side may all be misheard.
FEWEST_TOKENS = 4
# Fewer shared tokens, and letters less alike, than a bad day of honest hearing leaves.
SHARED = 0.2
LETTERS_ALIKE = 0.55


def detect(evidence: Evidence) -> bool:
    """Return whether the hypothesis has next to nothing of the truth, in either language."""
    if not evidence.truth_tokens:
        return False
    if evidence.lost:
        return any(fate(evidence, language) == "forgotten" for language in evidence.lost)
    heard = evidence.hits >= SHARED * evidence.said.total
    return not heard and are_strangers(evidence.truth_tokens, evidence.hyp_tokens)


def are_strangers(truth: Sequence[str], hyp: Sequence[str]) -> bool:
    """Return whether two texts in the same languages have neither words nor sound in common.

    How words are spelled stands in for how they sound, so that `wreck a nice beach` is a
    mishearing of `recognize speech`. For Mandarin only shared characters count.

    >>> are_strangers("we recognize speech well".split(), "we wreck a nice peach well".split())
    False
    """
    if min(len(truth), len(hyp)) < FEWEST_TOKENS:
        return False
    shared = (Counter(truth) & Counter(hyp)).total()
    if shared >= SHARED * len(truth):
        return False
    spoken, written = _letters(truth), _letters(hyp)
    return not spoken or not written or fuzz.ratio(spoken, written) < 100 * LETTERS_ALIKE


def _letters(tokens: Sequence[str]) -> str:
    """Return the letters of the English words."""
    return "".join(token for token in tokens if language_of(token) == "en")


def imitate(truth: Surface, rng: Random, tools: Tools) -> str | None:
    """Write another sentence of the matrix language; None for truths of fewer than 4 words."""
    if len(truth.languages) - truth.languages.count("other") < FEWEST_TOKENS:
        return None
    sentences = listed("unrelated")[truth.matrix]
    for sentence in rng.sample(sentences, len(sentences)):
        if detect(Evidence(truth.text, sentence, truth_tokens=truth.tokens)):
            return truth.dress(sentence)
    return None

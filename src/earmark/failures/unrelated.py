"""Hallucination: a sentence about something else."""

from random import Random

from earmark.failures.evidence import Evidence
from earmark.failures.mode import Tools
from earmark.failures.phrases import listed
from earmark.failures.surface import Surface
from earmark.text.pronunciation import alike

# Fewer hits than this share of the truth, and meaning for fewer of the lost words than this.
MOST_HITS = 0.2
MOST_MEANT = 0.2
# A hypothesis that is mostly hits left the rest out.
MOST_HITS_OF_WRITTEN = 0.5
# Sounds less alike than honest mishearing leaves; short ones are alike by chance less often.
ALIKE, ALIKE_SHORT, SHORT_PHONES = 0.56, 0.45, 12
# Fewer phones on both sides may all be misheard.
FEWEST_PHONES = 12
FEWEST_TOKENS = 4


def detect(evidence: Evidence) -> bool:
    """Return whether the hypothesis has neither words nor meaning nor sound of the truth."""
    if not evidence.truth_tokens or not evidence.hyp_tokens:
        return False
    if evidence.hits >= MOST_HITS * evidence.said.total:
        return False
    if evidence.hits >= MOST_HITS_OF_WRITTEN * evidence.written.total:
        return False
    fates = evidence.fates
    if evidence.share_meant >= MOST_MEANT or fates["x"] > fates["u"] + fates["s"]:
        return False
    said, written = evidence.sounds
    if max(len(said), len(written)) < FEWEST_PHONES:
        return False
    short = min(len(said), len(written)) <= SHORT_PHONES
    return alike(said, written) < (ALIKE_SHORT if short else ALIKE)


def imitate(truth: Surface, rng: Random, tools: Tools) -> str | None:
    """Write another sentence of the matrix language; None for truths of fewer than 4 words."""
    if len(truth.languages) - truth.languages.count("other") < FEWEST_TOKENS:
        return None
    sentences = listed("unrelated")[truth.matrix]
    for sentence in rng.sample(sentences, len(sentences)):
        if detect(Evidence(truth.text, sentence, truth_tokens=truth.tokens)):
            return truth.dress(sentence)
    return None

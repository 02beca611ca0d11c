"""Measure one utterance: split once, align once, keep what all sums are made from."""

from typing import NamedTuple

from earmark.failures.cascade import Failure, name_aligned
from earmark.metrics.answer import Answer, align_texts, answer_of
from earmark.records import Counts, Hypothesis, Utterance
from earmark.text.profiles import Splitter
from earmark.translators.dictionary import Dictionary

# What is no answer of the model, and so none of its failures.
MISSING = Failure("missing", "no hypothesis", {})
SET_ASIDE = Failure("set aside", "not transcribed", {})


class UtteranceScore(NamedTuple):
    """One utterance: who speaks, whether a hypothesis is missing, its answer and its failure.

    A hypothesis is missing too where its clip was set aside when it was transcribed.
    """

    id: str
    speaker: str | None
    missing: bool
    answer: Answer
    failure: Failure

    @property
    def counts(self) -> Counts:
        """Return the edit counts."""
        return self.answer.counts


def measure(
    utterance: Utterance,
    hyp: Hypothesis | None,
    split: Splitter,
    dictionary: Dictionary | None = None,
    *,
    features: bool = False,
) -> UtteranceScore:
    """Score one utterance; a missing hypothesis is all deletions, and a class of its own."""
    if hyp is None or hyp.set_aside is not None:
        aligned = align_texts(utterance.text or "", "", split)
        failure = MISSING if hyp is None else SET_ASIDE
        answer = answer_of(aligned, failure.label)
        return UtteranceScore(utterance.id, utterance.speaker, True, answer, failure)
    aligned = align_texts(utterance.text or "", hyp.text, split)
    failure = name_aligned(aligned, raw=hyp.raw_text, dictionary=dictionary, features=features)
    answer = answer_of(aligned, failure.label)
    return UtteranceScore(utterance.id, utterance.speaker, False, answer, failure)

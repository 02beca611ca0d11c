"""Measure utterances: split once, align once, keep what all sums are made from."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from earmark.failures.cascade import Failure, name_aligned
from earmark.metrics.answer import Answer, align_tokens, answer_of
from earmark.records import Counts, Hypothesis, Utterance
from earmark.text.codeswitching import language_codes
from earmark.text.normalize.plain_texts import Split, split_plain
from earmark.text.profiles import DEFAULT, Profile
from earmark.translators.dictionaries.dictionary import Dictionary

# What is no answer of the model, and so none of its failures.
MISSING = Failure("missing", "no hypothesis", {})
SET_ASIDE = Failure("set aside", "not transcribed", {})
# An answer whose failure nobody wanted to know.
NOT_NAMED = Failure("", "", {})


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


class Texts(NamedTuple):
    """What was said and written, the raw output, and why there is no answer where there is none."""

    truth: str
    hyp: str
    raw: str | None = None
    missing: Failure | None = None


class Measuring(NamedTuple):
    """How utterances are measured: how texts are split, what knows meanings, what is wanted."""

    profile: Profile
    dictionary: Dictionary | None = None
    failures: bool = True
    features: bool = False


def texts_of(utterance: Utterance, hyp: Hypothesis | None) -> Texts:
    """Return what is measured of an utterance; a missing hypothesis is all deletions."""
    if hyp is None or hyp.set_aside is not None:
        return Texts(utterance.text or "", "", None, MISSING if hyp is None else SET_ASIDE)
    return Texts(utterance.text or "", hyp.text, hyp.raw_text)


def measure(rows: Sequence[Texts], how: Measuring) -> Iterator[tuple[Answer, Failure]]:
    """Yield the answer of each row and the failure that it shows."""
    said = _split([row.truth for row in rows], how.profile)
    written = _split([row.hyp for row in rows], how.profile)
    for (truth, hyp, raw, missing), one, other in zip(rows, said, written, strict=True):
        aligned = align_tokens(truth, hyp, one, other)
        if missing is not None:
            failure = missing
        elif how.failures:
            failure = name_aligned(
                aligned, raw=raw, dictionary=how.dictionary, features=how.features
            )
        else:
            failure = NOT_NAMED
        yield answer_of(aligned, failure.label), failure


def _split(texts: Sequence[str], profile: Profile) -> list[Split]:
    """Split texts into tokens, many at once where the profile allows it."""
    plain = split_plain(texts) if profile == DEFAULT else [None] * len(texts)
    return [
        _split_one(text, profile) if split is None else split
        for text, split in zip(texts, plain, strict=True)
    ]


def _split_one(text: str, profile: Profile) -> Split:
    tokens = profile.splitter(text)
    return Split(tokens, language_codes(tokens))

"""Measure one utterance: tokenize once, align once, keep what all sums are made from."""

from collections.abc import Sequence
from typing import NamedTuple

from earmark.failures.cascade import Failure, name_failure
from earmark.records import Counts, Hypothesis, Utterance
from earmark.text.align import Block, align_blocks
from earmark.text.codeswitching import language_codes
from earmark.text.loops import is_looping
from earmark.text.profiles import Splitter
from earmark.translators.lexicon import Lexicon


class Slips(NamedTuple):
    """The edits of an utterance that are not hits, in order; three columns of equal length.

    `kinds` has S, D or I. `languages` has the letter (see `language_codes`) of the truth's
    token, for an insertion of the hypothesis's. `owners` has the position of the truth's token,
    for an insertion of the token that follows, at the end of the last one, and 0 in an empty truth.
    """

    kinds: str
    languages: str
    owners: list[int]


class UtteranceScore(NamedTuple):
    """One utterance's counts, the languages of its tokens, its slips and its named failure."""

    id: str
    speaker: str | None
    missing: bool
    counts: Counts
    truth_codes: str
    hyp_codes: str
    slips: Slips
    looping: bool
    failure: Failure


def measure(
    utterance: Utterance,
    hyp: Hypothesis | None,
    split: Splitter,
    lexicon: Lexicon | None = None,
    *,
    features: bool = False,
) -> UtteranceScore:
    """Score one utterance; a missing hypothesis is all deletions."""
    truth_text, hyp_text = utterance.text or "", hyp.text if hyp else ""
    truth_tokens, hyp_tokens = split(truth_text), split(hyp_text)
    truth_codes, hyp_codes = language_codes(truth_tokens), language_codes(hyp_tokens)
    blocks = align_blocks(truth_tokens, hyp_tokens)
    slips = find_slips(blocks, truth_codes, hyp_codes)
    failure = name_failure(
        truth_text,
        hyp_text,
        raw=hyp.raw_text if hyp else None,
        lexicon=lexicon,
        blocks=blocks,
        truth_tokens=truth_tokens,
        hyp_tokens=hyp_tokens,
        features=features,
    )
    # What the truth repeats, a hypothesis may repeat too.
    looping = (
        bool(slips.kinds)
        and is_looping(hyp_text, hyp_tokens)
        and not is_looping(truth_text, truth_tokens)
    )
    return UtteranceScore(
        utterance.id,
        utterance.speaker,
        hyp is None,
        count(slips.kinds, len(truth_tokens)),
        truth_codes,
        hyp_codes,
        slips,
        looping,
        failure,
    )


def find_slips(blocks: Sequence[Block], truth_codes: str, hyp_codes: str) -> Slips:
    """Gather the edits that are not hits, each with its language and the truth's token it is at.

    >>> find_slips(align_blocks(["我", "要"], ["我", "want", "the"]), "zz", "zee")
    Slips(kinds='IS', languages='ez', owners=[1, 1])
    """
    kinds = languages = ""
    owners: list[int] = []
    for tag, t0, t1, h0, h1 in blocks:
        if tag == "insert":
            kinds += "I" * (h1 - h0)
            languages += hyp_codes[h0:h1]
            owners += [max(0, min(t0, len(truth_codes) - 1))] * (h1 - h0)
        elif tag != "equal":
            kinds += ("S" if tag == "replace" else "D") * (t1 - t0)
            languages += truth_codes[t0:t1]
            owners += range(t0, t1)
    return Slips(kinds, languages, owners)


def count(kinds: str, truth_tokens: int) -> Counts:
    """Count slips of each kind; what the truth has beyond them are hits.

    >>> count("SDI", 5)
    Counts(hits=3, substitutions=1, deletions=1, insertions=1)
    """
    substitutions, deletions = kinds.count("S"), kinds.count("D")
    hits = truth_tokens - substitutions - deletions
    return Counts(hits, substitutions, deletions, kinds.count("I"))

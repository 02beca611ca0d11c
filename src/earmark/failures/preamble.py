"""Format: an assistant talks about its task before, after or instead of the transcript."""

import re
from collections.abc import Sequence
from random import Random

from earmark.failures.evidence import Evidence
from earmark.failures.mix import Mix
from earmark.failures.mode import Tools
from earmark.failures.phrases import phrases, tokenized
from earmark.failures.surface import Surface
from earmark.text import tokenize

# Talk counts when somewhere this much more was written than was said, in syllables ...
LEAST_SURPLUS = 2.8
# ... and, unless it opens the hypothesis, by this factor: a translation may be longer, too.
FACTOR = 1.5
LEAD = re.compile(r"\s*([^:：\n]{1,60})[:：](?!\d)")
# What a lead announces is the transcript when this share of the truth comes after it.
LEAST_HITS = 0.6


def detect(evidence: Evidence) -> bool:
    """Return whether there is talk of transcripts, audio or the speaker, of which nobody spoke.

    Some stretch, or the hypothesis as a whole, must be longer than what was said; or a lead with a
    colon announces what comes after it.
    """
    hyp = evidence.hyp_tokens
    if announces(evidence):
        return True
    # Looking at lengths is fast, and most hypotheses have no room for talk.
    factor = 1.0 if phrases("preamble_openers").opens(hyp) else FACTOR
    if not is_longer(evidence.said, evidence.written, factor) and not any(
        is_longer(stretch.said, stretch.written, FACTOR) for stretch in evidence.stretches
    ):
        return False
    return _has_marker(evidence, hyp) and _has_marker(evidence, evidence.tokens_added)


def _has_marker(evidence: Evidence, tokens: Sequence[str]) -> bool:
    """Return whether tokens speak of recordings or to a user, as the truth does not."""
    return any(
        phrases(name).find(tokens, unless=evidence.truth_tokens) is not None
        for name in ("preamble_markers", "assistant_talk")
    )


def announces(evidence: Evidence) -> bool:
    """Return whether the hypothesis opens with `Translation:` or the like, which nobody said.

    Before a transcript, a lead of any words announces it.
    """
    lead = LEAD.match(evidence.hyp)
    if lead is None:
        return False
    words = tokenize(lead[1])
    if leads_to_transcript(evidence, len(words)):
        return True
    known = phrases("announcements")
    if not words or known.opens(evidence.truth_tokens):
        return False
    return known.opens(words) == tuple(words) or bool(
        phrases("preamble_markers").find(words, unless=evidence.truth_tokens)
    )


def leads_to_transcript(evidence: Evidence, words: int) -> bool:
    """Return whether that many words came before the first that was said, and then most of it."""
    if not words or not evidence.stretches or evidence.hits < LEAST_HITS * evidence.said.total:
        return False
    first = evidence.stretches[0]
    return first.truth.stop == 0 and first.hyp.start == 0 and first.hyp.stop >= words


def is_longer(said: Mix, written: Mix, factor: float) -> bool:
    """Return whether there is room for talk beside what was said."""
    return written.syllables >= max(said.syllables + LEAST_SURPLUS, said.syllables * factor)


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

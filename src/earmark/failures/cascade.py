"""Name a failure: a cascade of detectors, of which the first that finds something decides.

The order is that of harm to a reader: nothing at all, an assistant's talk, invented words, a
lost language, translated or missing parts, and last the ordinary errors of recognition.

    ok             exact         every token is right
    error          ordinary      words misheard, in their place and language
                   phonetic      words of one language spelled by sound in the other's script
    omission       embedded      the embedded language is not written
                   matrix        the matrix language is not written
                   truncated     the end is missing, in both languages or in the only one
                   span          a long stretch, or one whole span of a language, is missing
    translation    global        everything is in one language, which it was not
                   partial       some spans are in the other language
    hallucination  loop          the same words over and over
                   stock phrase  thanks for watching
                   wrong script  a third script
                   run-on        much more than was said
                   on silence    words where nobody spoke
                   unrelated     a sentence about something else
    format         refusal, preamble, quotes, markup
    empty          blank, tag    nothing, or [MUSIC]

Speech in one language that comes out in the other is a translation too. `phonetic` is found by
sound; where that is too little alike, by a lexicon that finds no meaning.
Thresholds are named in the detectors' files; `docs/benchmarks/data.md` has precision and recall.
"""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from earmark.failures import (
    empty,
    global_translation,
    loop,
    omit_embedded,
    omit_matrix,
    partial_translation,
    preamble,
    quotes,
    refusal,
    run_on,
    sound_alike,
    stock_phrase,
    unrelated,
    wrong_script,
)
from earmark.failures.evidence import Evidence
from earmark.failures.features import Features, features_of
from earmark.failures.left_out import cut_short, left_out
from earmark.failures.lost_language import fate
from earmark.failures.mix import SPOKEN
from earmark.text import tokenize
from earmark.text.align import Block
from earmark.translators.dictionary import Dictionary

LABELS = ("ok", "error", "omission", "translation", "hallucination", "format", "empty")
SUSPECT = "suspect"

MARKS = ("**", "```")
HEADING = re.compile(
    r"\s*(?:#{1,6}\s|[-*]\s|\{\s*\"\w+\"\s*:|</?\w+>|\[?speaker\s*\d+\]?\s*[:：])", re.I
)


class Failure(NamedTuple):
    """What kind of failure a hypothesis is, in particular, and what that was decided from."""

    label: str
    detail: str
    features: Features


def has_markup(evidence: Evidence) -> bool:
    """Return whether Markdown, JSON, tags or speaker names appear that the truth has not."""
    return adds_markup(evidence.truth or "", evidence.hyp)


def adds_markup(truth: str, hyp: str) -> bool:
    """Return whether one text has markup that the other has not.

    >>> adds_markup("我们走吧", "**Transcript:** 我们走吧")
    True
    """
    return has_marks(hyp) and not has_marks(truth)


def has_marks(text: str) -> bool:
    """Return whether a text has markup."""
    return any(mark in text for mark in MARKS) or HEADING.match(text) is not None


def is_on_silence(evidence: Evidence) -> bool:
    """Return whether words were written though nothing was said."""
    return evidence.truth is not None and not evidence.truth_tokens and bool(evidence.hyp_tokens)


def is_sounded_out(evidence: Evidence) -> bool:
    """Return whether a language was spelled by sound in the other's script; needs a lexicon."""
    return any(fate(evidence, language) == "sounded out" for language in evidence.lost)


def is_sounded_out_alone(evidence: Evidence) -> bool:
    """Return whether words were written by sound, and a lexicon finds no meaning of theirs."""
    return sound_alike.detect(evidence) and not any(evidence.match(lang).found for lang in SPOKEN)


Detector = Callable[[Evidence], bool]

CASCADE: tuple[tuple[str, str, Detector], ...] = (
    ("empty", "blank", empty.detect),
    ("empty", "tag", empty.is_tag),
    ("format", "refusal", refusal.detect),
    ("format", "preamble", preamble.detect),
    ("format", "markup", has_markup),
    ("format", "quotes", quotes.detect),
    ("hallucination", "loop", loop.detect),
    ("hallucination", "stock phrase", stock_phrase.detect),
    ("hallucination", "wrong script", wrong_script.detect),
    ("error", "phonetic", is_sounded_out_alone),
    ("hallucination", "run-on", run_on.detect),
    ("hallucination", "on silence", is_on_silence),
    ("omission", "truncated", cut_short),
    ("hallucination", "unrelated", unrelated.detect),
    ("omission", "embedded", omit_embedded.detect),
    ("omission", "matrix", omit_matrix.detect),
    ("error", "phonetic", is_sounded_out),
    ("translation", "global", global_translation.detect),
    ("translation", "partial", partial_translation.detect),
    ("omission", "span", left_out),
)
# What can be seen without the truth. None of it proves anything, hence `suspect`.
BLIND = (
    "blank",
    "tag",
    "refusal",
    "preamble",
    "markup",
    "quotes",
    "loop",
    "stock phrase",
    "wrong script",
)


def name_failure(
    truth: str | None,
    hyp: str,
    *,
    raw: str | None = None,
    lexicon: Dictionary | None = None,
    blocks: Sequence[Block] | None = None,
    truth_tokens: Sequence[str] | None = None,
    hyp_tokens: Sequence[str] | None = None,
    features: bool = True,
) -> Failure:
    """Name the failure of a hypothesis, and tell the `features` it was decided from, if wanted.

    The feature `raw_format` says what format failure the output had before post-processing, in
    `raw`. Blocks and tokens already computed save time. Without a truth (None) the label is
    `suspect` and the detail says why, or both are empty, which is not the same as right.

    >>> name_failure("我们明天去 hiking 吧", "我们明天去吧")[:2]
    ('omission', 'embedded')
    >>> name_failure("我们明天去 hiking 吧", "我们明天去徒步吧")[:2]
    ('translation', 'global')
    >>> name_failure(None, "谢谢观看")[:2]
    ('suspect', 'stock phrase')
    """
    hyp_tokens = tokenize(hyp) if hyp_tokens is None else hyp_tokens
    truth_tokens = tokenize(truth or "") if truth_tokens is None else truth_tokens
    if truth is not None and truth_tokens == hyp_tokens:
        tokens = len(truth_tokens)
        found: Features = {"truth_tokens": tokens, "hyp_tokens": tokens, "hits": tokens}
        label, detail = _judge_surface(truth, hyp)
    else:
        tokenized = {"truth_tokens": truth_tokens, "hyp_tokens": hyp_tokens}
        evidence = Evidence(truth, hyp, lexicon=lexicon, blocks=blocks, **tokenized)
        label, detail = _judge(evidence)
        found = features_of(evidence) if features else {}
    if features and raw is not None and raw.strip() != hyp.strip():
        found["raw_format"] = _raw_format(truth, raw)
    return Failure(label, detail, found if features else {})


def _judge_surface(truth: str, hyp: str) -> tuple[str, str]:
    """Judge a hypothesis whose tokens are all right."""
    if adds_markup(truth, hyp):
        return "format", "markup"
    if quotes.is_quoted(hyp) and not quotes.is_quoted(truth):
        return "format", "quotes"
    return "ok", "exact"


def _judge(evidence: Evidence) -> tuple[str, str]:
    """Go down the cascade."""
    if evidence.truth is None:
        seen = (name for _, name, detect in CASCADE if name in BLIND and detect(evidence))
        detail = next(seen, "")
        return (SUSPECT if detail else "", detail)
    for label, detail, detect in CASCADE:
        if detect(evidence):
            return label, detail
    return "error", "ordinary"


def _raw_format(truth: str | None, raw: str) -> str:
    """Return the format failure that the raw output shows; empty when there is none."""
    evidence = Evidence(truth, raw)
    formats = ((detail, detect) for label, detail, detect in CASCADE if label == "format")
    return next((detail for detail, detect in formats if detect(evidence)), "")

"""Name a failure: a cascade of detectors, of which the first that finds something decides.

The order is that of harm to a reader: nothing at all, an assistant's talk, invented words,
translated and then missing parts, and last the ordinary errors of recognition.

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
    format         refusal       an apology, an offer, a question back, an answer
                   preamble      talk about the recording, a description, a gloss
                   markup        Markdown, tags, times, speakers, stage directions
                   quotes        a quotation
    empty          blank, tag    nothing, or [MUSIC]

Speech in one language that comes out in the other is a translation too. What became of each word
that was not heard (`places.py`) decides between omission, translation, phonetic, unrelated and
error: whether its meaning is written in the other language, or its sound in the other script, or
something else, or nothing. Meaning is known from a dictionary; without one nothing is a
translation. Differences of spelling (`spelling.py`) are no failure. Thresholds are named in the
detectors' files; `docs/benchmarks/data.md` has precision and recall.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from earmark.failures import (
    empty,
    global_translation,
    loop,
    markup,
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
from earmark.failures.ordinary import is_surely_ordinary
from earmark.metrics.answer import Aligned, align_tokens
from earmark.prompting.clean import clean
from earmark.text import tokenize
from earmark.text.align import Block
from earmark.text.codeswitching import language_codes
from earmark.text.normalize.plain_texts import Split
from earmark.translators.dictionaries.dictionary import Dictionary

LABELS = ("ok", "error", "omission", "translation", "hallucination", "format", "empty")
SUSPECT = "suspect"


class Failure(NamedTuple):
    """What kind of failure a hypothesis is, in particular, and what that was decided from."""

    label: str
    detail: str
    features: Features


EXACT, ORDINARY = Failure("ok", "exact", {}), Failure("error", "ordinary", {})


def is_on_silence(evidence: Evidence) -> bool:
    """Return whether words were written though nothing was said."""
    return evidence.truth is not None and not evidence.truth_tokens and bool(evidence.hyp_tokens)


Detector = Callable[[Evidence], bool]

CASCADE: tuple[tuple[str, str, Detector], ...] = (
    ("empty", "blank", empty.detect),
    ("empty", "tag", empty.is_tag),
    ("format", "refusal", refusal.detect),
    ("format", "preamble", preamble.detect),
    ("format", "markup", markup.detect),
    ("format", "quotes", quotes.detect),
    ("hallucination", "loop", loop.detect),
    ("hallucination", "stock phrase", stock_phrase.detect),
    ("hallucination", "wrong script", wrong_script.detect),
    ("hallucination", "run-on", run_on.detect),
    ("hallucination", "on silence", is_on_silence),
    ("hallucination", "unrelated", unrelated.detect),
    ("translation", "global", global_translation.detect),
    ("translation", "partial", partial_translation.detect),
    ("omission", "truncated", cut_short),
    ("omission", "embedded", omit_embedded.detect),
    ("omission", "matrix", omit_matrix.detect),
    ("omission", "span", left_out),
    ("error", "phonetic", sound_alike.detect),
)
# From here on detectors look at what was said, with spelling alike on both sides.
FIRST_AS_SAID = "unrelated"
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
    dictionary: Dictionary | None = None,
    blocks: Sequence[Block] | None = None,
    truth_tokens: Sequence[str] | None = None,
    hyp_tokens: Sequence[str] | None = None,
    features: bool = True,
) -> Failure:
    """Name the failure of a hypothesis, and tell the `features` it was decided from, if wanted.

    The feature `raw_format` says what format failure the output had before post-processing, in
    `raw`. The `dictionary` knows translations; without one (None) there are
    none. Blocks and tokens already computed save time. Without a truth (None) the label is
    `suspect` and the detail says why, or both are empty, which is not the same as right.

    >>> name_failure("我们明天去 hiking 吧", "我们明天去吧")[:2]
    ('omission', 'embedded')
    >>> from earmark.translators.dictionaries.shipped import load_earmark
    >>> name_failure("我们明天去 hiking 吧", "我们明天去徒步吧", dictionary=load_earmark())[:2]
    ('translation', 'global')
    >>> name_failure(None, "谢谢观看")[:2]
    ('suspect', 'stock phrase')
    """
    hyp_tokens = tokenize(hyp) if hyp_tokens is None else hyp_tokens
    if truth is None:
        return _judged(
            Evidence(None, hyp, dictionary=dictionary, hyp_tokens=hyp_tokens), raw, features
        )
    truth_tokens = tokenize(truth) if truth_tokens is None else truth_tokens
    said, written = (Split([*t], language_codes(t)) for t in (truth_tokens, hyp_tokens))
    aligned = align_tokens(truth, hyp, said, written, blocks)
    return name_aligned(aligned, raw=raw, dictionary=dictionary, features=features)


def name_aligned(
    aligned: Aligned,
    *,
    raw: str | None = None,
    dictionary: Dictionary | None = None,
    features: bool = True,
) -> Failure:
    """Name the failure of a hypothesis that is aligned with its truth, as `name_failure` does."""
    truth, hyp, truth_tokens, hyp_tokens, blocks, *_ = aligned
    if truth_tokens == hyp_tokens:
        label, detail = _judge_surface(truth, hyp)
        if label == "ok" and not features:
            return EXACT
        tokens = len(truth_tokens)
        found: Features = {"truth_tokens": tokens, "hyp_tokens": tokens, "hits": tokens}
        return _with_raw(Failure(label, detail, found), truth, hyp, raw, features)
    # Features need all the evidence; without them most errors need little.
    if not features and is_surely_ordinary(aligned, dictionary):
        return ORDINARY
    tokenized = {"truth_tokens": truth_tokens, "hyp_tokens": hyp_tokens}
    return _judged(
        Evidence(truth, hyp, dictionary=dictionary, blocks=blocks, **tokenized), raw, features
    )


def _judged(evidence: Evidence, raw: str | None, features: bool) -> Failure:
    """Name the failure that evidence shows, with its features if wanted."""
    label, detail = _judge(evidence)
    failure = Failure(label, detail, features_of(evidence) if features else {})
    return _with_raw(failure, evidence.truth, evidence.hyp, raw, features)


def _with_raw(
    failure: Failure, truth: str | None, hyp: str, raw: str | None, features: bool
) -> Failure:
    """Add what format failure the raw output had, or leave the features out."""
    if not features:
        return failure._replace(features={})
    if raw is not None and raw.strip() != hyp.strip():
        failure.features["raw_format"] = _raw_format(truth, raw)
    return failure


def _judge_surface(truth: str, hyp: str) -> tuple[str, str]:
    """Judge a hypothesis whose tokens are all right."""
    if markup.adds_markup(truth, hyp):
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
    looked_at = evidence
    for label, detail, detect in CASCADE:
        if detail == FIRST_AS_SAID:
            looked_at = evidence.as_said
            if not looked_at.stretches:
                return "ok", "exact"
        if detect(looked_at):
            return label, detail
    return "error", "ordinary"


def _raw_format(truth: str | None, raw: str) -> str:
    """Return the format failure that the raw output shows; empty when there is none."""
    evidence = Evidence(truth, clean(raw))
    formats = ((detail, detect) for label, detail, detect in CASCADE if label == "format")
    return next((detail for detail, detect in formats if detect(evidence)), "")

"""Name a failure: a cascade of detectors, of which the first that finds something decides.

The order is that of harm to a reader: nothing at all, an assistant's talk, invented words,
a lost language, translated or missing parts, and last the ordinary errors of recognition.
Thresholds are named in the detectors' files; `benchmarks/README.md` has precision and recall.
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
    stock_phrase,
    unrelated,
    wrong_script,
)
from earmark.failures.evidence import Evidence
from earmark.failures.features import Features, features_of
from earmark.failures.left_out import cut_short, left_out
from earmark.failures.lost_language import fate
from earmark.text import tokenize
from earmark.text.align import Edit
from earmark.translators.lexicon import Lexicon

LABELS = ("ok", "error", "omission", "translation", "hallucination", "format", "empty")
SUSPECT = "suspect"

MARKUP = re.compile(
    r"\*\*|```|^\s*(?:#{1,6}\s|[-*]\s|\{\s*\"\w+\"\s*:|</?\w+>|\[?speaker\s*\d+\]?\s*[:：])", re.I
)


class Failure(NamedTuple):
    """What kind of failure a hypothesis is, in particular, and what that was decided from."""

    label: str
    detail: str
    features: Features


def has_markup(evidence: Evidence) -> bool:
    """Say whether Markdown, JSON, tags or speaker names appear that the truth has not."""
    return bool(MARKUP.search(evidence.hyp)) and not MARKUP.search(evidence.truth or "")


def is_on_silence(evidence: Evidence) -> bool:
    """Say whether words were written though nothing was said."""
    return evidence.truth is not None and not evidence.truth_tokens and bool(evidence.hyp_tokens)


def is_sounded_out(evidence: Evidence) -> bool:
    """Say whether a language was spelled by sound in the other's script; needs a lexicon."""
    return any(fate(evidence, language) == "sounded out" for language in evidence.lost)


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
    ("hallucination", "run-on", run_on.detect),
    ("hallucination", "wrong script", wrong_script.detect),
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
    lexicon: Lexicon | None = None,
    edits: Sequence[Edit] | None = None,
    truth_tokens: Sequence[str] | None = None,
    hyp_tokens: Sequence[str] | None = None,
) -> Failure:
    """Name the failure of a hypothesis, and tell the features it was decided from.

    `raw` is the model's output before post-processing; when it shows an assistant's talk that
    was cleaned away, the feature `raw_format` says which. A lexicon tells translation from
    words spelled by sound. Edits and tokens already computed (default profile) save time.

    Without a truth (None) the label is `suspect` and the detail says why, or both are empty:
    nothing suspicious was seen, which is not the same as right.

    >>> name_failure("我们明天去 hiking 吧", "我们明天去吧")[:2]
    ('omission', 'embedded')
    >>> name_failure("我们明天去 hiking 吧", "我们明天去徒步吧")[:2]
    ('translation', 'global')
    >>> name_failure(None, "谢谢观看")[:2]
    ('suspect', 'stock phrase')
    """
    hyp_tokens = tokenize(hyp) if hyp_tokens is None else hyp_tokens
    truth_tokens = tokenize(truth or "") if truth_tokens is None else truth_tokens
    evidence = Evidence(
        truth,
        hyp,
        lexicon=lexicon,
        edits=edits,
        truth_tokens=truth_tokens,
        hyp_tokens=hyp_tokens,
    )
    label, detail = _decide(evidence)
    return Failure(label, detail, features_of(evidence, _raw_format(truth, hyp, raw)))


def _decide(evidence: Evidence) -> tuple[str, str]:
    """Go down the cascade."""
    if evidence.truth is None:
        seen = (d for _, d, detect in CASCADE if d in BLIND and detect(evidence))
        detail = next(seen, "")
        return (SUSPECT if detail else "", detail)
    if evidence.is_exact:
        surface = (("markup", has_markup), ("quotes", quotes.detect))
        detail = next((name for name, detect in surface if detect(evidence)), "")
        return ("format", detail) if detail else ("ok", "exact")
    found = ((label, detail) for label, detail, detect in CASCADE if detect(evidence))
    return next(found, ("error", "ordinary"))


def _raw_format(truth: str | None, hyp: str, raw: str | None) -> str | None:
    """Return the format failure that raw output shows, when it is not the text itself."""
    if raw is None or raw.strip() == hyp.strip():
        return None
    evidence = Evidence(truth, raw)
    return next(
        (detail for label, detail, detect in CASCADE if label == "format" and detect(evidence)),
        "",
    )

"""Format: the transcript is quoted, alone or as what somebody says."""

import re
from random import Random

from earmark.failures.evidence import Evidence
from earmark.failures.mode import Tools
from earmark.failures.phrases import listed
from earmark.failures.surface import Surface

MARKS = re.compile(r"[\"“”「」『』«»]")
CLOSING = frozenset("\"”」』'’")
# At most a short lead with a colon or comma, then quotes to the end.
QUOTED = re.compile(
    r"""\s*(?:[^"“”「」『』]{1,40}[:：,，]\s*)?
    (?: ".+" | “.+” | 「.+」 | 『.+』 | '.+' | ‘.+’ ) [\s.。!！?？]*""",
    re.VERBOSE | re.DOTALL,
)


def detect(evidence: Evidence) -> bool:
    """Return whether the hypothesis is a quotation and the truth is not."""
    return is_quoted(evidence.hyp) and not is_quoted(evidence.truth or "")


def is_quoted(text: str) -> bool:
    """Return whether a text is a quotation, with at most a short lead.

    >>> is_quoted("He says: “我们走吧。”"), is_quoted("He says “我们走吧” again")
    (True, False)
    """
    # Most texts do not end with a quote, and a look at the end is cheaper than the pattern.
    return text.rstrip(" .。!！?？")[-1:] in CLOSING and QUOTED.fullmatch(text) is not None


def imitate(truth: Surface, rng: Random, tools: Tools) -> str | None:
    """Report the truth as somebody's speech; None when it has quotes of its own.

    Quotes alone would be equal to the truth once normalised, so somebody says it.
    """
    if MARKS.search(truth.text) or not truth.tokens:
        return None
    return str(rng.choice(listed("quotations"))).replace("{}", truth.text)

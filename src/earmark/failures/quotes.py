"""Format: the transcript is quoted, alone or as what somebody says."""

import re
from random import Random

from earmark.failures.evidence import Evidence
from earmark.failures.mode import Tools
from earmark.failures.phrases import listed
from earmark.failures.surface import Surface

MARKS = re.compile(r"[\"“”「」『』«»]")
# At most a short lead with a colon or comma, then quotes to the end.
QUOTED = re.compile(
    r"""\s*(?:[^"“”「」『』]{1,40}[:：,，]\s*)?
    (?: ".+" | “.+” | 「.+」 | 『.+』 | '.+' | ‘.+’ ) [\s.。!！?？]*""",
    re.VERBOSE | re.DOTALL,
)


def detect(evidence: Evidence) -> bool:
    """Say whether the hypothesis is a quotation and the truth is not."""
    if not QUOTED.fullmatch(evidence.hyp):
        return False
    return evidence.truth is None or not QUOTED.fullmatch(evidence.truth)


def imitate(truth: Surface, rng: Random, tools: Tools) -> str | None:
    """Report the truth as somebody's speech; None when it has quotes of its own.

    Quotes alone would be equal to the truth once normalised, so somebody says it.
    """
    if MARKS.search(truth.text) or not truth.tokens:
        return None
    return str(rng.choice(listed("quotations"))).replace("{}", truth.text)

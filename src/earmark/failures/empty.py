"""Empty: nothing was written, or a tag in place of words."""

import re
from random import Random

from earmark.failures.evidence import Evidence
from earmark.failures.mode import Tools
from earmark.failures.surface import Surface

TAG = re.compile(r"\s*(?:\[[^\]]*\]|<[^>]*>|\([^)]*\)|（[^）]*）|【[^】]*】)\s*")
LONGEST_TAG = 4


def detect(evidence: Evidence) -> bool:
    """Return whether the hypothesis has no token though something was said."""
    return not evidence.hyp_tokens and (evidence.truth is None or bool(evidence.truth_tokens))


def is_tag(evidence: Evidence) -> bool:
    """Return whether the hypothesis is a bracketed tag such as [BLANK_AUDIO] or (music)."""
    if evidence.hits or not 0 < len(evidence.hyp_tokens) <= LONGEST_TAG:
        return False
    return TAG.fullmatch(evidence.hyp) is not None


def imitate(truth: Surface, rng: Random, tools: Tools) -> str | None:
    """Write nothing."""
    return "" if truth.tokens else None

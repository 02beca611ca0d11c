"""Omission: the spans of the matrix language are left out, and islands remain."""

from random import Random

from earmark.failures.evidence import Evidence
from earmark.failures.left_out import language_left_out
from earmark.failures.mode import Tools
from earmark.failures.surface import Surface


def detect(evidence: Evidence) -> bool:
    """Return whether the matrix language was left out, with nothing in its place."""
    return language_left_out(evidence, evidence.said.matrix)


def imitate(truth: Surface, rng: Random, tools: Tools) -> str | None:
    """Keep the spans of the embedded language; None when there is only one language."""
    if not truth.is_mixed:
        return None
    return truth.keep([(s.start, s.end) for s in truth.spans if s.language == truth.embedded])

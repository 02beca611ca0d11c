"""Omission: everything after a switch of language is missing."""

from random import Random

from earmark.failures.evidence import Evidence
from earmark.failures.left_out import cut_off, is_long, starts_at_switch
from earmark.failures.mode import Tools
from earmark.failures.surface import Surface


def detect(evidence: Evidence) -> bool:
    """Return whether the truth was cut off at a switch, or long before its end."""
    end = cut_off(evidence)
    return end is not None and (
        starts_at_switch(evidence, end.truth) or is_long(evidence, end.truth)
    )


def imitate(truth: Surface, rng: Random, tools: Tools) -> str | None:
    """Stop at the first switch; None when there is none."""
    return truth.keep([(0, truth.spans[0].end)]) if truth.is_mixed else None

"""Criteria in order of priority: the pairs of SPA."""

from collections.abc import Sequence
from math import fsum

from earmark.errors import KnobError
from earmark.pairs.relations.relation import (
    SAME_SCORE,
    Criteria,
    Preferred,
    Unpaired,
    Verdicts,
    each_two,
    of_prompt,
    too_few,
)
from earmark.records import Candidate, Candidates


def lexicographic(row: Candidates, *, by: Criteria, least: float = 1.0) -> Verdicts:
    """Prefer the answer that is better on the first criterion, or equal there and so on the next.

    SPA (arXiv 2511.06222), step 3: (y, y-) is a pair if G_a(y) > G_a(y-), or G_a is equal and
    G_b(y) > G_b(y-), **and** |dG_a| + |dG_b| >= delta. Ties are exact equality; any two answers of
    the prompt may pair. The L1 gap admits; what weights the loss is another gap, of sums, which the
    objective `spa` computes from the scores that the pair keeps.

    Inferred: `least` (delta) is 1 score point; the paper's appendix has the value. Departure: more
    than two criteria are ordered in the same way.

    >>> from earmark.records import Candidate
    >>> scores = [{"harm": 9, "help": 2}, {"harm": 8, "help": 9}, {"harm": 9, "help": 6}]
    >>> row = Candidates("r", [], [Candidate(text, s) for text, s in zip("abc", scores)])
    >>> [v.chosen.content + v.rejected.content for v in lexicographic(row, by=("harm", "help"))]
    ['ab', 'ca', 'cb']

    Args:
        row: a prompt with its candidates.
        by: the criteria, that of the highest priority first.
        least: the smallest sum of absolute differences, in score points; above 0.

    Raises:
        KnobError: `least` is not above 0.
    """
    if not least > 0:
        raise KnobError(f"lexicographic: least should be above 0, found {least}")
    if why := too_few(row):
        yield of_prompt(why)
    for one, other in each_two(row):
        first, second = vector(one, by), vector(other, by)
        if first == second:
            yield Unpaired(SAME_SCORE)
        elif fsum(abs(a - b) for a, b in zip(first, second, strict=True)) < least:
            yield Unpaired(f"scores differ by less than {least:g} in sum")
        else:
            yield Preferred(one, other) if ahead(first, second) else Preferred(other, one)


def vector(candidate: Candidate, by: Sequence[str]) -> tuple[float, ...]:
    """Return the scores of a candidate in order of priority."""
    return tuple(candidate.scores[name] for name in by)


def ahead(first: Sequence[float], second: Sequence[float]) -> bool:
    """Say whether scores come before others: greater at the first place where they differ.

    >>> ahead((9, 2), (8, 9)), ahead((9, 2), (9, 6)), ahead((9, 2), (9, 2))
    (True, False, False)
    """
    return tuple(first) > tuple(second)

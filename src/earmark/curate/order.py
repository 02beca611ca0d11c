"""Keep the pairs whose chosen answer is the better one by its score, by a margin."""

import math
from collections.abc import Iterator

from earmark.curate.fields import (
    Missing,
    Range,
    check_range,
    margin_of,
    scores_of,
    unscored,
    with_rejected,
)
from earmark.curate.verdict import Change, Drop, Keep, Stream, Verdict
from earmark.records import Pair


def order(
    pairs: Stream,
    *,
    criterion: str = "",
    least: float = 0.0,
    most: float | None = None,
    missing: Missing = "stop",
) -> Iterator[Verdict]:
    """Keep pairs whose chosen answer scores above the rejected one, by a margin within limits.

    The rule of UltraMix (arXiv 2511.10985), without which its mix falls below the data it is made
    of. Equal scores are no order. A pair with several rejected answers loses those at fault, and is
    dropped where none is left.

    Args:
        pairs: each needs scores for the criterion.
        criterion: the name of the scores.
        least: margin between chosen and rejected below which a pair is dropped.
        most: margin above which it is; nothing for no limit.
        missing: whether a pair without scores stops the work or is dropped.

    Raises:
        KnobError: limits that are not margins.

    >>> pairs = [Pair("p", [], "a", "b", scores={"reward": [1.0, 1.5]})]
    >>> [verdict.why for verdict in order(pairs, criterion="reward")]
    ['chosen scores 1, not above the rejected answer with 1.5 (reward)']
    """
    limits = check_range(least, math.inf if most is None else most, 0.0, math.inf, "a margin")
    return (_judge(pair, criterion, limits, missing) for pair in pairs)


def _judge(pair: Pair, criterion: str, limits: Range, missing: Missing) -> Verdict:
    if drop := unscored(pair, criterion, missing):
        return drop
    chosen, rejected = scores_of(pair, criterion)
    good = [n for n, score in enumerate(rejected) if not _fault(chosen - score, limits)]
    if len(good) == len(rejected):
        return Keep(pair)
    if good:
        gone = len(rejected) - len(good)
        why = f"{gone} of {len(rejected)} rejected answers have no margin within the limits"
        return Change(with_rejected(pair, good), f"{why} ({criterion})")
    margin = margin_of(pair, criterion)
    if margin <= 0:
        return Drop(
            pair,
            f"chosen scores {chosen:g}, not above the rejected answer with {max(rejected):g} "
            f"({criterion})",
        )
    return Drop(pair, f"the margin is {margin:g}, {_fault(margin, limits)} ({criterion})")


def _fault(margin: float, limits: Range) -> str | None:
    """Say what is wrong with a margin."""
    return "not above 0" if margin <= 0 else limits.fault(margin)

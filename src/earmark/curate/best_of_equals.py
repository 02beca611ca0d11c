"""Which of several pairs that are the same is kept: the one with the highest score, or the first.

Both duplicate curators gather a number for the group of each pair and a score, in 16 bytes a pair.
"""

from array import array
from collections.abc import Iterator

import numpy as np

from earmark.curate.fields import Missing, scores_of, unscored
from earmark.curate.verdict import Drop, Keep, Stream, Verdict
from earmark.records import Pair

# A pair that is not compared: it is dropped for another reason.
APART = -1


def rank_of(pair: Pair, criterion: str | None, missing: Missing) -> float | None:
    """Return the score of the chosen answer, 0 without a criterion, None without a score."""
    if not criterion:
        return 0.0
    return None if unscored(pair, criterion, missing) else scores_of(pair, criterion)[0]


def winners(groups: np.ndarray, ranks: np.ndarray) -> np.ndarray:
    """Return which pairs are the best of their group: the highest rank, then the first.

    Args:
        groups: the group of each pair, shape (pairs,).
        ranks: its score, shape (pairs,).

    Returns:
        True for one pair of each group, shape (pairs,).

    >>> winners(np.array([7, 7, 8]), np.array([1.0, 2.0, 0.0])).tolist()
    [False, True, True]
    """
    order = np.lexsort((np.arange(len(groups)), -ranks, groups))
    first = np.ones(len(groups), bool)
    first[1:] = groups[order][1:] != groups[order][:-1]
    best = np.zeros(len(groups), bool)
    best[order[first]] = True
    return best


def verdicts(
    pairs: Stream,
    kept: "np.ndarray | array[int]",
    criterion: str | None,
    missing: Missing,
    same: str,
) -> Iterator[Verdict]:
    """Yield the verdicts of a duplicate curator.

    Args:
        pairs: the pairs.
        kept: whether each is the one to keep.
        criterion: what the copies were ranked by.
        missing: whether pairs without a score stop the work.
        same: what dropped pairs have in common with the one that is kept, as "the same prompt".
    """
    other = "a pair with a score at least as high" if criterion else "an earlier pair"
    for pair, keep in zip(pairs, kept, strict=True):
        if criterion and (drop := unscored(pair, criterion, missing)):
            yield drop
        else:
            yield Keep(pair) if keep else Drop(pair, f"{same} as {other}", final=True)

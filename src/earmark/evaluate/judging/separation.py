"""How far judges can be trusted: whether they agree, and whether they know good from bad.

Agreement is looked at within a row, since scores of different prompts need not be comparable.
Every interval resamples whole rows.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from earmark.evaluate.bootstrap import (
    FEWEST,
    STANDARD,
    Interval,
    Resampling,
    percentile_interval,
    rate_interval,
)
from earmark.metrics.metric import Rates, Rows, ratio

Scores = NDArray[np.float64]


class Estimate(NamedTuple):
    """A value with its interval; None where it is not defined."""

    value: float | None
    interval: Interval | None = None


class Agreement(NamedTuple):
    """How two judges order the answers of a row.

    Attributes:
        pairs: of answers to one prompt that both judges have scored.
        equal_order: share of the pairs that both order, in which they order alike.
        tau: Kendall's tau-b over all pairs: 1 where the orders are equal, -1 where opposite, with
            ties counted.
        tied: share of the pairs in which one of them or both see no difference.
    """

    pairs: int
    equal_order: Estimate
    tau: Estimate
    tied: float | None


class Separation(NamedTuple):
    """How a judge separates good answers from bad ones.

    Attributes:
        good: answers known as good that it has scored.
        bad: answers known as bad that it has scored.
        auroc: chance that a good answer has a higher score than a bad one of any row; ties are ½.
        within: the same within rows; None where no row has both.
    """

    good: int
    bad: int
    auroc: Estimate
    within: Estimate


def pair_counts(one: Sequence[float], two: Sequence[float]) -> list[int]:
    """Count pairs of answers: ordered alike, ordered otherwise, tied in one, in two, in both.

    >>> pair_counts([1, 2, 3], [1, 3, 3]), pair_counts([1, 2], [2, 1])
    ([2, 0, 0, 1, 0], [0, 1, 0, 0, 0])
    """
    counts = [0] * 5
    signs = (np.sign(np.subtract.outer(each, each)) for each in (one, two))
    first, second = (sign[np.triu_indices(len(one), 1)] for sign in signs)
    counts[0] = int(np.sum(first * second > 0))
    counts[1] = int(np.sum(first * second < 0))
    counts[2] = int(np.sum((first == 0) & (second != 0)))
    counts[3] = int(np.sum((first != 0) & (second == 0)))
    counts[4] = int(np.sum((first == 0) & (second == 0)))
    return counts


def kendall_tau(sums: Rows) -> Rates:
    """Return tau-b of sums of `pair_counts`: [..., 5] -> [...]; NaN where one orders nothing.

    >>> kendall_tau(np.array([[2, 0, 0, 1, 0], [1, 1, 0, 0, 0]])).round(3).tolist()
    [0.816, 0.0]
    """
    alike, otherwise, in_one, in_two = (sums[..., n].astype(np.float64) for n in range(4))
    ordered = alike + otherwise
    below = np.sqrt((ordered + in_one) * (ordered + in_two))
    taus = np.full(np.shape(below), np.nan)
    return np.divide(alike - otherwise, below, out=taus, where=below != 0)


def equal_share(sums: Rows) -> Rates:
    """Return alike / (alike + otherwise): [..., 5] -> [...]."""
    return ratio(np.stack([sums[..., 0], sums[..., 0] + sums[..., 1]], axis=-1))


def agreement(
    rows: Sequence[tuple[Sequence[float], Sequence[float]]], resampling: Resampling = STANDARD
) -> Agreement:
    """Compare two judges on the answers that both have scored.

    Args:
        rows: for each row the scores of the one judge and of the other, answer by answer.
        resampling: how to draw.

    >>> agreement([([1, 2], [5, 9]), ([1, 2], [9, 5])]).equal_order.value
    0.5
    """
    counts = np.array([pair_counts(one, two) for one, two in rows if len(one) > 1], dtype=np.int64)
    counts = counts.reshape(-1, 5)
    total = counts.sum(axis=0)
    pairs = int(total.sum())
    return Agreement(
        pairs,
        _estimate(counts, equal_share, resampling),
        _estimate(counts, kendall_tau, resampling),
        float(total[2:].sum() / pairs) if pairs else None,
    )


def _estimate(rows: Rows, rate: object, resampling: Resampling) -> Estimate:
    """Return a rate of summed rows with its interval."""
    assert callable(rate)
    if not len(rows):
        return Estimate(None)
    value = float(rate(rows.sum(axis=0)))
    if np.isnan(value):
        return Estimate(None)
    return Estimate(value, rate_interval(rows, rate, resampling=resampling))


def separation(
    rows: Sequence[tuple[Sequence[float], Sequence[bool]]], resampling: Resampling = STANDARD
) -> Separation:
    """Say how a judge separates answers that are known as good from those known as bad.

    Args:
        rows: for each row the scores and whether each answer is good.
        resampling: how to draw.

    >>> separation([([1.0, 0.0], [True, False]), ([1.0, 1.0], [True, False])]).auroc.value
    0.75
    """
    scores = np.array([score for each, _ in rows for score in each], dtype=np.float64)
    good = np.array([known for _, each in rows for known in each], dtype=bool)
    row = np.repeat(np.arange(len(rows)), [len(each) for each, _ in rows])
    bins = np.unique(scores, return_inverse=True)[1]
    within = np.array([_wins(each, known) for each, known in rows]).reshape(-1, 2)
    return Separation(
        int(good.sum()),
        int((~good).sum()),
        _auroc(bins, good, row, len(rows), resampling),
        _estimate(within, ratio, resampling),
    )


def _wins(scores: Sequence[float], good: Sequence[bool]) -> tuple[float, int]:
    """Count pairs of a good and a bad answer of a row that are ordered right; ties are ½."""
    above = [score for score, known in zip(scores, good, strict=True) if known]
    below = [score for score, known in zip(scores, good, strict=True) if not known]
    wins = sum((a > b) + (a == b) / 2 for a in above for b in below)
    return float(wins), len(above) * len(below)


def _auroc(
    bins: NDArray[np.int64],
    good: NDArray[np.bool_],
    row: NDArray[np.int64],
    rows: int,
    resampling: Resampling,
) -> Estimate:
    """Return the pooled AUROC, and its interval over resampled rows."""
    value = area(bins, good, np.ones(len(bins)))
    if np.isnan(value):
        return Estimate(None)
    if rows < FEWEST:
        return Estimate(value)
    rng = np.random.default_rng(resampling.seed)
    drawn = (
        area(bins, good, rng.multinomial(rows, np.full(rows, 1 / rows))[row].astype(np.float64))
        for _ in range(resampling.resamples)
    )
    areas = np.fromiter(drawn, np.float64, resampling.resamples)
    return Estimate(value, percentile_interval(areas[~np.isnan(areas)], resampling.level))


def area(bins: NDArray[np.int64], good: NDArray[np.bool_], weight: NDArray[np.float64]) -> float:
    """Return the weighted chance that a good answer is in a higher bin than a bad one; ties are ½.

    >>> one = np.ones(3)
    >>> area(np.array([0, 1, 2]), np.array([False, False, True]), one)
    1.0
    >>> area(np.array([0, 0, 1]), np.array([True, False, False]), one)
    0.25
    """
    if not len(bins):
        return float("nan")
    size = int(bins.max()) + 1
    above = np.bincount(bins[good], weight[good], size)
    below = np.bincount(bins[~good], weight[~good], size)
    total = above.sum() * below.sum()
    if total == 0:
        return float("nan")
    return float(np.sum(above * (np.cumsum(below) - below / 2)) / total)

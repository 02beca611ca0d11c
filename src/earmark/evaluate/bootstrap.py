"""Bootstrap intervals of a rate: resample whole utterances, or whole speakers.

Bisani and Ney (ICASSP 2004). An error rate is ΣE / ΣN, so a resample needs only how often each
pair (E, N) was drawn, and those counts are multinomial. That is the same as drawing utterances
one by one, and takes milliseconds for 100 000 of them.
"""

from collections.abc import Hashable, Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Unit = Literal["utterance", "speaker"]
Numbers = NDArray[np.int64]


class Resampling(NamedTuple):
    """How to bootstrap: how many resamples, the share of them inside the interval, the seed."""

    resamples: int = 1000
    level: float = 0.95
    seed: int = 0


STANDARD = Resampling()


class Interval(NamedTuple):
    """The two ends of an interval, as fractions."""

    low: float
    high: float


def sum_by(groups: Sequence[Hashable] | None, rows: Numbers) -> Numbers:
    """Sum the rows [utterance, column] that belong to one group, such as a speaker.

    >>> sum_by(["a", "b", "a"], np.array([[1, 10], [2, 10], [3, 10]])).tolist()
    [[4, 20], [2, 10]]
    """
    if groups is None:
        return rows
    place: dict[Hashable, int] = {}
    index = [place.setdefault(group, len(place)) for group in groups]
    sums = np.zeros((len(place), rows.shape[1]), dtype=np.int64)
    np.add.at(sums, index, rows)
    return sums


def resampled_sums(rows: Numbers, resampling: Resampling) -> Numbers:
    """Draw as many rows as there are, with replacement, and sum them: [resample, column]."""
    kinds, counts = np.unique(rows, axis=0, return_counts=True)
    rng = np.random.default_rng(resampling.seed)
    drawn = rng.multinomial(len(rows), counts / len(rows), size=resampling.resamples)
    return drawn @ kinds


def percentile_interval(values: NDArray[np.float64], level: float) -> Interval | None:
    """Return the percentile interval of resampled values; None when there are none."""
    if not len(values):
        return None
    tail = (1 - level) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    return Interval(float(low), float(high))


def rate_interval(
    errors: Sequence[int],
    truth_tokens: Sequence[int],
    *,
    groups: Sequence[Hashable] | None = None,
    resampling: Resampling = STANDARD,
) -> Interval | None:
    """Return the interval of Σ errors / Σ truth tokens over utterances, or over groups of them.

    None when the truth has no token. A resample without a token has no rate and is left out.

    >>> rate_interval([1, 0, 2, 0], [10, 10, 10, 10], resampling=Resampling(seed=1))
    Interval(low=0.0, high=0.15)
    """
    if not sum(truth_tokens):
        return None
    rows = sum_by(groups, np.array([errors, truth_tokens], dtype=np.int64).T)
    sums = resampled_sums(rows, resampling)
    sums = sums[sums[:, 1] > 0]
    return percentile_interval(sums[:, 0] / sums[:, 1], resampling.level)

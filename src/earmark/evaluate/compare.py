"""Compare two systems on the same utterances: paired, so that hard utterances cancel out."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from earmark.errors import InputError
from earmark.evaluate.bootstrap import Interval, percentile_interval, resampled_sums, sum_by
from earmark.evaluate.score import Score
from earmark.evaluate.signature import check_comparable
from earmark.evaluate.utterance import UtteranceScore
from earmark.failures.cascade import LABELS

MATCHED_PAIRS = "matched pairs, utterance segments"


class Difference(NamedTuple):
    """A rate of both systems, and second - first with its interval, all as fractions.

    `p` is two-sided: how rarely resampling turns the sign of the difference, times two.
    """

    first: float | None
    second: float | None
    difference: float | None
    interval: Interval | None
    p: float | None


class MatchedPairs(NamedTuple):
    """The matched-pairs test: z, its two-sided p, and the number of segments."""

    z: float | None
    p: float | None
    segments: int


@dataclass(frozen=True)
class Comparison:
    """Two scores side by side; negative differences mean that the second makes fewer errors."""

    signature: str
    utterances: int
    over: str
    rates: dict[str, Difference]
    failure_modes: dict[str, Difference]
    matched_pairs: MatchedPairs

    def to_json(self) -> dict[str, Any]:
        """Return the comparison as plain values; what is not defined is None."""
        return {
            "signature": self.signature,
            "utterances": self.utterances,
            "interval_over": self.over,
            **{name: _plain(rate) for name, rate in self.rates.items()},
            "failure_modes": {name: _plain(rate) for name, rate in self.failure_modes.items()},
            "matched_pairs": {"test": MATCHED_PAIRS, **self.matched_pairs._asdict()},
        }


def _plain(difference: Difference) -> dict[str, Any]:
    """Turn a difference into plain values."""
    row = difference._asdict()
    return row | {"interval": None if row["interval"] is None else list(row["interval"])}


# What each rate divides: per utterance, its errors and the tokens they are counted over.
Part = Callable[[UtteranceScore], tuple[int, int]]
RATES: dict[str, Part] = {
    "mixed_error_rate": lambda row: (row.counts.errors, row.counts.truth_tokens),
    "capped_mixed_error_rate": lambda row: (
        min(row.counts.errors, row.counts.truth_tokens),
        row.counts.truth_tokens,
    ),
    "zh": lambda row: (row.slips.languages.count("z"), row.truth_codes.count("z")),
    "en": lambda row: (row.slips.languages.count("e"), row.truth_codes.count("e")),
}


def compare(first: Score, second: Score) -> Comparison:
    """Compare two scores of the same utterances.

    Every interval draws the same utterances (or speakers) for both. How they are drawn is
    taken from the first score.

    Raises:
        InputError: the signatures differ, or the utterances are not the same.
    """
    check_comparable(first.signature, second.signature)
    if [row.id for row in first.rows] != [row.id for row in second.rows]:
        raise InputError(
            "these scores are of different utterances; score both systems against one truth file"
        )
    return Comparison(
        first.signature,
        len(first.rows),
        first.over,
        {name: _difference(first, second, part) for name, part in RATES.items()},
        {label: _difference(first, second, _has(label)) for label in LABELS},
        matched_pairs([b.counts.errors - a.counts.errors for a, b in _pairs(first, second)]),
    )


def _has(label: str) -> Part:
    """Make the part that counts utterances with a failure label."""
    return lambda row: (int(row.failure.label == label), 1)


def _pairs(first: Score, second: Score) -> list[tuple[UtteranceScore, UtteranceScore]]:
    """Return the rows of both scores, utterance by utterance."""
    return list(zip(first.rows, second.rows, strict=True))


def _difference(first: Score, second: Score, part: Part) -> Difference:
    """Bootstrap the difference of one rate."""
    rows = np.array(
        [(part(a)[0], *part(b)) for a, b in _pairs(first, second)], dtype=np.int64
    ).reshape(-1, 3)
    before, after, tokens = (int(column) for column in rows.sum(axis=0))
    if not tokens:
        return Difference(None, None, None, None, None)
    groups = first.speakers() if first.over == "speaker" else None
    sums = resampled_sums(sum_by(groups, rows), first.resampling)
    sums = sums[sums[:, 2] > 0]
    changes = (sums[:, 1] - sums[:, 0]) / sums[:, 2]
    return Difference(
        before / tokens,
        after / tokens,
        (after - before) / tokens,
        percentile_interval(changes, first.resampling.level),
        two_sided(changes.tolist()),
    )


def two_sided(changes: Sequence[float]) -> float:
    """Return twice the share of resampled changes on the rarer side of zero, 1 at most.

    The observed sample counts as one resample more, so that p is never 0.

    >>> two_sided([-0.1] * 999), two_sided([-0.1, 0.1])
    (0.002, 1.0)
    """
    total = len(changes) + 1
    below = 1 + sum(change <= 0 for change in changes)
    above = 1 + sum(change >= 0 for change in changes)
    return min(1.0, 2 * min(below, above) / total)


def matched_pairs(changes: Sequence[int]) -> MatchedPairs:
    """Test whether errors per utterance changed: z = mean / (standard deviation / √n).

    After Gillick and Cox (ICASSP 1989).

    Departure: a segment is an utterance; sclite's MAPSSWE cuts where both systems are right.

    >>> z, p, segments = matched_pairs([-1, 0, -2, 0])
    >>> round(z, 3), round(p, 3), segments
    (-1.567, 0.117, 4)
    """
    segments = len(changes)
    if segments < 2:
        return MatchedPairs(None, None, segments)
    mean = sum(changes) / segments
    variance = sum((change - mean) ** 2 for change in changes) / (segments - 1)
    if not variance:
        return MatchedPairs(None, None if mean else 1.0, segments)
    z = mean / math.sqrt(variance / segments)
    return MatchedPairs(z, math.erfc(abs(z) / math.sqrt(2)), segments)

"""Compare two systems on the same utterances: paired, so that hard utterances cancel out."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from rich.console import Group

from earmark.errors import InputError
from earmark.evaluate.bootstrap import (
    FEWEST,
    Interval,
    Resampling,
    percentile_interval,
    resampled_sums,
    sum_by,
)
from earmark.evaluate.matched_pairs import MatchedPairs, matched_pairs
from earmark.evaluate.rows import frame
from earmark.evaluate.score import Score, score, set_aside_in
from earmark.evaluate.signature import NO_FAILURES, check_comparable
from earmark.evaluate.tables import as_text, comparison_tables, signature_line
from earmark.failures.cascade import LABELS
from earmark.metrics import METRICS, Metric
from earmark.metrics.columns import Columns
from earmark.metrics.metric import Rows, defined
from earmark.records import Hypothesis, Utterance

# The metrics that every comparison has, in the order of its table.
COMPARED = (
    "mixed_error_rate",
    "capped_mixed_error_rate",
    "mixed_error_rate_without_loops",
    "zh",
    "en",
)


class Difference(NamedTuple):
    """A rate of both systems, and second - first with its interval, all as fractions.

    `p` is two-sided: how rarely resampling turns the sign of the difference, times two.
    """

    first: float | None
    second: float | None
    difference: float | None
    interval: Interval | None
    p: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        row = self._asdict()
        return row | {"interval": None if self.interval is None else list(self.interval)}


class LeftOut(NamedTuple):
    """How many utterances are not compared, and for how many each system has no hypothesis."""

    utterances: int = 0
    first_missing: int = 0
    second_missing: int = 0


@dataclass(frozen=True, repr=False)
class Comparison:
    """Two scores side by side; negative differences mean that the second makes fewer errors.

    Utterances without a hypothesis of either system are not compared; `left_out` has how many.
    `names` are those of the systems, and `metrics` has the differences of the metrics that were
    given beside our own. A comparison prints like the table of `earmark compare`.
    """

    signature: str
    utterances: int
    over: str
    rates: dict[str, Difference]
    failure_modes: dict[str, Difference]
    matched_pairs: MatchedPairs
    resampling: Resampling
    left_out: LeftOut
    names: tuple[str, str] = ("first", "second")
    metrics: dict[str, Difference] = field(default_factory=dict)

    @property
    def p_floor(self) -> float:
        """Return the smallest p that the bootstrap can show: 2 / (resamples + 1)."""
        return two_sided([-1.0] * self.resampling.resamples)

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as plain values; what is not defined is None."""
        return {
            "signature": self.signature,
            "utterances": self.utterances,
            "interval_over": self.over,
            "resamples": self.resampling.resamples,
            "p_floor": self.p_floor,
            "left_out": self.left_out._asdict(),
            **{name: rate.to_dict() for name, rate in self.rates.items()},
            "failure_modes": {name: rate.to_dict() for name, rate in self.failure_modes.items()},
            "metrics": {name: rate.to_dict() for name, rate in self.metrics.items()},
            "matched_pairs": self.matched_pairs.to_dict(),
        }

    def to_frame(self) -> Any:
        """Return a pandas data frame with one row per rate: both values, difference, interval, p.

        Raises:
            ImportError: pandas is not installed.
        """
        rates = self.rates | self.failure_modes | self.metrics
        return frame([_flat(name, rate) for name, rate in rates.items()])

    def __repr__(self) -> str:
        """Name the comparison by its difference."""
        change = self.rates["mixed_error_rate"].difference
        shown = "None" if change is None else f"{change:+.4f}"
        return f"Comparison({self.names[1]} minus {self.names[0]}: mixed_error_rate {shown})"

    def __str__(self) -> str:
        """Print like the table of `earmark compare`."""
        return as_text(self.tables(), signature_line(self.signature))

    def __rich__(self) -> Group:
        """Lay out the same for rich, which breaks the signature where a line ends."""
        return Group(self.tables(), signature_line(self.signature))

    def tables(self) -> Group:
        """Lay out the table of `earmark compare`, without the signature."""
        return comparison_tables(self.to_dict(), *self.names)


def _flat(name: str, rate: Difference) -> dict[str, Any]:
    """Return a difference as a row of a data frame."""
    low, high = (None, None) if rate.interval is None else rate.interval
    row = {"first": rate.first, "second": rate.second, "difference": rate.difference}
    return {"name": name, **row, "low": low, "high": high, "p": rate.p}


def compare(
    first: Score, second: Score, names: tuple[str, str] = ("first", "second")
) -> Comparison:
    """Compare two scores of the same utterances; `names` are those of the systems.

    Where a system has no hypothesis the other is not compared with it: a partial file would show
    how much of it is there. Every interval draws the same utterances (or speakers) for both. How
    they are drawn is taken from the first score.

    Raises:
        InputError: the signatures differ, the utterances or metrics are not the same, or no
            utterance has a hypothesis of both.
    """
    check_comparable(first.signature, second.signature)
    check_comparable(*("|".join(map(_signed, each.metrics)) for each in (first, second)))
    if [row.id for row in first.rows] != [row.id for row in second.rows]:
        raise InputError(
            "these scores are of different utterances; score both systems against one truth file"
        )
    first, second, left_out = in_common(first, second)
    pairs = zip(first.rows, second.rows, strict=True)
    labels = () if NO_FAILURES in first.signature.split("|") else LABELS
    return Comparison(
        first.signature,
        len(first.rows),
        first.over,
        {name: difference(first, second, METRICS[name]) for name in COMPARED},
        {label: difference(first, second, failure_share(label)) for label in labels},
        matched_pairs([b.counts.errors - a.counts.errors for a, b in pairs]),
        first.resampling,
        left_out,
        names,
        {metric.name: difference(first, second, metric) for metric in first.metrics},
    )


def in_common(first: Score, second: Score) -> tuple[Score, Score, LeftOut]:
    """Return both scores without the utterances for which either has no hypothesis.

    Raises:
        InputError: no utterance is left.
    """
    missing = [[row.missing for row in each.rows] for each in (first, second)]
    kept = [not (a or b) for a, b in zip(*missing, strict=True)]
    if all(kept):
        return first, second, LeftOut()
    left_out = LeftOut(kept.count(False), *(each.count(True) for each in missing))
    if not any(kept):
        raise InputError(
            f"no utterance has a hypothesis of both systems: of {len(kept)}, "
            f"{left_out.first_missing} are missing in the first, {left_out.second_missing} in the "
            "second"
        )
    one, two = (
        replace(
            each,
            rows=[row for row, keep in zip(each.rows, kept, strict=True) if keep],
            signature=each.signature.replace("|missing:deletions|", "|missing:left-out|"),
        )
        for each in (first, second)
    )
    return one, two, left_out


def _signed(metric: Metric) -> str:
    """Write the name and the signature of a metric."""
    return f"{metric.name}:{metric.signature}" if metric.signature else metric.name


def compare_records(
    truths: Sequence[Utterance],
    first: Sequence[Hypothesis],
    second: Sequence[Hypothesis],
    *,
    names: tuple[str, str] = ("first", "second"),
    **how: Any,
) -> Comparison:
    """Score what two systems wrote for the same truths, and compare; `how` as `score` takes it.

    >>> said = [Utterance("u1", "我想 review 一下"), Utterance("u2", "好的")]
    >>> base = [Hypothesis("u1", "我想一下"), Hypothesis("u2", "好的")]
    >>> better = [Hypothesis("u1", "我想 review 一下"), Hypothesis("u2", "好的")]
    >>> compare_records(said, base, better)
    Comparison(second minus first: mixed_error_rate -0.1429)

    Raises:
        InputError: what `score` and `compare` refuse.
        KnobError: what `score` refuses.
    """
    how = {"leave_out": set_aside_in(first, second), **how}
    return compare(score(truths, first, **how), score(truths, second, **how), names)


def difference(first: Score, second: Score, metric: Metric) -> Difference:
    """Bootstrap the difference of a metric, both systems on the same draws."""
    before, after = metric.rows(first.columns), metric.rows(second.columns)
    if metric.leaves_out:
        kept = before.any(axis=1, keepdims=True) & after.any(axis=1, keepdims=True)
        before, after = before * kept, after * kept
    one, two = (defined(metric.rate(rows.sum(axis=0))) for rows in (before, after))
    if one is None or two is None:
        return Difference(one, two, None, None, None)
    groups = first.groups()
    if len(before if groups is None else set(groups)) < FEWEST:
        return Difference(one, two, two - one, None, None)
    sums = resampled_pairs(before, after, groups, first.resampling)
    changes = metric.rate(sums[1]) - metric.rate(sums[0])
    changes = changes[~np.isnan(changes)]
    return Difference(
        one,
        two,
        two - one,
        percentile_interval(changes, first.resampling.level),
        two_sided(changes.tolist()),
    )


def resampled_pairs(
    before: Rows, after: Rows, groups: Sequence[Hashable] | None, resampling: Resampling
) -> tuple[Rows, Rows]:
    """Draw rows of two systems together and sum them: [resample, column] of each.

    Columns that are equal for both, such as the tokens of the truth, are drawn once.
    """
    differs = (before != after).any(axis=0)
    joint = np.concatenate([before[:, differs], after], axis=1)
    sums = resampled_sums(sum_by(groups, joint), resampling)
    own = int(differs.sum())
    second = sums[:, own:]
    first = second.copy()
    first[:, differs] = sums[:, :own]
    return first, second


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


def failure_share(label: str) -> Metric:
    """Make the metric of one label.

    >>> failure_share("omission").name
    'omission'
    """

    def rows(columns: Columns) -> Rows:
        having = [answer.label == label for answer in columns.answers]
        return np.stack([np.array(having, dtype=np.int64), np.ones(len(columns), np.int64)], axis=1)

    return Metric(label, rows)

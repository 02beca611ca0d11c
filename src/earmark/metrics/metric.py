"""What a metric is: numbers of one answer that add, and a rate that is computed from their sum."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earmark.errors import InputError
from earmark.metrics.columns import Columns

# [answer, column], or [resample, column]: integers are kept, so that sums are exact.
Rows = NDArray[Any]
Rates = NDArray[np.float64]


def ratio(sums: Rows) -> Rates:
    """Divide the first column by the second: [..., 2] -> [...]; NaN where the second is 0.

    >>> ratio(np.array([[1, 4], [3, 0]])).tolist()
    [0.25, nan]
    """
    above, below = sums[..., 0], sums[..., 1]
    rates = np.full(below.shape, np.nan)
    return np.divide(above, below, out=rates, where=below != 0)


@dataclass(frozen=True)
class Metric:
    """A metric: what is counted of each answer, and the rate of a sum of such counts.

    Attributes:
        name: what it is called in JSON; in tables underscores are blanks.
        rows: from answers to [answer, column]; rows add.
        rate: from sums [..., column] to rates [...]; NaN where a rate is not defined.
        signature: what, besides the splitting of texts, two values must share to be compared.
        leaves_out: whether a row of zeros is an answer left out. A comparison of two systems
            then leaves the utterance out on both sides, so that both are measured on the same.
    """

    name: str
    rows: Callable[[Columns], Rows]
    rate: Callable[[Rows], Rates] = ratio
    signature: str = ""
    leaves_out: bool = False

    def value(self, answers: Columns) -> float | None:
        """Return the rate over all answers; None where it is not defined."""
        return defined(self.rate(self.rows(answers).sum(axis=0)))


def defined(rate: Any) -> float | None:
    """Return a rate as a plain number; None in place of NaN.

    >>> defined(np.float64("nan")), defined(np.float64(0.5))
    (None, 0.5)
    """
    return None if np.isnan(rate) else float(rate)


def metric_of_texts(
    name: str,
    row: Callable[[str, str], Sequence[float]],
    *,
    rate: Callable[[Rows], Rates] = ratio,
    signature: str = "",
) -> Metric:
    """Make a metric from a function of a truth and an answer, both as texts.

    >>> def row(truth, answer):
    ...     return truth == answer, 1
    >>> exact = metric_of_texts("exact", row)
    >>> exact.name, exact.rate(np.array([3, 4])).item()
    ('exact', 0.75)

    Args:
        name: what it is called in JSON.
        row: numbers that add over answers, always as many.
        rate: from sums [..., column] to rates [...]; the first column over the second by default.
        signature: a version, and whatever else two values must share to be compared.

    Raises:
        InputError: when it is used: rows that differ in length, or hold what is not a number.
    """

    def rows(columns: Columns) -> Rows:
        table = [tuple(row(answer.truth, answer.hyp)) for answer in columns.answers]
        widths = {len(each) for each in table}
        if len(widths) > 1:
            raise InputError(f"metric {name}: its rows have {sorted(widths)} numbers; expected one")
        numbers = np.array(table, dtype=np.float64).reshape(len(table), -1)
        wrong = np.flatnonzero(~np.isfinite(numbers).all(axis=1))
        if len(wrong):
            answer = columns.answers[wrong[0]]
            raise InputError(
                f"metric {name}: the row of the truth {answer.truth[:40]!r} is "
                f"{table[wrong[0]]}; expected finite numbers"
            )
        return numbers

    return Metric(name, rows, rate, signature)

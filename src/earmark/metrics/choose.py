"""Choose a metric: a name of METRICS, `module:name`, a Metric, or a function of two texts."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from earmark.errors import EarmarkError, KnobError
from earmark.lookup import look_up, name_of
from earmark.metrics import METRICS
from earmark.metrics.answer import align_texts, answer_of
from earmark.metrics.columns import Columns
from earmark.metrics.metric import Metric, metric_of_texts

# What a metric is tried on: right, empty, partly wrong.
TRIED = (("我想 review 一下", "我想一下"), ("好的", "好的"), ("today", ""), ("", ""))


def chosen_metrics(
    metrics: Sequence[str | Metric | Callable[[str, str], Sequence[float]]],
) -> tuple[Metric, ...]:
    """Return metrics that are named, or given as objects.

    >>> [metric.name for metric in chosen_metrics(["code_mixing_index"])]
    ['code_mixing_index']

    Raises:
        KnobError: an unknown name, one that breaks its contract, or two with the same name.
    """
    chosen = [choose_metric(metric) for metric in metrics]
    names = [metric.name for metric in chosen]
    for name in names:
        if names.count(name) > 1:
            raise KnobError(f"two metrics are called '{name}'; give each a name of its own")
    return tuple(chosen)


def choose_metric(given: str | Metric | Callable[[str, str], Sequence[float]]) -> Metric:
    """Return a metric, tried out if it is not a built-in one.

    >>> choose_metric(lambda truth, answer: (truth == answer, 1)).rate(np.array([3, 4])).item()
    0.75

    Raises:
        KnobError: no such metric, or one that does not keep its contract.
    """
    found: Any = look_up(METRICS, given, "metric")
    if not isinstance(found, Metric):
        if not callable(found):
            raise KnobError(
                "a metric should be a name, a Metric, or a function of a truth and an answer, "
                f"found {type(found).__name__}"
            )
        found = metric_of_texts(given if isinstance(given, str) else name_of(found), found)
    if found not in METRICS.values():
        try_out(found)
    return found


def try_out(metric: Metric) -> None:
    """Try a metric on a few answers: rows that add, one for each answer, and a rate of sums.

    Raises:
        KnobError: says what it returned and what was expected.
    """
    answers = Columns([answer_of(align_texts(*texts, str.split)) for texts in TRIED])
    name = metric.name
    try:
        rows = np.asarray(metric.rows(answers))
        if rows.ndim != 2 or len(rows) != len(TRIED):
            raise KnobError(
                f"metric '{name}': rows should be [answer, column], one for each of {len(TRIED)} "
                f"answers, found an array of shape {list(rows.shape)}"
            )
        sums = np.stack([rows.sum(axis=0), rows[:2].sum(axis=0)])
        rates = np.asarray(metric.rate(sums))
        one = np.asarray(metric.rate(sums[0]))
    except EarmarkError:
        raise
    except Exception as error:  # whatever the user's function raises
        raise KnobError(f"metric '{name}' fails: {type(error).__name__}: {error}") from error
    if rates.shape != (2,) or one.shape != () or not np.array_equal(rates[0], one, equal_nan=True):
        raise KnobError(
            f"metric '{name}': its rate should be one number for each row of sums "
            f"[..., column], found shapes {list(one.shape)} of one and {list(rates.shape)} of two"
        )

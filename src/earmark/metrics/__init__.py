"""Metrics: one file each; rows that add over answers, a rate computed last, a signature.

A metric of your own is a `Metric`, or `metric_of_texts` of a function of two texts.
"""

from collections.abc import Sequence

from earmark.errors import KnobError, did_you_mean
from earmark.metrics.capped_error_rate import CAPPED_ERROR_RATE
from earmark.metrics.code_mixing import CODE_MIXING_INDEX
from earmark.metrics.language_error_rate import language_error_rate
from earmark.metrics.loop_free_error_rate import LOOP_FREE_ERROR_RATE
from earmark.metrics.metric import Metric, metric_of_texts
from earmark.metrics.mixed_error_rate import MIXED_ERROR_RATE

METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        MIXED_ERROR_RATE,
        CAPPED_ERROR_RATE,
        LOOP_FREE_ERROR_RATE,
        language_error_rate("zh"),
        language_error_rate("en"),
        CODE_MIXING_INDEX,
    )
}


def chosen_metrics(metrics: Sequence[str | Metric]) -> tuple[Metric, ...]:
    """Return metrics that are named in `METRICS`, or given as objects.

    >>> [metric.name for metric in chosen_metrics(["code_mixing_index"])]
    ['code_mixing_index']

    Raises:
        KnobError: an unknown name, or two metrics with the same one.
    """
    chosen = []
    for metric in metrics:
        if isinstance(metric, str) and metric not in METRICS:
            raise KnobError(f"no metric is called '{metric}'; {did_you_mean(metric, METRICS)}")
        chosen.append(METRICS[metric] if isinstance(metric, str) else metric)
    names = [metric.name for metric in chosen]
    for name in names:
        if names.count(name) > 1:
            raise KnobError(f"two metrics are called '{name}'; give each a name of its own")
    return tuple(chosen)


__all__ = ["METRICS", "Metric", "chosen_metrics", "metric_of_texts"]

"""Metrics: one file each; rows that add over answers, a rate computed last, a signature.

A metric of your own is a `Metric`, or `metric_of_texts` of a function of two texts.
"""

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

__all__ = ["METRICS", "Metric", "metric_of_texts"]

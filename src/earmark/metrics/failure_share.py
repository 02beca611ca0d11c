"""Share of utterances whose answer has a failure label; `ok` is a label too."""

import numpy as np

from earmark.metrics.columns import Columns
from earmark.metrics.metric import Metric, Rows


def failure_share(label: str) -> Metric:
    """Make the metric of one label.

    >>> failure_share("omission").name
    'omission'
    """

    def rows(columns: Columns) -> Rows:
        having = [answer.label == label for answer in columns.answers]
        return np.stack([np.array(having, dtype=np.int64), np.ones(len(columns), np.int64)], axis=1)

    return Metric(label, rows)

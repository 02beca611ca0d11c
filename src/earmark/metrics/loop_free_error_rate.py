"""Mixed error rate of the utterances whose answer is no loop.

Whether an answer loops is decided by `earmark.text.loops`, as for failures.
"""

import numpy as np

from earmark.metrics.columns import Columns
from earmark.metrics.metric import Metric, Rows


def rows(columns: Columns) -> Rows:
    """Count errors and truth tokens, both 0 where the answer loops: [answer, 2]."""
    kept = np.array([not answer.looping for answer in columns.answers], dtype=bool)
    return columns.errors * kept[:, None]


LOOP_FREE_ERROR_RATE = Metric("mixed_error_rate_without_loops", rows, leaves_out=True)

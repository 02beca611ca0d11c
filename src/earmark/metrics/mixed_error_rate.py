"""Mixed error rate: (substitutions + deletions + insertions) / tokens of the truth.

A token is a Han character or a word. Not jiwer's `mer`, which is the match error rate.
"""

from earmark.metrics.columns import Columns
from earmark.metrics.metric import Metric, Rows


def rows(columns: Columns) -> Rows:
    """Count errors and truth tokens: [answer, 2]."""
    return columns.errors


MIXED_ERROR_RATE = Metric("mixed_error_rate", rows)

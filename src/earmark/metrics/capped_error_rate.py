"""Mixed error rate when no utterance counts for more than 100 %.

Σ min(errors, truth tokens) / Σ truth tokens: one loop cannot outweigh a thousand utterances.
"""

import numpy as np

from earmark.metrics.columns import Columns
from earmark.metrics.metric import Metric, Rows


def rows(columns: Columns) -> Rows:
    """Count errors, at most as many as truth tokens, and truth tokens: [answer, 2]."""
    errors, tokens = columns.errors.T
    return np.stack([np.minimum(errors, tokens), tokens], axis=1)


CAPPED_ERROR_RATE = Metric("capped_mixed_error_rate", rows)

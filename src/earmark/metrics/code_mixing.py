"""Code-mixing index of what was written: the mean over utterances, a fraction.

Gambäck and Das (2014): 1 - max(zh, en) / (zh + en) of one utterance, 0 where there is neither.
"""

import numpy as np

from earmark.metrics.columns import Columns
from earmark.metrics.metric import Metric, Rows


def rows(columns: Columns) -> Rows:
    """Compute the index of each answer, and count the answer: [answer, 2]."""
    zh, en = columns.hyp.zh, columns.hyp.en
    spoken = zh + en
    index = np.where(spoken > 0, 1 - np.maximum(zh, en) / np.maximum(spoken, 1), 0.0)
    return np.stack([index, np.ones(len(columns))], axis=1)


CODE_MIXING_INDEX = Metric("code_mixing_index", rows)

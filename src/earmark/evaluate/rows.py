"""One utterance of a score as plain values, for a file or a data frame."""

import math
from typing import Any

from earmark.evaluate.summary import counts_json
from earmark.evaluate.utterance import UtteranceScore


def row_dict(row: UtteranceScore) -> dict[str, Any]:
    """Return one utterance's row as plain values: id, counts, failure, and its features."""
    return {
        "id": row.id,
        "counts": counts_json(row.counts),
        "mixed_error_rate": row.counts.rate,
        "missing": row.missing,
        "looping": row.answer.looping,
        "failure": row.failure.label,
        "detail": row.failure.detail,
        "features": {name: _strict(value) for name, value in row.failure.features.items()},
    }


def _strict(value: Any) -> Any:
    """Turn what strict JSON cannot say, infinity and not-a-number, into None."""
    return None if isinstance(value, float) and not math.isfinite(value) else value

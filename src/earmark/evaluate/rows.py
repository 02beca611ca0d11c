"""One utterance of a score as plain values, for a file or a data frame."""

import math
from collections.abc import Sequence
from importlib import import_module
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
        "failure": row.failure.label or None,
        "detail": row.failure.detail or None,
        "features": {name: _strict(value) for name, value in row.failure.features.items()},
    }


def _strict(value: Any) -> Any:
    """Turn what strict JSON cannot say, infinity and not-a-number, into None."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def flat_row(row: UtteranceScore) -> dict[str, Any]:
    """Return one utterance as a row of a data frame: texts, counts, failure."""
    return {
        "id": row.id,
        "speaker": row.speaker,
        "truth": row.answer.truth,
        "hyp": None if row.missing else row.answer.hyp,
        "errors": row.counts.errors,
        **counts_json(row.counts),
        "mixed_error_rate": row.counts.rate,
        "looping": row.answer.looping,
        "failure": row.failure.label or None,
        "detail": row.failure.detail or None,
    }


def frame(rows: Sequence[dict[str, Any]]) -> Any:
    """Make a pandas data frame of rows.

    Raises:
        ImportError: pandas is not installed; it is needed here only.
    """
    try:
        pandas = import_module("pandas")
    except ImportError as error:
        message = "to_frame needs pandas, which is not installed: pip install pandas"
        raise ImportError(message) from error
    return pandas.DataFrame(list(rows))

"""Sum the rows of a score into plain values: rates, failure modes, composition."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from earmark.evaluate.utterance import MISSING, NOT_NAMED, UtteranceScore
from earmark.failures.cascade import LABELS
from earmark.metrics import METRICS
from earmark.metrics.columns import LANGUAGE_LETTERS, Columns, Side
from earmark.records import Counts


def summary(rows: Sequence[UtteranceScore], columns: Columns | None = None) -> dict[str, Any]:
    """Return what a score says beside intervals; a rate that is not defined is None.

    `columns` are those of the rows, where they have been made already.
    """
    columns = Columns([row.answer for row in rows]) if columns is None else columns
    counts = columns.total
    return {
        "utterances": len(rows),
        "missing": sum(row.failure.label == MISSING.label for row in rows),
        "empty_truths": int((columns.truth.lengths == 0).sum()),
        "mixed_error_rate": counts.rate,
        "counts": counts_json(counts),
        "by_language": {name: with_rate(columns.language(name)) for name in LANGUAGE_LETTERS},
        "capped_mixed_error_rate": METRICS["capped_mixed_error_rate"].value(columns),
        "mixed_error_rate_without_loops": METRICS["mixed_error_rate_without_loops"].value(columns),
        "looping_utterances": sum(row.answer.looping for row in rows),
        "points_of_interest": {
            "utterances": int(columns.truth.is_mixed.sum()),
            **{name: with_rate(at) for name, at in columns.points().items()},
        },
        "failure_modes": failure_modes(rows),
        "composition": {"truth": composition(columns.truth), "hyp": composition(columns.hyp)},
    }


def counts_json(counts: Counts) -> dict[str, int]:
    """Return counts as plain values.

    >>> counts_json(Counts(hits=3, deletions=1))
    {'hits': 3, 'substitutions': 0, 'deletions': 1, 'insertions': 0, 'truth_tokens': 4}
    """
    return {
        "hits": counts.hits,
        "substitutions": counts.substitutions,
        "deletions": counts.deletions,
        "insertions": counts.insertions,
        "truth_tokens": counts.truth_tokens,
    }


def with_rate(counts: Counts) -> dict[str, Any]:
    """Return counts and their rate, None when the truth has no token of the class."""
    return {"counts": counts_json(counts), "rate": counts.rate}


def failure_modes(rows: Sequence[UtteranceScore]) -> dict[str, Any]:
    """Return how many utterances have each label, and their share; `ok` and `error` among them.

    What is no answer of the model, a missing hypothesis or a clip that was set aside, has a label
    of its own where there is any. Where failures were not named there is nothing to count.
    """
    found = Counter(row.failure.label for row in rows)
    if NOT_NAMED.label in found:
        return {}
    return {
        label: {"utterances": found[label], "rate": found[label] / len(rows) if rows else None}
        for label in dict.fromkeys((*LABELS, *sorted(found)))
    }


def composition(side: Side) -> dict[str, Any]:
    """Return how a side mixes languages: tokens, utterances, switches, and the three indices.

    The code-mixing index is the mean over utterances, as a fraction; the I-index divides all
    switches by all places where one could be; the M-index is that of all tokens together.
    """
    zh, en, count = int(side.zh.sum()), int(side.en.sum()), side.utterances
    spoken = side.zh + side.en
    places = int(np.maximum(spoken - 1, 0).sum())
    switches = int(side.switches.sum())
    mixing = 1 - np.maximum(side.zh, side.en) / np.maximum(spoken, 1)
    squares = (zh**2 + en**2) / (zh + en) ** 2 if zh + en else None
    return {
        "tokens": {"zh": zh, "en": en, "other": len(side.letters) - zh - en},
        "utterances": {
            "mixed": int(side.is_mixed.sum()),
            "zh": int(((side.zh > 0) & (side.en == 0)).sum()),
            "en": int(((side.en > 0) & (side.zh == 0)).sum()),
            "other": int((spoken == 0).sum()),
        },
        "switches": switches,
        "switches_per_utterance": switches / count if count else None,
        "code_mixing_index": float(mixing[spoken > 0].sum()) / count if count else None,
        "i_index": switches / places if places else None,
        "m_index": None if squares is None else (1 - squares) / squares,
    }

"""How a side of a test set mixes languages: tokens, utterances, switches, and three indices."""

from typing import Any

import numpy as np

from earmark.metrics.columns import Side


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

"""Split a clip that is too long to be heard at once, at quiet places."""

import numpy as np

from earmark.speech.audio import SAMPLE_RATE_HZ


def split_at_quiet(
    clip: np.ndarray, longest: int, window: int = SAMPLE_RATE_HZ // 5
) -> list[np.ndarray]:
    """Cut a clip into parts of at most `longest` samples, at the quietest place near each end.

    >>> [len(part) for part in split_at_quiet(np.zeros(10, np.float32), longest=4, window=1)]
    [4, 4, 2]
    """
    parts = []
    while len(clip) > longest:
        half = clip[longest // 2 : longest]
        energy = np.convolve(half**2, np.ones(min(window, len(half))), mode="valid")
        latest_quietest = len(energy) - 1 - int(energy[::-1].argmin())
        cut = longest // 2 + latest_quietest + (len(half) - len(energy)) // 2 + 1
        parts.append(clip[:cut])
        clip = clip[cut:]
    return [*parts, clip]

"""The level of spoken clips, and the silence around them."""

import numpy as np

SILENCE = 0.01
LEVEL = 0.08
PEAK = 0.95


def trim_silence(samples: np.ndarray) -> np.ndarray:
    """Cut what is quieter than SILENCE of the peak from both ends; samples are mono."""
    start, end = loud_part(samples)
    return samples[start:end]


def loud_part(samples: np.ndarray) -> tuple[int, int]:
    """Return where the first and after the last sample of at least SILENCE of the peak are.

    >>> loud_part(np.array([0.0, 0.5, 0.001, -1.0, 0.001]))
    (1, 4)
    """
    loud = np.flatnonzero(np.abs(samples) >= SILENCE * np.abs(samples).max())
    return int(loud[0]), int(loud[-1]) + 1


def at_level(audio: np.ndarray) -> np.ndarray:
    """Scale to a root mean square of LEVEL, but never beyond a peak of PEAK."""
    rms, peak = float(np.sqrt(np.mean(audio**2))), float(np.abs(audio).max())
    return (audio * min(LEVEL / rms, PEAK / peak)).astype(np.float32)

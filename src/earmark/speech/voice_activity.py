"""How much of a sound is speech, and how much of it is clipped: by energy, without a model.

A frame of 30 ms counts as speech where its energy is less than RANGE_DB below that of the loud
frames of the clip, and above FLOOR_DB. That separates speech from pauses in clean recordings; noise
as loud as speech counts as speech, and so does music.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from earmark.speech.audio import SAMPLE_RATE_HZ, read_audio

FRAME_S = 0.03
# The loud frames are those at this percentile of the energies.
LOUD_PERCENTILE = 95
RANGE_DB = 35.0
# Below this (0 dB is a square wave at full scale) a recording is silent whatever else it holds.
FLOOR_DB = -60.0
# Samples at or above this are at the limits of 16 bits.
FULL_SCALE = 0.999


class SoundFacts(NamedTuple):
    """What a clip is: seconds, the share of it without speech, the share of samples clipped."""

    duration_s: float
    silence: float
    clipped: float


def sound_facts(
    path: str | Path, start_s: float | None = None, end_s: float | None = None
) -> SoundFacts:
    """Read a sound, or a span of it, and measure it.

    Raises:
        InputError: as `read_audio`.
    """
    samples = read_audio(path, start_s, end_s)
    clipped = float(np.mean(np.abs(samples) >= FULL_SCALE))
    return SoundFacts(len(samples) / SAMPLE_RATE_HZ, silence_share(samples), clipped)


def silence_share(samples: np.ndarray) -> float:
    """Return the share of frames without speech.

    Args:
        samples: mono at 16 kHz in [-1, 1], shape (samples,).

    >>> tone = 0.5 * np.sin(np.arange(16000) / 5)
    >>> round(silence_share(np.concatenate([tone, np.zeros(16000)])), 1)
    0.5
    """
    size = round(FRAME_S * SAMPLE_RATE_HZ)
    count = max(1, len(samples) // size)
    frames = samples[: count * size].reshape(count, -1)  # (frames, samples of one)
    energy = np.mean(np.square(frames, dtype=np.float64), axis=1)
    level = 10 * np.log10(np.maximum(energy, 1e-12))
    loud = np.percentile(level, LOUD_PERCENTILE)
    return float(np.mean((level < loud - RANGE_DB) | (level < FLOOR_DB)))

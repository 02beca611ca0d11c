"""Turn a clip into the bytes of a WAV file, as a server takes it."""

import io
import wave

import numpy as np

from earmark.progress import note
from earmark.speech.audio import SAMPLE_RATE_HZ

FULL_SCALE = 32768

_said: list[str] = []


def wav_bytes(clip: np.ndarray, where: str = "clip") -> bytes:
    """Write a clip (float32, mono, 16 kHz) as 16-bit WAV.

    A clip that was stored in 16 bits at 16 kHz keeps every sample as it is. Samples beyond full
    scale, which resampling may bring, are set to full scale, with one note.

    Args:
        clip: samples in [-1, 1].
        where: names the clip when its samples are beyond.

    >>> len(wav_bytes(np.zeros(16000, np.float32)))
    32044
    """
    samples = np.rint(clip.astype(np.float64) * FULL_SCALE)
    loudest = np.abs(clip).max(initial=0.0)
    if loudest > 1 and not _said:
        _said.append(where)
        note(f"{where}: samples up to {loudest:.3f} are set to full scale, 1 (said once)")
    whole = np.clip(samples, -FULL_SCALE, FULL_SCALE - 1).astype("<i2")
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes(whole.tobytes())
    return buffer.getvalue()

"""Read and write sound: a file of any format that `open_sound` knows in, 16 kHz mono float32 out.

What is done to a sound on the way (resampling, averaging channels) is noted once per kind of
file; what cannot be used is refused with the reason. Nothing is cut or replaced silently.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile
import soxr

from earmark.errors import InputError
from earmark.progress import note
from earmark.storage.atomic import atomic_path
from earmark.storage.open_sound import open_sound

SAMPLE_RATE_HZ = 16000
SPAN_TOLERANCE_S = 0.02
LONGEST_S = 1e9
# Shorter than any sound of speech, and than what gives a frame of features.
SHORTEST_S = 0.03
# Channels whose mean has less than this part of their own power cancel each other: -20 dB.
CANCELLED = 0.01

_said: set[tuple[int, int]] = set()


def duration_s(path: str | Path, start_s: float | None = None, end_s: float | None = None) -> float:
    """Return the length of a sound file, or of a span of it, in seconds, from its header.

    Raises:
        InputError: the file is missing, empty or no audio, or the span does not lie in it.
    """
    with open_sound(Path(path)) as file:
        _, count = _frames_of_span(file, Path(path), start_s, end_s, None)
        return count / file.samplerate


class AudioFacts(NamedTuple):
    """What a sound (or a span of a file) is: its length, and how it is stored."""

    duration_s: float
    sample_rate_hz: int
    channels: int


def check_audio(
    path: str | Path,
    start_s: float | None = None,
    end_s: float | None = None,
    *,
    max_s: float | None = None,
    whole: bool = False,
) -> AudioFacts:
    """Check that a sound can be used, and say what it is.

    Its header and its last sample are read, which finds a file that was cut off. All of it is
    read where samples may be NaN (floats), where channels may cancel each other, and where
    `whole`: damage in the middle of a compressed file is found in no other way.

    Raises:
        InputError: as `read_audio`.
    """
    path = Path(path)
    with open_sound(path) as file:
        first, count = _frames_of_span(file, path, start_s, end_s, max_s)
        if whole or file.channels > 1 or file.subtype in ("FLOAT", "DOUBLE"):
            _mono(_read_frames(file, path, first, count), path)
        else:
            _read_frames(file, path, first + count - 1, 1)
        return AudioFacts(count / file.samplerate, file.samplerate, file.channels)


def _frames_of_span(
    file: soundfile.SoundFile,
    path: Path,
    start_s: float | None,
    end_s: float | None,
    max_s: float | None,
) -> tuple[int, int]:
    """Return (first frame, number of frames) of a span that lies in the file and can be heard."""
    for time_s in (start_s, end_s):
        if time_s is not None and not _is_time(time_s):
            raise InputError(f"{path}: expected start_s and end_s in seconds, found {time_s!r:.80}")
    length_s = file.frames / file.samplerate
    if file.frames == 0:
        raise InputError(f"{path}: the clip is empty (0 samples); record it again or remove it")
    start, end = start_s or 0.0, length_s if end_s is None else end_s
    if start < 0 or end > length_s + SPAN_TOLERANCE_S or start >= end or start >= length_s:
        raise InputError(
            f"{path}: the span {start:g} s to {end:g} s does not lie in the clip, which has "
            f"{length_s:g} s; correct start_s and end_s (they are seconds)"
        )
    first = round(start * file.samplerate)
    count = min(round(end * file.samplerate), file.frames) - first
    if count <= 0:
        raise InputError(f"{path}: the span {start:g} s to {end:g} s holds not one sample")
    if count < SHORTEST_S * file.samplerate:
        raise InputError(
            f"{path}: {1000 * count / file.samplerate:.3g} ms of audio is too short to be heard; "
            f"expected at least {1000 * SHORTEST_S:g} ms. Leave it out, or correct its span"
        )
    if max_s is not None and count / file.samplerate > max_s:
        raise InputError(
            f"{path}: {count / file.samplerate:.2f} s of audio, but at most {max_s:g} s can be "
            "heard; split it into shorter utterances with start_s and end_s"
        )
    return first, count


def _is_time(value: object) -> bool:
    """Return whether a value read from a row is a number of seconds."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < LONGEST_S  # false for NaN too


def _read_frames(file: soundfile.SoundFile, path: Path, first: int, count: int) -> np.ndarray:
    """Read frames, shape (count, channels), refusing a file that holds fewer than it promises."""
    try:
        file.seek(first)
        samples = file.read(count, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise InputError(
            f"{path}: corrupt after its header: {error.error_string} Copy the file again"
        ) from error
    if len(samples) < count:
        raise InputError(
            f"{path}: corrupt: its header promises {first + count} samples, "
            f"{first + len(samples)} could be read; copy the file again"
        )
    return samples


def _mono(samples: np.ndarray, path: Path) -> np.ndarray:
    """Average channels: (count, channels) to (count,).

    Raises:
        InputError: samples that are not numbers, or channels of which little is left.
    """
    mono: np.ndarray = samples.mean(axis=1)
    if not np.isfinite(mono).all():
        raise InputError(f"{path}: holds samples that are not numbers; convert it again")
    if samples.shape[1] == 1:
        return mono
    power, left = float(np.mean(np.square(samples))), float(np.mean(np.square(mono)))
    if left < CANCELLED * power:
        raise InputError(
            f"{path}: its {samples.shape[1]} channels cancel each other (one is the other upside "
            "down), so that their average is silence; keep one of them, as "
            "`ffmpeg -i IN -af pan=mono|c0=c0 OUT` does"
        )
    return mono


def _say_once(path: Path, rate_hz: int, channels: int, wanted_hz: int) -> None:
    """Note, once per kind of file, what is done to its sound."""
    changes = []
    if rate_hz != wanted_hz:
        changes.append(f"resampled from {rate_hz} Hz to {wanted_hz} Hz")
    if channels > 1:
        changes.append(f"averaged from {channels} channels to one")
    if changes and (rate_hz, channels) not in _said:
        _said.add((rate_hz, channels))
        note(f"audio is {' and '.join(changes)} (first seen in {path})")


def read_audio(
    path: str | Path,
    start_s: float | None = None,
    end_s: float | None = None,
    *,
    sample_rate_hz: int = SAMPLE_RATE_HZ,
    max_s: float | None = None,
) -> np.ndarray:
    """Read a sound, or a span of it: float32 mono in [-1, 1] at `sample_rate_hz`.

    Raises:
        InputError: the file is missing, corrupt or empty, the span does not lie in it, it is
            longer than `max_s` seconds (it is never cut) or too short to be heard, or its
            channels cancel each other.
    """
    path = Path(path)
    with open_sound(path) as file:
        first, count = _frames_of_span(file, path, start_s, end_s, max_s)
        rate_hz, channels = file.samplerate, file.channels
        samples = _read_frames(file, path, first, count)
    mono = _mono(samples, path)
    _say_once(path, rate_hz, channels, sample_rate_hz)
    if rate_hz != sample_rate_hz:
        mono = soxr.resample(mono, rate_hz, sample_rate_hz)
    return mono.astype(np.float32)


def write_audio(path: str | Path, audio: np.ndarray, sample_rate_hz: int = SAMPLE_RATE_HZ) -> None:
    """Write mono float32 as 16-bit FLAC or WAV (by suffix); the file appears only when complete.

    Raises:
        InputError: the suffix is neither, the sound is not within [-1, 1], or the folder
            cannot be written.
    """
    target = Path(path)
    kind = {".flac": "FLAC", ".wav": "WAV"}.get(target.suffix.lower())
    if kind is None:
        raise InputError(f"{target}: audio is written as .flac or .wav; change the suffix")
    if audio.size == 0 or not np.abs(audio).max() <= 1.0:
        raise InputError(f"{target}: expected samples in [-1, 1], at least one; scale them first")
    with atomic_path(target) as temporary:
        try:
            soundfile.write(temporary, audio, sample_rate_hz, "PCM_16", format=kind)
        except soundfile.LibsndfileError as error:
            raise InputError(
                f"{target}: cannot be written: {error.error_string} Free some space or choose "
                "another folder"
            ) from error

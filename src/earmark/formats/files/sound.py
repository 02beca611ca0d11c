"""Sound inside of a row, as bytes or an array, is written out as FLAC once; a path stays a path."""

import binascii
import os
import re
from base64 import b64decode
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any

from earmark.errors import InputError
from earmark.formats.files.source import Source
from earmark.storage.atomic import atomic_path
from earmark.storage.digests import of_bytes
from earmark.storage.open_sound import open_sound, open_sound_bytes

LONGEST_PATH = 4096
DATA_URI = re.compile(r"data:[\w/.+-]*(?:;[\w=-]+)*,", re.ASCII)
FULL_SCALE_16_BIT = 32768
# Number types of samples that 16 bits hold, or that were never more exact.
SIXTEEN_BITS = {"PCM_16", "PCM_U8", "PCM_S8", "ULAW", "ALAW", "MPEG_LAYER_III", "VORBIS", "OPUS"}
UNSAFE = re.compile(r"[^\w.-]+")


def is_path(value: Any) -> bool:
    """Say whether what a row has for sound is nothing, or a path and no sound itself."""
    is_text = isinstance(value, str) and len(value) < LONGEST_PATH // 4
    return value is None or (is_text and not value.startswith("data:"))


def audio_in_row(row: dict[str, Any], source: Source, where: str) -> dict[str, Any]:
    """Return a row whose `audio` is a path, whatever it was."""
    return {**row, "audio": audio_path(row.get("audio"), source, where, str(row.get("id", "")))}


def audio_path(value: Any, source: Source, where: str, name: str = "") -> str | None:
    """Return the path of a sound: as it is given, or of the FLAC file that is written of it.

    Args:
        value: a path, a data URI, or an object with `path`, `bytes`, or `array` and
            `sampling_rate`, as rows of Hugging Face's `datasets` have it.
        source: where it was read; None in `source.sounds` leaves sound without a path out.
        where: its place, for messages.
        name: what the file is named after, beside a hash of the sound.

    Raises:
        InputError: none of these, or sound that cannot be read.
    """
    if isinstance(value, str) and DATA_URI.match(value):
        return _of_data_uri(value, source, where, name)
    if isinstance(value, str) and len(os.fsencode(value)) > LONGEST_PATH:
        raise InputError(
            f"{where}: 'audio' should be a path, found {len(value)} characters that begin with "
            f"{value[:40]!r}; sound itself goes into a data URI (data:audio/wav;base64,...)"
        )
    if value is None or isinstance(value, str):
        return value
    if not isinstance(value, dict):
        raise InputError(f"{where}: 'audio' should be a path, found {_kind(value)}")
    stem = name or Path(str(value.get("path") or "")).stem
    if isinstance(value.get("bytes"), bytes):
        return _keep(value["bytes"], source, where, stem)
    if value.get("array") is not None:
        return _keep(_encoded(value, where), source, where, stem)
    if isinstance(value.get("path"), str):
        return str(value["path"])
    raise InputError(
        f"{where}: 'audio' has neither a path nor bytes nor an array; found {sorted(value)}"
    )


def _of_data_uri(value: str, source: Source, where: str, name: str) -> str | None:
    head, _, body = value.partition(",")
    try:
        data = b64decode(body, validate=True) if head.endswith(";base64") else None
    except binascii.Error:
        data = None
    if data is None:
        raise InputError(f"{where}: 'audio' begins as a data URI, but what follows is not base64")
    return _keep(data, source, where, name)


def _keep(data: bytes, source: Source, where: str, name: str) -> str | None:
    """Write sound to a FLAC file, unless it is there already, and return its path."""
    if source.sounds is None:
        return None
    digest = of_bytes(data)[:16]
    stem = UNSAFE.sub("_", name)[:80].strip("._")
    path = (source.sounds / (f"{stem}-{digest}.flac" if stem else f"{digest}.flac")).absolute()
    if not path.exists():
        with atomic_path(path) as temporary:
            temporary.write_bytes(flac_of(data, where))
    return str(path)


def flac_of(data: bytes, where: str) -> bytes:
    """Return the bytes of a sound file as FLAC, with all the samples that they hold.

    Raises:
        InputError: they are no sound that can be read.
    """
    if data.startswith(b"fLaC"):
        return data
    soundfile = import_module("soundfile")
    try:
        with open_sound_bytes(data, f"{where}: the bytes in 'audio'") as file:
            subtype = "PCM_16" if file.subtype in SIXTEEN_BITS else "PCM_24"
            samples, rate_hz = file.read(dtype="float64"), file.samplerate
        out = BytesIO()
        soundfile.write(out, samples, rate_hz, subtype, format="FLAC")
    except (soundfile.LibsndfileError, ValueError, RuntimeError) as error:
        raise InputError(
            f"{where}: the bytes in 'audio' cannot be decoded: {error}; copy the sound again"
        ) from error
    return out.getvalue()


def header(path: Path) -> dict[str, Any]:
    """Return the sampling rate, the number of samples and the duration of a sound file.

    Raises:
        InputError: it is not there, or no sound.
    """
    with open_sound(path) as sound:
        return {
            "sampling_rate": sound.samplerate,
            "num_samples": sound.frames,
            "duration": sound.frames / sound.samplerate,
        }


def _encoded(value: dict[str, Any], where: str) -> bytes:
    """Encode an array of samples as FLAC."""
    numpy, soundfile = import_module("numpy"), import_module("soundfile")
    rate_hz = value.get("sampling_rate")
    if not isinstance(rate_hz, int) or isinstance(rate_hz, bool) or rate_hz < 1:
        raise InputError(f"{where}: 'audio' has an array, but its sampling_rate is {rate_hz!r}")
    try:
        samples = numpy.asarray(value["array"], dtype=numpy.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f"{where}: the array in 'audio' holds what is not a number") from error
    if samples.ndim != 1 or not len(samples) or not numpy.abs(samples).max() <= 1.0:
        raise InputError(
            f"{where}: the array in 'audio' should be one channel of samples from -1 to 1, found "
            f"shape {samples.shape}"
        )
    steps = samples * FULL_SCALE_16_BIT
    subtype = "PCM_16" if numpy.array_equal(steps, numpy.rint(steps)) else "PCM_24"
    out = BytesIO()
    soundfile.write(out, samples, rate_hz, subtype, format="FLAC")
    return out.getvalue()


def _kind(value: Any) -> str:
    return type(value).__name__ if isinstance(value, list | bytes) else repr(value)[:80]

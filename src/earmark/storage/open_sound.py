"""Open a sound file: a whole one, of a format that is known by its content and not by its name.

The file is opened once and by descriptor. A decoder that is given a name takes any bytes for
sound without a header where the name ends in .raw, .vox, .gsm or .au, and waits for a pipe.
"""

import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from io import BytesIO, FileIO
from pathlib import Path
from typing import Any, BinaryIO

from earmark.errors import InputError, shortened
from earmark.storage.cut_off import shortfall
from earmark.storage.regular import open_regular

# The decoder's name of each format that is read, and what users call it.
FORMATS = {
    "WAV": "WAV",
    "WAVEX": "WAV",
    "RF64": "RF64",
    "W64": "Wave64",
    "FLAC": "FLAC",
    "OGG": "Ogg (Vorbis, Opus)",
    "MP3": "MP3",
    "NIST": "SPHERE",
    "AIFF": "AIFF",
    "AU": "AU",
}
READABLE = ", ".join(dict.fromkeys(FORMATS.values()))
# How files of formats that are not read begin, so that they can be named.
FOREIGN = {
    (4, b"ftyp"): "MP4 or M4A",
    (0, b"\x1aE\xdf\xa3"): "WebM or Matroska",
    (0, b"\xff\xf1"): "AAC",
    (0, b"\xff\xf9"): "AAC",
    (0, b"#!AMR"): "AMR",
    (0, b"0&\xb2u\x8ef\xcf\x11"): "WMA",
    (0, b"wvpk"): "WavPack",
    (0, b"MAC "): "Monkey's Audio",
    (0, b"Creative Voice File"): "VOC",
    (0, b"caff"): "CAF",
}


@contextmanager
def open_sound(path: Path) -> Iterator[Any]:
    """Open a sound file for reading, as soundfile's `SoundFile`.

    Raises:
        InputError: nothing there, a pipe or a device, a format that is not read, or a file that
            was cut off; says how to convert it where that is known.
    """
    with _open_file(path) as file, _decoder(file, file.fileno(), path) as sound:
        yield sound


@contextmanager
def open_sound_bytes(data: bytes, where: str) -> Iterator[Any]:
    """Open the bytes of a sound file, such as a row holds them, as `open_sound` opens a file.

    Args:
        data: the bytes.
        where: their place, for messages.

    Raises:
        InputError: as `open_sound`.
    """
    file = BytesIO(data)
    with _decoder(file, file, where) as sound:
        yield sound


@contextmanager
def _decoder(file: BinaryIO, source: Any, named: str | Path) -> Iterator[Any]:
    """Check that a file is whole and of a format that is read, and decode it from `source`."""
    soundfile: Any = import_module("soundfile")  # An extra: rows of text are read without it.
    start = file.read(64)
    missing = shortfall(file, file.seek(0, os.SEEK_END))
    if missing:
        raise InputError(f"{named}: corrupt: {missing}; copy the file again")
    file.seek(0)
    try:
        sound = soundfile.SoundFile(source, closefd=False)
    except soundfile.LibsndfileError as error:
        raise _unreadable(named, start, error.error_string) from error
    with sound:
        if sound.format not in FORMATS:
            raise _unreadable(named, start, f"it is {sound.format}")
        yield sound


def _open_file(path: Path) -> FileIO:
    """Open a regular file."""
    shown = shortened(str(path))
    try:
        return open_regular(path, "a sound file")
    except FileNotFoundError as error:
        raise InputError(
            f"{shown}: no such audio file; check the path, relative to the manifest"
        ) from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"{shown}: cannot be read as audio: {reason}; check the path") from error


def _unreadable(named: str | Path, start: bytes, reason: str) -> InputError:
    """Say what a file is instead of a sound that can be read, and how to convert it."""
    kinds = [kind for (place, magic), kind in FOREIGN.items() if start[place:].startswith(magic)]
    if b"shorten" in start or (start.startswith(b"NIST_1A") and not kinds):
        kinds = ["SPHERE that is compressed or of an unknown coding"]
    advice = "check that it is a sound file, and copy it again or convert it"
    if kinds:
        given, made = "IN", "OUT.flac"
        if isinstance(named, Path):
            given, made = (shlex.quote(str(p)) for p in (named, named.with_suffix(".flac")))
        reason, advice = f"it is {kinds[0]}", f"convert it: ffmpeg -i {given} -c:a flac {made}"
    return InputError(
        f"{named}: cannot be read as audio: {reason.rstrip('.')}; expected {READABLE}; {advice}"
    )

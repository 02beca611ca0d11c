"""Open a sound file: a whole one, of a format that is known by its content and not by its name.

The file is opened once and by descriptor. A decoder that is given a name takes any bytes for
sound without a header where the name ends in .raw, .vox, .gsm or .au, and waits for a pipe.
"""

import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

import soundfile

from earmark.errors import InputError, shortened
from earmark.speech.cut_off import shortfall
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
def open_sound(path: Path) -> Iterator[soundfile.SoundFile]:
    """Open a sound file for reading.

    Raises:
        InputError: nothing there, a pipe or a device, a format that is not read, or a file that
            was cut off; says how to convert it where that is known.
    """
    with _open_file(path) as file:
        start = file.read(64)
        missing = shortfall(file, os.fstat(file.fileno()).st_size)
        if missing:
            raise InputError(f"{path}: corrupt: {missing}; copy the file again")
        file.seek(0)
        try:
            sound = soundfile.SoundFile(file.fileno(), closefd=False)
        except soundfile.LibsndfileError as error:
            raise _unreadable(path, start, error.error_string) from error
        with sound:
            if sound.format not in FORMATS:
                raise _unreadable(path, start, f"it is {sound.format}")
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


def _unreadable(path: Path, start: bytes, reason: str) -> InputError:
    """Say what a file is instead of a sound that can be read, and how to convert it."""
    kinds = [kind for (place, magic), kind in FOREIGN.items() if start[place:].startswith(magic)]
    if b"shorten" in start or (start.startswith(b"NIST_1A") and not kinds):
        kinds = ["SPHERE that is compressed or of an unknown coding"]
    advice = "check that it is a sound file, and copy it again or convert it"
    if kinds:
        names = [shlex.quote(str(name)) for name in (path, path.with_suffix(".flac"))]
        command = f"ffmpeg -i {names[0]} -c:a flac {names[1]}"
        reason, advice = f"it is {kinds[0]}", f"convert it: {command}"
    return InputError(
        f"{path}: cannot be read as audio: {reason.rstrip('.')}; expected {READABLE}; {advice}"
    )

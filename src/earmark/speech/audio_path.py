"""Where a row's clip is: its path, from the folder of the file that names it.

A row may come from anybody. What is no path is refused, and a path that leaves the folder, by
its name or through a link, is noted: what is read there may not be meant for this work.
"""

import os
import re
from functools import lru_cache
from pathlib import Path

from earmark.errors import InputError, shortened
from earmark.progress import note

_DATA = re.compile(r"data:[\w.+-]*/?[\w.+-]*[;,]", re.IGNORECASE)
_URL = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)

_noted: set[str] = set()


def audio_path(folder: str | Path, audio: str) -> Path:
    """Return the path of a clip, and note once for each folder that a clip lies outside of it.

    Args:
        folder: where relative paths start: that of the manifest or the pairs file.
        audio: what the row names.

    Raises:
        InputError: a data URI, a URL, or text that no file can be called.

    >>> str(audio_path("corpus", "audio/1.flac"))
    'corpus/audio/1.flac'
    """
    return Path(located(folder, audio))


def located(folder: str | Path, audio: str) -> str:
    """Return the same as a text: a `Path` for each of a million rows takes longer than the rest.

    Raises:
        InputError: as `audio_path`.
    """
    check_is_path(audio)
    path = os.path.join(folder, audio)
    if str(folder) not in _noted and is_outside(folder, audio):
        _noted.add(str(folder))
        there = os.path.realpath(path)
        through = "" if there == os.path.abspath(path) else f" (through a link to {there})"
        note(f"sound outside of {folder} is read, such as {path}{through}")
    # One file has one name: `./a.wav` is `a.wav`.
    return str(Path(path)) if "./" in path or "//" in path else path


def check_is_path(audio: str) -> None:
    """Refuse what cannot be the path of a sound file.

    Raises:
        InputError: a data URI, a URL, or text that no file can be called.
    """
    has_colon = ":" in audio
    if has_colon and _DATA.match(audio):
        raise InputError(
            f"{shortened(audio, 40)}: sound inside of the row (a data URI); expected the path of "
            "a sound file. Decode it into a file (base64 -d) and name that"
        )
    if has_colon and _URL.match(audio):
        raise InputError(
            f"{shortened(audio)}: a URL; expected the path of a sound file. Download it first"
        )
    if "\0" in audio or not audio:
        raise InputError(f"{audio!r}: no path; expected the path of a sound file")


def is_outside(folder: str | Path, audio: str) -> bool:
    """Return whether a clip lies outside of a folder, by its path or through a link.

    >>> is_outside("corpus", "audio/../1.wav"), is_outside("corpus", "../1.wav")
    (False, True)
    """
    path = os.path.join(folder, audio)
    if os.path.islink(path):
        return not _is_in(os.path.realpath(path), _real(str(folder)))
    return not _folder_is_in(os.path.dirname(path), str(folder))


@lru_cache(maxsize=2**12)
def _folder_is_in(inner: str, folder: str) -> bool:
    return _is_in(_real(inner), _real(folder))


def _is_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


@lru_cache(maxsize=2**12)
def _real(folder: str) -> str:
    return os.path.realpath(folder or os.curdir)

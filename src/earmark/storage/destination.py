"""Where a path that is written to leads: through links to a file, to a device, to a descriptor.

A file is replaced by a rename, which would replace a symbolic link, a device or a pipe as well.
So links are followed first, and what is not a regular file is opened and written to as it is.
"""

import os
import re
import stat
import sys
from pathlib import Path
from typing import IO

from earmark.errors import InputError

MOST_LINKS = 40
_DESCRIPTORS = re.compile(r"/dev/fd|/proc/\d+/fd")


def is_special(path: str | Path) -> bool:
    """Return whether a path leads to a device, a pipe, a socket or an open descriptor.

    >>> is_special(os.devnull), is_special("pairs.jsonl")
    (True, False)
    """
    if _descriptor(path) is not None:
        return True
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def open_special(path: str | Path) -> IO[str]:
    """Open a device, a pipe or a descriptor for text, and leave what it is as it is.

    A descriptor (/dev/stdout, /dev/fd/3) is duplicated: opening it by its name again would
    start at the beginning of the file that it was redirected to.

    Raises:
        OSError: it cannot be opened.
    """
    number = _descriptor(path)
    if number is None:
        return open(path, "w", encoding="utf-8", newline="\n")
    sys.stdout.flush()
    sys.stderr.flush()
    return os.fdopen(os.dup(number), "w", encoding="utf-8", newline="\n")


def file_behind(path: str | Path) -> Path:
    """Follow symbolic links to the file that is written; it need not exist.

    Raises:
        InputError: links in a circle, a folder, or a file that may not be written.
    """
    target = Path(os.path.realpath(path))
    try:
        if stat.S_ISDIR(os.stat(target).st_mode):
            raise InputError(f"{path}: a folder; expected the path of a file")
    except FileNotFoundError:
        return target
    except OSError as error:
        raise InputError(
            f"{path}: cannot be written: {error.strerror or error}; choose another path"
        ) from error
    if not os.access(target, os.W_OK):
        raise InputError(
            f"{path}: cannot be written: it is read-only; change its mode or choose another path"
        )
    return target


def _descriptor(path: str | Path) -> int | None:
    """Return the number of the open descriptor that a path names, following links to it."""
    place = os.path.abspath(path)
    for _ in range(MOST_LINKS):
        folder, name = os.path.split(place)
        folder = os.path.realpath(folder)
        if name.isdigit() and _DESCRIPTORS.fullmatch(folder):
            ours = folder == "/dev/fd" or folder.split("/")[2] == str(os.getpid())
            return int(name) if ours else None
        if not os.path.islink(place):
            return None
        place = os.path.join(folder, os.readlink(place))
    return None

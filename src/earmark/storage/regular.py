"""Open files for reading that must be files: a pipe would be waited for, a device never ends."""

import os
import stat
from io import FileIO
from pathlib import Path

from earmark.errors import InputError, shortened

_NOT_WAITING = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def open_regular(path: str | Path, what: str = "a file") -> FileIO:
    """Open a regular file to read its bytes, unbuffered; links are followed.

    Args:
        path: the file.
        what: what is expected there, for the message.

    Raises:
        InputError: a pipe, a device, a socket or a folder.
        OSError: it cannot be opened.
        ValueError: no file can be called so.
    """
    number = os.open(path, os.O_RDONLY | _NOT_WAITING)
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        raise InputError(
            f"{shortened(str(path))}: a pipe, a device or a folder; expected {what}, which may be "
            "read more than once. Write its content to a file first"
        )
    return FileIO(number)


def read_regular(path: str | Path, what: str = "a file") -> bytes:
    """Read all bytes of a regular file.

    Raises:
        InputError: a pipe, a device, a socket or a folder.
        OSError: it cannot be read.
    """
    with open_regular(path, what) as file:
        return file.readall()

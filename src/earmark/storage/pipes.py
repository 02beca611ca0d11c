"""Open what a user names as input: a file, or a pipe that somebody writes to."""

import os
import select
import stat
import time
from io import BufferedReader, FileIO, RawIOBase
from pathlib import Path
from typing import Any

from earmark.errors import InputError

# How long a named pipe may be without a writer. One that has a writer is waited for.
NOBODY_S = 5.0
_STEP_S = 0.05
_NOT_WAITING = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class _Begun(RawIOBase):
    """A pipe of which the first bytes were read already."""

    def __init__(self, start: bytes, rest: FileIO) -> None:
        self.start, self.rest = start, rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if not self.start:
            return self.rest.readinto(buffer)
        count = min(len(buffer), len(self.start))
        buffer[:count], self.start = self.start[:count], self.start[count:]
        return count

    def close(self) -> None:
        self.rest.close()
        super().close()


def open_input(path: Any) -> BufferedReader:
    """Open a file, a pipe or a terminal to be read once, from its beginning.

    Args:
        path: a path, or an object that has one.

    Raises:
        InputError: a named pipe that nothing writes to, or a device without an end.
        OSError: it cannot be opened.
    """
    number = os.open(path, os.O_RDONLY | _NOT_WAITING)
    try:
        mode, start = os.fstat(number).st_mode, b""
        if stat.S_ISFIFO(mode):
            start = _first_of_pipe(number, path)
        elif stat.S_ISCHR(mode) and not os.isatty(number) and not _is_null(number):
            raise InputError(f"{path}: a device; expected a file or a pipe")
        if not stat.S_ISREG(mode) and hasattr(os, "set_blocking"):
            os.set_blocking(number, True)
        file = FileIO(number)
    except BaseException:
        os.close(number)
        raise
    return BufferedReader(_Begun(start, file) if start else file)


def _first_of_pipe(number: int, path: Path) -> bytes:
    """Wait for a pipe's first writer; return what was read on the way, a byte at most.

    Raises:
        InputError: there is none.
    """
    deadline = time.monotonic() + NOBODY_S
    poll = select.poll()
    poll.register(number, select.POLLIN | select.POLLHUP)
    while not poll.poll(1000 * _STEP_S):
        try:
            first = os.read(number, 1)
        except BlockingIOError:
            return b""  # Somebody has it open to write.
        if first:
            return first
        if time.monotonic() > deadline:
            raise InputError(
                f"{path}: a pipe that nothing writes to (waited {NOBODY_S:g} s); start what writes "
                "to it first, or name a file"
            )
    return b""


def _is_null(number: int) -> bool:
    null, found = os.stat(os.devnull), os.fstat(number)
    return null.st_rdev == found.st_rdev

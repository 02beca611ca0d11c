"""Files of JSON rows, one a line, that grow while work is done and survive a killed run.

A row counts once its line has ended. A process that is killed while it writes leaves half a
line at the end: readers pass over it, and the next process that appends removes it.
"""

import json
import os
from collections.abc import Iterator, Mapping
from io import BufferedReader
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

from earmark.errors import InputError
from earmark.storage.destination import is_special
from earmark.storage.regular import open_regular


class Row(NamedTuple):
    """A line of a file: the byte at which it starts, and its bytes without the line's end."""

    start: int
    raw: bytes


def whole_rows(path: str | Path, start: int = 0) -> Iterator[Row]:
    """Yield the lines of a file from a byte on, except for a torn one at its end.

    Raises:
        InputError: a pipe or a device.
        OSError: the file cannot be read.
    """
    with BufferedReader(open_regular(path, "a file of rows")) as file:
        file.seek(start)
        for line in file:
            if not line.endswith(b"\n"):
                return
            yield Row(start, line[:-1])
            start += len(line)


class AppendFile:
    """A file to which one process appends rows. Safe to share between its threads.

    A device is never read; what is appended is written to it. A pipe is refused, since nothing
    could be read from it again, and to open it waits for a reader.
    """

    def __init__(self, path: str | Path, advice: str = "choose another path") -> None:
        """Take a path; nothing is made until rows are appended, or none: then an empty file.

        Args:
            path: the file.
            advice: what to do where it cannot be written, for the message.

        Raises:
            InputError: a pipe.
        """
        self.path = Path(path)
        if self.path.is_fifo():
            raise InputError(f"{path}: a pipe; expected a file, since rows are read from it again")
        self._advice = advice
        self._lock = Lock()
        self._repaired = False

    def append(self, *rows: Mapping[str, Any]) -> list[int]:
        """Append rows; return the byte at which each starts.

        Where the disk is full, what was written of these rows is taken back.

        Raises:
            InputError: the file cannot be written, or is not one of JSON rows.
        """
        lines = [json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows]
        with self._lock:
            self.repair()
            try:
                first = self._write(b"".join(lines))
            except OSError as error:
                raise self._unwritable(error) from error
        starts = [first]
        for line in lines[:-1]:
            starts.append(starts[-1] + len(line))
        return starts[: len(lines)]

    def repair(self) -> bool:
        """Remove the torn line that a killed run left at the end; say whether there was one.

        A last row that is whole and lacks its line's end alone is kept. The file is looked at
        once.

        Raises:
            InputError: the end of the file is no row, so it is another file.
        """
        if self._repaired or is_special(self.path):
            return False
        self._repaired = True
        try:
            return self._cut_torn_line()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise self._unwritable(error) from error

    def _cut_torn_line(self) -> bool:
        with open(self.path, "rb+") as file:
            torn, start = _last_line(file)
            if not torn:
                return False
            try:
                whole = isinstance(json.loads(torn), dict)
            except (ValueError, RecursionError):
                whole = False
            if whole:
                file.seek(0, os.SEEK_END)
                file.write(b"\n")
                return False
            if not torn.startswith(b"{"):
                raise InputError(
                    f"{self.path}: expected JSON rows, one a line; found {torn[:40]!r} at its end. "
                    "Choose another path"
                )
            file.truncate(start)
        return True

    def _write(self, raw: bytes) -> int:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with open(self.path, "ab", buffering=0) as file:
            start = 0 if is_special(self.path) else file.seek(0, os.SEEK_END)
            try:
                left = memoryview(raw)
                while left:
                    left = left[file.write(left) :]
            except OSError:
                if not is_special(self.path):
                    os.truncate(self.path, start)
                raise
        return start

    def _unwritable(self, error: OSError) -> InputError:
        return InputError(
            f"{self.path}: cannot be written: {error.strerror or error}; free some space or "
            f"{self._advice}"
        )


def _last_line(file: Any, step: int = 1 << 16) -> tuple[bytes, int]:
    """Return what follows a file's last line end, and where it starts."""
    start = end = file.seek(0, os.SEEK_END)
    tail = b""
    while start > 0 and b"\n" not in tail:
        start = max(0, start - step)
        file.seek(start)
        tail = file.read(end - start)
    torn = tail[tail.rfind(b"\n") + 1 :]
    return torn, end - len(torn)

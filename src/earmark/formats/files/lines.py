"""Text files line by line: opened once, gzip unpacked, each line with its place; and JSON lines."""

import codecs
import gzip
import json
import os
import shutil
import tempfile
import weakref
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple, TypeAlias, cast

from earmark.errors import InputError
from earmark.formats.schema.fields import to_row
from earmark.storage.atomic import atomic_writer
from earmark.storage.pipes import open_input
from earmark.strict_json import parse_json

AnyPath: TypeAlias = "str | os.PathLike[str]"
GZIP = b"\x1f\x8b"
# What reading a file may raise: it is gone, or a gzip file is cut off or corrupt.
DAMAGE = (OSError, EOFError, zlib.error)


class Drained:
    """What came through a pipe or was packed, in a temporary file while this object lives.

    `open` finds the bytes and `str` gives the name of the pipe or file, for messages.
    """

    def __init__(self, path: AnyPath, incoming: IO[bytes]) -> None:
        self.name = str(path)
        handle, self.copy = tempfile.mkstemp(prefix="earmark-")
        weakref.finalize(self, Path(self.copy).unlink, missing_ok=True)
        with open(handle, "wb") as kept:
            shutil.copyfileobj(incoming, kept)

    def __fspath__(self) -> str:
        """Return where the bytes are."""
        return self.copy

    def __str__(self) -> str:
        """Return the name of the pipe or file."""
        return self.name


def reopenable(path: AnyPath) -> Path | Drained:
    """Return a path that can be opened again and again, or be read from any place.

    A pipe (`<(command)`, `/dev/stdin`, a FIFO) gives its bytes once, to any reader; so it
    is opened once, here, and copied into a temporary file.

    Raises:
        InputError: the pipe cannot be read, or the temporary file not be written.
    """
    if isinstance(path, Drained):
        return path
    path = Path(path)
    if os.path.isfile(path) or os.path.isdir(path) or not os.path.exists(path):
        return path
    try:
        with open_input(path) as incoming:
            return Drained(path, incoming)
    except OSError as error:
        raise unreadable(path, error) from error


def unpacked(path: Path | Drained) -> Path | Drained:
    """Return a path whose bytes are plain: a gzip file is copied, unpacked.

    Raises:
        InputError: the file cannot be read, or the temporary file not be written.
    """
    if not os.path.isfile(path):
        return path
    try:
        with open_bytes(path) as file:
            return Drained(path, file) if isinstance(file, gzip.GzipFile) else path
    except DAMAGE as error:
        raise unreadable(path, error) from error


def open_bytes(path: AnyPath) -> IO[bytes]:
    """Open a file for its bytes; gzip is unpacked, whatever the file is called.

    Raises:
        OSError: the file cannot be opened. Reading may raise what `DAMAGE` has.
    """
    file = open_input(path)
    if file.peek(2)[:2] != GZIP:
        return file
    file.close()
    return cast("IO[bytes]", gzip.open(path, "rb"))


def unreadable(path: AnyPath, error: BaseException) -> InputError:
    """Return the error of a file that cannot be read, or that is cut off."""
    reason = getattr(error, "strerror", None) or error
    return InputError(f"{path}: cannot be read: {reason}")


class Line(NamedTuple):
    """A line of a file: its number from 1, the byte at which it starts, its bytes."""

    number: int
    start: int
    raw: bytes


def placed_lines(path: AnyPath) -> Iterator[Line]:
    """Yield the lines of a file with their places, skipping blank ones; a BOM is dropped.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        with open_bytes(path) as file:
            start = 0
            for number, raw in enumerate(file, start=1):
                line = raw.removeprefix(codecs.BOM_UTF8)
                place = start + len(raw) - len(line)
                start += len(raw)
                line = line.rstrip(b"\r\n")
                # Nearly every line begins with a visible ASCII character.
                if line and (0x20 < line[0] < 0x80 or not _is_blank(line)):
                    yield Line(number, place, line)
    except DAMAGE as error:
        raise unreadable(path, error) from error


def _is_blank(line: bytes) -> bool:
    """Say whether a line holds white space alone, that of other scripts (U+3000) too."""
    left = line.strip()
    return not left or (left[0] >= 0x80 and left.decode("utf-8", "replace").isspace())


def numbered_lines(path: AnyPath) -> Iterator[tuple[int, bytes]]:
    """Yield (line number from 1, raw bytes) of a file, skipping blank lines; a BOM is dropped.

    Raises:
        InputError: the file cannot be read.
    """
    return ((line.number, line.raw) for line in placed_lines(path))


def decode_line(raw: bytes, where: str) -> str:
    """Decode a line as UTF-8.

    Raises:
        InputError: the line is not UTF-8; names the byte and its column.
    """
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{where}: expected UTF-8, found byte 0x{raw[error.start]:02x} "
            f"at column {error.start + 1}; convert the file to UTF-8"
        ) from error


def parse_line(raw: bytes, where: str) -> Any:
    """Decode one line of JSONL, strictly; see `parse_json`.

    Raises:
        InputError: not UTF-8, not JSON, or JSON that means two things or nothing.
    """
    return parse_json(decode_line(raw, where), where)


def write_jsonl(path: str | Path, rows: Iterable[Any]) -> int:
    """Write records or plain dictionaries, one a line, atomically; return how many."""
    count = 0
    with atomic_writer(path) as file:
        for row in rows:
            data = row if isinstance(row, dict) else to_row(row)
            file.write(json.dumps(data, ensure_ascii=False) + "\n")
            count += 1
    return count

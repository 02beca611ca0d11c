"""Read and write records as JSONL: unknown fields refused by line number, every write atomic."""

import codecs
import json
import os
import shutil
import tempfile
import weakref
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import MISSING, asdict, dataclass, fields
from functools import cache
from math import isfinite
from pathlib import Path
from types import UnionType
from typing import Any, Literal, NamedTuple, TypeAlias, TypeVar, get_args, get_origin

from earmark.errors import InputError, did_you_mean
from earmark.progress import note
from earmark.records import Hypothesis, Pair, Utterance
from earmark.storage.atomic import atomic_writer
from earmark.storage.destination import is_special
from earmark.storage.outputs import beside
from earmark.storage.pipes import open_input
from earmark.strict_json import parse_json

Record = TypeVar("Record", Utterance, Hypothesis, Pair)
AnyPath: TypeAlias = "str | Path | Drained"


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that could not be used: the file, the line (from 1), the raw line, the reason."""

    path: str
    line: int
    raw: str
    reason: str


FIELDS = {kind: {f.name: f for f in fields(kind)} for kind in (Utterance, Hypothesis, Pair)}
SHOWN = 80
REQUIRED = {
    kind: {n for n, f in known.items() if f.default is MISSING and f.default_factory is MISSING}
    for kind, known in FIELDS.items()
}


def to_row(record: Utterance | Hypothesis | Pair) -> dict[str, Any]:
    """Turn a record into a JSON object; fields that are None or empty may be left out."""
    needed = REQUIRED[type(record)]
    values = ((name, getattr(record, name)) for name in FIELDS[type(record)])
    return {k: v for k, v in values if k in needed or (v is not None and v != [] and v != {})}


def write_jsonl(path: str | Path, rows: Iterable[Any]) -> int:
    """Write records or plain dictionaries, one a line, atomically; return how many."""
    count = 0
    with atomic_writer(path) as file:
        for row in rows:
            data = row if isinstance(row, dict) else to_row(row)
            file.write(json.dumps(data, ensure_ascii=False) + "\n")
            count += 1
    return count


class Drained:
    """What came through a pipe, kept in a temporary file while this object lives.

    `open` finds the bytes and `str` gives the pipe's name, for messages.
    """

    def __init__(self, pipe: Path) -> None:
        self.pipe = pipe
        handle, self.copy = tempfile.mkstemp(prefix="earmark-pipe-")
        weakref.finalize(self, Path(self.copy).unlink, missing_ok=True)
        with open_input(pipe) as incoming, open(handle, "wb") as kept:
            shutil.copyfileobj(incoming, kept)

    def __fspath__(self) -> str:
        """Return where the bytes are."""
        return self.copy

    def __str__(self) -> str:
        """Return the name of the pipe."""
        return str(self.pipe)


def reopenable(path: AnyPath) -> Path | Drained:
    """Return a path that can be opened again and again, or be read from any place.

    A pipe (`<(command)`, `/dev/stdin`, a FIFO) gives its bytes once, whatever reads them; so it
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
        return Drained(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error


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
        with open_input(path) as file:
            start = 0
            for number, raw in enumerate(file, start=1):
                line = raw.removeprefix(codecs.BOM_UTF8)
                place = start + len(raw) - len(line)
                start += len(raw)
                line = line.rstrip(b"\r\n")
                if not _is_blank(line):
                    yield Line(number, place, line)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error


def _is_blank(line: bytes) -> bool:
    """Return whether a line holds white space alone, that of other scripts (U+3000) too."""
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


@cache
def _plain_types(annotation: Hashable) -> tuple[type, ...]:
    """Return the classes a JSON value of this annotation may have."""
    options = get_args(annotation) if isinstance(annotation, UnionType) else (annotation,)
    plain = tuple(get_origin(option) or option for option in options)
    return (*plain, int) if float in plain else plain


def brief(value: Any) -> str:
    """Quote a value in a message: its beginning, where it is long.

    >>> brief([1, "two"])
    "[1, 'two']"
    >>> brief("x" * 500)[-12:]
    'xxxxxxxxx...'
    """
    written = repr(value)
    return written if len(written) <= SHOWN else written[:SHOWN] + "..."


def parse_row(kind: type[Record], data: Any, where: str) -> Record:
    """Build a record from a JSON object, refusing what a record does not have.

    Raises:
        InputError: an unknown or missing field, or a value of the wrong type.
    """
    name = kind.__name__.lower()
    a_record = f"an {name}" if name[0] in "aeiou" else f"a {name}"
    known = FIELDS[kind]
    if not isinstance(data, dict):
        raise InputError(f"{where}: expected a JSON object, found {type(data).__name__}")
    for key, value in data.items():
        if key not in known:
            raise InputError(
                f"{where}: unknown field '{key[:SHOWN]}'; {a_record} has {', '.join(known)}; "
                f"{did_you_mean(key[:SHOWN], known)}"
            )
        expected: Any = known[key].type
        plain = _plain_types(expected)
        if not isinstance(value, plain) or (isinstance(value, bool) and bool not in plain):
            shown = getattr(expected, "__name__", expected)
            raise InputError(f"{where}: field '{key}' should be {shown}, found {brief(value)}")
        if isinstance(value, float) and not isfinite(value):
            raise InputError(f"{where}: field '{key}' should be a finite number, found {value}")
    for key in known:
        if key in REQUIRED[kind] and key not in data:
            raise InputError(f"{where}: field '{key}' is missing; {a_record} needs it")
    if not data["id"].strip():
        raise InputError(f"{where}: the id is empty; every {name} needs one of its own")
    return kind(**data)


def parse_line(raw: bytes, where: str) -> Any:
    """Decode one line of JSONL, strictly; see `parse_json`.

    Raises:
        InputError: not UTF-8, not JSON, or JSON that means two things or nothing.
    """
    return parse_json(decode_line(raw, where), where)


def read_records(
    kind: type[Record],
    path: AnyPath,
    check: Callable[[Record, str], None] | None = None,
    set_aside: list[BadRow] | None = None,
) -> Iterator[Record]:
    """Yield the records of a JSONL file; ids must be unique. See `read_rows`."""

    def parse(raw: bytes, where: str) -> Record:
        return parse_row(kind, parse_line(raw, where), where)

    return read_rows(path, parse, check, set_aside)


def read_rows(
    path: AnyPath,
    parse: Callable[[bytes, str], Record],
    check: Callable[[Record, str], None] | None = None,
    set_aside: list[BadRow] | None = None,
    *,
    first_line: int = 1,
) -> Iterator[Record]:
    """Yield the record that `parse(raw, where)` makes of each line of a file; ids must be unique.

    `check(record, where)` may raise InputError for what a row alone cannot know, such as
    a missing audio file. With `set_aside` given, bad rows are appended to it and skipped;
    without it, the first bad row raises InputError with file and line.
    """
    line_of_id: dict[str, int] = {}
    for number, raw in numbered_lines(path):
        if number < first_line:
            continue
        where = f"{path}:{number}"
        try:
            record = parse(raw, where)
            if record.id in line_of_id:
                raise InputError(
                    f"{where}: id '{record.id}' was already used in line "
                    f"{line_of_id[record.id]}; ids must be unique"
                )
            if check is not None:
                check(record, where)
        except InputError as error:
            if set_aside is None:
                raise
            set_aside.append(BadRow(str(path), number, raw.decode("utf-8", "replace"), str(error)))
            continue
        line_of_id[record.id] = number
        yield record


def skipped_path(out: str | Path) -> Path:
    """Return where rows set aside on the way to `out` are kept.

    >>> skipped_path("pairs.jsonl").name
    'pairs.jsonl.skipped.jsonl'
    """
    return beside(out, ".skipped.jsonl")


def load_records(
    kind: type[Record],
    path: AnyPath,
    *,
    out: str | Path,
    on_error: Literal["stop", "skip"] = "stop",
    check: Callable[[Record, str], None] | None = None,
) -> list[Record]:
    """Read a whole file before work begins; with `skip`, bad rows go to `<out>.skipped.jsonl`.

    Raises:
        InputError: a bad row when `on_error` is "stop", or not one good row in the file.
    """
    bad: list[BadRow] = []
    records = list(read_records(kind, path, check, bad if on_error == "skip" else None))
    if bad:
        aside = skipped_path(out)
        write_jsonl(aside, [asdict(row) for row in bad])
        where = f"set aside in {aside}" if not is_special(aside) else f"left out: {_reasons(bad)}"
        note(f"{path}: {len(bad)} of {len(bad) + len(records)} rows {where}")
    if not records:
        raise InputError(f"{path}: not one usable row; expected JSON objects, one a line")
    return records


def _reasons(bad: list[BadRow], most: int = 5) -> str:
    """List why rows were left out, where no file keeps the reasons."""
    more = f"; and {len(bad) - most} more" if len(bad) > most else ""
    return "; ".join(row.reason for row in bad[:most]) + more

"""What a file format is: how it is recognised, read and written, and what it cannot hold."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from earmark.errors import InputError
from earmark.formats.files.lines import write_jsonl
from earmark.formats.files.source import Source
from earmark.records import AnyRecord


class Row(NamedTuple):
    """A row of a file: its place (`file:line`), its line, its text, its record.

    `record` is an InputError where the row is not one.
    """

    where: str
    line: int
    raw: bytes | str
    record: AnyRecord | InputError

    @property
    def text(self) -> str:
        """Return what the row says as text, bad bytes replaced."""
        return self.raw if isinstance(self.raw, str) else self.raw.decode("utf-8", "replace")


# How near a file is to a format of which it has the syntax (JSON, lines, bytes) and nothing more.
SAME_SYNTAX = 0.1

Read = Callable[[Source, type[Any]], Iterator[Row]]
Write = Callable[[Iterable[Any], Path], int]
# Makes a record of a JSON object; the second argument is its place.
Parse = Callable[[dict[str, Any], str], AnyRecord]


@dataclass(frozen=True, kw_only=True)
class Format:
    """A file format.

    Attributes:
        name: what it is called on the command line.
        expects: what a file of it looks like, for messages.
        loses: what it cannot hold, for each kind of record that it can; names of fields, or of
            `LOSSES`.
        reads: kinds of record that can be read from it and not written.
        sniff: how near a file is to it, from 0 to 1; 1 claims the file.
        read: yields the rows of a file as records of one kind.
        write: writes records to a path and returns how many. What cannot be written as it is,
            and is not in `loses`, is refused.
        nearness: the same as `sniff` of a row that is a JSON object; None for other formats.
        parser: makes what turns a JSON object into a record; None for other formats.
        repeats: what to do about an id that is given twice, for the message.
        absolute: relative audio paths in it start where a command runs, so absolute ones are
            written.
        numbered: rows without an id of their own have their number as id, so that a truth and
            hypotheses must have as many.
    """

    name: str
    expects: str
    loses: Mapping[type[Any], tuple[str, ...]]
    sniff: Callable[[Source], float]
    read: Read
    write: Write
    nearness: Callable[[Mapping[str, Any]], float] | None = None
    parser: Callable[[Source, type[Any]], Parse] | None = None
    reads: tuple[type[Any], ...] = ()
    repeats: str = ""
    absolute: bool = False
    numbered: bool = False

    def holds(self, kind: type) -> bool:
        """Say whether records of a kind can be read from it."""
        return kind in self.loses or kind in self.reads


def json_format(
    *,
    name: str,
    expects: str,
    loses: Mapping[type[Any], tuple[str, ...]],
    nearness: Callable[[Mapping[str, Any]], float],
    parser: Callable[[Source, type[Any]], Parse],
    to_objects: Callable[[Any], Iterable[dict[str, Any]]],
    reads: tuple[type[Any], ...] = (),
    absolute: bool = False,
) -> Format:
    """Make a format whose rows are JSON objects, from what makes records of them and back."""

    def sniff(source: Source) -> float:
        # A file of JSON is nearer to any format of JSON than to one of lines or bytes.
        floor = SAME_SYNTAX * source.begins_as_json
        return max([floor, *map(nearness, source.first_objects)])

    def read(source: Source, kind: type[Any]) -> Iterator[Row]:
        parse = parser(source, kind)
        for where, number, text, value in source.objects():
            yield Row(where, number, text, parsed(parse, value, where))

    def write(records: Iterable[AnyRecord], path: Path) -> int:
        count = 0

        def objects() -> Iterator[dict[str, Any]]:
            nonlocal count
            for record in records:
                count += 1
                yield from to_objects(record)

        write_jsonl(path, objects())
        return count

    return Format(
        name=name,
        expects=expects,
        loses=loses,
        sniff=sniff,
        read=read,
        write=write,
        nearness=nearness,
        parser=parser,
        reads=reads,
        absolute=absolute,
    )


def parsed(parse: Parse, value: Any, where: str) -> AnyRecord | InputError:
    """Return what a JSON value says, or what is wrong with it."""
    if isinstance(value, InputError):
        return value
    try:
        if not isinstance(value, dict):
            raise InputError(f"{where}: expected a JSON object, found {type(value).__name__}")
        return parse(value, where)
    except InputError as error:
        return error


def text_rows(source: Source, parse: Callable[[str, str], AnyRecord]) -> Iterator[Row]:
    """Yield a row for each line of text that is not blank; `parse` has the line and its place."""
    for number, raw, text in source.texts():
        where = f"{source}:{number}"
        try:
            if isinstance(text, InputError):
                raise text
            record: AnyRecord | InputError = parse(text, where)
        except InputError as error:
            record = error
        yield Row(where, number, raw, record)


def share(keys: Iterable[str], row: Mapping[str, Any]) -> float:
    """Return which share of some keys a row has.

    >>> share(["key", "wav", "txt"], {"key": "u1", "txt": "好"})
    0.6666666666666666
    """
    wanted = list(keys)
    return sum(key in row for key in wanted) / len(wanted)

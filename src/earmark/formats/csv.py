"""Comma-separated values whose first line names the columns: HF AudioFolder's metadata.csv."""

import csv
import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from earmark.errors import InputError
from earmark.formats.files.lines import DAMAGE, open_bytes, unreadable
from earmark.formats.files.source import Source
from earmark.formats.format import SAME_SYNTAX, Format, Row
from earmark.formats.schema.columns import table_parser
from earmark.formats.tsv import LOSES, check_header, header_nearness, table_of, typed
from earmark.records import AnyRecord, Utterance
from earmark.storage.atomic import write_text

NAMES = {"audio": "file_name", "text": "transcription"}


def sniff(source: Source) -> float:
    """Ask for a first line with a comma that names columns of sound, or of ids and texts."""
    if not source.is_text or source.begins_as_json:
        return 0.0
    near = header_nearness(next(csv.reader(source.first_lines[:1])))
    return near if near == 1.0 else max(near, SAME_SYNTAX, 0.6 * (source.suffix == ".csv"))


def read(source: Source, kind: type[Any]) -> Iterator[Row]:
    """Yield a row for each record; a quoted value may have line breaks.

    Raises:
        InputError: the file cannot be read, or a quotation that does not end.
    """
    parse = table_parser(source, kind)
    try:
        with open_bytes(source) as file:
            # Bytes that are not UTF-8 are kept apart, so that one row is refused for them.
            text = io.TextIOWrapper(file, "utf-8-sig", "surrogateescape", newline="")
            lines = csv.reader(text, strict=True)
            names = check_header(source, kind, next(lines, []))
            for values in lines:
                where = f"{source}:{lines.line_num}"
                raw = ",".join(values).encode("utf-8", "surrogateescape")
                try:
                    row = _row(names, values, where)
                    record: AnyRecord | InputError = parse(typed(row, kind, where), where)
                except InputError as error:
                    record = error
                if values:
                    yield Row(where, lines.line_num, raw, record)
    except csv.Error as error:
        raise InputError(f"{source}:{lines.line_num}: not CSV: {error}") from error
    except DAMAGE as error:
        raise unreadable(source, error) from error


def _row(names: list[str], values: list[str], where: str) -> dict[str, str]:
    """Return a row as column to value.

    Raises:
        InputError: more or fewer values than columns, or bytes that are not UTF-8.
    """
    if len(values) != len(names):
        raise InputError(
            f"{where}: expected {len(names)} columns ({', '.join(names)}), found {len(values)}"
        )
    try:
        "".join(values).encode()
    except UnicodeEncodeError as error:
        raise InputError(f"{where}: expected UTF-8; convert the file to UTF-8") from error
    return dict(zip(names, values, strict=True))


def write(records: Iterable[AnyRecord], path: Path) -> int:
    """Write a row for each record, after one that names the columns as AudioFolder does."""
    rows = list(records)
    columns, values = table_of(rows, NAMES if rows and isinstance(rows[0], Utterance) else {})
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([columns, *values])
    write_text(path, out.getvalue())
    return len(rows)


FORMAT = Format(
    name="csv",
    expects="comma-separated, a first line names the columns: `file_name`, `transcription`, ...",
    loses=LOSES,
    sniff=sniff,
    read=read,
    write=write,
)

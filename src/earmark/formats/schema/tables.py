"""Rows of Arrow tables, as parquet files, Arrow files and data sets of the hub have them."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from earmark.errors import InputError
from earmark.formats.files.source import Source
from earmark.formats.format import Format, Parse, Row
from earmark.formats.jsonl import FORMAT as OURS
from earmark.formats.llama_factory import FORMAT as LLAMA_FACTORY
from earmark.formats.ms_swift import FORMAT as MS_SWIFT
from earmark.formats.nemo import FORMAT as NEMO
from earmark.formats.rows import FORMAT as ROWS
from earmark.formats.schema.fields import to_row
from earmark.formats.schema.losses import NOT_TEXT, ONE_IN_A_LIST, TEXT_PARTS, as_text
from earmark.formats.trl import FORMAT as TRL
from earmark.records import AnyRecord, Candidates, Hypothesis, Pair, Utterance
from earmark.storage.atomic import atomic_path

# How a row may be shaped, in the order in which it is offered.
SHAPES = (NEMO, MS_SWIFT, LLAMA_FACTORY, OURS, TRL, ROWS)
# Fields whose values differ from row to row, so that no column of Arrow holds them as they are.
AS_JSON = ("made_by", "scores", "annotations", "candidates")
MESSAGES = ("prompt", "rejected_prompt")
LOSES: dict[type[Any], tuple[str, ...]] = {
    Utterance: (NOT_TEXT,),
    Hypothesis: (NOT_TEXT,),
    Pair: (NOT_TEXT, TEXT_PARTS, ONE_IN_A_LIST),
    Candidates: (NOT_TEXT, TEXT_PARTS),
}


def optional(name: str, what: str) -> Any:
    """Import a package that only some formats need.

    Raises:
        InputError: it is not installed; says how to install it.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise InputError(
            f"{what} needs {name.partition('.')[0]}: pip install 'earmark[datasets]'"
        ) from error


def table_rows(source: Source, kind: type[Any], rows: Iterable[Mapping[str, Any]]) -> Iterator[Row]:
    """Yield the rows of a table as records; the first row says how they are shaped.

    Raises:
        InputError: no shape is known for its columns.
    """
    parse: Parse | None = None
    for number, raw in enumerate(rows, start=1):
        where = f"{source}: row {number}"
        read = {key: _read(key, value) for key, value in raw.items()}
        if parse is None:
            parse = shape_of(read, source, kind)
        row = {key: value for key, value in read.items() if value is not None}
        try:
            record: AnyRecord | InputError = parse(row, where)
        except InputError as error:
            record = error
        yield Row(where, number, _shown(row), record)


def _read(key: str, value: Any) -> Any:
    """Return a value of a row; what is written as JSON is read, fields without value left out."""
    if key in AS_JSON and isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return _without_none(value) if isinstance(value, list) else value


def _without_none(value: Any) -> Any:
    """Leave out fields without a value: Arrow gives each object in a list all fields of all."""
    if isinstance(value, dict):
        return {key: _without_none(each) for key, each in value.items() if each is not None}
    return [_without_none(each) for each in value] if isinstance(value, list) else value


def shape_of(row: Mapping[str, Any], source: Source, kind: type[Any]) -> Parse:
    """Return what makes records of rows like this one.

    Raises:
        InputError: nothing does.
    """
    for shape in SHAPES:
        claims = shape.nearness is not None and shape.nearness(row) >= 1
        if claims and shape.parser is not None and shape.holds(kind):
            return shape.parser(source, kind)
    if isinstance(row.get("id"), str) and OURS.parser is not None:
        return OURS.parser(source, kind)
    known = "; ".join(each.expects for each in SHAPES if each.holds(kind))
    raise InputError(
        f"{source}: its columns are {', '.join(row)}, of which no {kind.__name__.lower()} can be "
        f"made; rows are read that look like {known}"
    )


def _shown(row: Mapping[str, Any]) -> str:
    """Write a row as text, for a file of rows that were set aside; sound is left out."""
    return json.dumps(row, ensure_ascii=False, default=lambda value: f"<{type(value).__name__}>")


def batch_rows(batch: Any, with_sound: bool) -> Iterator[dict[str, Any]]:
    """Yield the rows of a batch of Arrow, without the bytes of its sound unless they are wanted."""
    for index, field in reversed(list(enumerate(batch.schema))):
        is_struct = str(field.type).startswith("struct<")
        children = [child.name for child in field.type] if is_struct else []
        if not with_sound and "bytes" in children and "path" in children:
            batch = batch.set_column(index, field.name, _without_bytes(batch.column(index)))
    yield from batch.to_pylist()


def _without_bytes(sound: Any) -> Any:
    """Return a column of sound with no bytes in place of those that each row has."""
    arrow, compute = import_module("pyarrow"), import_module("pyarrow.compute")
    there = sound.field("bytes").is_valid()
    empty = compute.if_else(there, arrow.scalar(b""), arrow.scalar(None, arrow.binary()))
    return arrow.StructArray.from_arrays([empty, sound.field("path")], ["bytes", "path"])


def to_table(records: Iterable[AnyRecord], what: str) -> Any:
    """Make an Arrow table of records, with our names; the texts of a prompt become parts.

    A column whose values have no one type is written as JSON.
    """
    arrow = optional("pyarrow", what)
    rows = [_row(record) for record in records]
    if any(isinstance(row.get("rejected"), list) for row in rows):
        rows = [{**r, "rejected": _listed(r["rejected"])} if "rejected" in r else r for r in rows]
    names = dict.fromkeys(name for row in rows for name in row)
    return arrow.table({name: _column([row.get(name) for row in rows], arrow) for name in names})


def _row(record: AnyRecord) -> dict[str, Any]:
    row = to_row(record)
    if isinstance(record, Pair | Candidates):
        for name in (each for each in MESSAGES if each in row):
            row[name] = [{**m, "content": _in_parts(m["content"])} for m in row[name]]
    return {k: json.dumps(v, ensure_ascii=False) if k in AS_JSON else v for k, v in row.items()}


def _in_parts(content: Any) -> Any:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _listed(rejected: str | list[str]) -> list[str]:
    return [rejected] if isinstance(rejected, str) else rejected


def _column(values: list[Any], arrow: Any) -> Any:
    """Make a column; of JSON, where objects or several types are in it that are no messages."""
    types = {type(value) for value in values if value is not None}
    try:
        if len(types) < 2 and dict not in types:
            return arrow.array(values)
    except (arrow.ArrowInvalid, arrow.ArrowTypeError, OverflowError):
        pass
    return arrow.array([None if value is None else as_text(value) for value in values])


def table_format(
    name: str,
    expects: str,
    sniff: Callable[[Source], float],
    batches: Callable[[Source], Iterator[Any]],
    write_table: Callable[[Any, Path], None] | None,
) -> Format:
    """Make a format of tables, from what yields batches of Arrow and what writes a table."""

    def read(source: Source, kind: type[Any]) -> Iterator[Row]:
        wanted = source.sounds is not None
        rows = (row for batch in batches(source) for row in batch_rows(batch, wanted))
        return table_rows(source, kind, rows)

    def write(records: Iterable[AnyRecord], path: Path) -> int:
        kept = list(records)
        if write_table is None:
            raise InputError(f"{path}: {name} is not written; write parquet and upload it")
        with atomic_path(path) as temporary:
            write_table(to_table(kept, str(path)), temporary)
        return len(kept)

    return Format(
        name=name,
        expects=expects,
        loses={} if write_table is None else LOSES,
        sniff=sniff,
        read=read,
        write=write,
        reads=(Utterance, Hypothesis, Pair, Candidates),
    )

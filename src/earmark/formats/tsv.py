"""Tab-separated values whose first line names the columns."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from earmark.errors import InputError
from earmark.formats.files.source import Source
from earmark.formats.format import SAME_SYNTAX, Format, Row, text_rows
from earmark.formats.schema.columns import COLUMNS, nearness, table_parser, table_row
from earmark.formats.schema.losses import EMPTY, NO_TEXT, NOT_TEXT, as_text
from earmark.records import AnyRecord, Hypothesis, Utterance
from earmark.storage.atomic import write_text

NUMBERS: dict[str, Callable[[str], Any]] = {
    "start_s": float,
    "end_s": float,
    "logprob": float,
    "tokens": int,
}
TRUTHS = {"true": True, "false": False}
LOSES: dict[type[Any], tuple[str, ...]] = {
    Utterance: (NO_TEXT, EMPTY, NOT_TEXT),
    Hypothesis: ("made_by", EMPTY, NOT_TEXT),
}


def header_nearness(names: list[str]) -> float:
    """Say how near a first line is to one that names columns."""
    return nearness(dict.fromkeys(names)) if len(set(names)) == len(names) > 1 else 0.0


def sniff(source: Source) -> float:
    """Ask for a first line with a tab that names columns of sound, or of ids and texts."""
    if not source.is_text or source.begins_as_json:
        return 0.0
    near = header_nearness([name.strip() for name in source.first_lines[0].split("\t")])
    return near if near == 1.0 else max(near, SAME_SYNTAX, 0.6 * (source.suffix == ".tsv"))


def read(source: Source, kind: type[Any]) -> Iterator[Row]:
    """Yield a row for each line but the first. Nothing is quoted in it."""
    parse = table_parser(source, kind)
    names: list[str] = []

    def one(line: str, where: str) -> AnyRecord:
        values = line.split("\t")
        if len(values) != len(names):
            raise InputError(
                f"{where}: expected {len(names)} columns ({', '.join(names)}), found "
                f"{len(values)}; a transcript cannot hold a tab"
            )
        return parse(typed(dict(zip(names, values, strict=True)), kind, where), where)

    first = source.first_lines[0].split("\t")
    names += [name.strip() for name in check_header(source, kind, first)]
    rows = text_rows(source, one)
    next(rows, None)
    yield from rows


def check_header(source: Source, kind: type[Any], names: list[str]) -> list[str]:
    """Refuse a first line that does not name columns.

    Raises:
        InputError: says which columns are known.
    """
    if header_nearness([name.strip() for name in names]) < 1.0:
        known = "; ".join(f"{k}: {', '.join(v)}" for k, v in COLUMNS[kind].items())
        raise InputError(
            f"{source}:1: the first line should name the columns, each once, among them one of ids "
            f"and one of texts or one of sound; found {', '.join(names)[:200]!r}. Known are {known}"
        )
    return names


def typed(row: dict[str, str], kind: type[Any], where: str) -> dict[str, Any]:
    """Give the values of a row their types; an empty one is none, unless it is the text.

    Raises:
        InputError: a number that is none.
    """
    texts = COLUMNS[kind]["text"]
    found: dict[str, Any] = {k: v for k, v in row.items() if v != "" or k in texts}
    for name, parse in NUMBERS.items():
        if name in found:
            try:
                found[name] = parse(found[name])
            except ValueError as error:
                what = "seconds" if name.endswith("_s") else "a number"
                shown = f"{where}: {name} should be {what}, found {row[name]!r}"
                raise InputError(shown) from error
    if kind is Hypothesis and found.get("cut") in TRUTHS:
        found["cut"] = TRUTHS[found["cut"]]
    return found


def table_of(
    records: Iterable[AnyRecord], names: dict[str, str]
) -> tuple[list[str], list[list[str]]]:
    """Return the columns that records need, in the order in which they come, and their rows."""
    rows = [table_row(record, names) for record in records]
    audio, text = names.get("audio", "audio"), names.get("text", "text")
    if not any(audio in row for row in rows):
        # Without sound a table is known by its texts, even if all are empty.
        rows = [{text: "", **row} for row in rows]
    for row in rows:
        row.pop("made_by", None)
    columns = list(dict.fromkeys(name for row in rows for name in row))
    return columns, [[as_text(row[n]) if n in row else "" for n in columns] for row in rows]


def write(records: Iterable[AnyRecord], path: Path) -> int:
    """Write a line for each record, after one that names the columns.

    Raises:
        InputError: a value with a tab or a line break.
    """
    columns, rows = table_of(records, {})
    for row in [columns, *rows]:
        for value in row:
            if any(char in value for char in "\t\n\r"):
                raise InputError(f"{path}: a TSV cannot hold {value!r}; write CSV or JSON lines")
    write_text(path, "".join("\t".join(row) + "\n" for row in [columns, *rows]))
    return len(rows)


FORMAT = Format(
    name="tsv",
    expects="tab-separated, a first line names the columns: `id`, `audio`, `text`, ...",
    loses=LOSES,
    sniff=sniff,
    read=read,
    write=write,
)

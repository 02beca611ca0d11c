"""Logs of AudioBench: `reference` and `prediction` of each utterance, alone or in its score files.

Its scorer writes the word `empty` where a side has no words: nothing was said, or nothing written.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from earmark.errors import InputError
from earmark.formats.files.source import Source
from earmark.formats.format import Format, Parse, Row, parsed
from earmark.formats.schema.fields import Extra, parse_row, renamed
from earmark.progress import note
from earmark.records import AnyRecord, Hypothesis, Utterance

# A score file is one object, which has its rows under this name.
SCORED = "sample_wer"
SCORE_FILE = re.compile(rb'"%s"\s*:\s*\[' % SCORED.encode())
# What holds the text of each side: as scored, and in the logs before scoring.
NAMES: dict[type[Any], tuple[str, ...]] = {
    Utterance: ("reference", "answer"),
    Hypothesis: ("prediction", "model_prediction"),
}
EMPTY = "empty"


def is_score_file(source: Source) -> bool:
    """Say whether a file is one object with scored rows in it."""
    return source.begins_as_json and not source.is_array and bool(SCORE_FILE.search(source.head))


def sniff(source: Source) -> float:
    """Ask for a score file, or for rows that have both sides."""
    if is_score_file(source):
        return 1.0
    shares = (
        sum(any(name in row for name in names) for names in NAMES.values()) / len(NAMES)
        for row in source.first_objects
    )
    return max(shares, default=0.0)


def read(source: Source, kind: type[Any]) -> Iterator[Row]:
    """Yield a row for each utterance; one without `id` is named by its number.

    Raises:
        InputError: the file cannot be read, or a score file that is damaged.
    """
    parse = _parser(source, kind)
    rows = source.items(SCORED) if is_score_file(source) else source.objects()
    for number, raw in enumerate(rows, start=1):
        value = raw.value
        if isinstance(value, dict):
            value = {"id": str(number), **value}
        yield Row(raw.where, raw.number, raw.text, parsed(parse, value, raw.where))


def _parser(source: Source, kind: type[Any]) -> Parse:
    """Make what turns a row into a record; an utterance keeps the prediction in `extra`."""
    extra = Extra(kind)
    extra.seen.update(name for names in NAMES.values() for name in names)
    noted = False

    def parse(row: dict[str, Any], where: str) -> AnyRecord:
        nonlocal noted
        name = next((each for each in NAMES[kind] if each in row), None)
        if name is None:
            raise InputError(f"{where}: there is no {' or '.join(map(repr, NAMES[kind]))}")
        taken = {name} if kind is Utterance else {name, *NAMES[Utterance]}
        rest = {key: value for key, value in row.items() if key not in taken}
        data = renamed({name: row[name], **rest}, {name: "text"})
        if isinstance(data["id"], int) and not isinstance(data["id"], bool):
            data["id"] = str(data["id"])
        # Logs before scoring hold what was written, so that there the word is a word.
        if data["text"] == EMPTY and "prediction" in row:
            data["text"] = ""
            if not noted:
                note(f"{where}: the word '{EMPTY}' alone is read as an empty text")
            noted = True
        return parse_row(kind, data, where, extra)

    return parse


def write(records: Iterable[Any], path: Path) -> int:
    """Refuse to write: a log has both sides in each row, and records have one.

    Raises:
        InputError: always.
    """
    raise InputError(f"{path}: audiobench is read and not written; write jsonl")


FORMAT = Format(
    name="audiobench",
    expects="JSON with `reference`, `prediction`, as rows or under `sample_wer`",
    loses={},
    sniff=sniff,
    read=read,
    write=write,
    reads=(Utterance, Hypothesis),
    numbered=True,
)

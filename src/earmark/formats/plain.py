"""Plain text: every line is an utterance, an empty one too; its number, from 1, is its id."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from earmark.errors import InputError
from earmark.formats.files.line_ids import text_begins_with
from earmark.formats.files.lines import DAMAGE, decode_line, open_bytes, unreadable
from earmark.formats.files.source import BOM, Source
from earmark.formats.format import Format, Row
from earmark.formats.schema.losses import BLANKS, IDS, ONLY_TEXT
from earmark.formats.schema.spans import text_of
from earmark.records import Hypothesis, Utterance
from earmark.storage.atomic import write_text

SUFFIXES = ("", ".txt", ".text", ".ref", ".hyp")
NEAR = {"words": 1.0, "either": 0.9, "ids": 0.5, None: 0.0}


def sniff(source: Source) -> float:
    """Ask for text whose lines begin with words; what other suffixes stand for is not known."""
    near = NEAR[text_begins_with(source)]
    return near if source.suffix in SUFFIXES else min(near, 0.8)


def read(source: Source, kind: type[Any]) -> Iterator[Row]:
    """Yield a row for each line.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        with open_bytes(source) as file:
            for number, line in enumerate(file, start=1):
                raw = line.removeprefix(BOM) if number == 1 else line
                yield _row(source, kind, number, raw.rstrip(b"\r\n"))
    except DAMAGE as error:
        raise unreadable(source, error) from error


def _row(source: Source, kind: type[Any], number: int, raw: bytes) -> Row:
    where = f"{source}:{number}"
    try:
        text = decode_line(raw, where).strip()
    except InputError as error:
        return Row(where, number, raw, error)
    return Row(where, number, raw, kind(id=str(number), text=text))


def write(records: Iterable[Any], path: Path) -> int:
    """Write a line for each record, in their order; the order is all that is left of their ids.

    Raises:
        InputError: a text with a line break, or none.
    """
    lines = []
    for record in records:
        text = text_of(record, "plain text")
        if "\n" in text:
            raise InputError(f"'{record.id}': plain text cannot hold a line break")
        lines.append(text.strip() + "\n")
    write_text(path, "".join(lines))
    return len(lines)


FORMAT = Format(
    name="plain",
    numbered=True,
    expects="text, one utterance a line",
    loses={
        Utterance: (
            *(IDS, "audio", "start_s", "end_s", "language", "speaker", "split", "task", "extra"),
            BLANKS,
        ),
        Hypothesis: (IDS, *ONLY_TEXT),
    },
    sniff=sniff,
    read=read,
    write=write,
)

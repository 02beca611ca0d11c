"""The trn of sclite: a text, and its id in brackets at the end of the line."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from earmark.errors import InputError
from earmark.formats.files.source import Source
from earmark.formats.format import SAME_SYNTAX, Format, Row, text_rows
from earmark.formats.schema.losses import BLANKS, ONLY_TEXT
from earmark.formats.schema.spans import text_of
from earmark.records import AnyRecord, Hypothesis, Utterance
from earmark.storage.atomic import write_text

LINE = re.compile(r"(?P<text>.*?)\s*\((?P<id>[^()\s]+)\)\s*", re.DOTALL)
COMMENT = ";;"
# Alternatives of a reference, of which a scorer takes the one that fits: { um / uh / @ }.
ALTERNATIVES = re.compile(r"\{[^{}]* / [^{}]*\}")


def sniff(source: Source) -> float:
    """Ask for an id in brackets at the end of each line."""
    if not source.is_text or source.begins_as_json:
        return 0.0
    lines = [line for line in source.first_lines if not line.startswith(COMMENT)]
    ends = sum(LINE.fullmatch(line) is not None for line in lines)
    return max(ends / len(lines), SAME_SYNTAX) if lines else 0.0


def read(source: Source, kind: type[Any]) -> Iterator[Row]:
    """Yield a row for each line that is no comment."""

    def parse(line: str, where: str) -> AnyRecord:
        found = LINE.fullmatch(line)
        if found is None:
            raise InputError(f"{where}: expected a text and an id in brackets, found {line!r}")
        if ALTERNATIVES.search(found["text"]):
            raise InputError(
                f"{where}: alternatives such as {{ a / b }} are not read; write one of them"
            )
        return kind(id=found["id"], text=found["text"].strip())

    for row in text_rows(source, parse):
        if not row.text.startswith(COMMENT):
            yield row


def write(records: Iterable[Any], path: Path) -> int:
    """Write a line for each record.

    Raises:
        InputError: an id or a text that a line cannot hold.
    """
    lines = []
    for record in records:
        text = text_of(record, "trn")
        line = f"{text.strip()} ({record.id})"
        found = LINE.fullmatch(line)
        whole = found is not None and found["id"] == record.id and "\n" not in line
        if not whole or line.startswith(COMMENT) or ALTERNATIVES.search(text):
            raise InputError(f"'{record.id}': a line of trn cannot hold {line!r}")
        lines.append(line + "\n")
    write_text(path, "".join(lines))
    return len(lines)


FORMAT = Format(
    name="trn",
    expects="lines of a text and an id in brackets: text (spk-utt)",
    loses={
        Utterance: (
            *("audio", "start_s", "end_s", "language", "speaker", "split", "task", "extra"),
            BLANKS,
        ),
        Hypothesis: ONLY_TEXT,
    },
    sniff=sniff,
    read=read,
    write=write,
)

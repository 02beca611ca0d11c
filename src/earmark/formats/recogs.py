"""The recogs files of icefall: two lines an utterance, `ID: ref=[...]` and `ID: hyp=[...]`."""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from earmark.errors import InputError
from earmark.formats.files.source import Source
from earmark.formats.format import Format, Row, text_rows
from earmark.formats.schema.losses import ONLY_TEXT
from earmark.formats.schema.spans import text_of
from earmark.records import AnyRecord, Hypothesis, Utterance
from earmark.storage.atomic import write_text

LINE = re.compile(r"(?P<id>.+?):\s+(?P<side>ref|hyp)=(?P<words>.*)", re.DOTALL)
SIDES: dict[type[Any], str] = {Utterance: "ref", Hypothesis: "hyp"}


def sniff(source: Source) -> float:
    """Ask for lines of both forms."""
    if not source.is_text:
        return 0.0
    lines = source.first_lines
    return sum(LINE.fullmatch(line) is not None for line in lines) / len(lines)


def read(source: Source, kind: type[Any]) -> Iterator[Row]:
    """Yield a row for each line of the side that is wanted: ref for utterances, hyp for others."""

    def parse(line: str, where: str) -> AnyRecord:
        found = LINE.fullmatch(line)
        if found is None:
            raise InputError(f"{where}: expected `ID: ref=[...]` or hyp=[...], found {line!r}")
        return kind(id=found["id"], text=_words(found["words"], where))

    for row in text_rows(source, parse):
        found = LINE.fullmatch(row.text)
        if found is None or found["side"] == SIDES[kind]:
            yield row


def _words(shown: str, where: str) -> str:
    """Return the text of a list of words as Python shows it; older files have the text itself."""
    if not shown.startswith("["):
        return shown
    try:
        words = ast.literal_eval(shown)
    except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
        raise InputError(f"{where}: expected a list of words, found {shown[:80]!r}") from error
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise InputError(f"{where}: expected a list of words, found {shown[:80]!r}")
    return " ".join(words)


def write(records: Iterable[Any], path: Path) -> int:
    """Write a line for each record: `ref` of utterances, `hyp` of hypotheses.

    Raises:
        InputError: an id that a line cannot hold, or no text.
    """
    lines = []
    for record in records:
        text = text_of(record, "recogs")
        line = f"{record.id}:\t{SIDES[type(record)]}={text.split(' ')!r}"
        found = LINE.fullmatch(line)
        if found is None or found["id"] != record.id or "\n" in line or line.strip() != line:
            raise InputError(f"'{record.id}': a line of recogs cannot hold this id")
        lines.append(line + "\n")
    write_text(path, "".join(lines))
    return len(lines)


FORMAT = Format(
    name="recogs",
    expects="lines of `ID: ref=[...]` and `ID: hyp=[...]` (icefall)",
    loses={
        Utterance: ("audio", "start_s", "end_s", "language", "speaker", "split", "task", "extra"),
        Hypothesis: tuple(name for name in ONLY_TEXT if not name.startswith("blanks")),
    },
    sniff=sniff,
    read=read,
    write=write,
)

"""A file format of your own: how near a file is to it, how rows are read and written, what is lost.

In a file `bars.py` the same format is `earmark score --truth ref.bars@bars:FORMAT --hyp ...`.
"""

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import earmark
from earmark.errors import InputError
from earmark.formats.files.source import Source
from earmark.formats.format import Format, Row, text_rows

KEPT = ("id", "speaker", "text")


def sniff(source: Source) -> float:
    """Say how near a file is to it: the share of the first lines with two bars."""
    lines = source.first_lines if source.is_text else []
    return sum(line.count("|") == 2 for line in lines) / max(1, len(lines))


def read(source: Source, kind: type) -> Iterator[Row]:
    """Yield a row for each line; a line that is none is refused by its place."""

    def parse(line: str, where: str) -> earmark.Utterance:
        parts = line.split("|")
        if len(parts) != len(KEPT):
            raise InputError(f"{where}: expected id|speaker|text, found {line!r}")
        return earmark.Utterance(id=parts[0], speaker=parts[1] or None, text=parts[2])

    return text_rows(source, parse)


def write(records: Iterable[earmark.Utterance], path: Path) -> int:
    """Write a line for each utterance and refuse what a line cannot hold; return how many."""
    lines = []
    for each in records:
        line = f"{each.id}|{each.speaker or ''}|{each.text or ''}"
        if line.count("|") != 2 or "\n" in line:
            raise InputError(f"utterance '{each.id}': a text with a bar or a line break")
        lines.append(line + "\n")
    path.write_text("".join(lines), encoding="utf-8")
    return len(lines)


FORMAT = Format(
    name="bars",
    expects="lines of id|speaker|text",
    loses={earmark.Utterance: ("audio", "start_s", "end_s", "language", "split", "task", "extra")},
    sniff=sniff,
    read=read,
    write=write,
)

with tempfile.TemporaryDirectory() as name:
    path = Path(name) / "ref.bars"
    path.write_text("u1|anna|我们 go\nu2||好的\n", encoding="utf-8")
    truths = earmark.read(path, earmark.Utterance, format=FORMAT)
    print([(truth.id, truth.speaker, truth.text) for truth in truths])

    earmark.write(truths, Path(name) / "copy.bars", format=FORMAT)
    print((Path(name) / "copy.bars").read_text("utf-8"), end="")

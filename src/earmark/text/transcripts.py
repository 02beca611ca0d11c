"""Read transcripts as people have them: JSONL, Kaldi `text`, or plain text line by line."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, TypeVar

from earmark.errors import InputError
from earmark.files import AnyPath, decode_line, load_records, numbered_lines, reopenable
from earmark.records import Hypothesis, Utterance

Format = Literal["auto", "jsonl", "kaldi", "plain"]
Row = TypeVar("Row", Utterance, Hypothesis)


def format_of(path: AnyPath) -> Format:
    """Tell a file's format: JSONL by its name or its first brace, plain by `.txt`, else Kaldi.

    Raises:
        InputError: the file cannot be read.
    """
    suffix = Path(str(path)).suffix
    if suffix in (".jsonl", ".json"):
        return "jsonl"
    first = next((line for _, line in numbered_lines(path)), b"")
    if first.lstrip().startswith(b"{"):
        return "jsonl"
    return "plain" if suffix == ".txt" else "kaldi"


def read_transcripts(
    kind: type[Row],
    path: str | Path,
    *,
    format: Format = "auto",
    on_error: Literal["stop", "skip"] = "stop",
    out: str | Path | None = None,
) -> list[Row]:
    """Read a file of truths (`Utterance`) or hypotheses (`Hypothesis`).

    A line of Kaldi `text` is an id and the text after it, which may be empty. In plain text
    every line is an utterance, an empty one too, and its number, from 1, is its id.

    Args:
        kind: the record to make.
        path: the file.
        format: its format, or `auto`.
        on_error: stop at a bad row of JSONL, or set it aside.
        out: bad rows go to `<out>.skipped.jsonl`; the file's own path if not given.

    Raises:
        InputError: the file cannot be read, a bad row, an id used twice, or not one row.
    """
    source = reopenable(path)
    found = format_of(source) if format == "auto" else format
    if found == "jsonl":
        return load_records(kind, source, out=out or path, on_error=on_error)
    lines = _plain_lines(source) if found == "plain" else _kaldi_lines(source)
    rows = [kind(id=id_, text=text) for id_, text in lines]
    if not rows:
        raise InputError(f"{path}: the file is empty; expected one utterance a line")
    return rows


def _kaldi_lines(path: AnyPath) -> Iterator[tuple[str, str]]:
    """Yield id and text of each line of a Kaldi `text` file."""
    line_of_id: dict[str, int] = {}
    for number, raw in numbered_lines(path):
        id_, *text = decode_line(raw, f"{path}:{number}").split(maxsplit=1)
        if id_ in line_of_id:
            raise InputError(
                f"{path}:{number}: id '{id_}' was already used in line {line_of_id[id_]}; if the "
                "lines have no ids, say --format plain"
            )
        line_of_id[id_] = number
        yield id_, text[0].rstrip() if text else ""


def _plain_lines(path: AnyPath) -> Iterator[tuple[str, str]]:
    """Yield number and text of every line, the empty ones too."""
    try:
        with open(path, "rb") as file:
            whole = file.read()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error
    for number, raw in enumerate(whole.removeprefix(b"\xef\xbb\xbf").splitlines(), start=1):
        yield str(number), decode_line(raw, f"{path}:{number}").strip()

"""Read and write files of records; in memory their audio paths start at the current folder."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, TypeVar, overload

from earmark.errors import InputError, KnobError
from earmark.files import load_records, numbered_lines, parse_line, write_jsonl
from earmark.records import Hypothesis, Pair, Utterance
from earmark.text.transcripts import format_of, read_transcripts

Record = TypeVar("Record", Utterance, Hypothesis, Pair)
OnError = Literal["stop", "skip"]
# Fields that rows of one kind have and no others.
OF_PAIRS = {"chosen", "rejected", "prompt"}
OF_HYPOTHESES = {"raw_text", "logprob", "tokens", "made_by", "cut"}


@overload
def read(
    path: str | Path, kind: type[Record], *, format: str = ..., on_error: OnError = ...
) -> list[Record]: ...
@overload
def read(
    path: str | Path, kind: None = ..., *, format: str = ..., on_error: OnError = ...
) -> list[Any]: ...
def read(
    path: str | Path,
    kind: type[Any] | None = None,
    *,
    format: str = "auto",
    on_error: OnError = "stop",
) -> list[Any]:
    """Read the records of a file.

    Args:
        path: the file.
        kind: Utterance, Hypothesis or Pair; None finds it from the fields of the first row. Rows
            of an id and a text alone are taken for utterances.
        format: jsonl, kaldi, plain, or auto, which looks at the name and the first line.
        on_error: stop at a bad row, or set it aside in `<path>.skipped.jsonl`.

    Raises:
        InputError: the file cannot be read, a bad row, an id used twice, or not one row.
    """
    chosen = kind or kind_of(path, format)
    return read_from(path, chosen, format=format, on_error=on_error)


def read_from(
    path: str | Path, kind: type[Record], *, format: str = "auto", on_error: OnError = "stop"
) -> list[Record]:
    """Read records of a kind, their audio paths as seen from the current folder."""
    rows: list[Any]
    if kind is Pair:
        rows = load_records(Pair, path, out=path, on_error=on_error)
    else:
        how: Any = {"format": format, "on_error": on_error}
        rows = read_transcripts(kind, path, **how)
    return [moved(row, Path(path).absolute().parent, Path.cwd()) for row in rows]


def kind_of(path: str | Path, format: str) -> type[Any]:
    """Return the kind of a file's rows, from the first."""
    if format not in ("auto", "jsonl") or (format == "auto" and format_of(path) != "jsonl"):
        return Utterance
    for number, raw in numbered_lines(path):
        row = parse_line(raw, f"{path}:{number}")
        keys = row.keys() if isinstance(row, dict) else set()
        if keys & OF_PAIRS:
            return Pair
        return Hypothesis if keys & OF_HYPOTHESES else Utterance
    raise InputError(f"{path}: the file is empty; not one usable row")


def write(records: Iterable[Any], path: str | Path) -> Path:
    """Write records to a JSONL file, atomically; their audio paths are seen from its folder.

    Raises:
        InputError: what is given is not a record, or the file cannot be written.
        KnobError: one text is given, not a list of records.
    """
    if isinstance(records, str | bytes):
        raise KnobError(f"write takes records and then a path, found {records[:40]!r} first")
    folder = Path(path).absolute().parent
    write_jsonl(path, _from_folder(records, folder))
    return Path(path)


def _from_folder(records: Iterable[Any], folder: Path) -> Iterator[Any]:
    """Yield records as seen from a folder."""
    for number, record in enumerate(records, start=1):
        if not isinstance(record, Utterance | Hypothesis | Pair):
            raise InputError(
                f"record {number} should be an Utterance, a Hypothesis or a Pair, "
                f"found {type(record).__name__}"
            )
        yield moved(record, Path.cwd(), folder)


def moved(record: Any, old: Path, new: Path) -> Any:
    """Return a record whose relative audio paths start at another folder, both absolute."""
    if old == new or isinstance(record, Hypothesis):
        return record
    if isinstance(record, Utterance):
        return replace(record, audio=seen_from(record.audio, old, new)) if record.audio else record
    return replace(record, prompt=[_message(each, old, new) for each in record.prompt])


def seen_from(audio: str, old: Path, new: Path) -> str:
    """Return a path that starts at one folder as it is seen from another; absolute ones stay.

    >>> seen_from("a.wav", Path("/data/corpus"), Path("/data/pairs"))
    '../corpus/a.wav'
    """
    if os.path.isabs(audio):
        return audio
    return os.path.relpath(old / audio, new)


def _message(message: Any, old: Path, new: Path) -> Any:
    content = message.get("content") if isinstance(message, dict) else None
    if not isinstance(content, list):
        return message
    return {**message, "content": [_part(part, old, new) for part in content]}


def _part(part: Any, old: Path, new: Path) -> Any:
    is_audio = isinstance(part, dict) and isinstance(part.get("audio"), str)
    return {**part, "audio": seen_from(part["audio"], old, new)} if is_audio else part

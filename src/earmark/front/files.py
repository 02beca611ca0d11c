"""Read and write files of records; in memory their audio paths start at the current folder."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, overload

from earmark.errors import InputError, KnobError
from earmark.formats.files.moving import moved
from earmark.formats.format import Format
from earmark.formats.reading import OnError, format_named, load, open_source, recognise
from earmark.formats.schema.kinds import KINDS, kind_of
from earmark.records import Candidates, Hypothesis, Pair, Record, Utterance


@overload
def read(
    path: str | Path,
    kind: type[Record],
    *,
    format: str | Format | None = ...,
    on_error: OnError = ...,
) -> list[Record]: ...
@overload
def read(
    path: str | Path,
    kind: None = ...,
    *,
    format: str | Format | None = ...,
    on_error: OnError = ...,
) -> list[Any]: ...
def read(
    path: str | Path,
    kind: type[Any] | None = None,
    *,
    format: str | Format | None = None,
    on_error: OnError = "stop",
) -> list[Any]:
    """Read the records of a file, of any format.

    Args:
        path: the file or folder, as FILE or FILE@FORMAT, or hf:NAME:SPLIT.
        kind: Utterance, Hypothesis, Pair or Candidates; None finds it from the fields of the
            first rows. Rows of an id and a text alone are taken for utterances.
        format: a format of your own, the name of one, or `module:name`; None finds it.
        on_error: stop at a bad row, or set it aside in `<path>.skipped.jsonl`.

    Raises:
        InputError: the file cannot be read, no format claims it, a bad row, an id used twice, or
            not one row.
    """
    return read_from(path, kind, format=format, on_error=on_error)


def read_from(
    path: str | Path,
    kind: type[Any] | None,
    *,
    format: str | Format | None = None,
    on_error: OnError = "stop",
) -> list[Any]:
    """Read records of a kind, their audio paths as seen from the current folder."""
    source, chosen = open_source(path, format)
    chosen = chosen or recognise(source)
    found = kind or KINDS[kind_of(source, chosen)]
    rows: list[Any] = load(found, source, out=source.named, on_error=on_error, format=chosen)
    old, new = source.folder.absolute(), Path.cwd()
    return [moved(row, old, new) for row in rows] if old != new else rows


def write(records: Iterable[Any], path: str | Path, *, format: str | Format = "jsonl") -> Path:
    """Write records to a file; their audio paths are seen from its folder.

    Args:
        records: utterances, hypotheses, pairs or rows of candidates, all of one kind.
        path: the file to write, or a folder where the format is one.
        format: a format of your own, the name of one, or `module:name`.

    Raises:
        InputError: what is given is not a record, what the format cannot hold and does not say it
            loses, or a file that cannot be written.
        KnobError: one text is given, not a list of records; or there is no such format.
    """
    if isinstance(records, str | bytes):
        raise KnobError(f"write takes records and then a path, found {records[:40]!r} first")
    chosen = format if isinstance(format, Format) else format_named(format)
    folder = Path(path).absolute().parent
    chosen.write(_from_folder(records, folder, chosen.absolute), Path(path))
    return Path(path)


def _from_folder(records: Iterable[Any], folder: Path, absolute: bool) -> Iterator[Any]:
    """Yield records as seen from a folder."""
    for number, record in enumerate(records, start=1):
        if not isinstance(record, Utterance | Hypothesis | Pair | Candidates):
            raise InputError(
                f"record {number} should be an Utterance, a Hypothesis, a Pair or Candidates, "
                f"found {type(record).__name__}"
            )
        yield moved(record, Path.cwd(), folder, absolute=absolute)

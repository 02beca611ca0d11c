"""Convert a file of one format to another: say what is lost, and lose nothing else."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from earmark.errors import InputError
from earmark.formats import FORMATS
from earmark.formats.files.moving import moved
from earmark.formats.files.set_aside import BadRow, skipped_path, write_aside
from earmark.formats.files.source import SOUNDS, Source
from earmark.formats.reading import (
    OnError,
    check_holds,
    format_named,
    open_source,
    recognise,
    rows_of,
)
from earmark.formats.schema.kinds import KINDS, Kind, kind_of
from earmark.formats.schema.losses import lost_of
from earmark.records import AnyRecord
from earmark.storage.outputs import SET_ASIDE, Output, check_outputs

AUDIO = "audio"
# Formats that are folders, of the records that they hold as such.
FOLDERS = {"kaldi": "utterances", "shar": "utterances"}
PACKED = ("shar",)


class Converted(NamedTuple):
    """What was converted: the kind and number of records, and how many lost what."""

    kind: Kind
    rows: int
    lost: Counter[str]


class _Place(NamedTuple):
    """Where relative audio paths of the new file start, and whether it has absolute ones."""

    folder: Path
    absolute: bool


def convert(
    path: str | Path,
    out: Path,
    to: str,
    *,
    kind: Kind | None = None,
    on_error: OnError = "stop",
) -> Converted:
    """Write the records of a file in another format.

    Audio paths are written as they are seen from the new file, or absolute where that format's
    tools want them so. Sound that comes as bytes or arrays is written once, as FLAC, into a folder
    `audio` beside the new file, or in it.

    Args:
        path: the input, as FILE or FILE@FORMAT, or hf:NAME:SPLIT.
        out: the file or folder to write; nothing may be there.
        to: the format to write: a name in FORMATS, or `module:name`.
        kind: what the input holds; None for what its rows look like.
        on_error: stop at a bad row, or set it aside in `<out>.skipped.jsonl`.

    Raises:
        InputError: a bad row, something at `out`, or a record that the format cannot hold and
            does not say it loses.
        KnobError: there is no such format.
    """
    target = format_named(to)
    if out.exists() or out.is_symlink():
        raise InputError(f"{out}: something is there already; choose another path")
    if on_error == "skip":
        check_outputs([Output(skipped_path(out), SET_ASIDE)], [path])
    named = FOLDERS.get(to)
    source, chosen = open_source(path, sounds=SOUNDS if to in PACKED else None)
    chosen = chosen or recognise(source)
    found = kind or kind_of(source, chosen)
    folder = out if named == found else out.parent
    if to not in PACKED:
        source.sounds = (folder / AUDIO).absolute()
    record_type = KINDS[found]
    check_holds(chosen, record_type, source)
    if record_type not in target.loses:
        can = ", ".join(name for name, each in FORMATS.items() if record_type in each.loses)
        raise InputError(f"{out}: {to} does not hold {found}; these formats do: {can}")
    bad: list[BadRow] = []
    lost: Counter[str] = Counter()
    records = rows_of(record_type, source, chosen, None, bad if on_error == "skip" else None)
    there = _Place(folder.absolute(), target.absolute)
    count = target.write(_seen(records, source, there, target.loses[record_type], lost), out)
    if bad:
        write_aside(bad, out, source, count)
    if not count:
        raise InputError(f"{source}: not one usable row")
    return Converted(found, count, lost)


def _seen(
    records: Iterator[Any],
    source: Source,
    place: _Place,
    loses: tuple[str, ...],
    lost: Counter[str],
) -> Iterator[AnyRecord]:
    """Yield records with their paths as seen from the new file; count what each loses."""
    old = source.folder.absolute()
    for record in records:
        there: AnyRecord = moved(
            record, old, place.folder, absolute=place.absolute, inside=source.sounds
        )
        lost.update(lost_of(there, loses))
        yield there

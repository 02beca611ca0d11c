"""Read records of any format: which one it is, whether ids repeat, what is set aside."""

from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Literal

from earmark.errors import InputError, KnobError, did_you_mean
from earmark.formats import FORMATS
from earmark.formats.files.set_aside import BadRow, write_aside
from earmark.formats.files.source import SOUNDS, AnySource, Source
from earmark.formats.format import Format, Parse
from earmark.formats.jsonl import FORMAT as OURS
from earmark.formats.schema.fields import name_of
from earmark.records import MANIFEST, Record

NEAREST = 3

OnError = Literal["stop", "skip"]
Check = Callable[[Record, str], None]


def format_named(name: str) -> Format:
    """Return a format by its name, or the object that `module:name` means.

    Raises:
        KnobError: there is none.
    """
    if name in FORMATS:
        return FORMATS[name]
    module, _, attribute = name.partition(":")
    if not attribute:
        raise KnobError(f"there is no format '{name}'; {did_you_mean(name, FORMATS)}")
    try:
        found = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise KnobError(f"format '{name}': cannot be imported: {error}") from error
    if not isinstance(found, Format):
        raise KnobError(f"format '{name}' should be an earmark.formats.Format, found {found!r}")
    return found


def split_format(path: str | Path) -> tuple[str | Path, str | None]:
    """Split `FILE@FORMAT`; a file that has such a name is that file.

    >>> split_format("data/hyp.txt@kaldi"), split_format("a@b.jsonl")
    (('data/hyp.txt', 'kaldi'), ('a@b.jsonl', None))
    """
    file, at, name = str(path).rpartition("@")
    known = name in FORMATS or ":" in name
    if not at or not file or not known or Path(path).exists():
        return path, None
    return file, name


def input_file(path: str | Path) -> str | Path:
    """Return the file that FILE@FORMAT names."""
    return split_format(path)[0]


def open_source(
    path: AnySource, format: str | Format | None = None, sounds: str | Path | None = SOUNDS
) -> tuple[Source, Format | None]:
    """Open an input named as FILE or FILE@FORMAT; the format is None where it is to be found.

    Raises:
        InputError: it is not there, or cannot be read.
        KnobError: there is no such format.
    """
    file, named = (path, None) if isinstance(path, Source) else split_format(path)
    name = named or format
    chosen = format_named(name) if isinstance(name, str) and name != "auto" else None
    chosen = name if isinstance(name, Format) else chosen
    if not isinstance(file, Source) and (Path(file) / MANIFEST).is_file():
        file = Path(file) / MANIFEST
    source = file if isinstance(file, Source) else Source(file, sounds)
    if not source.is_hub and not source.named.exists():
        raise InputError(f"{source}: cannot be read: No such file or directory")
    return source, chosen


def claiming(source: Source, but: Sequence[Format] = ()) -> Format | None:
    """Return the format that claims a file, the first in the table of several; or None.

    A file that begins as JSON and holds not one object is taken for JSON lines, whose reader
    names what is wrong with each.
    """
    for each in FORMATS.values():
        if each not in but and each.sniff(source) >= 1:
            return each
    return FORMATS["jsonl"] if source.begins_as_json and not source.first_objects else None


def recognise(source: Source) -> Format:
    """Return the format that claims a file.

    Raises:
        InputError: none does; names the three nearest.
    """
    found = claiming(source)
    if found is not None:
        return found
    near = {name: each.sniff(source) for name, each in FORMATS.items()}
    if not source.is_folder and not source.head.strip():
        raise InputError(f"{source}: the file is empty; not one usable row")
    best = sorted(FORMATS, key=lambda name: -near[name])[:NEAREST]
    listed = "; ".join(f"{name} ({FORMATS[name].expects})" for name in best)
    what = "folder" if source.is_folder else f"file, which begins with {source.head[:40]!r}"
    raise InputError(
        f"{source}: no format claims this {what}. The nearest: {listed}. If it is one of them, "
        "append @FORMAT to its name"
    )


def read(
    kind: type[Record],
    path: AnySource,
    check: Check[Record] | None = None,
    set_aside: list[BadRow] | None = None,
    *,
    format: str | Format | None = None,
    sounds: str | Path | None = SOUNDS,
) -> Iterator[Record]:
    """Yield the records of a file, a folder or a data set of the hub; ids must be unique.

    Args:
        kind: the record to make: Utterance, Hypothesis or Pair.
        path: the input, as FILE or FILE@FORMAT.
        check: may raise InputError for what a row alone cannot know, such as a missing audio
            file; it has the record and its place.
        set_aside: bad rows are appended to it; without it the first one is raised.
        format: a format, its name in FORMATS, or `module:name`; None finds it.
        sounds: where sound is written that comes as bytes; None leaves it out.

    Raises:
        InputError: the input cannot be read, no format claims it, or a bad row.
    """
    source, chosen = open_source(path, format, sounds)
    yield from rows_of(kind, source, chosen or recognise(source), check, set_aside)


def rows_of(
    kind: type[Record],
    source: Source,
    chosen: Format,
    check: Check[Record] | None = None,
    set_aside: list[BadRow] | None = None,
) -> Iterator[Record]:
    """Yield the records of an input whose format is known. See `read`."""
    check_holds(chosen, kind, source)
    where_of_id: dict[str, str] = {}
    for row in chosen.read(source, kind):
        where, record = row.where, row.record
        try:
            if isinstance(record, InputError):
                raise record
            assert isinstance(record, kind)
            if record.id in where_of_id:
                raise repeated(where, record.id, where_of_id[record.id], chosen.repeats)
            if check is not None:
                check(record, where)
        except InputError as error:
            if set_aside is None:
                raise
            set_aside.append(BadRow(str(source), row.line, row.text, str(error)))
            continue
        where_of_id[record.id] = where
        yield record


def as_lines(
    kind: type[Record], path: AnySource, set_aside: list[BadRow] | None = None
) -> tuple[Source, Parse]:
    """Return a source of plain lines, each of which is one record, and what parses their objects.

    Such lines can be read in any order. JSON lines are taken as they are; what is packed or of
    another form is first written as our own, into a temporary file, which takes the bad rows out.

    Raises:
        InputError: the input cannot be read, no format claims it, or a bad row that is not set
            aside.
    """
    source, chosen = open_source(path)
    chosen = chosen or recognise(source)
    check_holds(chosen, kind, source)
    if chosen.parser is not None and not source.is_array:
        return source.unpack(), chosen.parser(source, kind)
    records = rows_of(kind, source, chosen, None, set_aside)
    lines = source.converted(lambda temporary: OURS.write(records, temporary))
    assert OURS.parser is not None
    return lines, OURS.parser(lines, kind)


def check_holds(chosen: Format, kind: type, source: object) -> None:
    """Refuse a format that has no records of a kind.

    Raises:
        InputError: names the formats that have.
    """
    if not chosen.holds(kind):
        can = ", ".join(name for name, each in FORMATS.items() if each.holds(kind))
        raise InputError(
            f"{source}: {chosen.name} does not hold what makes {name_of(kind)} "
            f"({chosen.expects}); these do: {can}"
        )


def repeated(where: str, id_: str, before: str, hint: str = "") -> InputError:
    """Return the error of an id that an earlier row has."""
    line = before.rpartition(":")[2].strip()
    first = f"line {line}" if line.isdecimal() else before
    return InputError(f"{where}: id '{id_}' was already used in {first}; ids must be unique{hint}")


def load(
    kind: type[Record],
    path: AnySource,
    *,
    out: str | Path,
    on_error: OnError = "stop",
    check: Check[Record] | None = None,
    format: str | Format | None = None,
    sounds: str | Path | None = SOUNDS,
) -> list[Record]:
    """Read a whole file before work begins; with `skip`, bad rows go to `<out>.skipped.jsonl`.

    Raises:
        InputError: a bad row when `on_error` is "stop", or not one good row in the file.
    """
    source, chosen = open_source(path, format, sounds)
    bad: list[BadRow] = []
    aside = bad if on_error == "skip" else None
    records = list(rows_of(kind, source, chosen or recognise(source), check, aside))
    if bad:
        write_aside(bad, out, source, len(records))
    if not records:
        raise InputError(f"{source}: not one usable row; expected {name_of(kind)} in each")
    return records

"""Read records of any format: which one it is, whether ids repeat, what is set aside.

Truth and hypotheses are read together: whether their lines begin with ids is seen from both.
"""

from collections.abc import Callable, Iterator, Sequence, Set
from pathlib import Path
from typing import Literal, NamedTuple

from earmark.errors import InputError, KnobError
from earmark.formats import FORMATS
from earmark.formats.files.line_ids import (
    all_lines,
    begin_together,
    first_fields,
    text_begins_with,
)
from earmark.formats.files.set_aside import BadRow, write_aside
from earmark.formats.files.source import SOUNDS, AnySource, Source
from earmark.formats.format import Format, Parse
from earmark.formats.jsonl import FORMAT as OURS
from earmark.formats.kaldi import FORMAT as KALDI
from earmark.formats.plain import FORMAT as PLAIN
from earmark.formats.schema.fields import name_of
from earmark.lookup import look_up
from earmark.records import MANIFEST, Hypothesis, Record, Utterance

NEAREST = 3

OnError = Literal["stop", "skip"]
Check = Callable[[Record, str], None]


def format_named(name: str) -> Format:
    """Return a format by its name, or the object that `module:name` means.

    Raises:
        KnobError: there is none.
    """
    found = look_up(FORMATS, name, "format")
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
    best = sorted((name for name in near if near[name]), key=lambda n: -near[n])[:NEAREST]
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
        kind: the record to make: Utterance, Hypothesis, Pair or Candidates.
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


class TestFiles(NamedTuple):
    """What was said, what each system wrote, and the folder where paths of the truth start."""

    truths: list[Utterance]
    hyps: list[list[Hypothesis]]
    folder: Path


def read_test(
    truth: str | Path,
    hyps: Sequence[str | Path],
    *,
    format: str | None = None,
    on_error: OnError = "stop",
    sounds: Path | None = None,
) -> TestFiles:
    """Read a truth and the hypotheses of one system or several.

    Args:
        truth: what was said, as FILE or FILE@FORMAT.
        hyps: what each system wrote.
        format: of all files whose name does not say theirs.
        on_error: stop at a bad row, or set it aside in `<file>.skipped.jsonl`.
        sounds: where sound is written that comes as bytes; None leaves it out.

    Raises:
        InputError: a file that cannot be read, a bad row, lines that may begin with ids or
            with words, or plain text that has not one line for each of the truth's.
    """
    opened = [open_source(path, format, sounds) for path in (truth, *hyps)]
    (first, truth_format), *others = opened
    texts = [source for source, found in opened if _are_lines(source, found)]
    alike = _format_of_texts(texts) if first in texts and len(texts) > 1 else None
    truth_format = truth_format or alike or recognise(first)
    truths = load(Utterance, first, out=first.named, on_error=on_error, format=truth_format)
    ids = set() if truth_format == PLAIN else {truth.id for truth in truths}
    read = []
    for source, named in others:
        found = named or (_format_with(ids, source) or alike if source in texts else None)
        found = found or recognise(source)
        rows = load(Hypothesis, source, out=source.named, on_error=on_error, format=found)
        if any(each.numbered for each in (truth_format, found)):
            _check_as_many(source, rows, first, truths)
        read.append(rows)
    return TestFiles(truths, read, first.folder)


def _are_lines(source: Source, found: Format | None) -> bool:
    """Say whether a file of no known format has lines that begin with ids or with words."""
    return found is None and bool(text_begins_with(source)) and not claiming(source, (KALDI, PLAIN))


def _check_as_many(
    source: Source, hyps: Sequence[Hypothesis], first: Source, truths: Sequence[Utterance]
) -> None:
    """Refuse rows without ids that are not as many as those of the truth.

    Raises:
        InputError: says how many each has.
    """
    if len(hyps) != len(truths) and any(_are_numbers(rows) for rows in (hyps, truths)):
        raise InputError(
            f"{source} has {len(hyps)} rows and {first} has {len(truths)}; rows without ids, as "
            "the lines of plain text, are matched by their number, so both need as many. Give them "
            "ids, or write an empty one where a system wrote nothing"
        )


def _are_numbers(rows: Sequence[Utterance | Hypothesis]) -> bool:
    """Say whether the ids of rows are numbers, as those of rows that had none."""
    return all(row.id.isdecimal() for row in rows)


def _format_with(ids: Set[str], source: Source) -> Format | None:
    """Return Kaldi's format for text whose lines all begin with ids of the truth."""
    return KALDI if ids and ids >= set(first_fields(all_lines(source))) else None


def _format_of_texts(sources: Sequence[Source]) -> Format:
    """Return the format of text files that belong together, the truth first."""
    return KALDI if begin_together(sources) == "ids" else PLAIN

"""Judge a file of candidates or pairs into another, streaming; a costly run resumes."""

import json
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Literal, NamedTuple

from earmark.errors import InputError
from earmark.formats.files.lines import write_jsonl
from earmark.formats.files.moving import moved
from earmark.formats.files.set_aside import BadRow, skipped_path, write_aside
from earmark.formats.files.source import Source
from earmark.formats.format import Format
from earmark.formats.reading import input_file, open_source, recognise, rows_of
from earmark.formats.schema.kinds import KINDS, kind_of
from earmark.judges.cases import TRUTH, Judged, case_of
from earmark.judges.choose import Chosen
from earmark.judges.kept import KeptScores, partial_path
from earmark.judges.run import judge_records, total_of
from earmark.judges.tally import Tally, Unjudged
from earmark.pairs.tally import tally_path
from earmark.progress import note, track
from earmark.storage.atomic import atomic_writer, write_text
from earmark.storage.destination import is_special
from earmark.storage.lock import lock_beside, locked
from earmark.storage.outputs import (
    JUDGED,
    KEPT_SCORES,
    SET_ASIDE,
    TALLY,
    UNJUDGED,
    Output,
    beside,
    check_outputs,
)

JUDGING = "another `earmark judge`"


class Reading(NamedTuple):
    """A file of candidates or pairs: where, in which format, and which of the two."""

    source: Source
    format: Format
    kind: type[Any]


def open_rows(path: str | Path) -> Reading:
    """Open a file of candidates or pairs.

    Raises:
        InputError: it cannot be read, or has other records.
    """
    source, chosen = open_source(path)
    format = chosen or recognise(source)
    name = kind_of(source, format)
    if name not in ("candidates", "pairs"):
        raise InputError(
            f"{source}: expected candidates or pairs, found {name}; a row of candidates has "
            "'prompt' and 'candidates', one of a pair 'prompt', 'chosen' and 'rejected'"
        )
    return Reading(source, format, KINDS[name])


def rows_in(
    reading: Reading,
    aside: list[BadRow] | None = None,
    truth: str = TRUTH,
    doing: str = "judging",
) -> Iterator[Judged]:
    """Yield the rows of a file while a progress bar counts them.

    Args:
        reading: the file.
        aside: bad rows are appended to it; without it the first one is raised.
        truth: the field that has the right answer.
        doing: what the progress bar says.

    Raises:
        InputError: a bad row, or one of which no case can be made.
    """

    def check(record: Judged, where: str) -> None:
        try:
            case_of(record, reading.source.folder, truth)
        except InputError as error:
            raise InputError(f"{where}: {error}") from error

    return track(rows_of(reading.kind, reading.source, reading.format, check, aside), doing)


def judge_file(
    rows: Path,
    out: Path,
    chosen: Sequence[Chosen],
    *,
    total: str | None = None,
    truth: str = TRUTH,
    on_error: Literal["stop", "skip"] = "stop",
) -> Tally:
    """Judge the rows of a file; write them with their scores, and beside them what has no score.

    Args:
        rows: candidates or pairs.
        out: the file to write; `OUT.unjudged.jsonl` and `OUT.tally.json` are beside it.
        chosen: the judges.
        total: see `judge_records`, as for the truth.
        truth: the field that has the right answer.
        on_error: stop at a bad row, or set it aside in OUT.skipped.jsonl.

    Raises:
        InputError: rows that cannot be read, or a judge that has scored nothing.
    """
    name, aside, tallied = total_of(chosen, total), unjudged_path(out), Tally()
    keeps = any(each.judge.kept for each in chosen) and not is_special(out)
    check_outputs(outputs_of(out, on_error), [input_file(rows)])
    reading = open_rows(rows)
    old, new = reading.source.folder.absolute(), out.absolute().parent
    bad: list[BadRow] = []
    lock = nullcontext() if is_special(out) else locked(lock_beside(out), JUDGING)
    with lock, atomic_writer(aside) as unjudged:
        if keeps:
            # What costs much does not begin before all rows were read once.
            read = rows_in(reading, [] if on_error == "skip" else None, truth, "reading")
            deque(read, maxlen=0)
        kept = KeptScores(partial_path(out)) if keeps else None
        judged = judge_records(
            rows_in(reading, bad if on_error == "skip" else None, truth),
            chosen,
            tallied,
            folder=reading.source.folder,
            total=name,
            truth=truth,
            kept=kept,
            unjudged=lambda one: unjudged.write(as_line(one)),
        )
        write_jsonl(out, (moved(record, old, new) for record in judged))
        if kept is not None:
            kept.remove()
    if bad:
        write_aside(bad, out, reading.source, tallied.rows)
    write_text(tally_path(out), json.dumps(tallied.as_dict(), indent=2, ensure_ascii=False) + "\n")
    failed = sum(count for reasons in tallied.failed.values() for count in reasons.values())
    note(
        f"{out}: {tallied.rows} rows, {tallied.answers} answers judged"
        + (f"; {failed} scores are missing, each with its reason in {aside}" if failed else "")
    )
    return tallied


def outputs_of(out: Path, on_error: Literal["stop", "skip"] = "stop") -> list[Output]:
    """Return all files that judging into a file may write."""
    skipped = [Output(skipped_path(out), SET_ASIDE)] if on_error == "skip" else []
    partial = [] if is_special(out) else [Output(partial_path(out), KEPT_SCORES)]
    return [
        Output(out, JUDGED),
        Output(unjudged_path(out), UNJUDGED),
        Output(tally_path(out), TALLY),
        *partial,
        *skipped,
    ]


def unjudged_path(out: Path) -> Path:
    """Return where scores that judges did not give are named.

    >>> unjudged_path(Path("judged.jsonl")).name
    'judged.jsonl.unjudged.jsonl'
    """
    return beside(out, ".unjudged.jsonl")


def as_line(one: Unjudged) -> str:
    """Return a score that there is none of as a line of JSON."""
    return json.dumps(one._asdict(), ensure_ascii=False) + "\n"

"""Write the pairs of a file of candidates: read it twice, a row at a time, and keep the tally."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from earmark.errors import InputError
from earmark.formats.files.lines import write_jsonl
from earmark.formats.files.moving import moved
from earmark.formats.files.set_aside import BadRow, write_aside
from earmark.formats.files.source import Source
from earmark.formats.format import Format
from earmark.formats.reading import OnError, input_file, open_source, recognise, rows_of
from earmark.pairs.candidates.choose import Relate, Survey, named_relation, settled
from earmark.pairs.candidates.relate import Lost, check_equal, check_row, new_tally, relate
from earmark.pairs.files import at_least_one, outputs_of
from earmark.pairs.tally import Tally, tally_path
from earmark.progress import track
from earmark.records import Candidates, Pair
from earmark.storage.atomic import atomic_writer, write_text
from earmark.storage.outputs import DROPPED, Output, beside, check_outputs


def dropped_path(out: str | Path) -> Path:
    """Return where prompts and candidates that are in no pair are kept, with the reason.

    >>> dropped_path("pairs.jsonl").name
    'pairs.jsonl.dropped.jsonl'
    """
    return beside(out, ".dropped.jsonl")


def relate_file(
    source: str | Path,
    out: str | Path,
    relation: str | Relate,
    knobs: Mapping[str, Any] | None = None,
    *,
    equal_by: str = "words",
    on_error: OnError = "stop",
) -> Tally:
    """Write the pairs that a relation makes of a file of candidates; return the tally.

    The file is read twice: once to check every row and to see which criteria and models it has, so
    that a bad row or an unknown criterion is found before work begins; once to make the pairs. No
    more than a row is in memory. Prompts and candidates that are in no pair are written to
    `<out>.dropped.jsonl`, each with the reason; pairs are counted in the tally.

    Args:
        source: rows of candidates, as FILE or FILE@FORMAT.
        out: the pairs file to write.
        relation: `NAME[:knob=value]` of RELATIONS, `module:name`, or a function.
        knobs: more knobs of the relation.
        equal_by: which answers are equal and never paired: those of the same words, or of the same
            characters.
        on_error: stop at a bad row, or set it aside in `<out>.skipped.jsonl`.

    Raises:
        InputError: a bad row and `on_error` is "stop", not one good row or not one pair; an output
            that is an input, or another kind of file.
        KnobError: no such relation or knob, or a criterion or a model that no candidate has.
    """
    outputs = [*outputs_of(out, on_error), Output(dropped_path(out), DROPPED)]
    check_outputs(outputs, [input_file(source)])
    check_equal(equal_by)
    asked = named_relation(relation, knobs or {})
    opened, named = open_source(source)
    form = named or recognise(opened)
    survey, bad = _survey(opened, form, on_error)
    if bad:
        write_aside(bad, out, opened, survey.rows)
    chosen, tally = settled(asked, survey), new_tally()
    old, new = opened.folder.absolute(), Path(out).absolute().parent
    rows = rows_of(Candidates, opened, form, check_row, [] if on_error == "skip" else None)
    with atomic_writer(dropped_path(out)) as dropped:
        made = relate(track(rows, "pairs"), chosen, tally, equal_by=equal_by, lost=_writer(dropped))
        there: Iterator[Pair] = (moved(pair, old, new) for pair in made)
        write_jsonl(out, at_least_one(out, there, tally))
    said = {"relation": chosen.name, "knobs": chosen.knobs, **tally.as_dict()}
    write_text(tally_path(out), json.dumps(said, ensure_ascii=False, indent=2) + "\n")
    return tally


def _survey(source: Source, form: Format, on_error: OnError) -> tuple[Survey, list[BadRow]]:
    """Check every row, and see what the file has.

    Raises:
        InputError: a bad row and `on_error` is "stop", or not one good row.
    """
    survey, bad = Survey(), list[BadRow]()
    aside = bad if on_error == "skip" else None
    for row in track(rows_of(Candidates, source, form, check_row, aside), "checking candidates"):
        survey.see(row)
    if not survey.rows:
        raise InputError(f"{source}: not one usable row; expected a row of candidates in each")
    return survey, bad


def _writer(file: IO[str]) -> Callable[[Lost], None]:
    """Make what writes down each prompt and candidate that is in no pair."""

    def write(lost: Lost) -> None:
        file.write(json.dumps(lost.as_row(), ensure_ascii=False) + "\n")

    return write

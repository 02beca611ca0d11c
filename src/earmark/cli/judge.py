"""`earmark judge`: score answers, and check the judges."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from earmark.cli.options.json_out import JsonTarget, check_target, json_output, write_json
from earmark.cli.startup.catalog import summaries
from earmark.cli.startup.later import later
from earmark.errors import KnobError
from earmark.progress import output
from earmark.storage.outputs import JUDGES_CHECKED, check_outputs

if TYPE_CHECKING:
    from earmark.judges.cases import Judged
    from earmark.judges.choose import Chosen

check_judges = later("earmark.evaluate.judging.check:check_judges")
chosen_judges = later("earmark.judges.choose:chosen_judges")
empty_tally = later("earmark.judges.tally:Tally")
judge_file = later("earmark.judges.files:judge_file")
judge_records = later("earmark.judges.run:judge_records")
open_rows = later("earmark.judges.files:open_rows")
outputs_of = later("earmark.judges.files:outputs_of")
rows_in = later("earmark.judges.files:rows_in")
total_of = later("earmark.judges.run:total_of")

BY_HELP = "; ".join(
    [
        "NAME[:knob=value], several with commas. Every judge has the knobs weight (in the "
        "weighted sum) and as (the criterion that it writes)",
        *(f"{name}: {said}" for name, said in summaries("JUDGES", "earmark.judges").items()),
        "module:name: a judge of your own.",
    ]
)


def judge(
    rows: Path,
    out: Path | None = None,
    /,
    *,
    by: Annotated[str | None, Parameter(help=BY_HELP)] = None,
    total: str | None = None,
    truth: str = "truth",
    on_error: Literal["stop", "skip"] = "stop",
    check: bool = False,
    good: str = "good",
    json: JsonTarget = None,
) -> None:
    """Score the answers of candidates or pairs; each judge writes its own criterion.

    A score that a judge cannot give is left out, and named with its reason in OUT.unjudged.jsonl.
    A run with judges that cost much (a reward model, a chat model) is resumed by the same command.

    Args:
        rows: candidates or pairs, in any format that docs/formats.md has; FILE@FORMAT names it.
            Of a pair both sides are scored.
        out: the file to write: the same rows with scores; its tally goes to OUT.tally.json.
        by: the judges.
        total: also write the weighted sum of all judges, under this name; default: not, or as
            `total` where a judge has a weight.
        truth: the field that has the right answer, in the rows themselves, their annotations or
            their other fields; `chosen` takes the chosen answer of a pair.
        on_error: stop at a bad row, or skip it and write it to OUT.skipped.jsonl.
        check: print how far the judges agree, and how they separate good answers from bad ones,
            each with an interval; without --by those whose scores the rows have.
        good: for --check of candidates: the score or extra field of a candidate that says whether
            it is good. Of a pair the chosen answer is good.
        json: write the check as JSON to this file; `-` prints it, and nothing else.
    """
    check_target(json)
    if by is None and not check:
        raise KnobError("earmark judge needs --by JUDGE, or --check for scores that are there")
    if by is not None and out is None and not check:
        raise KnobError("earmark judge needs the file to write: earmark judge IN OUT --by JUDGE")
    if by is None and out is not None:
        raise KnobError("--check without --by writes no rows; leave OUT out, or name judges")
    written = [] if out is None else outputs_of(out, on_error)
    check_outputs([*written, *json_output(json, JUDGES_CHECKED)], [rows])
    # Before models are loaded, which may take minutes.
    open_rows(rows)
    chosen = chosen_judges(by) if by is not None else ()
    if chosen and out is not None:
        tally = judge_file(rows, out, chosen, total=total, truth=truth, on_error=on_error)
        if json != "-":
            output.print(tally.table(str(out)))
    if check:
        names = [each.criterion for each in chosen]
        name = total_of(chosen, total) if chosen else None
        read = _judged(rows, out, chosen, total, truth)
        checked = check_judges(read, [*names, *([name] if name else [])], good=good)
        if json is not None:
            write_json(checked.to_dict(), json)
        for table in checked.tables() if json != "-" else ():
            output.print(table)


def _judged(
    rows: Path, out: Path | None, chosen: "tuple[Chosen, ...]", total: str | None, truth: str
) -> "Iterator[Judged]":
    """Yield rows with scores: those that were written, those of the input, or judged just now."""
    reading = open_rows(rows if out is None else out)
    if out is not None or not chosen:
        there: Iterator[Judged] = rows_in(reading, None, truth)
        return there
    folder = reading.source.folder
    judged: Iterator[Judged] = judge_records(
        rows_in(reading, None, truth),
        chosen,
        empty_tally(),
        folder=folder,
        total=total,
        truth=truth,
    )
    return judged

"""`earmark curate`: choose which pairs to train on."""

from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from earmark.cli.startup.catalog import listed
from earmark.cli.startup.later import later
from earmark.progress import console, note
from earmark.storage.outputs import HTML, Output

curate_file = later("earmark.curate.files:curate_file")
places_of = later("earmark.curate.files:places_of")
knobs_of = later("earmark.curate.steps:knobs_of")
steps_of = later("earmark.curate.steps:steps_of")
curation_table = later("earmark.curate.table:curation_table")
write_page = later("earmark.report.curation:write_page")

BY_HELP = " ".join(
    [
        "Curators that follow each other, each with knobs of its own: NAME:knob=value,NAME.",
        *(f"{name}: {of.summary}" for name, of in listed("CURATORS", "earmark.curate").items()),
        "module:name: a curator of your own.",
    ]
)


def curate(
    pairs: Path,
    out: Path,
    *,
    by: Annotated[str, Parameter(help=BY_HELP)] = "gap",
    control: bool = False,
    report: Path | None = None,
    criterion: str | None = None,
    keep_share: float | None = None,
    seed: int | None = None,
    on_error: Literal["stop", "skip"] = "stop",
    **knobs: float | str,
) -> None:
    """Choose which pairs to train on; the others go to OUT.dropped.jsonl with step and reason.

    Args:
        pairs: pairs, in any format that docs/formats.md has; FILE@FORMAT names it.
        out: the pairs file to write; its tally goes to OUT.tally.json.
        by: the curators.
        control: write as many pairs, drawn at random from all, to OUT.control.jsonl.
        report: a page to write: what was dropped and why, and what the pairs are like before and
            after. Its numbers are also in OUT.tally.json.
        criterion: name of the scores, for each curator that reads some and has none named.
        keep_share: share of the pairs that gap and random keep, above 0 and at most 1; default:
            0.8.
        seed: of each draw, the control's too; default: 0.
        on_error: stop at a bad row, or skip it and write it to OUT.skipped.jsonl.
        knobs: other knobs, for each curator that has one of this name, such as --least 0.7.
    """
    given: dict[str, Any] = {"criterion": criterion, "keep_share": keep_share, "seed": seed}
    shared = {name: value for name, value in given.items() if value is not None} | knobs
    if control and not any("seed" in knobs_of(step.curator) for step in steps_of(by)):
        shared.pop("seed", None)
    steps = steps_of(by, shared, texts=True)
    page = [Output(report, HTML)] if report is not None else []
    result = curate_file(
        pairs, out, steps, control=control, seed=seed or 0, on_error=on_error, more=page
    )
    if report is not None:
        write_page(result, report)
    console.print(curation_table(result, str(out)))
    written = places_of(out, control)
    total = result["kept"] + result["dropped"]
    note(
        f"{out}: {result['kept']} of {total} pairs kept; why the others are not: {written.dropped}"
    )

"""All results of a comparison in one file, so that its tables can be printed without its runs."""

import json
from pathlib import Path
from typing import Any

from earmark.errors import InputError
from earmark.experiments.cells import Cell, Result, write_result
from earmark.experiments.which_objective.arms import ARMS, CORE
from earmark.experiments.which_objective.conditions import CONDITIONS
from earmark.experiments.which_objective.scale import Scale
from earmark.experiments.which_objective.schedule import Plan
from earmark.formats.files.lines import write_jsonl
from earmark.storage.atomic import write_text
from earmark.storage.outputs import KEPT_RESULTS, Output, check_outputs

BASE = Path("results/base.json")


def check_kept(path: Path) -> None:
    """Refuse a file for results that holds something else.

    Raises:
        InputError: it does.
    """
    check_outputs([Output(path, KEPT_RESULTS)])


def keep_results(out: Path, path: Path) -> int:
    """Write a folder's scale, its base model's result and all others to one JSONL file.

    Returns how many runs are in it.

    Raises:
        InputError: the folder has no results, or the file holds something else.
    """
    check_kept(path)
    if not (out / BASE).is_file():
        raise InputError(f"{out}: no results here; run the comparison first, with this --out")
    runs = [read_object(run) for run in sorted((out / "results").glob("*/*/*/*.json"))]
    head = {"scale": read_object(out / "scale.json"), "base": read_object(out / BASE)}
    write_jsonl(path, [head, *runs])
    return len(runs)


def unpack_results(path: Path, out: Path) -> Scale:
    """Write the results of a file that `keep_results` made back into a folder.

    Raises:
        InputError: it is no such file.
    """
    try:
        head, *runs = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        scale = Scale(**{**head["scale"], "rates": tuple(head["scale"]["rates"])})
        write_text(out / BASE, json.dumps(head["base"]))
        for run in runs:
            write_result(out, cell_of(run), run)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path}: expected the results of a comparison, as --keep writes them: {error}"
        ) from error
    return scale


def cell_of(run: Result) -> Cell:
    """Return which run a result is of."""
    return Cell(run["condition"], run["arm"], run["rate"], run["seed"])


def plan_of_results(out: Path) -> Plan:
    """Return the plan that a folder's results are part of, in the order of the tables."""
    cells = [cell_of(read_object(run)) for run in (out / "results").glob("*/*/*/*.json")]
    there = {cell.condition for cell in cells}, {cell.arm for cell in cells}
    return Plan(
        [name for name in CONDITIONS if name in there[0]],
        [name for name in dict.fromkeys((*CORE, *ARMS)) if name in there[1]],
        max(cell.seed for cell in cells) + 1,
    )


def read_object(path: Path) -> dict[str, Any]:
    """Read one JSON object."""
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found

"""The plan that the results of a file belong to."""

from pathlib import Path

from earmark.experiments.kept import cell_of, read_object
from earmark.experiments.which_objective.arms import ARMS, CORE
from earmark.experiments.which_objective.conditions import CONDITIONS
from earmark.experiments.which_objective.schedule import Plan


def plan_of_results(out: Path) -> Plan:
    """Return the plan that a folder's results are part of, in the order of the tables."""
    cells = [cell_of(read_object(run)) for run in (out / "results").glob("*/*/*/*.json")]
    there = {cell.condition for cell in cells}, {cell.arm for cell in cells}
    return Plan(
        [name for name in CONDITIONS if name in there[0]],
        [name for name in dict.fromkeys((*CORE, *ARMS)) if name in there[1]],
        max(cell.seed for cell in cells) + 1,
    )

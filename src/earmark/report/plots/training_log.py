"""Read RUN/log.jsonl, one JSON object per logged step, into curves by metric."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from earmark.errors import InputError
from earmark.formats.files.lines import numbered_lines, parse_line
from earmark.policies.checkpoint.json_object import read_object
from earmark.report.plots.curves import Line

LOG, RUN = "log.jsonl", "run.json"

Objective = Mapping[str, Any]
"""What a run optimized, as run.json has it: `name`, `sft_weight`, `wrappers`, the knobs."""


class Figure(NamedTuple):
    """What one figure shows: metric in the log -> what its line is called beside the run's name.

    `ignores` are the parts of an objective that do not change the metric's scale. None: the
    metric has the same scale under every objective.
    """

    title: str
    metrics: Mapping[str, str]
    ignores: frozenset[str] | None = None


FIGURES = (
    Figure("Loss", {"loss": ""}, frozenset()),
    Figure("Reward margin", {"rewards/margins": ""}, frozenset({"sft_weight"})),
    Figure("Preference accuracy", {"rewards/accuracies": ""}),
    Figure(
        "Log-probability since the start (nats)",
        {"logps/chosen_shift": "chosen", "logps/rejected_shift": "rejected"},
    ),
)


class RunLog(NamedTuple):
    """A training run's log: metric -> (steps, values). Steps without the metric are left out.

    `objective` is what run.json says of it, None where there is no run.json.
    """

    name: str
    metrics: Mapping[str, tuple[list[int], list[float]]]
    objective: Objective | None = None


def read_run(run: str | Path) -> RunLog:
    """Read a run's log and objective; its name is the folder's.

    Raises:
        InputError: no log there, a line that is not a JSON object with a step, or no line; a
            run.json that is not a JSON object.
    """
    path = Path(run) / LOG
    if not path.is_file():
        raise InputError(f"{path}: not found; expected the folder that `earmark train --out` made")
    metrics: dict[str, tuple[list[int], list[float]]] = {}
    for number, raw in numbered_lines(path):
        row = parse_line(raw, f"{path}:{number}")
        if not isinstance(row, dict) or not isinstance(row.get("step"), int):
            raise InputError(f"{path}:{number}: expected a JSON object with a whole 'step'")
        for name, value in row.items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                steps, values = metrics.setdefault(name, ([], []))
                steps.append(row["step"])
                values.append(float(value))
    if not metrics:
        raise InputError(f"{path}: the log is empty; nothing was trained")
    return RunLog(Path(run).resolve().name, metrics, _objective_of(Path(run) / RUN))


def read_runs(runs: Sequence[str | Path]) -> list[RunLog]:
    """Read the folders of several runs; where two have one name, all show the folder above too.

    Raises:
        InputError: what `read_run` refuses, or a folder that is given twice.
    """
    paths = [Path(run).resolve() for run in runs]
    twice = next((path for path in paths if paths.count(path) > 1), None)
    if twice is not None:
        raise InputError(f"{twice}: this run is given twice; give each run once")
    depth = 1
    while len({path.parts[-depth:] for path in paths}) < len(paths):
        depth += 1
    return [read_run(path)._replace(name="/".join(path.parts[-depth:])) for path in paths]


def _objective_of(path: Path) -> Objective | None:
    """Read what a run optimized.

    Raises:
        InputError: run.json is there and is not a JSON object.
    """
    if not path.is_file():
        return None
    run, problem = read_object(path)
    if problem:
        raise InputError(problem)
    objective = run.get("objective")
    return objective if isinstance(objective, dict) else None


def curves(runs: Sequence[RunLog], systems: Sequence[str] = ()) -> dict[str, list[Line]]:
    """Gather the lines of each figure, title -> lines; a figure that no run has is left out.

    Losses and reward margins of different objectives have different scales (DPO's margin is
    relative to a reference and times beta, SimPO's is a mean per token), so each objective has
    a figure of its own. A run that is called like a system takes that system's colour.
    """
    names = [*systems, *(run.name for run in runs if run.name not in systems)]
    figures: dict[str, list[Line]] = {}
    for figure in FIGURES:
        groups: dict[str, list[Line]] = {}
        for run in runs:
            lines = _lines(figure, run, names.index(run.name))
            if lines:
                groups.setdefault(_scale(run, figure.ignores), []).extend(lines)
        for scale, lines in groups.items():
            title = f"{figure.title}: {scale}" if len(groups) > 1 else figure.title
            figures[title] = lines
    return figures


def _lines(figure: Figure, run: RunLog, colour: int) -> list[Line]:
    """Return the lines of one run in a figure."""
    return [
        Line(
            f"{run.name} {label}".strip(),
            *run.metrics[metric],
            colour=colour,
            dashed=label == "rejected",
        )
        for metric, label in figure.metrics.items()
        if metric in run.metrics
    ]


def _scale(run: RunLog, ignores: frozenset[str] | None) -> str:
    """Name the scale on which a run's metric lies: its objective, without what is ignored.

    >>> _scale(RunLog("a", {}, {"name": "dpo", "sft_weight": 3.0, "beta": 0.1}), frozenset())
    'dpo, sft_weight 3.0, beta 0.1'
    >>> _scale(RunLog("a", {}, {"name": "dpo", "sft_weight": 0.0}), frozenset())
    'dpo'
    """
    if ignores is None:
        return ""
    if run.objective is None:
        return f"objective of {run.name} not known"
    parts = [
        str(value) if knob == "name" else f"{knob} {value}"
        for knob, value in run.objective.items()
        if knob not in ignores and (knob, value) != ("sft_weight", 0)
    ]
    return ", ".join(parts)

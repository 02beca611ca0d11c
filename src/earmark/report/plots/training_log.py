"""Read RUN/log.jsonl, one JSON object per logged step, into curves by metric."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from earmark.errors import InputError
from earmark.files import numbered_lines, parse_line
from earmark.report.plots.curves import Line

LOG = "log.jsonl"

CURVES = {
    "Loss": {"loss": ""},
    "Reward margin": {"rewards/margins": ""},
    "Preference accuracy": {"rewards/accuracies": ""},
    "Log-probability since the start (nats)": {
        "logps/chosen_shift": "chosen",
        "logps/rejected_shift": "rejected",
    },
}
"""Title of a figure -> metric in the log -> what its line is called beside the run's name."""


class RunLog(NamedTuple):
    """A training run's log: metric -> (steps, values). Steps without the metric are left out."""

    name: str
    metrics: Mapping[str, tuple[list[int], list[float]]]


def read_run(run: str | Path) -> RunLog:
    """Read a run's folder; its name is the folder's.

    Raises:
        InputError: no log there, a line that is not a JSON object with a step, or no line.
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
    return RunLog(Path(run).resolve().name, metrics)


def curves(runs: Sequence[RunLog], systems: Sequence[str] = ()) -> dict[str, list[Line]]:
    """Gather the lines of each figure, title -> lines; a figure that no run has is left out.

    A run that is called like a system takes that system's colour.
    """
    names = [*systems, *(run.name for run in runs if run.name not in systems)]
    figures: dict[str, list[Line]] = {}
    for title, metrics in CURVES.items():
        lines = [
            Line(
                f"{run.name} {label}".strip(),
                *run.metrics[metric],
                colour=names.index(run.name),
                dashed=label == "rejected",
            )
            for run in runs
            for metric, label in metrics.items()
            if metric in run.metrics
        ]
        if lines:
            figures[title] = lines
    return figures

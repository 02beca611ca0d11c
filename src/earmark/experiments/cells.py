"""Result files: one small JSON file for each condition, arm, learning rate and seed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from math import inf
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple, Protocol

from earmark.errors import InputError
from earmark.storage.atomic import write_text
from earmark.storage.outputs import check_folder

Result = dict[str, Any]


class Cell(NamedTuple):
    """What one run is: everything that tells it from the others."""

    condition: str
    arm: str
    rate: float
    seed: int

    @property
    def place(self) -> Path:
        """Return where it is kept, below the folder of results or of runs."""
        return Path(self.condition) / self.arm / f"rate-{self.rate:g}" / f"seed-{self.seed}"


def result_path(out: Path, cell: Cell) -> Path:
    """Return the file of a cell's result."""
    return out / "results" / cell.place.with_suffix(".json")


def read_result(out: Path, cell: Cell) -> Result | None:
    """Read a result, or return None where there is none yet."""
    path = result_path(out, cell)
    return json.loads(path.read_text("utf-8")) if path.is_file() else None


def write_result(out: Path, cell: Cell, result: Result) -> Result:
    """Write a result whole or not at all."""
    path = result_path(out, cell)
    write_text(path, json.dumps({**cell._asdict(), **result}, indent=1) + "\n")
    return result


def choose_rate(errors: Mapping[float, Sequence[float | None]]) -> float:
    """Return the learning rate with the lowest mean error rate on the development set.

    None is a run that failed, which is worse than any other. Of equal rates the smallest is taken.

    >>> choose_rate({1e-4: [0.2, 0.4], 3e-4: [0.1, 0.3]})
    0.0003
    """
    return min(sorted(errors), key=lambda r: mean(inf if e is None else e for e in errors[r]))


class Tries(Protocol):
    """The learning rates of a comparison, and how many seeds try all of them."""

    @property
    def rates(self) -> tuple[float, ...]:
        """Return the rates."""

    @property
    def rate_seeds(self) -> int:
        """Return the number of seeds, from seed 0 on."""


def chosen_rate(out: Path, tries: Tries, condition: str, arm: str) -> float | None:
    """Return the learning rate that the development set chose; None before all were tried."""
    errors: dict[float, list[float | None]] = {rate: [] for rate in tries.rates}
    for seed in range(tries.rate_seeds):
        for rate in errors:
            result = read_result(out, Cell(condition, arm, rate, seed))
            if result is None:
                return None
            errors[rate].append(result["development"])
    return choose_rate(errors)


def check_scale(out: Path, scale: Any) -> None:
    """Store the scale of a folder's results, or refuse to add results of another one.

    Raises:
        InputError: the folder has results of another scale, or something else.
    """
    path, now = out / "scale.json", json.loads(json.dumps(asdict(scale)))
    if not path.is_file():
        unpacked = (out / "results" / "base.json").is_file()
        check_folder(out, unpacked, "an earlier comparison")
        write_text(path, json.dumps(now, indent=1) + "\n")
        return
    before = json.loads(path.read_text("utf-8"))
    changed = [name for name in now if before.get(name) != now[name]]
    if changed:
        raise InputError(
            f"{out}: its results were made with other values of {', '.join(changed)}; "
            "repeat those or choose another --out"
        )

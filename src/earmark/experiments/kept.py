"""All results of a comparison in one file, so that its tables can be printed without its runs."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from earmark.errors import InputError
from earmark.experiments.cells import Cell, Result, write_result
from earmark.formats.files.lines import write_jsonl
from earmark.storage.atomic import write_text
from earmark.storage.outputs import KEPT_RESULTS, Output, check_outputs

BASE = Path("results/base.json")

Scale = TypeVar("Scale")


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


def unpack_results(path: Path, out: Path, scale_of: Callable[..., Scale]) -> Scale:
    """Write the results of a file that `keep_results` made back into a folder.

    `scale_of` makes the comparison's scale of its values.

    Raises:
        InputError: it is no such file.
    """
    try:
        head, *runs = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        scale = scale_of(**{**head["scale"], "rates": tuple(head["scale"]["rates"])})
        cells = [cell_of(run) for run in runs]
        write_text(out / BASE, json.dumps(head["base"]))
        for cell, run in zip(cells, runs, strict=True):
            write_result(out, cell, run)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path}: expected the results of a comparison, as --keep writes them: {error}"
        ) from error
    return scale


def cell_of(run: Result) -> Cell:
    """Return which run a result is of.

    Raises:
        ValueError: its names or numbers are none; a file of results may be another's.
    """
    cell = Cell(run["condition"], run["arm"], run["rate"], run["seed"])
    for name in (cell.condition, cell.arm):
        if not isinstance(name, str) or name in ("", ".", "..") or "/" in name or "\\" in name:
            raise ValueError(f"{name!r} is no name of a condition or an arm")
    if type(cell.rate) not in (float, int) or type(cell.seed) is not int:
        raise ValueError(f"expected a rate and a seed, found {cell.rate!r} and {cell.seed!r}")
    return cell


def read_object(path: Path) -> dict[str, Any]:
    """Read one JSON object."""
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found

"""The folder of a run: what it is, how far it has come, whether it may resume."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

from earmark.errors import InputError
from earmark.policies.checkpoint.run_description import RUN
from earmark.progress import note
from earmark.storage.atomic import write_text
from earmark.storage.lock import lock_in, locked
from earmark.storage.outputs import check_folder
from earmark.storage.regular import read_regular
from earmark.train.distributed import Processes
from earmark.train.resume.checkpoints import Checkpoints

LOG = "log.jsonl"
TRAINING = "another training"
ALLOWED_TO_CHANGE = {
    "versions",
    "weights",
    "loaded",
    "save_total_limit",
    "report_to",
    "device",
    "dataloader_num_workers",
    "cache_dir",
    "cache_features",
    "reference_logps",
}


def check_run_folder(run: Path, inputs: Sequence[str | Path] = ()) -> None:
    """Refuse to train into a folder that holds anything but a run of `earmark train`.

    Args:
        run: the folder; it need not exist.
        inputs: files and folders that the run reads.

    Raises:
        InputError: a file, an input, a folder with other things in it, such as a model, or with
            a damaged run.json.
    """
    if (run / RUN).is_file():
        read_run(run)
    check_folder(run, is_run(run), "the run of an earlier `earmark train`", inputs)


def is_run(folder: Path) -> bool:
    """Return whether a folder holds a run, finished or not; an exported model is none."""
    try:
        found = json.loads(read_regular(folder / RUN))
    except (InputError, OSError, ValueError, RecursionError):
        return False
    return isinstance(found, dict) and "settings" in found and "exported" not in found


@contextmanager
def alone_in(run: Path, together: Processes) -> Iterator[None]:
    """Hold the lock of a run folder; the first process does so for all.

    Raises:
        InputError: another training writes there.
    """
    with locked(lock_in(run), TRAINING) if together.is_first else nullcontext():
        yield


class Opened(NamedTuple):
    """A run folder that is ready: its checkpoints, the one to resume from, if the run has ended."""

    checkpoints: Checkpoints
    checkpoint: Path | None
    is_finished: bool


def open_run(
    run: Path, description: dict[str, Any], together: Processes, *, keep: int = 2
) -> Opened:
    """Start a run folder, or find that it holds the same run and where that resumes.

    The first process writes; the others wait for it and then read what it wrote.

    Args:
        run: the folder.
        description: what the run is, for run.json.
        together: the processes.
        keep: how many checkpoints are kept.

    Raises:
        InputError: the folder holds a run with other settings, its run.json is damaged, or it has
            checkpoints of another run.
    """
    path = run / RUN
    known = path.is_file()
    together.wait()
    if not known:
        if together.is_first:
            _write(path, {"id": uuid4().hex, **description})
        together.wait()
    before = read_run(run)
    if known:
        _refuse_other_run(run, before, json.loads(json.dumps(description)))
    if "id" not in before and together.is_first:
        _write(path, {"id": uuid4().hex, **before})
    together.wait()
    found = read_run(run)
    checkpoints = Checkpoints(run, str(found["id"]), keep)
    if found.get("finished"):
        return Opened(checkpoints, None, True)
    return Opened(checkpoints, together.of_first(checkpoints.resumable), False)


def _refuse_other_run(run: Path, before: dict[str, Any], now: dict[str, Any]) -> None:
    """Refuse to resume a run with other settings; note what computes the same weights now."""
    moved = moves(before, now)
    if moved:
        now["model"]["hash"] = before["model"].get("hash")
    changed = _differences(before, now)
    if moved and not changed:
        note(
            f"{run}: resuming with the same weights, but {' and '.join(moved)}: the reference is "
            "computed again, and losses may differ in their last digits"
        )
    if changed:
        raise InputError(
            f"{run}: this folder holds another run; it differs in {'; '.join(changed)}. "
            "Choose another --out, or repeat the settings of run.json to resume that run"
        )


def read_run(run: Path) -> dict[str, Any]:
    """Read what a run folder says of its run.

    Raises:
        InputError: run.json is cut off or damaged.
    """
    path = run / RUN
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise _damaged(path, str(error)) from error
    if not isinstance(found, dict):
        raise _damaged(path, f"expected a JSON object, found {type(found).__name__}")
    for name in ("objective", "settings", "model", "pairs", "versions"):
        if not isinstance(found.get(name, {}), dict):
            raise _damaged(path, f"{name} should be an object, found {found[name]!r}")
    return found


def _damaged(path: Path, why: str) -> InputError:
    return InputError(
        f"{path}: cut off or damaged: {why}. It says which run this folder holds; put a copy of it "
        "back, or start again with another --out. Nothing in the folder was changed"
    )


def is_finished(run: Path) -> bool:
    """Return whether a run has ended and been saved.

    Raises:
        InputError: run.json is damaged.
    """
    return bool(read_run(run).get("finished"))


def finish_run(run: Path) -> None:
    """Mark a run as finished."""
    _write(run / RUN, read_run(run) | {"finished": True})


def _write(path: Path, description: dict[str, Any]) -> None:
    write_text(path, json.dumps(description, indent=2, ensure_ascii=False) + "\n")


def moves(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Say what computes the same weights now, where that explains another hash of the model.

    The hash is what caches go by, so it changes with the device and with transformers. A run may
    resume all the same if the stored weights and the number type are what they were.
    """
    there, here = before.get("model", {}), now.get("model", {})
    if there.get("hash") == here.get("hash") or not here.get("weights"):
        return []
    then, loaded = there.get("loaded", {}), here["loaded"]
    if there.get("weights") != here["weights"] or then.get("dtype") != loaded["dtype"]:
        return []
    facts = {
        "on": (then.get("device"), loaded["device"]),
        "with transformers": (
            before.get("versions", {}).get("transformers"),
            now["versions"]["transformers"],
        ),
    }
    return [f"{how} {new} ({old} before)" for how, (old, new) in facts.items() if old != new]


def _differences(before: dict[str, Any], now: dict[str, Any], where: str = "") -> list[str]:
    found = []
    for key in now:
        if key in ALLOWED_TO_CHANGE:
            continue
        old, new = before.get(key), now[key]
        if isinstance(old, dict) and isinstance(new, dict):
            found += _differences(old, new, f"{where}{key}.")
        elif old != new and f"{where}{key}" == "model.hash":
            found.append(
                "the model: its weights, configuration, processor or number type "
                f"({' '.join(_loaded(before))} there, {' '.join(_loaded(now))} here)"
            )
        elif old != new:
            found.append(f"{where}{key} (there {old!r}, here {new!r})")
    return found


def _loaded(model: dict[str, Any]) -> list[str]:
    """Return how a model was loaded: number type, device."""
    loaded = model.get("loaded", {})
    return [str(loaded.get(name, "unknown")) for name in ("dtype", "device")]

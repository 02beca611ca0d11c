"""The folder of a run: what it is, how far it has come, whether it may go on."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_callback import ProgressCallback

from earmark.errors import InputError
from earmark.files import write_jsonl
from earmark.policies.checkpoint.weights_hash import RUN
from earmark.progress import note
from earmark.storage.append import AppendFile
from earmark.storage.atomic import write_text
from earmark.storage.outputs import check_folder
from earmark.train.distributed import Processes

LOG = "log.jsonl"
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
        InputError: a file, an input, or a folder with other things in it, such as a model.
    """
    check_folder(run, is_run(run), "the run of an earlier `earmark train`", inputs)


def is_run(folder: Path) -> bool:
    """Say whether a folder holds a run, finished or not; an exported model is none."""
    try:
        found = json.loads((folder / RUN).read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(found, dict) and "settings" in found and "exported" not in found


def last_checkpoint(run: Path) -> Path | None:
    """Return the newest checkpoint that was written to its end.

    The trainer's state is a checkpoint's last file, so one that parses is a whole checkpoint;
    a run that was killed while saving goes on from the one before.
    """
    whole = []
    for folder in run.glob("checkpoint-*"):
        try:
            json.loads((folder / "trainer_state.json").read_text("utf-8"))
        except (OSError, ValueError):
            continue
        whole.append(folder)
    return max(whole, key=lambda folder: int(folder.name.split("-")[1]), default=None)


def open_run(run: Path, description: dict[str, Any], together: Processes) -> Path | None:
    """Start a run folder, or find the checkpoint from which the same run goes on.

    The first process writes; the others wait for it and then read what it wrote.

    Raises:
        InputError: the folder holds a run with other settings.
    """
    path = run / RUN
    known = path.is_file()
    together.wait()
    if not known:
        if together.is_first:
            write_text(path, json.dumps(description, indent=2, ensure_ascii=False) + "\n")
        together.wait()
        return None
    before = json.loads(path.read_text("utf-8"))
    now = json.loads(json.dumps(description))
    moved = moves(before, now)
    if moved:
        now["model"]["hash"] = before["model"]["hash"]
    changed = _differences(before, now)
    if moved and not changed:
        note(
            f"{run}: going on with the same weights, but {' and '.join(moved)}: the reference is "
            "asked again, and losses may differ in their last digits"
        )
    if changed:
        raise InputError(
            f"{run}: this folder holds another run; it differs in {'; '.join(changed)}. "
            "Choose another --out, or repeat the settings of run.json to go on with that run"
        )
    return last_checkpoint(run)


def is_finished(run: Path) -> bool:
    """Tell whether a run has ended and been saved."""
    return bool(json.loads((run / RUN).read_text("utf-8")).get("finished"))


def finish_run(run: Path) -> None:
    """Mark a run as finished."""
    path = run / RUN
    description = json.loads(path.read_text("utf-8")) | {"finished": True}
    write_text(path, json.dumps(description, indent=2, ensure_ascii=False) + "\n")


def moves(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Say what computes the same weights now, where that explains another hash of the model.

    The hash is what caches go by, so it changes with the device and with transformers. A run may
    go on all the same if the stored weights and the number type are what they were.
    """
    there, here = before.get("model", {}), now.get("model", {})
    if there.get("hash") == here.get("hash") or not here.get("weights"):
        return []
    then, loaded = there.get("loaded", {}), here["loaded"]
    if there.get("weights") != here["weights"] or then.get("dtype") != loaded["dtype"]:
        return []
    facts = {
        "on": (then["device"], loaded["device"]),
        "with transformers": (
            before["versions"]["transformers"],
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


class LogFile(TrainerCallback):
    """Write each log to RUN/log.jsonl; on resume the file is cut back to the checkpoint."""

    def __init__(self, run: Path) -> None:
        self.path = run / LOG

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Start from what the checkpoint remembers."""
        if state.is_world_process_zero:
            write_jsonl(self.path, state.log_history)

    def on_log(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Append the newest line."""
        if state.is_world_process_zero:
            AppendFile(self.path).append(state.log_history[-1])


class ProgressLine(ProgressCallback):
    """The library's progress bar, the newest loss beside it instead of printed dictionaries."""

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        """Show loss and margin beside the bar."""
        if self.training_bar is not None and logs:
            shown = {"loss": logs.get("loss"), "margin": logs.get("rewards/margins")}
            self.training_bar.set_postfix(
                {k: f"{v:.3f}" for k, v in shown.items() if v is not None}
            )

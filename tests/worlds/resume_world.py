"""Stop a finished run after one of its checkpoints, as a kill would have left it."""

import json
import shutil
from pathlib import Path

from earmark.train.resume.sealed import LIST, seal

SAME = ("step", "loss", "grad_norm", "learning_rate", "rewards/margins", "logps/chosen_shift")


def losses_of(run: Path) -> list[list[float]]:
    rows = map(json.loads, (run / "log.jsonl").read_text("utf-8").splitlines())
    return [[row[name] for name in SAME if name in row] for row in rows if "loss" in row]


def stop_after(whole: Path, step: int, stopped: Path) -> Path:
    """Copy a run and take away what it wrote after a step; return the checkpoint of that step."""
    shutil.copytree(whole, stopped)
    for path in stopped.glob("checkpoint-*"):
        if int(path.name.split("-")[1]) > step:
            shutil.rmtree(path)
    for path in stopped.iterdir():
        if path.is_file() and path.name != "run.json":
            path.unlink()
    described = json.loads((stopped / "run.json").read_text("utf-8"))
    del described["finished"]
    (stopped / "run.json").write_text(json.dumps(described), "utf-8")
    return stopped / f"checkpoint-{step}"


def reseal(checkpoint: Path) -> None:
    """List a checkpoint's files anew, as if what is there now had been written so."""
    listed = json.loads((checkpoint / LIST).read_text("utf-8"))
    seal(checkpoint, listed["run"], listed["step"])

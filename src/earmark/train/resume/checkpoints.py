"""The checkpoints of a run: written whole or not at all, kept by number, resumed if undamaged.

A checkpoint is written in a hidden folder and takes its name when all of its files, listed with
their hashes and the identity of the run, are there. What has no such list, or another run's, was
written by something else: it is never resumed from and never removed.
"""

import os
import re
import shutil
from pathlib import Path

from earmark.errors import InputError
from earmark.progress import note
from earmark.storage.atomic import write_text
from earmark.storage.leftovers import temporary_beside
from earmark.train.resume.sealed import LIST, Sealed, damage, read_seal, seal

NAME = re.compile(r"checkpoint-(\d+)")
SAVING = ".saving"
REASON = "DAMAGED.txt"


class Checkpoints:
    """The checkpoints in a run folder; only the first of several processes calls its methods."""

    def __init__(self, run: Path, identity: str = "", keep: int = 2) -> None:
        self.run = run
        self.identity = identity
        self.keep = keep

    @property
    def saving(self) -> Path:
        """Return the folder in which the next checkpoint is written."""
        return self.run / SAVING

    def begin(self) -> None:
        """Remove what is left of a checkpoint that was not written to its end."""
        shutil.rmtree(self.saving, ignore_errors=True)

    def finish(self, step: int) -> None:
        """Give a checkpoint that was written its name, and remove the oldest beyond `keep`.

        Raises:
            InputError: there is a checkpoint of that name already.
        """
        folder = self.run / f"checkpoint-{step}"
        seal(self.saving / folder.name, self.identity, step)
        if os.path.lexists(folder):
            raise InputError(
                f"{folder}: something is there already, and this run did not write it; move it out "
                f"of {self.run} and run the same command again"
            )
        (self.saving / folder.name).rename(folder)
        self.begin()
        for old in self._own()[self.keep :]:
            _remove(old)

    def resumable(self) -> Path | None:
        """Return the newest undamaged checkpoint; a damaged one is set aside, and this is noted.

        Raises:
            InputError: a checkpoint of another run, or of another program.
        """
        self.begin()
        self.refuse_foreign()
        damaged = False
        for folder in numbered(self.run):
            reason = self._damage(folder)
            if reason is None:
                return folder
            aside = _set_aside(folder, reason)
            note(f"{folder}: damaged: {reason}. It is set aside as {aside.name}")
            damaged = True
        if damaged:
            note(f"{self.run}: no undamaged checkpoint is left: the run starts from its first step")
        return None

    def refuse_foreign(self) -> None:
        """Refuse a run folder with checkpoints that this run did not write.

        Raises:
            InputError: names the checkpoint.
        """
        for folder in numbered(self.run):
            sealed = read_seal(folder)
            if not (folder / LIST).is_file():
                raise _foreign(folder, f"it has no {LIST}")
            if sealed is not None and sealed.run != self.identity:
                raise _foreign(folder, f"its {LIST} names another run")

    def _damage(self, folder: Path) -> str | None:
        sealed = read_seal(folder)
        if sealed is None:
            return f"{LIST} is cut off, or not what was written"
        if f"checkpoint-{sealed.step}" != folder.name:
            return f"it is the checkpoint of step {sealed.step}, by its {LIST}"
        return damage(folder, sealed)

    def _own(self) -> list[Path]:
        """Return the checkpoints that this run wrote, the newest first."""
        return [folder for folder in numbered(self.run) if _run_of(folder) == self.identity]


def numbered(run: Path) -> list[Path]:
    """Return the folders that are named as checkpoints are, the newest first.

    `checkpoint-best` or `checkpoint-2.bak` are somebody's own.
    """
    steps = {
        int(found[1]): path
        for path in run.glob("checkpoint-*")
        if path.is_dir() and (found := NAME.fullmatch(path.name))
    }
    return [steps[step] for step in sorted(steps, reverse=True)]


def last_checkpoint(run: Path) -> Path | None:
    """Return the newest checkpoint that Earmark wrote to its end, damaged or not."""
    return next((folder for folder in numbered(run) if read_seal(folder)), None)


def _run_of(folder: Path) -> str | None:
    sealed: Sealed | None = read_seal(folder)
    return None if sealed is None else sealed.run


def _foreign(folder: Path, why: str) -> InputError:
    return InputError(
        f"{folder}: not a checkpoint of the run in {folder.parent}: {why}. Nothing is resumed from "
        "it and nothing of it is removed: move it to another folder, or choose another --out"
    )


def _set_aside(folder: Path, reason: str) -> Path:
    """Rename a damaged checkpoint, and write the reason into it."""
    number, aside = 1, folder.with_name(f"{folder.name}.damaged")
    while os.path.lexists(aside):
        number += 1
        aside = folder.with_name(f"{folder.name}.damaged-{number}")
    folder.rename(aside)
    write_text(aside / REASON, reason + "\n")
    return aside


def _remove(folder: Path) -> None:
    """Remove a checkpoint so that a kill on the way leaves nothing under its name."""
    gone = temporary_beside(folder)
    folder.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)

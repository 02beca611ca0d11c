"""The list of a checkpoint's files, which shows whose it is and that none of them is damaged."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import xxhash  # BLAKE2b reads 0.4 to 1 GB a second, and a checkpoint may have a hundred GB.

from earmark.errors import InputError
from earmark.storage.atomic import write_text
from earmark.storage.digests import of_file

LIST = "checkpoint.json"


class Sealed(NamedTuple):
    """What the list of a checkpoint says: the run that wrote it, its step, sizes and hashes."""

    run: str
    step: int
    files: dict[str, tuple[int, str]]


def seal(folder: Path, run: str, step: int) -> None:
    """Write the list of all files in a checkpoint folder: the last thing that is written there.

    Args:
        folder: the checkpoint.
        run: the identity of the run that wrote it.
        step: the optimizer steps that were taken.

    Raises:
        OSError: a file cannot be read.
        InputError: the list cannot be written.
    """
    listed = {
        name: {"bytes": (folder / name).stat().st_size, "xxh3_128": _hash(folder / name)}
        for name in sorted(_names(folder))
    }
    text = json.dumps({"run": run, "step": step, "files": listed}, indent=1)
    write_text(folder / LIST, text + "\n")


def read_seal(folder: Path) -> Sealed | None:
    """Read the list of a checkpoint; None where it is not whole."""
    try:
        found = json.loads((folder / LIST).read_text("utf-8"))
        files = {
            str(name): (int(entry["bytes"]), str(entry["xxh3_128"]))
            for name, entry in found["files"].items()
        }
        return Sealed(str(found["run"]), int(found["step"]), files)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def damage(folder: Path, sealed: Sealed) -> str | None:
    """Say which file of a checkpoint is missing or is not as it was written; None if all are."""
    for name, (size, digest) in sealed.files.items():
        path = folder / name
        try:
            found = path.stat().st_size
            if found != size:
                return f"{name} has {found} bytes, {size} were written"
            if _hash(path) != digest:
                return f"{name} is not what was written: its hash differs"
        except OSError as error:
            return f"{name} cannot be read: {error.strerror or error}"
        except InputError as error:  # a pipe or a device in its place
            return str(error)
    return lacks(sealed.files)


def lacks(files: dict[str, Any]) -> str | None:
    """Say which part of a run's state is not among a checkpoint's files; None if all are there.

    >>> lacks({"trainer_state.json": 1, "scheduler.pt": 1, "optimizer.pt": 1})
    'it has no random state (rng_state*)'
    """
    # DeepSpeed keeps the optimizer, and may keep the scheduler, in a folder of its own.
    wanted = {
        "trainer state": ("trainer_state.json",),
        "optimizer": ("optimizer", "global_step"),
        "scheduler": ("scheduler", "global_step"),
        "random state": ("rng_state",),
    }
    for part, starts in wanted.items():
        if not any(name.startswith(starts) for name in files):
            return f"it has no {part} ({' or '.join(f'{start}*' for start in starts)})"
    return None


def _names(folder: Path) -> Iterator[str]:
    """Yield the names of all files below a folder, relative to it."""
    for path in folder.rglob("*"):
        if path.is_file() and path != folder / LIST:
            yield path.relative_to(folder).as_posix()


def _hash(path: Path) -> str:
    return of_file(path, xxhash.xxh3_128)

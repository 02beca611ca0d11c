"""Say in plain words that a run's folder cannot be written, whichever library found out."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError
from torch.distributed.checkpoint.api import CheckpointException

from earmark.errors import InputError

CANNOT_WRITE = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EFBIG,
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
    errno.EIO,
    errno.ENOENT,
    errno.ENOTDIR,
    errno.ESTALE,
}
# What torch raises instead of the system's error when a file comes out too short.
TORCH = ("PytorchStreamWriter", "inline_container", "iostream error")


@contextmanager
def full_disk_explained(out: Path) -> Iterator[None]:
    """Turn errors of writing into one that says what is kept and what to do next.

    Args:
        out: the run folder.

    Raises:
        InputError: the folder cannot be written, or the disk is full.
    """
    try:
        yield
    except (Exception, CheckpointException) as error:
        reason = why_not_written(error)
        if reason is None:
            raise
        raise InputError(
            f"{_place(error, out)}: cannot be written: {reason}{_free(out)}. The checkpoints that "
            f"{out} has are whole. Free some space and run the same command again: it resumes "
            "from the last of them"
        ) from error


def why_not_written(error: BaseException) -> str | None:
    """Say why a file could not be written; None if the error is about something else.

    >>> why_not_written(OSError(errno.ENOSPC, "No space left on device"))
    'No space left on device'
    >>> why_not_written(ValueError("another matter")) is None
    True
    """
    if isinstance(error, OSError):
        return (error.strerror or str(error)) if error.errno in CANNOT_WRITE else None
    if isinstance(error, SafetensorError):
        return str(error)
    if isinstance(error, RuntimeError) and any(name in str(error) for name in TORCH):
        return "a file came out too short, as on a full disk"
    if isinstance(error, CheckpointException):
        # Each process's error, with its traceback.
        reasons = (why_not_written(failure[0]) for failure in error.failures.values())
        return next((reason for reason in reasons if reason), None)
    return None


def _place(error: BaseException, out: Path) -> str | Path:
    """Return the file that an error names, or the run folder."""
    named = error.filename if isinstance(error, OSError) else None
    return named if isinstance(named, str) else out


def _free(out: Path) -> str:
    """Say how much space is left where a run is written."""
    try:
        free = shutil.disk_usage(out).free
    except OSError:
        return ""
    return f" ({free / 1e6:,.0f} MB are free there)"

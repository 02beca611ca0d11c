"""Write a folder that appears under its name only when it is whole."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from earmark.errors import InputError


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """Yield a new folder beside the target; it takes the target's name when all went well.

    Raises:
        InputError: something is there already, or the folder cannot be written.
    """
    target = target.absolute()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise InputError(f"{target}: something is there already; choose another folder")
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        temporary.mkdir(parents=True)
        yield temporary
        for path in temporary.rglob("*"):
            if path.is_file():
                with open(path, "rb") as file:
                    os.fsync(file.fileno())
        os.replace(temporary, target)
    except OSError as error:
        raise InputError(
            f"{target}: cannot be written: {error.strerror or error}; nothing was changed there. "
            "Free some space or choose another folder"
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)

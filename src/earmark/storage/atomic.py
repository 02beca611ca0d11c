"""Write a file or a folder that appears under its name only when it is whole."""

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from earmark.errors import InputError
from earmark.storage.destination import file_behind, is_special, open_special
from earmark.storage.leftovers import temporary_beside


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path to write a file to; it takes the target's name when all went well.

    The new file is flushed to the disk and then renamed, so that a reader sees the old file or
    the new one and never half of one. A symbolic link stays, and the file that it leads to is
    written; mode and owner of a file that is replaced are kept. A device or pipe is yielded as
    it is.

    Raises:
        InputError: the folder cannot be written, or the disk is full.
    """
    if is_special(path):
        with _unwritable(path, ""):
            yield Path(path)
        return
    target = file_behind(path)
    with _unwritable(path, "; nothing was changed there"):
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = temporary_beside(target)
        try:
            _create(temporary, target)
            yield temporary
            _sync(temporary)
            _put_in_place(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def atomic_writer(path: str | Path) -> Iterator[IO[str]]:
    """Open a text file (UTF-8) that is written as by `atomic_path`.

    Raises:
        InputError: the folder cannot be written, or the disk is full.
    """
    if is_special(path):
        with _unwritable(path, ""), open_special(path) as file:
            yield file
        return
    with atomic_path(path) as temporary, open(temporary, "w", encoding="utf-8", newline="\n") as f:
        yield f


def write_text(path: str | Path, text: str) -> None:
    """Write a whole text file atomically."""
    with atomic_writer(path) as file:
        file.write(text)


@contextmanager
def atomic_folder(path: str | Path) -> Iterator[Path]:
    """Yield a new folder beside the target; it takes the target's name when all went well.

    Raises:
        InputError: something is there already, or the folder cannot be written.
    """
    target = Path(os.path.realpath(path))
    if os.path.lexists(target) and (not target.is_dir() or any(target.iterdir())):
        raise InputError(f"{path}: something is there already; choose another folder")
    with _unwritable(path, "; nothing was changed there"):
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = temporary_beside(target)
        try:
            temporary.mkdir()
            yield temporary
            follow_umask(temporary, "**/*")
            for file in temporary.rglob("*"):
                if file.is_file():
                    _sync(file)
            if target.exists():
                _copy_mode_and_owner(target, temporary)
            os.replace(temporary, target)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def follow_umask(folder: str | Path, pattern: str) -> None:
    """Give files that a library wrote the mode that new files get here, where it gave them less.

    safetensors creates its files with mode 0600, so that colleagues could not read a model.

    Args:
        folder: where they are.
        pattern: of their paths in the folder, as `Path.glob` takes it.
    """
    probe = temporary_beside(Path(folder) / "umask")
    os.close(os.open(probe, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    usual = stat.S_IMODE(os.stat(probe).st_mode)
    probe.unlink()
    for file in Path(folder).glob(pattern):
        found = os.lstat(file).st_mode
        if stat.S_ISREG(found) and stat.S_IMODE(found) | usual != stat.S_IMODE(found):
            os.chmod(file, stat.S_IMODE(found) | usual)


@contextmanager
def _unwritable(path: str | Path, consequence: str) -> Iterator[None]:
    """Turn an error of the system into one that names the path."""
    try:
        yield
    except OSError as error:
        raise InputError(
            f"{path}: cannot be written: {error.strerror or error}{consequence}. "
            "Free some space or choose another path"
        ) from error
    except UnicodeEncodeError as error:
        found = error.object[error.start : error.start + 1].encode("unicode_escape").decode()
        raise InputError(
            f"{path}: cannot be written as UTF-8: a text or a file's name holds {found}, which is "
            f"half of a character or a byte of another encoding{consequence}. Rename the file, or "
            "correct the text"
        ) from error


def _sync(path: Path) -> None:
    """Wait until a file is on the disk."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())


def _create(temporary: Path, target: Path) -> None:
    """Create an empty file that nobody may read who may not read the target."""
    temporary.unlink(missing_ok=True)  # left by an earlier process that had this number
    try:
        mode = stat.S_IMODE(os.stat(target).st_mode) | stat.S_IWUSR
    except FileNotFoundError:
        mode = 0o666
    os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode))


def _put_in_place(temporary: Path, target: Path) -> None:
    """Rename a file to its target, with the mode and the owner of what is there.

    A file of another owner is overwritten in place where this process may not give files away.
    """
    if target.exists():
        try:
            _copy_mode_and_owner(target, temporary)
        except PermissionError:
            shutil.copyfile(temporary, target)
            _sync(target)
            return
    os.replace(temporary, target)


def _copy_mode_and_owner(source: Path, to: Path) -> None:
    """Give a file or folder the mode and the owner of another.

    Raises:
        PermissionError: this process may not give files to that owner.
    """
    wanted, found = os.stat(source), os.stat(to)
    if (found.st_uid, found.st_gid) != (wanted.st_uid, wanted.st_gid):
        os.chown(to, wanted.st_uid, wanted.st_gid)
    os.chmod(to, stat.S_IMODE(wanted.st_mode))

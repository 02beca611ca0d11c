"""Names of temporary files, and removal of those that a killed process left.

A temporary file is called `.NAME.HOST-PID-NUMBER.tmp`, where HOST is a hash of the machine and its
space of process numbers: the same number in another container or on another machine that
shares the folder says nothing about who is alive.
"""

import os
import re
import shutil
import socket
from functools import cache
from hashlib import blake2b
from itertools import count
from pathlib import Path

_NAME = re.compile(r"\..+\.(?P<host>[0-9a-f]{8})-(?P<pid>\d+)(?:-\d+)?\.tmp", re.DOTALL)
_LONGEST_BYTES = 200
_searched: set[str] = set()
_numbers = count()


def temporary_beside(target: Path) -> Path:
    """Return a new temporary path from which a target is renamed, in the same folder.

    What killed processes of this machine left in that folder is removed, once per process.
    """
    folder = os.path.realpath(target.parent)
    if folder not in _searched:
        _searched.add(folder)
        remove_leftovers(Path(folder))
    name = os.fsdecode(os.fsencode(target.name)[:_LONGEST_BYTES])
    return target.with_name(f".{name}.{host()}-{os.getpid()}-{next(_numbers)}.tmp")


def remove_leftovers(folder: Path) -> list[Path]:
    """Remove temporary files and folders whose process is gone; return what was removed.

    Only names that `temporary_beside` makes on this machine are looked at.
    """
    try:
        names = [entry.name for entry in os.scandir(folder) if entry.name.endswith(".tmp")]
    except OSError:
        return []
    removed = []
    for name in names:
        found = _NAME.fullmatch(name)
        if found and found["host"] == host() and not is_alive(int(found["pid"])):
            _remove(folder / name)
            removed.append(folder / name)
    return removed


def is_alive(pid: int) -> bool:
    """Return whether a process of this machine runs.

    >>> is_alive(os.getpid())
    True
    """
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


@cache
def host() -> str:
    """Name this machine and its space of process numbers by eight hexadecimal digits."""
    parts = [socket.gethostname()]
    try:
        parts.append(Path("/etc/machine-id").read_text("utf-8"))
        parts.append(os.readlink("/proc/self/ns/pid"))
    except (OSError, ValueError):
        pass
    return blake2b("\n".join(parts).encode(), digest_size=4).hexdigest()


def _remove(path: Path) -> None:
    """Remove a file or a folder; another process may have been faster."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)

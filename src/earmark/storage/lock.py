"""One process at a time writes an output: a lock file names it, and is stale when it is gone."""

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from earmark.errors import InputError
from earmark.storage.leftovers import host, is_alive

MOST_BYTES = 4096


class Owner(NamedTuple):
    """The process that holds a lock.

    `host` is that of `leftovers.host`, `machine` a name for people; `begun` tells a process from
    a later one that was given the same number, and is empty where the system does not say it.
    """

    pid: int
    host: str
    machine: str
    begun: str
    since: str

    def __str__(self) -> str:
        """Name the process as messages do."""
        return f"process {self.pid} on {self.machine}, since {self.since}"


def lock_in(folder: Path) -> Path:
    """Return the lock file of a folder.

    >>> lock_in(Path("run")).as_posix()
    'run/.lock'
    """
    return folder / ".lock"


def lock_beside(file: Path) -> Path:
    """Return the lock file of a file, which is beside it; links are followed.

    >>> lock_beside(Path("hyps.jsonl")).name
    '.hyps.jsonl.lock'
    """
    target = Path(os.path.realpath(file))
    return target.with_name(f".{target.name}.lock")


@contextmanager
def locked(lock: Path, what: str) -> Iterator[None]:
    """Hold the lock of an output, and release it at the end.

    A lock whose process is gone is taken over. Of a process on another machine that shares the
    folder nobody here can know, so its lock is respected until it is removed by hand.

    Args:
        lock: the lock file, see `lock_in` and `lock_beside`.
        what: what writes the output, as in "a training".

    Raises:
        InputError: another process holds the lock, or the folder cannot be written.
    """
    own = Owner(
        os.getpid(), host(), socket.gethostname(), _begun(os.getpid()), time.strftime("%F %T %Z")
    )
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        _take(lock, own, what)
    except OSError as error:
        raise InputError(
            f"{lock}: cannot be written: {error.strerror or error}; choose another path"
        ) from error
    try:
        yield
    finally:
        if os.getpid() == own.pid and _owner(lock) == own:
            lock.unlink(missing_ok=True)


def refuse_locked(lock: Path, what: str) -> None:
    """Refuse an output that another process is writing, without taking its lock.

    Raises:
        InputError: names the process.
    """
    owner = _owner(lock)
    if owner is not None and not _is_gone(owner):
        raise _held(lock, owner, what)


def _take(lock: Path, own: Owner, what: str) -> None:
    """Create the lock file; remove a stale one first.

    Raises:
        InputError: another process holds it.
    """
    while True:
        try:
            _create(lock, own)
            return
        except FileExistsError:
            owner = _owner(lock)
        if owner is None:
            with suppress(FileNotFoundError):
                _take_away(lock, None)
        elif _is_gone(owner):
            with suppress(FileNotFoundError):
                _take_away(lock, owner)
        else:
            raise _held(lock, owner, what)


def _create(lock: Path, own: Owner) -> None:
    """Create the lock file with its whole content.

    Raises:
        FileExistsError: there is one.
    """
    written = lock.with_name(f"{lock.name}.{own.host}-{own.pid}.tmp")
    written.write_text(json.dumps(own._asdict()), "utf-8")
    try:
        os.link(written, lock)
    except FileExistsError:
        raise
    except OSError:
        # Without hard links: created empty first, which `_owner` waits for.
        os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        os.replace(written, lock)
    finally:
        written.unlink(missing_ok=True)


def _take_away(lock: Path, stale: Owner | None) -> None:
    """Remove a stale lock; put it back if another process has just taken it over."""
    away = lock.with_name(f"{lock.name}.stale.{host()}-{os.getpid()}.tmp")
    lock.rename(away)
    if _owner(away) != stale:
        with suppress(OSError):
            os.link(away, lock)
    away.unlink(missing_ok=True)


def _owner(lock: Path) -> Owner | None:
    """Read who holds a lock; None where there is no lock, or none that a process wrote.

    Raises:
        InputError: it may not be read, so that nobody here can know who holds it.
    """
    for wait_s in (0.05, 0.2, 0.0):
        try:
            with open(lock, encoding="utf-8") as file:
                found = Owner(**json.loads(file.read(MOST_BYTES)))
            return found._replace(pid=int(found.pid))
        except FileNotFoundError:
            return None
        except PermissionError as error:
            raise InputError(
                f"{lock}: cannot be read: {error.strerror}; another user's process may be writing "
                "here. If it is gone, remove the file; else choose another --out"
            ) from error
        except (OSError, ValueError, TypeError, RecursionError):
            time.sleep(wait_s)
    return None


def _is_gone(owner: Owner) -> bool:
    """Return whether a process of this machine has ended."""
    if owner.host != host():
        return False
    return not is_alive(owner.pid) or _begun(owner.pid) != owner.begun


def _begun(pid: int) -> str:
    """Return when a process began, as the system counts; empty where it does not say.

    A process that has ended, and that nobody has waited for yet, has another value.
    """
    try:
        facts = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return ""
    # The name, in parentheses, may hold anything; the state follows it, the start 19 fields later.
    state, *fields = facts.rpartition(")")[2].split()
    return "ended" if state in "ZX" else fields[18]


def _held(lock: Path, owner: Owner, what: str) -> InputError:
    output = lock.parent if lock.name == ".lock" else lock.with_name(lock.name[1:-5])
    gone = f" If that process is gone, remove {lock}." if owner.host != host() else ""
    return InputError(
        f"{output}: {what} is writing here already ({owner}). Wait for it to end, or choose "
        f"another --out.{gone}"
    )

"""Fork a process for each rank of each command that a line of JSON names; `warm.py` writes them."""

import json
import os
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from runpy import run_path
from typing import Any

# After a rank has failed the others may end by themselves, so that each says why, and no longer.
GRACE_S = 2.0
TASKS = Path("/proc/self/task")


class Started:
    """The processes of a command, one a rank, each in a process group of its own."""

    def __init__(self, pids: list[int]) -> None:
        self.pids = pids
        self.codes: dict[int, int] = {}
        self.failed: int | None = None
        self.failed_at = 0.0

    def ended(self) -> dict[str, Any] | None:
        """Return exit codes by rank and the rank that failed first; None while one runs."""
        self.collect(os.WNOHANG)
        if self.failed is not None and time.monotonic() - self.failed_at > GRACE_S:
            self.kill()
        if len(self.codes) < len(self.pids):
            return None
        return {"codes": [code for _, code in sorted(self.codes.items())], "failed": self.failed}

    def collect(self, how: int) -> None:
        """Take the exit codes of processes that have ended; their numbers may be given again."""
        for rank, pid in enumerate(self.pids):
            if rank in self.codes:
                continue
            done, status = os.waitpid(pid, how)
            if done:
                self.codes[rank] = os.waitstatus_to_exitcode(status)
                if self.codes[rank] and self.failed is None:
                    self.failed, self.failed_at = rank, time.monotonic()

    def kill(self) -> None:
        """Kill what still runs: no process whose exit code was taken."""
        for rank, pid in enumerate(self.pids):
            if rank not in self.codes:
                os.killpg(pid, signal.SIGKILL)


def launched(ranks: int) -> list[dict[str, str]]:
    """Return the environment of each process of a launcher on one machine."""
    if not ranks:
        return [{}]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    shared = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": str(ranks)}
    shared |= {"LOCAL_WORLD_SIZE": str(ranks), "GROUP_RANK": "0"}
    return [{**shared, "RANK": str(rank), "LOCAL_RANK": str(rank)} for rank in range(ranks)]


def threads() -> int:
    """Count the threads of this process: those of libraries too, where the system lists them."""
    return len(list(TASKS.iterdir())) if TASKS.is_dir() else threading.active_count()


def forked(
    wanted: Mapping[str, Any],
    own: Mapping[str, str],
    said: str,
    main: Callable[[], None],
    spread: Callable[[], None],
) -> int:
    """Fork a process that runs a command; return its id."""
    pid = os.fork()
    if pid:
        os.setpgid(pid, pid)
        return pid
    code = 1
    try:
        os.setpgid(0, 0)
        file = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        nothing = os.open(os.devnull, os.O_RDWR)
        for at, to in ((nothing, 0), (nothing, 1), (file, 2)):
            os.dup2(at, to)
        os.chdir(wanted["cwd"])
        os.environ |= {**wanted["environment"], **own}
        if wanted["spread"]:
            spread()
        sys.argv = [wanted["script"] or "earmark", *wanted["arguments"]]
        if wanted["script"]:
            run_path(wanted["script"], run_name="__main__")
        else:
            main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def serve(main: Callable[[], None], spread: Callable[[], None]) -> None:
    """Answer each line until the input ends; then no process is left.

    Args:
        main: runs `earmark` with the arguments of `sys.argv`.
        spread: called in a process that spreads weights, before the command.
    """
    runs: list[Started] = []
    try:
        for line in sys.stdin:
            print(json.dumps(answer(json.loads(line), runs, main, spread)), flush=True)
    finally:
        for run in runs:
            run.kill()
            run.collect(0)


def answer(
    wanted: Mapping[str, Any],
    runs: list[Started],
    main: Callable[[], None],
    spread: Callable[[], None],
) -> Any:
    """Start a command and return its number, say how one ended, or kill one."""
    if "ended" in wanted:
        return runs[wanted["ended"]].ended()
    if "kill" in wanted:
        return runs[wanted["kill"]].kill()
    assert threads() == 1, f"a process with threads cannot be forked; it has {threads()}"
    ranks = zip(launched(wanted["ranks"]), wanted["said"], strict=True)
    runs.append(Started([forked(wanted, own, said, main, spread) for own, said in ranks]))
    return len(runs) - 1

"""Commands of `earmark` in processes that have torch already: forked off one that imported it.

Importing takes most of what a small run takes. Each command still has a process of its own, which
may be killed, with its own environment, folder and files; `ranks` processes are the same as a
launcher starts. What the launchers themselves do is tested with the real ones.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

SERVER = Path(__file__).with_name("warm_server.py")


class Run:
    """A command that was started; `pids` are its processes."""

    def __init__(self, warm: "Warm", pids: list[int], said: Path) -> None:
        self.warm, self.pids, self.said = warm, pids, said

    def ended(self, wait: bool = True, timeout_s: float = 240) -> list[int] | None:
        """Return exit codes, those of a killed process negative; None while it runs."""
        deadline = time.monotonic() + timeout_s
        while (codes := self.warm.ask({"ended": self.pids})) is None:
            if not wait:
                return None
            if time.monotonic() > deadline:
                self.kill()
                raise TimeoutError(self.said.read_text())
            time.sleep(0.05)
        return codes

    def kill(self) -> None:
        """Kill its processes, as the kernel does when memory is short."""
        for pid in self.pids:
            os.kill(pid, signal.SIGKILL)


class Warm:
    """A process that has imported what training needs, and forks."""

    def __init__(self) -> None:
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
        environment["PYTHONPATH"] = os.pathsep.join(sys.path)
        command = [sys.executable, "-W", "ignore", str(SERVER)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        self.folder = Path(tempfile.mkdtemp())
        self.started = 0

    def ask(self, what: Mapping[str, Any]) -> Any:
        """Send a line, read a line."""
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def start(
        self,
        cwd: Path,
        arguments: Sequence[object],
        *,
        script: Path | None = None,
        ranks: int = 0,
        spread: bool = False,
        **environment: str,
    ) -> Run:
        """Start `earmark ARGUMENTS`, or a script: one process, or as many as a launcher would.

        With `spread`, accelerate takes CPU processes for GPUs, so that it spreads weights.
        """
        self.started += 1
        said = self.folder / str(self.started)
        pids = self.ask(
            {
                "cwd": str(cwd),
                "arguments": list(map(str, arguments)),
                "script": None if script is None else str(script),
                "ranks": ranks,
                "spread": spread,
                "environment": environment,
                "said": str(said),
            }
        )
        return Run(self, pids, said)

    def run(self, cwd: Path, arguments: Sequence[object], *, code: int = 0, **how: Any) -> str:
        """Run a command to its end; return what it said."""
        run = self.start(cwd, arguments, **how)
        codes = run.ended()
        said = run.said.read_text()
        assert codes is not None
        assert set(codes) == {code}, said[-3000:]
        return said

    def close(self) -> None:
        """End it."""
        self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()

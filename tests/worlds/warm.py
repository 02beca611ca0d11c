"""Commands of `earmark` in processes that have torch already: forked off one that imported it.

Importing takes most of what a small run takes. Each command still has a process of its own, which
may be killed, with its own environment, folder and files; `ranks` processes are the same as a
launcher starts. What the launchers themselves do is tested with the real ones.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

SERVER = Path(__file__).with_name("warm_server.py")


class Run:
    """A command that was started; `files` are what its processes write to standard error."""

    def __init__(self, warm: "Warm", number: int, files: list[Path]) -> None:
        self.warm, self.number, self.files = warm, number, files
        self.failed: int | None = None

    def ended(self, wait: bool = True, timeout_s: float = 240) -> list[int] | None:
        """Return exit codes by rank, those of a killed process negative; None while one runs.

        Where a rank fails, the others are killed soon after.
        """
        deadline = time.monotonic() + timeout_s
        while (found := self.warm.ask({"ended": self.number})) is None:
            if not wait:
                return None
            if time.monotonic() > deadline:
                self.kill()
                raise TimeoutError(self.said())
            time.sleep(0.05)
        self.failed = found["failed"]
        return found["codes"]

    def said(self) -> str:
        """Return what its processes wrote, last the rank that failed first."""
        files = list(self.files)
        if self.failed is not None:
            files.append(files.pop(self.failed))
        return "".join(file.read_text("utf-8", "replace") for file in files if file.exists())

    def kill(self) -> None:
        """Kill its processes, as the kernel does when memory is short."""
        self.warm.ask({"kill": self.number})


class Warm:
    """A process that has imported what training needs, and forks."""

    def __init__(self, server: Path = SERVER) -> None:
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
        # pyarrow's allocator would start a thread of its own.
        environment["JE_ARROW_MALLOC_CONF"] = "background_thread:false"
        environment["PYTHONPATH"] = os.pathsep.join(sys.path)
        command = [sys.executable, "-W", "ignore", str(server)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        self.folder = TemporaryDirectory()
        self.started = 0

    def ask(self, what: Mapping[str, Any]) -> Any:
        """Send a line, read a line."""
        with suppress(BrokenPipeError):  # it has ended
            self.process.stdin.write(json.dumps(what) + "\n")
            self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{self.process.args[-1]} ended with {self.process.wait(20)}")
        return json.loads(answer)

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
        place = Path(self.folder.name) / str(self.started)
        files = [place.with_suffix(f".{rank}") for rank in range(max(ranks, 1))]
        number = self.ask(
            {
                "cwd": str(cwd),
                "arguments": list(map(str, arguments)),
                "script": None if script is None else str(script),
                "ranks": ranks,
                "spread": spread,
                "environment": environment,
                "said": list(map(str, files)),
            }
        )
        return Run(self, number, files)

    def run(self, cwd: Path, arguments: Sequence[object], *, code: int = 0, **how: Any) -> str:
        """Run a command to its end; return what its processes wrote to standard error."""
        run = self.start(cwd, arguments, **how)
        codes = run.ended()
        assert codes == [code] * len(run.files), f"exit codes {codes}\n{run.said()[-3000:]}"
        return run.said()

    def close(self) -> None:
        """End it, and what it started."""
        with suppress(BrokenPipeError):  # it has ended by itself
            self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()
        self.folder.cleanup()

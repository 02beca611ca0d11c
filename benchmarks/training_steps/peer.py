"""A step taken in another trainer's environment, by a process that waits for its turn."""

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import IO, Any

from safetensors.torch import load_file
from torch import Tensor

from training_steps.environments import PEERS, AbsentError
from training_steps.step import Step, Taken

WORKER = Path(__file__).with_name("worker.py")
# A worker of another environment must not see this one's packages, nor the network.
CLEAN = {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
LOG_LINES = 3


class Conversation:
    """One worker process: a command a line, an answer in JSON a line."""

    def __init__(self, peer: str, python: Path, task: Path, *purpose: str) -> None:
        self.peer = peer
        self.log: IO[str] = tempfile.NamedTemporaryFile("w+", suffix=f"-{peer}.log")  # noqa: SIM115
        outer = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
        self.process = subprocess.Popen(
            [str(python), str(WORKER), peer, str(task), *purpose],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            env={**outer, **CLEAN},
        )
        self.read()

    def ask(self, command: str) -> dict[str, Any]:
        """Send a command and wait for its answer."""
        assert self.process.stdin
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return self.read()

    def read(self) -> dict[str, Any]:
        """Wait for one answer.

        Raises:
            AbsentError: the worker failed; says how.
        """
        assert self.process.stdout
        line = self.process.stdout.readline()
        answer = json.loads(line) if line else {"error": self._end_of_log()}
        if "error" in answer:
            self.close()
            raise AbsentError(f"{PEERS[self.peer].name} did not run: {answer['error']}")
        return answer

    def _end_of_log(self) -> str:
        lines = Path(self.log.name).read_text().strip().splitlines()
        return "its process ended: " + " / ".join(lines[-LOG_LINES:])

    def close(self) -> None:
        """End the worker."""
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe
            pipe.close()
        self.process.wait()
        self.log.close()


def peer_step(peer: str, python: Path, task: Path, pairs: int) -> Step:
    """Start a worker and return its step."""
    worker = Conversation(peer, python, task)

    def gradients() -> dict[str, Tensor]:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "gradients.safetensors"
            worker.ask(f"gradients {path}")
            return load_file(path)

    def take() -> Taken:
        return Taken(**worker.ask("take"))

    return Step(take, gradients, pairs, clear=lambda: None, close=worker.close)


def peer_added_mib(peer: str, python: Path, task: Path) -> float:
    """Measure the added peak memory in a worker of its own."""
    worker = Conversation(peer, python, task, "memory")
    try:
        return float(worker.ask("memory")["mib"])
    finally:
        worker.close()

"""The other end of `peer.py`: takes another trainer's steps inside that trainer's environment.

    python worker.py llamafactory|ms-swift TASK.json [memory]

Reads one command a line from standard input and answers with one line of JSON: `take`,
`gradients PATH`, or `memory` in a process that was started for it. All else that is printed
goes to standard error.
"""

import json
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import torch
from safetensors.torch import save_file

from training_steps.memory import added_mib, keep_nothing_back
from training_steps.step import Step


def load(peer: str, task: dict[str, Any]) -> Step:
    """Build the peer's step; each peer can be imported in its own environment alone."""
    if peer == "llamafactory":
        from training_steps.llamafactory_step import llamafactory_step  # noqa: PLC0415

        return llamafactory_step(task)
    from training_steps.swift_step import swift_step  # noqa: PLC0415

    return swift_step(task)


def serve(step: Step, answer: Callable[[Any], None]) -> None:
    """Answer requests until standard input ends."""
    for line in sys.stdin:
        command, _, path = line.strip().partition(" ")
        if command == "take":
            answer(step.take()._asdict())
        elif command == "gradients":
            save_file({n: g.contiguous() for n, g in step.gradients().items()}, path)
            answer({"path": path})
        elif command == "memory":
            answer({"mib": added_mib(step.take, step.clear)})


def main() -> None:
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def answer(value: Any) -> None:
        print(json.dumps(value), file=out, flush=True)

    if "memory" in sys.argv[3:]:
        keep_nothing_back()
    torch.set_num_threads(1)
    try:
        step = load(sys.argv[1], json.loads(Path(sys.argv[2]).read_text()))
        answer({"ready": True})
        serve(step, answer)
    except Exception as error:
        traceback.print_exc()
        answer({"error": f"{type(error).__name__}: {error}"})


if __name__ == "__main__":
    main()

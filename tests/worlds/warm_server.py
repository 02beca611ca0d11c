"""Fork a process for each command that a line of JSON asks for; `warm.py` writes the lines."""

import json
import os
import socket
import sys
import traceback
from collections.abc import Mapping
from runpy import run_path
from typing import Any

import torch
import transformers.trainer  # noqa: F401
from accelerate.state import PartialState
from accelerate.utils import DistributedType

import earmark.cli.train
import earmark.train.run  # noqa: F401
from earmark.cli import main


def treat_cpus_as_gpus() -> None:
    """Let accelerate spread weights over CPU processes, which it offers for GPUs alone."""
    start = PartialState.__init__

    def started(self, *args, **kwargs):
        start(self, *args, **kwargs)
        if self.distributed_type == DistributedType.MULTI_CPU:
            self.distributed_type = DistributedType.MULTI_GPU

    PartialState.__init__ = started


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


def forked(wanted: Mapping[str, Any], own: Mapping[str, str]) -> int:
    """Fork a process that runs a command; return its id."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        file = os.open(wanted["said"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        nothing = os.open(os.devnull, os.O_RDWR)
        for at, to in ((nothing, 0), (nothing, 1), (file, 2)):
            os.dup2(at, to)
        os.chdir(wanted["cwd"])
        os.environ |= {**wanted["environment"], **own}
        if wanted["spread"]:
            treat_cpus_as_gpus()
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


def ended(pids: list[int], codes: dict[int, int]) -> list[int] | None:
    """Return the exit codes of processes; None while one runs."""
    for pid in pids:
        if pid not in codes:
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                codes[pid] = os.waitstatus_to_exitcode(status)
    return [codes[pid] for pid in pids] if codes.keys() >= set(pids) else None


def serve() -> None:
    """Answer each line until the input ends."""
    assert torch.get_num_threads() == 1, "a process with threads cannot be forked"
    codes: dict[int, int] = {}
    for line in sys.stdin:
        wanted = json.loads(line)
        if "ended" in wanted:
            answer = ended(wanted["ended"], codes)
        else:
            answer = [forked(wanted, own) for own in launched(wanted["ranks"])]
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    serve()

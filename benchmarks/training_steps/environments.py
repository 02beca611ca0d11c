"""The environments of trainers that pin other versions: made from PyPI once, kept between runs."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import torch

from earmark.errors import EarmarkError
from earmark.progress import note
from earmark.storage.atomic import write_text


class Peer(NamedTuple):
    """A trainer on PyPI: the version measured, and what it needs for audio besides."""

    name: str
    package: str
    besides: tuple[str, ...] = ()


PEERS = {
    "llamafactory": Peer("LLaMA-Factory 0.9.5", "llamafactory==0.9.5"),
    "ms-swift": Peer("ms-swift 4.6.0", "ms-swift==4.6.0", ("librosa",)),
}


class AbsentError(EarmarkError):
    """A peer cannot be measured here; the text says why."""


def environment(peer: str, folder: Path) -> Path:
    """Return the Python of a peer's environment, which is made at the first call.

    torch comes first, in the version that runs here, and is held by a constraint.

    Raises:
        AbsentError: pip could not install it.
    """
    home = folder / peer
    python = home / "bin" / "python"
    if (home / "ready").is_file():
        return python
    torch_version = torch.__version__.split("+")[0]
    note(f"{PEERS[peer].name}: making its environment in {home}, some minutes")
    run_or_absent([sys.executable, "-m", "venv", "--clear", str(home)], peer)
    write_text(home / "held.txt", f"torch=={torch_version}\n")
    pip = [str(python), "-m", "pip", "--disable-pip-version-check"]
    held = ["-c", str(home / "held.txt")]
    run_or_absent([*pip, "install", "-q", f"torch=={torch_version}"], peer)
    run_or_absent([*pip, "install", "-q", *held, PEERS[peer].package, *PEERS[peer].besides], peer)
    if "+cpu" in torch.__version__:
        without_cuda_builds(home, pip, peer)
    write_text(home / "ready", "")
    return python


def without_cuda_builds(home: Path, pip: list[str], peer: str) -> None:
    """Take out what PyPI has for CUDA alone and cannot be loaded beside a CPU build of torch.

    torchaudio does without its compiled part where that is not there; transformers does without
    torchvision. Neither takes part in a step on audio features.
    """
    run_or_absent([*pip, "uninstall", "-q", "-y", "torchvision"], peer)
    for folder in home.glob("lib/python*/site-packages/torchaudio/lib"):
        shutil.rmtree(folder)


def run_or_absent(command: list[str], peer: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["no output"]
        raise AbsentError(
            f"{PEERS[peer].name} did not run: `{' '.join(command[1:])}` ended with "
            f"{done.returncode}: {lines[-1]}. It needs PyPI; without it, leave --peers out"
        )

"""Refuse an export of which rounding to the base's number type leaves little of the training."""

from pathlib import Path

import torch
from safetensors import safe_open

from earmark.errors import InputError
from earmark.policies.checkpoint.weight_files import weight_files
from earmark.policies.lora.merge import Moved, measured
from earmark.progress import note

LEAST_SHARE = 0.5


def moved_of_whole(trained: Path, base: Path, dtype: str) -> Moved:
    """Return how far a model that was trained as a whole moves, before and after rounding.

    Args:
        trained: its folder.
        base: the folder of the model that it was trained from.
        dtype: the number type in which it will be stored.

    Raises:
        InputError: the weights of one of them are not whole.
    """
    kind: torch.dtype = getattr(torch, dtype)
    before = {name: path for path in weight_files(base) for name in _names(path)}
    moved = Moved(0.0, 0.0)
    for path in weight_files(trained):
        with safe_open(path, "pt") as file:
            for name in file.keys():  # noqa: SIM118
                if name not in before:
                    continue
                with safe_open(before[name], "pt") as start:
                    here = measured(start.get_tensor(name), file.get_tensor(name), kind)
                moved = Moved(moved.update + here.update, moved.stored + here.stored)
    return moved


def _names(path: Path) -> list[str]:
    with safe_open(path, "pt") as file:
        return list(file.keys())


def check_rounding(moved: Moved, run: Path, dtype: str, *, allowed: bool) -> None:
    """Print how much of the training is left after rounding; refuse less than a half.

    Args:
        moved: how far the weights move.
        run: what is exported, for messages.
        dtype: the number type in which the weights are stored.
        allowed: whether less than a half is allowed.

    Raises:
        InputError: less than a half is left and that is not allowed, or nothing at all.
    """
    if moved.update == 0:
        raise InputError(
            f"{run}: what was trained changes no weight, so the export would be the base; train "
            "for more steps, or with a larger learning rate"
        )
    said = (
        f"{100 * moved.share:.0f} % of what was trained is left after rounding to {dtype} (sum of "
        "|stored - base| over sum of |trained - base|)"
    )
    ways = "write --dtype float32, or serve the adapter beside its base (--adapter, vllm --lora)"
    if moved.stored == 0:
        raise InputError(f"{run}: nothing is left after rounding to {dtype}; {ways}")
    if moved.share < LEAST_SHARE and not allowed:
        raise InputError(f"{run}: {said}; {ways}, or accept the loss with --allow-rounding")
    if dtype != "float32":
        note(f"{run}: {said}")

"""Join the tensors of all processes, so that what an objective sees is the whole batch.

An objective may look at its batch as a whole: a running mean of gaps, a baseline, a sorted
list. Each process therefore runs it on the pairs of all processes, of which its own carry
gradients. Summed over processes, that is the gradient of one process with the joined batch.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor

from earmark.errors import InputError
from earmark.objectives.contract.signature import batch_axis

Found = TypeVar("Found")


class Processes(NamedTuple):
    """Which of the processes that train together this one is."""

    rank: int = 0
    size: int = 1

    @property
    def is_first(self) -> bool:
        """Return whether this is the process that writes what all share."""
        return self.rank == 0

    def wait(self) -> None:
        """Wait until all processes have come to this place."""
        if self.size > 1:
            dist.barrier()

    def any(self, here: bool) -> bool:
        """Return whether something holds for at least one process."""
        return any(self.gather({self.rank: here}).values())

    def total(self, here: int) -> int:
        """Return the sum of a number over all processes."""
        return sum(self.gather({self.rank: here}).values())

    def of_first(self, find: Callable[[], Found]) -> Found:
        """Return what the first process finds, to all.

        Raises:
            InputError: the first process raised it; all do.
        """
        found: dict[int, Any] = {}
        if self.is_first:
            try:
                found = {0: find()}
            except InputError as error:
                found = {1: error}
        found = self.gather(found)
        if 1 in found:
            raise found[1]
        return found[0]

    def gather(self, own: dict[int, Any]) -> dict[int, Any]:
        """Return the entries of all processes."""
        if self.size == 1:
            return own
        everyone: list[dict[int, Any]] = [{} for _ in range(self.size)]
        dist.all_gather_object(everyone, own)
        return {key: value for there in everyone for key, value in there.items()}


def processes() -> Processes:
    """Return which process this is; alone where no others were started."""
    return Processes(dist.get_rank(), dist.get_world_size()) if is_distributed() else Processes()


def join(own: dict[str, Any]) -> dict[str, Any]:
    """Return every tensor with the pairs of all processes, in the order of their ranks.

    Tensors without a pair axis, and values that are no tensors, stay this process's own.
    """
    if not is_distributed():
        return own
    joined = {name: value for name, value in own.items() if batch_axis(name) is None}
    sent = {
        name: value.detach().cpu() for name, value in own.items() if batch_axis(name) is not None
    }
    everyone: list[dict[str, Tensor]] = [{} for _ in range(dist.get_world_size())]
    dist.all_gather_object(everyone, sent)
    for name in sent:
        parts = [there[name].to(own[name].device) for there in everyone]
        parts[dist.get_rank()] = own[name]  # with its gradient, which was not sent
        joined[name] = concatenate(parts, batch_axis(name) or 0)
    return joined


def of_every_process(*own: Tensor) -> list[tuple[Tensor, ...]]:
    """Return some tensors of each process, on the CPU, in the order of ranks."""
    here = tuple(tensor.detach().cpu() for tensor in own)
    if not is_distributed():
        return [here]
    everyone: list[tuple[Tensor, ...]] = [() for _ in range(dist.get_world_size())]
    dist.all_gather_object(everyone, here)
    return everyone


def is_distributed() -> bool:
    """Return whether several processes train together."""
    return dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1


def concatenate(parts: list[Tensor], axis: int) -> Tensor:
    """Put tensors one after the other; a shorter last axis (candidates) is filled with 0.

    >>> concatenate([torch.ones(1, 2), torch.ones(1, 1)], 0).tolist()
    [[1.0, 1.0], [1.0, 0.0]]
    """
    if parts[0].dim() > 1 and axis == 0:
        width = max(part.shape[-1] for part in parts)
        parts = [F.pad(part, (0, width - part.shape[-1])) for part in parts]
    return torch.cat(parts, axis)


def shared_mean(per_pair: Tensor) -> Tensor:
    """Return the mean loss, with the gradient that engines which average over processes need.

    They divide the sum of gradients by the number of processes; each process holds only its
    own part of the gradient of the joined mean, which must not be divided.
    """
    mean = per_pair.mean()
    if not is_distributed():
        return mean
    # The value of the mean, and its gradient times the number of processes.
    return mean + (dist.get_world_size() - 1) * (mean - mean.detach())

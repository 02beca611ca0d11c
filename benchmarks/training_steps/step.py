"""What every trainer's step is to the benchmark: something to take, and gradients to look at.

Only torch is imported here: other trainers' environments use this file too.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor, nn

from training_steps.names import trained


class Taken(NamedTuple):
    """One step: seconds (of CPU by default), loss, clips that went through the tower."""

    seconds: float
    loss: float
    clips_heard: int


class Step(NamedTuple):
    """A trainer's step on the case's batch: forward, backward, no optimizer.

    `gradients` are those of the last step taken, by canonical name; `pairs` is how many pairs a
    step takes; `clear` drops the gradients.
    """

    take: Callable[[], Taken]
    gradients: Callable[[], dict[str, Tensor]]
    pairs: int
    clear: Callable[[], None]
    close: Callable[[], None] = lambda: None


class Hearing:
    """Count the clips that go through a tower, by its first convolution.

    Not by the tower's own forward, which Earmark does not call, to leave out padding.
    """

    def __init__(self, *towers: nn.Module) -> None:
        self.clips = 0
        for tower in towers:
            tower.get_submodule("conv1").register_forward_pre_hook(self._count)

    def _count(self, _: nn.Module, args: tuple[Tensor, ...]) -> None:
        self.clips += len(args[0])


def local_step(
    model: nn.Module,
    hearing: Hearing,
    forward_backward: Callable[[], Tensor],
    pairs: int,
    clock: Callable[[], float] = time.process_time,
) -> Step:
    """Make a step out of a function of this process that returns the loss."""

    def clear() -> None:
        model.zero_grad(set_to_none=True)

    def take() -> Taken:
        clear()
        heard, start = hearing.clips, clock()
        loss = forward_backward()
        return Taken(clock() - start, float(loss), hearing.clips - heard)

    def gradients() -> dict[str, Tensor]:
        return {n: p.grad for n, p in trained(model).items() if p.grad is not None}

    return Step(take, gradients, pairs, clear)

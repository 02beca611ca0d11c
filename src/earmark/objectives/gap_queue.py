"""Keep the reward gaps of earlier batches, and set the margins of a batch among them."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from earmark.errors import KnobError

QUEUE_LENGTH = 2048
PROBLEM_SIZE = 256


class QueueState(NamedTuple):
    """The last gaps in a ring: the n-th gap ever seen lies at place n modulo the length."""

    gaps: Float[Tensor, " slot"] = torch.zeros(QUEUE_LENGTH)
    seen: Int[Tensor, ""] = torch.zeros((), dtype=torch.int64)


class BatchMargins(NamedTuple):
    """The margins of a batch, detached, the queue after it, and what to log."""

    margins: Float[Tensor, " pair"]
    state: QueueState
    logged: Mapping[str, Tensor]


def batch_margins(
    solve: Callable[[Float[Tensor, " gap"], float, float], Float[Tensor, " gap"]],
    gaps: Float[Tensor, " pair"],
    training: bool,
    state: QueueState,
    mean: float,
    tau: float,
    seed: int,
) -> BatchMargins:
    """Solve for the margins of a batch among up to 256 gaps, the others drawn from the queue.

    When not training, every margin is the mean one and the queue stays as it is.

    Args:
        solve: `target_margins` or `published_margins`.
        gaps: reward gap of each pair of the batch.
        training: whether the batch is trained on.
        state: the queue before this batch.
        mean: γ₀, what the margins average to.
        tau: τ, how strongly the margins are held together.
        seed: seed of the draws from the queue.
    """
    if not mean >= 0:
        raise KnobError(f"gamma should be at least 0, found {mean}")
    if not tau > 0:
        raise KnobError(f"tau should be above 0, found {tau}")
    if training:
        now = gaps.detach().double().cpu()
        past = recall(state, PROBLEM_SIZE - len(now), seed).double()
        margins = solve(torch.cat([past, now]), mean, tau)[len(past) :].to(gaps)
        state = push(state, now)
    else:
        margins = torch.full_like(gaps, mean, requires_grad=False)
    logged = {"gamma": margins.mean(), "gamma_min": margins.min(), "gamma_max": margins.max()}
    return BatchMargins(margins, state, logged)


def recall(state: QueueState, at_most: int, seed: int) -> Float[Tensor, " gap"]:
    """Draw past gaps without replacement; none if `at_most` is not above 0.

    >>> recall(QueueState(), 5, seed=0).tolist()
    []
    """
    count = int(state.seen)
    filled = min(count, len(state.gaps))
    generator = torch.Generator().manual_seed(1_000_003 * seed + count)
    places = torch.randperm(filled, generator=generator)[: max(at_most, 0)]
    return state.gaps.cpu()[places]


def push(state: QueueState, gaps: Float[Tensor, " pair"]) -> QueueState:
    """Put the gaps of a batch into the queue; the oldest leave.

    >>> short = QueueState(torch.tensor([1.0, 2.0, 3.0]), torch.tensor(4))
    >>> push(short, torch.tensor([8.0, 9.0])).gaps.tolist()
    [1.0, 8.0, 9.0]
    """
    length = len(state.gaps)
    numbers = int(state.seen) + torch.arange(len(gaps))
    ring = state.gaps.cpu().clone()
    ring[numbers[-length:] % length] = gaps[-length:].to(ring)
    return QueueState(ring, state.seen.cpu() + len(gaps))

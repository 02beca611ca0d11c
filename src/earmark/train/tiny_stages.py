"""Take optimizer steps for the tiny base model: batches, learning rate, progress."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Generator, Tensor

from earmark.progress import progress_bar

WARMUP_STEPS = 50
LAST_RATE = 0.05
CLIP_NORM = 1.0
BETAS = (0.9, 0.98)
WEIGHT_DECAY = 0.01


class Stage(NamedTuple):
    """How long and how fast a stage learns: `clips` are those of one step."""

    name: str
    steps: int
    clips: int
    learning_rate: float


def shuffled(count: int, batch: int, generator: Generator) -> Iterator[list[int]]:
    """Yield batches of indices for ever, each epoch in a new order."""
    while True:
        order = torch.randperm(count, generator=generator).tolist()
        for start in range(0, count - batch + 1, batch):
            yield order[start : start + batch]


def rate_at(step: int, stage: Stage) -> float:
    """Return the learning rate: a short warm-up, then linear down to LAST_RATE of the peak.

    >>> stage = Stage("A", 1000, 16, 1.0)
    >>> round(rate_at(25, stage), 4), round(rate_at(1000, stage), 4)
    (0.4881, 0.05)
    """
    warm = min(1.0, step / WARMUP_STEPS)
    return stage.learning_rate * warm * (1 - (1 - LAST_RATE) * step / stage.steps)


def learn(
    parameters: Sequence[Tensor],
    stage: Stage,
    loss_of: Callable[[list[int], float], Tensor],
    *,
    clips: int,
    generator: Generator,
) -> list[float]:
    """Take a stage's steps of AdamW; return the loss of each.

    `loss_of(batch, progress)` gets the indices of a batch out of `clips` and how far the stage
    is, from 0 to 1.
    """
    trained = [parameter for parameter in parameters if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, betas=BETAS, weight_decay=WEIGHT_DECAY)
    batches = shuffled(clips, min(stage.clips, clips), generator)
    losses = []
    with progress_bar() as bar:
        task = bar.add_task(stage.name, total=stage.steps)
        for step in range(1, stage.steps + 1):
            for group in optimizer.param_groups:
                group["lr"] = rate_at(step, stage)
            loss = loss_of(next(batches), step / stage.steps)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(trained, CLIP_NORM)
            optimizer.step()
            losses.append(loss.item())
            bar.update(task, advance=1, description=f"{stage.name}, loss {losses[-1]:.2f}")
    return losses

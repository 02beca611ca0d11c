"""Take optimizer steps for the tiny base model: batches, learning rate, progress."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Generator, Tensor

from earmark.progress import progress_bar

GROUPED = 16
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


def shuffled(lengths: Sequence[int], batch: int, generator: Generator) -> Iterator[list[int]]:
    """Yield batches of indices without end, each epoch in a new order, similar lengths together.

    Clips are sorted by length within random groups of GROUPED batches, so that little of a
    batch is padding while its company stays a matter of chance.
    """
    while True:
        order = torch.randperm(len(lengths), generator=generator).tolist()
        batches = []
        for start in range(0, len(order), batch * GROUPED):
            group = sorted(order[start : start + batch * GROUPED], key=lengths.__getitem__)
            batches += [group[i : i + batch] for i in range(0, len(group) - batch + 1, batch)]
        for i in torch.randperm(len(batches), generator=generator).tolist():
            yield batches[i]


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
    lengths: Sequence[int],
    generator: Generator,
) -> list[float]:
    """Take a stage's steps of AdamW; return the loss of each.

    `loss_of(batch, progress)` gets the indices of a batch and how far the stage is, from 0 to 1;
    `lengths` has one number for each clip.
    """
    trained = [parameter for parameter in parameters if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, betas=BETAS, weight_decay=WEIGHT_DECAY, fused=True)
    batches = shuffled(lengths, min(stage.clips, len(lengths)), generator)
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

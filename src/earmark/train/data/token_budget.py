"""Batches by a budget of tokens instead of a number of rows.

Rows of like length are put together, so that little is filled up, and as many as the budget
holds: long clips train one or two at a time, short ones many. Which rows share a batch is
settled once; the order of the batches is drawn anew in every epoch.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Int
from torch.utils.data import Sampler

from earmark.train.distributed import Processes

# Rows that are sorted together are drawn at random, so that a batch is not the same in all else.
WINDOW_BATCHES = 50


def pack(
    lengths: Int[np.ndarray, " row"], order: Sequence[int], budget: int, window: int
) -> list[list[int]]:
    """Put rows into batches whose padded size, rows times the longest, keeps to the budget.

    Args:
        lengths: tokens of each row, none of them above the budget.
        order: the rows in the order in which they are drawn.
        budget: tokens of a batch, filling included.
        window: rows that are sorted by length together.

    >>> pack(np.array([5, 2, 5, 2]), [0, 1, 2, 3], budget=10, window=4)
    [[1, 3], [0, 2]]
    """
    batches: list[list[int]] = []
    for start in range(0, len(order), window):
        rows = sorted(order[start : start + window], key=lambda row: (lengths[row], row))
        batch: list[int] = []
        for row in rows:
            if batch and (len(batch) + 1) * int(lengths[row]) > budget:
                batches.append(batch)
                batch = []
            batch.append(row)
        batches.append(batch)
    return batches


class Packed(NamedTuple):
    """What packing came to, for the log."""

    batches: int
    rows: float
    filled: float


def packed(batches: Sequence[Sequence[int]], lengths: Int[np.ndarray, " row"]) -> Packed:
    """Count batches, rows in one of them on average, and the share of tokens that only fill."""
    size = sum(len(batch) * int(lengths[list(batch)].max()) for batch in batches)
    rows = sum(map(len, batches))
    return Packed(len(batches), rows / len(batches), 1 - int(lengths.sum()) / size)


class BudgetBatches(Sampler[list[int]]):
    """The batches of one process, in another order in every epoch.

    All processes have equally many: where they do not come out even, the first batches of the
    epoch are taken twice, and nothing is left out.
    """

    def __init__(self, batches: Sequence[list[int]], seed: int, processes: Processes) -> None:
        self.batches = batches
        self.seed = seed
        self.processes = processes
        self.epoch = 0

    @property
    def mean_size(self) -> float:
        """Return how many rows a batch has on average."""
        return sum(map(len, self.batches)) / len(self.batches)

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose order is drawn."""
        self.epoch = epoch

    def __len__(self) -> int:
        """Return the number of batches of this process."""
        return -(-len(self.batches) // self.processes.size)

    def __iter__(self) -> Iterator[list[int]]:
        """Yield the batches of this process."""
        generator = torch.Generator().manual_seed(self.seed + self.epoch)
        order = torch.randperm(len(self.batches), generator=generator).tolist()
        even = len(self) * self.processes.size
        order += [order[i % len(order)] for i in range(even - len(order))]
        return iter([self.batches[i] for i in order[self.processes.rank :: self.processes.size]])

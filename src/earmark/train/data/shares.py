"""Batches of a number of rows, shared out to several processes: each row once in an epoch.

The library fills the last step of an epoch with rows that were trained already, so that each
process has a whole batch; those rows would count twice.
"""

from collections.abc import Iterator

import torch
from torch.utils.data import Sampler

from earmark.train.distributed import Processes


class Repeated(int):
    """The number of a row that a process without a row of its own computes once more.

    Processes call the model together, so each needs a row; this one has no place in the loss.
    """


class Shares(Sampler[list[int]]):
    """The batches of one process. A step of all has the rows that one process would have in it.

    In the last step of an epoch the rows that are left are shared out evenly. The order is the
    library's own, another one in every epoch.
    """

    def __init__(self, rows: int, size: int, seed: int, processes: Processes) -> None:
        self.rows = rows
        self.together = size * processes.size
        self.seed = seed
        self.processes = processes
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose order is drawn."""
        self.epoch = epoch

    def __len__(self) -> int:
        """Return the number of batches of this process."""
        return -(-self.rows // self.together)

    def __iter__(self) -> Iterator[list[int]]:
        """Yield the batches of this process."""
        generator = torch.Generator().manual_seed(self.seed + self.epoch)
        order = torch.randperm(self.rows, generator=generator).tolist()
        rank, size = self.processes
        for start in range(0, self.rows, self.together):
            step = order[start : start + self.together]
            own = step[rank * len(step) // size : (rank + 1) * len(step) // size]
            yield own or [Repeated(step[0])]

"""From encoded pairs to the batch that the trainer's step receives."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils.data import Dataset

from earmark.policies.policy import SharedBatch
from earmark.policies.shared_row import Answers, lay_out


class Row(NamedTuple):
    """One pair: token ids, tower states per clip, reference log-probability per candidate."""

    id: str
    answers: Answers
    audio: list[Tensor]
    reference: list[float] | None


class Rows(Dataset[Row]):
    """The training set; tower states are fetched when a row is asked for."""

    def __init__(self, count: int, make: Callable[[int], Row]) -> None:
        self.count = count
        self.make = make

    def __len__(self) -> int:
        """Return the number of pairs."""
        return self.count

    def __getitem__(self, index: int) -> Row:
        """Make one row."""
        return self.make(index)


def shared_batch(rows: Sequence[Row], pad_id: int) -> SharedBatch:
    """Put rows into one batch."""
    return SharedBatch(
        lay_out([row.answers for row in rows], pad_id),
        [states for row in rows for states in row.audio],
    )


def collate(rows: Sequence[Row], pad_id: int) -> dict[str, Any]:
    """Make the trainer's inputs.

    A row with n rejected answers is n pairs that share their chosen answer: `chosen_at` and
    `rejected_at` [pair] point into the candidates of the batch. Without any rejected answer
    each row counts once, and `rejected_at` is empty.
    """
    chosen_at: list[int] = []
    rejected_at: list[int] = []
    start = 0
    for row in rows:
        losers = range(start + 1, start + len(row.answers.candidates))
        chosen_at += [start] * max(1, len(losers))
        rejected_at += losers
        start += len(row.answers.candidates)
    batch: dict[str, Any] = {
        "shared": shared_batch(rows, pad_id),
        "chosen_at": torch.tensor(chosen_at),
        "rejected_at": torch.tensor(rejected_at, dtype=torch.long),
    }
    if all(row.reference is not None for row in rows):
        batch["reference"] = torch.tensor([x for row in rows for x in row.reference or []])
    return batch

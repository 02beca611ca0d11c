"""From encoded pairs to the batch that the trainer's step receives."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from accelerate.utils import send_to_device
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.utils.data import Dataset

from earmark.policies.policy import Features, SharedBatch
from earmark.policies.rows.shared_row import Answers, lay_out
from earmark.train.cache.reference import Logps
from earmark.train.data.shares import Repeated

ABSENT = -1


class Row(NamedTuple):
    """One pair: token ids, its clips, and what is known of its candidates.

    `sides` has a prompt with its candidates; two of them, that of the chosen answer first, where
    the rejected answers have a prompt of their own. Nothing is shared between two prompts, so each
    takes a row of the batch; candidates and clips follow each other, side after side.

    `audio` has for each clip the tower's states, or the tower's input where it was not heard yet;
    `clip_keys` are the hashes of the clips, `key` is the hash of all that a frozen policy's
    log-probabilities of this row depend on.

    `wanted` says for each candidate whether it is to be preferred; with `has_mismatched` the
    last candidate answers another prompt and is neither. A `repeated` row is computed to keep
    processes together, and counts for nothing; see `shares.Repeated`.
    """

    id: str
    number: int
    sides: Sequence[Answers]
    audio: list[Tensor | Features]
    wanted: list[bool]
    key: str = ""
    clip_keys: Sequence[str] = ()
    has_mismatched: bool = False
    scores: list[float] | None = None
    repeated: bool = False

    @property
    def candidates(self) -> list[list[int]]:
        """Return the token ids of all candidates, chosen first."""
        return [ids for side in self.sides for ids in side.candidates]


class Rows(Dataset[Row]):
    """The training set; a row is made on demand."""

    def __init__(self, count: int, make: Callable[[int], Row]) -> None:
        self.count = count
        self.make = make

    def __len__(self) -> int:
        """Return the number of pairs."""
        return self.count

    def __getitem__(self, index: int) -> Row:
        """Make one row."""
        return self.make(int(index))._replace(repeated=isinstance(index, Repeated))


class Places(NamedTuple):
    """Where the candidates of each pair are in the flat list of a batch's candidates.

    A row with n rejected answers is n pairs that share their chosen answer, and one line of
    `candidates`, chosen first, ABSENT where there is none. Without any rejected answer each
    row counts once in `chosen`. `answers` are all candidates but those of another prompt;
    `mismatched` has for each of them its row's answer of another prompt, if rows have one.
    """

    chosen: Int[Tensor, " pair"]
    rejected: Int[Tensor, " pair"]
    candidates: Int[Tensor, "row slot"]
    answers: Int[Tensor, " answer"]
    wanted: Bool[Tensor, " answer"]
    mismatched: Int[Tensor, " answer"]


class Batch(NamedTuple):
    """What a step receives: shared rows, the places of candidates, what is known of them.

    `numbers` are the rows' places in the training set, `keys` and `clip_keys` name rows and clips
    in the caches, `sizes` counts each row's candidates. A batch of a `repeated` row has no
    `places`.
    """

    ids: list[str]
    keys: list[str]
    clip_keys: list[str]
    sizes: list[int]
    numbers: list[int]
    shared: SharedBatch
    places: Places
    scores: Float[Tensor, " candidate"] | None
    repeated: bool = False

    def to(self, device: torch.device | str) -> "Batch":
        """Move the batch to a device."""
        moved = {"shared": self.shared.to(device), "places": send_to_device(self.places, device)}
        return self._replace(**moved, scores=send_to_device(self.scores, device))


def shared_batch(rows: Sequence[Row], pad_id: int) -> SharedBatch:
    """Put rows into one batch, in which each prompt has a row with its candidates."""
    return SharedBatch(
        lay_out([side for row in rows for side in row.sides], pad_id),
        [clip for row in rows for clip in row.audio],
    )


def collate(rows: Sequence[Row], pad_id: int) -> dict[str, Any]:
    """Make the trainer's inputs: a batch, under one name."""
    has_scores = all(row.scores is not None for row in rows)
    repeated = any(row.repeated for row in rows)
    batch = Batch(
        [row.id for row in rows],
        [row.key for row in rows],
        [key for row in rows for key in row.clip_keys],
        [len(row.candidates) for row in rows],
        [row.number for row in rows],
        shared_batch(rows, pad_id),
        find_places([] if repeated else rows),
        torch.tensor([x for row in rows for x in row.scores or []]) if has_scores else None,
        repeated,
    )
    return {"batch": batch}


def find_places(rows: Sequence[Row]) -> Places:
    """Find where each pair's candidates are in the flat list; without rows there are no pairs."""
    chosen: list[int] = []
    rejected: list[int] = []
    lines: list[list[int]] = []
    answers: list[int] = []
    wanted: list[bool] = []
    mismatched: list[int] = []
    start = 0
    for row in rows:
        own = range(start, start + len(row.wanted))
        best = [at for at, good in zip(own, row.wanted, strict=True) if good]
        worse = [at for at, good in zip(own, row.wanted, strict=True) if not good]
        chosen += best * max(1, len(worse))
        rejected += worse if best else []
        lines.append([*(best or [ABSENT]), *worse])
        answers += own
        wanted += row.wanted
        mismatched += [own.stop] * len(own) if row.has_mismatched else []
        start = own.stop + row.has_mismatched
    width = max(map(len, lines), default=1)
    filled = [line + [ABSENT] * (width - len(line)) for line in lines]
    return Places(
        torch.tensor(chosen, dtype=torch.long),
        torch.tensor(rejected, dtype=torch.long),
        torch.tensor(filled, dtype=torch.long).view(-1, width),  # [row, slot], also of no rows
        torch.tensor(answers, dtype=torch.long),
        torch.tensor(wanted, dtype=torch.bool),
        torch.tensor(mismatched, dtype=torch.long),
    )


def table(rows: Sequence[Logps]) -> Float[Tensor, "candidate token"]:
    """Put the log-probabilities of some rows' candidates into one tensor, short ones padded with 0.

    >>> table([[[-1.0], [-2.0, -3.0]], [[-4.0]]]).tolist()
    [[-1.0, 0.0], [-2.0, -3.0], [-4.0, 0.0]]
    """
    lines = [line for row in rows for line in row]
    width = max(map(len, lines))
    return torch.tensor([[*line, *[0.0] * (width - len(line))] for line in lines])

"""What a frozen policy thinks of rows: asked once, kept in the cache.

Two uses: all rows before training, where the policy that is trained has no adapter to switch
off; and the rows of one batch in the step itself, where it has.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from earmark.policies.policy import Policy
from earmark.progress import track
from earmark.train.cache.features import FeatureCache
from earmark.train.cache.reference import ReferenceCache
from earmark.train.data.batch import Batch, Logps, collate
from earmark.train.data.row_maker import RowMaker
from earmark.train.distributed import Processes
from earmark.train.objective_inputs import by_token


class Caches(NamedTuple):
    """What is heard and what the reference answers, kept or forgotten."""

    features: FeatureCache | None = None
    reference: ReferenceCache | None = None

    def refresh(self) -> None:
        """Read what other processes have kept by now."""
        for cache in (self.features, self.reference):
            if cache is not None:
                cache.read()

    def keep_heard(self, batch: Batch) -> None:
        """Keep the tower's states of a batch's clips."""
        if self.features is not None:
            for key, states in zip(batch.clip_keys, batch.shared.clips, strict=True):
                if isinstance(states, Tensor):
                    self.features.add(key, states)

    def keep_reference(self, batch: Batch, answers: list[Logps]) -> None:
        """Keep what the reference answers about rows of which nothing was known."""
        if self.reference is not None:
            rows = zip(batch.keys, batch.known, answers, strict=True)
            self.reference.add({key: answer for key, known, answer in rows if known is None})


def logps_of(
    model: nn.Module, batch: Batch, detailed: bool = False
) -> Float[Tensor, "candidate token"]:
    """Return log-probabilities of all candidates: one column of sums, or all their tokens'."""
    if detailed:
        return by_token(model(shared=batch.shared, by_token=True), batch.shared.rows)
    logps: Tensor = model(shared=batch.shared)
    return logps[:, None]


def by_row(logps: Float[Tensor, "candidate token"], batch: Batch, detailed: bool) -> list[Logps]:
    """Cut log-probabilities into one list a row, without what fills short answers."""
    widths = batch.shared.rows.lengths.tolist() if detailed else [1] * len(logps)
    lines = iter(line[:width] for line, width in zip(logps.tolist(), widths, strict=True))
    return [[next(lines) for _ in range(size)] for size in batch.sizes]


@torch.no_grad()
def ask_for_all(
    policy: Policy,
    make: RowMaker,
    caches: Caches,
    batches: Sequence[Sequence[int]],
    processes: Processes,
) -> list[Logps]:
    """Return a frozen policy's log-probabilities of all rows; processes share the work.

    Args:
        policy: the one that is asked.
        make: makes a row by its number.
        caches: keep what is heard and answered.
        batches: the numbers of the rows that are asked for together; each row is in one.
        processes: which of several this is.

    Returns:
        For each row, for each candidate: the sum, or with `make.by_token` each token's.
    """
    found: dict[int, Logps] = {}
    mine = batches[processes.rank :: processes.size]
    for numbers in track(mine, "reference log-probabilities", total=len(mine)):
        rows = [make(number) for number in numbers]
        found |= {row.number: row.reference for row in rows if row.reference is not None}
        rows = [row for row in rows if row.reference is None]
        if not rows:
            continue
        batch = collate(rows, policy.pad_id)["batch"].to(policy.device)
        answers = by_row(logps_of(policy.network, batch, make.by_token), batch, make.by_token)
        caches.keep_heard(batch)
        caches.keep_reference(batch, answers)
        found |= {row.number: logps for row, logps in zip(rows, answers, strict=True)}
    everyone = processes.gather(found)
    return [everyone[number] for number in sorted(everyone)]

"""What a frozen policy thinks of rows: asked once, kept in the cache.

Two uses: all rows before training, where the policy that is trained has no adapter to switch
off; and the rows of one batch in the step itself, where it has.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from earmark.policies.policy import Policy
from earmark.progress import track
from earmark.train.feature_cache import FeatureCache
from earmark.train.prepare import RowMaker
from earmark.train.reference_cache import ReferenceCache
from earmark.train.rows import Batch, Logps, Row, collate
from earmark.train.supply import by_token
from earmark.train.together import Processes


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
        """Keep what the reference answers."""
        if self.reference is not None:
            self.reference.add(dict(zip(batch.keys, answers, strict=True)))


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
    batch_size: int,
    processes: Processes,
) -> list[Logps]:
    """Return a frozen policy's log-probabilities of all rows; processes share the work.

    For each candidate that is its sum, or with `make.by_token` those of its tokens.
    """
    found: dict[int, Logps] = {}
    mine = range(processes.rank, len(make), processes.size)
    rows: list[Row] = []
    for number in track(mine, "reference log-probabilities", total=len(mine)):
        row = make(number)
        if row.reference is not None:
            found[number] = row.reference
        else:
            rows.append(row)
        if rows and (len(rows) == batch_size or number == mine[-1]):
            batch = collate(rows, policy.pad_id)["batch"].to(policy.device)
            logps = logps_of(policy.network, batch, make.by_token)
            answers = by_row(logps, batch, make.by_token)
            caches.keep_heard(batch)
            caches.keep_reference(batch, answers)
            found |= {row.number: logps for row, logps in zip(rows, answers, strict=True)}
            rows = []
    everyone = processes.gather(found)
    return [everyone[number] for number in range(len(make))]

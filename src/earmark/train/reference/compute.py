"""Log-probabilities of candidates under a policy: of one batch, or of all rows before training."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from earmark.policies.policy import Policy
from earmark.progress import track
from earmark.train.cache.features import FeatureCache
from earmark.train.cache.reference import Logps, ReferenceCache
from earmark.train.data.batch import Batch, collate
from earmark.train.data.row_maker import RowMaker
from earmark.train.distributed import Processes
from earmark.train.objective_inputs import by_token


def logps_of(
    model: nn.Module, batch: Batch, detailed: bool = False
) -> Float[Tensor, "candidate token"]:
    """Return log-probabilities of all candidates: one column of sums, or all their tokens'."""
    if detailed:
        return by_token(model(shared=batch.shared, by_token=True), batch.shared.rows)
    logps: Tensor = model(shared=batch.shared)  # [candidate]
    return logps[:, None]


def by_row(logps: Float[Tensor, "candidate token"], batch: Batch, detailed: bool) -> list[Logps]:
    """Cut log-probabilities into one list a row, without the padding of short answers."""
    widths = batch.shared.rows.lengths.tolist() if detailed else [1] * len(logps)
    # Candidates of all rows follow each other; `sizes` says how many are each row's.
    lines = iter(line[:width] for line, width in zip(logps.tolist(), widths, strict=True))
    return [[next(lines) for _ in range(size)] for size in batch.sizes]


@torch.no_grad()
def precompute(
    policy: Policy,
    make: RowMaker,
    cache: ReferenceCache,
    features: FeatureCache | None,
    batches: Sequence[Sequence[int]],
    processes: Processes,
) -> list[Logps]:
    """Return a frozen policy's log-probabilities of all rows; processes share the work.

    Args:
        policy: the one that is frozen.
        make: makes a row by its number.
        cache: has what is known of rows, and keeps what is computed.
        features: keeps the tower's output of clips.
        batches: the numbers of the rows that are computed together; each row is in one.
        processes: which of several this is.

    Returns:
        For each row, for each candidate: the sum, or with `make.by_token` each token's.
    """
    found: dict[int, Logps] = {}
    mine = batches[processes.rank :: processes.size]
    for numbers in track(mine, "reference log-probabilities", total=len(mine)):
        rows = [make(number) for number in numbers]
        known = {row.number: cache.get(row.key) for row in rows}
        found |= {number: logps for number, logps in known.items() if logps is not None}
        rows = [row for row in rows if known[row.number] is None]
        if not rows:
            continue
        batch = collate(rows, policy.pad_id)["batch"].to(policy.device)
        computed = by_row(logps_of(policy.network, batch, make.by_token), batch, make.by_token)
        if features is not None:
            features.add_batch(batch.clip_keys, batch.shared.clips)
        cache.add(dict(zip(batch.keys, computed, strict=True)))
        found |= dict(zip(batch.numbers, computed, strict=True))
    everyone = processes.gather(found)
    return [everyone[number] for number in sorted(everyone)]

"""The reference: the frozen policy whose log-probabilities an objective compares with.

Two forms. `LiveReference` is the policy that is trained, with its adapter switched off, computed
in the step; what it gives a row is kept in a cache where one is open. `CachedReference` was
computed for all rows before the first step.
"""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import torch
from accelerate.utils import extract_model_from_parallel
from jaxtyping import Float
from torch import Tensor, nn

from earmark.policies.lora.adapt import without_adapter
from earmark.train.cache.reference import Logps, ReferenceCache
from earmark.train.data.batch import Batch, table
from earmark.train.distributed import Processes
from earmark.train.reference.compute import by_row, logps_of


@runtime_checkable
class Reference(Protocol):
    """A frozen policy that knows the log-probabilities of a batch's candidates."""

    def logps(self, model: nn.Module, batch: Batch) -> Float[Tensor, "candidate token"]:
        """Return the log-probabilities of all candidates of a batch, in nats.

        Args:
            model: what is trained, as the engine has wrapped it.
            batch: the rows.
        """

    def refresh(self) -> None:
        """Read what other processes have computed by now."""


class LiveReference:
    """The policy with its adapter switched off.

    Args:
        by_token: keep each token's log-probability apart, not their sum.
        processes: which of several this is.
        cache: where the log-probabilities of rows are kept; without it they are computed again at
            every visit.
    """

    def __init__(
        self,
        by_token: bool = False,
        processes: Processes | None = None,
        cache: ReferenceCache | None = None,
    ) -> None:
        self.by_token = by_token
        self.processes = processes or Processes()
        self.cache = cache

    def logps(self, model: nn.Module, batch: Batch) -> Float[Tensor, "candidate token"]:
        """Return what is known of the rows, and compute what is missing.

        If one process has to compute, all do: a model that is sharded over them is called by all.
        What is known of a row is used as it is: computed in another batch, its last digits would
        differ.
        """
        known = [self.cache.get(key) if self.cache else None for key in batch.keys]
        complete = [row for row in known if row is not None]
        if not self.processes.any(len(complete) < len(known)):
            return table(complete).to(batch.shared.rows.input_ids.device)
        with torch.no_grad(), without_adapter(extract_model_from_parallel(model)):
            computed = logps_of(model, batch, self.by_token)
        new = by_row(computed, batch, self.by_token)
        if self.cache is not None:
            rows = zip(batch.keys, known, new, strict=True)
            self.cache.add({key: row for key, old, row in rows if old is None})
        # Read back from lists in either case, so that a kept row and a new one are rounded alike.
        return table([old or row for old, row in zip(known, new, strict=True)]).to(computed)

    def refresh(self) -> None:
        """Read what other processes have put into the cache."""
        if self.cache is not None:
            self.cache.read()


class CachedReference:
    """Log-probabilities that were computed before training: `rows[number]` is that row's."""

    def __init__(self, rows: Sequence[Logps]) -> None:
        self.rows = rows

    def logps(self, model: nn.Module, batch: Batch) -> Float[Tensor, "candidate token"]:
        """Return the rows of a batch."""
        found = table([self.rows[number] for number in batch.numbers])
        return found.to(batch.shared.rows.input_ids.device)

    def refresh(self) -> None:
        """Do nothing: all is known."""

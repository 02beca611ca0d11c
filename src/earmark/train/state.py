"""The state of a run: what it keeps from one batch to the next and saves in checkpoints.

Three things: the objective's own state; what the weighting of several references has seen of
earlier batches; and, for an objective that asks for a snapshot, the log-probabilities that the
policy gave each pair when it last saw it.
"""

from pathlib import Path
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save
from torch import Tensor

from earmark.errors import InputError
from earmark.objectives.contract.loss import Loss
from earmark.objectives.contract.signature import Contract
from earmark.objectives.weightings.weighting import (
    Gaps,
    Weighting,
    per_token_gaps,
    preference_gaps,
    ref_weights,
)
from earmark.storage.atomic import atomic_path
from earmark.train.data.batch import Batch
from earmark.train.distributed import of_every_process

FILE = "objective_state.safetensors"


def save_state(folder: Path, state: dict[str, Tensor]) -> None:
    """Write the state into a checkpoint folder, which may not exist yet."""
    folder.mkdir(parents=True, exist_ok=True)
    with atomic_path(folder / FILE) as path:
        path.write_bytes(save({name: value.cpu().contiguous() for name, value in state.items()}))


def load_state(folder: Path) -> dict[str, Tensor]:
    """Read the state of a checkpoint.

    Raises:
        InputError: the checkpoint has none.
    """
    path = folder / FILE
    if not path.is_file():
        raise InputError(
            f"{path} is missing: without the objective's state, the run would not resume as "
            "it was. Remove this checkpoint, or start again with another --out"
        )
    return load_file(path)


def flatten(prefix: str, state: Any) -> dict[str, Tensor]:
    """Name the tensors of a NamedTuple; none for None.

    >>> flatten("objective", None)
    {}
    """
    if state is None:
        return {}
    return {f"{prefix}.{name}": torch.as_tensor(value) for name, value in state._asdict().items()}


def restore(prefix: str, kind: type, saved: dict[str, Tensor]) -> Any:
    """Build a NamedTuple from its named tensors."""
    start = f"{prefix}."
    return kind(**{k.removeprefix(start): v for k, v in saved.items() if k.startswith(start)})


class Weighed(NamedTuple):
    """A weighting of references, its state after all earlier batches, and its seed."""

    weighting: Weighting
    state: Any
    seed: int
    per_token: bool = False

    def gaps(self, own: dict[str, Any]) -> Gaps:
        """Return by how much each reference prefers the chosen answer of each pair."""
        if not self.per_token:
            return preference_gaps(own["refs_chosen"], own["refs_rejected"])
        counts = own["chosen_tokens"], own["rejected_tokens"]
        return per_token_gaps(own["refs_chosen"], own["refs_rejected"], *counts)


def counted(batch: Batch) -> list[int]:
    """Return the numbers of the rows that count."""
    return [] if batch.repeated else batch.numbers


class State:
    """The state of the objective, of the weighting and of snapshots.

    `mean_score_gap` is a fact about the training set, in the scores' own unit.
    """

    def __init__(
        self,
        contract: Contract,
        *,
        pairs: int = 0,
        mean_score_gap: float | None = None,
        weighed: Weighed | None = None,
    ) -> None:
        self.contract = contract
        self.state: Any = contract.state_class() if contract.state_class else None
        self.snapshot: Tensor | None = None
        if "snapshot_logps" in contract.tensors:
            self.snapshot = torch.full((pairs, 0), torch.nan)  # [row, slot]; NaN until seen
        self.mean_score_gap = mean_score_gap
        self.weighed = weighed

    def recall(self, own: dict[str, Any], batch: Batch) -> dict[str, Any]:
        """Name what is kept, as it was before this batch was seen."""
        found: dict[str, Any] = {}
        if self.state is not None:
            found["state"] = self.state
        if self.mean_score_gap is not None:
            found["mean_score_gap"] = torch.tensor(self.mean_score_gap)
        if self.snapshot is not None:
            found["snapshot_logps"] = self._snapshot_of(own["ref_logps"], batch)
        if self.weighed is not None:
            found["ref_weights"] = ref_weights(
                self.weighed.weighting,
                self.weighed.state,
                self.weighed.gaps(own),
                self.weighed.seed,
            )
        return found

    def keep(self, loss: Loss, own: dict[str, Any], batch: Batch) -> None:
        """Keep what this batch has shown all processes; `own` is of this one."""
        if self.state is not None:
            self.state = loss.state
        if self.weighed is not None:
            everyone = of_every_process(self.weighed.gaps(own))
            gaps = torch.cat([gaps for (gaps,) in everyone], dim=1)  # [ref, pair of all]
            state = self.weighed.weighting.see(self.weighed.state, gaps)
            self.weighed = self.weighed._replace(state=state)
        if self.snapshot is not None:
            here = torch.tensor(counted(batch), dtype=torch.long), own["logps"].detach()
            for numbers, logps in of_every_process(*here):
                self._widen(logps.shape[1])
                self.snapshot[numbers, : logps.shape[1]] = logps

    def _snapshot_of(self, reference: Tensor, batch: Batch) -> Tensor:
        """Return the last log-probabilities of a batch's pairs, the reference's at first sight."""
        self._widen(reference.shape[1])
        assert self.snapshot is not None
        last = self.snapshot[counted(batch), : reference.shape[1]].to(reference)
        return torch.where(last.isnan(), reference, last)

    def _widen(self, candidates: int) -> None:
        """Make room for pairs with more candidates than any before."""
        assert self.snapshot is not None
        more = candidates - self.snapshot.shape[1]
        if more > 0:
            self.snapshot = F.pad(self.snapshot, (0, more), value=torch.nan)

    def save(self, folder: Path) -> None:
        """Write all state into a checkpoint folder; nothing when there is none."""
        found = flatten("objective", self.state)
        if self.snapshot is not None:
            found["snapshot"] = self.snapshot
        if self.weighed is not None:
            found |= flatten("weighting", self.weighed.state)
        if found:
            save_state(folder, found)

    def load(self, folder: Path) -> None:
        """Resume with the state of a checkpoint.

        Raises:
            InputError: the checkpoint does not have it.
        """
        if self.state is None and self.snapshot is None and self.weighed is None:
            return
        saved = load_state(folder)
        if self.contract.state_class:
            self.state = restore("objective", self.contract.state_class, saved)
        if self.snapshot is not None:
            self.snapshot = saved["snapshot"]
        if self.weighed is not None:
            state = restore("weighting", type(self.weighed.state), saved)
            self.weighed = self.weighed._replace(state=state)

"""All that the loop works with: rows, and what is remembered between batches."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from earmark.errors import InputError
from earmark.objectives.contract import Contract
from earmark.objectives.weightings import WEIGHTINGS
from earmark.policies.policy import Policy
from earmark.train.encode import EncodedPair
from earmark.train.memory import Memory, Weighed
from earmark.train.prepare import make_rows
from earmark.train.references import logps_of_references
from earmark.train.rows import Logps, Rows
from earmark.train.settings import TrainSettings


class Material(NamedTuple):
    """The training rows, and what a run remembers from one batch to the next."""

    rows: Rows
    memory: Memory


def gather(
    policy: Policy, encoded: Sequence[EncodedPair], settings: TrainSettings, needs: Contract
) -> Material:
    """Hear, tokenize and ask all frozen policies; hold back pairs that weight references."""
    references: list[list[Logps]] = []
    weighed = None
    if needs.needs_references:
        references = logps_of_references(encoded, settings)
        encoded, weighed = hold_back(encoded, references, settings)
    rows = make_rows(policy, encoded, settings, needs, references)
    gap = mean_score_gap(encoded) if needs.needs_scores else None
    return Material(rows, Memory(needs, pairs=len(encoded), mean_score_gap=gap, weighed=weighed))


def hold_back(
    encoded: Sequence[EncodedPair], references: list[list[Logps]], settings: TrainSettings
) -> tuple[Sequence[EncodedPair], Weighed]:
    """Split off the last pairs; what references think of them may weight the references.

    Raises:
        InputError: too few pairs to hold any back.
    """
    held = round(settings.validation_share * len(encoded))
    if not 0 < held < len(encoded):
        raise InputError(
            f"{len(encoded)} pairs are too few to hold {settings.validation_share:.0%} of them "
            "back for the weighting of references; give more pairs or another validation_share"
        )
    weighting = WEIGHTINGS[settings.weighting]()
    gaps = torch.stack([gaps_of(rows[-held:]) for rows in references])
    state = weighting.start(gaps, len(references))
    return encoded[:-held], Weighed(weighting, state, settings.seed)


def gaps_of(rows: Sequence[Logps]) -> Tensor:
    """Return chosen minus rejected in nats, [pair]; the first rejected where there are several."""
    return torch.tensor([sum(row[0]) - sum(row[1]) for row in rows])


def mean_score_gap(encoded: Sequence[EncodedPair]) -> float:
    """Return the mean of chosen minus rejected score over all pairs of the training set."""
    gaps = [pair.scores[0] - score for pair in encoded if pair.scores for score in pair.scores[1:]]
    return sum(gaps) / len(gaps)

"""All that the loop works with: rows, caches, and what is remembered between batches."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from earmark.errors import InputError
from earmark.objectives.weightings import WEIGHTINGS
from earmark.policies.policy import Policy
from earmark.train.batches import BudgetBatches
from earmark.train.costs import (
    Heard,
    check_room,
    choose_features,
    choose_reference,
    known_rows,
    passes,
    row_visits,
)
from earmark.train.encode import EncodedPairs
from earmark.train.frozen import Caches, ask_for_all
from earmark.train.memory import Memory, Weighed
from earmark.train.plan import in_order, plan
from earmark.train.prepare import RowMaker
from earmark.train.references import logps_of_references, open_caches
from earmark.train.rows import Logps, Row, Rows
from earmark.train.settings import TrainSettings
from earmark.train.together import Processes


class Material(NamedTuple):
    """The training rows, the caches that steps fill, and what is remembered between batches."""

    rows: Rows
    memory: Memory
    caches: Caches
    batches: BudgetBatches | None = None


def gather(
    policy: Policy,
    policy_hash: str,
    encoded: EncodedPairs,
    settings: TrainSettings,
    *,
    mean_score_gap: float | None = None,
    processes: Processes | None = None,
) -> Material:
    """Ask frozen policies what must be known before the first step; hold back what weights them.

    A policy that gets an adapter is its own reference with the adapter switched off, so it
    clips: int | None = None,
    is asked in the step itself. One that is trained as a whole is asked now. `clips` counts the
    different clips of the pairs; where nobody has counted them, each row has one.
    """
    needs, together = encoded.needs, processes or Processes()
    references: list[list[Logps]] = []
    weighed, count = None, len(encoded)
    if needs.needs_references:
        references = logps_of_references(encoded, settings, together)
        count -= held_back(count, settings)
    budgeted = plan(policy, encoded, count, settings, together) if settings.token_budget else None
    size = budgeted.mean_size if budgeted else settings.per_device_train_batch_size
    caches = open_caches(policy, policy_hash, settings)
    if caches.features is not None:
        asked_before = count if needs.needs_reference and not settings.lora_rank else 0
        heard = row_visits(count, size, settings, together.size) + asked_before
        different = len(encoded) if clips is None else clips
        if choose_features(Heard(heard, different), encoded, caches.features, settings):
            check_room(policy, encoded, caches.features)
        else:
            caches = caches._replace(features=None)
    make = RowMaker(policy, encoded, caches.features, caches.reference, needs.needs_heads)
    asked: list[Logps] = []
    if needs.needs_reference:
        cost = passes(count, known_rows(make, count), size, settings, together.size)
        if choose_reference(cost, settings) == "live":
            make.reference = None
            caches = caches._replace(reference=None)
        if not settings.lora_rank:
            batches = budgeted.batches if budgeted else in_order(count, settings)
            asked = ask_for_all(policy, make, caches, batches, together)

    def row(number: int) -> Row:
        made = make(number)
        reference = asked[number] if asked else made.reference
        return made._replace(reference=reference, references=[rows[number] for rows in references])

    memory = Memory(needs, pairs=count, mean_score_gap=mean_score_gap, weighed=weighed)
    return Material(Rows(count, row), memory, caches, budgeted)


def held_back(pairs: int, settings: TrainSettings) -> int:
    """Return how many pairs, the last ones, are not trained on and weight references instead.

    Raises:
        InputError: too few pairs to hold any back.
    """
    held = round(settings.validation_share * pairs)
    if not 0 < held < pairs:
        raise InputError(
            f"{pairs} pairs are too few to hold {settings.validation_share:.0%} of them "
            "back for the weighting of references; give more pairs or another validation_share"
        )
    return held


def weigh(held: Sequence[Sequence[Logps]], settings: TrainSettings) -> Weighed:
    """Start the weighting of references with what each thinks of the pairs held back."""
    weighting = WEIGHTINGS[settings.weighting]()
    gaps = torch.stack([gaps_of(rows) for rows in held])
    return Weighed(weighting, weighting.start(gaps, len(held)), settings.seed)


def gaps_of(rows: Sequence[Logps]) -> Tensor:
    """Return chosen minus rejected in nats, [pair]; the first rejected where there are several."""
    return torch.tensor([sum(row[0]) - sum(row[1]) for row in rows])

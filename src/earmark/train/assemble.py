"""All that the loop works with: rows, caches, and what is remembered between batches."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from earmark.errors import InputError
from earmark.objectives.weightings import WEIGHTINGS
from earmark.objectives.weightings.weighting import Weighting
from earmark.policies.policy import Policy
from earmark.progress import note
from earmark.train.data.batch import Logps, Row, Rows
from earmark.train.data.examples import EncodedPairs
from earmark.train.data.row_maker import RowMaker
from earmark.train.data.token_budget import BudgetBatches, in_order, plan
from earmark.train.distributed import Processes
from earmark.train.preflight.costs import (
    Heard,
    check_room,
    choose_features,
    choose_reference,
    known_rows,
    passes,
    row_visits,
)
from earmark.train.reference.compute import Caches, ask_for_all
from earmark.train.reference.several import logps_of_references, open_caches
from earmark.train.settings import TrainSettings
from earmark.train.state import Memory, Weighed

# Of the chosen and of the rejected answer.
Lengths = tuple[int, int]


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
    clips: int | None = None,
    held: int = 0,
    processes: Processes | None = None,
) -> Material:
    """Ask frozen policies what must be known before the first step; hold back what weights them.

    A policy that gets an adapter is its own reference with the adapter switched off, so it
    is asked in the step itself. One that is trained as a whole is asked now. `clips` counts the
    different clips of the pairs; where nobody has counted them, each row has one. The last `held`
    pairs are not trained on and weight the references.
    """
    needs, together = encoded.needs, processes or Processes()
    references: list[list[Logps]] = []
    count = len(encoded) - held
    if needs.needs_references:
        references = logps_of_references(encoded, settings, together)
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

    weighed = None
    if needs.needs_references:
        numbers = range(count, len(encoded)) if settings.weighting_per_token else ()
        lengths = [lengths_of(make(number)) for number in numbers]
        weighed = weigh([rows[count:] for rows in references], lengths, settings)
    memory = Memory(needs, pairs=count, mean_score_gap=mean_score_gap, weighed=weighed)
    return Material(Rows(count, row), memory, caches, budgeted)


def held_back(pairs: int, settings: TrainSettings) -> int:
    """Return how many pairs, the last ones, are not trained on and weight references instead.

    Raises:
        InputError: too few pairs to hold any back.
    """
    if not make_weighting(settings).needs_validation:
        return 0
    held = round(settings.validation_share * pairs)
    if not 0 < held < pairs:
        raise InputError(
            f"{pairs} pairs are too few to hold {settings.validation_share:.0%} of them "
            "back for the weighting of references; give more pairs or another validation_share"
        )
    note(
        f"{held} of {pairs} pairs, the last ones, weight the references (weighting "
        f"'{settings.weighting}') and are not trained on"
    )
    return held


def make_weighting(settings: TrainSettings) -> Weighting:
    """Make the weighting of references that is asked for."""
    make = WEIGHTINGS[settings.weighting]
    if settings.weighting == "sliding_window":
        return make(window=settings.weighting_window)
    return make()


def weigh(
    held: Sequence[Sequence[Logps]], lengths: Sequence[Lengths], settings: TrainSettings
) -> Weighed:
    """Start the weighting of references with what each thinks of the pairs held back.

    Their log-probabilities are divided by `lengths`, unless it is empty.
    """
    weighting = make_weighting(settings)
    gaps = torch.stack([gaps_of(rows, lengths or [(1, 1)] * len(rows)) for rows in held])
    start = weighting.start(gaps, len(held))
    return Weighed(weighting, start, settings.seed, settings.weighting_per_token)


def lengths_of(row: Row) -> Lengths:
    """Count the tokens of the chosen and of the first rejected answer."""
    chosen, rejected, *_ = row.answers.candidates
    return len(chosen), len(rejected)


def gaps_of(rows: Sequence[Logps], lengths: Sequence[Lengths]) -> Tensor:
    """Return chosen minus rejected in nats, [pair]; the first rejected where there are several."""
    return torch.tensor(
        [sum(row[0]) / a - sum(row[1]) / b for row, (a, b) in zip(rows, lengths, strict=True)]
    )

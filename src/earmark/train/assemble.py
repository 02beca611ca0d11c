"""Put together what the trainer works with: rows, batches, caches, references, state."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from earmark.errors import InputError
from earmark.objectives.weightings.choose import choose_weighting
from earmark.objectives.weightings.weighting import Weighting
from earmark.policies.audio import AudioPolicy
from earmark.policies.policy import Policy
from earmark.progress import note
from earmark.train.cache.features import FeatureCache
from earmark.train.cache.reference import Logps, ReferenceCache
from earmark.train.data.batch import Row, Rows
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
from earmark.train.reference.compute import precompute
from earmark.train.reference.reference import CachedReference, LiveReference, Reference
from earmark.train.reference.several import logps_of_references
from earmark.train.settings import TrainSettings
from earmark.train.state import State, Weighed

# Tokens of the chosen and of the first rejected answer.
Lengths = tuple[int, int]


class Assembled(NamedTuple):
    """What the trainer works with.

    Attributes:
        rows: the training set.
        batches: its batches, where they keep to a budget of tokens.
        features: the cache of the audio tower's output, if one is kept.
        reference: the frozen starting policy, if the objective compares with it.
        references: further frozen policies, for objectives that compare with several.
        state: what is kept from one batch to the next.
    """

    rows: Rows
    batches: BudgetBatches | None
    features: FeatureCache | None
    reference: Reference | None
    references: Sequence[CachedReference]
    state: State


class Plan(NamedTuple):
    """How a run goes over its rows: how many there are, in which batches."""

    rows: int
    budgeted: BudgetBatches | None
    settings: TrainSettings
    processes: Processes

    @property
    def rows_per_batch(self) -> float:
        """Return how many rows a batch has on average."""
        if self.budgeted is not None:
            return self.budgeted.mean_size
        return self.settings.per_device_train_batch_size

    @property
    def batches(self) -> Sequence[list[int]]:
        """Return the numbers of the rows of each batch, each row once."""
        return self.budgeted.batches if self.budgeted else in_order(self.rows, self.settings)

    @property
    def visits(self) -> int:
        """Return how many rows all steps see."""
        return row_visits(self.rows, self.rows_per_batch, self.settings, self.processes.size)


def assemble(
    policy: Policy,
    policy_hash: str,
    encoded: EncodedPairs,
    settings: TrainSettings,
    *,
    mean_score_gap: float | None = None,
    clips: int | None = None,
    held: int = 0,
    processes: Processes | None = None,
) -> Assembled:
    """Put together what the trainer works with; frozen policies without an adapter run now.

    Args:
        policy: what is trained, with its adapter if it gets one.
        policy_hash: names the policy in the caches.
        encoded: the pairs.
        settings: the knobs of the run.
        mean_score_gap: mean of chosen minus rejected score over the training set.
        clips: how many different clips the pairs have; by default each pair has one of its own.
        held: so many pairs, the last ones, weight the references and are not trained on.
        processes: which of several processes this is.

    Raises:
        InputError: a row, a reference or the disk does not allow the run.
    """
    contract, together = encoded.needs, processes or Processes()
    count = len(encoded) - held
    several = logps_of_references(encoded, settings, together) if contract.needs_references else []
    budgeted = plan(policy, encoded, count, settings, together) if settings.token_budget else None
    run = Plan(count, budgeted, settings, together)
    features = open_features(policy, encoded, run, len(encoded) if clips is None else clips)
    make = RowMaker(policy, encoded, features, contract.needs_prefixes)
    reference = open_reference(policy, policy_hash, make, run) if contract.needs_reference else None
    weighed = start_weighting(several, make, run) if contract.needs_references else None
    return Assembled(
        Rows(count, make),
        budgeted,
        features,
        reference,
        [CachedReference(rows) for rows in several],
        State(contract, pairs=count, mean_score_gap=mean_score_gap, weighed=weighed),
    )


def open_features(
    policy: Policy, encoded: EncodedPairs, run: Plan, clips: int
) -> FeatureCache | None:
    """Open the cache of the tower's output where that saves work.

    Raises:
        InputError: the disk has no room for it.
    """
    settings = run.settings
    # Without parts that hear by themselves there are no states to keep, only the clips.
    if settings.cache_features is False or not isinstance(policy, AudioPolicy):
        return None
    if not (policy.hearing and policy.hearing_is_frozen):
        return None
    cache = FeatureCache(Path(settings.cache_dir).expanduser(), policy)
    precomputed = run.rows if encoded.needs.needs_reference and not settings.lora_rank else 0
    if not choose_features(Heard(run.visits + precomputed, clips), encoded, cache, settings):
        return None
    check_room(policy, encoded, cache)
    return cache


def open_reference(policy: Policy, policy_hash: str, make: RowMaker, run: Plan) -> Reference:
    """Return the frozen starting policy: with an adapter it runs in the step, without one now."""
    settings = run.settings
    cache = ReferenceCache(Path(settings.cache_dir).expanduser(), policy_hash)
    known = known_rows(make, cache, run.rows)
    cost = passes(run.rows, known, run.rows_per_batch, settings, run.processes.size)
    kept = choose_reference(cost, settings) == "cached"
    if settings.lora_rank:
        return LiveReference(make.by_token, run.processes, cache if kept else None)
    rows = precompute(policy, make, cache, make.features, run.batches, run.processes)
    return CachedReference(rows)


def start_weighting(several: Sequence[Sequence[Logps]], make: RowMaker, run: Plan) -> Weighed:
    """Start the weighting of several references with the pairs that are held back."""
    settings = run.settings
    numbers = range(run.rows, len(make)) if settings.weighting_per_token else ()
    lengths = [lengths_of(make(number)) for number in numbers]
    return weigh([rows[run.rows :] for rows in several], lengths, settings)


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
    """Make the weighting of references that the settings name.

    Raises:
        KnobError: there is no weighting of that name, or it breaks its contract.
    """
    return choose_weighting(settings.weighting, settings.weighting_window)


def weigh(
    held: Sequence[Sequence[Logps]], lengths: Sequence[Lengths], settings: TrainSettings
) -> Weighed:
    """Start the weighting of references with what each thinks of the pairs held back.

    Their log-probabilities are divided by `lengths`, unless it is empty.
    """
    weighting = make_weighting(settings)
    gaps = torch.stack([gaps_of(rows, lengths or [(1, 1)] * len(rows)) for rows in held])
    # [ref, pair]
    start = weighting.start(gaps, len(held))
    return Weighed(weighting, start, settings.seed, settings.weighting_per_token)


def lengths_of(row: Row) -> Lengths:
    """Count the tokens of the chosen and of the first rejected answer."""
    chosen, rejected, *_ = row.candidates
    return len(chosen), len(rejected)


def gaps_of(rows: Sequence[Logps], lengths: Sequence[Lengths]) -> Tensor:
    """Return chosen minus rejected in nats, [pair]; the first rejected where there are several."""
    return torch.tensor(
        [sum(row[0]) / a - sum(row[1]) / b for row, (a, b) in zip(rows, lengths, strict=True)]
    )

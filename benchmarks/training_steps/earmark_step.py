"""Earmark's own step, as `earmark train` takes it: the trainer's training_step on its own batch.

Three ways: with the audio tower's states and the reference from their caches; with the tower
in the step; with tower and reference in the step, both once for all answers.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from earmark.objectives.contract.objective import Objective
from earmark.objectives.dpo import dpo
from earmark.policies.lora.adapt import add_lora
from earmark.policies.policy import Policy
from earmark.train.arguments import training_arguments
from earmark.train.assemble import assemble
from earmark.train.cache.fingerprint import of_policy
from earmark.train.data.batch import Batch
from earmark.train.data.examples import EncodedPairs
from earmark.train.reference.compute import logps_of
from earmark.train.reference.reference import LiveReference
from earmark.train.settings import TrainSettings
from earmark.train.trainer import PreferenceTrainer
from training_steps.names import start
from training_steps.step import Hearing, Step, local_step
from training_steps.task import (
    BETA,
    LORA_ALPHA,
    LORA_RANK,
    Case,
    clips_of,
    load_base,
    load_start,
    pairs_of,
)

CACHED = "earmark, tower and reference cached"
TOWER_LIVE = "earmark, tower live, reference cached"
LIVE = "earmark, tower and reference live"


class Ready(NamedTuple):
    """A trainer whose caches are filled, and the batch that its loader makes."""

    policy: Policy
    trainer: PreferenceTrainer
    inputs: dict[str, Any]
    hearing: Hearing


def prepare(
    root: Path,
    case: Case,
    policy: Policy,
    weights: Callable[[nn.Module], dict[str, Tensor]],
    owner: str = "",
) -> Ready:
    """Fill the caches by the frozen policy, then give the policy its weights.

    `owner` stands for the hash of the weights where hashing them would take longer than all else.
    """

    def objective(chosen: Tensor, rejected: Tensor, ref_chosen: Tensor, ref_rejected: Tensor):
        return dpo(chosen, rejected, ref_chosen, ref_rejected, beta=BETA)

    with tempfile.TemporaryDirectory() as cache:
        settings = TrainSettings(
            lora_rank=LORA_RANK if case.tuning == "lora" else 0,
            lora_alpha=LORA_ALPHA,
            cache_dir=cache,
            max_steps=1,
            per_device_train_batch_size=case.prompts,
            device=policy.device.type,
            reference_logps="cached",
            cache_features=True,
        )
        chosen = Objective.of(objective)
        encoded = EncodedPairs(pairs_of(root, case), root / case.shape, chosen.contract)
        policy_hash = owner or of_policy(policy)
        if settings.lora_rank:
            add_lora(policy, LORA_RANK, LORA_ALPHA)
        parts = assemble(policy, policy_hash, encoded, settings)
        arguments = training_arguments(settings, Path(cache) / "run")
        trainer = PreferenceTrainer(policy, chosen, parts, arguments, [])
        with torch.no_grad():  # the first pass runs the tower and the reference
            trainer.compute_loss(policy.model, next(iter(trainer.get_train_dataloader())))
        start(policy.model, weights(policy.model))
        inputs = trainer._prepare_inputs(next(iter(trainer.get_train_dataloader())))
        kept = trainer.reference.logps(policy.model, inputs["batch"])
    # What the cache gave is kept in memory, since its folder is gone.
    trainer.reference = Known(kept)
    trainer.features = None
    # The weights are no longer those of the reference, as after some steps.
    trainer.state.global_step = 1
    return Ready(policy, trainer, inputs, Hearing(policy.tower))


def earmark_steps(root: Path, case: Case) -> dict[str, Step]:
    """Return Earmark's steps on one policy."""
    ready = prepare(root, case, load_base(root, case.shape), lambda _: load_start(root, case))
    frozen = None if case.tuning == "lora" else load_base(root, case.shape)
    return steps_of(ready, case, clips_of(root, case), frozen)


def steps_of(
    ready: Ready,
    case: Case,
    clips: list[np.ndarray],
    frozen: Policy | None,
    clock: Callable[[], float] = time.process_time,
) -> dict[str, Step]:
    """Return the three ways; `frozen` is the reference where no adapter can be switched off."""
    policy, trainer, inputs, hearing = ready
    # The batch is in the order in which the loader drew the rows.
    mels = [policy.features(clips[number]) for number in inputs["batch"].numbers]
    trainer.current_gradient_accumulation_steps = 1  # which the loop sets

    def on(batch: Batch) -> Tensor:
        return trainer.training_step(trainer.model, {"batch": batch})

    def tower_live() -> Tensor:
        return on(unheard(inputs["batch"], mels))

    def live() -> Tensor:
        batch, known = unheard(inputs["batch"], mels), trainer.reference
        if frozen is not None:
            with torch.no_grad():
                batch = batch._replace(shared=policy.hear(batch.shared))
        trainer.reference = LiveReference() if frozen is None else Known(computed(frozen, batch))
        loss = on(batch)
        trainer.reference = known
        return loss

    ways = {CACHED: lambda: on(inputs["batch"]), TOWER_LIVE: tower_live, LIVE: live}
    return {
        name: local_step(policy.model, hearing, way, case.pairs, clock)
        for name, way in ways.items()
    }


def unheard(batch: Batch, mels: list[dict[str, Tensor]]) -> Batch:
    """Return the batch as it comes where no clip is in the cache: with the tower's input."""
    return batch._replace(shared=batch.shared._replace(clips=list(mels)))


class Known(NamedTuple):
    """A reference whose log-probabilities of the one batch are known, [candidate, 1]."""

    values: Tensor

    def logps(self, model: nn.Module, batch: Batch) -> Tensor:
        """Return them."""
        return self.values

    def refresh(self) -> None:
        """Do nothing: all is known."""


@torch.no_grad()
def computed(frozen: Policy, batch: Batch) -> Tensor:
    """Run a frozen copy on the same shared rows; returns [candidate, 1], in nats."""
    return logps_of(frozen.network, batch)


def floor_step(root: Path, case: Case) -> Step:
    """Return the practical floor on a policy of its own; see `floor_of`."""
    policy = load_base(root, case.shape)
    if case.tuning == "lora":
        add_lora(policy, LORA_RANK, LORA_ALPHA)
    start(policy.model, load_start(root, case))
    return floor_of(policy, case)


def floor_of(policy: Policy, case: Case) -> Step:
    """One plain causal forward and backward over P + kC tokens: no pair, no reference, no audio.

    Logits only where answers would be, as in the shared row; the floor would be higher, and
    easier to come near, with logits at every position.
    """
    network: Any = policy.network
    width, answers = case.row_tokens, (case.losers + 1) * case.answer_tokens
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(10, 400, (1, width), generator=generator).to(policy.device)

    def forward_backward() -> Tensor:
        policy.model.train()
        hidden = network.model.language_model(input_ids=ids, use_cache=False).last_hidden_state
        logits = network.lm_head(hidden[0, -answers - 1 : -1]).float()
        loss = nn.functional.cross_entropy(logits, ids[0, -answers:])
        loss.backward()
        return loss.detach()

    return local_step(policy.model, Hearing(), forward_backward, case.pairs)

"""Earmark's own step, as `earmark train` takes it: the trainer's training_step on its own batch.

Three ways: with the audio tower's states and the reference from their caches; with the tower
in the step; with tower and reference in the step, both once for all answers.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from earmark.objectives.contract import contract
from earmark.objectives.dpo import dpo
from earmark.policies.adapt import add_lora
from earmark.policies.policy import Policy
from earmark.train.encode import encode_pair
from earmark.train.material import gather
from earmark.train.rows import Batch
from earmark.train.settings import TrainSettings
from earmark.train.train import training_arguments
from earmark.train.trainer import PreferenceTrainer
from training_steps.names import start
from training_steps.step import Hearing, Step, local_step
from training_steps.task import (
    BETA,
    LORA_ALPHA,
    LORA_RANK,
    Case,
    clip_of,
    load_base,
    load_start,
    pair_of,
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


def prepare(root: Path, case: Case, policy: Policy | None = None) -> Ready:
    """Fill the caches by the frozen policy, then give the policy its weights."""
    policy = policy or load_base(root, case.shape)
    pair = pair_of(root, case)

    def objective(chosen: Tensor, rejected: Tensor, ref_chosen: Tensor, ref_rejected: Tensor):
        return dpo(chosen, rejected, ref_chosen, ref_rejected, beta=BETA)

    with tempfile.TemporaryDirectory() as cache:
        settings = TrainSettings(
            lora_rank=LORA_RANK if case.tuning == "lora" else 0,
            lora_alpha=LORA_ALPHA,
            cache_dir=cache,
            max_steps=1,
        )
        needs = contract(objective)
        encoded = [encode_pair(pair, root / case.shape, needs)]
        material = gather(policy, encoded, settings, needs)
        if settings.lora_rank:
            add_lora(policy, LORA_RANK, LORA_ALPHA)
        start(policy.model, load_start(root, case))
        trainer = PreferenceTrainer(
            policy,
            objective,
            material.rows,
            training_arguments(settings, policy, Path(cache) / "run"),
            [],
            material.memory,
        )
        inputs = next(iter(trainer.get_train_dataloader()))
    return Ready(policy, trainer, inputs, Hearing(policy.tower))


def earmark_steps(root: Path, case: Case) -> dict[str, Step]:
    """Return Earmark's steps on one policy."""
    ready = prepare(root, case)
    frozen = None if case.tuning == "lora" else load_base(root, case.shape)
    return steps_of(ready, case, lambda: clip_of(root, case), frozen)


def steps_of(
    ready: Ready, case: Case, clip: Callable[[], Any], frozen: Policy | None
) -> dict[str, Step]:
    """Return the three ways; `frozen` is the reference where no adapter can be switched off."""
    policy, trainer, inputs, hearing = ready
    mel = policy.features(clip())
    trainer.current_gradient_accumulation_steps = 1  # which the loop sets

    def on(batch: Batch) -> Tensor:
        return trainer.training_step(trainer.model, {"batch": batch})

    def tower_live() -> Tensor:
        return on(with_states(inputs["batch"], policy, mel))

    def live() -> Tensor:
        batch = with_states(inputs["batch"], policy, mel)
        return on(batch._replace(reference=reference(policy, frozen, batch)))

    ways = {CACHED: lambda: on(inputs["batch"]), TOWER_LIVE: tower_live, LIVE: live}
    return {
        name: local_step(policy.model, hearing, way, case.losers) for name, way in ways.items()
    }


@torch.no_grad()
def with_states(batch: Batch, policy: Policy, mel: dict[str, Tensor]) -> Batch:
    """Run the frozen tower on each row's clip."""
    states = [policy.encode(mel) for _ in batch.ids]
    return batch._replace(shared=batch.shared._replace(audio=states))


@torch.no_grad()
def reference(policy: Policy, frozen: Policy | None, batch: Batch) -> Tensor:
    """Ask the frozen policy by the same shared rows; returns [candidate, 1], in nats."""
    if frozen is not None:
        return frozen.shared_logps(batch.shared)[:, None]
    adapter: Any = policy.model
    with adapter.disable_adapter():
        return adapter(shared=batch.shared)[:, None]


def floor_step(root: Path, case: Case) -> Step:
    """Return the practical floor on a policy of its own; see `floor_of`."""
    ready = prepare(root, case)
    return floor_of(ready.policy, case)


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

    return local_step(policy.model, Hearing(), forward_backward, case.losers)

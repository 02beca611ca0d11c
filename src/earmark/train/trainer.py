"""A thin subclass of `transformers.Trainer`: only what happens in a batch is ours.

Checkpoints, exact resume, mixed precision, distributed engines, logging and callbacks are the
library's. Logged names are TRL's, and `logps/chosen_shift` and `logps/rejected_shift` besides:
how far the log-probabilities have moved since the start, in nats. A chosen answer whose shift
turns negative is being unlearnt, which the loss alone does not show.
"""

import math
from collections import defaultdict
from functools import partial
from pathlib import Path
from typing import Any

import torch
from accelerate.utils import send_to_device
from torch import Tensor, nn
from torch.utils.data import DataLoader
from transformers import (
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)

from earmark.errors import EarmarkError
from earmark.objectives.contract.loss import Loss
from earmark.objectives.contract.objective import Objective
from earmark.policies.policy import Policy
from earmark.storage.atomic import follow_umask
from earmark.train.assemble import Assembled
from earmark.train.data.batch import Batch, collate
from earmark.train.data.shares import Shares
from earmark.train.distributed import Processes, join, processes, shared_mean
from earmark.train.objective_inputs import Computed, loss_count, quantities, supply
from earmark.train.preflight.proofs import check_start
from earmark.train.reference.compute import logps_of
from earmark.train.resume.checkpoints import Checkpoints, last_checkpoint
from earmark.train.resume.weights import check_spread, load_weights


class LossError(EarmarkError):
    """The loss of a batch is not a finite number; training on it would damage the weights."""


class EpochStart(TrainerCallback):
    """Lets each epoch begin with what all processes have put into the caches."""

    def __init__(self, parts: Assembled, together: Processes) -> None:
        self.parts = parts
        self.together = together

    def on_epoch_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Wait for all, then read."""
        if self.together.size > 1:
            self.together.wait()
            if self.parts.features is not None:
                self.parts.features.read()
            if self.parts.reference is not None:
                self.parts.reference.refresh()


class EpochLoader(DataLoader[Any]):
    """A loader that tells its batches which epoch it is, as the library asks of a loader."""

    def set_epoch(self, epoch: int) -> None:
        """Pass the epoch on."""
        self.batch_sampler.set_epoch(epoch)  # type: ignore[union-attr]


def ids_of(batch: Batch) -> list[str]:
    """Return the ids of the rows that count."""
    return [] if batch.repeated else batch.ids


class PreferenceTrainer(Trainer):
    """Train a policy with an objective on shared rows."""

    def __init__(
        self,
        policy: Policy,
        objective: Objective,
        parts: Assembled,
        args: TrainingArguments,
        callbacks: list[Any],
        checkpoints: Checkpoints | None = None,
    ) -> None:
        super().__init__(
            model=policy.model,
            args=args,
            train_dataset=parts.rows,
            data_collator=partial(collate, pad_id=policy.pad_id),
            callbacks=callbacks,
        )
        # Accumulated batches may hold unequal numbers of pairs; `compute_loss` weights them.
        self.model_accepts_loss_kwargs = False
        self.loss_is_scaled_for_ga = True
        self.objective: Objective = objective
        self.contract = objective.contract
        self.rows = parts.rows
        self.batches = parts.batches
        self.together = processes()
        self.dtype = policy.computes_in or policy.network.dtype
        self.add_callback(EpochStart(parts, self.together))
        self.remembered = parts.state
        self.features = parts.features
        self.reference = parts.reference
        self.references = parts.references
        self.beta = float(self.contract.knobs.get("beta", 1.0))
        self.checkpoints = checkpoints or Checkpoints(Path(str(args.output_dir)))
        self.logged: dict[str, list[Tensor]] = defaultdict(list)
        self.ids_of_step: list[str] = []

    def get_train_dataloader(self) -> DataLoader[Any]:
        """Return batches of one process as the library makes them, or of a budget, or shares."""
        if self.batches is None and self.together.size == 1:
            return super().get_train_dataloader()
        size, seed = self.args.per_device_train_batch_size, self.args.seed
        return EpochLoader(
            self.rows,
            batch_sampler=self.batches or Shares(len(self.rows), size, seed, self.together),
            collate_fn=self.data_collator,
            num_workers=self.args.dataloader_num_workers,
            multiprocessing_context=self.args.dataloader_multiprocessing_context,
            pin_memory=self.args.dataloader_pin_memory,
        )

    def _get_num_items_in_batch(self, batch_samples: list[Any], device: torch.device) -> int:
        return self.together.total(
            sum(loss_count(self.contract, inputs["batch"].places) for inputs in batch_samples)
        )

    def compute_loss(
        self,
        model: nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Any:
        """Return the mean loss over the pairs of a batch, or the batch's part of such a mean.

        `num_items_in_batch` is the number of losses (pairs, or rows or single answers where an
        objective has one for each) in all batches of one optimizer step, over all processes:
        each counts the same, however unequal the batches are.
        """
        batch: Batch = inputs["batch"]
        self.ids_of_step += ids_of(batch)
        computed = self.compute(model, batch)
        own = supply(self.contract, computed, batch)
        own |= self.remembered.recall(own, batch) | {"training": model.training}
        # Of all processes: an objective may compare the pairs of its batch.
        given = join({name: own[name] for name in self.contract.tensors})
        loss = self.objective(**given)
        self.check(loss, batch)
        if model.training:
            self.remembered.keep(loss, own, batch)
        self._note(loss, computed, batch)
        mean = shared_mean(loss.per_pair)
        if num_items_in_batch is not None:
            # The library adds accumulated batches up: each brings its part of the step's mean.
            mean = mean * (len(loss.per_pair) / num_items_in_batch)
        return (mean, {"margin": loss.margin}) if return_outputs else mean

    def compute(self, model: nn.Module, batch: Batch) -> Computed:
        """Return the log-probabilities that the objective compares; at step 0 check the start."""
        frozen = None if self.reference is None else self.reference.logps(model, batch)
        several = [reference.logps(model, batch) for reference in self.references]
        policy = logps_of(model, batch, self.contract.needs_prefixes)
        if self.features is not None:
            self.features.add_batch(batch.clip_keys, batch.shared.clips)
        if self.state.global_step == 0 and frozen is not None:
            check_start(policy.detach(), frozen, batch.shared.rows.lengths, self.dtype)
        # Of references: [ref, candidate, 1], since each tokenizes answers its own way.
        return Computed(policy, frozen, torch.stack(several) if several else None)

    def check(self, loss: Loss, batch: Batch) -> None:
        """Stop at a loss that is not finite.

        Raises:
            LossError: names the pairs of the batch.
        """
        finite = torch.isfinite(loss.per_pair)
        if not bool(finite.all()):
            # All processes have the losses of all, so all come here.
            there = self.together.gather({self.together.rank: ids_of(batch)})
            ids = [name for rank in sorted(there) for name in there[rank]]
            if len(ids) == len(finite):
                ids = [name for name, fine in zip(ids, finite.tolist(), strict=True) if not fine]
            raise LossError(self._not_finite("loss", ids))

    def _get_grad_norm(self, *args: Any, **kwargs: Any) -> Tensor | float | None:
        """Return the library's norm, of all processes; stop before an update of NaN.

        A loss may be finite where its gradient is not. The weights would be damaged, and perhaps
        saved, before the loss of the next step shows it.

        Raises:
            LossError: names the pairs of the step.
        """
        norm: Tensor | float | None = super()._get_grad_norm(*args, **kwargs)
        own, self.ids_of_step = self.ids_of_step, []
        if norm is not None and not math.isfinite(norm):
            there = self.together.gather({self.together.rank: own})
            ids = [name for rank in sorted(there) for name in there[rank]]
            raise LossError(self._not_finite("gradient", ids))
        return norm

    def _not_finite(self, what: str, ids: list[str]) -> str:
        kept = last_checkpoint(self.checkpoints.run)
        return (
            f"step {self.state.global_step + 1}: the {what} is not a finite number, with the "
            f"pairs {', '.join(ids)}. "
            f"{f'{kept} is whole and is kept. ' if kept else ''}"
            "The same command comes to the same place: look at these pairs, or start a run in "
            "another folder (--out) with a lower learning rate"
        )

    def _note(self, loss: Loss, computed: Computed, batch: Batch) -> None:
        # Means wait for the next line of the log, and must not keep the graphs of their steps.
        shown = computed._replace(policy=computed.policy.detach())
        compares = self.contract.compares
        for name, value in quantities(loss, shown, batch.places, compares, self.beta).items():
            self.logged[name].append(value.detach().float().mean())

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Add the means of our quantities since the last log, over all processes.

        A process may lack a quantity: unpaired answers may all be rejected ones.
        """
        # One copy from the GPU for all steps of a quantity, instead of a wait in each step.
        own = {name: torch.stack(values).tolist() for name, values in self.logged.items()}
        everyone = self.together.gather({self.together.rank: own}).values()
        for name in dict.fromkeys(name for there in everyone for name in there):
            values = [value for there in everyone for value in there.get(name, [])]
            logs[name] = round(sum(values) / len(values), 6)
        self.logged.clear()
        super().log(logs, start_time)

    def save_whole(self, folder: Path) -> None:
        """Write what was trained as one model, also where its weights are spread over processes."""
        if self.is_fsdp_enabled:
            self.accelerator.state.fsdp_plugin.set_state_dict_type("FULL_STATE_DICT")
        self.save_model(str(folder))

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        super()._save(output_dir, state_dict)
        if self.args.should_save:
            follow_umask(output_dir or str(self.args.output_dir), "*.safetensors")

    def _get_output_dir(self, trial: Any) -> str:
        # Where the library writes a checkpoint, and looks for old ones to remove.
        return str(self.checkpoints.saving)

    def _save_checkpoint(self, *args: Any, **kwargs: Any) -> None:
        step, is_first = self.state.global_step, self.is_world_process_zero()
        if is_first:
            self.checkpoints.begin()
        self.together.wait()
        try:
            if is_first:
                self.remembered.save(self.checkpoints.saving / f"checkpoint-{step}")
            super()._save_checkpoint(*args, **kwargs)
            self.together.wait()
            if is_first:
                self.checkpoints.finish(step)
        except BaseException:
            if is_first:
                self.checkpoints.begin()  # Half a checkpoint must not fill the disk.
            raise
        self.together.wait()

    def _load_from_checkpoint(
        self, resume_from_checkpoint: str, model: nn.Module | None = None
    ) -> None:
        # The library's own way is not strict. With FSDP2 it comes here when weights are spread.
        checkpoint = Path(resume_from_checkpoint)
        assert self.model is not None
        if self.is_fsdp_enabled:
            check_spread(self.model, checkpoint)
            super()._load_from_checkpoint(resume_from_checkpoint, model)
        else:
            load_weights(self.model, checkpoint)

    def _prepare_inputs(self, inputs: dict[str, Any]) -> dict[str, Any]:
        return send_to_device(inputs, self.args.device)

    def floating_point_ops(self, inputs: dict[str, Any]) -> int:
        """Return 0: the library's estimate does not know shared rows."""
        return 0

"""A thin subclass of `transformers.Trainer`: only what happens in a batch is ours.

Checkpoints, exact resume, mixed precision, distributed engines, logging and callbacks are the
library's. Logged names are TRL's, and `logps/chosen_shift` and `logps/rejected_shift` besides:
how far the log-probabilities have moved since the start, in nats. A chosen answer whose shift
turns negative is being unlearnt, which the loss alone does not show.
"""

from collections import defaultdict
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from accelerate.utils import send_to_device
from torch import Tensor, nn
from transformers import Trainer, TrainingArguments

from earmark.objectives.contract import Contract, contract
from earmark.objectives.loss import Loss
from earmark.policies.policy import Policy
from earmark.train.rows import Rows, collate


class PreferenceTrainer(Trainer):
    """Train a policy with an objective on shared rows."""

    def __init__(
        self,
        policy: Policy,
        objective: Callable[..., Loss],
        rows: Rows,
        args: TrainingArguments,
        callbacks: list[Any],
    ) -> None:
        super().__init__(
            model=policy.model,
            args=args,
            train_dataset=rows,
            data_collator=partial(collate, pad_id=policy.pad_id),
            callbacks=callbacks,
        )
        # Our loss is a mean over pairs, so accumulated steps are averaged by the trainer.
        self.model_accepts_loss_kwargs = False
        self.objective: Callable[..., Loss] = objective
        self.contract: Contract = contract(objective)
        self.beta = float(self.contract.knobs.get("beta", 1.0))
        self.logged: dict[str, list[Tensor]] = defaultdict(list)

    def compute_loss(
        self,
        model: nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Any:
        """Return the mean loss over the pairs of a batch."""
        logps = model(shared=inputs["shared"])
        supply = supplied(logps, inputs)
        loss = self.objective(**{name: supply[name] for name in self.contract.tensors})
        self._note(loss, supply)
        mean = loss.per_pair.mean()
        return (mean, {"margin": loss.margin}) if return_outputs else mean

    def _note(self, loss: Loss, supply: dict[str, Tensor]) -> None:
        for name, values in quantities(loss, supply, self.beta).items():
            self.logged[name].append(values.detach().float().mean())

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Add the means of our quantities since the last log, over all processes."""
        for name, values in self.logged.items():
            mean = torch.stack(values).mean()
            logs[name] = round(float(self.accelerator.gather(mean).mean()), 6)
        self.logged.clear()
        super().log(logs, start_time)

    def _prepare_inputs(self, inputs: dict[str, Any]) -> dict[str, Any]:
        return send_to_device(inputs, self.args.device)

    def floating_point_ops(self, inputs: dict[str, Any]) -> int:
        """Return 0: the library's estimate does not know shared rows."""
        return 0


def supplied(logps: Tensor, inputs: dict[str, Any]) -> dict[str, Tensor]:
    """Name the tensors that objectives may ask for, each [pair]."""
    lengths = inputs["shared"].rows.lengths.to(logps.dtype)
    groups = {"chosen": inputs["chosen_at"], "rejected": inputs["rejected_at"]}
    supply = {}
    for name, at in groups.items():
        if len(at) == 0:
            continue
        supply[name] = logps[at]
        supply[f"{name}_tokens"] = lengths[at]
        if "reference" in inputs:
            supply[f"ref_{name}"] = inputs["reference"][at].to(logps.dtype)
    return supply


def quantities(loss: Loss, supply: dict[str, Tensor], beta: float) -> dict[str, Tensor]:
    """Return what is logged, each [pair]: TRL's names, and the shift since the start."""
    found = {"logps/chosen": supply["chosen"]}
    if "rejected" in supply:
        found["logps/rejected"] = supply["rejected"]
        found["rewards/margins"] = loss.margin
        found["rewards/accuracies"] = (loss.margin > 0).float()
    for name in ("chosen", "rejected"):
        if f"ref_{name}" in supply:
            shift = supply[name] - supply[f"ref_{name}"]
            found[f"rewards/{name}"] = beta * shift
            found[f"logps/{name}_shift"] = shift
    return found

"""The knobs of a training run; TRL's names where TRL has one."""

import math
import re
from dataclasses import asdict, dataclass
from typing import Literal

from earmark.errors import KnobError, check_seed
from earmark.policies.device_name import check_device_name

AT_LEAST = {
    "lora_rank": 0,
    "per_device_train_batch_size": 1,
    "token_budget": 0,
    "gradient_accumulation_steps": 1,
    "weight_decay": 0,
    "max_grad_norm": 0,
    "logging_steps": 1,
    "save_steps": 1,
    "save_total_limit": 1,
    "dataloader_num_workers": 0,
    "weighting_window": 1,
}


@dataclass(frozen=True, kw_only=True)
class TrainSettings:
    """How a run is trained.

    Attributes:
        learning_rate: peak learning rate; 1e-5 to 5e-4 for a LoRA, a tenth of it for a whole model.
        lora_rank: rank of the LoRA on the language model; 0 trains the whole language model.
        lora_alpha: the LoRA's update is scaled by alpha / rank; default twice the rank.
        lora_targets: regular expression for the whole names of the layers that get a LoRA; default:
            the language model's linear layers. Layers of the audio tower must be named.
        num_train_epochs: passes over the pairs.
        max_steps: stop after this many optimizer steps; -1 trains whole epochs.
        per_device_train_batch_size: rows per step and process; a row is a prompt with its answers.
        token_budget: tokens of a batch with padding; rows of similar length are put together, and
            per_device_train_batch_size is not used. 0 takes that number of rows instead.
        gradient_accumulation_steps: steps whose gradients are added before the optimizer moves.
        lr_scheduler_type: shape of the learning rate over time.
        warmup_ratio: share of the steps over which the learning rate rises to its peak.
        warmup_steps: number of those steps instead of a share; 0 begins at the peak.
        weight_decay: decoupled weight decay of AdamW.
        max_grad_norm: gradients are scaled down to this norm; 0 leaves them.
        gradient_checkpointing: recompute activations in the backward pass: less memory, more time.
        dtype: float32, bfloat16, or auto: bfloat16 on a GPU, else float32. With lora_rank 0 the
            weights are float32 all the same, and bfloat16 is what is computed in.
        device: cpu, cuda, ... or auto.
        seed: seed of the LoRA's start and of the order of the pairs.
        logging_steps: steps between two lines of the log.
        save_steps: steps between two checkpoints; a multiple of logging_steps.
        save_total_limit: how many checkpoints are kept.
        criterion: name of the pairs' scores that the objective uses; of two with a comma between
            them the first counts first.
        criterion_tie: of two criteria, values of the first count as equal on the same step of this
            width; default: a twentieth of the range that they have in the pairs.
        references: a frozen policy, a model folder; repeat it for objectives that mix several.
        weighting: how several references are weighted: a name that is listed above, or
            module:name of your own.
        weighting_window: batches that sliding_window looks back on; until so many are seen the
            references have equal weights.
        weighting_per_token: compare references by log-probabilities per token of the answer (of the
            model that is trained) instead of sums, so that a long answer does not count for more.
        validation_share: share of the pairs, the last ones, that are not trained on and only
            weight references, where the weighting is one of validation_...
        report_to: none, tensorboard, wandb, or several with commas.
        reference_logps: live computes the reference in every step, cached keeps it on disk;
            auto takes what costs less: live for one epoch, cached for several.
        cache_features: keep the frozen audio tower's output on disk, so that each clip is heard
            once; default: where clips are heard more than once, or some are there already.
        cache_dir: where features and reference log-probabilities are kept between runs.
        dataloader_num_workers: processes that prepare batches.
        trust_remote_code: run Python code that comes with the model.
        model_family: how the model and its references are adapted, instead of by their model_type:
            a family of your own as module:name.
        language: zh or en, for a model whose prompt names one, as Whisper's does; a last message of
            role assistant in a pair's prompt replaces it.
        silence_s: seconds of silence that Whisper hears after a clip; default: 4. With 30 it hears
            its whole window.
    """

    learning_rate: float = 1e-5
    lora_rank: int = 16
    lora_alpha: int | None = None
    lora_targets: str = ""
    num_train_epochs: float = 1.0
    max_steps: int = -1
    per_device_train_batch_size: int = 8
    token_budget: int = 0
    gradient_accumulation_steps: int = 1
    lr_scheduler_type: Literal["linear", "cosine", "constant", "constant_with_warmup"] = "linear"
    warmup_ratio: float = 0.1
    warmup_steps: int | None = None
    weight_decay: float = 0.0
    max_grad_norm: float = 1.0
    gradient_checkpointing: bool = False
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    device: str = "auto"
    seed: int = 0
    logging_steps: int = 10
    save_steps: int = 50
    save_total_limit: int = 2
    criterion: str = ""
    criterion_tie: float | None = None
    references: tuple[str, ...] = ()
    weighting: str = "uniform"
    weighting_window: int = 16
    weighting_per_token: bool = False
    validation_share: float = 0.1
    report_to: str = "none"
    reference_logps: Literal["auto", "live", "cached"] = "auto"
    cache_features: bool | None = None
    cache_dir: str = "~/.cache/earmark"
    dataloader_num_workers: int = 0
    trust_remote_code: bool = False
    model_family: str = ""
    language: Literal["", "zh", "en"] = ""
    silence_s: float | None = None

    def __post_init__(self) -> None:
        """Refuse values that cannot work.

        Raises:
            KnobError: names the knob, what was expected and what was found.
        """
        self._check_numbers()
        self._check_warmup()
        check_seed(self.seed)
        check_device_name(self.device)
        if self.lora_alpha is not None and self.lora_alpha < 1:
            raise KnobError(f"lora_alpha should be at least 1, found {self.lora_alpha}")
        try:
            re.compile(self.lora_targets)
        except re.error as error:
            raise KnobError(
                f"lora_targets should be a regular expression for whole names of layers, found "
                f"{self.lora_targets!r}: {error}; '.*q_proj' names all that end in q_proj"
            ) from error
        if not 0 < self.learning_rate < 1:
            raise KnobError(f"learning_rate should lie between 0 and 1, found {self.learning_rate}")
        if self.criterion_tie is not None and not self.criterion_tie > 0:
            raise KnobError(f"criterion_tie should be above 0, found {self.criterion_tie}")
        if not 0 < self.validation_share < 1:
            raise KnobError(
                f"validation_share should lie between 0 and 1, found {self.validation_share}"
            )
        if self.max_steps < 1 and self.num_train_epochs <= 0:
            raise KnobError("nothing to do: set num_train_epochs above 0 or max_steps above 0")
        if self.save_steps % self.logging_steps:
            raise KnobError(
                f"save_steps {self.save_steps} should be a multiple of logging_steps "
                f"{self.logging_steps}, so that a resumed run logs what an uninterrupted one logs"
            )

    def _check_numbers(self) -> None:
        for name, lowest in AT_LEAST.items():
            if getattr(self, name) < lowest:
                raise KnobError(f"{name} should be at least {lowest}, found {getattr(self, name)}")
        for name, value in asdict(self).items():
            if isinstance(value, float) and not math.isfinite(value):
                raise KnobError(f"{name} should be a finite number, found {value}")

    def _check_warmup(self) -> None:
        if self.warmup_steps is not None and self.warmup_steps < 0:
            raise KnobError(f"warmup_steps should be at least 0, found {self.warmup_steps}")
        if not 0 <= self.warmup_ratio < 1:
            raise KnobError(
                f"warmup_ratio should be at least 0 and below 1, found {self.warmup_ratio}"
            )

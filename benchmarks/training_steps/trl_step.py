"""TRL 1.16's own `DPOTrainer.training_step`, made to hear.

TRL has no audio: its text collator, which expands no placeholder and passes no features on,
trains on text only, without a warning. So the collator here is TRL's own with two additions: the
placeholder is expanded, and the clip's log-mel features go along, once for the chosen and once
for the rejected row, as TRL's collator does with pictures. The processing class is the
tokenizer, which is what lets TRL precompute its reference.

Two things are in TRL's favour: its head is compacted to answer tokens as on a GPU, where
Triton is (`compact_head`), and gradient checkpointing, on by default, is off. Log-mel features
are computed once and outside the step, and hearing is frozen as in Earmark.
"""

import os
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch
import trl.trainer.utils
from datasets import Dataset, disable_progress_bars
from peft import LoraConfig
from torch import Tensor
from trl import DPOConfig, DPOTrainer
from trl.trainer.dpo_trainer import DataCollatorForPreference

from earmark.policies.families.qwen2_audio import Qwen2AudioPolicy
from training_steps.names import start, tower_of
from training_steps.step import Hearing, Step, local_step
from training_steps.task import (
    BETA,
    LORA_ALPHA,
    LORA_RANK,
    SAMPLE_RATE_HZ,
    Case,
    clips_of,
    load_base,
    load_start,
    pairs_of,
)

PRECOMPUTED = "TRL, reference precomputed"
DEFAULT = "TRL, as it runs multimodal models"


@dataclass
class HearingCollator(DataCollatorForPreference):
    """TRL's collator of pairs, with the audio that it does not know of."""

    audio_token_id: int = -1
    audio_tokens: int = 0
    mels: list[dict[str, Tensor]] = field(default_factory=list)

    def torch_call(self, examples: list[dict[str, Any]]) -> dict[str, Any]:
        expanded = [
            {**example, "prompt_ids": self.expand(example["prompt_ids"])} for example in examples
        ]
        batch = super().torch_call(expanded)
        for name in ("ref_chosen_logps", "ref_rejected_logps"):
            if name in examples[0]:
                batch[name] = torch.tensor([example[name] for example in examples])
        heard = [self.mels[example["clip"]] for example in examples] * 2
        return batch | {name: torch.cat([mel[name] for mel in heard]) for name in heard[0]}

    def expand(self, ids: list[int]) -> list[int]:
        """Repeat the one placeholder to the number of audio tokens."""
        at = ids.index(self.audio_token_id)
        return ids[:at] + [self.audio_token_id] * self.audio_tokens + ids[at + 1 :]


@contextmanager
def compact_head() -> Iterator[None]:
    """Let TRL's fused head skip prompt positions on a CPU too.

    `add_fused_lm_head` does so where `_use_triton(device)`; elsewhere it computes the logits of
    every position, and a comparison with that would be unfair. The one line that is patched is
    the name in `trl.trainer.utils`; the kernels look up their own and stay as they are.
    """
    with (
        mock.patch.object(trl.trainer.utils, "_use_triton", return_value=True),
        mock.patch.dict(os.environ, {"TQDM_DISABLE": "1"}),
        warnings.catch_warnings(),
    ):
        # TRL asks for a property by the name that transformers 5.23 gave up.
        warnings.filterwarnings("ignore", ".is_gradient_checkpointing. is deprecated")
        yield


def mel_of(processor: Any, clip: np.ndarray) -> dict[str, Tensor]:
    """Return log-mel features as the processor makes them: padded to the tower's full length."""
    mel = processor.feature_extractor(
        clip,
        sampling_rate=SAMPLE_RATE_HZ,
        padding="max_length",
        return_attention_mask=True,
        return_tensors="pt",
    )
    return {
        "input_features": mel["input_features"],
        "feature_attention_mask": mel["attention_mask"],
    }


def dataset_of(policy: Qwen2AudioPolicy, root: Path, case: Case) -> Dataset:
    """Put the pairs into TRL's columns; several rejected answers make as many pairs."""
    rows = []
    for number, pair in enumerate(pairs_of(root, case)):
        prompt = policy.processor.apply_chat_template(
            pair.prompt, tokenize=False, add_generation_prompt=True
        )
        shared = {"clip": number, "prompt": prompt, "chosen": pair.chosen}
        rows += [{**shared, "rejected": answer} for answer in pair.losers]
    return Dataset.from_list(rows)


def arguments(folder: str, case: Case, precompute: bool, on_gpu: bool) -> DPOConfig:
    return DPOConfig(
        output_dir=folder,
        per_device_train_batch_size=case.pairs,
        dataloader_pin_memory=False,
        beta=BETA,
        max_length=None,
        precompute_ref_log_probs=precompute,
        remove_unused_columns=False,
        gradient_checkpointing=False,
        bf16=on_gpu,
        use_cpu=not on_gpu,
        report_to="none",
        disable_tqdm=True,
    )


def build_trainer(
    policy: Qwen2AudioPolicy,
    root: Path,
    case: Case,
    *,
    precompute: bool,
    collator: type[HearingCollator] = HearingCollator,
) -> DPOTrainer:
    """Build TRL's trainer round a policy's network; a LoRA is TRL's to add."""
    disable_progress_bars()
    lora = LoraConfig(r=LORA_RANK, lora_alpha=LORA_ALPHA, target_modules=policy.lora_targets())
    whole = case.tuning == "full"
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(), compact_head():
        warnings.simplefilter("ignore")
        return DPOTrainer(
            model=policy.network,
            ref_model=load_base(root, case.shape).network if whole else None,
            args=arguments(folder, case, precompute, policy.device.type == "cuda"),
            train_dataset=dataset_of(policy, root, case),
            processing_class=policy.processor.tokenizer,
            data_collator=collator(
                pad_token_id=policy.pad_id,
                audio_token_id=policy.network.config.audio_token_id,
                audio_tokens=case.audio_tokens,
                mels=[mel_of(policy.processor, clip) for clip in clips_of(root, case)],
            ),
            peft_config=None if whole else lora,
        )


def trl_step(
    root: Path,
    case: Case,
    *,
    precompute: bool,
    collator: type[HearingCollator] = HearingCollator,
) -> Step:
    """Return TRL's step, its reference precomputed or a second forward pass."""
    policy = load_base(root, case.shape)
    trainer = build_trainer(policy, root, case, precompute=precompute, collator=collator)
    start(trainer.model, load_start(root, case))
    inputs = next(iter(trainer.get_train_dataloader()))
    return step_of(trainer, inputs, case)


def step_of(
    trainer: DPOTrainer,
    inputs: dict[str, Any],
    case: Case,
    clock: Callable[[], float] = time.process_time,
) -> Step:
    """Return the step of a trainer on its batch."""
    trainer.current_gradient_accumulation_steps = 1  # which the loop sets
    towers = [tower_of(m) for m in (trainer.model, trainer.ref_model) if m is not None]

    def forward_backward() -> Tensor:
        with compact_head():
            return trainer.training_step(trainer.model, dict(inputs))

    return local_step(trainer.model, Hearing(*towers), forward_backward, case.pairs, clock)

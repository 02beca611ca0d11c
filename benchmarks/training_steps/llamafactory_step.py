"""LLaMA-Factory's own DPO step; runs inside its environment only.

Model, adapter, collator and trainer are made by LLaMA-Factory's own functions, as its
`run_dpo` does. The token ids are given, since its chat template would make others, and losses
could not be compared. Gradient checkpointing, on by default, is off.
"""

import tempfile
from typing import Any

from llamafactory.data import PairwiseDataCollatorWithPadding, get_template_and_fix_tokenizer
from llamafactory.hparams import get_train_args
from llamafactory.model import load_model, load_tokenizer
from llamafactory.train.dpo.trainer import CustomDPOTrainer
from llamafactory.train.trainer_utils import create_ref_model
from safetensors.torch import load_file
from scipy.io import wavfile

from training_steps.names import start, tower_of
from training_steps.step import Hearing, Step, local_step

IGNORED = -100


def options(task: dict[str, Any], folder: str) -> dict[str, Any]:
    """Say it in LLaMA-Factory's own words."""
    lora = {
        "finetuning_type": "lora",
        "lora_rank": task["lora"]["rank"],
        "lora_alpha": task["lora"]["alpha"],
        "lora_target": "all",
    }
    full = {"finetuning_type": "full", "ref_model": task["model"]}
    return {
        "stage": "dpo",
        "do_train": True,
        "model_name_or_path": task["model"],
        "template": "qwen2_audio",
        "dataset": "unused",
        "output_dir": folder,
        "pref_beta": task["beta"],
        "pref_loss": "sigmoid",
        "pref_ftx": 0.0,
        "disable_gradient_checkpointing": True,
        "flash_attn": "sdpa",
        "freeze_vision_tower": True,
        "freeze_multi_modal_projector": True,
        "per_device_train_batch_size": len(task["rejected"]),
        "remove_unused_columns": False,
        "report_to": "none",
        "use_cpu": True,
        **(lora if task["tuning"] == "lora" else full),
    }


def features(task: dict[str, Any]) -> list[dict[str, Any]]:
    """Put the pairs as LLaMA-Factory's own preprocessing puts them."""
    clip = wavfile.read(task["clip"])[1].astype("float32") / 2**15

    def side(name: str, answer: list[int]) -> dict[str, Any]:
        ids = task["prompt"] + answer
        return {
            f"{name}_input_ids": ids,
            f"{name}_attention_mask": [1] * len(ids),
            f"{name}_labels": [IGNORED] * len(task["prompt"]) + answer,
        }

    media = {"images": None, "videos": None, "audios": [clip]}
    return [
        {**side("chosen", task["chosen"]), **side("rejected", answer), **media}
        for answer in task["rejected"]
    ]


def llamafactory_step(task: dict[str, Any]) -> Step:
    """Return the step of LLaMA-Factory's trainer."""
    with tempfile.TemporaryDirectory() as folder:
        model_args, data_args, training_args, tuning, _ = get_train_args(options(task, folder))
        parts = load_tokenizer(model_args)
        template = get_template_and_fix_tokenizer(parts["tokenizer"], data_args)
        model = load_model(parts["tokenizer"], model_args, tuning, is_trainable=True)
        collator = PairwiseDataCollatorWithPadding(
            template=template,
            model=model,
            pad_to_multiple_of=8,
            label_pad_token_id=IGNORED,
            **parts,
        )
        reference = create_ref_model(model_args, tuning) if task["tuning"] == "full" else None
        trainer = CustomDPOTrainer(
            model=model,
            ref_model=reference,
            args=training_args,
            finetuning_args=tuning,
            data_collator=collator,
            train_dataset=features(task),
            **parts,
        )
        inputs = next(iter(trainer.get_train_dataloader()))
    start(trainer.model, load_file(task["weights"]))
    trainer.current_gradient_accumulation_steps = 1
    hearing = Hearing(*(tower_of(m) for m in (trainer.model, trainer.ref_model) if m is not None))
    return local_step(
        trainer.model,
        hearing,
        lambda: trainer.training_step(trainer.model, dict(inputs)),
        len(task["rejected"]),
    )

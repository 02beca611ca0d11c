"""ms-swift's own DPO step; runs inside its environment only.

`swift rlhf --rlhf_type dpo` up to the point where it would start to train: model, adapter,
template and trainer are its own, and so are the features of the clip and the collator. The
token ids are given, since its chat template would make others, and losses could not be
compared. Gradient checkpointing, on by default, is off.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

from safetensors.torch import load_file
from swift.pipelines.train.rlhf import SwiftRLHF

from training_steps.names import start, tower_of
from training_steps.step import Hearing, Step, local_step

IGNORED = -100
# Version 4.6 looks for parts at names that transformers 5.19 has given up, finds none of them,
# and would train tower and projector; so parts are named by regular expression.
HEARING = r".*(audio_tower|multi_modal_projector).*"


class Prepared(SwiftRLHF):
    """The pipeline, which hands over its trainer instead of training."""

    def train(self, trainer: Any) -> Any:
        return trainer


def options(task: dict[str, Any], folder: Path) -> list[str]:
    """Say it in ms-swift's own words."""
    lora = {
        "lora_rank": task["lora"]["rank"],
        "lora_alpha": task["lora"]["alpha"],
        "target_regex": r".*language_model\..*_proj",
    }
    full = {"ref_model": task["model"], "freeze_parameters_regex": HEARING}
    given = {
        "rlhf_type": "dpo",
        "model": task["model"],
        "model_type": "qwen2_audio",
        "template": "qwen2_audio",
        "dataset": folder / "pairs.jsonl",
        "split_dataset_ratio": 0,
        "tuner_type": task["tuning"],
        "torch_dtype": "float32",
        "beta": task["beta"],
        "gradient_checkpointing": "false",
        "attn_impl": "sdpa",
        "use_cpu": "true",
        "per_device_train_batch_size": len(task["rejected"]),
        "output_dir": folder,
        "report_to": "none",
        "use_hf": "true",
        **(lora if task["tuning"] == "lora" else full),
    }
    return [part for name, value in given.items() for part in (f"--{name}", str(value))]


def write_rows(task: dict[str, Any], folder: Path) -> None:
    """Write the pairs as ms-swift reads them; their text is replaced by the token ids later."""
    messages = [
        {"role": "user", "content": "<audio>word"},
        {"role": "assistant", "content": "word"},
    ]
    row = {"messages": messages, "rejected_response": "other", "audios": [task["clip"]]}
    lines = [json.dumps(row) + "\n" for _ in task["rejected"]]
    (folder / "pairs.jsonl").write_text("".join(lines))


def with_ids(encoded: dict[str, Any], task: dict[str, Any], answer: list[int]) -> dict[str, Any]:
    """Put the token ids of the task into what ms-swift has encoded."""
    found = dict(encoded)
    for name, tokens in (("chosen", task["chosen"]), ("rejected", answer)):
        found[f"{name}_input_ids"] = task["prompt"] + tokens
        found[f"{name}_labels"] = [IGNORED] * len(task["prompt"]) + tokens
        found.pop(f"{name}_loss_scale", None)
        found[f"{name}_length"] = len(found[f"{name}_input_ids"])
    return found


def swift_step(task: dict[str, Any]) -> Step:
    """Return the step of ms-swift's trainer."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_rows(task, folder)
        trainer = Prepared(options(task, folder)).run()
        encoded = [
            with_ids(trainer.train_dataset[i], task, answer)
            for i, answer in enumerate(task["rejected"])
        ]
        inputs = trainer.template.data_collator(encoded)
    start(trainer.model, load_file(task["weights"]))
    trainer.current_gradient_accumulation_steps = 1
    hearing = Hearing(*(tower_of(m) for m in (trainer.model, trainer.ref_model) if m is not None))
    return local_step(
        trainer.model,
        hearing,
        lambda: trainer.training_step(trainer.model, dict(inputs)),
        len(task["rejected"]),
    )

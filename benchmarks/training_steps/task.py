"""The one batch that every trainer takes its step on, and the weights they start from.

A prompt with one clip, a chosen answer and one or several rejected ones, all of equal length.
The policy differs from its reference, as it does after some training: otherwise every log-ratio
is 0, and a wrong reference would not be seen. What another environment needs is in files: the
model's folder, the weights that are trained, the clip, and the token ids.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import Qwen2AudioForConditionalGeneration

from earmark.policies.families.qwen2_audio import Qwen2AudioPolicy
from earmark.policies.lora.adapt import add_lora, disable_dropout, freeze_hearing
from earmark.records import Pair
from earmark.speech.audio import read_audio, write_audio
from earmark.storage.atomic import write_text
from training_steps.names import trained
from training_steps.shapes import (
    AUDIO_TOKENS_PER_S,
    SHAPES,
    WORDS,
    build_network,
    build_processor,
)

LORA_RANK, LORA_ALPHA, BETA = 16, 32, 0.1
PROMPT_WORDS, MARKS = 21, 3
SAMPLE_RATE_HZ = 16_000


@dataclass(frozen=True)
class Case:
    """What is timed: a shape, its lengths, how many rejected answers, and what is trained.

    With n rejected answers a prompt has n pairs, which share it and their chosen answer.
    """

    shape: str = "prototype"
    audio_tokens: int = 375
    losers: int = 1
    tuning: str = "lora"
    answer_tokens: int = 24
    prompts: int = 1

    @property
    def name(self) -> str:
        """Say the case in words."""
        return (
            f"{self.shape}, {self.audio_tokens} audio tokens, {self.losers} rejected, {self.tuning}"
        )

    @property
    def pairs(self) -> int:
        """Return how many pairs a step takes."""
        return self.prompts * self.losers

    @property
    def prompt_tokens(self) -> int:
        """Return the length of the prompt, audio included."""
        return self.audio_tokens + MARKS + PROMPT_WORDS

    @property
    def row_tokens(self) -> int:
        """Return the length of one row that holds prompt and all answers."""
        return self.prompt_tokens + (self.losers + 1) * self.answer_tokens


def model_folder(root: Path, shape: str) -> Path:
    """Return the folder of the reference model, which is written at the first call."""
    folder = root / shape / "model"
    if not (folder / "done").is_file():
        processor = build_processor(SHAPES[shape])
        build_network(SHAPES[shape], processor).save_pretrained(folder)
        processor.save_pretrained(folder)
        write_text(folder / "done", "")
    return folder


def load_base(root: Path, shape: str) -> Qwen2AudioPolicy:
    """Load the reference model as `earmark train` loads and freezes it."""
    network = Qwen2AudioForConditionalGeneration.from_pretrained(
        model_folder(root, shape), dtype=torch.float32, attn_implementation="sdpa"
    )
    return frozen_policy(network.eval(), build_processor(SHAPES[shape]))


def frozen_policy(network: Any, processor: Any) -> Qwen2AudioPolicy:
    """Wrap a network as `earmark train` does: no dropout, hearing frozen."""
    policy = Qwen2AudioPolicy(network, processor)
    disable_dropout(network)
    freeze_hearing(policy)
    return policy


def start_file(root: Path, shape: str, tuning: str) -> Path:
    """Return the file of the policy's weights: a LoRA of some effect, or all of them, moved."""
    path = root / shape / f"{tuning}.safetensors"
    if not path.is_file():
        policy = load_base(root, shape)
        if tuning == "lora":
            add_lora(policy, LORA_RANK, LORA_ALPHA)
        save_file(moved(policy.model), path)
    return path


def moved(model: nn.Module) -> dict[str, Tensor]:
    """Draw the policy's weights: LoRA from its two halves, a whole model by a little noise."""
    generator = torch.Generator().manual_seed(1)
    found = {}
    for name, parameter in sorted(trained(model).items()):
        values = parameter.detach().cpu().float()
        scale = 0.02 if "lora_" in name else 0.05 * float(values.std(correction=0))
        base = torch.zeros_like(values) if "lora_" in name else values
        found[name] = base + scale * torch.randn(values.shape, generator=generator)
    return found


def load_start(root: Path, case: Case) -> dict[str, Tensor]:
    """Read the policy's weights."""
    return load_file(start_file(root, case.shape, case.tuning))


def clip_path(root: Path, case: Case, number: int = 0) -> Path:
    """Name the clip of a prompt."""
    return root / case.shape / f"clip-{case.audio_tokens}-{number}.wav"


def pairs_of(root: Path, case: Case) -> list[Pair]:
    """Write the clips, return a pair for each prompt; answers have equal lengths."""
    found = []
    for number in range(case.prompts):
        path, rng = clip_path(root, case, number), np.random.default_rng(number)
        noise = np.random.default_rng(number + 1000)
        if not path.is_file():
            samples = SAMPLE_RATE_HZ * case.audio_tokens // AUDIO_TOKENS_PER_S
            path.parent.mkdir(parents=True, exist_ok=True)
            write_audio(path, noise.normal(0, 0.1, samples).astype(np.float32))
        text = " ".join(rng.choice(WORDS, PROMPT_WORDS))
        answers = rng.choice(WORDS, (1 + case.losers, case.answer_tokens - 1))
        chosen, *rejected = [" ".join(words) for words in answers]
        audio = {"type": "audio", "audio": path.name}
        prompt = [{"role": "user", "content": [audio, {"type": "text", "text": text}]}]
        found.append(Pair(f"pair {number}", prompt, chosen, rejected))
    return found


def clips_of(root: Path, case: Case) -> list[np.ndarray]:
    """Read the clips."""
    paths = [clip_path(root, case, number) for number in range(case.prompts)]
    return [read_audio(str(path), None, None) for path in paths]


@dataclass(frozen=True)
class Ids:
    """The batch as token ids; the prompt holds one placeholder for each audio token."""

    prompt: list[int]
    chosen: list[int]
    rejected: list[list[int]]


def ids_of(policy: Qwen2AudioPolicy, root: Path, case: Case) -> Ids:
    """Tokenize the one prompt's answers, and check the lengths that the case names."""
    (pair,) = pairs_of(root, case)
    prompt = policy.prompt_ids(pair.prompt, [case.audio_tokens])
    chosen, *rejected = [policy.answer_ids(pair.prompt, x) for x in [pair.chosen, *pair.losers]]
    lengths = [len(prompt), *map(len, [chosen, *rejected])]
    expected = [case.prompt_tokens] + [case.answer_tokens] * (1 + case.losers)
    assert lengths == expected, (lengths, expected)
    return Ids(prompt, chosen, rejected)


def write_task(policy: Qwen2AudioPolicy, root: Path, case: Case) -> Path:
    """Write all that another environment needs to take the same step."""
    folder = root / case.shape
    path = folder / f"task-{case.audio_tokens}-{case.losers}-{case.tuning}.json"
    task: dict[str, Any] = {
        "model": str(model_folder(root, case.shape)),
        "weights": str(start_file(root, case.shape, case.tuning)),
        "clip": str(clip_path(root, case)),
        "lora": {"rank": LORA_RANK, "alpha": LORA_ALPHA},
        "beta": BETA,
        **asdict(case),
        **asdict(ids_of(policy, root, case)),
    }
    write_text(path, json.dumps(task))
    return path

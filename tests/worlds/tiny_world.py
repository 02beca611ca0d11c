"""A random tiny Qwen2-Audio of the real class, clips and pairs, for tests of the tensor side."""

from pathlib import Path

import numpy as np
import torch

from earmark.policies.families.qwen2_audio import Qwen2AudioPolicy
from earmark.policies.policy import Policy
from earmark.records import Pair
from earmark.speech.audio import write_audio
from earmark.tiny.model import build_tiny
from earmark.train.settings import TrainSettings

TEXTS = [
    "我 今 天 想 去 那 个 大 的 library",
    "we should share the 会 议 at the shop",
    "Write it down.",
]


def tiny_policy(seed: int = 0) -> Policy:
    network, processor = build_tiny(TEXTS, seed=seed)
    network.eval()
    network.set_attn_implementation("sdpa")
    return Qwen2AudioPolicy(network, processor)


def save_tiny(folder: Path, seed: int = 0) -> Path:
    network, processor = build_tiny(TEXTS, seed=seed)
    network.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def noise(rng: np.random.Generator, duration_s: float) -> np.ndarray:
    return rng.normal(0, 0.1, int(16_000 * duration_s)).astype(np.float32)


def messages(path: str = "clip.wav", text: str = "Write it down.") -> list[dict]:
    audio = {"type": "audio", "audio": path}
    return [{"role": "user", "content": [audio, {"type": "text", "text": text}]}]


def write_pairs(folder: Path, count: int, losers: int = 1, seed: int = 0) -> list[Pair]:
    """Write clips of noise and return pairs whose answers have ragged lengths."""
    rng = np.random.default_rng(seed)
    words = ["我", "想", "去", "library", "share", "会", "议", "the", "shop"]
    pairs = []
    for i in range(count):
        path = folder / f"clip{i}.wav"
        write_audio(path, noise(rng, float(rng.uniform(0.5, 2.5))))
        texts: list[str] = []
        while len(texts) < losers + 1:
            text = " ".join(rng.choice(words, int(rng.integers(1, 9))))
            if text not in texts:
                texts.append(text)
        rejected = texts[1] if losers == 1 else texts[1:]
        pairs.append(Pair(f"p{i}", messages(path.name), texts[0], rejected))
    return pairs


def settings(world: Path, **knobs) -> TrainSettings:
    """Return the settings of a short run whose caches lie in a folder."""
    defaults = {"learning_rate": 2e-3, "warmup_steps": 0, "logging_steps": 1, "save_steps": 2}
    defaults |= {"per_device_train_batch_size": 4, "cache_dir": str(world / "cache")}
    return TrainSettings(**{**defaults, **knobs})


def trainable(policy: Policy) -> dict[str, torch.Tensor]:
    return {n: p for n, p in policy.model.named_parameters() if p.requires_grad}

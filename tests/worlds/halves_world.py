"""Two tiny random halves on disk, a Whisper and a language model, as their makers save them."""

from pathlib import Path

import torch

from text_models import build_text
from whisper_random import build_whisper


def save_whisper(folder: Path) -> str:
    return save(folder, *seeded(build_whisper))


def save_language_model(folder: Path, family: str = "llama") -> str:
    network, tokenizer = seeded(lambda: build_text(family))
    # A base model has no chat template.
    tokenizer.chat_template = None
    return save(folder, network, tokenizer)


def seeded(build):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return build()


def save(folder: Path, network, processor) -> str:
    network.save_pretrained(folder)
    processor.save_pretrained(folder)
    return str(folder)

"""Find folders, pipes and dangling links that have the name of a file of a model; no torch."""

from collections.abc import Iterator
from pathlib import Path

# What a model or an adapter folder holds beside its weights.
OBJECTS = (
    "config.json",
    "adapter_config.json",
    "generation_config.json",
    "processor_config.json",
    "preprocessor_config.json",
    "feature_extractor_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "tekken.json",
    "chat_template.json",
)
OTHERS = ("chat_template.jinja", "merges.txt", "vocab.txt", "tokenizer.model", "run.json")


def odd_files(folder: Path) -> Iterator[str]:
    """Yield what has the name of a file and is none: a pipe would never end, a link is lost."""
    for path in sorted(folder.iterdir()):
        named = path.name in OBJECTS or path.name in OTHERS or path.suffix == ".safetensors"
        if named and not path.is_file():
            found = "a folder" if path.is_dir() else "a link to nothing"
            if path.exists() and not path.is_dir():
                found = "a pipe or a device"
            yield f"{path}: expected a file, found {found}; copy the file again, or remove it"

"""Bring the files of a model of the hub that are checked before it is loaded into the cache."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from transformers.utils.hub import cached_file

from earmark.errors import InputError
from earmark.policies.checkpoint.hub_name import hub_name
from earmark.policies.checkpoint.weight_files import (
    ADAPTER_WEIGHTS,
    INDEX,
    INDEX_SUFFIX,
    WEIGHTS,
    named_in_config,
    shard_names,
)

SETTINGS = "adapter_config.json"
BESIDE = (
    "config.json",
    SETTINGS,
    "generation_config.json",
    "processor_config.json",
    "preprocessor_config.json",
    "chat_template.jinja",
    "chat_template.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "tekken.json",
    # What an export takes over from its base.
    "vocab.json",
    "merges.txt",
    "tokenizer.model",
    "special_tokens_map.json",
    "added_tokens.json",
)


def fetch(model: str, speech_lora: str | None = None) -> Path:
    """Return the snapshot of a model of the hub, its weights in it; its name is the commit.

    Names in an index of weights are checked before anything is fetched by them.

    Args:
        model: NAME or NAME@REVISION.
        speech_lora: the subfolder of a LoRA that belongs to the model.

    Raises:
        InputError: the model cannot be fetched, or its index names what may not be loaded.
    """
    hub = hub_name(model)
    try:
        config = cached_file(hub.name, "config.json", **hub.where)
        if config is None:
            raise InputError(f"{model}: this repository of the hub has no config.json")
        folder = Path(config).parent
        get = partial(_get, hub.name, folder.name)
        for name in BESIDE:
            get(name)
        if speech_lora is not None:
            _fetch_speech_lora(model, speech_lora, get)
        named = named_in_config(folder)
        main = next((name for name in ([named] if named else [WEIGHTS, INDEX]) if get(name)), "")
        if main.endswith(INDEX_SUFFIX):
            for name in shard_names(folder / main, folder):
                get(name)
    except OSError as error:
        raise InputError(f"{model}: cannot be fetched from the hub: {error}") from error
    return folder


def _fetch_speech_lora(model: str, folder: str, get: Callable[[str], Any]) -> None:
    for name in (SETTINGS, ADAPTER_WEIGHTS):
        if get(f"{folder}/{name}") is None:
            raise InputError(
                f"{model}: this family needs its speech LoRA, {folder}/{name}, which the hub or "
                "its cache does not have. If it is merged into the weights already, download the "
                "model and give its folder as --model"
            )


def _get(name: str, commit: str, file: str) -> Any:
    """Fetch a file of one commit; None if the repository does not have it."""
    options = {"revision": commit, "_raise_exceptions_for_missing_entries": False}
    return cached_file(name, file, **options)

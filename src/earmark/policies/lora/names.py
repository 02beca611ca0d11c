"""The names that an adapter's tensors have: in transformers 5, and in published checkpoints.

transformers 5 calls the layers of most families differently from their checkpoints and transformers
4 do (`model.language_model.layers` for `language_model.model.layers`), and what was trained on
a whole Omni model has `thinker.` before it. An adapter whose names match nothing would be loaded
as nothing.
"""

import re
from collections.abc import Iterable
from typing import Any

import torch
from torch import nn
from transformers.core_model_loading import revert_weight_conversion

PREFIX = "base_model.model."
THINKER = "thinker."
# What peft puts after the name of a layer, or of a layer that was trained as a whole.
PART = re.compile(r"\.(lora_\w+|modules_to_save|weight|bias)(\.|$)")
ADAPTER_NAME = re.compile(r"(\.lora_\w+)\.(default|speech)(?=\.|$)")


def published_name(network: Any, module: str) -> str:
    """Return what a layer is called in the family's published checkpoints, and in transformers 4.

    Its own name is returned where several tensors of a checkpoint make one of the layer.
    """
    key = f"{module}.weight"
    try:
        (name,) = revert_weight_conversion(network, {key: torch.zeros(())})
    except (RuntimeError, ValueError, IndexError):
        return module
    return str(name).removesuffix(".weight")


def own_names(network: nn.Module, names: Iterable[str]) -> dict[str, str]:
    """Return what the tensors of an adapter are called here, by their names in its file.

    Names that match no layer are left as they are.
    """
    modules = {name for name, _ in network.named_modules()}
    thinks = any(name.split(".")[0] == THINKER[:-1] for name in modules)
    published: dict[str, str] = {}
    named = {}
    for name in names:
        short = ADAPTER_NAME.sub(r"\1", name.removeprefix(PREFIX))
        if not thinks:
            short = short.removeprefix(THINKER)
        found = PART.search(short)
        layer = short[: found.start()] if found else short
        if layer not in modules and found:
            published = published or _by_published_name(network)
            short = published.get(layer, layer) + short[found.start() :]
        named[name] = PREFIX + short
    return named


def own_targets(network: nn.Module, targets: Any) -> Any:
    """Return the layers that an adapter's `target_modules` mean, by their names here.

    What matches layers as it is, is returned as it is, and what matches none in any form.

    Args:
        network: the model.
        targets: a regular expression for whole names, or names and ends of names.
    """
    if not isinstance(targets, (str, list, set, tuple)) or targets == "all-linear":
        return targets
    layers = _layers(network)
    if any(_matches(targets, layer) for layer in layers):
        return targets
    published = _by_published_name(network)
    for before in ("", THINKER):
        found = [name for form, name in published.items() if _matches(targets, before + form)]
        found = found or [name for name in layers if _matches(targets, before + name)]
        if found:
            return found
    return targets


def _by_published_name(network: nn.Module) -> dict[str, str]:
    """Return the layers of a model by their published names, without the name of a whole model."""
    return {published_name(network, m).removeprefix(THINKER): m for m in _layers(network)}


def _layers(network: nn.Module) -> list[str]:
    kinds = (nn.Linear, nn.Embedding, nn.Conv1d, nn.Conv2d)
    return [name for name, module in network.named_modules() if isinstance(module, kinds)]


def _matches(targets: str | Iterable[str], name: str) -> bool:
    """Say whether peft would put an adapter on a layer of this name."""
    if isinstance(targets, str):
        return re.fullmatch(targets, name) is not None
    return any(name == target or name.endswith(f".{target}") for target in targets)

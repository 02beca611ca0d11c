"""Give the tensors of a stored adapter the names of the family's published checkpoints.

peft puts an adapter on nothing, without an error, where the names of its tensors are those of
another version of transformers. The names of published checkpoints are those of transformers 4,
and peft with transformers 5 maps them, so that they are read by both.
"""

import json
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save
from torch import nn

from earmark.policies.checkpoint.adapter_folder import SETTINGS
from earmark.policies.checkpoint.json_object import read_object
from earmark.policies.checkpoint.weight_files import ADAPTER_WEIGHTS
from earmark.policies.lora.names import PART, PREFIX, published_name
from earmark.storage.atomic import atomic_path, write_text


def publish_names(network: Any, folder: Path) -> None:
    """Rename the tensors of an adapter in place, and let its settings match either name.

    An adapter on the parameters of experts stays as it is: several tensors of a checkpoint make
    one of those.

    Args:
        network: the model that it is on, without it.
        folder: the adapter's, as peft wrote it.
    """
    settings = read_object(folder / SETTINGS)[0]
    if settings.get("target_parameters"):
        return
    tensors = load_file(folder / ADAPTER_WEIGHTS)
    layers = {PART.split(name.removeprefix(PREFIX), maxsplit=1)[0] for name in tensors}
    published = {layer: published_name(network, layer) for layer in sorted(layers)}
    if all(layer == name for layer, name in published.items()):
        return
    named = {}
    for name, tensor in tensors.items():
        short = name.removeprefix(PREFIX)
        layer = PART.split(short, maxsplit=1)[0]
        named[PREFIX + published[layer] + short.removeprefix(layer)] = tensor
    with atomic_path(folder / ADAPTER_WEIGHTS) as path:
        path.write_bytes(save(named, {"format": "pt"}))
    targets = either_name(network, settings.get("target_modules"), published)
    whole = json.dumps({**settings, "target_modules": targets}, indent=2, ensure_ascii=False)
    write_text(folder / SETTINGS, whole + "\n")


def either_name(network: nn.Module, targets: Any, published: dict[str, str]) -> Any:
    """Return `target_modules` that match the layers of an adapter by either of their names.

    Args:
        network: the model.
        targets: a regular expression for whole names, or a list of names.
        published: the names of the adapter's layers in published checkpoints, by those here.
    """
    if not isinstance(targets, str):
        return sorted({*published, *published.values()})
    if all(re.fullmatch(targets, name) for name in published.values()):
        return targets
    more = {re.escape(re.sub(r"\d+", "0", n)).replace("0", r"\d+") for n in published.values()}
    both = "|".join(f"({part})" for part in (targets, *sorted(more)))
    return both if _matched(network, both) == _matched(network, targets) else targets


def _matched(network: nn.Module, targets: str) -> Collection[str]:
    return {name for name, _ in network.named_modules() if re.fullmatch(targets, name)}

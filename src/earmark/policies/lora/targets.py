"""Find the linear layers that a LoRA is put on, in a model whose names are not known before."""

import re
from collections.abc import Sequence

from torch import nn

from earmark.errors import InputError


def returns_a_product(layer: nn.Linear) -> bool:
    """Return whether a linear layer does what its name says, and not, as some routers, more.

    Libraries that quantize have subclasses that do; those of a model's own file do not.
    """
    kind = type(layer)
    return kind is nn.Linear or not kind.__module__.startswith("transformers.models.")


def linear_layers(network: nn.Module, without: Sequence[nn.Module] = ()) -> str:
    """Return a regular expression for the linear layers of a model, its head left out.

    It names the layers by what they are called, unless a part that is left out calls its own so.

    Args:
        network: the model.
        without: parts whose layers are left out.

    Raises:
        InputError: there is none.
    """
    left_out = {id(module) for part in without for module in part.modules()}
    left_out.add(id(getattr(network, "get_output_embeddings", lambda: None)()))
    found: list[str] = []
    others: list[str] = []
    for name, module in network.named_modules():
        if isinstance(module, nn.Linear):
            adapted = id(module) not in left_out and returns_a_product(module)
            (found if adapted else others).append(name)
    if not found:
        raise InputError(
            f"{type(network).__name__} has no linear layer for a LoRA; train it as a whole, "
            "with --lora-rank 0"
        )
    called = sorted({re.escape(name.rpartition(".")[2]) for name in found})
    short = rf"(.*\.)?({'|'.join(called)})"
    if any(re.fullmatch(short, name) for name in others):
        return "|".join(map(re.escape, found))
    return short

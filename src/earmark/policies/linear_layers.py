"""Find the linear layers that a LoRA is put on, in a model whose names are not known before."""

import re
from collections.abc import Sequence

from torch import nn

from earmark.errors import InputError


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
            (others if id(module) in left_out else found).append(name)
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

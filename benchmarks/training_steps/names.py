"""The trained parameters of a model, named alike in all trainers and versions of transformers.

Only torch is imported here: other trainers' environments use this file too.
"""

import torch
from torch import Tensor, nn


def canonical(name: str) -> str:
    """Name a parameter of the language model alike in all versions and wrappers.

    >>> canonical("base_model.model.model.language_model.layers.0.q_proj.lora_A.default.weight")
    'layers.0.q_proj.lora_A.weight'
    >>> canonical("language_model.model.norm.weight"), canonical("base_model.model.lm_head.weight")
    ('norm.weight', 'lm_head.weight')
    """
    last = name.replace(".default.", ".").split("language_model.")[-1]
    return last.removeprefix("base_model.model.").removeprefix("model.")


def trained(model: nn.Module) -> dict[str, nn.Parameter]:
    """Return the parameters that are trained, under their canonical names."""
    return {canonical(n): p for n, p in model.named_parameters() if p.requires_grad}


def start(model: nn.Module, weights: dict[str, Tensor]) -> None:
    """Give a model the weights that the policy has in all trainers."""
    own = trained(model)
    assert own.keys() == weights.keys(), sorted(own.keys() ^ weights.keys())
    with torch.no_grad():
        for name, values in weights.items():
            own[name].copy_(values)


def tower_of(model: nn.Module) -> nn.Module:
    """Find the audio tower in a model or its adapter."""
    return next(m for n, m in model.named_modules() if n.endswith("audio_tower"))

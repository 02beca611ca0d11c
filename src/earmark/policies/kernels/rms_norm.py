"""Norms of the language model by torch's own kernel on a GPU, where they are what it computes.

transformers writes a root-mean-square norm as eight operations, most of them in float32, and each
reads and writes all there is. On a CPU torch's own form is slower still. Which class of norm is
torch's is not known by its name: some add 1 to their weights. So each one is tried, and one that
differs stays as it is.
"""

from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import PreTrainedModel

EPS = ("variance_epsilon", "eps")
# By how much one rounding to the weights' number type may differ, of values near 3.
NEAR = {torch.float32: 1e-5, torch.bfloat16: 0.05, torch.float16: 0.01}


def take_torch_norms(network: PreTrainedModel) -> int:
    """Let the decoder's norms run as torch's kernel, in place; returns how many do."""
    taken = 0
    for module in network.get_decoder().modules():
        if is_torch_norm(module):
            vars(module)["forward"] = partial(norm, module, type(module).forward)
            taken += 1
    return taken


@torch.no_grad()
def is_torch_norm(module: nn.Module) -> bool:
    """Return whether a module computes torch's `rms_norm` with its own weight."""
    weight = getattr(module, "weight", None)
    if not type(module).__name__.endswith("RMSNorm") or not isinstance(weight, Tensor):
        return False
    if weight.dim() != 1 or weight.dtype not in NEAR or eps_of(module) is None:
        return False
    generator = torch.Generator().manual_seed(0)
    drawn = torch.randn(4, len(weight), generator=generator).to(weight)
    difference = module(drawn) - norm(module, type(module).forward, drawn)
    return float(difference.abs().max()) <= NEAR[weight.dtype] * float(1 + weight.abs().max())


def norm(module: Any, own: Any, hidden: Tensor) -> Tensor:
    """Return the norm of the last axis; as the module does it where number types are mixed."""
    if hidden.dtype != module.weight.dtype or torch.is_autocast_enabled(hidden.device.type):
        return own(module, hidden)
    return F.rms_norm(hidden, (hidden.shape[-1],), module.weight, eps_of(module))


def eps_of(module: nn.Module) -> float | None:
    """Return what a norm adds to the mean square, or None where it does not say."""
    return next((getattr(module, name) for name in EPS if hasattr(module, name)), None)

"""Merge an adapter into its model's weights, and measure how much of it their number type holds.

Of an update that is smaller than half the distance between two numbers of a weight's type,
nothing is left when the sum is rounded. At a learning rate of 1e-5 that is most of what a LoRA
learns, and bfloat16 has 8 bits for a weight of any size.
"""

import warnings
from typing import NamedTuple

import torch
from peft import PeftModel
from peft.tuners.tuners_utils import BaseTunerLayer
from torch import Tensor, nn

from earmark.errors import InputError
from earmark.policies.checkpoint.library_errors import one_message
from earmark.policies.policy import Policy


class Moved(NamedTuple):
    """How far weights were to be moved, and how far they are after rounding: sums of |difference|.

    >>> Moved(2.0, 1.0).share, Moved(0.0, 0.0).share
    (0.5, 0.0)
    """

    update: float
    stored: float

    @property
    def share(self) -> float:
        """Return the share of the update that is stored, from 0 to 1."""
        return min(1.0, self.stored / self.update) if self.update else 0.0


def merge_lora(policy: Policy) -> Moved:
    """Add the adapter's update to the weights and take the adapter off, in place.

    Sums are made in float32 and rounded once.

    Raises:
        InputError: the policy has no adapter, or one that the weights cannot hold.
    """
    model = policy.model
    if not isinstance(model, PeftModel):
        raise InputError("there is no adapter to merge: the model is whole already")
    layers = {n: m for n, m in model.named_modules() if isinstance(m, BaseTunerLayer)}
    _refuse_tied(model, layers)
    moved = Moved(0.0, 0.0)
    with one_message("the adapter", "merged; use it as it is, beside its base model"):
        for layer in layers.values():
            here = _merge(layer)
            moved = Moved(moved.update + here.update, moved.stored + here.stored)
        with warnings.catch_warnings():
            # It is merged already, which peft warns of, and is only taken off.
            warnings.simplefilter("ignore")
            model.merge_and_unload()
    policy.model = policy.network
    return moved


@torch.no_grad()
def _merge(layer: BaseTunerLayer) -> Moved:
    """Merge the adapter of one layer."""
    base: nn.Module = layer.get_base_layer()
    before = dict(base.named_parameters(recurse=False))
    types = {name: value.dtype for name, value in before.items()}
    kept = {name: value.detach().clone() for name, value in before.items()}
    for value in before.values():
        value.data = value.data.float()
    layer.merge()
    update = stored = 0.0
    for name, value in base.named_parameters(recurse=False):
        moved = measured(kept[name], value.data, types[name])
        update, stored = update + moved.update, stored + moved.stored
        value.data = value.data.to(types[name])
    return Moved(update, stored)


def measured(base: Tensor, trained: Tensor, dtype: torch.dtype) -> Moved:
    """Return how far a tensor moves, and how far it does once it is rounded to a number type.

    Args:
        base: the tensor before, in its number type.
        trained: the tensor after, in a wider one.
        dtype: in which it will be stored.
    """
    start = base.to(dtype).float()
    update = float((trained.float() - base.float()).abs().sum(dtype=torch.float64))
    stored = float((trained.to(dtype).float() - start).abs().sum(dtype=torch.float64))
    return Moved(update, stored)


def shared_weights(network: nn.Module) -> set[str]:
    """Name the modules that share a weight with another, as a tied head does with the embedding."""
    owners: dict[int, list[str]] = {}
    for name, module in network.named_modules():
        # Its own: a layer with an adapter shows the weight of the layer inside as well.
        for value in module.parameters(recurse=False):
            owners.setdefault(id(value), []).append(name)
    return {name for names in owners.values() if len(names) > 1 for name in names}


def _refuse_tied(model: PeftModel, layers: dict[str, BaseTunerLayer]) -> None:
    """Refuse to merge into a weight that another layer has as well.

    Raises:
        InputError: names the layer.
    """
    shared = shared_weights(model)
    for name in layers:
        if f"{name}.base_layer" in shared:
            raise InputError(
                f"the adapter is on {name.removeprefix('base_model.model.')}, which shares its "
                "weights with the embedding, so merging it would change both; use it as it is, "
                "beside its base model"
            )

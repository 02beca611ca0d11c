"""A linear layer and its LoRA in one step: three products and nothing written in between.

peft computes the update of a bfloat16 layer in float32, since an adapter's weights are float32,
and scales and adds it as tensors of the layer's whole width; each layer keeps a float32 copy of
its input. Here products take the layer's own
number type, are scaled where they are as narrow as the rank, and are added by the product itself,
which sums in float32. The adapter's weights and their updates stay float32.

Only the plain case is taken; all else (adapters switched off, several of them, dropout, variants,
quantised layers) is left to peft.
"""

from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from peft import PeftModel
from peft.tuners import lora
from torch import Tensor, nn
from torch.autograd.function import once_differentiable


class LowRankLinear(torch.autograd.Function):
    """`x W' + bias + scale x A' B'`, where W and the bias are frozen."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Float[Tensor, "*place input"],
        weight: Float[Tensor, "output input"],
        bias: Float[Tensor, " output"] | None,
        down: Float[Tensor, "rank input"],
        up: Float[Tensor, "output rank"],
        scale: float,
    ) -> Float[Tensor, "*place output"]:
        """Return the layer's output; down and up may be of another number type."""
        flat, a, b = x.reshape(-1, x.shape[-1]), down.to(x.dtype), up.to(x.dtype)
        narrow = (flat @ a.T).mul_(scale)  # [place, rank]: few numbers to scale, and to keep
        out = F.linear(flat, weight, bias).addmm_(narrow, b.T)  # [place, output]
        ctx.save_for_backward(x, weight, a, b, narrow)
        ctx.scale, ctx.dtypes = scale, (down.dtype, up.dtype)
        return out.view(*x.shape[:-1], -1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Float[Tensor, "*place output"]) -> tuple[Tensor | None, ...]:
        """Return the gradients of x, A and B."""
        x, weight, a, b, narrow = ctx.saved_tensors
        flat, wide = x.reshape(-1, x.shape[-1]), grad.reshape(-1, grad.shape[-1])
        through = (wide @ b).mul_(ctx.scale)  # [place, rank]
        # [rank, input] and [output, rank]; `narrow` is scaled already.
        of_down, of_up = through.T @ flat, wide.T @ narrow
        of_x = None
        if ctx.needs_input_grad[0]:
            of_x = (wide @ weight).addmm_(through, a).view_as(x)
        return of_x, None, None, of_down.to(ctx.dtypes[0]), of_up.to(ctx.dtypes[1]), None


class LoraLinear(lora.Linear):
    """peft's layer, with its forward pass in one step where that is all it does."""

    def forward(self, x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        """Return the layer's output; see `lora.Linear`."""
        name = self._one_plain_adapter()
        base = self.base_layer
        mixed = x.dtype != base.weight.dtype or torch.is_autocast_enabled(x.device.type)
        if name is None or mixed or args or kwargs:
            return super().forward(x, *args, **kwargs)
        down, up = self.lora_A[name].weight, self.lora_B[name].weight
        product: Tensor = LowRankLinear.apply(
            x, base.weight, base.bias, down, up, self.scaling[name]
        )
        return product

    def _one_plain_adapter(self) -> str | None:
        """Name the adapter if there is one, which multiplies and does nothing else."""
        names = [name for name in self.active_adapters if name in self.lora_A]
        if len(names) != 1 or self.disable_adapters or self.merged:
            return None
        (name,) = names
        is_plain = (
            name not in self.lora_variant
            and isinstance(self.lora_dropout[name], nn.Identity)
            and self.lora_B[name].bias is None
            and not any(p.requires_grad for p in self.base_layer.parameters())
        )
        return name if is_plain else None


def take_one_step(model: PeftModel) -> None:
    """Let the adapter's linear layers compute in one step, in place."""
    for module in model.modules():
        # Exactly these: a subclass, of peft's layer or of the one below it, does something else.
        if type(module) is lora.Linear and type(module.base_layer) is nn.Linear:
            module.__class__ = LoraLinear

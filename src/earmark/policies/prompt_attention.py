"""Attention in two parts: prompts look at themselves alone, answers at prompts and themselves.

The mask of a shared row says for every token whether it sees every other, and attention under a
mask computes all of it, half of it for nothing: a prompt only looks back. Asked to look back and
given no mask, the kernels leave that half out, and GPUs have faster ones. So the prompts' tokens
attend by themselves and only what follows them takes its part of the mask.
In the last layer, whose prompts nobody reads, they do not attend at all.

A layer that is computed again in the backward pass has to do the same as before, when this is
over; so with gradient checkpointing the whole row takes the mask.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from earmark.policies.shared_row import PROMPT
from earmark.policies.unread import last_layer

NAME = "earmark_shared_row"
MASKED = "sdpa"


@contextmanager
def prompts_attend_alone(
    network: PreTrainedModel, segments: Int[Tensor, "row token"]
) -> Iterator[None]:
    """Let a decoder's layers attend in two parts until the context ends."""
    decoder: Any = network.get_decoder()
    width = prompt_width(segments)
    layer = last_layer(network)
    if layer is None or not width or decoder.config._attn_implementation != MASKED:
        yield
        return
    ALL_ATTENTION_FUNCTIONS[NAME] = in_two_parts(width, getattr(layer, "self_attn", None))
    # Of the decoder alone: what hears may have a configuration below it, and attend otherwise.
    decoder.config._attn_implementation = {"": NAME}
    try:
        yield
    finally:
        decoder.config._attn_implementation = {"": MASKED}
        del ALL_ATTENTION_FUNCTIONS[NAME]


def prompt_width(segments: Int[Tensor, "row token"]) -> int:
    """Count the first tokens that are prompt in every row, but for the one that answers follow."""
    return max(0, int((segments == PROMPT).sum(1).min()) - 1)


def in_two_parts(width: int, last: nn.Module | None) -> Callable[..., tuple[Tensor, None]]:
    """Return the attention of shared rows whose first `width` tokens are all prompt."""
    attend = ALL_ATTENTION_FUNCTIONS[MASKED]

    def forward(
        module: nn.Module,
        query: Float[Tensor, "row head token feature"],
        key: Float[Tensor, "row head token feature"],
        value: Float[Tensor, "row head token feature"],
        mask: Bool[Tensor, "row 1 token token"],
        **options: Any,
    ) -> tuple[Float[Tensor, "row token head feature"], None]:
        rest, _ = attend(module, query[:, :, width:], key, value, mask[:, :, width:], **options)
        if module is last:
            prompt = rest.new_zeros(len(rest), width, *rest.shape[2:])
        else:
            own = (states[:, :, :width] for states in (query, key, value))
            prompt, _ = attend(module, *own, None, **{**options, "is_causal": True})
        return torch.cat([prompt, rest], dim=1), None

    return forward

"""Attention in two parts: prompts look at themselves alone, answers at prompts and themselves.

The mask of a shared row says for every token whether it sees every other, and attention under a
mask computes all of it, half of it for nothing: a prompt only looks back. Asked to look back and
given no mask, a CPU's kernel leaves that half out. So the prompts' tokens attend by themselves and
only what follows them takes its part of the mask.
In the last layer, where prompts are never read, they do not attend at all.

On a GPU the whole mask is faster: two small kernels, and putting together what they return, take
longer there than one that does needless work (measured; see `benchmarks/attention_gpu.py`).

A layer that is computed again in the backward pass has to do the same as before, when this is
over; so with gradient checkpointing the whole row takes the mask.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from transformers import AttentionInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from earmark.policies.rows.last_layer import last_layer
from earmark.policies.rows.shared_row import PROMPT

NAME = "earmark_shared_row"
MASKED = "sdpa"


class Parts(NamedTuple):
    """Under `mask` the first `width` tokens of rows are prompt; `last` is the last attention."""

    mask: Tensor
    width: int
    last: nn.Module | None


IN_PARTS: ContextVar[Parts] = ContextVar("IN_PARTS")


@contextmanager
def prompts_attend_alone(
    network: PreTrainedModel,
    segments: Int[Tensor, "row token"],
    mask: Bool[Tensor, "row 1 token token"],
) -> Iterator[None]:
    """Let a decoder's layers attend in two parts where they are given `mask`, for a while."""
    if mask.device.type != "cpu":
        yield
        return
    config: Any = network.get_decoder().config
    width = prompt_width(segments)
    layer = last_layer(network)
    if layer is None or not width or config._attn_implementation != MASKED:
        yield
        return
    before = IN_PARTS.set(Parts(mask, width, getattr(layer, "self_attn", None)))
    # Of the decoder alone: what hears may have a configuration below it, and attend otherwise.
    config._attn_implementation = {"": NAME}
    try:
        yield
    finally:
        config._attn_implementation = {"": MASKED}
        IN_PARTS.reset(before)


def prompt_width(segments: Int[Tensor, "row token"]) -> int:
    """Count the first tokens that are prompt in every row, except the one that answers follow."""
    return max(0, int((segments == PROMPT).sum(1).min()) - 1)


def attend_in_two_parts(
    module: nn.Module,
    query: Float[Tensor, "row head token feature"],
    key: Float[Tensor, "row shared_head token feature"],
    value: Float[Tensor, "row shared_head token feature"],
    attention_mask: Tensor | None,
    **options: Any,
) -> tuple[Float[Tensor, "row token head feature"], None]:
    """Attend as transformers' attention functions do, by `IN_PARTS`.

    Several heads of queries may share one of keys and values. A layer that makes a mask of its own
    says more by it than who sees whom, and takes it whole, or has none.
    """
    ours, width, last = IN_PARTS.get()
    if attention_mask is not ours:
        return sdpa_attention_forward(module, query, key, value, attention_mask, **options)
    of_prompt, of_rest = query.split([width, query.shape[2] - width], dim=2)
    masks = ours[:, :, width:]  # [row, 1, rest, token]: what follows the prompt looks at all
    rest, _ = sdpa_attention_forward(module, of_rest, key, value, masks, **options)
    if module is last:
        prompt = rest.new_zeros(len(rest), width, *rest.shape[2:])  # [row, width, head, feature]
    else:
        keys, values = key[:, :, :width], value[:, :, :width]
        # Without a mask the kernel may look back only, and leaves out half of the products.
        causal = {**options, "is_causal": True}
        prompt, _ = sdpa_attention_forward(module, of_prompt, keys, values, None, **causal)
    return torch.cat([prompt, rest], dim=1), None  # heads are the third axis of what is returned


AttentionInterface.register(NAME, attend_in_two_parts)

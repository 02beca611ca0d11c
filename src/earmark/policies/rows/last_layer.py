"""Leave out what is never read: after the last attention each token is computed by itself.

Log-probabilities are read where answers are written, a few dozen places of a row; most of it is
prompt, and most of a prompt is audio. What the last layer asks of the tokens before it, and what
it does after that, its queries, output projection and feed-forward part, is done at those
places alone. The others keep what they had before, which nothing looks at any more.

A layer that is computed again in the backward pass has to be whole, so with gradient checkpointing
nothing is left out.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from transformers import PreTrainedModel

from earmark.policies.rows.patched import instead


@contextmanager
def only_where_read(
    network: PreTrainedModel, read_from: Int[Tensor, " answer_token"]
) -> Iterator[None]:
    """Let the last layer of a decoder end at some places of its flattened rows only."""
    places = read_from.unique()
    with ExitStack() as stack:
        for part in parts_on_their_own(network):
            stack.enter_context(instead(part, "forward", at_places(part.forward, places)))
        yield


def parts_on_their_own(network: PreTrainedModel) -> list[nn.Module]:
    """Return the parts of the last layer that see one token at a time; none if unknown."""
    last = last_layer(network)
    attention = getattr(last, "self_attn", None)
    of_attention = (getattr(attention, name, None) for name in ("q_proj", "o_proj"))
    found = (*of_attention, getattr(last, "mlp", None))
    return [part for part in found if isinstance(part, nn.Module)]


def last_layer(network: PreTrainedModel) -> nn.Module | None:
    """Return the decoder's last layer; None if it is unknown or anything is computed again."""
    decoder = network.get_decoder()
    layers = getattr(decoder, "layers", None)
    if not isinstance(layers, nn.ModuleList) or not len(layers):
        return None
    return None if any(map(computed_again, decoder.modules())) else layers[-1]


def computed_again(module: nn.Module) -> bool:
    """Return whether a module drops what it computed and computes it again going backward."""
    # The library's own mark, and what torch's wrapper, which FSDP takes, holds.
    marked = vars(module).get("gradient_checkpointing", False)
    return marked or "_checkpoint_wrapped_module" in module._modules


def at_places(whole: Callable[..., Any], places: Int[Tensor, " place"]) -> Callable[[Tensor], Any]:
    """Return a function that does the same at some places, and leaves 0 at all others."""

    def forward(hidden: Float[Tensor, "row token feature"]) -> Any:
        made = whole(hidden.flatten(0, 1)[places][None])  # [1, place, feature out]
        # A layer of experts may return its routing too, of all tokens: it is run whole.
        if not torch.is_tensor(made):
            return whole(hidden)
        rows, width = hidden.shape[:2]
        empty = made.new_zeros(rows * width, made.shape[-1])  # [row · token, feature out]
        return empty.index_copy(0, places, made[0]).view(rows, width, -1)

    return forward

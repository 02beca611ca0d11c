"""Rows of an encoder-decoder: audio is not in them but beside them.

A shared row holds the decoder's prompt and its candidates, as in `shared_row.py`, and every
token of it also attends to the states of the row's clip. So the candidates of one prompt share
the prompt, and keys and values of the states are computed once for all of them.

The decoder's classes take no mask for the states, so that a batch could only hold clips of one
length. Their layers do: they are run one after the other here.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence


class Beside(NamedTuple):
    """The states of each row's clip; `mask` says which are not padding, None if all are."""

    states: Float[Tensor, "row state feature"]
    mask: Bool[Tensor, "row 1 1 state"] | None

    def of(self, rows: Int[Tensor, " kept"]) -> "Beside":
        """Return the states of some rows."""
        return Beside(self.states[rows], None if self.mask is None else self.mask[rows])


def beside(clips: Sequence[Float[Tensor, "_state feature"]], like: Tensor) -> Beside:
    """Put the states of clips into one tensor, short ones padded.

    Args:
        clips: one for each row.
        like: a tensor whose device and number type they take.
    """
    states = pad_sequence([clip.to(like) for clip in clips], batch_first=True)
    lengths = torch.tensor([len(clip) for clip in clips])
    if bool((lengths == states.shape[1]).all()):
        return Beside(states, None)
    there = torch.arange(states.shape[1]) < lengths[:, None]  # [row, state]
    return Beside(states, there.to(like.device)[:, None, None])


def decode(
    decoder: Any,
    ids: Int[Tensor, "row token"],
    positions: Int[Tensor, "row token"],
    mask: Bool[Tensor, "row 1 token seen"] | None,
    heard: Beside,
    cache: Any = None,
) -> Float[Tensor, "row token hidden"]:
    """Run a decoder on rows of tokens, each beside the states of its clip.

    Args:
        decoder: Whisper's, or one of the same parts.
        ids: the tokens.
        positions: their places.
        mask: which tokens each one attends to; None for all before it.
        heard: the states.
        cache: keys and values of earlier tokens and of the states, which is added to.
    """
    hidden = decoder.embed_tokens(ids) + decoder.embed_positions(ids, position_ids=positions)
    for layer in decoder.layers:
        hidden = layer(
            hidden,
            mask,
            heard.states,
            encoder_attention_mask=heard.mask,
            past_key_values=cache,
            use_cache=cache is not None,
        )
    return decoder.layer_norm(hidden)

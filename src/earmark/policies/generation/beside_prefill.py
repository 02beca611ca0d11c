"""Read the prompts of an encoder-decoder once, each beside the states of its clip.

Keys and values of the states are computed once for all answers of a clip.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from transformers import DynamicCache, EncoderDecoderCache

from earmark.policies.generation.reader import Prefilled, Reader
from earmark.policies.rows.cross_attention import Beside, decode
from earmark.policies.rows.shared_row import PADDING, Answers, lay_out


class BesideReader(Reader):
    """A decoder that attends to what its encoder has heard."""

    def __init__(self, decoder: Any, head: Callable[[Tensor], Tensor], heard: Beside) -> None:
        self.decoder = decoder
        self.apply_head = head
        self.heard = heard
        self.cache = EncoderDecoderCache(DynamicCache(), DynamicCache())

    def start(self, prompts: Sequence[list[int]], pad_id: int) -> Prefilled:
        """Read prompts, padded on the right, which they never look at."""
        device = self.heard.states.device
        rows = lay_out([Answers(prompt, []) for prompt in prompts], pad_id)
        segments = rows.segments.to(device)
        hidden = self.read(rows.input_ids.to(device), rows.positions.to(device), None)
        lengths = (segments != PADDING).sum(1)  # [row]
        last = hidden[torch.arange(len(prompts), device=device), lengths - 1]
        return Prefilled(self, last, segments, lengths)

    def read(
        self,
        ids: Int[Tensor, "row token"],
        positions: Int[Tensor, "row token"],
        mask: Bool[Tensor, "row 1 token seen"] | None,
    ) -> Float[Tensor, "row token hidden"]:
        """Read tokens of answers."""
        return decode(self.decoder, ids, positions, mask, self.heard, self.cache)

    def head(self, hidden: Float[Tensor, "token hidden"]) -> Float[Tensor, "token vocabulary"]:
        """Apply the output matrix."""
        return self.apply_head(hidden)

    def keep(self, rows: Int[Tensor, " kept"]) -> None:
        """Forget all rows but some."""
        self.heard = self.heard.of(rows)
        self.cache.batch_select_indices(rows)

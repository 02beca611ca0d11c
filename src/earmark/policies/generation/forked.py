"""Read a prompt once through the model's own cache, and continue from copies of it.

For decoders whose answers cannot share a row; see `rows/forked_cache.py`.
"""

import inspect
from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Bool, Float, Int, Real
from torch import Tensor

from earmark.errors import InputError
from earmark.policies.generation.reader import Prefilled, Reader
from earmark.policies.rows.shared_row import PROMPT


class ForkReader(Reader):
    """The library's own model after one prompt; every answer has a row and a copy of the cache."""

    def __init__(self, network: Any, cache: Any) -> None:
        self.network = network
        self.cache = cache
        self.seen = 0

    def read(
        self,
        ids: Int[Tensor, "row token"],
        positions: Real[Tensor, "row token"],
        mask: Bool[Tensor, "row 1 token seen"] | None,
    ) -> Float[Tensor, "row token vocabulary"]:
        """Read a token of each answer; the model counts positions itself."""
        self.seen += ids.shape[1]
        return self.network(
            input_ids=ids,
            attention_mask=ids.new_ones(len(ids), self.seen),
            past_key_values=self.cache,
            use_cache=True,
        ).logits

    def head(self, hidden: Float[Tensor, "token vocabulary"]) -> Float[Tensor, "token vocabulary"]:
        """Return logits, which is what the model's forward pass gives."""
        return hidden

    def keep(self, rows: Int[Tensor, " kept"]) -> None:
        """Forget all rows but some; beam search selects its beams by the same call."""
        self.cache.reorder_cache(rows)


def read_and_fork(network: Any, prompt: Mapping[str, Tensor], answers: int) -> Prefilled:
    """Read one prompt, and copy the cache for each of its answers.

    Args:
        network: the library's own model.
        prompt: its inputs for one prompt, the audio among them; `input_ids` is [1, token].
        answers: how many.

    Raises:
        InputError: the model has no cache that can be copied.
    """
    # Of a large vocabulary the logits of a whole prompt would be most of the memory.
    takes = inspect.signature(network.forward).parameters
    last: dict[str, Any] = {"logits_to_keep": 1} if "logits_to_keep" in takes else {}
    read = network(**prompt, use_cache=True, **last)
    reader = ForkReader(network, getattr(read, "past_key_values", None))
    if not hasattr(reader.cache, "reorder_cache"):
        raise InputError(
            f"{type(network).__name__} returns no key-value cache that can be copied, so several "
            "answers cannot continue from one prompt; ask for one answer"
        )
    ids = prompt["input_ids"]
    reader.keep(ids.new_zeros(answers))
    reader.seen = ids.shape[1]
    segments = torch.full((answers, reader.seen), PROMPT, device=ids.device)
    following = torch.full((answers,), reader.seen, device=ids.device)
    return Prefilled(reader, read.logits[:, -1].expand(answers, -1), segments, following)

"""A decoder that has read some prompts, and reads on what is written after them."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from jaxtyping import Bool, Float, Int, Real
from torch import Tensor, nn


class Reader(ABC):
    """A decoder with a cache of keys and values, which grows with what it reads."""

    @abstractmethod
    def read(
        self,
        ids: Int[Tensor, "row token"],
        positions: Real[Tensor, "row token"],
        mask: Bool[Tensor, "row 1 token seen"] | None,
    ) -> Float[Tensor, "row token hidden"]:
        """Read some tokens and return their hidden states.

        Args:
            ids: the tokens.
            positions: their places.
            mask: which of all tokens, these ones last, each one looks at; None for all.
        """

    @abstractmethod
    def head(self, hidden: Float[Tensor, "token hidden"]) -> Float[Tensor, "token vocabulary"]:
        """Apply the output matrix."""

    @abstractmethod
    def keep(self, rows: Int[Tensor, " kept"]) -> None:
        """Forget all rows but some; a row that is named twice is there twice."""


class Prefilled(NamedTuple):
    """Prompts that were read once.

    `hidden` is what their last tokens say, `segments` which of the cached tokens are prompt and
    which are padding, as in `SharedRows`, `following` the position of an answer's first token.
    """

    reader: Reader
    hidden: Float[Tensor, "row hidden"]
    segments: Int[Tensor, "row token"]
    following: Real[Tensor, " row"]


@contextmanager
def evaluating(network: nn.Module) -> Iterator[Any]:
    """Put a network into evaluation mode without gradients, for a while."""
    training = [module for module in network.modules() if module.training]
    network.eval()
    try:
        with torch.no_grad():
            yield network
    finally:
        for module in training:
            module.training = True

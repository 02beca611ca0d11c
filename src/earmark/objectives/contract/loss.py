"""What every objective returns."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from jaxtyping import Float
from torch import Tensor

NOTHING: Mapping[str, Tensor] = MappingProxyType({})


class Loss(NamedTuple):
    """The unreduced loss of a batch.

    `per_pair` is the loss of each pair, in nats; the trainer takes the mean. `margin` is the
    quantity that the objective widens (for DPO, β times the gap of log-ratios), in nats.
    `state` is what the objective keeps until the next batch, a NamedTuple of tensors; None for
    most. `logged` has quantities of the objective's own, detached, of which means are logged.
    """

    per_pair: Float[Tensor, " pair"]
    margin: Float[Tensor, " pair"]
    state: Any = None
    logged: Mapping[str, Tensor] = NOTHING

"""What every objective returns."""

from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor


class Loss(NamedTuple):
    """The unreduced loss of a batch.

    `per_pair` is the loss of each pair, in nats; the trainer takes the mean. `margin` is the
    quantity that the objective widens (for DPO, β times the gap of log-ratios), in nats.
    """

    per_pair: Float[Tensor, " pair"]
    margin: Float[Tensor, " pair"]

"""Anchored preference optimization: say where each likelihood should go, not the gap alone."""

import torch
from jaxtyping import Float
from torch import Tensor

from earmark.objectives.contract.loss import Loss


def apo_zero(
    chosen: Float[Tensor, " pair"],
    rejected: Float[Tensor, " pair"],
    ref_chosen: Float[Tensor, " pair"],
    ref_rejected: Float[Tensor, " pair"],
    *,
    beta: float = 0.1,
) -> Loss:
    """Raise the chosen answer and lower the rejected one, each on its own.

    For chosen answers that are better than the policy's own.

    ℓ = σ(−r⁺) + σ(r⁻),  r = β·(log π − log π_ref)

    By hand: at policy = reference the loss is ½ + ½ = 1.

    Args:
        chosen: summed log-probability of the chosen answer under the policy, in nats.
        rejected: the same for the rejected answer.
        ref_chosen: summed log-probability of the chosen answer under the frozen reference.
        ref_rejected: the same for the rejected answer.
        beta: how strongly the policy is held to the reference; larger moves less.

    Example:
        >>> one = torch.ones(1)
        >>> apo_zero(-one, -one, -one, -one).per_pair.item()
        1.0

    Source: D'Oosterlinck et al. 2024, arXiv 2408.06266, equation 7.
    """
    good, bad = beta * (chosen - ref_chosen), beta * (rejected - ref_rejected)
    return Loss(torch.sigmoid(-good) + torch.sigmoid(bad), good - bad)


def apo_down(
    chosen: Float[Tensor, " pair"],
    rejected: Float[Tensor, " pair"],
    ref_chosen: Float[Tensor, " pair"],
    ref_rejected: Float[Tensor, " pair"],
    *,
    beta: float = 0.1,
) -> Loss:
    """Lower both answers, the rejected one more.

    For chosen answers that are worse than the policy's own.

    ℓ = σ(r⁺) + σ(−(r⁺ − r⁻)),  r = β·(log π − log π_ref)

    At policy = reference the two pulls on the chosen answer cancel exactly; only the rejected
    one moves at first.

    By hand: at policy = reference the loss is ½ + ½ = 1.

    Args:
        chosen: summed log-probability of the chosen answer under the policy, in nats.
        rejected: the same for the rejected answer.
        ref_chosen: summed log-probability of the chosen answer under the frozen reference.
        ref_rejected: the same for the rejected answer.
        beta: how strongly the policy is held to the reference; larger moves less.

    Example:
        >>> one = torch.ones(1)
        >>> apo_down(-one, -one, -one, -one).per_pair.item()
        1.0

    Source: D'Oosterlinck et al. 2024, arXiv 2408.06266, equation 8.
    """
    good, bad = beta * (chosen - ref_chosen), beta * (rejected - ref_rejected)
    return Loss(torch.sigmoid(good) + torch.sigmoid(bad - good), good - bad)

"""DiscoPOP: a loss found by search, between logistic and exponential."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from earmark.errors import KnobError
from earmark.objectives.contract.loss import Loss
from earmark.objectives.dpo import dpo


def discopop(
    chosen: Float[Tensor, " pair"],
    rejected: Float[Tensor, " pair"],
    ref_chosen: Float[Tensor, " pair"],
    ref_rejected: Float[Tensor, " pair"],
    *,
    beta: float = 0.1,
    tau: float = 0.05,
) -> Loss:
    """Use the logistic loss where the margin is negative, the exponential one where positive.

    ℓ = (1 − w)·log(1 + e^(−m)) + w·e^(−m),  w = σ(m / τ), m the margin of DPO

    The loss is not convex. At τ 0.05 it has a dip at m = −0.119 and a hump at m = 0.073, and
    between them, at policy = reference too, it *narrows* the gap: its slope at 0 is
    (1 − log 2) / (4τ) − ¾ = +0.784.

    By hand: a margin of 0 has w = ½, so ℓ = ½·log 2 + ½ = 0.8466.

    Args:
        chosen: summed log-probability of the chosen answer under the policy, in nats.
        rejected: the same for the rejected answer.
        ref_chosen: summed log-probability of the chosen answer under the frozen reference.
        ref_rejected: the same for the rejected answer.
        beta: how strongly the policy is held to the reference; larger moves less.
        tau: width of the change from one loss to the other, above 0, at most 1.

    Raises:
        KnobError: tau is not above 0 and at most 1; above 1 the loss explodes below 0.

    Example:
        >>> one = torch.ones(1)
        >>> round(discopop(-one, -one, -one, -one).per_pair.item(), 4)
        0.8466

    Source: Lu et al. 2024, arXiv 2406.08414, equation 5, the log-ratio modulated loss.
    """
    if not 0 < tau <= 1:
        raise KnobError(f"objective 'discopop': tau should be above 0 and at most 1, found {tau}")
    margin = dpo(chosen, rejected, ref_chosen, ref_rejected, beta=beta).margin
    weight = torch.sigmoid(margin / tau)
    # w·e^(−m) in one exponent, which is never positive: e^(−m) alone overflows.
    exponential = torch.exp(F.logsigmoid(margin / tau) - margin)
    logistic = -F.logsigmoid(margin) * torch.sigmoid(-margin / tau)
    return Loss(logistic + exponential, margin, logged={"exponential_share": weight.detach()})

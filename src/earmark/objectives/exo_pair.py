"""Efficient exact optimization for pairs: reverse KL to a smoothed label."""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from earmark.errors import KnobError
from earmark.objectives.contract.loss import Loss
from earmark.objectives.dpo import dpo


def exo_pair(
    chosen: Float[Tensor, " pair"],
    rejected: Float[Tensor, " pair"],
    ref_chosen: Float[Tensor, " pair"],
    ref_rejected: Float[Tensor, " pair"],
    *,
    beta: float = 0.1,
    label_smoothing: float = 1e-3,
) -> Loss:
    """Bring the policy's choice between the two answers to the label, by reverse KL.

    ℓ = q·[log q − log(1−ε)] + (1−q)·[log(1−q) − log ε],  q = σ(m), m the margin of DPO

    DPO's is the forward KL with ε = 0. The loss is 0 at q = 1 − ε. Far below, where q is almost
    0, the pull vanishes: a pair that the policy has firmly the wrong way round is given up.

    By hand: a margin of 0 has q = ½, so ℓ = −log 2 − ½·log(ε·(1−ε)); with ε 0.1 that is
    −0.6931 + 1.2040 = 0.5108.

    Args:
        chosen: summed log-probability of the chosen answer under the policy, in nats.
        rejected: the same for the rejected answer.
        ref_chosen: summed log-probability of the chosen answer under the frozen reference.
        ref_rejected: the same for the rejected answer.
        beta: how strongly the policy is held to the reference; larger moves less.
        label_smoothing: ε, the label's share for the rejected answer, above 0 and below 0.5.

    Raises:
        KnobError: label_smoothing is not above 0 and below 0.5.

    Example:
        >>> one = torch.ones(1)
        >>> round(exo_pair(-one, -one, -one, -one, label_smoothing=0.1).per_pair.item(), 4)
        0.5108

    Source: Ji et al. 2024, arXiv 2402.00856, equation 16.
    """
    if not 0 < label_smoothing < 0.5:
        raise KnobError(
            "objective 'exo_pair': label_smoothing should be above 0 and below 0.5 (the paper's "
            f"is 0.001), found {label_smoothing}"
        )
    margin = dpo(chosen, rejected, ref_chosen, ref_rejected, beta=beta).margin
    for_chosen = F.logsigmoid(margin) - math.log1p(-label_smoothing)
    for_rejected = F.logsigmoid(-margin) - math.log(label_smoothing)
    kl = torch.sigmoid(margin) * for_chosen + torch.sigmoid(-margin) * for_rejected
    return Loss(kl, margin)

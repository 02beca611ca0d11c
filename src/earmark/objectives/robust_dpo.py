"""Robust DPO: an estimate of the DPO loss on clean labels, made from noisy ones."""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from earmark.errors import KnobError
from earmark.objectives.contract.loss import Loss
from earmark.objectives.dpo import dpo


def robust_dpo(
    chosen: Float[Tensor, " pair"],
    rejected: Float[Tensor, " pair"],
    ref_chosen: Float[Tensor, " pair"],
    ref_rejected: Float[Tensor, " pair"],
    *,
    beta: float = 0.1,
    flip_rate: float = 0.1,
) -> Loss:
    """Subtract from the DPO loss what flipped labels add to it on average.

    ℓ = [−(1−ε)·log σ(m) + ε·log σ(−m)] / (1−2ε),  m the margin of DPO

    If a share ε of the pairs is flipped at random, the mean of ℓ is the DPO loss on the clean
    pairs. A wide margin can make one pair's loss negative.

    By hand: a margin of 1 with ε 0.1 gives (0.9·0.3133 − 0.1·1.3133) / 0.8 = 0.1883.

    Args:
        chosen: summed log-probability of the chosen answer under the policy, in nats.
        rejected: the same for the rejected answer.
        ref_chosen: summed log-probability of the chosen answer under the frozen reference.
        ref_rejected: the same for the rejected answer.
        beta: how strongly the policy is held to the reference; larger moves less.
        flip_rate: ε, the known share of flipped pairs, from 0 (DPO) to below 0.5.

    Raises:
        KnobError: flip_rate is not from 0 to below 0.5.

    Example:
        >>> import torch
        >>> one = torch.ones(1)
        >>> loss = robust_dpo(-2 * one, -4 * one, -3 * one, -3 * one, beta=0.5)
        >>> round(loss.per_pair.item(), 4)
        0.1883

    Source: Ray Chowdhury, Kini, Natarajan 2024, arXiv 2403.00409.
    """
    if not 0 <= flip_rate < 0.5:
        raise KnobError(
            f"objective 'robust_dpo': flip_rate should be from 0 to below 0.5, found {flip_rate}"
        )
    margin = dpo(chosen, rejected, ref_chosen, ref_rejected, beta=beta).margin
    as_labelled, as_flipped = -F.logsigmoid(margin), -F.logsigmoid(-margin)
    clean = ((1 - flip_rate) * as_labelled - flip_rate * as_flipped) / (1 - 2 * flip_rate)
    return Loss(clean, margin)

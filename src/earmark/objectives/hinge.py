"""Hinge loss on the gap of log-ratios: no more pushing once the margin is 1."""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from earmark.objectives.contract.loss import Loss
from earmark.objectives.dpo import dpo


def hinge(
    chosen: Float[Tensor, " pair"],
    rejected: Float[Tensor, " pair"],
    ref_chosen: Float[Tensor, " pair"],
    ref_rejected: Float[Tensor, " pair"],
    *,
    beta: float = 0.1,
) -> Loss:
    """Widen the gap of log-ratios until it is 1/β nats, then leave the pair alone.

    ℓ = max(0, 1 − m),  m = β·[(log π − log π_ref)(y⁺) − (log π − log π_ref)(y⁻)]

    By hand: log-probabilities −2 and −4, references −3 and −3, β 0.25 give a margin of 0.5 and a
    loss of 0.5.

    Args:
        chosen: summed log-probability of the chosen answer under the policy, in nats.
        rejected: the same for the rejected answer.
        ref_chosen: summed log-probability of the chosen answer under the frozen reference.
        ref_rejected: the same for the rejected answer.
        beta: one over the gap, in nats, at which a pair is left alone.

    Example:
        >>> import torch
        >>> one = torch.ones(1)
        >>> hinge(-2 * one, -4 * one, -3 * one, -3 * one, beta=0.25).per_pair.item()
        0.5

    Source: RSO, Liu et al. 2023, arXiv 2309.06657, the hinge loss on normalized likelihoods,
    after SLiC-HF, Zhao et al. 2023, arXiv 2305.10425.
    Departure: SLiC-HF has no reference in this term and adds a cross-entropy on an SFT target;
    for the latter add the SFT term.
    """
    margin = dpo(chosen, rejected, ref_chosen, ref_rejected, beta=beta).margin
    return Loss(F.relu(1 - margin), margin)

"""Noise contrastive alignment for pairs: each answer's own likelihood ratio counts."""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from earmark.objectives.contract.loss import Loss


def nca_pair(
    chosen: Float[Tensor, " pair"],
    rejected: Float[Tensor, " pair"],
    ref_chosen: Float[Tensor, " pair"],
    ref_rejected: Float[Tensor, " pair"],
    *,
    beta: float = 0.1,
) -> Loss:
    """Raise the chosen answer's own log-ratio to a finite target, and lower the rejected one's.

    ℓ = −log σ(r⁺) − ½·log σ(−r⁺) − ½·log σ(−r⁻),  r = β·(log π − log π_ref)

    The chosen reward's target is log 2, whatever the rejected one does, so that it cannot fall
    with it as under DPO.

    By hand: at policy = reference the loss is 2·log 2 = 1.3863.

    Args:
        chosen: summed log-probability of the chosen answer under the policy, in nats.
        rejected: the same for the rejected answer.
        ref_chosen: summed log-probability of the chosen answer under the frozen reference.
        ref_rejected: the same for the rejected answer.
        beta: α of the paper, scale of the rewards.

    Example:
        >>> import torch
        >>> one = torch.ones(1)
        >>> round(nca_pair(-one, -one, -one, -one).per_pair.item(), 4)
        1.3863

    Source: Chen et al. 2024, arXiv 2402.05369, the pairwise NCA loss.
    """
    good, bad = beta * (chosen - ref_chosen), beta * (rejected - ref_rejected)
    noise = (F.logsigmoid(-good) + F.logsigmoid(-bad)) / 2
    return Loss(-F.logsigmoid(good) - noise, good - bad)

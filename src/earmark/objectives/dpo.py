"""Direct preference optimization."""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from earmark.objectives.contract.loss import Loss


def dpo(
    chosen: Float[Tensor, " pair"],
    rejected: Float[Tensor, " pair"],
    ref_chosen: Float[Tensor, " pair"],
    ref_rejected: Float[Tensor, " pair"],
    *,
    beta: float = 0.1,
) -> Loss:
    """Prefer the chosen answer by a logistic loss on the gap of log-ratios.

    ℓ = −log σ(β·[(log π(y⁺) − log π_ref(y⁺)) − (log π(y⁻) − log π_ref(y⁻))])

    By hand: log-probabilities −2 and −4, references −3 and −3, β 0.5 give a gap of 2, a margin
    of 1 and a loss of log(1 + e⁻¹) = 0.3133.

    Args:
        chosen: summed log-probability of the chosen answer under the policy, in nats.
        rejected: the same for the rejected answer.
        ref_chosen: summed log-probability of the chosen answer under the frozen reference.
        ref_rejected: the same for the rejected answer.
        beta: how strongly the policy is held to the reference; larger moves less.

    Example:
        >>> import torch
        >>> one = torch.ones(1)
        >>> loss = dpo(-2 * one, -4 * one, -3 * one, -3 * one, beta=0.5)
        >>> round(loss.per_pair.item(), 4), loss.margin.item()
        (0.3133, 1.0)

    Source: Rafailov et al. 2023, arXiv 2305.18290, equation 7.
    """
    margin = beta * ((chosen - ref_chosen) - (rejected - ref_rejected))
    return Loss(-F.logsigmoid(margin), margin)

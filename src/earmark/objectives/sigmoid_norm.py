"""Length-normalized DPO."""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from earmark.objectives.contract.loss import Loss


def sigmoid_norm(
    chosen: Float[Tensor, " pair"],
    rejected: Float[Tensor, " pair"],
    ref_chosen: Float[Tensor, " pair"],
    ref_rejected: Float[Tensor, " pair"],
    chosen_tokens: Float[Tensor, " pair"],
    rejected_tokens: Float[Tensor, " pair"],
    *,
    beta: float = 5.0,
) -> Loss:
    """Prefer the chosen answer by the logistic loss of DPO on log-ratios per token.

    ℓ = −log σ(β·[(log π − log π_ref)(y⁺) / |y⁺| − (log π − log π_ref)(y⁻) / |y⁻|])

    By hand: log-ratios 4 over 2 tokens and −3 over 3 tokens differ by 3 a token; β ⅓ gives a
    margin of 1 and a loss of 0.3133.

    Args:
        chosen: summed log-probability of the chosen answer under the policy, in nats.
        rejected: the same for the rejected answer.
        ref_chosen: summed log-probability of the chosen answer under the frozen reference.
        ref_rejected: the same for the rejected answer.
        chosen_tokens: number of tokens in the chosen answer, the end token included.
        rejected_tokens: number of tokens in the rejected answer, the end token included.
        beta: how strongly the policy is held to the reference, per token; the paper uses 5.

    Example:
        >>> import torch
        >>> one = torch.ones(1)
        >>> loss = sigmoid_norm(-one, -8 * one, -5 * one, -5 * one, 2 * one, 3 * one, beta=1 / 3)
        >>> round(loss.per_pair.item(), 4)
        0.3133

    Source: Tülu 3, Lambert et al. 2024, arXiv 2411.15124, its length-normalized DPO.
    """
    good = (chosen - ref_chosen) / chosen_tokens
    bad = (rejected - ref_rejected) / rejected_tokens
    margin = beta * (good - bad)
    return Loss(-F.logsigmoid(margin), margin)

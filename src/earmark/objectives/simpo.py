"""Simple preference optimization: mean log-probabilities, a target margin, no reference."""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from earmark.objectives.contract.loss import Loss


def simpo(
    chosen: Float[Tensor, " pair"],
    rejected: Float[Tensor, " pair"],
    chosen_tokens: Float[Tensor, " pair"],
    rejected_tokens: Float[Tensor, " pair"],
    *,
    beta: float = 2.0,
    gamma: float = 1.0,
) -> Loss:
    """Prefer the chosen answer's log-probability per token, by a target margin.

    ℓ = −log σ(m − γ),  m = β·[log π(y⁺) / |y⁺| − log π(y⁻) / |y⁻|]

    The margin returned is m, before γ is taken off. Where both answers are equally likely per
    token the loss is log(1 + e^γ); with γ = 0 it is log 2.

    By hand: −4 over 4 tokens and −6 over 3 tokens, β 2, γ 1 give m = 2·(−1 + 2) = 2 and a loss
    of log(1 + e⁻¹) = 0.3133.

    Args:
        chosen: summed log-probability of the chosen answer under the policy, in nats.
        rejected: the same for the rejected answer.
        chosen_tokens: number of tokens in the chosen answer, the end token included.
        rejected_tokens: number of tokens in the rejected answer, the end token included.
        beta: scale of the gap per token; the paper uses 2 to 10.
        gamma: target margin, in units of the margin; the paper starts at half of beta.

    Example:
        >>> import torch
        >>> one = torch.ones(1)
        >>> round(simpo(-4 * one, -6 * one, 4 * one, 3 * one).per_pair.item(), 4)
        0.3133

    Source: Meng, Xia, Chen 2024, arXiv 2405.14734, equation 6.
    """
    margin = beta * (chosen / chosen_tokens - rejected / rejected_tokens)
    return Loss(-F.logsigmoid(margin - gamma), margin)

"""Identity preference optimization: a squared loss that pulls the gap to a finite target."""

from jaxtyping import Float
from torch import Tensor

from earmark.objectives.contract.loss import Loss


def ipo(
    chosen: Float[Tensor, " pair"],
    rejected: Float[Tensor, " pair"],
    ref_chosen: Float[Tensor, " pair"],
    ref_rejected: Float[Tensor, " pair"],
    *,
    beta: float = 0.1,
) -> Loss:
    """Pull the gap of summed log-ratios to 1/(2β) nats, from either side.

    ℓ = (h − 1/(2β))²,  h = (log π − log π_ref)(y⁺) − (log π − log π_ref)(y⁻)

    The margin is β·h; its target is ½.

    By hand: log-probabilities −2 and −4, references −3 and −3 give h = 2; β 0.5 has the target
    1, so the loss is 1.

    Args:
        chosen: summed log-probability of the chosen answer under the policy, in nats.
        rejected: the same for the rejected answer.
        ref_chosen: summed log-probability of the chosen answer under the frozen reference.
        ref_rejected: the same for the rejected answer.
        beta: τ of the paper; the gap's target is 1/(2β) nats over the whole answers.

    Example:
        >>> import torch
        >>> one = torch.ones(1)
        >>> ipo(-2 * one, -4 * one, -3 * one, -3 * one, beta=0.5).per_pair.item()
        1.0

    Source: Gheshlaghi Azar et al. 2023, arXiv 2310.12036, equation 17. With the gap per token it
    is `ipo_mean`.
    """
    gap = (chosen - ref_chosen) - (rejected - ref_rejected)
    return Loss((gap - 1 / (2 * beta)) ** 2, beta * gap)


def ipo_mean(
    chosen: Float[Tensor, " pair"],
    rejected: Float[Tensor, " pair"],
    ref_chosen: Float[Tensor, " pair"],
    ref_rejected: Float[Tensor, " pair"],
    chosen_tokens: Float[Tensor, " pair"],
    rejected_tokens: Float[Tensor, " pair"],
    *,
    beta: float = 0.1,
) -> Loss:
    """Pull the gap of log-ratios per token to 1/(2β) nats, whatever the answers' lengths.

    ℓ = (h̄ − 1/(2β))²,  h̄ = (log π − log π_ref)(y⁺) / |y⁺| − (log π − log π_ref)(y⁻) / |y⁻|

    The target is per token: at β 0.1 it is 5 nats a token, far more than a whole answer needs
    with `ipo`.

    By hand: log-ratios 4 over 2 tokens and −3 over 3 tokens give h̄ = 2 + 1 = 3; β 0.5 has the
    target 1, so the loss is 4.

    Args:
        chosen: summed log-probability of the chosen answer under the policy, in nats.
        rejected: the same for the rejected answer.
        ref_chosen: summed log-probability of the chosen answer under the frozen reference.
        ref_rejected: the same for the rejected answer.
        chosen_tokens: number of tokens in the chosen answer, the end token included.
        rejected_tokens: number of tokens in the rejected answer, the end token included.
        beta: τ of the paper; the gap's target is 1/(2β) nats per token.

    Example:
        >>> import torch
        >>> one = torch.ones(1)
        >>> ipo_mean(-1 * one, -8 * one, -5 * one, -5 * one, 2 * one, 3 * one, beta=0.5).per_pair
        tensor([4.])

    Source: Gheshlaghi Azar et al. 2023, arXiv 2310.12036, equation 17.
    Departure: log-ratios are divided by the number of tokens, which the equation does not do.
    TRL's `ipo` does, and so does the paper on conventions (arXiv 2510.24023), which used it.
    """
    gap = (chosen - ref_chosen) / chosen_tokens - (rejected - ref_rejected) / rejected_tokens
    return Loss((gap - 1 / (2 * beta)) ** 2, beta * gap)

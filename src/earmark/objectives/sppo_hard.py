"""Self-play preference optimization with hard labels: each log-ratio has its own target."""

from jaxtyping import Float
from torch import Tensor

from earmark.objectives.contract.loss import Loss


def sppo_hard(
    chosen: Float[Tensor, " pair"],
    rejected: Float[Tensor, " pair"],
    ref_chosen: Float[Tensor, " pair"],
    ref_rejected: Float[Tensor, " pair"],
    *,
    beta: float = 0.1,
) -> Loss:
    """Pull the chosen answer's log-ratio to +1/(2β) and the rejected one's to −1/(2β).

    ℓ = (u⁺ − 1/(2β))² + (u⁻ + 1/(2β))²,  u = log π − log π_ref

    By hand: log-ratios 2 and −1 with β 0.5, targets 1 and −1, give 1 + 0 = 1.

    Args:
        chosen: summed log-probability of the chosen answer under the policy, in nats.
        rejected: the same for the rejected answer.
        ref_chosen: summed log-probability of the chosen answer under the frozen reference.
        ref_rejected: the same for the rejected answer.
        beta: one over η of the paper; the targets are ±1/(2β) nats.

    Example:
        >>> import torch
        >>> one, zero = torch.ones(1), torch.zeros(1)
        >>> sppo_hard(2 * one, -1 * one, zero, zero, beta=0.5).per_pair.item()
        1.0

    Source: Wu et al. 2024, arXiv 2405.00675, equation 4.7.
    Departure: the paper estimates the probability that an answer wins; here it is 1 for the
    chosen and 0 for the rejected. β is 0.1, not the paper's 0.001, whose targets of ±500 nats
    are more than a transcript has.
    """
    good, bad = chosen - ref_chosen, rejected - ref_rejected
    target = 1 / (2 * beta)
    return Loss((good - target) ** 2 + (bad + target) ** 2, beta * (good - bad))

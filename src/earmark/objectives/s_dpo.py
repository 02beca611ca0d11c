"""Softmax DPO: one chosen answer against several rejected ones at once."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from earmark.objectives.contract.loss import Loss


def s_dpo(
    chosen: Float[Tensor, " pair"],
    losers: Float[Tensor, "pair loser"],
    ref_chosen: Float[Tensor, " pair"],
    ref_losers: Float[Tensor, "pair loser"],
    losers_mask: Bool[Tensor, "pair loser"],
    *,
    beta: float = 0.1,
) -> Loss:
    """Prefer the chosen answer to all rejected ones by a softmax over implicit rewards.

    m_d = β·[(log π(y⁺) − log π_ref(y⁺)) − (log π(y_d) − log π_ref(y_d))]
    ℓ = log(1 + Σ_d e^(−m_d))

    Each rejected answer is pushed down by its share of the softmax: the hardest most. With one
    rejected answer this is DPO. The margin that is logged is the smallest m_d, above 0 where
    the chosen answer comes first; padding counts nowhere.

    By hand: margins m of 1 and 0 give log(1 + e⁻¹ + 1) = 0.8620; at policy = reference, n
    rejected answers give log(1 + n).

    Args:
        chosen: summed log-probability of the chosen answer under the policy, in nats.
        losers: the same for each rejected answer.
        ref_chosen: summed log-probability of the chosen answer under the frozen reference.
        ref_losers: the same for each rejected answer.
        losers_mask: which rejected answers there are; the others are padding.
        beta: how strongly the policy is held to the reference; larger moves less.

    Example:
        >>> one, two = torch.ones(1), torch.tensor([[-1.0, 0.0]])
        >>> mask = torch.ones(1, 2, dtype=torch.bool)
        >>> round(s_dpo(0 * one, two, 0 * one, 0 * two, mask, beta=1.0).per_pair.item(), 4)
        0.862

    Source: S-DPO, Chen et al. 2024, arXiv 2406.09215.

    Departure: logsumexp; the public code sums raw exponentials, infinite above 88 nats.
    Departure: β is 0.1 as for our DPO; the paper's recommender has 1.
    """
    mask = losers_mask.bool()
    ratios = losers.masked_fill(~mask, 0.0) - ref_losers.masked_fill(~mask, 0.0)
    margins = beta * ((chosen - ref_chosen)[:, None] - ratios)
    against = (-margins).masked_fill(~mask, -torch.inf)
    per_pair = torch.cat([torch.zeros_like(chosen)[:, None], against], dim=1).logsumexp(1)
    smallest = margins.masked_fill(~mask, torch.inf).amin(1)
    return Loss(per_pair, smallest.masked_fill(~mask.any(1), 0.0))

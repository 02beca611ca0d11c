"""SimPO with each pair weighted by the gap of its scores."""

from jaxtyping import Float
from torch import Tensor

from earmark.objectives.contract.loss import Loss
from earmark.objectives.simpo import simpo


def spa(
    chosen: Float[Tensor, " pair"],
    rejected: Float[Tensor, " pair"],
    chosen_tokens: Float[Tensor, " pair"],
    rejected_tokens: Float[Tensor, " pair"],
    chosen_score: Float[Tensor, " pair"],
    rejected_score: Float[Tensor, " pair"],
    mean_score_gap: Float[Tensor, ""],
    *,
    beta: float = 2.5,
    gamma: float = 1.25,
    alpha: float = 1.0,
) -> Loss:
    """Widen the gap of mean log-probabilities most where the scores lie far apart.

    ℓ = w·(−log σ(β·[log π(y⁺)/|y⁺| − log π(y⁻)/|y⁻|] − γ)),  w = (Δ/Δ̄)^α
    Δ = max(0, score⁺ − score⁻),  Δ̄ its mean over the training set

    A pair that its judge was unsure of has a small Δ and counts little; a reversed one counts
    nothing. For two criteria in order, make the scores with `lexicographic_score`. The margin
    is that of SimPO before γ is taken off.

    By hand: mean log-probabilities −1 and −2 with β 2.5 and γ 1.25 give −log σ(2.5 − 1.25) =
    0.2519; a gap of 3 where the mean is 2 makes it 1.5 · 0.2519 = 0.3779.

    Args:
        chosen: summed log-probability of the chosen answer under the policy, in nats.
        rejected: the same for the rejected answer.
        chosen_tokens: number of tokens in the chosen answer, the end token included.
        rejected_tokens: number of tokens in the rejected answer.
        chosen_score: score of the chosen answer by the criterion named.
        rejected_score: score of the rejected answer by the same criterion.
        mean_score_gap: mean gap of scores over the training set, reversed ones as 0; above 0.
        beta: scale of the mean log-probabilities.
        gamma: target margin that each pair should exceed.
        alpha: how much the gap of scores counts; 0 is SimPO.

    Example:
        >>> import torch
        >>> one = torch.ones(1)
        >>> four, gap = 4 * one, torch.tensor(2.0)
        >>> loss = spa(-1 * four, -2 * four, four, four, 3 * one, 0 * one, gap)
        >>> round(loss.per_pair.item(), 4)
        0.3779

    Source: SPA, Huang et al. 2025, arXiv 2511.06222.

    Departure: gaps below 0 count as 0, in Δ̄ as well; the paper makes no such pairs.

    Inferred: α = 1, β = 2.5, γ = 0.5·β and Δ̄ as a mean over the training set.
    """
    knobs = {"beta": beta, "gamma": gamma}
    loss = simpo(chosen, rejected, chosen_tokens, rejected_tokens, **knobs)
    gap = (chosen_score - rejected_score).clamp(min=0)
    weights = ((gap / mean_score_gap.to(gap)) ** alpha).detach().to(chosen)
    return Loss(weights * loss.per_pair, loss.margin, logged={"score_weight": weights})

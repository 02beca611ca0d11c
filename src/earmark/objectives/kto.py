"""Kahneman-Tversky optimization: single answers, wanted or not, measured from a baseline."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from earmark.objectives.contract.loss import Loss


def kto(
    answers: Float[Tensor, " answer"],
    ref_answers: Float[Tensor, " answer"],
    wanted: Bool[Tensor, " answer"],
    mismatched: Float[Tensor, " answer"],
    ref_mismatched: Float[Tensor, " answer"],
    *,
    beta: float = 0.1,
    desirable_weight: float = 1.0,
    undesirable_weight: float = 1.0,
) -> Loss:
    """Lift wanted answers above the baseline and push unwanted ones below it; no pairs needed.

    ℓ = λ_D·σ(−m),  m = β·(u − z)  for a wanted answer
    ℓ = λ_U·σ(−m),  m = β·(z − u)  for an unwanted one
    u = log π(y|x) − log π_ref(y|x),  z = max(0, mean of log π(y'|x) − log π_ref(y'|x))

    z estimates how far the policy has moved, from answers y' of other prompts. It is a constant:
    no gradient flows through it. `per_pair` and `margin` are per answer.

    By hand: log-ratios 3 (wanted) and −1 (unwanted), mismatched log-ratios 2 and 0, so z = 1;
    with β 0.5 both margins are 1 and both losses σ(−1) = 0.2689.

    Args:
        answers: summed log-probability of each answer under the policy, in nats.
        ref_answers: the same under the frozen reference.
        wanted: whether an answer is wanted.
        mismatched: summed log-probability of another prompt's answer after this prompt.
        ref_mismatched: the same under the frozen reference.
        beta: how strongly the policy is held to the reference; larger moves less.
        desirable_weight: λ_D, weight of wanted answers.
        undesirable_weight: λ_U, weight of unwanted answers; set one of them to balance counts.

    Example:
        >>> both = torch.tensor([True, False])
        >>> u, other, zero = torch.tensor([3.0, -1.0]), torch.tensor([2.0, 0.0]), torch.zeros(2)
        >>> kto(u, zero, both, other, zero, beta=0.5).per_pair
        tensor([0.2689, 0.2689])

    Departure: y' is the first answer of the pair before, the wanted one where it has one; TRL
    takes the next completion of its batch, wanted or not.

    Source: Ethayarajh et al. 2024, arXiv 2402.01306, equation 7.
    """
    baseline = (mismatched - ref_mismatched).detach().mean().clamp(min=0)
    above = beta * (answers - ref_answers - baseline)
    margin = torch.where(wanted, above, -above)
    # The paper's λ − v is λ − λ·σ(m), which is λ·σ(−m) without the rounding of 1 − σ.
    weight = torch.where(wanted, desirable_weight, undesirable_weight).to(margin.dtype)
    return Loss(weight * torch.sigmoid(-margin), margin, logged={"kl": baseline})

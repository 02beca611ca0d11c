"""DPO with each pair's loss scaled by a confidence: from the margin, relative, or from scores."""

from jaxtyping import Float
from torch import Tensor

from earmark.objectives.contract.loss import Loss
from earmark.objectives.dpo import dpo
from earmark.objectives.wrappers.confidence import (
    confidence_of_gap,
    scale_by_confidence,
    with_confidence,
)

NEVER_ZERO = 1e-8
_dpo_with_confidence = with_confidence(dpo)


def capo(
    chosen: Float[Tensor, " pair"],
    rejected: Float[Tensor, " pair"],
    ref_chosen: Float[Tensor, " pair"],
    ref_rejected: Float[Tensor, " pair"],
    *,
    beta: float = 0.1,
    tau: float = 1.0,
    floor: float = 0.1,
) -> Loss:
    """Scale DPO's loss of each pair by the confidence of its own margin.

    m = β·[(log π(y⁺) − log π_ref(y⁺)) − (log π(y⁻) − log π_ref(y⁻))]
    ℓ = c / mean(c) · (−log σ(m)),  c = max(c_min, σ(m/τ)), detached

    By hand: margins 2 and −2 have confidences 0.8808 and 0.1192, weights 1.7616 and 0.2384 and
    losses 1.7616 · 0.1269 = 0.2236 and 0.2384 · 2.1269 = 0.5071.

    Args:
        chosen: summed log-probability of the chosen answer under the policy, in nats.
        rejected: the same for the rejected answer.
        ref_chosen: summed log-probability of the chosen answer under the frozen reference.
        ref_rejected: the same for the rejected answer.
        beta: how strongly the policy is held to the reference; larger moves less.
        tau: margin at which the confidence is 0.73; larger makes pairs more alike.
        floor: least confidence before it is divided by the mean, above 0 and at most 1.

    Example:
        >>> import torch
        >>> zero, logps = torch.zeros(2), torch.tensor([2.0, -2.0])
        >>> loss = capo(logps, zero, zero, zero, beta=1.0)
        >>> [round(x, 4) for x in loss.per_pair.tolist()]
        [0.2236, 0.5071]

    Source: CAPO, "confidence-aware preference optimization" 2025, arXiv 2511.07691.

    Inferred: the whole formula. The abstract says that a dynamic loss scaling based on a
    relative reward lets confident pairs push more; no equation or setting could be had.
    """
    given = {"confidence_tau": tau, "confidence_floor": floor, "beta": beta}
    return _dpo_with_confidence(chosen, rejected, ref_chosen, ref_rejected, **given)


def capo_relative(
    chosen: Float[Tensor, " pair"],
    rejected: Float[Tensor, " pair"],
    ref_chosen: Float[Tensor, " pair"],
    ref_rejected: Float[Tensor, " pair"],
    *,
    beta: float = 0.1,
    floor: float = 0.1,
) -> Loss:
    """Scale DPO's loss of each pair by its gap relative to the size of its two rewards.

    r = β·(log π(y) − log π_ref(y)) of each answer,  ρ = (r⁺ − r⁻) / (|r⁺| + |r⁻|)
    ℓ = c / mean(c) · (−log σ(r⁺ − r⁻)),  c = max(c_min, (1 + ρ)/2), detached

    By hand: rewards 3 and 1 give ρ = 0.5 and c = 0.75; rewards 1 and 3 give c = 0.25. Their
    weights are 1.5 and 0.5, their losses 1.5 · 0.1269 = 0.1904 and 0.5 · 2.1269 = 1.0635.

    Args:
        chosen: summed log-probability of the chosen answer under the policy, in nats.
        rejected: the same for the rejected answer.
        ref_chosen: summed log-probability of the chosen answer under the frozen reference.
        ref_rejected: the same for the rejected answer.
        beta: how strongly the policy is held to the reference; larger moves less.
        floor: least confidence before it is divided by the mean, above 0 and at most 1.

    Example:
        >>> import torch
        >>> zero, logps = torch.zeros(2), torch.tensor([3.0, 1.0])
        >>> loss = capo_relative(logps, logps.flip(0), zero, zero, beta=1.0)
        >>> [round(x, 4) for x in loss.per_pair.tolist()]
        [0.1904, 1.0635]

    Source: CAPO, "confidence-aware preference optimization" 2025, arXiv 2511.07691.

    Inferred: the whole formula; see `capo`. A pair whose rewards are both 0 has c = ½.
    """
    wanted, unwanted = beta * (chosen - ref_chosen), beta * (rejected - ref_rejected)
    size = wanted.abs() + unwanted.abs() + NEVER_ZERO
    relative = (wanted - unwanted) / size
    loss = dpo(chosen, rejected, ref_chosen, ref_rejected, beta=beta)
    return scale_by_confidence(loss, (1 + relative) / 2, floor)


def capo_external(
    chosen: Float[Tensor, " pair"],
    rejected: Float[Tensor, " pair"],
    ref_chosen: Float[Tensor, " pair"],
    ref_rejected: Float[Tensor, " pair"],
    chosen_score: Float[Tensor, " pair"],
    rejected_score: Float[Tensor, " pair"],
    *,
    beta: float = 0.1,
    tau: float = 1.0,
    floor: float = 0.1,
) -> Loss:
    """Scale DPO's loss of each pair by the gap of its own scores, which training cannot move.

    ℓ = c / mean(c) · (−log σ(m)),  m as in DPO,  c = max(c_min, σ((score⁺ − score⁻)/τ))

    By hand: score gaps 2 and 0 have confidences 0.8808 and 0.5, weights 1.2758 and 0.7242; at
    policy = reference the losses are those times log 2, 0.8843 and 0.5020.

    Args:
        chosen: summed log-probability of the chosen answer under the policy, in nats.
        rejected: the same for the rejected answer.
        ref_chosen: summed log-probability of the chosen answer under the frozen reference.
        ref_rejected: the same for the rejected answer.
        chosen_score: score of the chosen answer by the criterion named.
        rejected_score: score of the rejected answer by the same criterion.
        beta: how strongly the policy is held to the reference; larger moves less.
        tau: gap of scores at which the confidence is 0.73; larger makes pairs more alike.
        floor: least confidence before it is divided by the mean, above 0 and at most 1.

    Example:
        >>> import torch
        >>> zero = torch.zeros(2)
        >>> loss = capo_external(zero, zero, zero, zero, torch.tensor([2.0, 0.0]), zero)
        >>> [round(x, 4) for x in loss.per_pair.tolist()]
        [0.8843, 0.502]

    Source: CAPO, "confidence-aware preference optimization" 2025, arXiv 2511.07691.

    Inferred: the whole formula; see `capo`.
    """
    loss = dpo(chosen, rejected, ref_chosen, ref_rejected, beta=beta)
    return scale_by_confidence(loss, confidence_of_gap(chosen_score - rejected_score, tau), floor)

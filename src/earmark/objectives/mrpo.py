"""Several frozen references at once: their harmonic mixture, or a sum of DPO losses."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from earmark.errors import KnobError
from earmark.objectives.contract.loss import Loss

Refs = Float[Tensor, "ref pair"]


def mrpo(
    chosen: Float[Tensor, " pair"],
    rejected: Float[Tensor, " pair"],
    refs_chosen: Float[Tensor, "ref pair"],
    refs_rejected: Float[Tensor, "ref pair"],
    ref_weights: Float[Tensor, "ref pair"],
    *,
    beta: float = 0.1,
    clip: float = 0.1,
) -> Loss:
    """Do DPO against the harmonic mixture of several references, each held near the first.

    ℓ = −log σ(β·[(log π(y⁺) − log π̃(y⁺)) − (log π(y⁻) − log π̃(y⁻))])
    log π̃ = −logsumexp_k(log α_k − log π_k), that is π̃ = (Σ_k α_k / π_k)⁻¹
    log π_k(y) is first clamped to [(1 + ε_y)·log π_1(y), (1 − ε_y)·log π_1(y)], where
    ε⁺ = ε·|b⁺| / (|b⁺| + |b⁻|), ε⁻ = ε − ε⁺ and b is the mean of log π_k over the references.

    By hand: references log ½ and log ¼ with weights ½ each give 1/π̃ = ½·2 + ½·4 = 3 and
    log π̃ = −log 3 = −1.0986 before clamping.

    Args:
        chosen: summed log-probability of the chosen answer under the policy, in nats.
        rejected: the same for the rejected answer.
        refs_chosen: the chosen answer under each frozen reference; the first is the anchor.
        refs_rejected: the same for the rejected answer.
        ref_weights: α, the weight of each reference; sums to 1 over the references.
        beta: how strongly the policy is held to the mixture; larger moves less.
        clip: ε, how far a reference may be from the first, as a fraction; 0 is the first alone.

    Example:
        >>> import torch
        >>> refs = torch.tensor([[0.5], [0.25]], dtype=torch.float64).log()
        >>> half, zero = torch.full_like(refs, 0.5), refs.new_zeros(1)
        >>> loss = mrpo(zero, zero, refs, refs[:1].expand(2, 1), half, beta=1.0, clip=9.0)
        >>> round(loss.margin.item(), 4)  # −log ½ − (−log 3) = log 3/2
        0.4055

    Raises:
        KnobError: `clip` is negative.

    Source: MRPO, Le et al. 2024, arXiv 2405.16388, and the authors' public code.
    Departure: the authors' code computes (α/π_2 + (1 − α)/π_1)⁻¹ where α is the weight of π_1,
        so each reference gets the other's weight; here each has its own.
    Departure: any number of references; the authors' code has two.
    Departure: a negative ε means a fixed fraction to the authors' code; here it is refused.
    """
    if clip < 0:
        raise KnobError(f"knob 'clip' should be at least 0, found {clip}")
    near_chosen, near_rejected = hold_near_first(refs_chosen, refs_rejected, clip)
    ref_chosen = harmonic_mixture(near_chosen, ref_weights)
    ref_rejected = harmonic_mixture(near_rejected, ref_weights)
    margin = beta * ((chosen - ref_chosen) - (rejected - ref_rejected))
    return Loss(-F.logsigmoid(margin), margin, logged=by_reference(ref_weights))


def mdpo(
    chosen: Float[Tensor, " pair"],
    rejected: Float[Tensor, " pair"],
    refs_chosen: Float[Tensor, "ref pair"],
    refs_rejected: Float[Tensor, "ref pair"],
    ref_weights: Float[Tensor, "ref pair"],
    *,
    beta: float = 0.1,
) -> Loss:
    """Sum the DPO losses against each of several references, weighted.

    ℓ = Σ_k α_k·(−log σ(m_k)), m_k = β·[(log π(y⁺) − log π_k(y⁺)) − (log π(y⁻) − log π_k(y⁻))]

    The margin is Σ_k α_k·m_k.

    By hand: margins 0 and 1 with weights ½ each give (0.6931 + 0.3133) / 2 = 0.5032.

    Args:
        chosen: summed log-probability of the chosen answer under the policy, in nats.
        rejected: the same for the rejected answer.
        refs_chosen: the chosen answer under each frozen reference.
        refs_rejected: the same for the rejected answer.
        ref_weights: α, the weight of each reference; sums to 1 over the references.
        beta: how strongly the policy is held to the references; larger moves less.

    Example:
        >>> import torch
        >>> zero, refs = torch.zeros(1), torch.tensor([[0.0], [-1.0]])
        >>> half = torch.full_like(refs, 0.5)
        >>> loss = mdpo(zero, zero, refs, torch.zeros(2, 1), half, beta=1.0)
        >>> round(loss.per_pair.item(), 4)
        0.5032

    Source: the simple baseline of MRPO, Le et al. 2024, arXiv 2405.16388.
    Departure: the authors' code clamps the second reference around the first here, too; a plain
        sum does not.
    """
    margins = beta * ((chosen - refs_chosen) - (rejected - refs_rejected))
    per_pair = (ref_weights * -F.logsigmoid(margins)).sum(0)
    return Loss(per_pair, (ref_weights * margins).sum(0), logged=by_reference(ref_weights))


def harmonic_mixture(logps: Refs, weights: Refs) -> Float[Tensor, " pair"]:
    """Return log (Σ_k α_k / π_k)⁻¹; a reference of weight 0 counts for nothing.

    >>> import torch
    >>> logps = torch.tensor([[-2.0], [-1e5]])
    >>> harmonic_mixture(logps, torch.tensor([[1.0], [0.0]])).item()
    -2.0
    """
    used = weights > 0
    # log 0 has no gradient, so it is put in by hand.
    log_weights = weights.where(used, 1).log().masked_fill(~used, -torch.inf)
    return -torch.logsumexp(log_weights - logps, 0)


def hold_near_first(refs_chosen: Refs, refs_rejected: Refs, clip: float) -> tuple[Refs, Refs]:
    """Clamp each reference around the first, more widely on the less likely of the two answers."""
    about_chosen, about_rejected = refs_chosen.mean(0).abs(), refs_rejected.mean(0).abs()
    both = (about_chosen + about_rejected).clamp(min=torch.finfo(refs_chosen.dtype).tiny)
    share = about_chosen / both
    return (
        clamp_around(refs_chosen, refs_chosen[0], clip * share),
        clamp_around(refs_rejected, refs_rejected[0], clip * (1 - share)),
    )


def clamp_around(
    logps: Refs, anchor: Float[Tensor, " pair"], fraction: Float[Tensor, " pair"]
) -> Refs:
    """Clamp log-probabilities to an anchor ± a fraction of its size."""
    width = fraction * anchor.abs()
    return logps.clamp(anchor - width, anchor + width)


def by_reference(weights: Refs) -> dict[str, Tensor]:
    """Name the weights of the references for the log: weight/0, weight/1, ..."""
    return {f"weight/{place}": row.detach() for place, row in enumerate(weights)}

"""Alignment by optimal transport: prefer in distribution, quantile by quantile of the batch."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from earmark.errors import KnobError
from earmark.objectives.contract.loss import Loss


def aot(
    chosen: Float[Tensor, " pair"],
    rejected: Float[Tensor, " pair"],
    ref_chosen: Float[Tensor, " pair"],
    ref_rejected: Float[Tensor, " pair"],
    *,
    beta: float = 0.1,
    label_smoothing: float = 0.0,
) -> Loss:
    """Make the policy's gaps between answers larger than the reference's at every quantile.

    ℓ₍ᵢ₎ = −(1−ε)·log σ(β·(g₍ᵢ₎ − g_ref₍ᵢ₎)) − ε·log σ(−β·(g₍ᵢ₎ − g_ref₍ᵢ₎)),
    g = log π(y⁺) − log π(y⁻), g₍ᵢ₎ the i-th smallest of the batch

    The loss of rank i is given to the pair whose policy gap has that rank. Batches should be
    large; with one pair this is `cdpo`.

    By hand: policy gaps 3 and 1, reference gaps 0 and 2, β 1: sorted 1, 3 and 0, 2 differ by 1
    and 1, so both losses are 0.3133 (DPO's would be 0.0486 and 1.3133).

    Args:
        chosen: summed log-probability of the chosen answer under the policy, in nats.
        rejected: the same for the rejected answer.
        ref_chosen: summed log-probability of the chosen answer under the frozen reference.
        ref_rejected: the same for the rejected answer.
        beta: how strongly the policy is held to the reference; larger moves less.
        label_smoothing: ε, the assumed share of flipped pairs, from 0 to 0.5.

    Raises:
        KnobError: label_smoothing is not from 0 to 0.5.

    Example:
        >>> zero = torch.zeros(2)
        >>> gaps, ref_gaps = torch.tensor([3.0, 1.0]), torch.tensor([0.0, 2.0])
        >>> aot(gaps, zero, ref_gaps, zero, beta=1.0).per_pair
        tensor([0.3133, 0.3133])

    Source: Melnyk et al. 2024, arXiv 2406.05882, the paired case with the logistic loss.
    """
    return by_rank(chosen - rejected, ref_chosen - ref_rejected, beta, label_smoothing)


def aot_unpaired(
    chosen: Float[Tensor, " pair"],
    rejected: Float[Tensor, " pair"],
    ref_chosen: Float[Tensor, " pair"],
    ref_rejected: Float[Tensor, " pair"],
    *,
    beta: float = 0.1,
    label_smoothing: float = 0.0,
) -> Loss:
    """Make chosen log-ratios larger than rejected ones at every quantile, in any pairing.

    ℓ₍ᵢ₎ = −(1−ε)·log σ(β·(u⁺₍ᵢ₎ − u⁻₍ᵢ₎)) − ε·log σ(−β·(u⁺₍ᵢ₎ − u⁻₍ᵢ₎)),
    u = log π − log π_ref, u₍ᵢ₎ the i-th smallest of the batch

    The loss of rank i is given to the pair whose chosen log-ratio has that rank.

    By hand: chosen log-ratios 3 and 1, rejected ones 0 and 2, β 1: sorted 1, 3 and 0, 2 differ by
    1 and 1, so both losses are 0.3133.

    Args:
        chosen: summed log-probability of the chosen answer under the policy, in nats.
        rejected: the same for the rejected answer.
        ref_chosen: summed log-probability of the chosen answer under the frozen reference.
        ref_rejected: the same for the rejected answer.
        beta: how strongly the policy is held to the reference; larger moves less.
        label_smoothing: ε, the assumed share of flipped pairs, from 0 to 0.5.

    Raises:
        KnobError: label_smoothing is not from 0 to 0.5.

    Example:
        >>> zero = torch.zeros(2)
        >>> good, bad = torch.tensor([3.0, 1.0]), torch.tensor([0.0, 2.0])
        >>> aot_unpaired(good, bad, zero, zero, beta=1.0).per_pair
        tensor([0.3133, 0.3133])

    Source: Melnyk et al. 2024, arXiv 2406.05882, the unpaired case with the logistic loss.
    Departure: both sides have equal counts here, since they come in pairs.
    """
    return by_rank(chosen - ref_chosen, rejected - ref_rejected, beta, label_smoothing)


def by_rank(
    above: Float[Tensor, " pair"], below: Float[Tensor, " pair"], beta: float, smoothing: float
) -> Loss:
    """Compare equal ranks of two samples by the smoothed logistic loss."""
    if not 0 <= smoothing <= 0.5:
        raise KnobError(f"label_smoothing should be from 0 to 0.5, found {smoothing}")
    rank = above.argsort(stable=True).argsort()
    margin = beta * (above - below.sort().values[rank])
    per_pair = -(1 - smoothing) * F.logsigmoid(margin) - smoothing * F.logsigmoid(-margin)
    return Loss(per_pair, margin, logged={"strangers": strangers(rank, below)})


def strangers(rank: Tensor, below: Float[Tensor, " pair"]) -> Float[Tensor, ""]:
    """Return the share of pairs that are compared with another pair's value.

    >>> strangers(torch.tensor([1, 0, 2]), torch.tensor([0.1, 0.2, 0.3]))
    tensor(0.6667)
    """
    partner = below.detach().argsort(stable=True)[rank]
    return (partner != torch.arange(len(rank), device=rank.device)).float().mean()

"""Conservative DPO: some labels may be flipped, so do not become certain."""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from earmark.errors import KnobError
from earmark.objectives.contract.loss import Loss
from earmark.objectives.dpo import dpo


def cdpo(
    chosen: Float[Tensor, " pair"],
    rejected: Float[Tensor, " pair"],
    ref_chosen: Float[Tensor, " pair"],
    ref_rejected: Float[Tensor, " pair"],
    *,
    beta: float = 0.1,
    label_smoothing: float = 0.1,
) -> Loss:
    """Prefer the chosen answer, and the rejected one a little: DPO with smoothed labels.

    ℓ = −(1−ε)·log σ(m) − ε·log σ(−m),  m = β·[(log π − log π_ref)(y⁺) − (log π − log π_ref)(y⁻)]

    The loss is least at m = log((1−ε)/ε), which is 2.197 at ε 0.1; DPO has no such end.

    By hand: a margin of 1 with ε 0.1 gives 0.9·0.3133 + 0.1·1.3133 = 0.4133.

    Args:
        chosen: summed log-probability of the chosen answer under the policy, in nats.
        rejected: the same for the rejected answer.
        ref_chosen: summed log-probability of the chosen answer under the frozen reference.
        ref_rejected: the same for the rejected answer.
        beta: how strongly the policy is held to the reference; larger moves less.
        label_smoothing: ε, the assumed share of flipped pairs, from 0 (DPO) to 0.5.

    Raises:
        KnobError: label_smoothing is not from 0 to 0.5.

    Example:
        >>> import torch
        >>> one = torch.ones(1)
        >>> loss = cdpo(-2 * one, -4 * one, -3 * one, -3 * one, beta=0.5)
        >>> round(loss.per_pair.item(), 4)
        0.4133

    Source: Mitchell 2023, "A note on DPO with noisy preferences and relationship to IPO", a note
    to Rafailov et al. 2023, arXiv 2305.18290.
    """
    if not 0 <= label_smoothing <= 0.5:
        raise KnobError(
            f"objective 'cdpo': label_smoothing should be from 0 to 0.5, found {label_smoothing}"
        )
    margin = dpo(chosen, rejected, ref_chosen, ref_rejected, beta=beta).margin
    as_labelled, as_flipped = -F.logsigmoid(margin), -F.logsigmoid(-margin)
    return Loss((1 - label_smoothing) * as_labelled + label_smoothing * as_flipped, margin)

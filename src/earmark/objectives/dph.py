"""Direct preference heads: losses of the reward that a head on the policy gives an answer."""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from earmark.errors import KnobError
from earmark.objectives.contract.loss import Loss


def sep_dph(
    chosen_reward: Float[Tensor, " pair"],
    rejected_reward: Float[Tensor, " pair"],
    *,
    label_smoothing: float = 0.1,
) -> Loss:
    """Call chosen answers good and rejected ones bad, each on its own (separable DPH).

    ℓ = BCE(r⁺, 1 − ε) + BCE(r⁻, ε), BCE(r, t) = −t·log σ(r) − (1 − t)·log σ(−r)

    Least where r⁺ = −r⁻ = log((1 − ε)/ε), which is 2.197 at ε = 0.1.

    By hand: rewards 0 and 0 give log 2 twice, 1.3863, whatever ε.

    Args:
        chosen_reward: the head's reward of the chosen answer.
        rejected_reward: the head's reward of the rejected answer.
        label_smoothing: ε, the assumed share of flipped pairs, from 0 to 0.5.

    Example:
        >>> import torch
        >>> round(sep_dph(torch.zeros(1), torch.zeros(1)).per_pair.item(), 4)
        1.3863

    Raises:
        KnobError: label_smoothing is not from 0 to 0.5.

    Source: Direct Preference Heads, Hadji-Kyriacou, Arandjelović 2024, arXiv 2405.20053.
    """
    wanted = smoothed_loss(chosen_reward, label_smoothing)
    unwanted = smoothed_loss(-rejected_reward, label_smoothing)
    return Loss(wanted + unwanted, chosen_reward - rejected_reward)


def con_dph(
    chosen_reward: Float[Tensor, " pair"],
    rejected_reward: Float[Tensor, " pair"],
    *,
    label_smoothing: float = 0.1,
) -> Loss:
    """Give chosen answers more reward than rejected ones (contrastive DPH).

    ℓ = −(1 − ε)·log σ(r⁺ − r⁻) − ε·log σ(r⁻ − r⁺)

    Conservative DPO with its margin replaced. Least where r⁺ − r⁻ = log((1 − ε)/ε).

    By hand: rewards 2 and 1, ε 0.1 give 0.9·0.3133 + 0.1·1.3133 = 0.4133.

    Args:
        chosen_reward: the head's reward of the chosen answer.
        rejected_reward: the head's reward of the rejected answer.
        label_smoothing: ε, the assumed share of flipped pairs, from 0 to 0.5.

    Example:
        >>> import torch
        >>> round(con_dph(torch.tensor([2.0]), torch.tensor([1.0])).per_pair.item(), 4)
        0.4133

    Raises:
        KnobError: label_smoothing is not from 0 to 0.5.

    Source: Direct Preference Heads, Hadji-Kyriacou, Arandjelović 2024, arXiv 2405.20053.
    """
    margin = chosen_reward - rejected_reward
    return Loss(smoothed_loss(margin, label_smoothing), margin)


def smoothed_loss(score: Float[Tensor, " pair"], label_smoothing: float) -> Float[Tensor, " pair"]:
    """Return −(1 − ε)·log σ(s) − ε·log σ(−s)."""
    if not 0 <= label_smoothing <= 0.5:
        raise KnobError(f"label_smoothing should be from 0 to 0.5, found {label_smoothing}")
    right, wrong = F.logsigmoid(score), F.logsigmoid(-score)
    return -(1 - label_smoothing) * right - label_smoothing * wrong

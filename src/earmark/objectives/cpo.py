"""Contrastive preference optimization: DPO without a reference, with an SFT term."""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from earmark.objectives.contract.loss import Loss
from earmark.objectives.sft import sft


def cpo(
    chosen: Float[Tensor, " pair"],
    rejected: Float[Tensor, " pair"],
    chosen_tokens: Float[Tensor, " pair"],
    *,
    beta: float = 0.1,
    alpha: float = 1.0,
) -> Loss:
    """Prefer the chosen answer, and raise its likelihood; no frozen reference is needed.

    ℓ = −log σ(β·[log π(y⁺) − log π(y⁻)]) − α·log π(y⁺) / |y⁺|

    By hand: −2 over 4 tokens against −4, β 0.5 give a margin of 1, so 0.3133 + 2/4 = 0.8133.

    Args:
        chosen: summed log-probability of the chosen answer under the policy, in nats.
        rejected: the same for the rejected answer.
        chosen_tokens: number of tokens in the chosen answer, the end token included.
        beta: scale of the gap of summed log-probabilities.
        alpha: weight of the SFT term; 0 leaves the preference term alone.

    Example:
        >>> import torch
        >>> one = torch.ones(1)
        >>> round(cpo(-2 * one, -4 * one, 4 * one, beta=0.5).per_pair.item(), 4)
        0.8133

    Source: Xu et al. 2024, arXiv 2401.08417, the preference loss and its NLL term.
    Departure: the paper's SFT term sums over tokens; its code and TRL take the mean over all
    chosen tokens of the batch; here it is the mean over the tokens of each answer, so that a
    pair's loss does not depend on its neighbours. With equal lengths the last two agree.
    """
    margin = beta * (chosen - rejected)
    nll = sft(chosen, chosen_tokens).per_pair
    return Loss(-F.logsigmoid(margin) + alpha * nll, margin, logged={"nll": nll.detach()})

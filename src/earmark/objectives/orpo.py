"""Odds-ratio preference optimization: SFT with a penalty on the odds of the rejected answer."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from earmark.objectives.contract.loss import Loss
from earmark.objectives.sft import sft

# The odds of a probability of 1 are infinite; 1e-6 nats below, they are a million.
SUREST = -1e-6


def orpo(
    chosen: Float[Tensor, " pair"],
    rejected: Float[Tensor, " pair"],
    chosen_tokens: Float[Tensor, " pair"],
    rejected_tokens: Float[Tensor, " pair"],
    *,
    beta: float = 0.1,
) -> Loss:
    """Raise the chosen answer's likelihood, and its odds over those of the rejected one.

    ℓ = −log p⁺ − β·log σ(m),  m = log [p⁺ / (1 − p⁺)] − log [p⁻ / (1 − p⁻)],
    log p = log π(y) / |y|

    By hand: p⁺ = 0.5 has odds 1, p⁻ = 0.25 odds 1/3; m = log 3, σ(m) = 0.75, so with β 1 the
    loss is log 2 − log 0.75 = 0.9808.

    Args:
        chosen: summed log-probability of the chosen answer under the policy, in nats.
        rejected: the same for the rejected answer.
        chosen_tokens: number of tokens in the chosen answer, the end token included.
        rejected_tokens: number of tokens in the rejected answer, the end token included.
        beta: λ of the paper, the weight of the odds-ratio term; 0 is SFT.

    Example:
        >>> half, quarter = torch.tensor([0.5]).log(), torch.tensor([0.25]).log()
        >>> two, three = torch.tensor([2.0]), torch.tensor([3.0])
        >>> round(orpo(2 * half, 3 * quarter, two, three, beta=1.0).per_pair.item(), 4)
        0.9808

    Source: Hong, Lee, Thorne 2024, arXiv 2403.07691, equations 6 and 7.
    Departure: the SFT term is on the answer alone, and its mean is per answer; TRL's takes in the
    prompt, and all tokens of the batch together.
    Departure: mean log-probabilities above −10⁻⁶ are taken as −10⁻⁶ in the odds, which are
    infinite at 0.
    """
    margin = log_odds(chosen / chosen_tokens) - log_odds(rejected / rejected_tokens)
    nll = sft(chosen, chosen_tokens).per_pair
    return Loss(nll - beta * F.logsigmoid(margin), margin, logged={"nll": nll.detach()})


def log_odds(logp: Float[Tensor, " pair"]) -> Float[Tensor, " pair"]:
    """Return log [p / (1 − p)] from log p.

    >>> log_odds(torch.tensor([0.75]).log()).exp()
    tensor([3.])
    """
    logp = logp.clamp(max=SUREST)
    return logp - torch.log(-torch.expm1(logp))

"""Supervised fine-tuning on the chosen answer, alone or added to another objective."""

from collections.abc import Callable
from typing import Any

from jaxtyping import Float
from torch import Tensor

from earmark.objectives.contract.loss import Loss
from earmark.objectives.contract.signature import contract
from earmark.objectives.wrappers.wrap import Inner, wrap


def sft(chosen: Float[Tensor, " pair"], chosen_tokens: Float[Tensor, " pair"]) -> Loss:
    """Raise the likelihood of the chosen answer: its mean negative log-likelihood per token.

    ℓ = −log π(y⁺) / |y⁺|

    The control arm of every preference objective: the same transcripts, no rejected answer.
    The margin is the mean log-probability itself.

    Args:
        chosen: summed log-probability of the chosen answer, in nats.
        chosen_tokens: number of tokens in the chosen answer, the end token included.

    Example:
        >>> import torch
        >>> sft(torch.tensor([-6.0]), torch.tensor([4.0])).per_pair.item()
        1.5
    """
    mean_logp = chosen / chosen_tokens
    return Loss(-mean_logp, mean_logp)


def with_sft(objective: Callable[..., Loss], weight: float) -> Callable[..., Loss]:
    """Add the SFT loss on the chosen answer to an objective.

    ℓ = ℓ_objective + w·(−log π(y⁺) / |y⁺|)

    Round an objective of single answers the term is that of the wanted ones; an unwanted answer
    has none.

    Args:
        objective: the objective to wrap; its tensors and knobs stay as they are.
        weight: w, at least 0; 1 keeps the chosen answer's likelihood from falling.

    Example:
        >>> import torch
        >>> from earmark.objectives.dpo import dpo
        >>> zero, four = torch.zeros(1), torch.tensor([4.0])
        >>> loss = with_sft(dpo, 0.5)(zero - 6, zero - 6, zero - 6, zero - 6, chosen_tokens=four)
        >>> round(loss.per_pair.item(), 4)  # log 2 + 0.5 · 6/4
        1.4431

    Source: RPO, Pang et al. 2024, arXiv 2404.19733, equation 1, with the weight on the SFT term.

    Departure: round objectives of single answers too, which the paper does not have.
    """
    single = contract(objective).takes_single_answers
    names = ("answers", "answer_tokens", "wanted") if single else ("chosen", "chosen_tokens")

    def run(inner: Inner, given: dict[str, Any]) -> Loss:
        loss, anchor = inner(), sft(given[names[0]], given[names[1]]).per_pair
        if single:
            anchor = anchor * given["wanted"]
        return loss._replace(per_pair=loss.per_pair + weight * anchor)

    return wrap(objective, run, tensors=names)

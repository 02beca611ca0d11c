"""Distributions over the candidates of a prompt, and the loss of moving towards one."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from earmark.errors import KnobError
from earmark.objectives.contract.loss import Loss


def mean_scores(
    logps: Float[Tensor, "pair candidate"],
    tokens: Float[Tensor, "pair candidate"],
    mask: Bool[Tensor, "pair candidate"],
) -> Float[Tensor, "pair candidate"]:
    """Return the mean log-probability a token of each candidate; 0 where there is none.

    >>> mask = torch.tensor([[True, False]])
    >>> mean_scores(torch.tensor([[-6.0, -1.0]]), torch.tensor([[3.0, 0.0]]), mask).tolist()
    [[-2.0, 0.0]]
    """
    return logps.masked_fill(~mask, 0.0) / tokens.masked_fill(~mask, 1.0)


def shares(
    scores: Float[Tensor, "pair candidate"], mask: Bool[Tensor, "pair candidate"], tau: float
) -> Float[Tensor, "pair candidate"]:
    """Return the logarithms of softmax(scores/τ) over the candidates there are; 0 elsewhere.

    >>> shares(torch.zeros(1, 3), torch.tensor([[True, True, False]]), 1.0).exp().tolist()
    [[0.5, 0.5, 1.0]]
    """
    if not tau > 0:
        raise KnobError(f"tau should be above 0, found {tau}")
    return (scores / tau).masked_fill(~mask, -torch.inf).log_softmax(1).masked_fill(~mask, 0.0)


def improved(
    scores: Float[Tensor, "pair candidate"],
    rewards: Float[Tensor, "pair candidate"],
    mask: Bool[Tensor, "pair candidate"],
    eta: float,
    tau: float,
) -> Float[Tensor, "pair candidate"]:
    """Return softmax((scores + η·c)/τ) with c the rewards minus their mean under the scores.

    The mean cancels in the softmax; without it large rewards would cost the scores their digits.

    >>> two, mask = torch.zeros(1, 2), torch.ones(1, 2, dtype=torch.bool)
    >>> [round(x, 4) for x in improved(two, torch.tensor([[1.0, 0.0]]), mask, 1.0, 1.0)[0].tolist()]
    [0.7311, 0.2689]
    """
    present = rewards.detach().masked_fill(~mask, 0.0).to(scores)
    usual = (shares(scores, mask, tau).exp() * present).sum(1, keepdim=True).detach()
    tilted = shares(scores + eta * (present - usual), mask, tau)
    return tilted.exp().masked_fill(~mask, 0.0)


def towards(
    target: Float[Tensor, "pair candidate"],
    scores: Float[Tensor, "pair candidate"],
    logps: Float[Tensor, "pair candidate"],
    mask: Bool[Tensor, "pair candidate"],
    tau: float,
) -> Loss:
    """Return the cross-entropy of softmax(scores/τ) to a target, with margin and diagnostics."""
    per_pair = -(target * shares(scores, mask, tau)).sum(1)
    others = scores.masked_fill(~mask, -torch.inf)[:, 1:]
    margin = (scores[:, 0] - others.amax(1)).masked_fill(~mask[:, 1:].any(1), 0.0)
    written = logps.detach().masked_fill(~mask, -torch.inf).logsumexp(1)
    # Log-probabilities that are rounded or no such thing may sum to more than 1.
    logged = {
        "coverage": written.clamp(max=0.0).exp(),
        "target_chosen": target[:, 0].detach(),
    }
    return Loss(per_pair, margin, logged=logged)

"""Binary classifier optimization for pairs: rewards are logits, measured from their mean."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from earmark.objectives.contract.loss import Loss


class BcoState(NamedTuple):
    """What the objective keeps: how many rewards it has seen, and their mean."""

    seen: Tensor = torch.zeros(())
    mean: Tensor = torch.zeros(())


def bco_pair(
    chosen: Float[Tensor, " pair"],
    rejected: Float[Tensor, " pair"],
    ref_chosen: Float[Tensor, " pair"],
    ref_rejected: Float[Tensor, " pair"],
    training: bool,
    state: BcoState,
    *,
    beta: float = 0.1,
) -> Loss:
    """Classify chosen answers as good and rejected ones as bad, around the mean reward.

    ℓ = −log σ(r⁺ − δ) − log σ(−(r⁻ − δ)),  r = β·(log π − log π_ref)

    δ is the mean of all rewards so far, this batch's included; it is a constant: no gradient
    flows through it. In evaluation it stays what training left, 0 before the first batch.

    By hand: rewards 3 and 1 in the first batch have the mean 2; both logits are 1, so the loss
    is 2·0.3133 = 0.6265.

    Args:
        chosen: summed log-probability of the chosen answer under the policy, in nats.
        rejected: the same for the rejected answer.
        ref_chosen: summed log-probability of the chosen answer under the frozen reference.
        ref_rejected: the same for the rejected answer.
        training: whether this batch counts towards the mean.
        state: number and mean of the rewards so far.
        beta: how strongly the policy is held to the reference; larger moves less.

    Example:
        >>> three, one, zero = torch.tensor([3.0]), torch.tensor([1.0]), torch.zeros(1)
        >>> loss = bco_pair(three, one, zero, zero, True, BcoState(), beta=1.0)
        >>> round(loss.per_pair.item(), 4), loss.state.mean.item()
        (0.6265, 2.0)

    Source: Jung et al. 2024, arXiv 2404.04656.
    Departure: δ is the mean over all rewards so far, as TRL had it, not a moving average of the
    batches, and with one wanted and one unwanted answer a pair it weighs both kinds equally, as
    the paper's δ does. TRL 1.16 has dropped δ, which is this loss with δ = 0.
    Departure: the paper re-weights unwanted answers where prompts of both kinds differ; in a pair
    they are the same prompts.
    """
    good, bad = beta * (chosen - ref_chosen), beta * (rejected - ref_rejected)
    new = updated(state, torch.cat([good, bad]).detach()) if training else state
    shift = new.mean.to(good)
    per_pair = -F.logsigmoid(good - shift) - F.logsigmoid(shift - bad)
    return Loss(per_pair, good - bad, new, {"shift": shift})


def updated(state: BcoState, rewards: Float[Tensor, " reward"]) -> BcoState:
    """Take a batch of rewards into the mean.

    >>> updated(BcoState(torch.tensor(1.0), torch.tensor(6.0)), torch.tensor([1.0, 2.0])).mean
    tensor(3.)
    """
    old = state.mean.to(rewards.device)
    seen = state.seen.to(rewards.device) + len(rewards)
    return BcoState(seen, old + (rewards.float().mean() - old) * len(rewards) / seen)

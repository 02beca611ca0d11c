"""Implicit process rewards: learn from whole answers, read a reward off every step."""

from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from earmark.objectives.contract.loss import Loss

NO_STEP = -1


def implicit_prm_ce(
    logratios: Float[Tensor, " answer"],
    wanted: Bool[Tensor, " answer"],
    *,
    beta: float = 0.05,
) -> Loss:
    """Tell right answers from wrong ones by their log-ratio (cross-entropy, unpaired).

    ℓ = −l·log σ(r) − (1 − l)·log(1 − σ(r)), r = β·log(π(y)/π_ref(y))

    The margin is r of a right answer and −r of a wrong one.

    By hand: log-ratio 2, β 0.5 is r = 1: a loss of 0.3133 if right, 1.3133 if wrong.

    Args:
        logratios: summed log-ratio of each answer, policy to frozen reference, in nats.
        wanted: l, whether an answer is right.
        beta: nats of log-ratio to reward.

    Example:
        >>> import torch
        >>> two, labels = torch.tensor([2.0, 2.0]), torch.tensor([True, False])
        >>> [round(x, 4) for x in implicit_prm_ce(two, labels, beta=0.5).per_pair.tolist()]
        [0.3133, 1.3133]

    Source: ImplicitPRM, Yuan et al. 2024, arXiv 2412.01981, as used by DPRM, arXiv 2511.08364.
    """
    sign = 2 * wanted.to(logratios.dtype) - 1
    margin = sign * beta * logratios
    return Loss(-F.logsigmoid(margin), margin)


def implicit_prm_paired(
    chosen_logratio: Float[Tensor, " pair"],
    rejected_logratio: Float[Tensor, " pair"],
    *,
    beta: float = 0.05,
) -> Loss:
    """Give the right answer of a pair the larger reward: DPO over log-ratios.

    ℓ = −log σ(r⁺ − r⁻), r = β·log(π(y)/π_ref(y))

    By hand: log-ratios 2 and 0, β 0.5 give a margin of 1 and a loss of 0.3133.

    Args:
        chosen_logratio: summed log-ratio of the right answer, policy to reference, in nats.
        rejected_logratio: the same for the wrong answer.
        beta: nats of log-ratio to reward.

    Example:
        >>> import torch
        >>> loss = implicit_prm_paired(torch.tensor([2.0]), torch.zeros(1), beta=0.5)
        >>> round(loss.per_pair.item(), 4)
        0.3133

    Source: ImplicitPRM, Yuan et al. 2024, arXiv 2412.01981, as used by DPRM, arXiv 2511.08364.
    """
    margin = beta * (chosen_logratio - rejected_logratio)
    return Loss(-F.logsigmoid(margin), margin)


class StepRewards(NamedTuple):
    """Rewards of the steps of answers; 0 where there is no step.

    `alone` is what a step adds, `so_far` the sum up to its end, `answer` one reward per answer.
    """

    alone: Float[Tensor, "answer step"]
    so_far: Float[Tensor, "answer step"]
    answer: Float[Tensor, " answer"]


def step_rewards(
    logratios: Float[Tensor, "answer token"],
    step_ends: Int[Tensor, "answer step"],
    agg: Literal["min", "sum"] = "min",
    *,
    beta: float = 0.05,
) -> StepRewards:
    """Read a reward off every step of an answer, without any step having had a label.

    q_t = Σ_{i ≤ t} β·log(π(y_i|y_<i)/π_ref(y_i|y_<i)); the reward of a step is q_end − q_start,
    so rewards of steps add up to the reward of the answer.

    By hand: log-ratios 1, 1, −4 with steps that end at tokens 1 and 2, β 0.5: q is 1 and −1, the
    steps alone are 1 and −2, their minimum is −2 and their sum −1.

    Args:
        logratios: log-ratio of each token, policy to frozen reference, in nats.
        step_ends: place of the last token of each step, rising; −1 pads at the end.
        agg: whether an answer is as good as its worst step, or as the sum of all.
        beta: nats of log-ratio to reward.

    Example:
        >>> import torch
        >>> ratios, ends = torch.tensor([[1.0, 1.0, -4.0]]), torch.tensor([[1, 2, -1]])
        >>> found = step_rewards(ratios, ends, beta=0.5)
        >>> found.alone.tolist(), found.so_far.tolist(), found.answer.tolist()
        ([[1.0, -2.0, 0.0]], [[1.0, -1.0, 0.0]], [-2.0])

    Source: ImplicitPRM, Yuan et al. 2024, arXiv 2412.01981, proposition 1 and the authors' code.
    """
    there = step_ends != NO_STEP
    exact = torch.promote_types(logratios.dtype, torch.float32)  # bfloat16 cannot count tokens
    sums = beta * logratios.to(exact).cumsum(1)
    so_far = sums.gather(1, step_ends.clamp(min=0)).masked_fill(~there, 0)
    before = F.pad(so_far, (1, 0))[:, :-1]
    alone = (so_far - before).masked_fill(~there, 0)
    worst = alone.masked_fill(~there, torch.inf).amin(1).where(there.any(1), 0)
    answer = worst if agg == "min" else alone.sum(1)
    return StepRewards(*(x.to(logratios.dtype) for x in (alone, so_far, answer)))
